"""What is installed without the repository: the wheel with the site, and the image that is made of it."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.cli.test_arguments import command_at
from tests.processes import ROOT, free_port

STAGES = re.findall(
    r"^FROM .*?(?=^FROM |\Z)", (ROOT / "Containerfile").read_text("utf-8"), re.MULTILINE | re.DOTALL
)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("release")
    subprocess.run([sys.executable, ROOT / "build.py", "wheel", "--plain", "--out", out], check=True, cwd=out)
    assert {path.name.split("-")[0] for path in out.iterdir()} == {"panda_web", "panda_festival"}
    return out


def test_the_wheels_serve_the_page(wheels: Path, tmp_path: Path) -> None:
    names = [name for wheel in wheels.iterdir() for name in zipfile.ZipFile(wheel).namelist()]
    assert {"panda_web/site/index.html", "panda_web/site/panda.js", "panda_web/cli/main.py"} <= set(names)
    assert {"panda_festival/definitions.json", "panda_festival/command.py"} <= set(names)
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]
    target = tmp_path / "installed"
    quiet = ("--quiet", "--no-deps", "--no-index", "--disable-pip-version-check")
    install = [sys.executable, "-m", "pip", "install", *quiet, "--target", target]
    subprocess.run([*install, *wheels.iterdir()], check=True)
    env = {**os.environ, "PYTHONPATH": str(target), "PYTHONSAFEPATH": "1"}
    command = [
        sys.executable,
        target / "bin" / "panda",
        "serve",
        "--festival",
        "--no-browser",
        "--port",
        str(free_port()),
    ]
    with subprocess.Popen(
        [*command, "--data", tmp_path / "data"], env=env, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as serving:
        try:
            assert serving.stdout is not None
            (url,) = re.findall(r"http://\S+", serving.stdout.readline())
            assert str(tmp_path / "data") in serving.stdout.readline()
            assert b"<html" in _get(url)
            assert json.loads(_get(f"{url}health"))["status"] == "ok"
        finally:
            serving.terminate()


def _get(url: str) -> bytes:
    import httpx

    return httpx.get(url).raise_for_status().content


def test_the_image_is_made_of_what_is_there() -> None:
    """No container engine is needed here: sources, the build's command and the node's options are looked at."""
    build, run = STAGES
    assert "RUN python3 build.py wheel --out /wheel" in build
    for source in re.findall(r"^COPY (?!--from)(\S+)", build + run, re.MULTILINE):
        assert (ROOT / source).exists(), source
    (entry,) = re.findall(r"^ENTRYPOINT (.+)$", run, re.MULTILINE)
    (more,) = re.findall(r"^CMD (.+)$", run, re.MULTILINE)
    name, serve, *words = [*json.loads(entry), *json.loads(more)]
    assert (name, serve) == ("panda", "serve")
    command = command_at(["serve"])
    assert command is not None
    command.make_context("serve", words).close()
    (health,) = re.findall(r"^HEALTHCHECK CMD (.+)$", run, re.MULTILINE)
    compile(json.loads(health)[2], "health", "exec")
    ignored = set((ROOT / ".dockerignore").read_text("utf-8").split())
    assert {".git", ".venv", "node_modules", ".cache"} <= ignored


def test_help_builds_nothing() -> None:
    before = {path.name for path in ROOT.glob("[!.]*")}  # caches of tests that run beside it come and go
    done = subprocess.run(
        [sys.executable, ROOT / "build.py", "serve", "--help"], capture_output=True, text=True, check=True
    )
    assert "--port" in done.stdout or "running-a-node" in done.stdout
    assert "building" not in done.stdout
    assert {path.name for path in ROOT.glob("[!.]*")} == before
