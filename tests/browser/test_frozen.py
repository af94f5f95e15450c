"""What a snapshot changes in Python, in a Python without one."""

import asyncio
import inspect
import marshal
from collections.abc import AsyncIterator, Callable
from dataclasses import FrozenInstanceError, dataclass, field
from types import CodeType, FunctionType
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from panda_web.browser import frozen
from panda_web.browser.bare import bare


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


@dataclass(frozen=True)
class Stone:
    """One and only."""

    name: str


@dataclass(frozen=True)
class Pebble(Stone):
    """Has more."""

    size: int = 1


class Marked(Stone):
    """Is no dataclass itself, so it may have more."""


def told(of: object, change: Callable[[object], None]) -> str:
    try:
        change(of)
    except FrozenInstanceError as error:
        return f"{error}"
    except AttributeError:
        return "it has none"
    return repr(vars(of))


CHANGES: tuple[Callable[[Any], None], ...] = (
    *(lambda of, name=name: setattr(of, name, 2) for name in ("name", "size", "other")),
    *(lambda of, name=name: delattr(of, name) for name in ("name", "size", "other")),
)


def test_dataclasses_share_how_they_protect_themselves() -> None:
    made = [lambda: Stone("a"), lambda: Pebble("a"), lambda: Marked("a")]
    before = [told(make(), change) for make in made for change in CHANGES]
    frozen.share(Stone)
    frozen.share(Pebble)
    assert vars(Stone)["__setattr__"] is vars(Pebble)["__setattr__"]
    assert [told(make(), change) for make in made for change in CHANGES] == before
    assert before.count("it has none") == 2


def laid_bare(function: Callable[..., Any]) -> Callable[..., Any]:
    code = bare(function.__code__, {})
    return FunctionType(code, globals(), "f", function.__defaults__, function.__closure__)


def counted(most: int, *more: int, step: int = 1, **names: int) -> dict[str, object]:
    total, seen = 0, []
    for each in range(0, most, step):
        doubled = [each * 2 for each in more if (half := each // 2) >= 0]
        total += each + sum(doubled) + half if more else each

        def add(by: int, total: int = total) -> int:
            return total + by + most

        seen.append(add(1))
    return {"total": total, "seen": seen, "names": names, "local": (lambda inner: inner + most)(step)}


@given(
    st.integers(0, 9),
    st.lists(st.integers(0, 9)),
    st.integers(1, 3),
    st.dictionaries(st.text(), st.integers()),
)
def test_a_bare_function_does_what_it_did(
    most: int, more: list[int], step: int, names: dict[str, int]
) -> None:
    names = {name: each for name, each in names.items() if name not in ("most", "step")}
    expected = counted(most, *more, step=step, **names)
    assert laid_bare(counted)(most, *more, step=step, **names) == expected


def test_its_variables_are_numbered_and_its_arguments_are_not() -> None:
    code = bare(counted.__code__, {})
    assert code.co_varnames[:4] == ("most", "step", "more", "names")
    assert not {"total", "seen", "doubled", "half"} & {*code.co_varnames}
    assert "most" in code.co_cellvars
    assert [line for _, _, line in code.co_lines() if line is not None] == []
    assert {each.co_qualname for each in (code, *inner(code))} >= {"counted", "add", "<lambda>"}
    assert marshal.loads(marshal.dumps(code)) == code


def inner(code: CodeType) -> list[CodeType]:
    return [each for each in code.co_consts if isinstance(each, CodeType)]


def test_who_asks_for_names_has_them() -> None:
    def asks(argument: int) -> dict[str, Any]:
        own = argument + 1
        return {**locals(), "own": own}

    assert laid_bare(asks)(1) == asks(1) == {"argument": 1, "own": 2}


def test_more_variables_than_there_are_letters() -> None:
    names = [f"name_{number}" for number in range(200)]
    text = f"def many():\n {' = '.join(names)} = 7\n return {' + '.join(names)}"
    scope: dict[str, Any] = {}
    exec(text, scope)
    assert laid_bare(scope["many"])() == scope["many"]() == 1400


def test_coroutines_and_generators_stay_what_they_are() -> None:
    async def numbers(most: int) -> AsyncIterator[int]:
        for each in range(most):
            yield each

    async def summed(most: int) -> int:
        own = [each async for each in laid_bare(numbers)(most)]
        return sum(own)

    assert inspect.iscoroutinefunction(laid_bare(summed))
    assert asyncio.run(laid_bare(summed)(4)) == 6


def test_equal_parts_are_one() -> None:
    shared: dict[Any, Any] = {}
    one, other = (bare(each.__code__, shared) for each in (lambda a: a.b, lambda a: a.b))
    assert one.co_names is other.co_names
    assert one.co_linetable is other.co_linetable
