"""Another client, a process of its own: asks a node a small question every 50 ms until its input ends.

    python -m attacks.witness PORT

Then it prints how many answers came, how many did not, and the worst wait in milliseconds. A connection that
the node has ended is opened anew, as every client does; that counts as part of the wait.
"""

import http.client
import json
import secrets
import select
import sys
import time

PAUSE = 0.05
PATIENCE = 15.0
"""Seconds for an answer."""


def ask(link: http.client.HTTPConnection) -> bool:
    """Whether the question is answered."""
    params = {"author": secrets.token_hex(32), "schema": "0040" + "00" * 64}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "panda_getEntryArguments", "params": params})
    link.request("POST", "/", body, {"Content-Type": "application/json"})
    return b'"result"' in link.getresponse().read()


def main(port: int) -> None:
    """Asks until standard input ends."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    answers = misses = 0
    worst = 0.0
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        began = time.monotonic()
        answered = False
        for _ in range(2):
            try:
                answered = ask(link)
                break
            except (OSError, http.client.HTTPException):
                link.close()
        answers, misses = answers + answered, misses + (not answered)
        worst = max(worst, time.monotonic() - began)
    print(json.dumps({"answers": answers, "misses": misses, "worst": 1000 * worst}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
