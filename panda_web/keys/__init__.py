"""Key pairs, signatures, and who computes them.

The backends are not imported here, since each needs something that may not be there:
`keys.with_cryptography` (servers), `keys.with_pure25519` (anywhere, slow), `browser.webcrypto` (browsers),
and `keys.guarded` for browsers that disagree with the others.
"""

from panda_web.keys.errors import (
    ArithmeticMissing,
    KeyNotMade,
    KeyUnusable,
    PublicKeyLengthWrong,
    SeedLengthWrong,
    SigningFailed,
    VerifyingFailed,
)
from panda_web.keys.protocols import Chain, Claim, Signer, Verifier
from panda_web.keys.strict import (
    AuthorLengthWrong,
    AuthorNotCanonical,
    AuthorOfSmallOrder,
    CommitmentNotCanonical,
    CommitmentOfSmallOrder,
    InvalidSignature,
    ScalarNotReduced,
    SignatureLengthWrong,
    SignatureMismatch,
)

__all__ = [
    "ArithmeticMissing",
    "AuthorLengthWrong",
    "AuthorNotCanonical",
    "AuthorOfSmallOrder",
    "Chain",
    "Claim",
    "CommitmentNotCanonical",
    "CommitmentOfSmallOrder",
    "InvalidSignature",
    "KeyNotMade",
    "KeyUnusable",
    "PublicKeyLengthWrong",
    "ScalarNotReduced",
    "SeedLengthWrong",
    "SignatureLengthWrong",
    "SignatureMismatch",
    "Signer",
    "SigningFailed",
    "Verifier",
    "VerifyingFailed",
]
