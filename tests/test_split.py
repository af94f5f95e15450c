"""tools/split.py: two modules do what one did, whichever functions are in which; Node is asked."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tools import nodejs, runtime, split, tables, wasm
from tools.kept import ROOT
from tools.tables import Table

I32 = b"\x7f"
TYPES = (b"\x60\2" + 2 * I32 + b"\1" + I32, b"\x60\1" + I32 + b"\1" + I32, b"\x60\0\0")
BINARY, UNARY = 0, 1
LONELY = 2
SECOND = ROOT / "web" / "worker" / "second.js"
NONE_AT_ALL = b"\0"
PADDING = b"\1" * split.SMALL
"""`nop`: a function that is not small may be in the second module."""

RUN = """
import { readFileSync } from "node:fs";
const [first, second, calls] = process.argv.slice(2);
let loads = 0;
const called = [];
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(first)), {
  env: { twice: (n) => 2 * n },
  panda: {
    called: (n) => called.push(n),
    load() {
      loads += 1;
      if (second === "none") throw new Error("not here");
      new WebAssembly.Instance(new WebAssembly.Module(readFileSync(second)), { panda: exports });
    },
  },
});
const results = JSON.parse(calls).map(([name, ...given]) => {
  try {
    return exports[name](...given);
  } catch (error) {
    return error.message;
  }
});
console.log(JSON.stringify({ results, loads, called, top: exports.top.value }));
"""

BEFORE_PYTHON = """
import { readFileSync } from "node:fs";
globalThis.self = globalThis;
const [worker, first, second] = process.argv.slice(2);
const { Second } = await import(worker);
const part = new Second(() => { throw new Error("fetched"); });
const imports = { env: { twice: (n) => 2 * n } };
part.replace(imports);
part.take(readFileSync(second));
const module = new WebAssembly.Module(readFileSync(first));
const seen = [];
for (const _ of [1, 2]) {
  const { exports } = new WebAssembly.Instance(module, imports);
  const look = () => seen.push([...new Uint8Array(exports.memory.buffer, 64, 8)].join(""));
  part.follow(exports);
  part.again();
  look(); // nobody has called it
  await part.work();
  look();
  new Uint8Array(exports.memory.buffer).fill(0);
  seen.push(exports.sum(3, 4));
  look(); // it is there, and does not write them again
  part.again();
  look();
}
console.log(JSON.stringify(seen));
"""


def body(*code: bytes) -> bytes:
    return NONE_AT_ALL + PADDING + b"".join(code) + b"\x0b"


def get(place: int) -> bytes:
    return bytes([0x20, place])


def call(function: int) -> bytes:
    return bytes([0x10, function])


ADD, SUB, MUL = b"\x6a", b"\x6b", b"\x6c"
ONE = b"\x41\1"
FIVES = b"\5" * 8
TABLE = Table("fives", 64, 72)
OF_TABLE = b"\x41\0\x2d\0" + wasm.number(TABLE.begin)
COUNTS = b"\x23\0" + ONE + ADD + b"\x24\0"
"""One more in the global."""


def module() -> wasm.Module:
    """`sum` and `product` call each other, themselves, what is imported, and others through the table."""
    exported = {
        "memory": (2, 0),
        "table": (1, 0),
        "top": (3, 0),
        "sum": (0, 1),
        "product": (0, 2),
        "chosen": (0, 4),
    }
    names = [wasm.sized(name.encode()) + bytes(about) for name, about in exported.items()]
    bodies = [
        # sum(a, b) = a + twice(b) + lonely(b)
        body(COUNTS, get(0), get(1), call(0), ADD, get(1), call(3), ADD),
        # product(a, b) = b <= 0 ? 0 : sum(a, product(a, b - 1)), and a table of branches in between
        body(
            b"\x02\x40\x02\x40", get(1), b"\x0e\2\0\0\1\x0b\x0b",
            get(1), b"\x45\x04\x7f\x41\0\x05", get(0), get(0), get(1), ONE, SUB, call(2), call(1), b"\x0b",
        ),
        # lonely(n) = n * n, and stores it; and what the table says, 5, less 5
        body(b"\x41\0", get(0), get(0), MUL, b"\x36\2\0", b"\x41\0\x28\2\0", OF_TABLE, ADD, b"\x41\5", SUB),
        # chosen(a, which) = table[which](a)
        body(COUNTS, get(0), get(1), b"\x11\1\0"),
    ]  # fmt: skip
    made = wasm.joined(
        [
            (wasm.TYPES, wasm.vector([*TYPES])),
            (wasm.IMPORTS, wasm.vector([wasm.sized(b"env") + wasm.sized(b"twice") + b"\0\1"])),
            (wasm.FUNCTIONS, bytes([4, BINARY, BINARY, UNARY, BINARY])),
            (wasm.TABLES, b"\1\x70\0\3"),
            (wasm.MEMORIES, b"\1\0\1"),
            (wasm.TAGS, b"\0"),
            (wasm.GLOBALS, b"\1\x7f\1\x41\0\x0b"),
            (wasm.EXPORTS, wasm.vector(names)),
            (wasm.ELEMENTS, b"\1\0\x41\1\x0b\2\3\0"),
            (wasm.DATA_COUNT, b"\2"),
            (wasm.CODE, wasm.vector([wasm.sized(each) for each in bodies])),
            (
                wasm.DATA,
                wasm.data_section(
                    [wasm.Segment(48, b"before"), wasm.Segment(60, b"\0" * 4 + FIVES + b"end")]
                ),
            ),
        ]
    )
    return wasm.read(made)


CALLS = [
    ["sum", 3, 4],
    ["product", 3, 5],
    ["chosen", 7, 1],
    ["chosen", 7, 2],
    ["sum", 1, 1],
    ["chosen", 7, 0],
]


def twice(number: int) -> int:
    return 2 * number


def total(one: int, other: int) -> int:
    return one + twice(other) + other * other


def product(one: int, other: int) -> int:
    return 0 if other == 0 else total(one, product(one, other - 1)) & 0xFFFFFFFF


def run(directory: Path, *modules: bytes | None) -> dict[str, object]:
    """What comes of CALLS; a second module of None cannot be had."""
    (directory / "run.mjs").write_text(RUN, "utf-8")
    words = []
    for number, data in enumerate(modules):
        path = directory / f"{number}.wasm"
        path.write_bytes(data or b"")
        words.append(str(path) if data is not None else "none")
    command = [sys.executable, "-c", nodejs.NODE, directory / "run.mjs", *words, json.dumps(CALLS)]
    result: dict[str, object] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return result


def test_what_was_called_is_told_once(tmp_path: Path) -> None:
    told = run(tmp_path, split.noting(module()), b"")
    assert told["called"] == [0, 2, 1, 3]
    results = told["results"]
    assert isinstance(results, list)
    signed = [value & 0xFFFFFFFF if isinstance(value, int) else value for value in results]
    assert signed[:5] == [total(3, 4), product(3, 5), 49, 14, total(1, 1)]
    assert "null" in str(results[5])


@examples(1, dear=True)
@given(st.sets(st.integers(0, 3)))
def test_two_modules_do_what_one_did(tmp_path_factory: pytest.TempPathFactory, called: set[int]) -> None:
    directory = tmp_path_factory.mktemp("split")
    whole = run(directory, split.noting(module()), b"")
    first, second = split.split(module(), called, [TABLE])
    parts = run(directory, first, second)
    assert (parts["results"], parts["top"]) == (whole["results"], whole["top"])
    assert parts["loads"] == (0 if called >= {0, 1, 2, 3} else 1)
    assert (FIVES in first, FIVES in second) == (LONELY in called, LONELY not in called)


def test_a_second_module_that_is_not_there_is_asked_for_again(tmp_path: Path) -> None:
    first, _ = split.split(module(), {1, 2, 3})
    parts = run(tmp_path, first, None)
    assert parts["results"][0] == parts["results"][4] == "not here"  # type: ignore[index]
    assert parts["results"][2:4] == [49, 14]  # type: ignore[index]


def test_second_module_and_its_tables_are_there_before_python_begins(tmp_path: Path) -> None:
    """In one instance after the other, where a start has failed; and whoever calls it fetches nothing."""
    (tmp_path / "run.mjs").write_text(BEFORE_PYTHON, "utf-8")
    for name, data in zip(("first", "second"), split.split(module(), {0, 1, 3}, [TABLE]), strict=True):
        (tmp_path / name).write_bytes(data)
    words = [SECOND.as_uri(), tmp_path / "first", tmp_path / "second"]
    command = [sys.executable, "-c", nodejs.NODE, tmp_path / "run.mjs", *words]
    seen = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    zeros, fives = "0" * 8, "5" * 8
    assert seen == 2 * [zeros, fives, total(3, 4) - 5, zeros, fives]


def test_equal_modules_make_equal_parts() -> None:
    assert split.split(module(), {0, 2}) == split.split(module(), [2, 0])


@given(st.lists(st.tuples(st.integers(0, 9), st.binary(min_size=1, max_size=20)), max_size=4), st.data())
def test_data_in_two_parts_is_what_it_was(pieces: list[tuple[int, bytes]], more: st.DataObject) -> None:
    written, at = [], 0
    for gap, data in pieces:
        written.append(wasm.Segment(at + gap, data))
        at += gap + len(data)
    ends = st.lists(st.integers(0, at), max_size=6, unique=True).map(sorted)
    borders = more.draw(ends)
    out = [Table("any", *pair) for pair in zip(borders[::2], borders[1::2], strict=False)]
    kept, taken = tables.parted(written, out)
    inside = {place for table in out for place in range(table.begin, table.end)}
    for part, is_inside in ((kept, False), (taken, True)):
        assert all(
            (place in inside) == is_inside
            for begin, data in part
            for place in range(begin, begin + len(data))
        )
    whole, again = bytearray(at), bytearray(at)
    for memory, part in ((whole, written), (again, [*kept, *taken])):
        for begin, data in part:
            memory[begin : begin + len(data)] = data
    assert again == whole


def test_what_may_be_an_address() -> None:
    """Offsets and constants; neither what is below zero, nor what only masks."""
    assert wasm.addresses(
        body(
            *(b"\x41" + wasm.signed(70_000), b"\x2d\0" + wasm.number(80_000), b"\x1a"),
            *(b"\x41\x7f", b"\x41" + wasm.signed(90_000) + b"\x71", b"\x0e\1\5\6", b"\x44" + b"\x41" * 8),
        )
    ) == {70_000, 80_000}


def test_table_is_where_what_reads_it_is() -> None:
    """Where its address is in no function."""
    for called, is_first in (({0, 1}, False), ({0, 1, 3}, True)):
        first, second = split.split(module(), called, [TABLE._replace(readers=[3])])
        assert (FIVES in first, FIVES in second) == (is_first, not is_first)


def test_code_of_frozen_modules_is_where_it_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    pyodide = wasm.read((runtime.lean_pyodide() / runtime.RUNTIME).read_bytes())
    frozen = [each for each in tables.tables(pyodide) if each.readers]
    assert len(frozen) > 20
    (runs,) = {own for each in frozen for own in each.readers}
    first = [False] * len(pyodide.bodies)
    assert tables.later(pyodide, first, frozen) == frozen
    first[runs] = True
    assert tables.later(pyodide, first, frozen) == []
    monkeypatch.setattr(tables, "RUNS_FROZEN", "another")
    with pytest.raises(wasm.ChangedError, match="what runs frozen modules"):
        tables.tables(pyodide)


def test_what_is_told_of_functions_comes_later() -> None:
    """Not where another text is the end of it, nor how it is called: Python looks for that in it."""
    told = "Tells at length what it is that it does for whoever calls it, and why."
    signature = b"f($module, one)\n--\n\n"
    texts = [signature + f"{told}{number}".encode() + b"\0" for number in range(2)]
    begin = [1 + len(signature), 1 + len(texts[0]) + len(signature)]
    memory = b"\0" + b"".join(texts) + bytes(-sum(map(len, texts), 1) % 4)
    assert [each.begin for each in tables.told(memory)] == begin
    (first, second) = tables.told(memory)
    assert memory[first.begin : first.end].decode() == f"{told}0"
    assert [*tables.told(memory + (second.end - 2).to_bytes(4, "little"))] == [first]


def test_another_pyodide_is_looked_at_anew() -> None:
    with pytest.raises(wasm.ChangedError, match="not where they were"):
        tables.tables(module())
