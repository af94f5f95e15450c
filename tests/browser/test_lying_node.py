"""The page at a node that lies, and afterwards at an honest one: nothing is lost, and nothing false is said."""

from pathlib import Path
from typing import Any

from tests.browser.asking import instances_at
from tests.browser.between import Calls, between
from tests.browser.screen import ScreenAtNode
from tests.browsers import Browsers
from tests.processes import ServedNode


def says_that_slots_are_taken(calls: Calls, answer: Any) -> Any:
    """And shows nothing; nor does it admit what it took."""
    nothing = {"logId": 1, "seqNum": 1, "entryHashBacklink": None, "entryHashSkiplink": None}
    if calls[0]["method"] == "panda_getEntryArguments":
        return {**answer, "result": nothing}
    if calls[0]["method"] != "panda_publishEntry":
        return answer
    error = {
        "code": -32000,
        "message": "Another entry is there already.",
        "data": {"reason": "seq-num-taken"},
    }
    return [{"jsonrpc": "2.0", "id": call["id"], "error": error} for call in calls]


def test_what_a_lying_node_refuses_is_kept_and_everything_goes_on_elsewhere(
    engine: str, browsers: Browsers, site: Path, tmp_path: Path
) -> None:
    with (
        ServedNode(tmp_path / "node", site, "--festival") as node,
        ServedNode(tmp_path / "other", None, "--festival") as other,
        between(other.url) as liar,
        browsers.tab(engine) as tab,
    ):
        liar.after = says_that_slots_are_taken
        screen = ScreenAtNode(tab).open(node.url)
        first, second = (screen.write(title=title) for title in ("First", "Second"))

        screen.open(f"{node.url}?node={liar.url}")
        screen.wait("#pending[data-pending='2']:not([hidden])")
        screen.click("#send-now")
        screen.wait(".notice[data-reason=log-refused]")
        assert "Other nodes may take it" in screen.text(".notice[data-reason=log-refused]")
        screen.click("#new")
        screen.fill("#f-title", "Written there")
        screen.click("#editor-save")
        screen.wait("#pending[data-pending='3']:not([hidden])")
        screen.until(lambda: "do not write it again" in screen.text(".notice[data-reason=log-refused]"))
        assert "when the node answers" not in screen.all_words(), "it did answer"
        assert screen.notices() == ["log-refused"], "the node answers, and the key is in use nowhere else"
        assert "in use elsewhere" not in screen.all_words()

        screen.open(node.url)
        screen.until(lambda: screen.talk("Written there"))  # sent by itself
        screen.wait("#pending[data-pending='0'][hidden]")
        for talk in (first, second):
            screen.act("delete", talk["id"])
            screen.click("#confirm-yes")
            screen.until(lambda title=talk["fields"]["title"]: not screen.talk(title))
        assert {instance["title"] for instance in instances_at(node.url)} == {"Written there"}
        assert "in use elsewhere" not in screen.all_words()
