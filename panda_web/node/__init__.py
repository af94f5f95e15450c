"""The node: verifies, stores, materialises and answers. The same code as a server and inside a tab."""

from panda_web.node.node import Node
from panda_web.node.store import Store

__all__ = ["Node", "Store"]
