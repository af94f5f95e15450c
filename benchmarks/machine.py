"""What it was measured on and with: no names of hosts, no paths."""

import contextlib
import json
import os
import platform
import re
from pathlib import Path

from panda_web import __version__

ROOT = Path(__file__).resolve().parent.parent


def describe(**versions: str) -> dict[str, str]:
    """The machine, and the versions of all that took part."""
    pyodide = json.loads((ROOT / "node_modules" / "pyodide" / "package.json").read_text("utf-8"))["version"]
    return {
        "panda-web": __version__,
        "Pyodide": pyodide,
        **versions,
        "Python": platform.python_version(),
        "on": f"{platform.system()}, {os.cpu_count()} cores, {processor()}",
    }


def load() -> str:
    """How many processes wanted to run in the last minute, where the system tells."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def processor() -> str:
    """The processor's model, as far as the system tells."""
    with contextlib.suppress(OSError):
        known = Path("/proc/cpuinfo").read_text("utf-8")
        if found := re.search(r"^model name\s*:\s*(.+)$", known, re.MULTILINE):
            return found[1].strip()
    return platform.processor() or platform.machine()
