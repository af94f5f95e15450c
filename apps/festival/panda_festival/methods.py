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
        Method(
            "arrange",
            "Where each of these talks stands, in their order: in the programme of some authors, or beside "
            "it, or behind another one that is the same event. The order of the talks decides nothing.",
            (
                Param("talks", types.array(types.named("SaidTalk"))),
                Param(
                    "authors",
                    types.array(types.TEXT),
                    (),
                    "Whose talks are the programme, whose word counts most first; everybody's unless given.",
                ),
                Param("muted", types.array(types.TEXT), (), "Authors of whom nothing is shown."),
            ),
            types.array(types.named("Standing")),
        ),
        Method(
            "programmeFile",
            "Talks as a file: iCalendar, or schedule JSON, which `importSchedule` takes in again. The text "
            "is JSON, an array of `ToldTalk`, whose order decides nothing.",
            (
                Param("text", LONG_TEXT),
                Param("format", types.one_of("ics", "json")),
                Param("name", types.TEXT, "", "What the event is called."),
            ),
            types.named("ProgrammeFile"),
            long=True,
        ),
        Method(
            "writeProfile",
            "Publishes what this author calls themselves, or changes it. With an empty name it is deleted.",
            (
                Param("name", types.TEXT),
                Param("about", types.TEXT, "", "A line about them."),
            ),
            types.named("ProfileWritten"),
            writes=True,
        ),
    )
}
