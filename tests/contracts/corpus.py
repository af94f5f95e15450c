"""The verdict on a case of `tests/vectors/corpus.json`, by the package itself. Runs in Pyodide too."""

from typing import Any

from panda_web import bamboo, log, messages
from panda_web.errors import PandaError
from panda_web.keys import Verifier


async def verdicts(verifier: Verifier, cases: list[dict[str, Any]]) -> list[str | None]:
    """The reason that is given for each case; None where it is valid."""
    return [await verdict(verifier, case) for case in cases]


async def verdict(verifier: Verifier, case: dict[str, Any]) -> str | None:
    """The reason that is given for one case."""
    try:
        signed = await log.verify(bytes.fromhex(case["entry"]), verifier)
        if "backlink" in case or "skiplink" in case:
            log.place(signed, _target(case, "backlink"), _target(case, "skiplink"))
        if case["payload"] is not None:
            payload = bytes.fromhex(case["payload"])
            bamboo.check_payload(signed.entry, payload)
            message = messages.decode(payload)
            messages.check_log(signed.entry.log_id, message)
    except PandaError as error:
        return error.reason
    return None


def _target(case: dict[str, Any], link: str) -> log.VerifiedEntry | None:
    return log.recall(bytes.fromhex(case[link])) if link in case else None
