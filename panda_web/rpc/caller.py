"""Who a call comes from, as far as that is known: so that what one asks for does not hold up another.

Held in memory while the call lasts, and never written down.
"""

from contextvars import ContextVar

CALLER: ContextVar[str] = ContextVar("caller", default="")
"""What a server tells callers apart by, such as an address; empty where there is only one."""
