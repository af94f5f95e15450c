"""What a node removes by rules of its own. Entries stay, so logs verify and replicate; payloads go for good.

    rules       which payloads are meant, and what a policy file says
    removing    one instance, out of the log and the views; and back
    sweeping    all that a rule is for, slice by slice, among all else that the node does

Who decides: the administrator by the command, a policy by itself, a reader in their own browser. Why so:
docs/decisions/local-deletion.md.
"""

from panda_web.node.dropping.removing import SchemaInUse
from panda_web.node.dropping.rules import Rule, read_policy
from panda_web.node.dropping.sweeping import (
    SWEEPS,
    InstanceNotHeld,
    Keeping,
    Sweep,
    Swept,
    allow,
    refuse,
)

__all__ = [
    "SWEEPS",
    "InstanceNotHeld",
    "Keeping",
    "Rule",
    "SchemaInUse",
    "Sweep",
    "Swept",
    "allow",
    "read_policy",
    "refuse",
]
