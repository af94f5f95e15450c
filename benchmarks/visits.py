"""Visits to a page that publishes: in a browser of their own each, over a line that counts and may be slow.

They begin in a browser that has come to rest: for a second or two after its own start it keeps a small
machine as busy as a page does. Bytes and requests are counted on the line, without the files of the benchmark
itself and without what is said to the node.
"""

import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from benchmarks.report import Samples
from benchmarks.wire import Answer, Wire, measured_rate, wire
from tests.browser.sites import copy_site
from tests.browsers import Browsers, Tab, WebKitTab, require

PAGES = Path(__file__).resolve().parent / "pages" / "start"
OWN = ("/bench.html", "/bench.js", "/stock.py", "/")
"""Files of the benchmark, which nobody would count, and where WebSockets to the node are asked for."""
ROUNDS = 7
REST_SECONDS = 3
"""A browser is left alone after it was started: its start is not what is measured."""
SETTLE_SECONDS = 4
"""A page stays open after its work: what is kept for the next visit is written then."""
PATIENCE_SECONDS = 180
FORGETFUL = "webkit"
"""An engine that can be driven only with a profile that it throws away at its end."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit.

    Attributes:
        seconds: to the first entry.
        files: of the site, that came over the line until then; none where nobody counted.
        at_rest: the same for what came by itself after that.
    """

    seconds: float
    files: tuple[Answer, ...] = ()
    at_rest: tuple[Answer, ...] = ()


Visits = Mapping[str, Sequence[Visit]]
"""All visits to each of the sites."""


def seconds(visits: Sequence[Visit]) -> Samples:
    """How long they took. Raises ValueError where they are too few."""
    return Samples.of(visit.seconds for visit in visits)


def megabytes(visits: Sequence[Visit]) -> Samples:
    """What came over the line until the first entry."""
    return Samples(tuple(_size(visit.files) for visit in visits))


def megabytes_at_rest(visits: Sequence[Visit]) -> Samples:
    """What came over the line later."""
    return Samples(tuple(_size(visit.at_rest) for visit in visits))


def _size(files: Sequence[Answer]) -> float:
    return sum(file.size for file in files) / 1e6


def requests(visits: Sequence[Visit]) -> Samples:
    """How often the line was asked until the first entry."""
    return Samples(tuple(len(visit.files) for visit in visits))


def our_site(site: Path, out: Path, script: str = "ours.js") -> Path:
    """The built site with one page more, which uses it as any website would."""
    script = (PAGES / script).read_text("utf-8")
    return copy_site(site, out, {"bench.html": page(), "bench.js": script})


def page() -> str:
    """The page that is visited; its script is `bench.js` beside it."""
    return (PAGES / "bench.html").read_text("utf-8")


def in_turns(
    urls: Mapping[str, str],
    measure: Callable[[str], tuple[Visit, ...]],
    *,
    warm_up: int = 1,
    rounds: int = ROUNDS,
) -> list[dict[str, list[Visit]]]:
    """Measures in turns, so that a busy minute hits all.

    Returns:
        For each visit that `measure` makes, all of them by site.
    """
    found: dict[str, list[tuple[Visit, ...]]] = {name: [] for name in urls}
    for number in range(warm_up + rounds):
        for name, url in urls.items():
            visits = measure(url)
            if number >= warm_up:
                found[name].append(visits)
    kinds = range(len(visits))
    return [{name: [made[kind] for made in all_made] for name, all_made in found.items()} for kind in kinds]


def twice(browsers: Browsers, url: str, engine: str = "chromium") -> tuple[Visit, Visit]:
    """A first visit and a second one, with the same profile: the browser was closed in between.

    An engine that keeps no profile is not: there the second visit follows in the same browser.
    """
    with tempfile.TemporaryDirectory() as profile:
        if engine == FORGETFUL:
            with browsers.tab(engine) as tab:
                cold = Visit(_seconds(tab, url))
                time.sleep(SETTLE_SECONDS)
                return cold, Visit(_seconds(tab, url))
        with browsers.killable(engine, Path(profile)) as tab:
            cold = Visit(_seconds(tab, url))
            time.sleep(SETTLE_SECONDS)
        with browsers.killable(engine, Path(profile)) as tab:
            return cold, Visit(_seconds(tab, url))


def counted(browsers: Browsers, url: str) -> tuple[Visit, Visit]:
    """The same in Chromium, and what comes over the line."""
    with wire(url) as line, tempfile.TemporaryDirectory() as profile:
        cold, warm = (_over(line, browsers, Path(profile)) for _ in range(2))
        return cold, warm


def first_over(browsers: Browsers, url: str, rate: float, file: str, rates: list[float]) -> Visit:
    """A first visit over a line of so many bits a second; how many it has with `file` goes into `rates`."""
    with wire(url, rate) as line, tempfile.TemporaryDirectory() as profile:
        rates.append(measured_rate(line, file))
        return _over(line, browsers, Path(profile), settle_seconds=0)


def version(browsers: Browsers, engine: str) -> str:
    """Of the browser in which is measured, as it says itself."""
    if engine == FORGETFUL:
        with browsers.tab(engine) as tab:
            return str(cast("WebKitTab", tab).driver.capabilities["browserVersion"])
    command = [require(engine).executable, "--version"]
    said = subprocess.run(command, capture_output=True, timeout=60, check=True, text=True)  # noqa: S603 - found
    return next(word for word in said.stdout.split() if word[0].isdigit())


def address(folder: Path, name: str) -> str:
    """Where a site has the file of this name."""
    (found,) = folder.rglob(name)
    return f"/{found.relative_to(folder).as_posix()}"


def described(rates: Sequence[float]) -> str:
    """How fast a line was."""
    return f"{min(rates) / 1e6:.2f} to {max(rates) / 1e6:.2f} Mbit/s"


def _seconds(tab: Tab, url: str) -> float:
    """From the navigation to the first entry."""
    time.sleep(REST_SECONDS)
    tab.goto(f"{url}bench.html")
    # Drivers answer before or after the page's script has begun.
    came = (
        "async () => { while (!globalThis.result) await new Promise((go) => setTimeout(go)); return result; }"
    )
    return float(tab.evaluate(came, timeout=PATIENCE_SECONDS)) / 1000


def _over(line: Wire, browsers: Browsers, profile: Path, *, settle_seconds: float = SETTLE_SECONDS) -> Visit:
    line.answers.clear()
    with browsers.killable("chromium", profile) as tab:
        took = _seconds(tab, line.url)
        until = len(line.answers)
        time.sleep(settle_seconds)
    return Visit(took, _files(line.answers[:until]), _files(line.answers[until:]))


def _files(answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """Those that are the site's."""
    return tuple(
        answer for answer in answers if answer.method == "GET" and answer.path.split("?")[0] not in OWN
    )
