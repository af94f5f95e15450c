"""Lint, format and types, of Python and of JavaScript."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_layers import SCRIPTS
from tools.nodejs import NODE

ROOT = Path(__file__).resolve().parent.parent
TSC = ROOT / "node_modules" / "typescript" / "bin" / "tsc"


def check(*command: str | Path) -> None:
    result = subprocess.run(
        [sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert result.returncode == 0, f"\n{result.stdout}"


def test_lint() -> None:
    check("-m", "ruff", "check")


def test_format() -> None:
    check("-m", "ruff", "format", "--check")


def test_types() -> None:
    check("-m", "mypy")


def test_types_of_the_house(tmp_path: Path) -> None:
    """And of the first example that people see."""
    readme = (ROOT / "README.md").read_text("utf-8")
    (tmp_path / "readme.py").write_text(readme.split("```python\n")[1].split("```")[0], "utf-8")
    check(
        "-m",
        "mypy",
        "--explicit-package-bases",
        "attacks",
        "benchmarks",
        "build.py",
        "tools",
        "tests/browsers.py",
        "tests/conftest.py",
        "tests/find_browsers.py",
        "tests/records/program.py",
        tmp_path / "readme.py",
    )


@pytest.mark.parametrize("project", ["tsconfig.json", "tsconfig.worker.json"])
def test_javascript(project: str) -> None:
    assert TSC.exists(), "TypeScript comes with `python3 build.py test`"
    check("-c", NODE, TSC, "--project", ROOT / "web" / project)


def test_every_script_is_checked() -> None:
    """Nobody turns the checks off for a whole file."""
    for script in SCRIPTS:
        assert not re.search(r"@ts-nocheck", script.read_text("utf-8")), script


def test_no_comment_counts_without_saying_what() -> None:
    """ "So long a body may take" has to be read twice; "What a body may take to arrive" does not."""
    begins = re.compile(r'^\s*(?:"""|# |/\*\* |// )(?:So|As) (?:long|many|much|often) (?!as\b)', re.MULTILINE)
    for folder in ("panda_web", "apps", "web", "tools", "attacks", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".js", ".mjs"):
                found = begins.search(path.read_text("utf-8"))
                assert found is None, f"{path}: {found and found[0]}"
