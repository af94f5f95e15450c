"""What `web/worker/worker.js` starts once Python is there: a line for each connection of a page."""

from typing import Any

from panda_web.browser.line import Line
from panda_web.browser.webcrypto import SignChain, VerifyMany


def start(port: Any, sign_chain: SignChain, verify_many: VerifyMany) -> None:
    """Answers what comes through a MessagePort; the functions are those of `web/worker/ed25519.js`."""
    Line(port, sign_chain, verify_many).listen()
