"""panda.d.ts: true of panda.js, and of use to a website in TypeScript."""

import re
import subprocess
import sys
from pathlib import Path

from tools.nodejs import NODE

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


def test_both_name_the_same() -> None:
    declared = re.search(r"interface Panda \{(.*?)\n\}", types(), re.DOTALL)
    written = re.search(r"^export class Panda \{(.*?)^\}", script(), re.MULTILINE | re.DOTALL)
    assert declared
    assert written
    of_types = set(re.findall(r"^  (?:readonly )?(\w+)[(:?]", declared[1], re.MULTILINE))
    of_script = set(re.findall(r"^  (?:async )?(\w+)\(", written[1], re.MULTILINE)) - {"constructor"}
    of_script |= set(re.findall(r"^    this\.(\w+) = ", written[1], re.MULTILINE))
    assert of_types == of_script
    assert of_types > {"author", "create", "update", "delete", "query", "close"}


def types() -> str:
    return (PANDA / "panda.d.ts").read_text("utf-8")


def script() -> str:
    return (PANDA / "author.js").read_text("utf-8")
