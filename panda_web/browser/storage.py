"""How this site is kept by the browser: for how long, and how much of the room it takes.

W3C/WHATWG "Storage Standard". That it is kept until the visitor says otherwise, only a page can ask for
(`web/panda/persisting.js`); whether it is, a worker knows too.
"""

from typing import TYPE_CHECKING, Any, Final, Literal

import js
from pyodide.ffi import JsException

if TYPE_CHECKING:  # with the node, for which not every page has use
    from panda_web.browser import shapes
    from panda_web.browser.disk import Disk, Kind

_KINDS: "Final[dict[Kind, Literal['files', 'blocks', 'memory']]]" = {
    "opfs": "files",
    "indexeddb": "blocks",
    "memory": "memory",
}


async def storage(disk: "Disk | None") -> "shapes.Storage":
    """What is known of it now.

    Args:
        disk: where this site's database is; None where this worker has not opened it.
    """
    persisted, estimate = await _asked("persisted"), await _asked("estimate")
    return {
        "persisted": None if persisted is None else bool(persisted),
        "usage": _bytes(estimate, "usage"),
        "quota": _bytes(estimate, "quota"),
        "kind": _KINDS[disk.kind] if disk is not None else None,
        "warning": disk.warning if disk is not None else None,
    }


async def _asked(what: str) -> Any:
    """What the browser says; None where it does not: without https, or an older one."""
    manager = getattr(js.navigator, "storage", None)
    ask = getattr(manager, what, None)
    if ask is None:
        return None
    try:
        return await ask()
    except JsException:  # where site data are forbidden
        return None


def _bytes(estimate: Any, name: str) -> int | None:
    value = getattr(estimate, name, None)
    return None if value is None else int(value)
