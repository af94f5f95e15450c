"""`panda.js` from a bare page of somebody's own, in three engines."""

import asyncio
import json
from typing import Any

import pytest

from panda_web.bamboo import digest
from panda_web.client import Client
from panda_web.keys.with_cryptography import CryptographySigner
from panda_web.messages.schema import schema_from_dict
from tests.browser.api import LONG, Api, Module, refusal
from tests.browser.asking import instances_at, talks_at, values_of, write_as_stranger
from tests.browser.festivals import event, schedule, talks_of
from tests.browsers import StaticServer
from tests.find_browsers import ENGINES
from tests.processes import ServedNode


@pytest.mark.every_engine
def test_connect_tells_who_and_where(api: Api, empty_node: ServedNode) -> None:
    opened = api.opened
    assert len(bytes.fromhex(opened["author"])) == 32
    assert opened["keyKind"] == "webcrypto"
    assert opened["node"] == empty_node.url
    assert opened["readOnly"] is None
    assert {"download", "start"} <= set(opened["stages"])


FIELDS: dict[str, Any] = {
    "text": "Grüße 🐼 \u0000 \u202e <b>",
    "empty": "",
    "integer": 42,
    "least": -(2**53) + 1,
    "most": 2**53 - 1,
    "float": 3.5,
    "tiny": 5e-324,
    "huge": 1.7976931348623157e308,
    "yes": True,
    "no": False,
    "texts": ["a", "", "🐼"],
    "integers": [1, -2, 3],
    "floats": [0.5, 1.25],
    "booleans": [True, False],
    "__proto__": "a name like any other",
    "ключ": "value",
}


@pytest.mark.every_engine
def test_every_kind_of_field_comes_back(api: Api, schema: str, empty_node: ServedNode) -> None:
    written = api.call("create", schema, FIELDS)
    assert written["acknowledged"] is True
    assert written["id"] == written["entryHash"]
    page = api.call("query", schema)
    (found,) = page["instances"]
    meta = found.pop("_meta")
    assert found == {**FIELDS, "id": written["id"]}
    assert (meta["author"], meta["edited"], meta["signed"], meta["verified"]) == (
        api.opened["author"],
        False,
        True,
        True,
    )
    assert (meta["lastEntry"], page["rejected"]) == (written["entryHash"], [])
    (instance,) = instances_at(empty_node.url, schema)
    assert values_of(instance) == FIELDS
    kinds = {name: field.type for name, field in instance.fields.items()}
    assert (kinds["integer"], kinds["float"], kinds["yes"], kinds["texts"]) == (
        "int",
        "float",
        "bool",
        "str[]",
    )


def test_update_changes_and_delete_ends(api: Api, schema: str) -> None:
    first = api.call("create", schema, {"title": "One", "n": 1})
    second = api.call("update", schema, first["id"], {"n": 2, "more": [1]})
    assert (second["id"], second["acknowledged"]) == (first["id"], True)
    assert second["entryHash"] != first["id"]
    (found,) = api.call("query", schema)["instances"]
    assert {name: found[name] for name in ("title", "n", "more")} == {"title": "One", "n": 2, "more": [1]}
    assert (found["_meta"]["edited"], found["_meta"]["lastEntry"]) == (True, second["entryHash"])
    third = api.call("delete", schema, first["id"])
    assert third["id"] == first["id"]
    assert api.call("query", schema) == {"instances": [], "rejected": [], "after": None}
    assert api.refused("update", schema, first["id"], {"n": 3})[0] == "instance-not-own"


def test_query_filters_orders_and_pages(api: Api, schema: str) -> None:
    kinds = ("even", "odd")
    made = api.do("callAll", [["create", schema, {"n": n, "kind": kinds[n % 2]}] for n in range(1, 8)])
    ids = {n: one["value"]["id"] for n, one in enumerate(made, 1)}
    assert len(set(ids.values())) == 7

    def numbers(**query: object) -> list[int]:
        return [found["n"] for found in api.call("query", schema, query)["instances"]]

    assert numbers(orderBy=["n"]) == [1, 2, 3, 4, 5, 6, 7]
    assert numbers(filter={"kind": "odd"}, orderBy=["-n"]) == [7, 5, 3, 1]
    assert numbers(filter={"n": 3}) == [3]
    assert numbers(filter={"id": ids[6]}) == [6]
    assert numbers(filter={"kind": "odd", "n": 2}) == []
    assert numbers(filter={"author": "77" * 32}) == []
    assert numbers(schema=digest(b"another").hex(), filter={"n": 3}) == [3]
    assert numbers(orderBy=["kind", "-n"], limit=4) == [6, 4, 2, 7]
    assert api.call("count", schema, {"filter": {"n": {"gt": 2}}}) == 5
    pages, after = [], None
    while (page := api.call("query", schema, {"orderBy": ["-n"], "limit": 3, "after": after}))["instances"]:
        pages.append([found["n"] for found in page["instances"]])
        after = page["after"]
    assert pages == [[7, 6, 5], [4, 3, 2], [1]]


def test_a_name_stands_for_a_schema_and_its_fields_are_held_to_it(api: Api, empty_node: ServedNode) -> None:
    """Nobody in this page asked for the schema before."""
    place = schema_from_dict({"name": "place", "description": "", "fields": {"area": {"type": "float"}}})

    async def define() -> str:
        async with Client(empty_node.url, CryptographySigner.generate()) as panda:
            return str((await panda.define(place)).id)

    defined = asyncio.run(define())
    assert api.refused("create", "place", {"area": "wide"})[0] == "value-type-mismatch"
    assert api.refused("create", "place", {"width": 3})[0] == "field-unknown"
    written = api.call("create", "place", {"area": 3})
    (found,) = instances_at(empty_node.url, defined)
    assert (found.id, found.fields["area"].type, found["area"]) == (written["id"], "float", 3.0)
    api.call("update", "place", written["id"], {"area": 4})
    assert [each["area"] for each in api.call("query", "place")["instances"]] == [4]
    assert api.call("schema", "place")["id"] == defined
    api.call("delete", "place", written["id"])
    assert api.do("toArray", "place")["value"]["instances"] == []


@pytest.mark.every_engine
def test_creates_side_by_side_make_one_log(api: Api, schema: str, empty_node: ServedNode) -> None:
    outcomes = api.do("callAll", [["create", schema, {"n": n}] for n in range(20)])
    assert all(outcome["value"]["acknowledged"] for outcome in outcomes)
    instances = instances_at(empty_node.url, schema)
    assert len({(instance.author, instance.log_id) for instance in instances}) == 1
    assert sorted(instance.seq_num for instance in instances) == list(range(1, 21))
    assert sorted(instance["n"] for instance in instances) == list(range(20))
    assert api.call("pending") == 0


def test_what_is_wrong_has_a_reason(api: Api, schema: str, empty_node: ServedNode) -> None:
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    reasons = {
        "no field": api.refused("create", schema, {}),
        "empty list": api.refused("create", schema, {"a": []}),
        "mixed list": api.refused("create", schema, {"a": [1, "b"]}),
        "object": api.refused("create", schema, {"a": {"b": 1}}),
        "null": api.refused("create", schema, {"a": None}),
        "too large": api.refused("create", schema, {"a": "x" * (1 << 20)}),
        "no schema": api.refused("create", "no such schema", {"a": 1}),
        "half an id": api.refused("create", "0040" + "7" * 127, {"a": 1}),
        "no fields": api.refused("create", schema, [1]),
        "unknown instance": api.refused("update", schema, "0040" + "77" * 64, {"a": 1}),
        "deleting nothing": api.refused("delete", schema, "0040" + "77" * 64),
        "unknown option": api.refused("query", schema, {"page": 2}),
        "limit": api.refused("query", schema, {"limit": 0}),
        "filter": api.refused("query", schema, {"filter": {"a": {"b": 1}}}),
        "too deep": api.refused("create", schema, {"a": deep}),
        "filter too deep": api.refused("query", schema, {"filter": {"a": deep}}),
        "cursor": api.refused("query", schema, {"after": "behind the last one"}),
    }
    assert {what: reason for what, (reason, _) in reasons.items()} == {
        "no field": "fields-empty",
        "empty list": "field-type-ambiguous",
        "mixed list": "field-type-ambiguous",
        "object": "field-type-ambiguous",
        "null": "field-type-ambiguous",
        "too large": "payload-too-large",
        "no schema": "schema-name-unknown",
        "half an id": "invalid-params",
        "no fields": "invalid-params",
        "unknown instance": "instance-not-own",
        "deleting nothing": "instance-not-own",
        "unknown option": "invalid-params",
        "limit": "invalid-params",
        "filter": "invalid-params",
        "too deep": "invalid-params",
        "filter too deep": "invalid-params",
        "cursor": "invalid-params",
    }
    assert reasons["half an id"][1]["param"] == "schema"
    assert reasons["limit"][1]["param"] == "limit"
    assert reasons["unknown option"][1]["param"] == "page"
    assert instances_at(empty_node.url, schema) == []
    assert api.call("pending") == 0


def test_value_that_is_none_is_refused(api: Api, schema: str, empty_node: ServedNode) -> None:
    """And never left out, or sent as something else: a query would give everybody's rows, an update lose a value."""
    first = api.call("create", schema, {"title": "A", "value": "a"})["id"]
    in_python = {
        "big": ["integer-out-of-range"] * 3,
        "surrogate": ["text-malformed", "text-malformed", "invalid-params"],
        "object": ["field-type-ambiguous", "field-type-ambiguous", "invalid-params"],
        "lists": ["field-type-ambiguous", "field-type-ambiguous", "invalid-params"],
        "mixed": ["field-type-ambiguous", "field-type-ambiguous", "invalid-params"],
    }
    for kind, outcomes in api.do("odd", schema, first).items():
        told = [refusal(outcome)[0] for outcome in outcomes]
        assert told == [*in_python.get(kind, ["invalid-params"] * 3), *["invalid-params"] * 4], kind
        if kind not in in_python and kind != "thrower":  # which throws something of the page's own
            assert outcomes[0]["error"]["data"]["param"].startswith("fields.value"), kind
            assert outcomes[2]["error"]["data"]["param"].startswith("filter.value"), kind
    (instance,) = instances_at(empty_node.url, schema)
    assert instance.values == {"title": "A", "value": "a"}
    assert api.call("pending") == 0
    for name in ("id", "_meta", "_entries"):
        assert api.refused("create", schema, {name: "a"})[0] == "field-name-reserved"
        assert api.refused("update", schema, first, {name: "a"})[0] == "field-name-reserved"
    assert api.call("create", schema, {"after": "it goes on"})["acknowledged"]


def test_numbers_come_back_as_they_are(api: Api, schema: str) -> None:
    same, found = api.do("numbers", schema)
    assert same == [True] * len(same)
    assert found == [1] * len(found)


def test_instance_of_another_author_is_refused(api: Api, empty_node: ServedNode) -> None:
    schema = api.opened["talkSchema"]
    (talk,) = write_as_stranger(
        empty_node.url, {"guid": f"strange {api.tab.engine.name}", "title": "Not yours"}
    )
    assert api.refused("update", schema, talk, {"title": "Mine"})[0] == "instance-not-own"
    assert api.refused("delete", schema, talk)[0] == "instance-not-own"
    (seen,) = api.call("query", schema, {"filter": {"id": talk}})["instances"]
    assert (seen["title"], seen["_meta"]["verified"]) == ("Not yours", True)


@pytest.mark.engines("webkit", "chromium", "firefox")
def test_every_start_comes_to_its_end(api: Api, long: bool) -> None:
    """WebKit's workers slept through one in fifteen; every other test of WebKit begins with one too."""
    for _ in range(40 if long else 5):
        assert api.do("open", {"node": api.node, "mode": api.mode, "patience": 20})["problems"] == []


@pytest.mark.engines("webkit")
def test_connections_that_end_at_once_leave_storage_that_works(api: Api, schema: str, long: bool) -> None:
    """A worker that ends in the middle of a transaction takes the database with it."""
    api.do("openAndClose", 20 if long else 10, {"node": api.node, "mode": api.mode, "patience": LONG})
    api.do("open", {"node": api.node, "mode": api.mode, "patience": LONG})
    assert api.call("create", schema, {"n": 1})["acknowledged"] is True


@pytest.mark.every_engine
def test_start_can_be_cancelled(api: Api) -> None:
    assert refusal(api.do("connectAborted"))[0] == "cancelled"


def test_address_that_is_none(api: Api) -> None:
    for address in ("ftp://node.example/", "http://", "https://name:word@node.example/"):
        assert refusal(api.do("connectTo", {"node": address, "patience": LONG}))[0] == "node-address-wrong"


def test_arguments_that_are_none(api: Api) -> None:
    assert [refusal(outcome)[0] for outcome in api.do("mistaken")] == ["invalid-params"] * 4


def festival(api: Api, count: int) -> dict[str, Any]:
    """A schedule of this engine's own."""
    number = ENGINES.index(api.tab.engine.name) + 1
    return schedule(*(event(number * 1000 + n) for n in range(count)))


def test_import_can_be_cancelled_and_goes_on(api: Api, empty_node: ServedNode) -> None:
    file = festival(api, 80)
    wanted = talks_of(file)
    text = json.dumps(file)
    untouched = api.do("cancelImport", text, 0)
    assert refusal(untouched)[0] == "cancelled"
    assert untouched["seen"] == []
    stopped = api.do("cancelImport", text, 16)
    assert refusal(stopped)[0] == "cancelled"
    done, total = stopped["seen"][-1]
    assert 16 <= done < total == 80
    there = talks_at(empty_node.url).keys() & wanted.keys()
    assert done <= len(there) < 80
    result = api.call("importSchedule", text)
    assert (result["published"] + result["unchanged"], result["total"]) == (80, 80)
    held = talks_at(empty_node.url)
    assert {guid: held[guid] for guid in wanted} == wanted
    nothing = {"published": 0, "updated": 0, "withdrawn": 0, "unchanged": 80, "total": 80, "leftOut": []}
    assert api.call("importSchedule", text) == nothing


def test_import_of_no_schedule_is_refused(api: Api) -> None:
    assert api.refused("importSchedule", '{"days": []}')[0] == "not-a-schedule"


@pytest.mark.every_engine
def test_node_that_is_gone(api: Api, schema: str, empty_node: ServedNode) -> None:
    """And what waits is sent by itself once it is there again."""
    api.call("create", schema, {"n": 1})
    empty_node.kill()
    try:
        assert api.call("pending") == 0
        assert api.refused("query", schema)[0] == "node-unreachable"
        written = api.call("create", schema, {"n": 2})
        assert written["acknowledged"] is False
        assert api.call("pending") == 1
        assert api.refused("flush")[0] == "node-unreachable"
        api.do("statusUntil", "unreachable", 1)
    finally:
        empty_node.start()
    told = api.do("statusUntil", "connected", 0)["value"]["told"]
    (at_node,) = told[-1].pop("nodes")
    assert told[-1] == {"state": "connected", "pending": 0, "forks": [], "error": None}
    assert (at_node["state"], at_node["pending"], at_node["error"]) == ("connected", 0, None)
    assert api.call("flush") == 0
    assert sorted(instance["n"] for instance in instances_at(empty_node.url, schema)) == [1, 2]


@pytest.mark.every_engine
def test_page_hears_how_things_stand_while_nobody_calls(api: Api, empty_node: ServedNode) -> None:
    assert api.do("statusUntil", "connected", 0)["value"]["told"][-1]["error"] is None
    empty_node.kill()
    try:
        api.do("statusUntil", "unreachable", 0)
    finally:
        empty_node.start()
    api.do("statusUntil", "connected", 0)


@pytest.mark.every_engine
def test_close_ends_what_is_under_way(api: Api, schema: str) -> None:
    outcomes = api.do("closeWhileBusy", {"node": api.node, "mode": api.mode, "patience": LONG}, schema)
    assert [refusal(outcome)[0] for outcome in outcomes] == ["closed"] * 4
    assert api.call("pending") >= 0  # the other connection goes on


@pytest.mark.parametrize("stage", ["download", "start", "storage"])
def test_start_can_be_cancelled_while_it_runs(api: Api, website: StaticServer, stage: str) -> None:
    with api.tab.new_tab() as tab:
        tab.goto(website.url)
        tab.evaluate("() => caches.delete('panda-web')")  # else there is nothing to download
        outcome = Module(tab, "api.js")("cancelStart", api.node, stage)
        assert refusal(outcome)[0] == "cancelled"
