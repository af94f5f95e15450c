"""What ships as the festival's schemas is what it says it is."""

import asyncio

from panda_festival.definitions import definitions
from panda_festival.schemas import SCHEMAS

from panda_web import log
from panda_web.bamboo import check_payload
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import check_log, decode
from panda_web.messages.schema import read_definition


def test_signed_definitions_are_those_of_the_schemas() -> None:
    shipped = definitions()
    verdicts = asyncio.run(log.verify_many([each.entry for each in shipped], CryptographyVerifier()))
    read = []
    for signed, each in zip(verdicts, shipped, strict=True):
        assert isinstance(signed, log.SignedEntry)
        check_payload(signed.entry, each.payload)
        message = decode(each.payload)
        check_log(signed.entry.log_id, message)
        read.append(read_definition(message, signed.hash.hex()))
    assert tuple(read) == SCHEMAS


def test_no_schema_leads_to_one_that_comes_later() -> None:
    known: set[str | None] = {None, "self"}
    for schema in SCHEMAS:
        assert {each.schema for each in schema.fields} <= known
        known.add(schema.id)
