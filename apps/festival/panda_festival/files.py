"""The programme as a file: which formats there are."""

from typing import Literal, get_args

from panda_festival.calendar_file import calendar_file
from panda_festival.schedule_file import schedule_file

Format = Literal["ics", "json"]
FORMATS = dict(zip(get_args(Format), (calendar_file, schedule_file), strict=True))
"""What writes a file, by what its name ends in."""
