"""Another client, a process of its own: asks a node a small question every 50 ms until its input ends.

    python -m attacks.witness PORT [all]

With "all" it asks a query each time, too, and publishes a note of its own. Then it prints how many answers
came, how many did not, and what each kind of call took in milliseconds. A connection that the node has ended
is opened anew, as every client does; that counts as part of the wait.
"""

import http.client
import json
import secrets
import select
import sys
import time
from collections.abc import Callable, Iterator, Mapping

PAUSE = 0.05
PATIENCE = 15.0
"""Seconds for an answer."""

QUESTION = "question"
"""What the small question is called."""

VISITOR = "192.0.2.1"
"""Whom it says that it is forwarded for: a node that believes it counts nobody else's calls as its own."""

Ask = Callable[[], tuple[str, Mapping[str, object]]]
"""Gives a method and what it is asked."""


def question() -> tuple[str, Mapping[str, object]]:
    """The small question."""
    return "panda_getEntryArguments", {"author": secrets.token_hex(32), "schema": "0040" + "00" * 64}


def everything() -> Iterator[tuple[str, Ask]]:
    """A query and a publish, by what they are called."""
    from attacks import filled  # what needs no cryptography starts sooner
    from panda_web import messages
    from panda_web.messages import infer_all
    from tests.authors import Author

    author = Author(255)

    def publish() -> tuple[str, Mapping[str, object]]:
        note = messages.create(filled.NOTES, infer_all({"text": "a note", "n": author.head.seq_num}))
        signed, payload = author.write(note)
        entry = {"entryEncoded": signed.encoded.hex(), "messageEncoded": payload.hex()}
        return "panda_publishEntry", entry

    asked = {"schema": filled.NOTES, "filter": {"n": 7}, "limit": 10}
    yield "publish", publish
    yield "query", lambda: ("panda_query", asked)


class Other:
    """The client.

    Args:
        port: of the node, on loopback.

    Attributes:
        answers: calls that were answered.
        misses: calls that were not.
        waits: what they took, in milliseconds, by what they are called.
    """

    def __init__(self, port: int) -> None:
        self._link = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.answers = self.misses = 0
        self.waits: dict[str, list[float]] = {}

    def ask(self, name: str, asked: Ask) -> None:
        """Makes a call."""
        method, params = asked()
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        began = time.monotonic()
        answered = False
        for _ in range(2):
            try:
                answered = self._is_answered(body)
                break
            except (OSError, http.client.HTTPException):
                self._link.close()
        self.answers, self.misses = self.answers + answered, self.misses + (not answered)
        self.waits.setdefault(name, []).append(1000 * (time.monotonic() - began))

    def _is_answered(self, body: str) -> bool:
        headers = {"Content-Type": "application/json", "X-Forwarded-For": VISITOR}
        self._link.request("POST", "/", body, headers)
        return b'"result"' in self._link.getresponse().read()


def main(port: int, *, all_calls: bool) -> None:
    """Asks until standard input ends."""
    other = Other(port)
    calls = {QUESTION: question, **(dict(everything()) if all_calls else {})}
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        for name, asked in calls.items():
            other.ask(name, asked)
    print(json.dumps({"answers": other.answers, "misses": other.misses, "waits": other.waits}))


if __name__ == "__main__":
    main(int(sys.argv[1]), all_calls="all" in sys.argv[2:])
