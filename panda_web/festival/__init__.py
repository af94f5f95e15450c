"""Festival programmes: what a talk and a room are, schedule files, and their import."""

from panda_web.festival.importing import Imported, Plan, Progress, import_talks, plan_import
from panda_web.festival.rooms import room_named
from panda_web.festival.schedule import MAX_SIZE, LeftOut, NotASchedule, Schedule, read_schedule
from panda_web.festival.schemas import ROOM, SCHEMAS, TALK

__all__ = [
    "MAX_SIZE",
    "ROOM",
    "SCHEMAS",
    "TALK",
    "Imported",
    "LeftOut",
    "NotASchedule",
    "Plan",
    "Progress",
    "Schedule",
    "import_talks",
    "plan_import",
    "read_schedule",
    "room_named",
]
