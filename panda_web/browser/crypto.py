"""What signs and verifies in this page: WebCrypto where it has Ed25519, Python where it has not."""

from dataclasses import dataclass
from typing import Self

from panda_web.browser import pure, webcrypto
from panda_web.browser.webcrypto import SignChain, VerifyMany, WebCryptoVerifier
from panda_web.keys import Verifier


@dataclass(frozen=True, slots=True)
class Crypto:
    """The best that this page has.

    Attributes:
        sign_chain: of `web/worker/ed25519.js`.
        verifier: WebCrypto, guarded in browsers that disagree with the others; Python where there is none.
        available: whether this page has Ed25519 in WebCrypto.
    """

    sign_chain: SignChain
    verifier: Verifier
    available: bool

    @classmethod
    async def find(cls, sign_chain: SignChain, verify_many: VerifyMany) -> Self:
        """It, by the two functions of `web/worker/ed25519.js`. Raises ArithmeticMissing."""
        if not await webcrypto.available():
            return cls(sign_chain, pure.verifier(), available=False)
        verifier = WebCryptoVerifier(verify_many)
        agrees = await webcrypto.agrees(verifier)
        return cls(sign_chain, verifier if agrees else pure.guarded(verifier), available=True)
