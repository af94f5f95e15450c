"""What a person sees and does on the page, in any of the three engines: hooks are those of apps/festival/page/page.js.

A *path* leads with " >>> " into what a custom element has inside.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium.common.exceptions import ElementClickInterceptedException, ElementNotInteractableException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select

from tests.browser.sites import HARNESS
from tests.browsers import JavaScriptError, PlaywrightTab, Tab, WebKitTab, pause

DEEP = (HARNESS / "deep.js").read_text("utf-8").partition("\n")[2].strip()
PATIENCE = 120
"""Seconds until something counts as hanging; nothing here takes so long."""


class Screen:
    """The page in one tab."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab

    def open(self, url: str) -> "Screen":
        """Opens the page and waits until Python runs and the programme was read."""
        self.tab.goto(url)
        self.wait("html:is([data-state=ready], [data-state=failed])")
        while "start-stalled" in self.notices():  # a busy machine; the page takes that for a failure, and may
            self.click(".notice[data-reason=start-stalled] button")
            self.wait("html:is([data-state=ready], [data-state=failed])")
        self.wait("html[data-state=ready]")
        self.rest()
        return self

    def sent(self) -> None:
        """Has all sent to the node that was written here, and waits for that."""
        self.tab.evaluate(
            """async () => {
                const said = new URLSearchParams(location.search);
                const { connect } = await import("./panda.js");
                const options = ["node", "mode"].flatMap((name) => (said.has(name) ? [[name, said.get(name)]] : []));
                const panda = await connect(Object.fromEntries(options));
                try {
                    while (await panda.pending()) await panda.flush();
                } finally {
                    panda.close();
                }
            }""",
            timeout=PATIENCE,
        )
        self.until(lambda: not self.has("[data-waiting=true]"))

    def rest(self) -> None:
        """Waits until the programme is read."""
        self.wait("#programme[aria-busy=false]")

    def has(self, css: str) -> bool:
        """Whether something is on the page now, shown or not."""
        return bool(self.tab.evaluate("(css) => document.querySelector(css) !== null", css))

    def wait(self, css: str) -> None:
        """Waits until something is on the page."""
        try:
            self.tab.wait_for("(css) => document.querySelector(css) !== null", css, timeout=PATIENCE)
        except JavaScriptError as error:
            raise AssertionError(f"never came: {css}\n{error}\n{self.all_words()}") from None

    def until(self, what: Callable[[], object]) -> None:
        """Waits until something is so."""
        began = time.monotonic()
        while not what():
            assert time.monotonic() < began + PATIENCE, f"it never came so\n{self.all_words()}"
            pause(began)

    def text(self, css: str) -> str:
        """The words of the first element, as they are shown."""
        return str(self.tab.evaluate("(css) => document.querySelector(css).innerText", css))

    def data(self, css: str, name: str) -> str:
        """A data attribute of the first element."""
        return str(self.tab.evaluate("(css, name) => document.querySelector(css).dataset[name]", css, name))

    def all_words(self) -> str:
        """What a person reads on the page, for whoever looks for what went wrong."""
        return str(self.tab.evaluate("document.body.innerText.replace(/\\s*\\n\\s*/g, '\\n').slice(0, 3000)"))

    def value(self, css: str) -> str:
        """What stands in an input."""
        return str(self.tab.evaluate("(css) => document.querySelector(css).value", css))

    def within(self, path: str, what: str, *args: object) -> Any:
        """Calls a JavaScript function with the element that a path finds."""
        return self.tab.evaluate(f"(path, ...rest) => ({what})(({DEEP})(path), ...rest)", path, *args)

    def sees(self, path: str) -> bool:
        """Whether it is there, and shown."""
        return bool(self.within(path, "(it) => Boolean(it?.checkVisibility())"))

    def until_sees(self, path: str) -> None:
        """Waits for that."""
        self.tab.wait_for(f"(path) => Boolean(({DEEP})(path)?.checkVisibility())", path, timeout=PATIENCE)

    def words(self, path: str) -> str:
        """Its words, as they are in the page."""
        return str(self.within(path, "(it) => it?.textContent ?? ''"))

    def press(self, path: str) -> None:
        """Presses a button, or follows a link."""
        self.until_sees(path)
        self.within(path, "(it) => it.click()")

    def put(self, path: str, value: str | bool) -> None:
        """Types into an input, or chooses."""
        self.until_sees(path)
        self.within(
            path,
            """(it, value) => {
                if (typeof value === "boolean") it.checked = value; else it.value = value;
                for (const type of ["input", "change"]) it.dispatchEvent(new Event(type, { bubbles: true }));
            }""",
            value,
        )

    def notices(self) -> list[str]:
        """The reasons of the errors that are shown."""
        shown = "() => [...document.querySelectorAll('.notice[data-kind=error]')].map((notice) => notice.dataset.reason)"
        return list(self.tab.evaluate(shown))

    def click(self, css: str) -> None:
        """A click, as soon as it is possible."""
        match self.tab:
            case PlaywrightTab(page=page):
                page.click(css)
            case WebKitTab():
                self._with_element(css, WebElement.click)

    def fill(self, css: str, text: str) -> None:
        """Types into an input that is emptied before."""
        match self.tab:
            case PlaywrightTab(page=page):
                page.fill(css, text)
            case WebKitTab() if css == "#f-start":  # its driver cannot type a date
                self.tab.evaluate("(css, text) => { document.querySelector(css).value = text; }", css, text)
            case WebKitTab():
                self._with_element(css, WebElement.clear)
                if text:
                    self._with_element(
                        css, lambda element: element.send_keys(text.replace("\n", Keys.RETURN))
                    )

    def _with_element(self, css: str, act: Callable[[WebElement], object]) -> None:
        """Does what Playwright does by itself: scrolls there, and waits until the element rests and takes part."""
        assert isinstance(self.tab, WebKitTab)
        tab = self.tab

        def done() -> bool:
            if not tab.evaluate((HARNESS / "settled.js").read_text("utf-8"), css):
                return False
            try:
                act(tab.driver.find_element(By.CSS_SELECTOR, css))
            except (ElementNotInteractableException, ElementClickInterceptedException):
                return False
            return True

        self.until(done)

    def give(self, css: str, file: Path) -> None:
        """Chooses a file in an input for files."""
        match self.tab:
            case PlaywrightTab(page=page):
                page.set_input_files(css, str(file))
            case WebKitTab(driver=driver):
                driver.find_element(By.CSS_SELECTOR, css).send_keys(str(file))

    def select(self, css: str, value: str) -> None:
        """Chooses an option of a menu."""
        match self.tab:
            case PlaywrightTab(page=page):
                page.select_option(css, value)
            case WebKitTab():
                self._with_element(css, lambda element: Select(element).select_by_value(value))

    def choose(self, file: Path) -> None:
        """Chooses a schedule file, and waits until the page says what it would change, or what is wrong."""
        self.tab.evaluate("() => { document.querySelector('#import').dataset.state = 'unseen'; }")
        self.give("#import-file", file)
        self.wait("#import:not([data-state=unseen], [data-state=planning])")

    def import_file(self, file: Path) -> str:
        """Imports a file to its end, if there is something to do; gives the words about the outcome."""
        self.choose(file)
        if self.has("#import-start:enabled"):
            self.click("#import-start")
            self.imported()
        return self.text("#import-status")

    def imported(self) -> None:
        """Waits until an import is through."""
        self.wait("#import:not([data-state=running])")
        self.rest()

    def talks(self) -> list[dict[str, Any]]:
        """What the programme shows."""
        return list(self.tab.evaluate((HARNESS / "talks.js").read_text("utf-8")))

    def talk(self, title: str) -> dict[str, Any] | None:
        """What is shown of the talk of that title; None where there is none."""
        found = [talk for talk in self.talks() if talk["fields"]["title"] == title]
        assert len(found) < 2, f"{title!r} is shown twice"
        return found[0] if found else None

    def write(self, **fields: str) -> dict[str, Any]:
        """Writes a new talk with the form; gives what is shown of it."""
        self.click("#new")
        for name, value in fields.items():
            self.fill(f"#f-{name}", value)
        self.click("#editor-save")
        self.until(lambda: not self.has("#editor[open]"))
        self.until(lambda: self.talk(fields["title"]))
        return self.talk(fields["title"]) or {}

    def act(self, button: str, instance: str) -> None:
        """Opens a talk and presses one of its buttons: edit or delete."""
        article = f"article[data-id='{instance}']"
        if not self.has(f"{article} .body:not([hidden])"):
            self.click(f"{article} .open")
        self.click(f"{article} .{button}")


class ScreenAtNode(Screen):
    """The page that asks its node for everything, and nothing of a node of its own."""

    def open(self, url: str) -> "ScreenAtNode":
        """See `Screen`."""
        super().open(f"{url}{'&' if '?' in url else '?'}mode=remote")
        return self
