"""Runs in Pyodide while a site is built: imports all that a page needs, and leaves little else."""

import gc
import random
import re

import panda_web.browser.frozen
import panda_web.browser.loops
import panda_web.browser.worker
import panda_web.keys.guarded
import panda_web.keys.with_pure25519  # noqa: F401 - for browsers that need it

random.seed(0)  # the worker draws anew, and this makes equal bytes
re.purge()
gc.collect()
