"""Runs in Pyodide while a site is built: a node for a tab to speak with, in the same Python (`session.mjs`)."""

from typing import Any

from pyodide.ffi import create_proxy, to_js

from panda_web.browser.crypto import Crypto
from panda_web.browser.port import PortChannel
from panda_web.node import Node, Store
from panda_web.rpc.session import Session
from panda_web.rpc.transport import InProcess

node: Any = None
sessions = []


async def begin(sign_chain: Any, verify_many: Any) -> None:
    """Makes it."""
    global node
    crypto = await Crypto.find(sign_chain, verify_many)
    node = Node(Store(), crypto.verifier, version="0")


async def answer(body: Any) -> Any:
    """What it answers over HTTP."""
    return to_js(await InProcess(node.dispatcher()).send(body.to_bytes()))


def meet(port: Any) -> None:
    """A session with it."""
    sessions.append(Session(PortChannel(port), node.dispatcher()).start())


def wake() -> None:
    """Imports all that sleeps."""
