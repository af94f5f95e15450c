"""Scripts of pages alone, in Node.js: when elements ask again, what an answer keeps, how a version is replaced."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tools.kept import ROOT
from tools.nodejs import NODE


def run(script: str, module: Path) -> Any:
    """What a script beside this file tells of a module."""
    command = [sys.executable, "-c", NODE, str(Path(__file__).with_name(script)), module.as_uri()]
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True, timeout=60).stdout)


def test_what_is_too_much_to_follow_is_asked_for_and_not_followed_again(tmp_path: Path) -> None:
    """A subscription reads all that it keeps before it says that this is too much; whatever else may pass."""
    for name in ("live.js", "connection.js"):
        shutil.copy(ROOT / "web" / "elements" / name, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}', "utf-8")
    package = tmp_path / "node_modules" / "panda.js"
    package.mkdir(parents=True)
    (package / "index.js").write_text("exports.connect = null;", "utf-8")
    told = run("asking_again.mjs", tmp_path / "live.js")
    assert told["read"] == 7
    assert told["subscribed"][0] == "subscription-too-large"
    assert set(told["subscribed"][1:]) == {"node-unreachable"}
    assert len(told["subscribed"]) > 2


def test_of_what_failed_the_checks_an_answer_keeps_some_and_counts_all(tmp_path: Path) -> None:
    """A node can send any number. Asked again, it begins anew."""
    for name in ("series.js", "errors.js", "included.js"):
        shutil.copy(ROOT / "web" / "panda" / name, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}', "utf-8")
    all_of_them = {"length": 30, "kept": 1000, "counted": 2100}
    assert run("rejected.mjs", tmp_path / "series.js") == [
        all_of_them,
        all_of_them,
        {"kept": 1000, "counted": 2100},
    ]


def test_a_new_version_that_another_tab_takes_is_used_whatever_this_page_heard_of_it(tmp_path: Path) -> None:
    """It hears in two ways, each in its order: that another version answers it, and what becomes of which worker."""
    shutil.copy(ROOT / "web" / "pages" / "shared" / "updates.js", tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}', "utf-8")
    package = tmp_path / "node_modules" / "texts"
    package.mkdir(parents=True)
    (package / "index.js").write_text('exports.shared = { newVersion: "New", useIt: "Use it" };', "utf-8")
    assert run("taking_over.mjs", tmp_path / "updates.js") == {
        "asked": ["take over"],
        "answers before the rest is heard": 1,
        "activated, and still called waiting": 1,
        "nothing waits": 1,
        "replaced by a newer one": 0,
        "the newer one": 1,
    }
