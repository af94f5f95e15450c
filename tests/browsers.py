"""Real browsers for tests: Chromium and Firefox by Playwright, WebKitGTK by Selenium, one `Tab` over them.

The fixtures are in `conftest.py`. Where the three do not differ a test uses a `Tab`; for clicks, routes,
phones and the like it uses Playwright's own pages.
"""

import contextlib
import functools
import http.server
import inspect
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, ParamSpec, Self, TypeVar, cast

import playwright.sync_api
import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from selenium.webdriver.common.webdriver import LocalWebDriver
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.remote_connection import RemoteConnection
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.webkitgtk.options import Options as WebKitOptions
from selenium.webdriver.webkitgtk.service import Service as WebKitService
from urllib3.exceptions import ReadTimeoutError

from tests.find_browsers import find_browsers

P = ParamSpec("P")
T = TypeVar("T")

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.test 127.0.0.1",  # names of other machines than this one (RFC 6761), at hand
]
MADE_READY = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "SpareRendererForSitePerProcess")
"""What Chromium has ready in case it is asked for: two pages for the address bar of each of its windows, which are a
third of a start, and a process for another page."""
SPARING_WEBKIT = {"JSC_useOMGJIT": "0"}
UNDRAWN_WEBKIT = {
    "WEBKIT_DISABLE_DMABUF_RENDERER": "1"
}  # its driver never answers whoever asks for a screenshot
SPARING_FIREFOX: dict[str, str | float | bool] = {
    "javascript.options.wasm_optimizingjit": False,
    "layout.frame_rate": 10,  # nobody looks at its windows, which are drawn all the same
    "toolkit.cosmeticAnimations.enabled": False,  # those of the browser's own window
    "dom.ipc.processPrelaunch.enabled": False,  # no process for a page that does not come
    "browser.sessionstore.interval": 10**8,
    "browser.pagethumbnails.capturing_disabled": True,
}


def sparing_chromium() -> list[str]:
    """What Chromium is started with so that it spares the processor.

    Of two lists of features that are off it takes the last one, so ours has those of Playwright's driver as well.
    """
    driver = Path(playwright.__file__).parent / "driver" / "package" / "lib" / "coreBundle.js"
    listed = re.search(r"\bdisabledFeatures = \[(.*?)\]", driver.read_text("utf-8"), re.DOTALL)
    assert listed, "Playwright's list of features stands elsewhere"
    theirs = re.findall(r'^\s*"(\w+)",?$', listed[1], re.MULTILINE)
    return ["--js-flags=--liftoff-only", f"--disable-features={','.join([*theirs, *MADE_READY])}"]


@dataclass(frozen=True)
class Engine:
    """A browser on this machine; `driver` and `screen` are WebKitGTK's."""

    name: str
    executable: str
    origin: str
    driver: str = ""
    screen: str = ""


@functools.cache
def available() -> dict[str, Engine]:
    """The browsers to test in: those that `build.py test` handed over, else those that are installed."""
    given = os.environ.get("PANDA_BROWSERS")
    found = json.loads(given) if given else find_browsers(install=False)
    return {name: Engine(name, **how) for name, how in found.items()}


def verdict(name: str, found: Collection[str], *, ci: bool) -> Literal["use", "skip", "fail"]:
    """What a missing browser means: a skip, but a failure where it must be there or none is."""
    if name in found:
        return "use"
    return "fail" if ci or not found else "skip"


def require(name: str) -> Engine:
    """The engine, or the end of the test that asks for it."""
    match verdict(name, available(), ci=os.environ.get("CI") == "true"):
        case "use":
            return available()[name]
        case "skip":
            pytest.skip(f"NOT TESTED IN {name.upper()}: it is not on this machine")
        case "fail":
            pytest.fail(
                f"{name} is not on this machine, and must be: CI is set, or there is no browser at all"
            )


# --- Playwright, in a thread of its own -----------------------------------------------------------


class OwnThread:
    """Runs everything in one thread.

    Playwright's synchronous API leaves a running event loop in the thread that started it, where
    `asyncio.run` then fails. So it lives in a thread of its own, and tests are free to use asyncio.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="playwright")
        self._ident = self._pool.submit(threading.get_ident).result()

    def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Calls the function there and waits; a handler that Playwright calls is there already."""
        if threading.get_ident() == self._ident:
            return function(*args, **kwargs)
        return self._pool.submit(function, *args, **kwargs).result()

    def close(self) -> None:
        """Ends the thread."""
        self._pool.shutdown()


class Remote:
    """A Playwright object used from another thread: every access and call happens in Playwright's own."""

    __slots__ = ("_run", "_target")

    def __init__(self, run: OwnThread, target: object) -> None:
        object.__setattr__(self, "_run", run)
        object.__setattr__(self, "_target", target)

    def _wrap(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._wrap(one) for one in value]
        foreign = type(value).__module__.startswith("playwright.") or inspect.ismethod(value)
        return Remote(self._run, value) if foreign else value

    def _unwrap(self, value: Any) -> Any:
        if isinstance(value, Remote):
            return value._target
        if inspect.isroutine(value):  # an event handler or predicate: what it is given is Playwright's

            @functools.wraps(value)
            def handler(*args: Any) -> Any:
                return self._unwrap(value(*map(self._wrap, args)))

            return handler
        return value

    def __getattr__(self, name: str) -> Any:
        return self._wrap(self._run(getattr, self._target, name))

    def __setattr__(self, name: str, value: Any) -> None:
        self._run(setattr, self._target, name, self._unwrap(value))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        keywords = {name: self._unwrap(value) for name, value in kwargs.items()}
        return self._wrap(self._run(self._target, *map(self._unwrap, args), **keywords))

    def __enter__(self) -> Any:
        return self._wrap(self._run(type(self._target).__enter__, self._target))

    def __exit__(self, *error: object) -> Any:
        return self._run(type(self._target).__exit__, self._target, *error)

    def __eq__(self, other: object) -> bool:
        return bool(self._target == (other._target if isinstance(other, Remote) else other))

    def __hash__(self) -> int:
        return hash(self._target)

    def __repr__(self) -> str:
        return f"<in Playwright's thread: {self._target!r}>"


def expect(actual: Any, message: str | None = None) -> Any:
    """Playwright's `expect`, for pages and locators of the fixtures."""
    remote = cast("Remote", actual)
    return Remote(remote._run, playwright.sync_api.expect)(remote, message)


# --- One tab, three engines -----------------------------------------------------------------------


class JavaScriptError(AssertionError):
    """What was evaluated threw, or did not answer in time."""


class NoAnswerError(JavaScriptError):
    """It did not answer in time."""


def pause(began: float) -> None:
    """Waits a little before a tab is asked once more, and longer the longer all that takes: each asking is work.

    Twenty times a second, it took a tenth of a processor; now it comes at most a tenth later, or a fifth of a second.
    """
    time.sleep(min(0.2, 0.02 + (time.monotonic() - began) / 10))


class Tab(ABC):
    """A tab with storage of its own, the same in every engine."""

    engine: Engine
    messages: list[str]
    """Console messages and uncaught errors; stays empty in WebKitGTK, whose driver does not tell."""

    @abstractmethod
    def goto(self, url: str) -> None:
        """Opens an address and waits until the page has loaded."""

    @abstractmethod
    def screenshot(self, path: Path) -> None:
        """Writes what is to be seen as PNG."""

    @abstractmethod
    def new_tab(self) -> Self:
        """Another tab of the same browser profile: same storage, locks and workers."""

    @abstractmethod
    def close(self) -> None:
        """Closes this tab; the one that was opened first takes the others and all storage with it."""

    @abstractmethod
    def _run(self, source: str, argument: str, timeout: float) -> str:
        """Calls an async JavaScript function of one string, which returns a string."""

    def evaluate(self, script: str, *args: object, timeout: float = 60) -> Any:
        """The value of a JavaScript expression, or of a function (async or not) called with `args`.

        Arguments and value travel as JSON. An imported module is used as in
        `evaluate("async (name) => (await import('./a.js')).greet(name)", "you")`.
        """
        source = """async (argument) => {
            const { args, timeout } = JSON.parse(argument);
            let timer;
            const late = new Promise((_, refuse) => {
                timer = setTimeout(() => refuse({ late: `no answer within ${timeout} s` }), timeout * 1000);
            });
            const work = async () => {
                const it = (%s);
                return typeof it === "function" ? it(...args) : it;
            };
            try {
                const value = await Promise.race([work(), late]);
                return JSON.stringify({ value: value === undefined ? null : value });
            } catch (error) {
                if (error?.late) return JSON.stringify({ error: error.late, late: true });
                const words = error instanceof Error ? `${error}\\n${error.stack}` : String(error);
                return JSON.stringify({ error: words });
            } finally {
                clearTimeout(timer);
            }
        }"""
        # Not %, which the script itself may hold.
        text = source.replace("%s", script, 1)
        answer = json.loads(self._run(text, json.dumps({"args": args, "timeout": timeout}), timeout + 10))
        if "error" in answer:
            kind = NoAnswerError if "late" in answer else JavaScriptError
            raise kind("\n".join([f"{self.engine.name}: {answer['error']}", *self.messages[-20:]]))
        return answer["value"]

    def wait_for(self, script: str, *args: object, timeout: float = 60) -> Any:
        """Evaluates again and again until the value is truthy, and returns it; what throws is not yet so."""
        began = time.monotonic()
        while True:
            try:
                if value := self.evaluate(script, *args):
                    return value
                last = f"it is {value!r}"
            except JavaScriptError as error:
                last = str(error)
            if time.monotonic() > began + timeout:
                raise JavaScriptError(f"not within {timeout} s: {script}\n{last}")
            pause(began)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class PlaywrightTab(Tab):
    """Chromium or Firefox; `page` is Playwright's."""

    def __init__(self, engine: Engine, page: Page, *, first: bool = True) -> None:
        self.engine, self.page, self._first, self.messages = engine, page, first, []
        page.on("console", lambda message: self.messages.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.messages.append(f"uncaught: {error}"))

    def goto(self, url: str) -> None:
        self.page.goto(url)

    def screenshot(self, path: Path) -> None:
        self.page.screenshot(path=path)

    def new_tab(self) -> Self:
        return type(self)(self.engine, self.page.context.new_page(), first=False)

    def close(self) -> None:
        if self._first:
            self.page.context.close()
        else:
            self.page.close()

    def _run(self, source: str, argument: str, timeout: float) -> str:
        try:
            return cast("str", self.page.evaluate(source, argument))
        except playwright.sync_api.Error as error:  # the page was left meanwhile, or its process is gone
            raise JavaScriptError(str(error)) from error


class WebKit(LocalWebDriver):
    """A fresh WebKitGTK, to be ended by `quit`. Raises ReadTimeoutError where it is not there in `patience` seconds.

    Now and then one ends while it starts, and then its driver never answers, for which Selenium's own class waits
    without end.
    """

    def __init__(
        self, engine: Engine, display: str, patience: int = 30, surroundings: dict[str, str] | None = None
    ) -> None:
        options = WebKitOptions()
        options.binary_location = engine.executable
        options.add_argument("--automation")
        env = os.environ | {"DISPLAY": display} | (surroundings or {})
        self.service = WebKitService(engine.driver, env=env)
        self.service.start()
        config = ClientConfig(self.service.service_url, timeout=patience)
        try:
            super().__init__(RemoteConnection(client_config=config), options=options)  # type: ignore[no-untyped-call]
        except BaseException:
            self.service.stop()
            raise
        config.timeout = 600  # longer than any script may take


class WebKitTab(Tab):
    """WebKitGTK; `driver` is Selenium's."""

    def __init__(
        self, engine: Engine, driver: WebDriver, *, first: bool = True, is_drawn: bool = True
    ) -> None:
        self.engine, self.driver, self._first, self.messages = engine, driver, first, []
        self._handle, self._is_drawn = driver.current_window_handle, is_drawn

    def _here(self) -> WebDriver:
        self.driver.switch_to.window(self._handle)
        return self.driver

    def goto(self, url: str) -> None:
        self._here().get(url)
        # The driver answers now and then before the page's scripts have run.
        self.wait_for("document.readyState === 'complete'")

    def screenshot(self, path: Path) -> None:
        assert self._is_drawn, "ask for `browsers.tab(…, drawn=True)`"
        path.write_bytes(self._here().get_screenshot_as_png())

    def new_tab(self) -> Self:
        self._here().switch_to.new_window("tab")
        return type(self)(self.engine, self.driver, first=False, is_drawn=self._is_drawn)

    def close(self) -> None:
        if self._first:
            self.driver.quit()
        else:
            self._here().close()

    def _run(self, source: str, argument: str, timeout: float) -> str:
        driver = self._here()
        driver.set_script_timeout(timeout)
        script = f"const done = arguments[1]; ({source})(arguments[0]).then(done);"
        return cast("str", driver.execute_async_script(script, argument))


class Browsers:
    """The browsers of one test session, each started when it is first asked for.

    Args:
        sparing: whether they leave out what takes a third of a start's work, and changes nothing that is to be
            seen: WebAssembly is compiled once, and not once more for speed, which pays where pages live for
            minutes; Chromium loads no pages for its own window; Firefox draws ten times a second; and WebKitGTK draws without a graphics card's help, which
            there is none of, so its half of a start is saved. It takes no screenshots then.
    """

    def __init__(self, *, sparing: bool = False) -> None:
        self._closing = contextlib.ExitStack()
        self._arguments = [*CHROMIUM_ARGUMENTS, *(sparing_chromium() if sparing else [])]
        self._sparing = sparing
        self._preferences = SPARING_FIREFOX if sparing else {}

    @functools.cached_property
    def _playwright(self) -> Playwright:
        run = OwnThread()
        self._closing.callback(run.close)
        started = run(sync_playwright().start)
        self._closing.callback(run, started.stop)
        return cast("Playwright", Remote(run, started))

    @functools.cached_property
    def chromium(self) -> Browser:
        """Playwright's Chromium."""
        engine = require("chromium")
        launch = self._playwright.chromium.launch
        return self._kept(launch(executable_path=engine.executable, args=self._arguments))

    @functools.cached_property
    def firefox(self) -> Browser:
        """Playwright's Firefox: its own build, or the stock browser over WebDriver BiDi."""
        engine = require("firefox")
        channel = None if engine.origin == "Playwright" else "moz-firefox"
        launch = self._playwright.firefox.launch
        return self._kept(
            launch(executable_path=engine.executable, channel=channel, firefox_user_prefs=self._preferences)
        )

    def _kept(self, browser: Browser) -> Browser:
        self._closing.callback(browser.close)
        return browser

    @functools.cached_property
    def _display(self) -> str:
        """A screen in memory for WebKitGTK, which cannot do without; the server picks a free number."""
        readable, writable = os.pipe()
        command = [require("webkit").screen, "-displayfd", str(writable), "-screen", "0", "1280x1024x24"]
        process = subprocess.Popen(
            [*command, "-nolisten", "tcp"], pass_fds=[writable], stderr=subprocess.DEVNULL
        )
        os.close(writable)
        self._closing.callback(process.wait)
        self._closing.callback(process.terminate)
        with os.fdopen(readable) as answer:
            return f":{answer.readline().strip()}"

    def webkit(self, *, drawn: bool = False) -> WebKit:
        """A fresh WebKitGTK; whoever asks for it ends it by `quit`."""
        engine = require("webkit")
        spared = SPARING_WEBKIT | ({} if drawn else UNDRAWN_WEBKIT) if self._sparing else {}
        for patience in (8, 16):  # one that starts takes a second
            with contextlib.suppress(ReadTimeoutError):
                return WebKit(engine, self._display, patience, spared)
        return WebKit(engine, self._display, surroundings=spared)

    def tab(self, name: str, *, drawn: bool = False) -> Tab:
        """A tab of a fresh profile in the engine of that name; screenshots want one that is drawn."""
        engine = require(name)
        if name == "webkit":
            return WebKitTab(engine, self.webkit(drawn=drawn), is_drawn=drawn or not self._sparing)
        browser = self.chromium if name == "chromium" else self.firefox
        return PlaywrightTab(engine, browser.new_context().new_page())

    @contextlib.contextmanager
    def killable(self, name: str, profile: Path, *, page_cache: bool = False) -> Iterator[PlaywrightTab]:
        """A tab of a browser of its own, which keeps its profile in a folder, to be ended by `kill`.

        Playwright has Chromium keep no page that is left for the way back, unless `page_cache` says so.
        """
        engine = require(name)
        launch: dict[str, Any] = {"executable_path": engine.executable}
        if page_cache:
            launch["ignore_default_args"] = ["--disable-back-forward-cache"]
        if name == "chromium":
            launch["args"] = self._arguments
        else:
            launch["firefox_user_prefs"] = self._preferences
            if engine.origin != "Playwright":
                launch["channel"] = "moz-firefox"
        context = getattr(self._playwright, name).launch_persistent_context(profile, **launch)
        try:
            yield PlaywrightTab(engine, context.new_page())
        finally:
            with contextlib.suppress(playwright.sync_api.Error):  # it was killed
                context.close()

    def close(self) -> None:
        """Ends everything that was started, in reverse order."""
        self._closing.close()


CLEAR_TICKS = 100
"""How much more than all others a process has worked that is told apart by that; a tick is 10 ms."""


def kill(profile: Path) -> int:
    """Ends, by their process ids and at once, all processes of the browser with this profile; gives how many."""
    return _kill([process for process in _processes() if _runs(process, os.fsencode(profile))])


def kill_renderers(profile: Path) -> int:
    """The same for those of its processes alone that show pages; the browser goes on."""
    return _kill(renderers(profile))


def kill_renderer(tab: PlaywrightTab, profile: Path) -> int:
    """The same for the one that shows a tab: the one that works most while the tab's page is kept busy."""
    before = {process: _worked(process) for process in renderers(profile)}
    while True:
        tab.evaluate("() => { const end = performance.now() + 500; while (performance.now() < end); }")
        worked = {process: _worked(process) - ticks for process, ticks in before.items()}
        most, *others = sorted(worked, key=lambda process: -worked[process])
        if not others or worked[most] > worked[others[0]] + CLEAR_TICKS:
            return _kill([most])


def renderers(profile: Path) -> list[Path]:
    """Its processes that show pages, as folders of `/proc`."""
    family = {process.name for process in _processes() if _runs(process, os.fsencode(profile))}
    parents = {process.name: _parent(process) for process in _processes()}
    while more := {name for name, parent in parents.items() if parent in family} - family:
        family |= more
    return [
        process for process in _processes() if process.name in family and _runs(process, b"--type=renderer")
    ]


def _processes() -> list[Path]:
    return list(Path("/proc").glob("[0-9]*"))


def _runs(process: Path, word: bytes) -> bool:
    """Whether a process was started with such words."""
    with contextlib.suppress(OSError):
        return word in (process / "cmdline").read_bytes()
    return False


def _parent(process: Path) -> str:
    with contextlib.suppress(OSError):
        return (process / "stat").read_text().rpartition(")")[2].split()[1]
    return ""


def _worked(process: Path) -> int:
    """Ticks for which a process had a processor."""
    with contextlib.suppress(OSError):
        return sum(map(int, (process / "stat").read_text().rpartition(")")[2].split()[11:13]))
    return 0


def _kill(processes: list[Path]) -> int:
    killed = 0
    for process in processes:
        with contextlib.suppress(OSError):
            os.kill(int(process.name), signal.SIGKILL)
            killed += 1
    return killed


# --- A server for files ---------------------------------------------------------------------------


class StaticServer(http.server.ThreadingHTTPServer):
    """Serves a directory on a free port of the loopback interface, until `stop`."""

    daemon_threads = False  # so that closing waits for them, and nothing is left open

    def __init__(self, directory: Path, headers: Mapping[str, str] | None = None, encoded: str = "") -> None:
        super().__init__(("127.0.0.1", 0), functools.partial(_Handler, directory=str(directory)))
        self.directory = directory
        self.encoded = encoded
        self.url = f"http://127.0.0.1:{self.server_port}/"
        self.headers = dict(headers or {})
        self.requests: list[str] = []
        """One line for each request: method, path, status."""
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._connections.append(connection)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing where the browser hung up, as it may."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        """Ends the server, also where a browser holds a connection open that it never used."""
        self.shutdown()
        self._thread.join()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        ".json": "application/json",
        ".whl": "application/octet-stream",
        ".webmanifest": "application/manifest+json",
    }

    def end_headers(self) -> None:
        for name, value in cast("StaticServer", self.server).headers.items():
            self.send_header(name, value)
        encoded = cast("StaticServer", self.server).encoded
        if encoded and self.path.endswith(encoded):
            self.send_header("Content-Encoding", "gzip")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: `requests` knows."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        status = code.value if isinstance(code, http.HTTPStatus) else code
        cast("StaticServer", self.server).requests.append(f"{self.command} {self.path} {status}")


@contextlib.contextmanager
def static_server(
    directory: Path, headers: Mapping[str, str] | None = None, encoded: str = ""
) -> Iterator[StaticServer]:
    """A running server for a directory; `headers` go with every answer.

    Files whose names end in `encoded` are said to have gzip as their encoding.
    """
    server = StaticServer(directory, headers, encoded)
    try:
        yield server
    finally:
        server.stop()
