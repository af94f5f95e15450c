"""Building a JupyterLite site that is complete in itself."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.hosts import parts

NOW = "2026-01-01T00:00:00Z"


def build(source: Path, work: Path, cells: Sequence[str]) -> Path:
    """The site, made of the document's jupyter-lite.json; the notebook's cells are files of `source`."""
    (work / "static").mkdir(parents=True)
    (work / "static" / "pyodide").symlink_to(parts.pyodide_folder())
    settings: dict[str, Any] = json.loads((source / "jupyter-lite.json").read_text("utf-8"))
    data = settings["jupyter-config-data"]
    data["exposeAppInBrowser"] = True  # for the test, which has no hands
    data["contentsAllJsonFile"] = "all.json"
    (work / "jupyter-lite.json").write_text(json.dumps(settings), "utf-8")
    site = work / "out"
    python = parts.environment(parts.HERE / "jupyterlite.txt")
    command: list[str | Path] = [python, "-m", "jupyterlite_core", "build", "--lite-dir", work]
    command += ["--output-dir", site, "--apps", "notebooks"]
    result = subprocess.run(command, cwd=work, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    _add_notebook(site, "talks.ipynb", [(source / cell).read_text("utf-8") for cell in cells])
    return site


def _add_notebook(site: Path, name: str, cells: Sequence[str]) -> None:
    """Puts a notebook into the site, with the listing that `jupyter lite` makes where it has jupyter_server."""
    common: dict[str, Any] = {"execution_count": None, "metadata": {}, "outputs": []}
    notebook = {
        "cells": [
            {"cell_type": "code", "id": str(number), "source": source, **common}
            for number, source in enumerate(cells)
        ],
        "metadata": {
            "kernelspec": {"display_name": "Python (Pyodide)", "language": "python", "name": "python"}
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    listing = {
        "created": NOW,
        "last_modified": NOW,
        "writable": True,
        "mimetype": None,
        "format": "json",
        "size": None,
    }
    file = {**listing, "name": name, "path": name, "type": "notebook", "content": None}
    (site / "files").mkdir(exist_ok=True)
    (site / "files" / name).write_text(json.dumps(notebook), "utf-8")
    folder = site / "api" / "contents"
    folder.mkdir(parents=True, exist_ok=True)
    index = {**listing, "name": "", "path": "", "type": "directory", "content": [file]}
    (folder / "all.json").write_text(json.dumps(index), "utf-8")
