"""The files that docs/*.md show: code blocks whose first line ends in a file name."""

import re
from collections.abc import Mapping
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def files(document: str) -> dict[str, str]:
    """The blocks of a document, by file name."""
    text = (DOCS / document).read_text("utf-8")
    found = re.findall(r"^```\w+ (\S+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert len({name for name, _ in found}) == len(found), "two blocks have one name"
    return dict(found)


def write(document: str, folder: Path, words: Mapping[str, str]) -> Path:
    """Writes them into a folder, with the placeholders' values."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, code in files(document).items():
        (folder / name).write_text(fill_in(code, words), "utf-8")
    return folder


def fill_in(code: str, words: Mapping[str, str]) -> str:
    """The code with the placeholders' values."""
    for word, value in words.items():
        code = code.replace(word, value)
    return code
