"""Which schemas a node validates and materialises, and what it takes and answers of the others."""

from panda_web.node.schemas.administering import SystemSchema, drop, id_of_held, register
from panda_web.node.schemas.registry import Policy, Registry, Verdict
from panda_web.node.schemas.states import Lack, Registered

__all__ = [
    "Lack",
    "Policy",
    "Registered",
    "Registry",
    "SystemSchema",
    "Verdict",
    "drop",
    "id_of_held",
    "register",
]
