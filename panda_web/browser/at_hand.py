"""What is not in the snapshot: it is fetched when it is first needed, and then it may be out of reach."""

from collections.abc import Iterator
from contextlib import contextmanager

from panda_web.errors import PandaError


class LibraryOutOfReach(PandaError):
    """A part of Python that a page needs only now and then has to be fetched, and cannot be."""

    reason = "library-out-of-reach"


@contextmanager
def at_hand() -> Iterator[None]:
    """Says it in words where a part of Python that is not in the snapshot cannot be fetched.

    Raises:
        LibraryOutOfReach: in place of an ImportError.
    """
    try:
        yield
    except ImportError as error:
        raise LibraryOutOfReach(
            "What reads such files is fetched when it is first needed, and cannot be fetched now: "
            "try again when there is a network."
        ) from error
