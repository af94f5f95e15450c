"""Files compressed ahead of time."""

from __future__ import annotations

import shutil
from pathlib import Path

from tools import nodejs
from tools.kept import ROOT, kept
from tools.telling import progress

# What lies beside a file of a site that is compressed ahead.
PACKED = (".br", ".gz")
SCRIPT = ROOT / "tools" / "compress.mjs"


def compress(*paths: Path) -> None:
    """Writes the .br and .gz of files beside them, as small as can be."""

    def make(out: Path) -> None:
        with progress(f"compressing {paths[0].name if len(paths) == 1 else f'{len(paths)} files'}"):
            out.mkdir()
            nodejs.node("files could not be compressed", SCRIPT, out, *paths)

    packed = kept("packed", SCRIPT, *paths, make=make)
    for number, path in enumerate(paths):
        for suffix in PACKED:
            shutil.copyfile(packed / f"{number}{suffix}", path.with_name(f"{path.name}{suffix}"))


def compress_rest(site: Path) -> None:
    """The same for all that has none yet, in one go: Node starts slower than it compresses them."""
    rest = (site / name for name in names_in(site))
    compress(*(path for path in rest if not path.with_name(f"{path.name}.gz").exists()))


def names_in(site: Path) -> list[str]:
    """The site's files, without what lies beside them, in an order that is the same on every machine."""
    names = (path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file())
    return sorted(name for name in names if not name.endswith(PACKED))
