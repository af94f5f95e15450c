"""Subscriptions: who follows the instances of a schema is told what becomes of them."""

from panda_web.node.live.live import Live

__all__ = ["Live"]
