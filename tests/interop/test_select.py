"""A query means the same whoever carries it out: the client's own selection beside the node's SQL."""

import asyncio
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from panda_web.client import Client
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import Relation
from panda_web.rpc.transport import InProcess
from tests.authors import SCHEMA, Author
from tests.examples import examples
from tests.interop.aquadoggo import Aquadoggo
from tests.interop.served import InProcessAquadoggo
from tests.node.test_publish import Harness

# Few names and close values, so that they meet.
VALUES = (
    st.sampled_from(["", "a", "B", "ä", "\U0001f43c", "\uffff"])
    | st.sampled_from([0, 1, -1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)])
    | st.sampled_from([0.0, -0.0, 1.0, 0.5, 9007199254740992.0, -1e300, 5e-324])
    | st.booleans()
    | st.just(Relation("0040" + "ab" * 64))
)
ROWS = st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, min_size=1), max_size=8)
NAMES = st.sampled_from(["a", "b", "-a", "-b", "c", "-z"])


@examples(0.6)
@given(
    rows=ROWS,
    equal=st.dictionaries(st.sampled_from("abz"), VALUES, max_size=1),
    order_by=st.lists(NAMES, max_size=2, unique_by=lambda name: name.removeprefix("-")),
    limit=st.integers(1, 4),
    by=st.none() | st.integers(1, 2),
)
def test_both_give_the_same_pages(
    rows: list[dict[str, Any]], equal: dict[str, Any], order_by: list[str], limit: int, by: int | None
) -> None:
    present, early, authors = Harness(), Aquadoggo(), [Author(1), Author(2)]
    for number, fields in enumerate(rows):
        signed, payload = authors[number % 2].create(**fields)
        present.publish(signed, payload)
        params = {"entryEncoded": signed.encoded.hex(), "messageEncoded": payload.hex()}
        request = {"jsonrpc": "2.0", "id": "1", "method": "panda_publishEntry", "params": params}
        assert b"result" in InProcessAquadoggo(early).handle(json.dumps(request).encode())
    if by is not None:
        equal = equal | {"author": authors[by - 1].hex}

    async def pages(client: Client) -> list[Any]:
        found, after = [], None
        while page := await client.query(SCHEMA, filter=equal, order_by=order_by, limit=limit, after=after):
            assert not page.rejected
            found.append([(instance, repr(instance.values)) for instance in page])
            after = page.after
        return found

    there = asyncio.run(pages(Client(InProcess(present.node.dispatcher()), verifier=CryptographyVerifier())))
    here = asyncio.run(pages(Client(InProcessAquadoggo(early), verifier=CryptographyVerifier())))
    assert here == there
