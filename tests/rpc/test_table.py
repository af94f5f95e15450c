"""Tables of methods are put together, and nobody takes a name from somebody else."""

from typing import get_args

import pytest
import typer

from panda_web.browser.extension import OTHERS, Extension, all_methods
from panda_web.browser.methods import METHODS, MODES, OPEN, PIECE, STEPS
from panda_web.browser.shapes import Author, Mode
from panda_web.cli import extension as command
from panda_web.rpc import types
from panda_web.rpc.table import Method, joined


def adding(name: str) -> Extension:
    return Extension(methods={name: Method(name, "Something.", (), types.TEXT)}, handlers=lambda _: {})


def test_an_application_adds_its_methods_to_those_of_the_worker() -> None:
    assert list(all_methods([adding("room"), adding("ticket")])) == [
        OPEN.name,
        PIECE.name,
        *STEPS,
        *METHODS,
        "room",
        "ticket",
    ]


@pytest.mark.parametrize("name", [OPEN.name, *STEPS, *METHODS, "close", "cancel", *Author.__annotations__])
def test_an_application_takes_over_no_name_of_the_worker(name: str) -> None:
    with pytest.raises(ValueError, match=rf"two of the same name: {name}$"):
        all_methods([adding(name)])


def test_two_applications_have_no_method_in_common() -> None:
    with pytest.raises(ValueError, match="two of the same name: room"):
        all_methods([adding("room"), adding("room")])


def test_handlers_and_answers_are_put_together_by_the_same_rule() -> None:
    assert joined({"a": 1}, {}, {"b": 2}) == {"a": 1, "b": 2}
    with pytest.raises(ValueError, match="two of the same name: a, c"):
        joined({"a": 1, "c": 1}, {"b": 2}, {"c": 1, "a": 1})


def application(name: str) -> command.Extension:
    return command.Extension(
        name, "Something.", "All of it.", {"import": lambda: None}, (), list, lambda begins: None
    )


@pytest.mark.parametrize("name", ["publish", "key", "festival"])
def test_an_application_takes_over_no_subcommand(name: str) -> None:
    app = typer.Typer()
    app.command()(publish)
    app.add_typer(typer.Typer(), name="key")
    command.add_commands(app, [application("festival"), application("fair")])
    with pytest.raises(ValueError, match=f"an application is called '{name}'"):
        command.add_commands(app, [application("market"), application(name)])


def publish() -> None:
    """As the command has it."""


def test_modes_are_those_that_a_page_may_name() -> None:
    assert get_args(Mode) == MODES


def test_no_application_takes_a_name_of_the_answer_to_open() -> None:
    assert Author.__annotations__.keys() <= OTHERS
