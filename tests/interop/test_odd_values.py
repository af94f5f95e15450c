"""What an early node takes and is no message: it hides nothing else, and the log that holds it goes on."""

import pytest

from panda_web.client import Client
from panda_web.client.errors import NodeTooOld
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.rpc import jsonrpc
from tests.authors import OTHER_SCHEMA, SCHEMA, Author
from tests.interop.aquadoggo import Aquadoggo
from tests.interop.served import InProcessAquadoggo
from tests.interop.test_early_node import client, entangled, numbers, run
from tests.interop.test_real_node import ACCEPTED, MESSAGES, NO_HASH, message, of_type, publish

ODD = {
    name: (payload, reason)
    for name, reason in {
        "NaN": "float-not-finite",
        "an infinity": "float-not-finite",
        "a relation that is no hash": "relation-malformed",
        "an id that is no hash": "id-malformed",
        "a delete with fields": "key-not-allowed",
        "a map of indefinite length": "cbor-indefinite-length",
        "3 MiB of text": "payload-too-large",
    }.items()
    for payload, _ in [MESSAGES[name]]
}


@pytest.mark.parametrize(("payload", "reason"), ODD.values(), ids=ODD)
@pytest.mark.parametrize("before", [0, 2])
def test_odd_messages(payload: bytes, reason: str, before: int) -> None:
    node, author = Aquadoggo(), Author()
    for written in [*[message(fields={"n": {"type": "int", "value": n}}) for n in range(before)], payload]:
        assert publish(node, author.write(written)[0].encoded, written) == ACCEPTED
    answer = run(
        Client(InProcessAquadoggo(node), verifier=CryptographyVerifier()).query(SCHEMA, order_by=["n"])
    )
    assert [instance["n"] for instance in answer] == list(range(before))
    assert [rejected.error.reason for rejected in answer.rejected] == [reason]

    restored = client(node)
    assert run(restored.create(SCHEMA, {"n": before})).acknowledged
    answer = run(restored.query(SCHEMA, order_by=["n"]))
    assert [(instance["n"], instance.log_id) for instance in answer] == [(n, 1) for n in range(before + 1)]
    assert all(instance.verified for instance in answer)


def test_a_message_for_a_schema_that_is_no_hash() -> None:
    """Nobody can ask for it; its log is none of ours."""
    node, author = Aquadoggo(), Author()
    payload = message(schema=NO_HASH)
    assert publish(node, author.write(payload)[0].encoded, payload) == ACCEPTED
    assert run(client(node).create(SCHEMA, {"n": 1})).acknowledged
    assert numbers(node) == [1]


def test_odd_values_are_no_sign_that_a_log_is_free_for_another_schema() -> None:
    node = Aquadoggo()
    entangled(node)
    author = Author()
    wire = InProcessAquadoggo(node)
    held = jsonrpc.loads(
        wire.handle(jsonrpc.dumps(jsonrpc.call("1", "panda_queryEntries", {"schema": OTHER_SCHEMA})))
    )["result"]["entries"]
    for row in held:
        author.head = author.head.advance(bytes.fromhex(row["entryHash"]))
    payload = of_type("float", float("nan"))
    assert publish(node, author.write(payload)[0].encoded, payload) == ACCEPTED
    panda = client(node)
    run(panda.create(SCHEMA, {"n": 5}))
    with pytest.raises(NodeTooOld, match="log 1 only"):
        run(panda.create(OTHER_SCHEMA, {"n": 6}))
