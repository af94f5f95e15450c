"""An error as pages are told of it beside an answer."""

from typing import TYPE_CHECKING, overload

from panda_web.errors import PandaError

if TYPE_CHECKING:  # no tab loads these
    from panda_web.browser import shapes


@overload
def said(error: PandaError) -> "shapes.WriteError": ...
@overload
def said(error: PandaError | None) -> "shapes.WriteError | None": ...
def said(error: PandaError | None) -> "shapes.WriteError | None":
    """Its word and its sentence; and what whoever runs the node says, where that is the reason."""
    if error is None:
        return None
    node = error.data.get("node")
    words = (node if isinstance(node, dict) else error.data).get("words")
    return {"reason": error.reason, "message": str(error), "words": words if isinstance(words, str) else None}
