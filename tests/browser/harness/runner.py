"""Stands in the place of `panda_web.browser.worker` in the harness's site: what worker.js starts at the end.

So everything before (download, loadPyodide, wheels) is the site's own; from here on the page asks for
functions of `checks` by name.
"""

import asyncio
import json
import traceback
from typing import TYPE_CHECKING, Any

from pyodide.ffi import create_proxy

from panda_web.browser import event_loop
from panda_web.browser.webcrypto import SignChain, VerifyMany
from tests.browser.harness import checks

if TYPE_CHECKING:
    from panda_web.browser.disk import OpenDisk


def start(port: Any, sign_chain: SignChain, verify_many: VerifyMany, opens: "OpenDisk") -> None:
    """Answers the page's requests, one after the other or side by side, as they come."""
    event_loop.begin()
    tools = checks.Tools(sign_chain, verify_many, opens)
    tasks = set()

    async def answer(request: dict[str, Any]) -> None:
        reply = {"id": request["id"]}
        try:
            reply["result"] = await getattr(checks, request["name"])(tools, **request["arguments"])
        except BaseException:  # noqa: BLE001 - whatever it is, the test must hear of it
            reply["error"] = {"message": traceback.format_exc()}
        port.postMessage(json.dumps(reply))

    def take(event: Any) -> None:
        task = asyncio.get_event_loop().create_task(answer(json.loads(event.data)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    port.onmessage = create_proxy(take)
