"""Visits to a page that publishes: in a browser of their own each, over a line that counts and may be slow.

They begin in a browser that has come to rest: for a second or two after its own start it keeps a small
machine as busy as a page does. Bytes and requests are counted on the line, without the files of the benchmark
itself and without what is said to the node.
"""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import Samples
from benchmarks.wire import Wire, measured_rate, wire
from tests.browser.sites import copy_site
from tests.browsers import Browsers

PAGES = Path(__file__).resolve().parent / "pages" / "start"
OWN = ("/bench.html", "/bench.js", "/stock.py", "/")
"""Files of the benchmark, which nobody would count, and where WebSockets to the node are asked for."""
ROUNDS = 7
REST_SECONDS = 3
"""A browser is left alone after it was started: its start is not what is measured."""
SETTLE_SECONDS = 4
"""A page stays open after its work: what is kept for the next visit is written then."""
PATIENCE_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit.

    Attributes:
        seconds: to the first entry.
        size: bytes of the site's files that came over the line; zero where nobody counted.
        requests: for the site's files; zero where nobody counted.
    """

    seconds: float
    size: int = 0
    requests: int = 0


Visits = Mapping[str, Sequence[Visit]]
"""All visits to each of the sites."""


def seconds(visits: Sequence[Visit]) -> Samples:
    """How long they took. Raises ValueError where they are too few."""
    return Samples.of(visit.seconds for visit in visits)


def megabytes(visits: Sequence[Visit]) -> Samples:
    """What came over the line."""
    return Samples(tuple(visit.size / 1e6 for visit in visits))


def requests(visits: Sequence[Visit]) -> Samples:
    """How often the line was asked."""
    return Samples(tuple(visit.requests for visit in visits))


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


def twice(browsers: Browsers, url: str) -> tuple[Visit, Visit]:
    """A first visit and a second one, with the same profile."""
    with tempfile.TemporaryDirectory() as profile:
        cold, warm = (Visit(_visit(browsers, url, Path(profile))) for _ in range(2))
        return cold, warm


def counted(browsers: Browsers, url: str) -> tuple[Visit, Visit]:
    """The same, and what comes over the line."""
    with wire(url) as line, tempfile.TemporaryDirectory() as profile:
        cold, warm = (_over(line, browsers, Path(profile)) for _ in range(2))
        return cold, warm


def first_over(browsers: Browsers, url: str, rate: float, file: str, rates: list[float]) -> Visit:
    """A first visit over a line of so many bits a second; how many it has with `file` goes into `rates`."""
    with wire(url, rate) as line, tempfile.TemporaryDirectory() as profile:
        rates.append(measured_rate(line, file))
        return _over(line, browsers, Path(profile))


def address(folder: Path, name: str) -> str:
    """Where a site has the file of this name."""
    (found,) = folder.rglob(name)
    return f"/{found.relative_to(folder).as_posix()}"


def described(rates: Sequence[float]) -> str:
    """How fast a line was."""
    return f"{min(rates) / 1e6:.2f} to {max(rates) / 1e6:.2f} Mbit/s"


def _visit(browsers: Browsers, url: str, profile: Path) -> float:
    """Seconds from the navigation to the first entry, in a browser that was started for it."""
    with browsers.killable("chromium", profile) as tab:
        time.sleep(REST_SECONDS)
        tab.goto(f"{url}bench.html")
        took = float(tab.evaluate("() => globalThis.result", timeout=PATIENCE_SECONDS))
        time.sleep(SETTLE_SECONDS)
    return took / 1000


def _over(line: Wire, browsers: Browsers, profile: Path) -> Visit:
    line.answers.clear()
    took = _visit(browsers, line.url, profile)
    files = [
        answer.size
        for answer in line.answers
        if answer.method == "GET" and answer.path.split("?")[0] not in OWN
    ]
    return Visit(took, sum(files), len(files))
