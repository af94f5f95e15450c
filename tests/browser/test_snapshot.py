"""Starting from a memory snapshot, in three engines; and from the files, where something is wrong with it."""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.wire import wire
from tests.browser.api import Api, bare_website
from tests.browser.festivals import event, schedule
from tests.browser.python import Python
from tests.browser.sites import PAGE_KEPT, copy_site, frozen_harness_site, make_cold, manifest_of
from tests.browsers import Browsers, StaticServer, Tab, static_server
from tests.once import Once
from tests.processes import ROOT, ServedNode
from tools.static_site import runtime, seal

RUNTIME = "pyodide.asm.wasm"
SNAPSHOT = "snapshot.bin"
SELDOM = "seldom.bin"
SECOND = "pyodide.second.wasm"
COLD = "cold.bin"
LATER = {SELDOM, SECOND, COLD}
"""What comes once the page is at rest."""
ONE = "panda_web.archive.lines"
"""A module in it."""
RARE = ["\u3042", "SNOWMAN", "\uac01", "frozen"]
"""What few tables say that no visit reads, and whence a module is whose code is in the interpreter."""
DUMPED = json.dumps({"a": [1, 2.5, None]}, indent=1)
LIBRARY = "python_stdlib.zip"
FESTIVAL = "panda_festival-0.1.0-py3-none-any.whl"
SCHEMA = "0040" + "5a" * 64
XML = """<schedule><conference><title>Odd</title></conference><day date="2026-08-01"><room name="Meadow">
<event id="1" guid="00000000-0000-4000-8000-000000000001"><date>2026-08-01T10:00:00+02:00</date>
<duration>00:45</duration><title>Talk</title></event></room></day></schedule>"""
"""A schedule; what reads it is in C, and seldom."""
AIM = 3_050_000
"""Bytes that a first visit transfers, at most, with the node of the tab among them."""


def reads(server: StaticServer) -> int:
    """How often the file of seldom modules was asked for."""
    return sum(SELDOM in line for line in [*server.requests])


def missed(server: StaticServer, *names: str) -> int:
    """How often somebody had to wait for these, or for anything that comes later."""
    asked = [f"{name}?missed" for name in names or LATER]
    return sum(any(name in line for name in asked) for line in [*server.requests])


@pytest.fixture(scope="module")
def tab(engine: str, browsers: Browsers) -> Iterator[Tab]:
    with browsers.tab(engine) as one:
        yield one


def loaded(server: StaticServer) -> set[str]:
    """What Python asked for with success, without the directory."""
    asked = (line.split() for line in server.requests)
    names = {path.rsplit("/")[-1] for _, path, status in asked if status == "200"}
    return {name for name in names if name.removesuffix(".gz").endswith((".wasm", ".bin", ".zip", ".whl"))}


def works(tab: Tab, server: StaticServer, node: ServedNode) -> list[str]:
    """Starts, writes and reads; gives what was said about the start on the way."""
    tab.goto(server.url)
    api = Api(tab, node.url)
    created = api.call("create", SCHEMA, {"text": "awake"})
    found = api.call("query", SCHEMA, {"filter": {"id": created["id"]}})["instances"]
    assert [one["text"] for one in found] == ["awake"]
    return list(api.opened["problems"])


@pytest.mark.every_engine
def test_nothing_but_runtime_snapshot_and_application_is_loaded(
    tab: Tab, site: Path, empty_node: ServedNode, tmp_path: Path
) -> None:
    """Also not for what a page does later: no module is missing in the snapshot."""
    with static_server(bare_website(site, tmp_path / "www")) as server:
        assert works(tab, server, empty_node) == []
        talks = json.dumps(schedule(event(1)))
        assert Api(tab, empty_node.url).call("importSchedule", talks)["published"] == 1
        assert loaded(server) - LATER == {RUNTIME, SNAPSHOT, FESTIVAL}
        assert missed(server) == 0


def spoil(www: Path, how: str) -> None:
    """Something is wrong with the snapshot, and in the last two cases its hash does not tell."""
    path = runtime(www) / SNAPSHOT
    if how == "missing":
        path.unlink()
        return
    data = bytearray(path.read_bytes())
    head = 28 + 4 * int.from_bytes(data[8:12], "little")  # as web/worker/snapshot.js packs it
    data[{"changed": len(data) // 2, "no snapshot": 8, "of another Pyodide": head + 20}[how]] ^= 1
    path.unlink()
    path.write_bytes(data)
    if how != "changed":
        change_manifest(www, lambda manifest: manifest["snapshot"].pop("integrity"))


def change_manifest(www: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = manifest_of(www)
    change(manifest)
    (runtime(www) / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    seal(www)


@pytest.mark.parametrize("how", ["missing", "changed", "no snapshot", "of another Pyodide"])
def test_without_it_python_starts_from_its_files(
    tab: Tab, site: Path, empty_node: ServedNode, tmp_path: Path, how: str
) -> None:
    www = bare_website(site, tmp_path / "www")
    spoil(www, how)
    with static_server(www) as server:
        (problem,) = works(tab, server, empty_node)
        assert "Python starts without its snapshot" in problem
        assert {LIBRARY, SECOND} < loaded(server)
        assert any(name.startswith("panda_web") for name in loaded(server))


@pytest.fixture(scope="module")
def awake(site: Path, once: Once) -> Iterator[StaticServer]:
    with static_server(once("awake", partial(frozen_harness_site, site))) as server:
        yield server


@pytest.mark.every_engine
def test_two_starts(tab: Tab, awake: StaticServer) -> None:
    """In one of them all is asked that a snapshot may get wrong; in the other one the module's second part, at once."""
    awake.requests.clear()
    python = Python(tab, awake.url)
    drawn = python.run("drawn")
    # Hashes of texts, and where a dictionary looks for its keys, are made again at each start.
    dictionaries, texts = python.run("looked_up")
    assert dictionaries > 3000
    assert texts > 10_000
    # The snapshot needs more memory than an instance of the module begins with: else each start would be the slow one.
    assert python.run("far_away") == [40 << 20, 1]
    assert python.run("missing", name="numpy") == "ModuleNotFoundError: No module named 'numpy'"
    assert LIBRARY not in loaded(awake), (
        "Python did not start from its snapshot, or asked for a library in vain"
    )
    assert not python.run("imported", name="statistics")
    assert LIBRARY in loaded(awake)
    assert python.run("shortcut") == [True, True], "functions of the snapshot are called the slow way"
    assert not python.run("imported", name="email.mime.text")
    assert python.run("imported", name="statistics")

    with static_server(Path(awake.directory)) as server:  # of which the browser has nothing yet
        python = Python(tab, server.url)
        assert missed(server) == 0, [line for line in server.requests if "missed" in line]
        assert python.run("rare") == RARE, "tables that nothing in the first part reads have not come"
        assert missed(server, SECOND) > 0
        assert all(one != other for one, other in zip(drawn, python.run("drawn"), strict=True))


@pytest.mark.every_engine
def test_node_in_the_tab_is_asleep_in_it(tab: Tab, awake: StaticServer) -> None:
    """And no file is asked for when it is made; what it took is there after the page was loaded again."""
    awake.requests.clear()
    python = Python(tab, awake.url)
    assert not python.run("is_imported", name="panda_web.node")
    assert python.run("written_here", text="before") == ["before"]
    python.load()
    assert python.run("written_here", text="later") == ["before", "later"]
    assert loaded(awake) <= {RUNTIME, SNAPSHOT} | LATER
    # Code of functions may be missed: a website has its store in IndexedDB, and this one has it in memory.
    assert missed(awake, SELDOM, SECOND) == 0, [line for line in awake.requests if "missed" in line]


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.every_engine
def test_seldom_modules_come_once_the_page_is_at_rest_and_at_once_when_one_is_missed(
    tab: Tab, awake: StaticServer
) -> None:
    """A harness's page keeps nothing: that is seen where a website does."""
    awake.requests.clear()
    python = Python(tab, awake.url)
    assert missed(awake) == 0, [line for line in awake.requests if "missed" in line]
    assert not python.run("imported", name=ONE)
    assert missed(awake, SELDOM) == 1
    python.load()
    assert not python.run("is_imported", name=ONE)
    until(lambda: reads(awake) > missed(awake, SELDOM))
    assert missed(awake, SELDOM) == 1


def test_a_website_has_them_without_a_network(
    tab: Tab, site: Path, empty_node: ServedNode, tmp_path: Path
) -> None:
    """They are kept with all else that a start needs, and then no host is asked for them."""
    www = bare_website(site, tmp_path / "www")
    with static_server(www) as server:
        assert works(tab, server, empty_node) == []
        assert missed(server) == 0
        tab.wait_for(PAGE_KEPT)
        for name in LATER:
            (runtime(www) / name).unlink()
        asked = reads(server)
        tab.goto(server.url)
        api = Api(tab, empty_node.url, mode="first")
        assert "error" not in api.do("iterate", 1, "export")
        assert reads(server) == asked
        assert missed(server) == 0


def test_a_seldom_module_that_cannot_be_had_has_words(tab: Tab, awake: StaticServer, tmp_path: Path) -> None:
    for number, changed in enumerate((b"another one", None)):
        www = copy_site(Path(awake.directory), tmp_path / str(number), {SELDOM: changed})
        with static_server(www) as server:
            python = Python(tab, server.url)
            assert python.run("missing", name=ONE).startswith(
                "PartMissing: A part of this site that is seldom"
            )
            # Nothing is spoilt by that: all else works, and it can be tried again.
            assert python.run("written_here", text="before")[-1:] == ["before"]


@pytest.mark.every_engine
def test_code_that_is_seldom_run_comes_at_once_when_it_is(tab: Tab, awake: StaticServer) -> None:
    """And by itself when the page is at rest; then no function is without it."""
    with static_server(Path(awake.directory)) as server:
        python = Python(tab, server.url)
        assert (python.run("without_code") > 2000, missed(server, COLD)) == (True, 0)
        assert (python.run("dumped"), missed(server, COLD)) == (DUMPED, 1)
        assert python.run("without_code") == 0
        python.load()
        assert python.run("without_code") > 2000
        until(lambda: python.run("without_code") == 0)
        assert (python.run("dumped"), missed(server, COLD)) == (DUMPED, 1)


def test_its_tables_are_there_where_it_came_before_the_snapshot(tab: Tab, site: Path, tmp_path: Path) -> None:
    """As with an engine that calls of it what no other one does: here it has nearly all that is called."""
    with static_server(frozen_harness_site(site, tmp_path / "www", cold=True)) as server:
        assert Python(tab, server.url).run("rare") == RARE


@pytest.mark.every_engine
def test_all_works_where_nothing_is_in_the_first_part(
    tab: Tab, site: Path, empty_node: ServedNode, once: Once, tmp_path: Path
) -> None:
    """Without the snapshot the second part is there before Python begins, so nobody misses it."""

    def cold(out: Path) -> None:
        make_cold(bare_website(site, out))

    www = once("cold", cold)
    with static_server(www) as server:
        assert works(tab, server, empty_node) == []
        assert missed(server) > 0
        assert LIBRARY not in loaded(server)
    www = copy_site(www, tmp_path / "www", {})
    change_manifest(www, lambda manifest: manifest.pop("snapshot"))
    with static_server(www) as server:
        assert works(tab, server, empty_node) == []
        assert missed(server) == 0
        assert {LIBRARY, SECOND} < loaded(server)


@pytest.mark.parametrize(
    ("name", "call"), [(SECOND, ("importSchedule", XML)), (COLD, ("restore", "{}", "words"))]
)
@pytest.mark.parametrize("changed", [True, False])
def test_a_part_that_cannot_be_had_ends_python_in_words(
    tab: Tab,
    site: Path,
    empty_node: ServedNode,
    tmp_path: Path,
    changed: bool,
    name: str,
    call: tuple[str, ...],
) -> None:
    """The page hears of it at once, and works again as soon as that part can be had."""
    www = bare_website(site, tmp_path / "www")
    if name == COLD:
        make_cold(www, "panda_web.browser.api.Api.restore")
    path = runtime(www) / name
    whole = path.read_bytes()
    path.unlink()
    if changed:
        path.write_bytes(b"another one")
    with static_server(www) as server:
        assert works(tab, server, empty_node) == []
        api = Api(tab, empty_node.url)
        assert api.refused(*call)[0] == "part-missing"
        assert api.refused("pending")[0] == "part-missing"
        path.unlink(missing_ok=True)
        path.write_bytes(whole)
        assert works(tab, server, empty_node) == []
        again = Api(tab, empty_node.url).do("call", *call)
        assert "part-missing" not in json.dumps(again)


def test_what_was_freed_before_it_was_made_is_not_in_it(awake: StaticServer) -> None:
    """Nothing of it travels, so nothing is told by it, and zeros are small."""
    memory = (Path(awake.directory) / SNAPSHOT).read_bytes()
    assert b"held-until-then" in memory
    assert b"freed-until-then" not in memory


def test_what_a_start_has_no_use_for_is_there_when_it_is_asked_for(tab: Tab, awake: StaticServer) -> None:
    python = Python(tab, awake.url)
    assert 'asyncio/tasks.py", line None, in wait_for' in python.run("traced")
    assert python.run("unpacked") == ["unpacked_here.py"]
    assert not python.run("imported", name="asyncio.subprocess")


def test_library_that_is_another_one_is_refused(tab: Tab, awake: StaticServer, tmp_path: Path) -> None:
    www = copy_site(Path(awake.directory), tmp_path / "www", {LIBRARY: b"another one"})
    with static_server(www) as server:
        python = Python(tab, server.url)
        assert python.run("missing", name="statistics").startswith("LibraryMissing: ")
        (www / LIBRARY).unlink()
        assert python.run("missing", name="statistics").startswith("LibraryMissing: ")


def test_host_that_compresses_sends_little(tab: Tab, packed_site: Path, tmp_path: Path) -> None:
    """What travels at a cold start is what lies beside the files, as the node sends it."""
    www = bare_website(packed_site, tmp_path / "www")
    names = [f"{runtime(www).name}/{name}" for name in ("worker.js", "manifest.json", RUNTIME, SNAPSHOT)]
    with ServedNode(tmp_path / "node", www) as node:
        tab.goto(node.url)
        api = Api(tab, node.url)
        api.call("create", SCHEMA, {"text": "packed"})
        assert api.opened["problems"] == []
        encodings = tab.evaluate(
            """async (names) => Promise.all(names.map(async (name) => {
                const { headers } = await fetch(name);
                return [headers.get("Content-Encoding"), Number(headers.get("Content-Length"))];
            }))""",
            names := ["panda.js", *names],
        )
    sizes: dict[str, Any] = {}
    for name, (encoding, length) in zip(names, encodings, strict=True):
        packed = packed_site / f"{name}.{'gz' if encoding == 'gzip' else encoding}"
        assert length == (packed if encoding else packed_site / name).stat().st_size
        sizes[name] = length
    assert sum(sizes.values()) < (AIM if encodings[-1][0] == "br" else 1.4 * AIM), sizes


def test_what_applications_add_is_in_the_snapshot(site: Path) -> None:
    """To import it from its wheel took a page of the site longer than all else that Python does at a start."""
    assert b"planImport" in (runtime(site) / SNAPSHOT).read_bytes()


def test_first_visit_of_the_sites_own_page(browsers: Browsers, packed_site: Path, tmp_path: Path) -> None:
    """All that travels until Python is there and the service worker has kept the page: the node sends little."""
    active = "async () => (await navigator.serviceWorker.ready).active?.state === 'activated'"
    with ServedNode(tmp_path / "node", packed_site) as node, wire(node.url) as line:
        with browsers.tab("chromium") as tab:
            tab.goto(line.url)
            tab.wait_for("() => document.documentElement.dataset.state === 'ready'", timeout=300)
            tab.wait_for(active)
        sizes = [(answer.path, answer.size) for answer in line.answers if answer.method == "GET"]
    assert {"/", "/panda.js", "/service-worker.js"} < {path for path, _ in sizes}
    at_rest = [
        path for path, _ in sizes if any(name in path for name in LATER)
    ]  # three seconds may have passed
    assert not any("missed" in path for path in at_rest)
    assert sum(size for path, size in sizes if path not in at_rest) < AIM, sizes


@pytest.mark.every_engine
def test_host_that_does_not_compress(
    tab: Tab, packed_site: Path, empty_node: ServedNode, tmp_path: Path
) -> None:
    """Then the packed copies are taken, and the worker unpacks them; nobody asks twice for anything."""
    with static_server(bare_website(packed_site, tmp_path / "www")) as server:
        assert works(tab, server, empty_node) == []
        asked = [line.split()[1].rsplit("/")[-1] for line in server.requests]
        for name in (RUNTIME, SNAPSHOT):
            assert asked.count(name) == asked.count(f"{name}.gz") == 1


@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_host_without_good_copies(
    tab: Tab, packed_site: Path, empty_node: ServedNode, tmp_path: Path, how: str
) -> None:
    """Then the worker takes the files as they are."""
    www = bare_website(packed_site, tmp_path / "www")
    for path in runtime(www).glob("*.gz"):
        path.unlink()
        if how == "damaged":
            path.write_bytes(b"\x1f\x8b" + bytes(1000))
    with static_server(www) as server:
        assert works(tab, server, empty_node) == []


THAWED = """async () => {
    const { pack, thaw } = await import("./snapshot.js");
    const PAGE = 4096;
    const at = (page, byte) => page * PAGE + byte;
    const fresh = new Uint8Array(at(8, 0));
    fresh.set([1, 2, 3], at(0, 100));
    const was = fresh.slice();
    was.set([9, 2, 0, 7], at(0, 100)); // on what an instance begins with
    was.fill(5, at(3, 0), at(4, 0));
    was.fill(6, at(6, 8), at(7, 0)); // where nobody has written
    const ring = [at(2, 16), at(0, 64), at(6, 0)];
    const words = new Uint32Array(was.buffer);
    ring.forEach((one, place) => {
        words[one / 4] = ring[(place + 1) % 3];
        words[one / 4 + 1] = ring[(place + 2) % 3];
    });
    const head = new Uint8Array(16);
    new DataView(head.buffer).setUint32(4, head.length, true);
    // Interned texts, the dictionary of them, and one with other keys, from which one was taken out. Their places follow
    // Objects/dictobject.c of CPython.
    const [TYPE, MALLOC] = [at(1, 0), 3];
    const hash = (begin, bytes) => Array.from({ length: bytes }, (_, byte) => byte).reduce((sum, byte) => sum * 31 + 7 | 0, bytes);
    const texts = ["b", "longer text", "a", "\u00e9"].map((text, place) => {
        const begin = at(4, 8 + 64 * (3 - place));
        const ascii = text !== "\u00e9";
        words[begin / 4 - 1] = 64 | MALLOC;
        words[begin / 4 + 2] = text.length;
        words[begin / 4 + 4] = 0xdada0000 | (ascii ? 0x66 : 0x26);
        was.fill(0xee, begin + 20, begin + 56);
        const letters = begin + (ascii ? 20 : 28);
        if (!ascii) words.fill(0, begin / 4 + 5, begin / 4 + 7);
        [...text, "\0"].forEach((letter, number) => { was[letters + number] = letter.charCodeAt(0); });
        words[begin / 4 + 3] = hash(letters, text.length);
        return begin;
    });
    const dictionary = (begin, kind, entries) => {
        const table = begin + 64;
        words[begin / 4 + 1] = TYPE;
        if (kind !== 2) words[begin / 4 + 3] = 0xdada;
        words[begin / 4 + 6] = table;
        was.set([3, 3, kind], table + 4);
        words[table / 4 + 3] = 5 - entries.length;
        words[table / 4 + 4] = entries.length;
        was.fill(0xff, table + 20, table + 28);
        entries.forEach((entry, number) => {
            words.set(entry, (table + 28) / 4 + number * entry.length);
            if (entry.at(-1) === 0) return;
            const hash = kind ? words[entry[0] / 4 + 3] : entry[0];
            let place = hash & 7;
            for (let perturb = hash >>> 0; was[table + 20 + place] !== 0xff;) {
                perturb >>>= 5;
                place = place * 5 + perturb + 1 & 7;
            }
            was[table + 20 + place] = number;
        });
        words[begin / 4 + 2] = entries.filter((entry) => entry.at(-1)).length;
    };
    const [interned, ofClass, other] = ring.map((each) => each + 8);
    const sorted = [...texts].sort((one, other) => one - other);
    dictionary(interned, 1, sorted.map((text) => [text, text]));
    dictionary(other, 0, [[19, at(5, 0), at(5, 8)], [11, 0, 0], [3 << 28, texts[0], at(5, 0)]]);
    dictionary(ofClass, 2, []);
    // What nobody reads does not travel, and is zero then.
    const whole = was.slice();
    const clean = new Uint32Array(whole.buffer);
    for (const each of [interned, other]) clean[each / 4 + 3] = 0;
    for (const text of texts) {
        clean[text / 4 + 4] &= 0xff;
        const letters = text + (clean[text / 4 + 4] === 0x66 ? 20 : 28);
        whole.fill(0, letters + clean[text / 4 + 2] + 1, text + 60);
    }
    const packed = pack(Uint8Array.of(...head, ...was), fresh, { ring: interned, interned }, hash);
    const told = [0xee, 0xdada].map((byte) => packed.includes(byte) || new Uint32Array(packed.buffer).includes(byte));
    const memory = fresh.slice();
    memory.fill(8, at(0, 50), at(0, 200)); // what starts Python before it is thawed
    memory.fill(8, at(1, 5), at(1, 90));
    memory.fill(8, at(3, 0), at(5, 77));
    thaw(packed, fresh.slice(0, at(1, 0)), memory, [[at(1, 5), at(1, 90)], [at(3, 0), at(5, 77)]], hash);
    const linked = new Uint32Array(memory.buffer);
    const found = [];
    let one = ring[0];
    do {
        found.push(one);
        if (linked[linked[one / 4] / 4 + 1] !== one) throw new Error("no ring");
        one = linked[one / 4];
    } while (one !== ring[0]);
    for (const each of ring) for (const bytes of [whole, memory]) bytes.fill(0, each, each + 8);
    return [memory.every((byte, place) => byte === whole[place]), found.sort().join() === ring.sort().join(), ...told];
}"""


def test_thawed_memory_is_what_it_was_whatever_was_written_before(tab: Tab) -> None:
    with static_server(ROOT / "web" / "worker") as server:
        tab.goto(server.url)
        assert tab.evaluate(THAWED) == [True, True, False, False]


def test_host_that_says_the_copies_are_encoded(
    tab: Tab, packed_site: Path, empty_node: ServedNode, tmp_path: Path
) -> None:
    """Then the browser unpacks them, and the worker sees that."""
    www = bare_website(packed_site, tmp_path / "www")
    with static_server(www, encoded=".gz") as server:
        assert works(tab, server, empty_node) == []
        assert f"{SNAPSHOT}.gz" in loaded(server)
