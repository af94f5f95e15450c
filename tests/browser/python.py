"""Python in a worker of a tab, asked for functions of harness/checks.py by name."""

from typing import Any

from tests.browser.api import Module
from tests.browsers import Tab


class Python:
    """Python in a worker of one tab."""

    def __init__(self, tab: Tab, url: str) -> None:
        self.tab = tab
        self.page = Module(tab, "harness.js")
        self._url = url
        self.load()

    def load(self) -> None:
        """Opens the harness's page, or opens it again."""
        self.tab.goto(self._url)

    def start(self, function: str, **arguments: object) -> None:
        """Calls a function of harness/checks.py; `result` waits for it."""
        self.page("start", function, arguments)

    def result(self) -> Any:
        """What the function gives that was started last."""
        return self.page("result")

    def run(self, function: str, **arguments: object) -> Any:
        """Calls a function of harness/checks.py and gives its result."""
        self.start(function, **arguments)
        return self.result()
