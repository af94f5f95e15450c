"""The definitions of schemas, whoever wrote them: without them, what is wished of some authors means nothing.

System logs come with their authors. A schema's author may be another one, whose logs are not wished: of these
the definition comes alone, with the entries that link it to entry 1.
"""

from collections.abc import Iterable
from contextlib import suppress

from panda_web import messages
from panda_web.errors import PandaError
from panda_web.messages.schema import DEFINITION, Schema, read_definition
from panda_web.rpc.errors import ErrorFromNode
from panda_web.sync.offering import Offering, Taken
from panda_web.sync.source import PAGE, Asking, Given, is_early

MOST_DEFINED = 1000
"""Schemas whose definitions are asked for, with those that others lead to: a message may name any id."""


class Defining:
    """Brings definitions.

    Args:
        source: is asked.
        sink: is asked what it holds.
        offering: into the sink.
    """

    def __init__(self, source: Asking, sink: Asking, offering: Offering) -> None:
        self._source = source
        self._sink = sink
        self._offering = offering
        self._defined: set[str] = {str(DEFINITION.id)}
        self._undefined: set[str] = set()

    async def bring(self, schemas: Iterable[str]) -> Taken:
        """Brings definitions: of some schemas, and of those that they lead to.

        And of all that were asked for before and are not there yet.

        Raises:
            SinkFull, SinkRefuses: there is no room for them.
            CallFailed: one of the two cannot be asked.
        """
        taken = Taken()
        wanted = (self._undefined | set(schemas)) - self._defined
        seen: set[str] = set()
        while wanted and len(seen) < MOST_DEFINED:
            some = sorted(wanted)[:PAGE]
            seen |= {*some}
            held = await self._of(self._sink, some)
            lacking = [each for each in some if each not in {given.id for given in held}]
            if lacking:
                found = await self._of(self._source, lacking)
                taken += await self._offering.offer([entry for each in found for entry in each.entries])
                held += await self._of(self._sink, lacking)
            self._defined |= {each.id for each in held}
            wanted = (wanted | {schema for each in held for schema in _leads_to(each)}) - self._defined - seen
        self._undefined = {*sorted((self._undefined | seen | wanted) - self._defined)[:MOST_DEFINED]}
        return taken

    async def _of(self, node: Asking, schemas: list[str]) -> list[Given]:
        try:
            return [each for each in await node.of(str(DEFINITION.id), schemas) if each.wrong is None]
        except ErrorFromNode as error:
            if is_early(error):
                return []
            raise


def _leads_to(given: Given) -> Iterable[str]:
    schema = defined(given)
    return schema.leads_to if schema is not None else ()


def defined(held: Given | None) -> Schema | None:
    """The schema that is defined by what a node gives; None where it gives nothing, or what defines none."""
    if held is None:
        return None
    payloads = [each.payload for each in held.entries if each.payload is not None]
    with suppress(PandaError):  # the node holds it, and has no view of it
        return read_definition(messages.decode(payloads[0]), held.id) if payloads else None
    return None
