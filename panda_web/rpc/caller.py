"""Who a call comes from, as far as that is known: so that what one asks for does not hold up another.

Held in memory while the call lasts, and never written down.
"""

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from panda_web.rpc.session import Session

CALLER: ContextVar[str] = ContextVar("caller", default="")
"""What a server tells callers apart by, such as an address; empty where there is only one."""

VISITOR: ContextVar[str | None] = ContextVar("visitor", default=None)
"""Whom a server's limits count a call for; None for nobody: this machine, or whoever is the only caller."""

SESSION: ContextVar["Session | None"] = ContextVar("session", default=None)
"""What a call came over, by which its caller can be called and told; None where nobody can be told."""
