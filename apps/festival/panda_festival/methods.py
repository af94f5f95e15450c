"""What a festival adds to the worker's table of methods; see `panda_web.browser.methods`."""

from collections.abc import Mapping
from typing import Any, Final

from panda_web.rpc import types
from panda_web.rpc.long_text import LONG_TEXT
from panda_web.rpc.table import Method, Param

METHODS: Final[Mapping[str, Method[Any]]] = {
    method.name: method
    for method in (
        Method(
            "planImport",
            "What of a schedule is new, has changed since this author published it, or is no longer in it; "
            "publishes nothing. Schedules are JSON as frab, pretalx and c3voc write it, or XML as frab does.",
            (Param("text", LONG_TEXT),),
            types.named("ImportPlan"),
            long=True,
        ),
        Method(
            "importSchedule",
            "Publishes what of a schedule is new or has changed, and the rooms; run again, it goes on, and "
            "nothing is there twice.",
            (
                Param("text", LONG_TEXT),
                Param("withdraw", types.BOOL, False, "Delete what is published and no longer in the file."),
                Param("restore", types.BOOL, False, "Publish again what this author has deleted."),
            ),
            types.named("Imported"),
            progress="import",
            long=True,
            writes=True,
        ),
        Method(
            "room",
            "The id of the author's own room of this name, for the `room` of a talk; it is published if "
            "there is none.",
            (Param("name", types.TEXT),),
            types.HASH,
            writes=True,
        ),
    )
}
