"""Runs in Pyodide while a site is built: imports all that a page needs, and leaves little else."""

import asyncio
import codecs
import dataclasses
import encodings
import gc
import importlib
import inspect
import json
import linecache
import marshal
import random
import re
import sys
import typing
from pathlib import Path
from types import CodeType, FunctionType, SimpleNamespace
from typing import Any

import js
import pyodide._package_loader as wheels
from pyodide import webloop

from panda_web.browser import frozen
from panda_web.browser.asleep import Asleep, Code
from panda_web.browser.bare import bare

# Each page needs this at its start, or soon after; all else of ours sleeps. They are names, since an import
# that nothing uses is what a linter takes away.
NEEDED = (
    *("panda_web.browser.loops", "panda_web.browser.worker", "panda_web.client.subscribing"),
    "panda_web.rpc.inbox",
)
for module in NEEDED:
    importlib.import_module(module)
codes, seldom = marshal.loads(Path("/asleep").read_bytes())  # noqa: S302 - of tools/asleep.py
frozen.beside(seldom)
sys.meta_path.insert(
    0, Asleep({name: Code(*code) for name, code in codes.items() if name not in sys.modules})
)
del codes, seldom

# Wheels are unpacked before this, and never after.
UNPACKING = (
    *("pyodide.common", "shutil", "tempfile", "zipfile", "zipfile._path", "zipfile._path.glob"),
    *("bz2", "lzma", "compression", "compression._common", "compression._common._streams"),
    *("compression.zstd", "compression.zstd._zstdfile"),
)
PYODIDE = ("pyodide", "_pyodide")
OURS = ("panda_web", "panda_festival")
# What a start calls or looks at, and what JavaScript gave: Pyodide counts that.
OF_WHEELS = ("DSO_DIR", "SITE_PACKAGES", "init_loaded_packages", "loadedPackages")
# A tab has neither processes nor sockets, and the event loop is the browser's.
LOOPS = (
    *("asyncio.base_events", "asyncio.staggered", "asyncio.trsock"),
    *(f"asyncio.{name}" for name in ("base_subprocess", "graph", "selector_events", "sslproto", "streams")),
    *("asyncio.subprocess", "asyncio.unix_events", "selectors", "ssl", "subprocess"),
)
# What others of the standard library hold, and a page never calls: code, processes, networks, Windows.
SELDOM = ("ast", "codeop", "dis", "ntpath", "shutil", "signal", "socket", "tokenize")
OF_INSPECT = ("sys", "unwrap")  # which make a dataclass; its signature is only for its docstring
ONCE = ("_opcode_metadata", "encodings.cp437", "locale", "opcode")
PLAIN = (bytes, complex, float, int)  # what holds nothing else
IN_C = ("_bz2", "_lzma", "_ssl", "_zstd", "select")

# A page's loop is there before it, and it asks for no other one; this one brought all of asyncio's own.
webloop.WebLoopPolicy.__bases__ = (asyncio.events._AbstractEventLoopPolicy,)  # noqa: SLF001 - no public way
frozen.put_to_sleep(wheels, OF_WHEELS)
dataclasses.inspect = SimpleNamespace(  # type: ignore[attr-defined]
    unwrap=inspect.unwrap, signature=frozen.no_signature
)
frozen.put_to_sleep(inspect, OF_INSPECT)
for name in SELDOM:
    frozen.put_to_sleep(sys.modules[name], ())
frozen.leave_behind((*UNPACKING, *ONCE, *IN_C), [encodings])
frozen.leave_behind(
    LOOPS, [module for name, module in sys.modules.items() if f"{name}.".startswith("asyncio.")]
)
gc.collect()
js.zeroFreed()  # what a new object does not fill is what was there before
shared: dict[Any, Any] = {}
# Annotations are for people, and for what checks types before anything runs.
functions: list[Any] = [each for each in gc.get_objects() if isinstance(each, FunctionType)]
for each in functions:
    js.name(id(each), f"{each.__module__}.{each.__qualname__}")
    each.__annotate__ = None
    # In a traceback files and names say enough: nobody has their text there.
    if (each.__module__ or "").partition(".")[0] in {*sys.stdlib_module_names, *PYODIDE, *OURS}:
        each.__code__ = bare(each.__code__, shared)
        each.__qualname__ = each.__name__
del functions, shared, bare
frozen.leave_behind(["panda_web.browser.bare"], [sys.modules["panda_web.browser"]])
gc.collect()
js.zeroFreed()
classes: list[Any] = [each for each in gc.get_objects() if isinstance(each, type)]
for each in classes:
    if hasattr(each, "__dataclass_fields__"):  # which were made of them
        each.__doc__ = each.__annotate__ = None
        each.__annotations__ = {}
        frozen.share(each)
    if each.__module__.partition(".")[0] in OURS:
        for name in {"__static_attributes__", "__firstlineno__"} & vars(each).keys():
            delattr(each, name)
del classes, each
random.seed(0)  # the worker draws anew, and this makes equal bytes
# What was looked up before: types of annotations, lines of files, how zip files name what is in them, where
# modules were in the archive, which a start forgets first of all.
re.purge()
linecache.clearcache()
for forget in typing._cleanups:  # type: ignore[attr-defined] # noqa: SLF001 - no public way
    forget()
encodings._cache.pop("cp437", None)  # noqa: SLF001 - no public way
codecs.unregister(encodings.search_function)
codecs.register(encodings.search_function)
frozen.forget_archives()
gc.collect()
# The collector has them all in one ring then. The dictionary of interned texts is the largest in it.
dictionaries: list[dict[Any, Any]] = [each for each in gc.get_objects() if type(each) is dict]
interned = max(dictionaries, key=len)
if any(key is not value for key, value in interned.items()):
    raise LookupError("This is not the dictionary of interned texts.")
known = {
    "ring": id(sys),
    "interned": id(interned),
    "missing": id(frozen.missing),
    "types": {"code": id(CodeType), "tuple": id(tuple), "text": id(str), "plain": [*map(id, PLAIN)]},
}
Path("/known").write_text(json.dumps(known), "utf-8")
del dictionaries, interned, known
sys._clear_internal_caches()  # type: ignore[attr-defined] # noqa: SLF001 - no public way
