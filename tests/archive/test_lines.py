"""The file of an archive: what is written is read, in whatever pieces it comes, and what is none is named."""

import gzip
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.archive import ArchiveError, lines
from panda_web.archive.lines import HEADER, MAX_HEADER, MAX_LINE, Reader
from panda_web.rpc.methods import StoredEntry

ITEM = StoredEntry(b"\x00" * 8, b"a payload")
LINE = lines.written(ITEM)


def whole(*items: StoredEntry) -> bytes:
    return HEADER + b"".join(map(lines.written, items)) + lines.end(len(items))


def read(*pieces: bytes) -> list[StoredEntry]:
    reader = Reader()
    found = [each for piece in pieces for each in reader.feed(piece)]
    reader.end()
    assert [each.line for each in found] == list(range(2, 2 + len(found)))
    return [each.item for each in found]


def reason(*pieces: bytes) -> str:
    with pytest.raises(ArchiveError) as wrong:
        read(*pieces)
    assert len(str(wrong.value)) > 40, "a sentence to act on"
    return wrong.value.reason


items = st.builds(StoredEntry, st.binary(max_size=400), st.none() | st.binary(max_size=2000))


@given(st.lists(items, max_size=8), st.data())
def test_what_is_written_is_read(written: list[StoredEntry], data: st.DataObject) -> None:
    text = whole(*written)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    assert read(*(text[a:b] for a, b in pairwise([0, *cuts, len(text)]))) == written


def test_the_largest_entry_is_read() -> None:
    largest = StoredEntry(bytes(400), bytes(1 << 20))
    assert read(whole(largest)) == [largest]


def test_as_an_editor_of_texts_leaves_it() -> None:
    assert read(whole(ITEM, ITEM).replace(b"\n", b"\r\n")) == [ITEM, ITEM]


@given(st.lists(items, min_size=1, max_size=4), st.data())
def test_a_file_that_was_cut(written: list[StoredEntry], data: st.DataObject) -> None:
    text = whole(*written)
    cut = data.draw(st.integers(0, len(text) - 1))
    assert reason(text[:cut]) == ("not-an-archive" if cut < len(HEADER) else "archive-incomplete")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "not-an-archive"),
        (b"\xff\xfe\x00", "not-an-archive"),
        (b'{"talks": []}\n', "not-an-archive"),
        (b'{"pandaArchive":true}\n', "not-an-archive"),
        (b'{"pandaArchive":1,"more":2}\n', "not-an-archive"),
        (b"[" * MAX_HEADER + b"\n", "not-an-archive"),
        (b" " * (MAX_HEADER + 1), "not-an-archive"),
        (b'{"pandaArchive":2}\n', "archive-newer"),
        (HEADER + b"\n", "archive-line-malformed"),
        (HEADER + b"[" * 100_000 + b"\n", "archive-line-malformed"),
        (HEADER + b"[[],[],[],[],[],[],[],[],[]]\n", "archive-line-malformed"),
        (HEADER + b'{"entryBytes":"0","payloadBytes":null}\n', "archive-line-malformed"),
        (HEADER + b'{"entryBytes":"00"}\n', "archive-line-malformed"),
        (HEADER + b'{"entryBytes":"00","payloadBytes":7}\n', "archive-line-malformed"),
        (HEADER + b'{"entryBytes":"00","payloadBytes":null,"a":1}\n', "archive-line-malformed"),
        (HEADER + b'{"entryBytes":"00","entryBytes":"01","payloadBytes":null}\n', "archive-line-malformed"),
        (HEADER + b'{"entries":' + b"9" * 5000 + b"}\n", "archive-line-malformed"),
        (HEADER + b'{"entries":-1}\n', "archive-line-malformed"),
        (HEADER + lines.end(0) + LINE, "archive-line-malformed"),
        (HEADER + lines.end(0) + b" ", "archive-incomplete"),
        (HEADER + LINE + lines.end(2), "archive-incomplete"),
        (HEADER + LINE + lines.end(0), "archive-incomplete"),
    ],
    ids=lambda value: repr(value[:60]),
)
def test_what_is_none(text: bytes, why: str) -> None:
    assert reason(text) == why
    assert reason(*(text[n : n + 1] for n in range(min(len(text), 5000))), text[5000:]) == why


def test_a_file_that_is_compressed_is_said_to_be() -> None:
    with pytest.raises(ArchiveError, match="gunzip"):
        read(gzip.compress(whole(ITEM)))


@given(data=st.binary(max_size=300), behind=st.booleans())
def test_any_bytes(data: bytes, *, behind: bool) -> None:
    """Nothing but named errors."""
    assert reason((HEADER if behind else b"") + data)


def test_a_line_without_end_is_left_before_it_fills_the_memory() -> None:
    """A file of a GB of zeros: it is read in pieces, and none is asked for behind the longest line."""
    reader, piece, asked = Reader(), b"0" * (64 << 10), 0
    list(reader.feed(HEADER))
    tracemalloc.start()
    wrong = None
    while asked < 1 << 30 and wrong is None:
        asked += len(piece)
        try:
            list(reader.feed(piece))
        except ArchiveError as error:
            wrong = error.reason
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert wrong == "archive-line-too-long"
    assert asked <= MAX_LINE + len(piece)
    assert most < 3 * MAX_LINE
