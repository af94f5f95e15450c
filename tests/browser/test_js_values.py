"""JavaScript's values take their type from the schema, in three engines."""

import asyncio
from typing import Any

import pytest

from panda_web.bamboo import digest
from panda_web.client import Client
from panda_web.keys.with_cryptography import CryptographySigner
from panda_web.messages import Field, Relation
from panda_web.messages.schema import DEFINITION, schema_from_dict
from tests.browser.api import Api, refusal
from tests.browser.asking import instances_at
from tests.processes import ServedNode

ROOM: dict[str, Any] = {
    "name": "room",
    "description": "Where talks are held",
    "fields": {
        "name": {"type": "varchar", "validation": "[A-Z].*"},
        "area": {"type": "float"},
        "seats": {"type": "integer", "optional": True},
        "numbers": {"type": "integer[]", "optional": True},
        "sizes": {"type": "float[]", "optional": True},
        "beside": {"type": "relation", "schema": "self", "optional": True},
    },
}


def big(api: Api, method: str, *arguments: object) -> Any:
    """A call in which `"5n"` is the BigInt 5n."""
    outcome = api.do("callBig", method, *arguments)
    assert "error" not in outcome, outcome["error"]
    return outcome["value"]


def test_a_schema_decides(api: Api, empty_node: ServedNode) -> None:
    room = api.call("define", ROOM)
    assert room == {"id": room["id"], **ROOM}
    assert api.call("define", ROOM) == api.call("schema", room["id"]) == room
    assert [
        one.id
        for one in instances_at(empty_node.url, DEFINITION.id or "")
        if one.author == api.opened["author"]
    ] == [room["id"]]
    hall = api.call("create", room["id"], {"name": "Hall", "area": 80, "sizes": [], "seats": 3})["id"]
    values = {"name": "Cellar", "area": 12.5, "numbers": [1, 2], "sizes": [1, 0.5], "beside": hall}
    cellar = api.call("create", room["id"], values)["id"]
    api.call("update", room["id"], hall, {"area": 81})
    found = {one.id: one.fields for one in instances_at(empty_node.url, room["id"])}
    assert found[hall] == {
        "name": Field("str", "Hall"),
        "area": Field("float", 81.0),
        "seats": Field("int", 3),
    }
    api.call("update", room["id"], hall, {"seats": None})
    found[hall] = next(one.fields for one in instances_at(empty_node.url, room["id"]) if one.id == hall)
    assert found[hall] == {"name": Field("str", "Hall"), "area": Field("float", 81.0)}
    assert (found[cellar]["sizes"], found[cellar]["beside"]) == (
        Field("float[]", (1.0, 0.5)),
        Field("relation", Relation(hall)),
    )
    (shown,) = api.call("query", room["id"], {"filter": {"beside": hall}})["instances"]
    assert {name: shown[name] for name in values} == values
    refused = {
        "pattern-not-matched": {"name": "hall", "area": 1},
        "field-missing": {"name": "Hall"},
        "field-unknown": {"name": "Hall", "area": 1, "colour": "red"},
        "value-type-mismatch": {"name": "Hall", "area": 1, "seats": 1.5},
        "relation-malformed": {"name": "Hall", "area": 1, "beside": "Cellar"},
        "field-type-ambiguous": {"name": "Hall", "area": {}},
    }
    assert api.refused("create", room["id"], {"name": "Hall", "area": None})[0] == "field-missing"
    assert api.refused("update", room["id"], hall, {"area": None})[0] == "field-required"
    assert {api.refused("create", room["id"], fields)[0] for fields in refused.values()} == refused.keys()
    assert api.call("pending") == 0


def test_a_schema_decides_that_nobody_asked_for(api: Api, empty_node: ServedNode) -> None:
    """Somebody else defined it; the page says nothing but its id."""

    async def define() -> str:
        async with Client(empty_node.url, CryptographySigner(bytes((9,)) * 32)) as panda:
            return str((await panda.define(schema_from_dict(ROOM))).id)

    room = asyncio.run(define())
    hall = api.call("create", room, {"name": "Hall", "area": 80})["id"]
    for fields, reason in (
        ({"name": "Cellar"}, "field-missing"),
        ({"name": "Cellar", "area": 1, "beside": "Hall"}, "relation-malformed"),
    ):
        assert api.refused("create", room, fields)[0] == reason
    api.call("create", room, {"name": "Cellar", "area": 1, "beside": hall})
    found = {one["name"]: one.fields for one in instances_at(empty_node.url, room)}
    assert found["Hall"]["area"] == Field("float", 80.0)
    assert found["Cellar"]["beside"] == Field("relation", Relation(hall))
    assert api.call("pending") == 0


@pytest.mark.parametrize("known", [True, False])
def test_bigints_come_and_go(api: Api, empty_node: ServedNode, known: bool) -> None:
    definition = {**ROOM, "description": f"{api.tab.engine.name} {known}"}
    schema = api.call("define", definition)["id"] if known else digest(api.tab.engine.name.encode()).hex()
    most, least = 2**63 - 1, -(2**63)
    given = {
        "name": "A",
        "area": 0.5,
        "seats": f"{most}n",
        "numbers": [f"{least}n", "1n", 2, f"{2**53 + 1}n"],
    }
    written = big(api, "create", schema, given)
    (instance,) = instances_at(empty_node.url, schema)
    assert instance.fields["seats"] == Field("int", most)
    assert instance.fields["numbers"] == Field("int[]", (least, 1, 2, 2**53 + 1))
    (found,) = big(api, "query", schema, {"filter": {"seats": f"{most}n"}})["instances"]
    assert (found["seats"], found["numbers"]) == (f"{most}n", [f"{least}n", 1, 2, f"{2**53 + 1}n"])
    assert big(api, "query", schema, {"filter": {"seats": f"{most - 1}n"}})["instances"] == []
    big(api, "update", schema, written["id"], {"seats": f"{2**53}n"})
    (found,) = big(api, "query", schema)["instances"]
    assert found["seats"] == f"{2**53}n"
    for wrong in (most + 1, least - 1, 10**1000):
        outcome = api.do("callBig", "create", schema, {**given, "seats": f"{wrong}n"})
        assert refusal(outcome)[0] == "integer-out-of-range"


def test_without_a_schema_values_say_what_they_are(api: Api, empty_node: ServedNode) -> None:
    schema = digest(b"unknown " + api.tab.engine.name.encode()).hex()
    at = api.call("create", schema, {"n": 3, "x": {"type": "float", "value": 3}})["id"]
    api.call(
        "update", schema, at, {"of": {"type": "relation", "value": at}, "all": {"type": "str[]", "value": []}}
    )
    (instance,) = instances_at(empty_node.url, schema)
    assert instance.fields == {
        "n": Field("int", 3),
        "x": Field("float", 3.0),
        "of": Field("relation", Relation(at)),
    }
    (found,) = api.call("query", schema)["instances"]
    assert (found["n"], found["x"], found["of"], "all" in found) == (3, 3, at, False)
    assert api.refused("update", schema, at, {"n": None})[0] == "field-type-ambiguous"
    api.call("update", schema, at, {"n": {"type": "int[]", "value": []}})
    (found,) = api.call("query", schema)["instances"]
    assert "n" not in found


def test_schemas_that_are_none(api: Api) -> None:
    assert api.refused("schema", digest(b"nobody's").hex())[0] == "schema-not-found"
    assert api.refused("schema", "room")[0] == "schema-name-ambiguous"  # the festival has one as well
    assert api.refused("define", "room")[0] == "invalid-params"
    assert api.refused("define", {"name": "room"})[0] == "definition-key-missing"
    assert api.refused("define", {**ROOM, "id": "x"})[0] == "definition-key-unknown"
    assert api.refused("define", {**ROOM, "fields": {"id": {"type": "text"}}})[0] == "field-name-reserved"
