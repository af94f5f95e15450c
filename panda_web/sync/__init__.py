"""Bringing from one node to another what is asked for: verified there, and gone on with after any cut.

A *source* gives, a *sink* takes in by a peer's rules. Nothing that a source says is believed: what counts is
signed, and the sink checks it. What is looked at here bounds what a source can make of the time, the memory
and the room of whoever asks.

    wants        which schemas are asked for, by whom, and how each of them stands
    filling      one schema, from one source, through cuts
    bringing     the steps of that
    replicating  two nodes are kept alike, both ways
    pulling      what is lacking here of what is wished
    pushing      what is new here, or came late
    voting       whose votes about forked logs are wished, and what these are about
    carrying     parts of logs, from one to the other
    hearing      whether what a node calls news is any
    comparing    what differs between them
    listing      which logs there are, and what is in them, to an end
    lacks        what a node lacks, and who gave what
    defining     the definitions of what is wished
    rounds       begun again without end
    source       what is asked of a source, and how its answers are read
    fitting      what of an answer belongs to what was asked for
    offering     into the sink, in batches
    places       where it goes on
    standing     how far it is
"""

from panda_web.sync.errors import (
    NewsInVain,
    PartnerTooOld,
    SinkFull,
    SinkRefuses,
    SourceUnsound,
    SyncError,
    WantsTooMany,
)
from panda_web.sync.lacks import Lacks
from panda_web.sync.places import MemoryPlaces, Place, Places
from panda_web.sync.replicating import Contact, Replicating
from panda_web.sync.rounds import Platform
from panda_web.sync.source import Source
from panda_web.sync.standing import Standing
from panda_web.sync.voting import bring_forks
from panda_web.sync.wants import Wants

__all__ = [
    "Contact",
    "Lacks",
    "MemoryPlaces",
    "NewsInVain",
    "PartnerTooOld",
    "Place",
    "Places",
    "Platform",
    "Replicating",
    "SinkFull",
    "SinkRefuses",
    "Source",
    "SourceUnsound",
    "Standing",
    "SyncError",
    "Wants",
    "WantsTooMany",
    "bring_forks",
]
