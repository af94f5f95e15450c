"""What a snapshot changes in Python, in a Python without one."""

from dataclasses import dataclass, field

from panda_web.browser import frozen


@dataclass
class Tree:
    """Of trees."""

    name: str
    hidden: int = field(default=0, repr=False)
    branches: list["Tree"] = field(default_factory=list)


@dataclass
class Silent:
    """Says of itself what it wants."""

    name: str

    def __repr__(self) -> str:
        return "silent"


def test_dataclasses_share_how_they_represent_themselves() -> None:
    tree = Tree("a", 1, [Tree("b")])
    tree.branches.append(tree)
    before = repr(tree)
    frozen.share(Tree)
    frozen.share(Silent)
    assert vars(Tree)["__repr__"] is frozen.representation
    assert repr(tree) == before
    assert repr(Silent("a")) == "silent"
