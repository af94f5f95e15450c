"""A query that is put in two ways: awaited, it gives its first page; iterated, all that there is.

talks = await panda.query(schema, limit=20)
async for talk in panda.query(schema): ...

`all()` gives all that there is as one page, and `pages()` page by page.
"""

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterator,
    Sequence,
)
from dataclasses import replace
from functools import reduce
from operator import add
from typing import Any, Generic, Protocol, Self, TypeVar

from panda_web.client.check import Answer, Rejected
from panda_web.client.pages import pages
from panda_web.client.rejections import Rejections
from panda_web.rpc.methods import DEFAULT_LIMIT, MAX_LIMIT

T = TypeVar("T", covariant=True)


class Page(Protocol[T]):
    """A page of what a query gives."""

    def __iter__(self) -> Iterator[T]: ...

    def __len__(self) -> int: ...

    def __add__(self, other: Self) -> Self: ...

    @property
    def rejected(self) -> Sequence[Rejected]:
        """What is not sound, and why."""


P = TypeVar("P", bound=Page[Any])


class Answers(Coroutine[Any, Any, P], Generic[P, T]):
    """What `Client.query` gives. Nothing is asked before it is awaited or iterated.

    It is a coroutine like that of any async function, and an async iterable, which asks page by page. Each
    time that it is iterated it asks anew.

    Args:
        ask: asks for so many instances behind a cursor.
        read: makes of an answer the page that is given.
        limit: how many at most; None for a page's usual number, and for all where it is iterated.
        after: the cursor to begin behind.

    Attributes:
        rejected: what the pages up to now held that is not sound, and why, where it is iterated; the first
            `MOST_REJECTED`.
        rejected_count: how many there were.
    """

    def __init__(
        self,
        ask: Callable[[int, str | None], Awaitable[Answer]],
        read: Callable[[Answer], Awaitable[P]],
        limit: int | None,
        after: str | None,
    ) -> None:
        self._ask = ask
        self._read = read
        self._limit = limit
        self._after = after
        self._first: Coroutine[Any, Any, P] | None = None
        self._rejections = Rejections()

    @property
    def rejected(self) -> Sequence[Rejected]:
        """See above."""
        return self._rejections.kept

    @property
    def rejected_count(self) -> int:
        """See above."""
        return self._rejections.count

    def __repr__(self) -> str:
        return "<a query: `await` gives its first page, `async for` all of it, `await ….all()` too>"

    async def first(self) -> P:
        """The first page. Raises what the query raises."""
        return await self._read(
            await self._ask(DEFAULT_LIMIT if self._limit is None else self._limit, self._after)
        )

    def __await__(self) -> Generator[Any, Any, P]:
        return self.first().__await__()

    async def all(self) -> P:
        """All that there is, or as many as asked for, as one page. Raises what `pages` does."""
        pages = [page async for page in self.pages()]
        return reduce(add, pages)

    async def pages(self, size: int | None = None) -> AsyncGenerator[P, None]:
        """All pages, the first one also where it is empty. It ends where the node has no more.

        Args:
            size: how many instances are in one at most; None for as many as a node gives at a time.

        Raises:
            PagesEndless: the node comes to no end.
            What the query raises.
        """
        self._rejections = Rejections()
        left = self._limit

        async def ask(behind: str | None) -> Answer:
            most = size or MAX_LIMIT
            return await self._ask(most if left is None else min(left, most), behind)

        async for answer in pages(ask, self._after):
            page = await self._read(replace(answer, instances=answer.instances[:left]))
            self._rejections.add(page.rejected)
            yield page
            if left is not None:
                left -= len(page)
                if left <= 0:
                    return

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for each in page:
                yield each

    # A coroutine's own ways, for `asyncio.run` and `create_task`, which take nothing else.

    def send(self, value: Any) -> Any:
        """See `Coroutine`."""
        self._first = self._first or self.first()
        return self._first.send(value)

    def throw(self, *error: Any) -> Any:
        """See `Coroutine`."""
        self._first = self._first or self.first()
        return self._first.throw(*error)

    def close(self) -> None:
        """See `Coroutine`."""
        if self._first is not None:
            self._first.close()
