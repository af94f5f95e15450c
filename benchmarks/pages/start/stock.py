"""What the page with stock Pyodide runs."""

from collections.abc import Iterable

import micropip  # type: ignore[import-not-found]  # comes with Pyodide

SCHEMA = "0040" + "c0ffee00" * 16


async def run(host: str, wheels: Iterable[str]) -> None:
    """Installs the wheels of a host, connects to the node there, and publishes one entry."""
    await micropip.install([f"{host}/wheels/{name}" for name in wheels])

    from panda_web.browser import connect

    async with await connect(host) as panda:
        written = await panda.create(SCHEMA, {"title": "Opening", "seats": 120})
        if written.error:
            raise written.error
