"""Which engines a browser test has, and what stays in one lane."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lanes import Lanes

MODULE = """
import pytest

def test_form(engine): ...

@pytest.mark.every_engine
@pytest.mark.parametrize("which", ["a-b", "c"])
def test_storage(engine, which): ...

@pytest.mark.engines("firefox", "chromium")
def test_driver(engine): ...
"""


@pytest.mark.parametrize(
    ("long", "form", "driver"),
    [
        ((), {"chromium"}, {"firefox"}),
        (("--long",), {"chromium", "firefox", "webkit"}, {"firefox", "chromium"}),
    ],
    ids=["short", "long"],
)
def test_engines_by_risk(long: tuple[str, ...], form: set[str], driver: set[str], tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n")
    (tmp_path / "test_some.py").write_text(MODULE)
    ours = [
        "-c",
        Path(__file__).parents[1] / "pyproject.toml",
        "--rootdir",
        tmp_path,
        "-p",
        "no:cacheprovider",
    ]
    command = [sys.executable, "-m", "pytest", *ours, "--collect-only", "-q", *long, tmp_path]
    result = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr

    def engines(test: str) -> set[str]:
        ids = re.findall(rf"::{test}\[(.*)\]", result.stdout)
        return {part for each in ids for part in each.split("-") if len(part) > 1}

    assert engines("test_form") == form
    assert engines("test_storage") == {"chromium", "firefox", "webkit"}
    assert engines("test_driver") == driver


def test_a_module_in_one_engine_stays_in_one_lane() -> None:
    def lane(nodeid: str) -> str:
        return Lanes._split_scope(Lanes.__new__(Lanes), nodeid)

    assert (
        lane("tests/a.py::test_b[x-firefox]") == lane("tests/a.py::test_c[firefox]") == "tests/a.py firefox"
    )
    assert lane("tests/a.py::test_b[x-chromium-y]") == "tests/a.py chromium"
    assert lane("tests/a.py::test_b[not a chromium]") == lane("tests/a.py::test_d") == "tests/a.py"
