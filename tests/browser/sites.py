"""Copies of the built site that differ in something, for tests."""

import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from build import seal

TESTS = Path(__file__).resolve().parent.parent
HARNESS = TESTS / "browser" / "harness"


def copy_site(site: Path, out: Path, files: Mapping[str, str | bytes | None]) -> Path:
    """The site with some files replaced, added, or (None) taken away."""
    shutil.copytree(site, out)
    for name, content in files.items():
        path = out / name
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return out


def with_prefix(site: Path, out: Path, prefix: Path) -> Path:
    """The site, with a script that runs in the worker before everything else: for browsers that lack things."""
    worker = prefix.read_text("utf-8") + (site / "worker.js").read_text("utf-8")
    copy_site(site, out, {"worker.js": worker})
    seal(out)
    return out


def harness_site(site: Path, out: Path) -> Path:
    """The site with the harness: its page, and one more wheel with the contract suites, vectors and `runner`."""
    wheel = out.with_suffix(".whl")
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        members = [*sorted((TESTS / "contracts").glob("*.py")), HARNESS / "checks.py"]
        members += [TESTS / "vectors" / name for name in ("corpus.json", "ed25519.json")]
        for path in members:
            archive.write(path, path.relative_to(TESTS.parent))
        archive.write(HARNESS / "runner.py", "panda_web/browser/worker.py")
    manifest: dict[str, Any] = json.loads((site / "manifest.json").read_text("utf-8"))
    manifest["wheels"].append({"file": "wheels/harness.whl", "bytes": wheel.stat().st_size})
    files: dict[str, str | bytes | None] = {
        path.name: path.read_bytes() for path in sorted(HARNESS.iterdir()) if path.suffix in (".js", ".html")
    }
    files |= {"wheels/harness.whl": wheel.read_bytes(), "manifest.json": json.dumps(manifest)}
    return copy_site(site, out, files)
