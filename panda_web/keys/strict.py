"""The strict Ed25519 check: what the bytes of a key and a signature must be, before any arithmetic.

Ed25519 libraries agree on honest signatures and disagree on odd ones, and nodes that disagree on what is
valid split the network. So the rules are ours, and every backend calls `check` before it computes. A is
the author's key, R the first half of the signature and S the second (RFC 8032, section 5.1):

1. the key has 32 bytes, the signature 64;
2. S < L, the order of the base point (RFC 8032, section 5.1.7): S + L would sign the same data again;
3. A and R are the one canonical encoding of a point (section 5.1.3): y < p, and no sign bit where x is 0;
4. A and R are none of the eight points of small order, under which signatures hold for many keys or for
   many messages ("Taming the many EdDSAs", Chalkias, Garillot, Nikolaenko 2020);
5. then, in the backends, the cofactorless equation [S]B = R + [k]A, where k is SHA-512(R, A, data) reduced
   modulo L. A key of mixed order (neither small nor in the subgroup of B) is held to this and no more.

They are tried in this order, A before R, and the first one broken names the error. Only encodings are
looked at: whether a point is on the curve at all is for the equation to find out.
"""

from panda_web.errors import PandaError

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493

_SIGN = 1 << 255
_Y_OF_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7


class InvalidSignature(PandaError):
    """A signature that must not be believed: branch of everything below."""

    reason = "invalid-signature"


class AuthorLengthWrong(InvalidSignature):
    """A public key has 32 bytes."""

    reason = "author-length"


class SignatureLengthWrong(InvalidSignature):
    """A signature has 64 bytes."""

    reason = "signature-length"


class ScalarNotReduced(InvalidSignature):
    """S is not below L."""

    reason = "signature-s-not-reduced"


class AuthorNotCanonical(InvalidSignature):
    """The public key is not the canonical encoding of a point."""

    reason = "author-not-canonical"


class AuthorOfSmallOrder(InvalidSignature):
    """The public key is one of the eight points of small order."""

    reason = "author-small-order"


class CommitmentNotCanonical(InvalidSignature):
    """R is not the canonical encoding of a point."""

    reason = "signature-r-not-canonical"


class CommitmentOfSmallOrder(InvalidSignature):
    """R is one of the eight points of small order."""

    reason = "signature-r-small-order"


class SignatureMismatch(InvalidSignature):
    """The equation does not hold, or A or R is no point of the curve."""

    reason = "signature-mismatch"


def _encode(number: int) -> bytes:
    return number.to_bytes(32, "little")


# All encodings that are wrong in themselves are so few that a look-up decides, without a number being made.
NOT_CANONICAL = frozenset(
    [_encode(y + sign) for y in range(P, 2**255) for sign in (0, _SIGN)]
    # x is 0 where y is 1 or -1, so there is nothing for the sign bit to choose.
    + [_encode(1 + _SIGN), _encode(P - 1 + _SIGN)]
)
OF_SMALL_ORDER = frozenset(
    [_encode(1), _encode(P - 1)]
    + [_encode(y + sign) for y in (0, _Y_OF_ORDER_8, P - _Y_OF_ORDER_8) for sign in (0, _SIGN)]
)
_ODD_POINTS = NOT_CANONICAL | OF_SMALL_ORDER


def check(author: bytes, signature: bytes) -> None:
    """Raises the first rule that these bytes break, of rules 1 to 4 above.

    Args:
        author: the public key, as it came.
        signature: R and S, as they came.

    Raises:
        InvalidSignature: one of its subclasses, all but `SignatureMismatch`.
    """
    if len(author) != 32:
        raise AuthorLengthWrong(
            f"A public key has 32 bytes and this one {len(author)}: copy it again, whole.",
            author=author.hex(),
        )
    if len(signature) != 64:
        raise SignatureLengthWrong(
            f"A signature has 64 bytes and this one {len(signature)}: what carried it lost or added some.",
            author=author.hex(),
        )
    # L is 2^252 and a little: the top byte decides, but for one signature in 2^124.
    if signature[63] >= 0x10 and int.from_bytes(signature[32:], "little") >= L:
        raise ScalarNotReduced(
            "The second half of this signature (S) is not below the group's order: anyone can make such a "
            "copy of a good signature. Ask for the original.",
            author=author.hex(),
        )
    if author in _ODD_POINTS or signature[:32] in _ODD_POINTS:
        _refuse_point(author, signature[:32])


def _refuse_point(author: bytes, commitment: bytes) -> None:
    if author in NOT_CANONICAL:
        raise AuthorNotCanonical(
            "This public key is a second spelling of another one (RFC 8032 allows one only): no key "
            "generator writes it.",
            author=author.hex(),
        )
    if commitment in NOT_CANONICAL:
        raise CommitmentNotCanonical(
            "The first half of this signature (R) is a second spelling of a point (RFC 8032 allows one "
            "only): no signer writes it.",
            author=author.hex(),
        )
    if author in OF_SMALL_ORDER:
        raise AuthorOfSmallOrder(
            "This public key is a point of small order, for which anyone can make signatures: it belongs "
            "to nobody.",
            author=author.hex(),
        )
    raise CommitmentOfSmallOrder(
        "The first half of this signature (R) is a point of small order: no honest signer makes it.",
        author=author.hex(),
    )


def mismatch(author: bytes) -> SignatureMismatch:
    """What every backend raises when its arithmetic says no."""
    return SignatureMismatch(
        "This signature was not made by this author over these bytes: one of the three was changed, or "
        "something else was signed.",
        author=author.hex(),
    )
