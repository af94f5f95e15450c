"""What the benchmarks make of numbers: statistics, table, JSON, chart; and the line that counts."""

import http.client
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks import __main__ as program
from benchmarks import machine
from benchmarks.chart import BAR, chart
from benchmarks.report import (
    Part,
    Peer,
    Result,
    Samples,
    as_json,
    broken,
    factor,
    number,
    rows,
    spread,
    table,
)
from benchmarks.start import parts_of
from benchmarks.visits import Visit
from benchmarks.wire import Answer, wire
from tests.browsers import static_server

SVG = "{http://www.w3.org/2000/svg}"
ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ROOT / "docs" / "benchmarks"
EXACT = ("download", "requests")
"""How results begin that are counted: once is enough."""


def samples(middle: float) -> Samples:
    return Samples.of([middle * share for share in (0.9, 1.0, 1.1, 0.95, 1.05)])


START = Result("cold start", "s", samples(1), (Peer("stock", samples(4), 1 / 3.5),))
SIGN = Result("sign", "µs", samples(150), (Peer("0.2.1", samples(100), 1.3), Peer("alone", samples(50))))
SIZE = Result("download", "MB", samples(13.4), (Peer("stock", samples(13.7)),), limit=5.5)
NOTHING = Result("download, warm", "MB", Samples.of([0] * 5), (Peer("stock", samples(13.7)),), limit=0)
ALONE = Result("publishes, 32 clients", "/s", Samples((1234.5,)))
ALL = [START, SIGN, SIZE, NOTHING, ALONE]


@given(st.lists(st.floats(0, 1e9), min_size=5))
def test_the_median_lies_in_the_spread(values: list[float]) -> None:
    found = Samples.of(values)
    assert found.low <= found.median <= found.high
    assert found.low in values
    assert found.high in values


def test_few_samples_are_no_measurement() -> None:
    with pytest.raises(ValueError, match="too few"):
        Samples.of([1, 2, 3, 4])


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (7.0, "7"), (0.123, "0.12"), (4.666, "4.67"), (45.67, "45.7"), (14400, "14,400")],
)
def test_numbers_have_three_digits(value: float, words: str) -> None:
    assert number(value) == words


@pytest.mark.parametrize(
    ("ours", "peer", "words"),
    [
        (1, 4, "4× less"),
        (130, 100, "1.30× more"),
        (1, 1, "equal"),
        (0, 5, "none"),
        (0, 0, "none"),
        (5, 0, "—"),
    ],
)
def test_a_ratio_says_which_way_it_goes(ours: float, peer: float, words: str) -> None:
    assert factor(ours, peer) == words


@given(st.floats(1e-6, 1e9), st.floats(1e-6, 1e9))
def test_less_is_less(ours: float, peer: float) -> None:
    assert factor(ours, peer).endswith("less") == (ours < peer)


def test_a_spread_that_is_none_is_not_shown() -> None:
    assert spread(samples(10), "s") == "10 s (9–11)"
    assert spread(Samples.of([7.0] * 5), "s") == "7 s"


def test_what_has_no_unit_has_none() -> None:
    assert spread(Samples.of([7.0] * 5), "") == "7"


def test_every_comparison_is_a_row_with_its_verdict() -> None:
    found = [(row.what, row.ratio, row.limit) for row in rows(ALL)]
    assert found == [
        ("cold start", "4× less", "3.50× less: kept"),
        ("sign", "1.50× more", "1.30× more: BROKEN"),
        ("sign", "3× more", ""),
        ("download", "", "5.50 MB: BROKEN"),
        ("download", "1.02× less", ""),
        ("download, warm", "", "none: kept"),
        ("download, warm", "none", ""),
        ("publishes, 32 clients", "", ""),
    ]


def test_what_is_broken_is_named() -> None:
    assert broken(ALL) == ["sign (1.30× more: BROKEN)", "download (5.50 MB: BROKEN)"]


@pytest.mark.parametrize(("results", "status"), [([START], 0), ([ALONE], 0), ([START, SIGN], 1)])
def test_a_limit_that_is_not_kept_ends_with_status_1(
    results: list[Result],
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All benchmarks run nevertheless, and what they found is kept."""
    monkeypatch.setattr(program, "OUT", tmp_path)
    monkeypatch.setattr(program, "Browsers", Mock())
    monkeypatch.setattr(program, "available", lambda: ["chromium"])
    monkeypatch.setattr(program, "build_site", lambda site: None)
    monkeypatch.setattr(program, "describe", lambda **versions: {"on": "paper"})
    monkeypatch.setattr("benchmarks.node.run", lambda: (results, []))
    monkeypatch.setattr("benchmarks.growth.run", lambda: ([START], []))
    assert program.main(["node", "growth"]) == status
    assert ("sign (1.30× more: BROKEN)" in capsys.readouterr().err) == bool(status)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}.{kind}" for name in ("node", "growth") for kind in ("json", "svg")
    }


def test_the_table_has_straight_columns() -> None:
    head, *lines = table(ALL).splitlines()
    at = head.index("ours")
    assert len(lines) == len(list(rows(ALL)))
    assert all(line[at - 1] == " " and line[at] != " " for line in lines)


def test_json_holds_every_sample() -> None:
    found = json.loads(json.dumps(as_json(ALL, {"Chromium": "1"}, ["a note"])))
    assert found["machine"] == {"Chromium": "1"}
    assert found["notes"] == ["a note"]
    assert [result["what"] for result in found["results"]] == [result.what for result in ALL]
    sign = found["results"][1]
    assert sign["ours"] == {"median": 150, "samples": list(SIGN.ours.values)}
    assert [(peer["name"], peer["limit"]) for peer in sign["peers"]] == [("0.2.1", 1.3), ("alone", None)]


def test_a_chart_shows_every_bar_limit_and_name() -> None:
    drawn = ET.fromstring(chart("Title & more", ALL, {"Chromium": "1 < 2", "load": "0.1"}))
    bars = drawn.findall(f"{SVG}rect")
    assert len(bars) == sum(1 + len(result.peers) for result in ALL)
    lines = [line.get("class") for line in drawn.findall(f"{SVG}line")]
    assert lines.count("limit") == 4
    text = "\n".join(element.text or "" for element in drawn.findall(f"{SVG}text"))
    for result in ALL:
        assert result.what in text
        assert spread(result.ours, result.unit) in text
    assert "Title & more" in text
    assert "Chromium 1 < 2" in text
    style = drawn.findtext(f"{SVG}style") or ""
    assert "prefers-color-scheme: dark" in style


def came(name: str, size: int) -> Answer:
    return Answer("GET", f"/runtime-0/{name}", 200, size)


VISIT = Visit(
    0.8,
    (
        came("worker.js", 100_000),
        came("pyodide.asm.wasm", 1_000_000),
        came("manifest.json", 2_000),
        came("panda.js", 8_000),
        came("snapshot.bin", 2_000_000),
        came("seldom.bin?missed", 30_000),
    ),
    (came("pyodide.second.wasm", 1_500_000),),
)
MADE_OF = Result("download", "MB", Samples((3.14,)), (Peer("stock", Samples((7.0,))),), parts=parts_of(VISIT))


def test_a_visit_is_made_of_parts() -> None:
    """What somebody waited for is a part of it, and not of what comes at rest."""
    assert [(part.name, part.value, part.later) for part in parts_of(VISIT)] == [
        ("snapshot", 2, False),
        ("module", 1, False),
        ("worker", 0.1, False),
        ("seldom", 0.03, False),
        ("page", 0.01, False),
        ("second part", 1.5, True),
    ]
    (said,) = as_json([MADE_OF], {}, [])["results"]
    assert said["parts"][-1] == {"name": "second part", "value": 1.5, "later": True}
    assert "parts" not in said["peers"][0]


def test_a_chart_shows_of_what_a_bar_is_made() -> None:
    """Side by side, each with a colour of its own; equal names have equal ones."""
    result = replace(
        MADE_OF, peers=(Peer("stock", Samples((7.0,)), parts=(Part("library", 2.5), Part("module", 4.5))),)
    )
    drawn = ET.fromstring(chart("T", [result], {}))
    width = float(drawn.get("width", "0"))
    bars: dict[str, list[list[float]]] = {}
    for bar in drawn.findall(f"{SVG}rect"):
        if (kind := bar.get("class", "")).startswith("part ") and float(bar.get("height", "")) == BAR:
            bars.setdefault(kind, []).append([float(bar.get(name, "")) for name in ("x", "y", "width")])
    assert len(bars) == 7
    assert len(bars["part part1"]) == 2
    assert [kind for kind in bars if kind.endswith("later")] == ["part part5 later"]
    ours = sorted(
        (x, wide) for all_bars in bars.values() for x, y, wide in all_bars if y == bars["part part0"][0][1]
    )
    for (x, wide), (following, _) in pairwise(ours):
        assert x + wide == pytest.approx(following, abs=0.2)
    assert sum(ours[-1]) <= width
    text = "\n".join(element.text or "" for element in drawn.findall(f"{SVG}text"))
    assert "second part 1.50, later" in text
    assert "library 2.50" in text


@given(st.lists(st.floats(0, 1e12), min_size=5, max_size=8), st.floats(0, 100))
@example([0.0, 0.0, 5e-324, 1.0, 1.0], 1.0)
def test_no_bar_leaves_the_chart(values: list[float], limit: float) -> None:
    result = Result("x", "s", Samples.of(values), (Peer("y", samples(1), limit),), limit)
    drawn = ET.fromstring(chart("T", [result], {}))
    width = float(drawn.get("width", "0"))
    for bar in drawn.findall(f"{SVG}rect"):
        assert float(bar.get("x", "")) + float(bar.get("width", "")) <= width
    for line in drawn.findall(f"{SVG}line"):
        assert 0 <= float(line.get("x1", "")) <= float(line.get("x2", "")) <= width


def test_the_machine_has_no_name_and_no_paths() -> None:
    found = machine.describe(Chromium="1")
    assert found["Chromium"] == "1"
    assert "cores" in found["on"]
    assert "/" not in "".join(found.values())


def test_the_line_passes_everything_on_and_counts_it(tmp_path: Path) -> None:
    content = bytes(range(256)) * 200
    (tmp_path / "file.bin").write_bytes(content)
    with static_server(tmp_path) as server, wire(server.url) as line:
        client = http.client.HTTPConnection("127.0.0.1", line.server_port)
        for path, status in (("/file.bin", 200), ("/none", 404), ("/file.bin", 200)):
            client.request("GET", path)
            answer = client.getresponse()
            got = answer.read()
            assert answer.status == status
            assert (got == content) == (status == 200)
        client.close()
    assert [(a.path, a.status) for a in line.answers] == [
        ("/file.bin", 200),
        ("/none", 404),
        ("/file.bin", 200),
    ]
    assert line.answers[0] == Answer("GET", "/file.bin", 200, len(content))


def kept(name: str) -> list[Result]:
    """What was measured and is kept with the documents."""

    def read(measured: dict[str, Any]) -> Samples:
        return Samples(tuple(measured["samples"]))

    return [
        Result(
            result["what"],
            result["unit"],
            read(result["ours"]),
            tuple(Peer(peer["name"], read(peer), peer["limit"]) for peer in result["peers"]),
            result["limit"],
        )
        for result in json.loads((DOCUMENTS / f"{name}.json").read_text("utf-8"))["results"]
    ]


@pytest.mark.parametrize("name", program.TITLES)
def test_what_was_measured_is_whole(name: str) -> None:
    """What is kept names its machine, has its chart, and no measurement of a few samples."""
    found = json.loads((DOCUMENTS / f"{name}.json").read_text("utf-8"))
    assert {"on", "Pyodide", "Chromium", "Python", "panda-web"} <= set(found["machine"])
    for result in kept(name):
        if not result.what.startswith(EXACT):
            for measured in (result.ours, *(peer.samples for peer in result.peers)):
                Samples.of(measured.values)
    ET.fromstring((DOCUMENTS / f"{name}.svg").read_text("utf-8"))


def test_limits_are_kept_but_where_the_document_says_that_they_are_broken() -> None:
    said = re.findall(r"^BROKEN in the run.*$", (DOCUMENTS / "README.md").read_text("utf-8"), re.MULTILINE)
    found = [words for name in program.TITLES for words in broken(kept(name))]
    assert [words.split(" (")[0] for words in found] == re.findall(r"`([^`]+)`", "\n".join(said))


def test_a_first_visit_is_shown_by_what_it_is_made_of() -> None:
    found = json.loads((DOCUMENTS / "start.json").read_text("utf-8"))["results"]
    (ours,) = (each for each in found if each["what"] == "download, cold" and each["peers"])
    for made in (ours["parts"], ours["peers"][0]["parts"]):
        assert {"module", "worker", "wheels"} < {each["name"] for each in made}


def test_documents_quote_the_ratios_that_were_measured() -> None:
    def ratios(name: str) -> list[float]:
        """How many times ours is as fast as each peer with which it is compared."""
        return [
            peer.samples.median / result.ours.median
            for result in kept(name)
            if result.unit in ("s", "µs")
            for peer in result.peers
            if "alone" not in peer.name
        ]

    cold, warm, slow, *_ = ratios("start")
    sign = ratios("sign")
    quoted = {
        "README.md": [cold, warm, min(sign), max(sign), *ratios("verify")],
        "docs/decisions/snapshot.md": [cold, slow, warm, *ratios("snapshot")],
    }
    for document, wanted in quoted.items():
        found = re.findall(r"\b1/(\d+\.\d)\b", (ROOT / document).read_text("utf-8"))
        assert found == [f"{ratio:.1f}" for ratio in wanted], document
