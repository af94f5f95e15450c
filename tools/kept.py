"""What was made once and is kept: by the hash of what it was made from."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"


def digest(*parts: bytes | str | Path) -> str:
    """One hash over texts and the contents of files."""
    total = hashlib.sha256()
    for part in parts:
        data = (
            part.read_bytes() if isinstance(part, Path) else part.encode() if isinstance(part, str) else part
        )
        total.update(hashlib.sha256(data).digest())
    return total.hexdigest()


def kept(name: str, *sources: str | Path, make: Callable[[Path], None]) -> Path:
    """What `make` writes to a path, made once for equal sources and kept in .cache."""
    path = CACHE / f"{name}-{digest(*sources)[:32]}"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            make(Path(scratch) / "made")
            try:
                (Path(scratch) / "made").rename(path)
            except OSError:  # another build was faster, and what it made is equal
                if not path.exists():
                    raise
    return path
