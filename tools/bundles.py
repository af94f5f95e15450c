"""Scripts of the site: one file of a module and all that it imports."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tools import nodejs
from tools.kept import ROOT

WEB = ROOT / "web"
# What a page runs: a module, which is named in its .html.
SCRIPT = re.compile(r'<script type="module" src="([a-z-]+\.js)">')


def bundle(entry: Path, out: Path, *options: str) -> None:
    """Makes one module of a module and all that it imports."""
    esbuild = nodejs.MODULES / "esbuild" / "bin" / "esbuild"
    always = ("--bundle", "--format=esm", "--charset=utf8", "--tsconfig-raw={}", "--log-level=warning")
    nodejs.node(f"{entry.name} could not be bundled", esbuild, entry, *always, *options, f"--outfile={out}")


def bundle_worker(pyodide: Path, out: Path) -> None:
    """One file, because that is how a browser starts it on another website."""
    glue = f"--alias:pyodide/pyodide.asm.mjs={pyodide / 'pyodide.asm.mjs'}"
    nodes = ("--external:node:*", "--external:ws")  # what Pyodide takes from Node alone
    quiet = "--log-override:direct-eval=silent"  # of Emscripten's own
    bundle(WEB / "worker" / "worker.js", out, "--minify", glue, *nodes, quiet)


def bundle_page(page: Path, site: Path) -> None:
    """A page and its script; what it says to panda.js it says to the site's."""
    (html,) = page.glob("*.html")
    shutil.copyfile(html, site / html.name)
    for script in SCRIPT.findall(html.read_text("utf-8")):
        bundle(page / script, site / script, "--alias:panda.js=./panda.js", "--external:./panda.js")
