"""panda.d.ts: true of panda.js, and of use to a website in TypeScript."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import reference
from tools.nodejs import NODE
from tools.typescript import FILES, Types

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "web"
PANDA = WEB / "panda"
TSC = ROOT / "node_modules" / "typescript" / "bin" / "tsc"


def tsc(*arguments: str | Path) -> str:
    command = [sys.executable, "-c", NODE, TSC, *arguments]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert result.returncode == 0, f"\n{result.stdout}"
    return result.stdout


def test_a_website_in_typescript_compiles() -> None:
    tsc("--project", Path(__file__).parent / "types")


def test_panda_js_is_checked_against_its_types() -> None:
    """Beside a .d.ts the compiler leaves the .js out, if it is not told; test_style.py compiles both."""
    files = tsc("--project", WEB / "tsconfig.json", "--listFilesOnly").splitlines()
    assert {"panda.js", "panda.d.ts"} <= {Path(file).name for file in files}
    assert "globalThis.panda = { connect, PandaError };" in (PANDA / "panda.js").read_text("utf-8")


@pytest.mark.parametrize("types", FILES, ids=lambda types: types.path.name)
def test_types_are_those_of_the_tables(types: Types) -> None:
    assert types.path.read_text("utf-8") == types.whole(), "tools/reference.py makes them"


def test_reference_is_that_of_the_tables() -> None:
    assert reference.PAGE.read_text("utf-8") == reference.page(), "tools/reference.py makes it"


def test_what_a_method_takes_and_gives() -> None:
    """By position what must be given, then an object; each name that a table gives is declared."""
    (panda, festival) = (types.path.read_text("utf-8") for types in FILES)
    assert "  update(schema: string, id: string, fields: Fields): Promise<Written>;\n" in panda
    assert re.search(
        r"  schemas\(options\?: \{\n    after\?: string \| null;\n  \}\): Promise<ListedSchema\[\]>;", panda
    )
    assert re.search(
        r"  importSchedule\(text: string, options\?: \{.*?    signal\?: AbortSignal;\n  \}\)",
        festival,
        re.DOTALL,
    )
    assert not {"importSchedule", "planImport", "talkSchema", "room"} & set(re.findall(r"\w+", panda))
