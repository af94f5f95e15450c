"""What an organiser says about an event, and the icons and the manifest that are made of it."""

import json
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.colours import from_oklch, to_oklch
from tools.event import dress, from_arguments
from tools.mark import MASKABLE, tile
from tools.png import Shape, packed, picture
from tools.telling import Problem

DRAWING = Path(__file__).resolve().parent.parent / "web" / "pages" / "shared" / "icon.svg"
PAGE = (
    '<meta name="programme-of" content="{{programmeOf}}"><meta name="nodes" content="{{nodes}}">'
    '<title>{{name}}</title><meta name="theme-color" content="{{theme}}">'
)
STYLE = ":root { --event-hue: 138; --event-chroma: 0.15; }"


def pixels(png: bytes) -> list[list[tuple[int, ...]]]:
    """A PNG as our own are: four bytes a pixel, rows without a filter or with the one that looks up."""
    size = int.from_bytes(png[16:20], "big")
    begin = png.index(b"IDAT")
    length = int.from_bytes(png[begin - 4 : begin], "big")
    data = zlib.decompress(png[begin + 4 : begin + 4 + length])
    rows, above = [], bytes(4 * size)
    for at in range(0, len(data), 4 * size + 1):
        kind, line = data[at], data[at + 1 : at + 1 + 4 * size]
        assert kind == 2
        above = bytes((one + other) & 255 for one, other in zip(line, above, strict=True))
        rows.append([tuple(above[x : x + 4]) for x in range(0, 4 * size, 4)])
    return rows


@given(st.binary(max_size=2000) | st.lists(st.sampled_from([b"\0" * 300, b"a", b"ab"])).map(b"".join))
def test_what_is_packed_is_what_zlib_unpacks(data: bytes) -> None:
    assert zlib.decompress(packed(data)) == data


def test_picture_of_a_square_is_that_square() -> None:
    rows = pixels(picture(4, [Shape([[(1, 1), (2.5, 1), (2.5, 3), (1, 3)]], "#ff0080")]))
    assert [[pixel[3] for pixel in row] for row in rows] == [
        [0] * 4,
        [0, 255, 128, 0],
        [0, 255, 128, 0],
        [0] * 4,
    ]
    assert rows[1][1] == (255, 0, 128, 255)


def test_icon_is_the_mark_on_the_events_colour() -> None:
    rows = pixels(tile(DRAWING, "#5b2a86", 48, 0.76, 0.22))
    assert rows[0][0][3] == 0  # a round corner
    assert rows[24][1] == (0x5B, 0x2A, 0x86, 255)
    assert rows[20][24][:3] == (0xFB, 0xFC, 0xF8)  # the forehead
    cut = pixels(tile(DRAWING, "#5b2a86", 48, MASKABLE, 0))
    for y, row in enumerate(cut):
        for x, pixel in enumerate(row):
            if (x - 23.5) ** 2 + (y - 23.5) ** 2 > (0.4 * 48) ** 2:  # what a phone may cut off
                assert pixel == (0x5B, 0x2A, 0x86, 255)


@given(st.binary(min_size=3, max_size=3))
def test_a_colour_comes_back(colour: bytes) -> None:
    assert from_oklch(*to_oklch(f"#{colour.hex()}")) == f"#{colour.hex()}"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--colour", "purple"], "six digits; this is purple"),
        (["--name", " "], "the event's name"),
        (["--name", "x" * 61], "up to 60 characters"),
        (["--name", "two\nlines"], "on one line"),
        (["--programme-of", "ada"], "under “Who I am”.*This is none: 'ada'"),
        (["--programme-of", f"{'a' * 64},{'b' * 63}"], "This is none: 'bbb"),
        (["--programme-of", ",".join(f"{n:064x}" for n in range(101))], "up to 100 authors"),
        (["--nodes", "node.example"], "such as https://node.example, .*This is none: 'node.example'"),
        (["--nodes", "https://a.example,ftp://b.example"], "This is none: 'ftp"),
        (["--nodes", ",".join(f"https://n{n}.example" for n in range(10))], "up to 9 nodes"),
    ],
)
def test_what_is_no_setting_is_told(arguments: list[str], words: str) -> None:
    with pytest.raises(Problem, match=words):
        from_arguments(arguments)


def test_settings_are_taken_from_among_other_options() -> None:
    event, others = from_arguments(["--port", "2020", "--name", "Fest", "--no-browser"])
    assert event.name == "Fest"
    assert others == ["--port", "2020", "--no-browser"]


def test_site_is_the_events(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(PAGE, "utf-8")
    (tmp_path / "style.css").write_text(STYLE, "utf-8")
    (tmp_path / "icon.svg").write_bytes(DRAWING.read_bytes())
    authors = ("--programme-of", f"{'A' * 64}, {'b' * 64},{'a' * 64}")
    nodes = ("--nodes", "https://a.example, http://localhost:2020/?a&b")
    event, _ = from_arguments(["--name", "Fest & <Feier> „27“", "--colour", "#22543d", *authors, *nodes])
    dress(tmp_path, event)
    page = (tmp_path / "index.html").read_text("utf-8")
    assert "<title>Fest &amp; &lt;Feier&gt; „27“</title>" in page
    assert f'<meta name="programme-of" content="{"a" * 64} {"b" * 64}">' in page
    assert '<meta name="nodes" content="https://a.example http://localhost:2020/?a&amp;b">' in page
    assert "--event-hue: 161.2; --event-chroma: 0.067;" in (tmp_path / "style.css").read_text("utf-8")
    manifest = json.loads((tmp_path / "manifest.webmanifest").read_text("utf-8"))
    assert manifest["name"] == "Fest & <Feier> „27“"
    assert manifest["start_url"] == manifest["scope"] == "./"
    assert all((tmp_path / icon["src"]).exists() for icon in manifest["icons"])
