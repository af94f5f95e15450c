"""The page is of use before Python is there, and where it does not come: what a person does meanwhile is not lost."""

import functools
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from panda_web.messages.schema import FieldDefinition, Schema, schema_to_toml
from tests.browser.asking import talks_at
from tests.browser.festivals import event, save, schedule
from tests.browser.screen import Screen
from tests.browser.sites import copy_site
from tests.browsers import StaticServer, _Handler, static_server
from tests.processes import ServedNode
from tools.static_site import runtime

HELD = "pyodide.asm.wasm"


class _HeldHandler(_Handler):
    def do_GET(self) -> None:  # noqa: N802 - http.server's word
        if self.path.endswith(HELD):
            cast("HoldingServer", self.server).go.wait(60)
        super().do_GET()


class HoldingServer(StaticServer):
    """A host that keeps one file back until `go`."""

    def __init__(self, site: Path) -> None:
        super().__init__(site)
        handler = functools.partial(_HeldHandler, directory=str(site))
        self.RequestHandlerClass = cast("Any", handler)
        self.go = threading.Event()

    def stop(self) -> None:
        """Ends the server."""
        self.go.set()
        super().stop()


def typed(screen: Screen, title: str) -> None:
    """Opens the form and writes, without saving."""
    screen.click("#new")
    screen.fill("#f-title", title)
    screen.fill("#f-abstract", "Written while Python was on its way.")


@pytest.mark.every_engine
def test_what_is_done_meanwhile_happens_once_python_is_there(
    screen: Screen, site: Path, tmp_path: Path
) -> None:
    file = save(schedule(event(1), event(2)), tmp_path / "schedule.json")
    host = HoldingServer(site)
    try:
        with ServedNode(tmp_path / "node") as node:
            screen.tab.goto(f"{host.url}?node={node.url}")
            screen.wait("html[data-state=starting]")
            screen.give("#import-file", file)
            screen.wait("#import[data-state=planning]")
            typed(screen, "Before Python")
            screen.click("#editor-save")
            screen.until(lambda: screen.text("#editor-save") == "Waiting for Python…")
            assert screen.data("html", "state") == "starting"
            host.go.set()
            screen.until(lambda: not screen.has("#editor[open]"))
            screen.wait("#import-start:enabled")  # what is to be imported is known a little later than Python
            screen.click("#import-start")
            screen.imported()
            screen.until(lambda: screen.talk("Before Python"))
            screen.sent()
            titles = {talk["title"] for talk in talks_at(node.url).values()}
            assert titles == {"Before Python", event(1)["title"], event(2)["title"]}
            assert screen.notices() == []
    finally:
        host.stop()


@pytest.mark.parametrize(
    ("page", "css", "shown"),
    [
        ("index", "#import-file", "#import:not([data-state=idle])"),
        pytest.param("schemas", "#open-file", "#toml[data-current=true]", marks=pytest.mark.one_engine),
    ],
)
@pytest.mark.every_engine
def test_a_file_chosen_before_the_page_has_its_script(
    screen: Screen, site: Path, tmp_path: Path, page: str, css: str, shown: str
) -> None:
    html = (site / f"{page}.html").read_text("utf-8")
    bare = html.replace("<script ", "<template ").replace("</script>", "</template>")
    www = copy_site(site, tmp_path / "www", {f"{page}.html": bare})
    file = tmp_path / "schema.toml"
    file.write_text(schema_to_toml(Schema("room", "", (FieldDefinition("name", "varchar"),))), "utf-8")
    with static_server(www) as host:
        screen.tab.goto(f"{host.url}{page}.html")
        screen.give(css, save(schedule(event(1)), tmp_path / "schedule.json") if page == "index" else file)
        script = {"index": "page.js", "schemas": "schemas.js"}[page]
        screen.tab.evaluate("(script) => void import(script)", f"{host.url}{script}")
        screen.wait(shown)


def test_what_was_typed_outlives_a_start_that_failed(screen: Screen, site: Path, tmp_path: Path) -> None:
    www = copy_site(site, tmp_path / "www", {})
    file = runtime(www) / HELD
    away = file.rename(tmp_path / "away")
    with static_server(www) as host, ServedNode(tmp_path / "node") as node:
        screen.tab.goto(f"{host.url}?node={node.url}")
        typed(screen, "In spite of it")
        screen.wait("html[data-state=failed]")
        screen.click("#editor-save")
        screen.until(lambda: "Your text is still here." in screen.text("#editor-error"))
        assert screen.value("#f-title") == "In spite of it"
        screen.click("#editor-close")
        away.rename(file)
        screen.click(".notice[data-reason=file-missing] button")
        screen.wait("html[data-state=ready]")
        screen.click("#new")
        assert screen.value("#f-abstract") == "Written while Python was on its way."
        screen.click("#editor-save")
        screen.until(lambda: screen.talk("In spite of it"))
        screen.sent()
        assert [talk["title"] for talk in talks_at(node.url).values()] == ["In spite of it"]
