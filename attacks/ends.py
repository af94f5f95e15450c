"""A browser at the end of a row of nodes: a tab, whose own node is kept alike with one of them."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, cast

from tests.browser.api import Api
from tests.browsers import Browsers, PlaywrightTab

PAGE = 1000
"""Instances that a tab is asked for at once."""


class End(ExitStack):
    """One browser with a profile of its own, in which a tab of the website is open, or none is.

    Args:
        browsers: where it is from.
        engine: its name.
        website: the address of a bare page that uses panda.js.
        node: the address of the node that the page works with.

    Attributes:
        name: of the engine.
        ids: of the instances that were created here, and not deleted.
    """

    def __init__(self, browsers: Browsers, engine: str, website: str, node: str) -> None:
        super().__init__()
        self.name = engine
        self.ids: list[str] = []
        self._website = website
        self._node = node
        # Stays empty, and holds the profile.
        self._profile = cast("PlaywrightTab", self.enter_context(browsers.tab(engine)))
        self._tab: PlaywrightTab | None = None
        self._api: Api | None = None
        self.open()

    @property
    def opened(self) -> bool:
        """Whether a tab is open."""
        return self._tab is not None

    def open(self) -> None:
        """Opens a tab, or loads the page of the open one anew."""
        self.offline(there_is_none=False)
        self._tab = self._tab or self._profile.new_tab()
        self._tab.goto(self._website)
        self._api = Api(self._tab, self._node, "first")

    def close_tab(self) -> None:
        """Closes the tab, whatever is under way in it."""
        if self._tab is not None:
            self._tab.close()
        self._tab = self._api = None

    def offline(self, *, there_is_none: bool) -> None:
        """Whether the browser has no network. In Firefox what emulates that does not reach workers."""
        self._profile.page.context.set_offline(there_is_none)

    def create(self, schema: str, values: Mapping[str, object]) -> str:
        """Writes an instance; gives its id."""
        made = self._call("create", schema, values)
        if not made["acknowledged"]:
            raise AssertionError(f"the tab's own node does not take it: {made}")
        self.ids.append(made["id"])
        return str(made["id"])

    def update(self, schema: str, instance: str, values: Mapping[str, object]) -> None:
        """Changes one that was written here."""
        self._call("update", schema, instance, values)

    def delete(self, schema: str, instance: str) -> None:
        """Deletes one that was written here."""
        self._call("delete", schema, instance)
        self.ids.remove(instance)

    def view(self, schema: str) -> dict[str, dict[str, Any]]:
        """All instances that the tab shows, by id."""
        found: dict[str, dict[str, Any]] = {}
        after = None
        while True:
            page = self._call("query", schema, {"limit": PAGE, **({"after": after} if after else {})})
            if page["rejected"]:
                raise AssertionError(f"{self.name} does not believe {page['rejected']}")
            found |= {each["id"]: each for each in page["instances"]}
            after = page["after"]
            if after is None:
                return found

    def _call(self, method: str, *arguments: object) -> Any:
        if self._api is None:
            raise AssertionError(f"no tab is open in {self.name}")
        return self._api.call(method, *arguments)
