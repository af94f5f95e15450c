"""Scripts of the site: one file of a module and all that it imports."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools import nodejs
from tools.kept import ROOT

ROLLUP = nodejs.MODULES / "@rollup" / "wasm-node"
WEB = ROOT / "web"
TEXTS = WEB / "texts"
# What a page runs: a module, which is named in its .html.
SCRIPT = re.compile(r'^( *)<script type="module" src="(?P<name>[a-z-]+\.js)">', re.MULTILINE)


def bundle(entry: Path, out: Path, *options: str) -> None:
    """Makes one module of a module and all that it imports."""
    run([entry], *options, f"--outfile={out}")


def run(entries: Sequence[Path], *options: str) -> None:
    """Runs the bundler."""
    esbuild = nodejs.MODULES / "esbuild" / "bin" / "esbuild"
    always = ["--bundle", "--format=esm", "--charset=utf8", "--tsconfig-raw={}", "--log-level=warning"]
    always.append("--loader:.css=text")  # the style of an element's inside
    always.append("--log-override:import-is-undefined=error")  # a text that is asked for and not there
    failed = f"{' and '.join(entry.name for entry in entries)} could not be bundled"
    nodejs.node(failed, esbuild, *entries, *always, *options)


def bundle_worker(pyodide: Path, out: Path) -> None:
    """One file, because that is how a browser starts it on another website."""
    glue = f"--alias:pyodide/pyodide.asm.mjs={pyodide / 'pyodide.asm.mjs'}"
    nodes = ("--external:node:*", "--external:ws")  # what Pyodide takes from Node alone
    evals = "--log-override:direct-eval=error"  # names could not be made short: see tools/lean.py
    bundle(WEB / "worker" / "worker.js", out, "--minify", glue, *nodes, evals)


def shake(module: Path) -> None:
    """Takes out of a module what nothing in it leads to, in its functions too, where esbuild leaves it."""
    options: list[str | Path] = ["--silent", "--format=es", "--file", module]
    nodejs.node(f"{module.name} could not be shaken", ROLLUP / "dist" / "bin" / "rollup", module, *options)


def bundle_elements(out: Path, *options: str) -> None:
    """panda.js and the elements that work with it, for a page with one script tag."""
    panda, texts = f"--alias:panda.js={WEB / 'panda' / 'panda.js'}", f"--alias:texts={TEXTS / 'by-page.js'}"
    bundle(WEB / "elements" / "elements.js", out, panda, texts, *options)


def bundle_pages(pages: Sequence[Path], site: Path, language: str) -> None:
    """Pages and their scripts in a language; what several have in common is a file that travels once.

    What they say to panda.js they say to the site's.
    """
    scripts: list[Path] = []
    documents: list[Path] = []
    for page in pages:
        (html,) = page.glob("*.html")
        documents.append(site / html.name)
        for file in (html, *page.glob("*.css")):
            shutil.copyfile(file, site / file.name)
        # A script that the folder does not have is one of the site's, as any website embeds it.
        named = (page / script["name"] for script in SCRIPT.finditer(html.read_text("utf-8")))
        scripts += (script for script in named if script.exists())
    texts = f"--alias:texts={TEXTS / language}.json"
    ours = ("--alias:panda.js=./panda.js", "--external:./panda.js", texts)
    names = ("--splitting", "--entry-names=[name]", "--chunk-names=shared-[hash]", f"--outdir={site}")
    with tempfile.TemporaryDirectory() as scratch:
        about = Path(scratch) / "about.json"
        run(scripts, "--minify", *ours, *names, f"--metafile={about}")
        outputs = json.loads(about.read_text("utf-8"))["outputs"]
    imports = {
        Path(path).name: {
            Path(each["path"]).name for each in output["imports"] if each["kind"] == "import-statement"
        }
        for path, output in outputs.items()
    }
    for document in documents:
        name_imports(document, imports)


def name_imports(document: Path, imports: Mapping[str, set[str]]) -> None:
    """Names in a page's head what its script imports: browsers ask for all of that at once with the script.

    Args:
        document: the page.
        imports: the names of what scripts import, by their own.
    """

    def named(tag: re.Match[str]) -> str:
        needed = [tag["name"]]
        for script in needed:  # grows meanwhile
            needed += sorted(imports.get(script, set()) - set(needed))
        links = (f'{tag[1]}<link rel="modulepreload" href="{name}">\n' for name in needed[1:])
        return "".join((*links, tag[0]))

    document.write_text(SCRIPT.sub(named, document.read_text("utf-8")), "utf-8", newline="\n")
