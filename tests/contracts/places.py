"""What every `Places` must do. Plain async functions: they run on CPython and inside Pyodide."""

from collections.abc import Awaitable, Callable

from panda_web.sync import Place, Places

A, B = "0040" + "aa" * 64, "0040" + "bb" * 64


async def gives_what_was_put_last(places: Places) -> None:
    """To who asks for that schema of that source."""
    assert await places.get("node", A) is None
    for number in range(3):
        for source, schema in (("node", A), ("node", B), ("other", A)):
            await places.put(source, schema, f"{source} {schema} {number}")
    for source, schema in (("node", A), ("node", B), ("other", A)):
        assert await places.get(source, schema) == f"{source} {schema} 2"
    assert await places.get("other", B) is None


async def takes_any_name_of_a_source(places: Places) -> None:
    """A page chooses it."""
    names = ["", "é\x00\n🐼", "x" * 100_000, "x" * 100_001, "\ud800"]
    for number, name in enumerate(names):
        await places.put(name, A, str(number))
    assert [await places.get(name, A) for name in names] == ["0", "1", "2", "3", "4"]


async def keeps_a_place_as_it_is(places: Places) -> None:
    """The longest there is."""
    place = Place("c" * 1000, A, True, 2**31 - 1, 1.5e9, 1.5e9)
    await places.put("node", A, place.to_text())
    assert Place.from_text(await places.get("node", A)) == place


ALL: tuple[Callable[[Places], Awaitable[None]], ...] = (
    gives_what_was_put_last,
    takes_any_name_of_a_source,
    keeps_a_place_as_it_is,
)
