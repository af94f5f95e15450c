"""Documents say what is so: their Python examples run, their links lead somewhere, the list of reasons is whole."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import ServedNode
from tests.test_layers import FILES

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = [
    pytest.param(code, id=f"{document.name}-{number}")
    for document in DOCUMENTS
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", document.read_text("utf-8"), re.DOTALL))
]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedNode]:
    with ServedNode(tmp_path_factory.mktemp("node")) as served:
        yield served


@pytest.mark.parametrize("code", EXAMPLES)
def test_python_examples_run(
    code: str,
    node: ServedNode,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code = code.replace("http://localhost:2020", node.url.rstrip("/"))
    for _ in range(2):  # people run an example again
        exec(compile(code, "example", "exec"), {"__name__": "__main__"})
        assert capsys.readouterr().out, "an example shows something"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text("utf-8")):
        if not target.startswith("https://"):
            assert (document.parent / target).exists(), target


def reasons() -> str:
    """The list of reasons, as docs/reasons.md must have it."""
    rows = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for reason in reason_of(node):
                meaning = (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")  # type: ignore[arg-type]
                rows[reason] = f"| `{reason}` | {meaning} |"
    return "\n".join(rows[reason] for reason in sorted(rows))


def reason_of(node: ast.AST) -> Iterator[str]:
    """The word of an error class, where the node is one."""
    for statement in node.body if isinstance(node, ast.ClassDef) else ():
        match statement:
            case ast.Assign([ast.Name("reason")], ast.Constant(str(word))):
                yield word


def test_every_reason_is_listed() -> None:
    text = (ROOT / "docs" / "reasons.md").read_text("utf-8")
    assert reasons() in text, "run: python tests/test_docs.py"


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 90


if __name__ == "__main__":
    head = "# Reasons\n\nThe stable words in `error.data.reason`, in `PandaError.reason`, and before the sentence of a failed command. Made by `python tests/test_docs.py`.\n\n| reason | what is wrong |\n| --- | --- |\n"
    (ROOT / "docs" / "reasons.md").write_text(head + reasons() + "\n", "utf-8")
