"""Exporting a marimo notebook into a page that is complete in itself."""

import os
import re
import subprocess
import zipfile
from pathlib import Path

from tests.hosts import parts

LOCK = parts.HERE / "marimo.txt"


def export(work: Path) -> Path:
    """The page, made by the document's command from the document's notebook in a folder, with its own Pyodide."""
    programs = parts.environment(LOCK).parent
    command = (work / "export.sh").read_text("utf-8").replace("marimo", f"{programs / 'python'} -m marimo", 1)
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    # marimo asks uv for ruff; uv is to trust the certificates that the machine trusts, as pip does.
    environment = {"UV_SYSTEM_CERTS": "1"} | os.environ | {"PATH": path}
    result = subprocess.run(
        ["sh", "-e", "-c", command], cwd=work, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    page = work / "out" / "index.html"
    own = 'data-pyodide-index-url="./pyodide/" data-pyodide-lockfile-url="./pyodide/pyodide-lock.json"'
    text = page.read_text("utf-8")
    text, count = re.subn(r"<marimo-wasm ", f'<marimo-wasm {own} data-pypi-index-url="./none/" ', text)
    assert count == 1, "the page has another form"
    page.write_text(text, "utf-8")
    core, lock = parts.npm_package("pyodide"), parts.HERE / "marimo-pyodide.txt"
    (page.parent / "pyodide").symlink_to(parts.pyodide_folder(core, lock, _pure_yaml))
    return page.parent


def _pure_yaml(folder: Path) -> None:
    """PyYAML's part in Python as a wheel. With its part in C it has no wheel for Pyodide in the registry."""
    installed = next(parts.environment(LOCK).parents[1].glob("[lL]ib/**/site-packages"))
    info = next(installed.glob("[pP]y[yY][aA][mM][lL]-*.dist-info"))
    version = info.name.removesuffix(".dist-info").split("-")[1]
    name = f"pyyaml-{version}"
    with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as wheel:
        for path in sorted((installed / "yaml").glob("*.py")):
            wheel.write(path, f"yaml/{path.name}")
        wheel.write(info / "METADATA", f"{name}.dist-info/METADATA")
        wheel.writestr(
            f"{name}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
