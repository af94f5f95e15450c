"""One connection of a page: what can be called over it.

The first request is `open`, with the version of `panda.js`: both sides come from one site, but caches can mix
them. It says which node the page works with. Then there are the methods of `browser.api` and of applications.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from panda_web import __version__
from panda_web.browser.api import Api
from panda_web.browser.extension import all_methods
from panda_web.browser.methods import MODES, OPEN, PIECE, SERIES, STEPS, in_pieces
from panda_web.browser.opening import TrustUnused
from panda_web.browser.pieces import Pieces
from panda_web.browser.series import Series
from panda_web.browser.shown import Shown
from panda_web.browser.standing import Standing
from panda_web.errors import PandaError
from panda_web.rpc.dispatch import Dispatcher, Handler
from panda_web.rpc.long_text import Announced
from panda_web.rpc.table import Method, joined
from panda_web.rpc.types import Json
from panda_web.rpc.wish import Wish

if TYPE_CHECKING:
    from panda_web.browser.host import Host
    from panda_web.browser.opening import Site
    from panda_web.browser.shapes import Mode

logger = logging.getLogger(__name__)


class VersionMismatch(PandaError):
    """Page and worker are of different versions."""

    reason = "version-mismatch"


class NotOpen(PandaError):
    """A request before `open`."""

    reason = "not-open"


class ModeUnknown(PandaError):
    """A page wants to work with its node in a way that there is not."""

    reason = "mode-unknown"


class Page:
    """What a page can call.

    Args:
        host: what its worker has.
    """

    def __init__(self, host: "Host") -> None:
        self._host = host
        self._extensions = tuple(host.extensions)
        self._methods = all_methods(self._extensions)
        self._handlers: dict[str, Handler] = {}
        self._series = Series({}, {})
        self._pieces = Pieces()
        self._standing: Standing | None = None

    def dispatcher(self) -> Dispatcher:
        """All methods of the connection."""
        handlers: dict[str, Handler] = {name: partial(self._call, name) for name in self._methods}
        handlers[OPEN.name] = self._open
        return Dispatcher(self._methods, handlers, fault="panda-web has a fault")

    async def close(self) -> None:
        """Ends what is under way once the connection has ended."""
        await self._series.close()
        if self._standing is not None:
            await self._standing.close()

    async def _call(self, name: str, /, **arguments: Any) -> Json:
        handler = self._handlers.get(name)
        if handler is None:
            raise NotOpen("The first request must be `open`.")
        for param, value in arguments.items():
            if isinstance(value, Announced):
                arguments[param] = self._pieces.take(value.number)
        try:
            return await handler(**arguments)
        finally:
            if self._standing is not None and self._methods[name].writes:
                self._standing.look()

    async def _open(
        self,
        version: str,
        node: str,
        mode: str,
        peers: Sequence[str],
        wish: Wish,
        trusted: Sequence[bytes] | None,
    ) -> Json:
        if version != __version__:
            raise VersionMismatch(
                f"The page has version {version}, the worker {__version__}. Reload the page."
            )
        site = await self._host.site(node, _mode(mode), peers, wish)
        if site.mode != "remote" or trusted is not None:
            await _trust(site, None if trusted is None else [each.hex() for each in trusted])
        await self.close()
        self._standing = Standing(site)
        api = Api(site, self._standing, Shown(site), self._host.storage)
        for extension in self._extensions:
            site.client.learn(extension.schemas)
        self._series = Series(SERIES, api.series())
        self._pieces = Pieces()
        steps: dict[str, Handler] = {name: getattr(self._series, name) for name in STEPS}
        steps[PIECE.name] = self._pieces.piece
        self._handlers = joined(api.handlers(), steps, *(each.handlers(site) for each in self._extensions))
        table = _required({name: self._methods[name] for name in self._handlers if name not in steps})
        pieces = {name: found for name in table if (found := in_pieces(self._methods[name]))}
        writes = [name for name in table if self._methods[name].writes]
        names = {"methods": table, "series": _required(SERIES), "pieces": pieces, "writes": writes}
        self._standing.look()
        said: Json = joined(api.who(), names, *(each.says for each in self._extensions))
        return said


async def _trust(site: "Site", trusted: Sequence[str] | None) -> None:
    """What is held is shown all the same where the site's own node cannot keep whom to trust."""
    try:
        await site.trust(trusted)
    except TrustUnused:
        raise
    except PandaError:
        logger.exception("whom this page trusts could not be kept")


def _mode(said: str) -> "Mode":
    for mode in MODES:
        if said == mode:
            return mode
    raise ModeUnknown(f"There is no mode {said[:40]!r}: it is one of {', '.join(MODES)}.")


def _required(table: Mapping[str, Method[Any]]) -> Json:
    """What must be given, by name of the method."""
    return {name: method.required for name, method in table.items()}
