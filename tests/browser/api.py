"""`panda.js` on a bare page, called from a test: what harness/api.js does in a tab."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.browser.sites import HARNESS, copy_site
from tests.browsers import NoAnswerError, Tab

LONG = 120
"""Seconds until something counts as hanging; nothing here takes so long."""
AFTER_ONE = 15
"""The same in a page in which something hung: it may be all of it that does, and several tests share a page."""


class Module:
    """The functions of one of the harness's modules in a tab."""

    def __init__(self, tab: Tab, name: str) -> None:
        self._tab = tab
        self._name = name
        self._patience = LONG

    def __call__(self, function: str, *arguments: object) -> Any:
        """Calls one of them."""
        call = f"async (name, ...rest) => (await import('./{self._name}'))[name](...rest)"
        try:
            return self._tab.evaluate(call, function, *arguments, timeout=self._patience)
        except NoAnswerError:
            self._patience = AFTER_ONE
            raise


def bare_website(site: Path, out: Path) -> Path:
    """The site's files, and a bare page beside them."""
    return copy_site(
        site, out, {name: (HARNESS / name).read_text("utf-8") for name in ("index.html", "api.js")}
    )


class Api:
    """The functions of harness/api.js in a tab, whose page asks the node for everything unless told otherwise."""

    def __init__(
        self,
        tab: Tab,
        node: str,
        mode: str = "remote",
        peers: Sequence[str] = (),
        wish: Mapping[str, object] | None = None,
    ) -> None:
        self.tab = tab
        self.node = node
        self.mode = mode
        self.do = Module(tab, "api.js")
        self.opened: dict[str, Any] = self.do(
            "open", {"node": node, "mode": mode, "peers": [*peers], "wish": wish, "patience": LONG / 2}
        )

    def call(self, method: str, *arguments: object) -> Any:
        """Calls a method of panda.js, which must succeed."""
        outcome = self.do("call", method, *arguments)
        assert "error" not in outcome, outcome["error"]
        return outcome.get("value")

    def refused(self, method: str, *arguments: object) -> tuple[str, dict[str, Any]]:
        """Calls a method that must fail with a PandaError; gives its reason and data."""
        return refusal(self.do("call", method, *arguments))


def refusal(outcome: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    error = outcome["error"]
    assert error["ours"], error
    assert error["name"] == "PandaError"
    assert len(error["message"]) > 10
    return error["reason"], error["data"]
