"""In the browser: the only place that imports `js` or `pyodide`. Composes the rest.

`web/worker/worker.js` starts `browser.worker`. Python in any Pyodide, without our JavaScript, has `connect`:

    from panda_web.browser import connect

    async with await connect("https://node.example") as panda:
        await panda.create(schema, {"title": "Opening"})
"""

from panda_web.client import Client

__all__ = ["connect"]


async def connect(node: str) -> Client:
    """The client of this page's origin for a node, with the origin's key, which is made at the first visit.

    Where the browser gives no storage, the client can only read: writing raises NoKey.

    Raises:
        NodeAddressWrong, InsecureNode: the address cannot be one.
        KeyUnusable: the browser makes no key.
    """
    from panda_web.browser import loops
    from panda_web.browser.host import Host

    return (await Host(loops.sign_chain, loops.verify_many).site(node)).client
