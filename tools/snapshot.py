"""Runs in Pyodide while a site is built: imports all that a page needs, and leaves little else."""

import gc
import importlib
import random
import re
import sys
from types import FunctionType
from typing import Any

import pyodide._package_loader as wheels

from panda_web.browser import frozen

# A page needs all of this, and some only later: what is not in memory then is not to be had. They are names,
# since an import that nothing uses is what a linter takes away.
NEEDED = (
    *("panda_web.browser.loops", "panda_web.browser.worker", "panda_web.client.subscribing"),
    *("panda_web.keys.guarded", "panda_web.keys.with_pure25519", "panda_web.rpc.inbox"),
)
for module in NEEDED:
    importlib.import_module(module)

# Wheels are unpacked before this, and never after.
UNPACKING = (
    *("pyodide.common", "shutil", "tempfile", "zipfile", "zipfile._path", "zipfile._path.glob"),
    *("bz2", "lzma", "compression", "compression._common", "compression._common._streams"),
    *("compression.zstd", "compression.zstd._zstdfile"),
)
PYODIDE = ("pyodide", "_pyodide")
# What a start calls or looks at, and what JavaScript gave: Pyodide counts that.
OF_WHEELS = ("DSO_DIR", "SITE_PACKAGES", "init_loaded_packages", "loadedPackages")
# A tab has neither processes nor sockets, and the event loop is the browser's.
LOOPS = (
    *(f"asyncio.{name}" for name in ("base_subprocess", "graph", "selector_events", "sslproto", "streams")),
    *("asyncio.subprocess", "asyncio.unix_events", "selectors", "ssl", "subprocess"),
)

frozen.put_to_sleep(wheels, OF_WHEELS)
frozen.leave_behind(UNPACKING, ())
frozen.leave_behind(
    LOOPS, [module for name, module in sys.modules.items() if f"{name}.".startswith("asyncio.")]
)
# Annotations of functions are for people, and for what checks types before anything runs.
functions: list[Any] = [each for each in gc.get_objects() if isinstance(each, FunctionType)]
for each in functions:
    each.__annotate__ = None
    # In a traceback their files and names say enough, and nobody has their text there.
    if (each.__module__ or "").partition(".")[0] in {*sys.stdlib_module_names, *PYODIDE}:
        each.__code__ = frozen.without_lines(each.__code__)
del functions
random.seed(0)  # the worker draws anew, and this makes equal bytes
re.purge()
gc.collect()
