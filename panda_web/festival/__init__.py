"""Festival programmes: what a talk and a room are, schedule files, and their import."""

from panda_web.festival.importing import Imported, Progress, import_talks
from panda_web.festival.rooms import room_named
from panda_web.festival.schedule import LeftOut, NotASchedule, Schedule, read_schedule
from panda_web.festival.schemas import ROOM, SCHEMAS, TALK

__all__ = [
    "ROOM",
    "SCHEMAS",
    "TALK",
    "Imported",
    "LeftOut",
    "NotASchedule",
    "Progress",
    "Schedule",
    "import_talks",
    "read_schedule",
    "room_named",
]
