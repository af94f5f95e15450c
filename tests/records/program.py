"""A program that mypy looks at: what a dataclass is in, is what comes out."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_type

from panda_web import Answer, Client, Instance, Written
from panda_web.client.typed import Records
from panda_web.messages.schema import Schema
from panda_web.records import Meta, Record


@dataclass(frozen=True)
class Talk(Record):
    """What is said on a stage."""

    title: str
    start: datetime | None = None


async def work(panda: Client) -> None:
    """Uses all that takes a dataclass."""
    assert_type(await panda.define(Talk), Schema)
    assert_type(await panda.create(Talk("Opening")), Talk)
    assert_type(await panda.create_many([Talk("Opening")]), list[Talk])
    async for talk in panda.query(Talk, filter={"title": "Opening"}, order_by=["-start"]):
        assert_type(talk, Talk)
        assert_type(talk.meta, Meta)
        assert_type(await panda.update(talk, title="Ende"), Talk)
        assert_type(await panda.update(talk, Talk("Ende")), Talk)
        assert_type(await panda.delete(talk), Written)
    answer = await panda.query(Talk)
    assert_type(answer, Records[Talk])
    assert_type(answer[0], Talk)
    assert_type([each.title for each in answer], list[str])
    async for changed in panda.subscribe(Talk, order_by=["start"]):
        assert_type(changed.records, tuple[Talk, ...])
        assert_type(changed.changes[0].record, Talk | None)
    # By ids, as ever.
    assert_type(await panda.create("0040", {"title": "Opening"}), Written)
    assert_type(await panda.update("0040", "0040", {"title": "Ende"}), Written)
    assert_type(await panda.query("0040"), Answer)
    assert_type([each async for each in panda.query("0040")], list[Instance])
    panda.query(int)  # type: ignore[type-var]
    await panda.create("0040")  # type: ignore[call-overload]
