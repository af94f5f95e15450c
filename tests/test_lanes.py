"""Which engines a browser test has, what stays in one lane, and what ends a test that hangs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lanes import Lanes

ROOT = Path(__file__).resolve().parent.parent


def as_ours(folder: Path, conftest: str = "from tests.conftest import *\n") -> list[str | Path]:
    """What pytest is told, to treat tests in another folder as ours."""
    (folder / "conftest.py").write_text(conftest)
    return ["-c", ROOT / "pyproject.toml", "--rootdir", folder, "-p", "no:cacheprovider"]


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
    (tmp_path / "test_some.py").write_text(MODULE)
    command = [sys.executable, "-m", "pytest", *as_ours(tmp_path), "--collect-only", "-q", *long, tmp_path]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
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


IN_LANES = """
from tests.lanes import Lanes

def pytest_xdist_make_scheduler(config, log):
    return Lanes(config, log)
"""
HANGING = """
import time

def test_before(): ...

def test_waits_for_ever():
    while True:
        time.sleep(60)

def test_after(): ...
"""


def test_a_test_that_hangs_ends_and_is_named(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """And those after it run, in a new process."""
    assert 0 < float(pytestconfig.getini("faulthandler_timeout")) <= 600
    (tmp_path / "test_some.py").write_text(HANGING)
    soon = ["--numprocesses=1", "-o", "faulthandler_timeout=1"]
    command = [sys.executable, "-m", "pytest", *as_ours(tmp_path, IN_LANES), *soon, tmp_path]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 1
    assert re.search(r"crashed while running '\S*::test_waits_for_ever'", result.stdout), result.stdout
    assert "1 failed, 2 passed" in result.stdout
    assert "in test_waits_for_ever" in result.stderr
