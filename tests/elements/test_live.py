"""When elements ask again: their script alone, in Node.js."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tools.kept import ROOT
from tools.nodejs import NODE


def test_what_is_too_much_to_follow_is_asked_for_and_not_followed_again(tmp_path: Path) -> None:
    """A subscription reads all that it keeps before it says that this is too much; whatever else may pass."""
    for name in ("live.js", "connection.js"):
        shutil.copy(ROOT / "web" / "elements" / name, tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}', "utf-8")
    package = tmp_path / "node_modules" / "panda.js"
    package.mkdir(parents=True)
    (package / "index.js").write_text("exports.connect = null;", "utf-8")
    script = Path(__file__).with_name("asking_again.mjs")
    command = [sys.executable, "-c", NODE, str(script), (tmp_path / "live.js").as_uri()]
    told = json.loads(subprocess.run(command, capture_output=True, check=True, text=True, timeout=60).stdout)
    assert told["read"] == 7
    assert told["subscribed"][0] == "subscription-too-large"
    assert set(told["subscribed"][1:]) == {"node-unreachable"}
    assert len(told["subscribed"]) > 2
