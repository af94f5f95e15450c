"""Running `vectors/ed25519.json` through a verifier, on CPython and in browsers."""

from collections.abc import Iterable, Mapping

from panda_web.keys import Claim, Verifier


async def verdicts(verifier: Verifier, cases: Iterable[Mapping[str, str | None]]) -> list[str | None]:
    """The reason that `verifier` gives for each case, None where it holds; to be compared with `reason`."""
    claims = [
        Claim(*(bytes.fromhex(case[part] or "") for part in ("author", "signature", "data")))
        for case in cases
    ]
    return [None if error is None else error.reason for error in await verifier.verify_many(claims)]
