"""What a page gets of an answer, in CPython: what many lead to is in it once, and nothing leads in circles."""

import asyncio
import json
from typing import Any

from panda_web import messages
from panda_web.browser.answers import answer_to_json
from panda_web.client import Answer
from panda_web.messages import Relation, infer_all
from tests.authors import Author
from tests.node.test_include import Festival, festival, filled  # noqa: F401, fixtures


def ask(festival: Festival, schema: str, **params: Any) -> Answer:  # noqa: F811
    async def run() -> Answer:
        async with festival.client() as panda:
            return await panda.query(schema, **params)

    return asyncio.run(run())


def test_what_many_lead_to_is_written_once(filled: Festival) -> None:  # noqa: F811
    answer = ask(
        filled, filled.talks, order_by=["title"], include=["room", "speakers.home"], select=["title"]
    )
    found = answer_to_json(answer)
    included = found["included"]
    one, two = found["instances"]
    assert sorted(each["title"] for each in included) == ["Curie", "Lise", "Marie", "Paris"]
    assert one["_included"]["room"] == two["_included"]["room"]
    assert included[one["_included"]["room"]]["title"] == "Curie"
    assert one.keys() == {"title", "id", "_meta", "_included"}
    lise, marie = (included[place] for place in two["_included"]["speakers"])
    assert [lise["title"], lise["_included"]] == ["Lise", {"home": None}]
    assert included[marie["_included"]["home"]]["title"] == "Paris"
    assert "_included" not in included[marie["_included"]["home"]]
    assert all(each["_meta"]["signed"] for each in included)
    assert answer_to_json(ask(filled, filled.talks))["included"] == []
    assert "_included" not in answer_to_json(ask(filled, filled.talks))["instances"][0]


def test_instances_that_lead_to_each_other_make_no_circle(filled: Festival) -> None:  # noqa: F811
    """However often a path goes round: each is there once for each of the ends of the path that are left."""
    ids = {each["title"]: each.id for each in ask(filled, filled.speakers)}
    author, marie = filled.logs[filled.speakers], bytes.fromhex(ids["Marie"])
    filled.node.publish(*author.update(marie, filled.speakers, friend=Relation(ids["Lise"])))
    found = answer_to_json(ask(filled, filled.speakers, include=["friend.friend.friend.friend"]))
    assert len(found["included"]) == 8
    assert len(json.dumps(found)) < 10_000
    names, at = [], found["instances"][0]["_included"]["friend"]
    while at is not None:
        names.append(found["included"][at]["title"])
        at = found["included"][at].get("_included", {}).get("friend")
    assert sorted(names) == ["Lise", "Lise", "Marie", "Marie"]


def test_field_that_is_called_as_what_comes_beside_an_instance(festival: Festival) -> None:  # noqa: F811
    """A stranger may write such a message without a schema: a page reads nothing there that is not checked."""
    schema = "0040" + "67" * 64
    fields = infer_all({"title": "x", "_included": "1", "_entries": "2"})
    festival.node.publish(*Author().write(messages.create(schema, fields)))
    (only,) = answer_to_json(ask(festival, schema))["instances"]
    assert only.keys() == {"title", "id", "_meta"}
