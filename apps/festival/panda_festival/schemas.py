"""The schemas of festivals: rooms, talks held in them, and what authors call themselves.

Their definitions are entries like any other: `definitions.json` holds them signed, and these are their ids.
The keys were drawn for these entries and thrown away (`apps/festival/sign_definitions.py`): nobody adds to
their logs.
"""

from typing import Final

from panda_web.messages.schema import FieldDefinition, Schema

ROOM: Final = Schema(
    "room",
    "A place of a festival where talks are held.",
    (
        FieldDefinition("name", "varchar"),
        FieldDefinition("description", "text", optional=True),
    ),
    "00401299b1b85ae04acd3cca2d06c685d02200abb9bf100aa401b1f5ba2b43470dc65f725104ad0cf9284e85e0f3df1d710c3d868d33f0fdcd8feff19efad2841880",
)
"""A room. Authors have rooms of their own; what counts for readers is the name."""

TALK: Final = Schema(
    "talk",
    "A talk, workshop or concert in the programme of a festival. Texts are plain. The duration is hours and "
    "minutes, such as 00:45; the guid is how schedule files know the talk again.",
    (
        FieldDefinition("title", "text"),
        FieldDefinition("subtitle", "text", optional=True),
        FieldDefinition("start", "timestamp", optional=True),
        FieldDefinition("duration", "varchar", optional=True, validation="([0-9]{1,3}:[0-5][0-9])?"),
        FieldDefinition("room", "relation", optional=True, schema=ROOM.id),
        FieldDefinition("track", "varchar", optional=True),
        FieldDefinition("kind", "varchar", optional=True),
        FieldDefinition("language", "varchar", optional=True),
        FieldDefinition("persons", "varchar[]", optional=True),
        FieldDefinition("abstract", "text", optional=True),
        FieldDefinition("description", "text", optional=True),
        FieldDefinition("url", "text", optional=True),
        FieldDefinition("guid", "varchar", optional=True),
    ),
    "0040b120095379b38838cf4bedc0ae461aab53a43b65aa787374471252eab1dea1eb6131e2a4461dd6cea1ec6f07aa6fa0dfc837a6d9c8457b16d582710299cf96ba",
)
"""A talk."""

PROFILE: Final = Schema(
    "profile",
    "What an author calls themselves. Anybody can take any name: it says nothing about who that is, and is "
    "shown beside the key's digits.",
    (
        FieldDefinition("name", "varchar", validation="[^ ].{0,59}"),
        FieldDefinition("about", "varchar", optional=True, validation=".{0,200}"),
    ),
    "004044e7adc14524fc398370877b3f7705f6ac36302af807c99701791e3f47460038e4d800d24eaa95128e0bf7d03948450fa205adfa974feca1802897072290903e",
)
"""A profile. Of several by one author the one with the least id counts (`profile`)."""

SCHEMAS: Final = (ROOM, TALK, PROFILE)
"""In the order in which they are published: a schema names the ids of others."""
