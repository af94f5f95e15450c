"""What a page removes from this browser, takes back, and asks for where it is not found.

Only pages of this site call it, by their worker: no method that a network could call removes anything.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from panda_web.browser.opening import Site
from panda_web.browser.tabs import DROP, KEEP
from panda_web.client import Client
from panda_web.errors import PandaError
from panda_web.rpc.types import Json

if TYPE_CHECKING:  # no tab loads these
    from panda_web.browser import shapes


class Removing:
    """What one page removes.

    Args:
        site: whose node it is removed from.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    async def drop(self, **rule: Json) -> Json:
        """Removes what a rule is for; gives how much. Raises NothingHere, RuleEmpty, InstanceNotHeld."""
        return await self._site.home().connection.call(DROP, **_given(rule))

    async def keep(self, **what: Json) -> Json:
        """Takes it back; gives how much. Raises NothingHere."""
        return await self._site.home().connection.call(KEEP, **_given(what))

    async def removed(self, instances: Sequence[str], authors: Sequence[bytes]) -> "shapes.Removed":
        """What of these was removed, here and at the node beyond, as far as that answers."""
        site = self._site
        asked: list[tuple[shapes.Place, Client]] = []
        if site.mode != "remote":
            asked.append(("here", site.client))
        if site.mode != "local" and site.sends is not None:
            asked.append(("node", site.sends))
        given = [each.hex() for each in authors]
        answers = await asyncio.gather(
            *(client.removed(instances, given) for _, client in asked), return_exceptions=True
        )
        found: shapes.Removed = {"instances": [], "authors": []}
        for (place, _), answer in zip(asked, answers, strict=True):
            if isinstance(answer, PandaError):
                continue  # it is out of reach: what the other one says is said
            if isinstance(answer, BaseException):
                raise answer
            for instance in answer.instances:
                found["instances"].append(
                    {"id": instance.id, "state": instance.state, "words": instance.words, "where": place}
                )
            for author in answer.authors:
                found["authors"].append(
                    {"author": author.author.hex(), "words": author.words, "where": place}
                )
        return found


def _given(params: dict[str, Json]) -> dict[str, Json]:
    """As they go over the wire."""
    said = {name: value.hex() if isinstance(value, bytes) else value for name, value in params.items()}
    names = {"larger_than": "largerThan", "dry_run": "dryRun"}
    return {names.get(name, name): value for name, value in said.items() if value is not None}
