"""What only a start from a snapshot can get wrong; stands in the place of `checks` in the harness's site."""

import asyncio
import gc
import importlib
import io
import json
import os
import random
import secrets
import sys
import traceback
import uuid
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, cast

from pyodide.ffi import to_js

from panda_web.browser import frozen
from panda_web.browser.host import Host
from panda_web.browser.webcrypto import SignChain, VerifyMany, WebCryptoSigner
from panda_web.client import Client
from panda_web.client.store import MemoryStore
from panda_web.rpc.transport import is_under

SCHEMA = "0040" + "a5" * 64


class Tools:
    """The functions of `web/worker/`."""

    def __init__(self, sign_chain: SignChain, verify_many: VerifyMany, opens: Any) -> None:
        self.sign_chain = sign_chain
        self.host = Host(sign_chain, verify_many, opens=opens)


async def drawn(_: Tools) -> list[str]:
    """What must be another one at each start."""
    return [str(random.random()), os.urandom(16).hex(), secrets.token_hex(16), str(uuid.uuid4())]


async def looked_up(_: Tools) -> list[int]:
    """How many dictionaries there are, and how many interned texts, where each of their keys is found."""
    dictionaries = [each for each in gc.get_objects() if type(each) is dict]
    interned = max(dictionaries, key=len)
    texts = [text for text in interned if sys.intern("".join(("", *text))) is text]
    for each in dictionaries:
        for key, value in [*each.items()]:
            if each[key] is not value or hash(key) != hash("".join(key) if type(key) is str else key):
                raise LookupError(repr(key))
    if len(texts) != len(interned):
        raise LookupError("Some texts are not what they were interned as.")
    return [len(dictionaries), len(texts)]


# Zeros do not travel, so a large snapshot is as small as another; what comes after them lies far away.
FAR = bytearray(40 << 20)
FAR[-1] = 1


# What is freed before the snapshot is made, and what is not: small and large, side by side, so that nobody
# else has all of that memory meanwhile. The words are put together here: this module's own constants stay.
TIMES, NINTH = [*(1, 9, 20) * 50, 600], 9
TEXTS = [
    "-".join(("freed" if each % NINTH else "held", "until", "then")) * TIMES[each % len(TIMES)]
    for each in range(80_000)
]
HELD = TEXTS[::NINTH]
TEXTS.clear()


async def far_away(_: Tools) -> list[int]:
    """What lies where an instance of the module has no memory yet."""
    return [len(FAR), FAR[-1]]


async def rare(_: Tools) -> list[str]:
    """What tables say that no visit reads, and whence a module is that no visit imports."""
    import unicodedata

    combined = unicodedata.normalize("NFC", "\u1100\u1161\u11a8")
    module = importlib.import_module("runpy").__spec__
    return [
        b"\x82\xa0".decode("shift_jis"),
        unicodedata.name("\u2603"),
        combined,
        str(module and module.origin),
    ]


async def without_code(_: Tools) -> int:
    """How many functions have no code yet; that of all others is looked at, down to what it holds."""
    absent = frozen.missing.__code__
    functions = [each for each in gc.get_objects() if type(each) is FunctionType]
    codes = [each.__code__ for each in functions if each.__code__ is not absent]
    if not all(each.__defaults__ is None or type(each.__defaults__) is tuple for each in functions):
        raise LookupError("A function has lost the values that its arguments have by themselves.")
    for code in codes:  # grows meanwhile
        codes += [each for each in code.co_consts if type(each) is CodeType]
        if (
            not all(type(name) is str for name in code.co_names)
            or not code.co_code
            or not repr(code.co_consts)
        ):
            raise LookupError(repr(code))
    gc.collect()
    return sum(each.__code__ is absent and each is not frozen.missing for each in functions)


async def shortcut(_: Tools) -> list[bool]:
    """Whether Python learns to call functions of the snapshot directly: one of ours, and one of the library's."""
    from opcode import _specialized_opmap  # type: ignore[attr-defined] # no public way

    def calls_ours() -> None:
        is_under("", "")

    def calls_library() -> None:
        cast("int", 1)

    for each in (calls_ours, calls_library):
        for _again in range(1000):
            each()
    adaptive = [each.__code__._co_code_adaptive[::2] for each in (calls_ours, calls_library)]
    return [_specialized_opmap["CALL_PY_EXACT_ARGS"] in each for each in adaptive]


async def dumped(_: Tools) -> str:
    """What a function gives that no visit calls."""
    out = io.StringIO()
    json.dump({"a": [1, 2.5, None]}, out, indent=1)
    return out.getvalue()


async def imported(_: Tools, name: str) -> bool:
    """Imports a module of the standard library; gives whether it was there before."""
    before = name in sys.modules
    importlib.import_module(name)
    return before


async def is_imported(_: Tools, name: str) -> bool:
    """Whether a module is in memory."""
    return name in sys.modules


async def unpacked(_: Tools) -> list[str]:
    """What a wheel has in it that Pyodide unpacks now, which it does by modules that a start is without."""
    import zipfile

    import pyodide_js

    files = io.BytesIO()
    with zipfile.ZipFile(files, "w") as wheel:
        wheel.writestr("unpacked_here.py", "")
    pyodide_js.unpackArchive(to_js(files.getvalue()), "wheel")
    return _here("unpacked_*")


def _here(pattern: str) -> list[str]:
    return [path.name for path in Path().glob(pattern)]


async def traced(_: Tools) -> str:
    """A traceback through the standard library."""

    async def fail() -> None:
        raise ValueError("on purpose")

    try:
        await asyncio.wait_for(fail(), None)
    except ValueError:
        return traceback.format_exc()
    return ""


async def missing(_: Tools, name: str) -> str:
    """How an import fails."""
    try:
        importlib.import_module(name)
    except ImportError as error:
        return f"{type(error).__name__}: {error}"
    return "it does not"


async def written_here(tools: Tools, text: str) -> list[str]:
    """Publishes to the node in this tab, whose modules are asleep until then; gives what it has."""
    local = await tools.host.local()
    signer = await WebCryptoSigner.generate(tools.sign_chain)
    verifier = (await tools.host.crypto()).verifier
    async with Client(local.peer(), signer, store=MemoryStore(), verifier=verifier) as panda:
        await panda.create(SCHEMA, {"text": text})
        found = await panda.query(SCHEMA)
    await local.close()
    return sorted(str(each["text"]) for each in found.instances)
