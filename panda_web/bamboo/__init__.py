"""Bamboo: append-only, single-writer logs that can be verified in part.

Bytes in, values out; no I/O, no clock, no randomness; standard library only.
"""

from panda_web.bamboo.branches import Branches, Followed, Parting
from panda_web.bamboo.entry import MAX_SIZE, Entry, Unsigned, decode, encode, place_of
from panda_web.bamboo.errors import (
    BacklinkMissing,
    InvalidEntry,
    InvalidForkProof,
    InvalidLink,
    InvalidPayload,
)
from panda_web.bamboo.fork import MAX_PROOF, ForkProof, claims
from panda_web.bamboo.head import Head, Slot
from panda_web.bamboo.links import block_end, certificate_pool, has_skiplink, linking_to, lipmaa, path
from panda_web.bamboo.verify import Place, check_link, check_links, check_payload, check_target
from panda_web.bamboo.yamf import HEX_SIZE, digest, is_hash, is_hex

__all__ = [
    "HEX_SIZE",
    "MAX_PROOF",
    "MAX_SIZE",
    "BacklinkMissing",
    "Branches",
    "Entry",
    "Followed",
    "ForkProof",
    "Head",
    "InvalidEntry",
    "InvalidForkProof",
    "InvalidLink",
    "InvalidPayload",
    "Parting",
    "Place",
    "Slot",
    "Unsigned",
    "block_end",
    "certificate_pool",
    "check_link",
    "check_links",
    "check_payload",
    "check_target",
    "claims",
    "decode",
    "digest",
    "encode",
    "has_skiplink",
    "is_hash",
    "is_hex",
    "linking_to",
    "lipmaa",
    "path",
    "place_of",
]
