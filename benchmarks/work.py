"""Signing and verifying in one page of Chromium: ours in a worker's Python, the peers, WebCrypto alone."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.report import Peer, Result, Samples
from tests.browsers import Browsers, Tab, static_server
from tests.hosts import parts
from tests.interop import old_client

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

COUNT = 1000
ROUNDS = 11
WARM_UP = 8
"""Rounds until what runs often is compiled for good; p2panda-js needs five where cores are busy."""
PATIENCE_SECONDS = 120

OURS, EARLY, LATER, ALONE = "panda-web", "p2panda-js 0.2.1", "p2panda-js 0.8.1", "WebCrypto alone"

SMALL: Mapping[str, object] = {"title": "Message"}
TALK: Mapping[str, object] = {
    "title": "The log that nobody owns",
    "subtitle": "Append-only logs in a browser tab",
    "abstract": "How a festival programme gets from the people who speak to the people who listen, without a "
    "server that has to be trusted, and what is left to do when half of them are offline. " * 2,
    "speakers": "Aiko Tanaka, Jonas Weber",
    "room": "Saal 2",
    "start": "2026-08-14T16:30:00+02:00",
    "minutes": 45,
    "recorded": True,
}
MESSAGES = {"1 field": SMALL, f"{len(TALK)} fields": TALK}


def sign(site: Path, browsers: Browsers) -> tuple[list[Result], list[str]]:
    """Messages and entries of one log, each linked to those before."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = _website(site, Path(scratch) / "site")
        results = [
            _compared(
                browsers,
                folder,
                "sign",
                f"sign, {name}",
                fields,
                {EARLY: 1 / 1.3, LATER: 1 / 1.3, ALONE: None},
            )
            for name, fields in MESSAGES.items()
        ]
    return results, [
        f"An entry of a log of {COUNT}: the message is encoded, its entry linked, signed and encoded.",
        "p2panda-js runs in the page, ours in a worker.",
        "WebCrypto alone signs bytes of an entry's length and does nothing else.",
    ]


def verify(site: Path, browsers: Browsers) -> tuple[list[Result], list[str]]:
    """Entries, from how they travel to the proof that their signatures hold."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = _website(site, Path(scratch) / "site")
        results = [_compared(browsers, folder, "verify", "verify", SMALL, {LATER: 1 / 3, ALONE: None})]
    return results, [
        f"One of {COUNT} entries: decoded, signature verified. p2panda-js 0.2.1 verifies no signature.",
        "p2panda-js runs in the page, ours in a worker. Ours gets bytes, p2panda-js the text it takes.",
        "WebCrypto alone verifies bytes of an entry's length, 256 at a time, and does nothing else.",
    ]


def check(site: Path, browsers: Browsers) -> Samples:
    """Microseconds in which the page's Python holds a message to its schema."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = _website(site, Path(scratch) / "site")
        return _compared(browsers, folder, "check", "", SMALL, {}).ours


def _website(site: Path, out: Path) -> Path:
    """The page, with everything that is in it."""
    shutil.copytree(HERE / "pages" / "work", out)
    for name in ("page_work.py", "checking.py"):
        shutil.copy(HERE / name, out)
    shutil.copy(ROOT / "web" / "worker" / "ed25519.js", out)
    shutil.copytree(site / "wheels", out / "wheels")
    wheels = sorted(path.name for path in (out / "wheels").glob("*.whl"))
    (out / "wheels.json").write_text(json.dumps(wheels), "utf-8")
    early = old_client.package() / "node_modules" / "p2panda-js" / "lib"
    later = parts.npm_package("p2panda-js", HERE / "npm.json") / "lib" / "esm"
    shutil.copytree(early, out / "p2panda-js-0.2.1")
    shutil.copytree(later, out / "p2panda-js-0.8.1")
    (out / "pyodide").mkdir()
    for name in (*parts.CORE_FILES, "pyodide-lock.json"):
        shutil.copy(parts.PYODIDE / name, out / "pyodide" / name)
    return out


def _compared(
    browsers: Browsers,
    folder: Path,
    work: str,
    what: str,
    fields: Mapping[str, object],
    peers: dict[str, float | None],
) -> Result:
    """Microseconds for one; all of them in turns, so that a busy second hits each."""
    found: dict[str, list[float]] = {OURS: [], **{name: [] for name in peers}}
    with static_server(folder) as server, browsers.tab("chromium") as tab:
        tab.goto(server.url)
        tab.wait_for("() => typeof measure === 'function'")
        for number in range(WARM_UP + ROUNDS):
            for name, values in found.items():
                took = _measure(tab, name, work, dict(fields))
                if number >= WARM_UP:
                    values.append(took / COUNT * 1e6)
    return Result(
        what,
        "µs",
        Samples.of(found[OURS]),
        tuple(Peer(name, Samples.of(found[name]), limit) for name, limit in peers.items()),
    )


def _measure(tab: Tab, who: str, work: str, fields: Mapping[str, object]) -> float:
    script = "(...given) => globalThis.measure(...given)"
    return float(tab.evaluate(script, who, work, COUNT, fields, timeout=PATIENCE_SECONDS))
