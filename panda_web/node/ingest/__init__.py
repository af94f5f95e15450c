"""Taking in entries with their payloads.

    checking    what needs no store: the payload, and what it says
    publish     an author's rules: strict, so that who is refused knows it while they can put it right
    peer        a peer's rules: what others took in is kept and passed on, whether it counts here or not
    recording   where both end: a verified entry is stored, charged, and put into the views

Before it the entry alone and its signature (`log.verify_many`). Whatever is raised, nothing was stored.
"""

from panda_web.node.ingest.limits import Limits

__all__ = ["Limits"]
"""What a node is made with; the rest is between these modules and `node.publishing`."""
