"""That the browser is asked to keep this site once something is written, and what came of it."""

from typing import Any

import pytest

from tests.browser.api import Api
from tests.browsers import Browsers, StaticServer
from tests.processes import ServedNode

pytestmark = pytest.mark.engines("chromium")  # which can be told what to answer


@pytest.mark.parametrize("granted", [True, False])
def test_first_write_asks_for_it(
    browsers: Browsers,
    engine: str,
    website: StaticServer,
    empty_node: ServedNode,
    schema: str,
    *,
    granted: bool,
) -> None:
    with browsers.tab(engine) as tab:
        tab.goto(website.url)
        api = Api(tab, empty_node.url)
        page: Any = tab.page
        devtools = page.context.new_cdp_session(page)
        about = devtools.send("Target.getTargetInfo")["targetInfo"]
        asked_for = {
            "permission": {"name": "persistent-storage"},
            "browserContextId": about["browserContextId"],
        }
        tab.evaluate(
            """() => {
                const { persist } = StorageManager.prototype;
                globalThis.asked = [];
                StorageManager.prototype.persist = function () {
                    const answer = persist.call(this);
                    answer.then((it) => globalThis.asked.push(it));
                    return answer;
                };
            }"""
        )
        api.call("query", schema)
        before = api.call("storage")
        assert before["persisted"] is False
        assert 0 < before["usage"] < before["quota"]
        setting = "granted" if granted else "denied"
        devtools.send("Browser.setPermission", {**asked_for, "setting": setting})
        for text in ("one", "another"):
            api.call("create", schema, {"text": text})
        tab.wait_for("() => globalThis.asked.length > 0")
        assert tab.evaluate("() => globalThis.asked") == [granted]
        assert api.call("storage")["persisted"] is granted
