"""Page after page of an answer, to an end that does not hang on the node.

A node decides what is in a page and where the next one begins. So pages that bring nothing new are counted,
and so are all pages. One such page is no end: what a page held before may have moved behind it meanwhile.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

from panda_web.client.check import Answer
from panda_web.client.errors import PagesEndless

MAX_PAGES = 10_000
"""Pages of one answer."""

MAX_BARREN = 20
"""Pages of one answer in which no new instance passes the checks."""


async def pages(
    query: Callable[[str | None], Awaitable[Answer]], after: str | None = None
) -> AsyncIterator[Answer]:
    """The pages of an answer, the first one also where it is empty.

    It ends where the node has no more, or does not go on. No instance comes twice.

    Args:
        query: asks for the page behind a cursor.
        after: the cursor to begin behind; None for the beginning.

    Raises:
        PagesEndless: there are more than `MAX_PAGES`, or more than `MAX_BARREN` without an instance.
        What `query` raises.
    """
    seen: set[str] = set()
    barren = 0
    for _ in range(MAX_PAGES):
        page = await query(after)
        fresh = tuple(instance for instance in page if instance.id not in seen)
        yield replace(page, instances=fresh)
        if page.after in (None, after) or not (page.instances or page.rejected):
            return
        seen.update(instance.id for instance in fresh)
        barren += not fresh
        if barren > MAX_BARREN:
            raise PagesEndless(
                f"The node gave {barren} pages of which nothing passed the checks, and goes on. "
                "Ask whoever runs it, or use another node."
            )
        after = page.after
    raise PagesEndless(
        f"The node gave {MAX_PAGES} pages, and goes on. Narrow the filter, or go on behind the last cursor."
    )
