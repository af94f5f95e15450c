"""What goes through the nodes of tests: each call that has an answer, with it, and what nodes tell unasked.

`hear` hands it on. A node in a process of its own is `serve`: the `panda` command, which writes it down for the
process of the tests, a line for each answer, to a file that is open already. It is forked as a rule. The command
`python -m tests.heard FILE serve …` leaves out what makes a server fast, as where it is not installed.
"""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from panda_web.node import Node
from panda_web.rpc import jsonrpc
from panda_web.rpc.dispatch import Caller, Dispatcher
from panda_web.rpc.session import Session

Asked = Sequence[Any]
"""The id of a call, its method, and its params."""


def hear(answered: Callable[[Sequence[Asked], bytes], None], told: Callable[[bytes], None]) -> None:
    """Hands on what nodes that are made from now on are asked and answer, and what they tell."""
    made, tell = Node.dispatcher, Session.tell

    def dispatcher(self: Node) -> Dispatcher:
        found = made(self)
        carry_out = found.carry_out

        async def hearing(requests: Sequence[Any], batch: bool, caller: Caller) -> bytes:
            answer = await carry_out(requests, batch, caller)
            calls = [each for each in requests if isinstance(each, jsonrpc.Request)]
            if asked := [(each.id, each.method, each.params) for each in calls if not each.notification]:
                answered(asked, answer)
            return answer

        found.carry_out = hearing  # type: ignore[method-assign]
        return found

    async def telling(self: Session, message: bytes) -> None:
        told(message)
        await tell(self, message)

    Node.dispatcher = dispatcher  # type: ignore[method-assign]
    Session.tell = telling  # type: ignore[method-assign]


def serve(file: int, arguments: Sequence[str], hasty: bool = False) -> None:
    """Runs the command, of whose node all is written to a file; what is the same is written once.

    Args:
        file: the number of the file.
        arguments: of the command.
        hasty: whether it waits for other nodes for seconds where it would for minutes, and bears with a tenth of
            what comes to nothing.
    """
    from panda_web.cli.main import main as panda

    known: set[int] = set()

    def write(asked: Sequence[Asked], answer: bytes) -> None:
        line = b"%s\t%s\n" % (jsonrpc.dumps(asked), answer)
        if (same := hash(line)) not in known:
            known.add(same)
            os.write(file, line)

    if hasty:
        _wait_for_nobody()
    hear(write, lambda message: write((), message))
    sys.argv = ["panda", *arguments]
    panda()


def _wait_for_nobody() -> None:
    from functools import partial

    from panda_web.cli import peers
    from panda_web.rpc import websocket
    from panda_web.rpc.http import HttpTransport
    from panda_web.sync import carrying, comparing, hearing, replicating

    peers.HttpTransport = partial(HttpTransport, timeout=2.0, whole=4.0)  # type: ignore[misc, assignment]
    websocket.PING_SECONDS = websocket.TIMEOUT = 1.0
    replicating.ASK_SECONDS, replicating.LONGEST_IDLE = 0.2, 0.01
    hearing.MOST_VAIN, hearing.MOST_VAIN_PAGES = 10, 100
    carrying.MOST_EMPTY, comparing.MOST_MESSAGES = 100, 20


if __name__ == "__main__":
    sys.modules.update(dict.fromkeys(("httptools", "uvloop")))  # type: ignore[arg-type]
    serve(int(sys.argv[1]), sys.argv[2:])
