"""What a network brings: entries in any order, with gaps, forks, wrong sizes, deletes and late payloads."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from panda_web.node.schemas import register
from panda_web.rpc.methods import PUBLISH_ITEMS, QUERY, QUERY_ENTRIES, ItemOutcome
from tests.authors import OTHER_SCHEMA
from tests.examples import examples
from tests.node.branches import DEFINED, NOTE, NOTE_ID, Made, expected, made
from tests.node.test_publish import Harness

Offered = tuple[Made, bool]
"""An entry, and whether its payload comes with it."""


class Peered(Harness):
    """A node to which peers bring what they have."""

    def __init__(self, path: Path | None = None, **limits: int) -> None:
        super().__init__(path, **limits)
        self.publish(*DEFINED)
        asyncio.run(register(self.store, NOTE_ID))
        asyncio.run(self.node.views.add(NOTE))

    def bring(self, *items: Offered | Made) -> list[ItemOutcome]:
        """Brings some entries in one call."""
        pairs = [(item, True) if isinstance(item, Made) else item for item in items]
        found = self.call(
            PUBLISH_ITEMS,
            items=[
                {
                    "entryBytes": each.signed.encoded.hex(),
                    "payloadBytes": each.payload.hex() if with_payload else None,
                }
                for each, with_payload in pairs
            ],
        )
        assert [each.entry_hash for each in found] == [each.signed.hash.hex() for each, _ in pairs]
        return list(found)

    def states(self, logs: set[tuple[bytes, int]]) -> dict[str, str]:
        """Of all entries that are held of some logs, the states of their payloads."""
        found = {}
        for author, log_id in logs:
            for seq_num in range(1, 40):
                answer = asyncio.run(self.node.get_items(author, log_id, seq_num, seq_num, 0, 0, True))
                for item in answer["items"]:
                    assert (item["payloadBytes"] is not None) == (item["payloadState"] == "held")
                    found[item["entryHash"]] = item["payloadState"]
        return found

    def shown(self) -> dict[str, str]:
        """The notes that a query gives."""
        answer = self.call(QUERY, schema=NOTE_ID, limit=1000, proof=True)
        assert all(each["_entries"] for each in answer)
        return {each["id"]: each["text"] for each in answer}


def offer_all(node: Peered, calls: Sequence[Sequence[Offered]]) -> None:
    """Brings everything, and again what was not verified, until nothing more is taken."""
    stored = True
    while stored:
        outcomes = [one for call in calls if call for one in node.bring(*call)]
        stored = any(one.state == "stored" for one in outcomes)
        assert {one.state for one in outcomes} <= {"stored", "held", "path-missing"}
        assert all((one.state == "path-missing") == bool(one.missing) for one in outcomes)


@st.composite
def offers(draw: Any) -> tuple[dict[Made, bool], list[list[list[Offered]]]]:
    """What is offered, each with whether its payload ever is; and two ways to bring it: calls of items."""
    entries = draw(made())
    left_out = draw(st.sets(st.integers(0, 40), max_size=6))
    offered = {each: draw(st.integers(0, 5)) > 0 for n, each in enumerate(entries) if n not in left_out}
    ways = []
    for _ in range(2):
        items = list(offered.items())
        items += [(each, False) for each, payload in offered.items() if payload and draw(st.booleans())]
        items = draw(st.permutations(items))
        cuts = sorted(draw(st.sets(st.integers(0, len(items)), max_size=5)))
        ways.append([items[a:b] for a, b in zip([0, *cuts], [*cuts, len(items)], strict=True)])
    return offered, ways


@examples(2)
@given(offers())
def test_what_is_held_is_a_function_of_what_came(
    given_: tuple[dict[Made, bool], list[list[list[Offered]]]],
) -> None:
    """Not of the order, nor of what came with what; and it is what the rules say of all of it together."""
    offered, ways = given_
    logs = {each.place[:2] for each in offered}
    want = expected(offered)
    answers = []
    for calls in ways:
        node = Peered()
        offer_all(node, calls)
        assert node.states(logs) == want.states
        assert node.shown() == want.shown
        answers.append(node.call(QUERY_ENTRIES, schema=OTHER_SCHEMA))
        node.store.close()
    assert answers[0] == answers[1]
