"""p2panda-js 0.2.1 from npm, unmodified, as a client of our node: through its Session, over HTTP."""

import asyncio
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from panda_web import bamboo, messages
from panda_web.bamboo import digest
from panda_web.client import Answer, Client
from panda_web.keys.with_cryptography import CryptographySigner
from panda_web.messages import Field, Relation
from panda_web.rpc.connection import Connection
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.methods import PUBLISH_ENTRY, PUBLISH_ITEMS
from tests.authors import Author
from tests.interop.old_client import OldClient
from tests.interop.recorder import Recorder
from tests.processes import ServedNode

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedNode]:
    with ServedNode(tmp_path_factory.mktemp("node")) as served:
        yield served


@pytest.fixture(scope="module")
def relay(node: ServedNode) -> Iterator[Recorder]:
    """What lies between the old client and the node; no reply may be one that the old client cannot bear."""
    with Recorder(node.url) as recorder:
        yield recorder
    assert recorder.seen
    for headers, request, reply in recorder.seen:
        assert headers["content-type"] == "application/json"
        assert isinstance(request, dict), "it sends no batches"
        assert isinstance(request["id"], str)
        assert reply["id"] == request["id"], "an error with id null breaks it"
        assert ("result" in reply) != ("error" in reply), "{} hangs it"


class Old:
    """A session of the old client with a key and two schemas of its own."""

    def __init__(self, client: OldClient, endpoint: str, relay: Recorder | None = None) -> None:
        number = next(_NUMBERS)
        self._client = client
        self._relay = relay
        self.name = f"session {number}"
        self.seed = digest(b"old %d" % number)[2:34]
        self.schema, self.other = digest(b"schema %d" % number).hex(), digest(b"other %d" % number).hex()
        self.author = client.ask("open", session=self.name, endpoint=endpoint, privateKey=self.seed.hex())
        assert self.author == CryptographySigner(self.seed).author.hex()

    def at_once(self, *writes: Mapping[str, Any]) -> Any:
        """Begins writes without waiting; gives what was published, and the errors."""
        given = [{"schema": self.schema, **write} for write in writes]
        if len(writes) > 1 and self._relay is not None:
            self._relay.meet()
        return self._client.ask("write", session=self.name, writes=given)

    def write(self, **write: Any) -> str:
        """One write that must succeed; gives the entry's hash. Its bytes are held to our codecs."""
        found = self.at_once(write)
        assert found["errors"] == []
        (published,) = found["published"]
        check_bytes(published)
        return digest(bytes.fromhex(published["entry"])).hex()

    def create(self, schema: str | None = None, **fields: Any) -> str:
        return self.write(action="create", schema=schema or self.schema, fields=fields)

    def query(self, schema: str | None = None) -> list[Any]:
        """What its own materialisation makes of the node's answer."""
        return self._client.ask("query", session=self.name, schema=schema or self.schema)  # type: ignore[no-any-return]


def check_bytes(published: Mapping[str, str]) -> None:
    """What the old client publishes decodes here, and encodes to the same bytes."""
    encoded, payload = bytes.fromhex(published["entry"]), bytes.fromhex(published["message"])
    entry = bamboo.decode(encoded)
    unsigned = bamboo.Unsigned(**{name: getattr(entry, name) for name in bamboo.Unsigned.__slots__})
    assert unsigned.encode() + entry.signature == encoded
    bamboo.check_payload(entry, payload)
    assert messages.decode(payload).encode() == payload


@pytest.fixture
def old(old_client: OldClient, relay: Recorder) -> Old:
    return Old(old_client, relay.url, relay)


def ours(node: ServedNode, schema: str) -> Answer:
    """What our client reads."""

    async def read() -> Answer:
        async with Client(node.url) as panda:
            answer = await panda.query(schema).all()
            assert not answer.rejected
            assert all(instance.verified for instance in answer)
            return answer

    return asyncio.run(read())


def values(instances: Sequence[Any], name: str = "n") -> list[Any]:
    return sorted(instance[name] for instance in instances)


def test_create_update_delete_query(old: Old, node: ServedNode) -> None:
    made = [old.create(n=n, title="Ünïcødé 🐼", open=n % 2 == 0) for n in range(15)]
    old.write(action="update", id=made[1], fields={"title": "edited"})
    old.write(action="delete", id=made[2])
    old.write(action="update", id=made[1], fields={"n": 100})
    seen = {instance["_meta"]["id"]: instance for instance in old.query()}
    assert set(seen) == {*made} - {made[2]}
    assert values(list(seen.values())) == [0, *range(3, 15), 100]
    edited = seen[made[1]]
    assert (edited["title"], edited["open"], edited["n"]) == ("edited", False, 100)
    meta = edited["_meta"]
    assert (meta["author"], meta["schema"], meta["edited"], meta["deleted"]) == (
        old.author,
        old.schema,
        True,
        False,
    )
    assert len(meta["entries"]) == 3
    read = {instance.id: instance for instance in ours(node, old.schema)}
    assert {i: one.values for i, one in read.items()} == {
        i: {name: value for name, value in one.items() if name != "_meta"} for i, one in seen.items()
    }
    assert {(one.author, one.log_id) for one in read.values()} == {(old.author, 1)}
    assert read[made[1]].seq_num == 18


def test_two_creates_at_once_sign_one_seq_num(old: Old, node: ServedNode) -> None:
    """The second is refused and forgotten: neither the session nor the author is condemned by it."""
    for round_ in range(3):
        found = old.at_once(
            {"action": "create", "fields": {"n": 10 * round_}},
            {"action": "create", "fields": {"n": 10 * round_ + 1}},
        )
        # The first one has the arguments from before, or asks; the second one asks before the first is there.
        slots = [bamboo.decode(bytes.fromhex(one["entry"])).seq_num for one in found["published"]]
        assert slots == [2 * round_ + 1] * 2
        assert found["done"] == 1
        (error,) = found["errors"]
        assert "has another entry" in error
        old.create(n=10 * round_ + 2)
    assert len(old.query()) == len(ours(node, old.schema)) == 6
    assert {2, 12, 22} <= set(values(old.query()))


def test_the_same_create_twice_at_once_is_one_instance(old: Old) -> None:
    twice = {"action": "create", "fields": {"n": 1}}
    found = old.at_once(twice, twice)
    assert (found["done"], found["errors"]) == (2, [])
    assert found["published"][0] == found["published"][1]
    old.create(n=2)
    assert values(old.query()) == [1, 2]


def test_deleted_instances_are_gone_for_it_and_break_nothing(old: Old) -> None:
    made = [old.create(n=n) for n in range(4)]
    for instance in (made[0], made[3]):
        old.write(action="update", id=instance, fields={"n": 9})
        old.write(action="delete", id=instance)
    assert values(old.query()) == [1, 2]
    old.write(action="delete", id=made[1])
    old.write(action="delete", id=made[2])
    assert old.query() == []
    old.create(n=5)
    assert values(old.query()) == [5]


def test_several_schemas_are_in_several_logs(old: Old, node: ServedNode) -> None:
    old.create(n=1)
    old.create(schema=old.other, n=2)
    old.create(n=3)
    old.create(schema=old.other, n=4)
    assert (values(old.query()), values(old.query(old.other))) == ([1, 3], [2, 4])
    assert {one.log_id for one in ours(node, old.schema)} == {1}
    assert {one.log_id for one in ours(node, old.other)} == {3}


def test_two_new_schemas_at_once_are_offered_one_log(old: Old, node: ServedNode) -> None:
    found = old.at_once(
        {"action": "create", "fields": {"n": 1}},
        {"action": "create", "schema": old.other, "fields": {"n": 2}},
    )
    assert [bamboo.decode(bytes.fromhex(one["entry"])).log_id for one in found["published"]] == [1, 1]
    assert (found["done"], len(found["errors"])) == (1, 1)
    lost = old.other if old.query() else old.schema
    old.create(schema=lost, n=3)
    old.create(n=4)
    old.create(schema=old.other, n=5)
    assert {one.log_id for one in (*ours(node, old.schema), *ours(node, old.other))} == {1, 3}
    assert len(ours(node, old.schema)) + len(ours(node, old.other)) == 4


@pytest.mark.parametrize(
    ("write", "words"),
    [
        ({"action": "update", "id": digest(b"nothing").hex(), "fields": {"n": 2}}, "was not created"),
        ({"action": "delete", "id": digest(b"nothing").hex()}, "was not created"),
        ({"action": "create", "schema": digest(b"p2panda/key_group/1").hex(), "fields": {"n": 2}}, None),
        ({"action": "create", "fields": {"text": "x" * (1 << 20)}}, "1048576 are allowed"),
        ({"action": "create", "fields": {"text": "x" * (5 << 20)}}, "too large"),
        ({"action": "create", "schema": "nonsense", "fields": {"n": 2}}, "hash"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_it_is_told_what_is_wrong_and_goes_on(old: Old, write: Mapping[str, Any], words: str | None) -> None:
    old.create(n=1)
    found = old.at_once(write)
    if words is None:
        assert found["errors"] == []  # a system log: this node has those
    else:
        (error,) = found["errors"]
        assert words in error
    old.create(n=3)
    assert values(old.query()) == [1, 3]


def test_what_an_old_client_cannot_write_twice(old: Old) -> None:
    """An update of what was deleted: refused, and the session goes on."""
    instance = old.create(n=1)
    old.write(action="delete", id=instance)
    found = old.at_once({"action": "update", "id": instance, "fields": {"n": 2}})
    assert "has deleted" in found["errors"][0]
    old.create(n=3)
    assert values(old.query()) == [3]


def test_it_reads_what_our_client_wrote(old: Old, node: ServedNode) -> None:
    old.create(n=0)

    async def write() -> tuple[str, str]:
        async with Client(node.url, CryptographySigner(bytes([7]) * 32)) as panda:
            one = await panda.create(
                old.schema,
                {"n": 1, "s": "Ünïcødé 🐼", "f": 3.5, "b": True, "r": Relation(digest(b"r").hex())},
            )
            two = await panda.create(old.schema, {"n": 2, "gone": True})
            await panda.create(
                old.schema, {"n": 3, "names": ["of", "a", "type", "it", "does", "not", "know"]}
            )
            await panda.update(old.schema, one.id, {"s": "edited"})
            await panda.update(old.schema, one.id, {"names": ["nor", "this"]})
            await panda.delete(old.schema, two.id)
            await panda.create(old.schema, {"n": -(2**31)})
            await panda.create(old.schema, {"n": 2**62, "big": Field("float", 1e300)})
            return one.id, two.id

    one, two = asyncio.run(write())
    seen = {instance["_meta"]["id"]: instance for instance in old.query()}
    assert two not in seen
    assert values(list(seen.values())) == [-(2**31), 0, 1, 4611686018427388000]  # a double's digits
    assert {name: value for name, value in seen[one].items() if name != "_meta"} == {
        "n": 1,
        "s": "edited",
        "f": 3.5,
        "b": True,
        "r": digest(b"r").hex(),
    }
    assert {instance["_meta"]["author"] for instance in seen.values()} == {
        old.author,
        CryptographySigner(bytes([7]) * 32).author.hex(),
    }


def test_it_passes_over_a_key_that_it_does_not_know(old: Old, node: ServedNode) -> None:
    """`previous`, which several devices of one person write: it replays what carries it.

    What another log says of an instance is not given to it: it looks at no logs, and would believe that.
    """
    old.create(n=0)
    author = Author(9)
    known = (digest(b"an entry of another device").hex(),)
    (created, _) = first = author.create(old.schema, n=1)
    (ended, _) = third = author.create(old.schema, n=2)
    second = author.write(messages.update(old.schema, created.hash.hex(), {"n": Field("int", 3)}, known))
    fourth = author.write(messages.delete(old.schema, ended.hash.hex(), known))
    other, late = Author(10), Author(11).create(old.schema, n=4)
    items = [
        other.create(old.schema, n=5),
        other.write(messages.update(old.schema, late[0].hash.hex(), {"n": Field("int", 6)}, known)),
    ]

    async def publish() -> None:
        transport = HttpTransport(node.url)
        try:
            for signed, payload in (first, third, second, fourth, late):
                await Connection(transport).call(
                    PUBLISH_ENTRY, entryEncoded=signed.encoded.hex(), messageEncoded=payload.hex()
                )
            outcomes = await Connection(transport).call(
                PUBLISH_ITEMS,
                items=[
                    {"entryBytes": signed.encoded.hex(), "payloadBytes": payload.hex()}
                    for signed, payload in items
                ],
            )
            assert [each.state for each in outcomes] == ["stored", "stored"]
        finally:
            await transport.close()

    asyncio.run(publish())
    assert values(old.query()) == [0, 3, 4, 5]
    assert values(ours(node, old.schema)) == [0, 3, 4, 5]


def test_a_session_goes_on_after_the_node_was_killed(
    old_client: OldClient, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with ServedNode(tmp_path_factory.mktemp("killed")) as served:
        old = Old(old_client, served.url)
        old.create(n=1)
        served.kill()
        assert len(old.at_once({"action": "create", "fields": {"n": 2}})["errors"]) == 1
        served.start()
        old.create(n=3)
        assert values(old.query()) == [1, 3]


def test_our_client_and_an_old_session_share_a_key(old: Old, node: ServedNode) -> None:
    """One after the other, not at once: the old one asks the node, ours takes over the log."""
    first = old.create(n=1)

    async def write() -> None:
        async with Client(node.url, CryptographySigner(old.seed)) as panda:
            await panda.update(old.schema, first, {"n": 2})
            await panda.create(old.schema, {"n": 3})

    asyncio.run(write())
    found = old.at_once({"action": "create", "fields": {"n": 4}})
    assert len(found["errors"]) == 1  # it remembered the next slot, which was taken meanwhile
    old.create(n=5)
    assert values(old.query()) == [2, 3, 5]
