"""What is dear is made once for all lanes of a run."""

import fcntl
from collections.abc import Callable
from pathlib import Path


class Once:
    """Gives what all lanes work with: the first that asks for a name makes it.

    Args:
        folder: is all lanes' own.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, name: str, make: Callable[[Path], object]) -> Path:
        """Where it is; `make` is given a path that is not there yet."""
        place = self._folder / name
        place.mkdir(parents=True, exist_ok=True)
        done, out = place / "done", place / "it"
        with (place / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                make(out)
                done.touch()
        return out
