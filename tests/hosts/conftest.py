"""Fixtures for other people's Python in the browser: a host with the wheels and a node, and the document's files."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browsers import StaticServer, static_server
from tests.hosts import examples, jupyterlite, marimo, parts
from tests.processes import ServedNode


@pytest.fixture(scope="session")
def host(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedNode]:
    """`panda serve --site`: the wheels and a node, of another origin than every page here."""
    with ServedNode(tmp_path_factory.mktemp("host"), site) as node:
        yield node


@pytest.fixture(scope="session")
def words(host: ServedNode) -> dict[str, str]:
    """What the placeholders of the document stand for."""
    return {
        "https://HOST/": host.url,
        "https://NODE/": host.url,
        "https://PYODIDE/": "/pyodide/",
        "https://PYSCRIPT/": "/pyscript/",
    }


@pytest.fixture(scope="session")
def pages(words: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaticServer]:
    """A website made of the document's files and a copy of Pyodide, and nothing of ours."""
    folder = examples.write("pyodide.md", tmp_path_factory.mktemp("pages") / "pages", words)
    alone = examples.write("pyodide.md", folder / "alone", words) / "install.py"  # without the second wheel
    alone.write_text(re.sub(r".*pure25519.*\n", "", alone.read_text("utf-8")), "utf-8")
    (folder / "pyodide").symlink_to(parts.pyodide_folder())
    (folder / "pyscript").symlink_to(parts.npm_package("@pyscript/core") / "dist")
    with static_server(folder) as server:
        yield server


@pytest.fixture(scope="session")
def notebooks(words: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaticServer]:
    """A JupyterLite site as the document has it, with one notebook; it has nobody to ask for anything."""
    work = tmp_path_factory.mktemp("jupyterlite")
    source = examples.write("pyodide.md", work / "source", words)
    with static_server(jupyterlite.build(source, work / "lite", ["install.py", "talks.py"])) as server:
        yield server


@pytest.fixture(scope="session")
def exported(words: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaticServer]:
    """A marimo notebook, exported as the document says, that asks nobody for anything."""
    work = examples.write("pyodide.md", tmp_path_factory.mktemp("marimo") / "marimo", words)
    with static_server(marimo.export(work)) as server:
        yield server
