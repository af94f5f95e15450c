"""What every `ClientStore` must do. Plain async functions: they run on CPython and inside Pyodide."""

import json
from collections.abc import Awaitable, Callable

from panda_web.client.errors import StoreConflict
from panda_web.client.store import ClientStore

Open = Callable[[], Awaitable[ClientStore]]
"""Opens the store; a second time while the first is open it is another tab on the same data."""


async def sets_and_gets(open_store: Open) -> None:
    store = await open_store()
    assert await store.get("a") is None
    await store.commit({"a": "1", "b": ""}, {"a": None})
    assert await store.get("a") == "1"
    assert await store.get("b") == ""
    await store.commit({"a": None, "b": "2"}, {})
    assert await store.get("a") is None
    assert await store.get("b") == "2"
    await store.close()


async def commits_only_what_was_expected(open_store: Open) -> None:
    store = await open_store()
    await store.commit({"x": "1"}, {})
    expectations: list[dict[str, str | None]] = [{"x": "2"}, {"x": None}, {"y": "1"}, {"x": "1", "y": "1"}]
    for expected in expectations:
        try:
            await store.commit({"x": "3", "z": "3"}, expected)
        except StoreConflict:
            pass
        else:
            raise AssertionError(expected)
        assert await store.get("x") == "1"
        assert await store.get("z") is None
    await store.commit({"x": "3"}, {"x": "1", "y": None})
    assert await store.get("x") == "3"
    await store.close()


async def commits_what_need_not_be_durable(open_store: Open) -> None:
    store = await open_store()
    await store.commit({"a": "1"}, {"a": None}, durable=False)
    assert await store.get("a") == "1"
    await store.commit({"b": "2"}, {"a": "1"})
    try:
        await store.commit({"a": "3"}, {"b": None}, durable=False)
    except StoreConflict:
        pass
    else:
        raise AssertionError(await store.get("a"))
    assert await store.scan("") == [("a", "1"), ("b", "2")]
    await store.close()


async def scans_in_order(open_store: Open) -> None:
    store = await open_store()
    texts: dict[str, str | None] = {f"entry/{n:010}": str(n) for n in (3, 1, 20, 100)}
    await store.commit({**texts, "entry": "no", "entrz/1": "no", "f": "no"}, {})
    found = await store.scan("entry/")
    assert found == [(f"entry/{n:010}", str(n)) for n in (1, 3, 20, 100)]
    assert await store.scan("entry/", start=f"{4:010}") == found[2:]
    assert await store.scan("entry/", start=f"{3:010}", most=2) == found[1:3]
    assert await store.scan("entry/", most=0) == []
    assert await store.scan("nothing") == []
    await store.close()


async def looks_at_a_key_and_a_prefix(open_store: Open) -> None:
    store = await open_store()
    assert await store.look("only", "log/") == (None, [])
    await store.commit({"log/2": "b", "log/1": "", "log": "no", "loh": "no", "only": "yes"}, {})
    found = [("log/1", ""), ("log/2", "b")]
    assert await store.look("only", "log/") == ("yes", found)
    assert await store.look("log/2", "log/") == ("b", found)  # also where the key is one of them
    assert await store.look("other", "log/") == (None, found)
    await store.commit({"log/1": None, "log/2": None}, {})
    assert await store.look("only", "log/") == ("yes", [])
    await store.close()


async def keeps_any_text(open_store: Open) -> None:
    store = await open_store()
    text = json.dumps({"n": 2**63}) + "\x00\n🐼" + "x" * 2_000_000
    await store.commit({"long": text}, {})
    assert await store.get("long") == text
    await store.close()


async def is_there_after_reopening(open_store: Open) -> None:
    store = await open_store()
    await store.commit({"kept": "yes"}, {})
    await store.close()
    store = await open_store()
    assert await store.get("kept") == "yes"
    await store.close()


async def two_tabs_see_each_other(open_store: Open) -> None:
    one, other = await open_store(), await open_store()
    await one.commit({"k": "1"}, {"k": None})
    assert await other.get("k") == "1"
    try:
        await other.commit({"k": "2"}, {"k": None})
    except StoreConflict:
        pass
    else:
        raise AssertionError("two tabs committed on the same condition")
    await other.commit({"k": "2"}, {"k": "1"})
    assert await one.get("k") == "2"
    await one.close()
    await other.close()


ALL = (
    sets_and_gets,
    commits_only_what_was_expected,
    commits_what_need_not_be_durable,
    scans_in_order,
    looks_at_a_key_and_a_prefix,
    keeps_any_text,
)
DURABLE = (is_there_after_reopening, two_tabs_see_each_other)
"""What only stores promise that outlive the process."""
