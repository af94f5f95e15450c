"""The entries that link one to entry 1, without the others: so one of a very long log is made in no time."""

from panda_web.bamboo import Unsigned, digest, has_skiplink, lipmaa, path
from tests.authors import Author


def pool(author: Author, seq_num: int, payload: bytes) -> list[bytes]:
    """The entries of the shortest path from entry 1 to another one, ascending; the last one has the payload.

    What they link to besides each other is nobody's entry: nobody has to have it.
    """
    hashes: dict[int, bytes] = {}
    made = []
    for n in sorted(path(seq_num, 1)):
        of = payload if n == seq_num else b"payload %d" % n
        unsigned = Unsigned(
            author.signer.author,
            author.log_id,
            n,
            hashes.get(lipmaa(n), digest(b"entry %d" % lipmaa(n))) if has_skiplink(n) else None,
            hashes.get(n - 1, digest(b"entry %d" % (n - 1))) if n > 1 else None,
            len(of),
            digest(of),
        )
        made.append(author.sign(unsigned))
        hashes[n] = digest(made[-1])
    return made
