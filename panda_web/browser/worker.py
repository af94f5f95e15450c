"""What `web/worker/worker.js` calls once Python is there: a session for each connection of a page."""

import importlib
import sys
from typing import TYPE_CHECKING, Any

from panda_web.browser import event_loop
from panda_web.browser.extension import Extension
from panda_web.browser.host import Host
from panda_web.browser.webcrypto import SignChain, VerifyMany

if TYPE_CHECKING:  # with the node, for which not every page has use
    from panda_web.browser.disk import OpenDisk

_extensions: list[Extension] = []
_hosts: list[Host] = []
"""One at most, from the first connection on."""


def load(archive: str, module: str) -> None:
    """Imports a module of an application; a snapshot has done it already.

    Args:
        archive: the path of the application's wheel, which Python imports from as it is.
        module: which one.
    """
    if archive not in sys.path:
        sys.path.append(archive)
    importlib.import_module(module)


def extend(archive: str, module: str) -> None:
    """Adds an application to all connections that come; its module has an `EXTENSION`. See `load`."""
    load(archive, module)
    _extensions.append(sys.modules[module].EXTENSION)


def start(port: Any, sign_chain: SignChain, verify_many: VerifyMany, opens: "OpenDisk") -> None:
    """Answers what comes through a MessagePort.

    Args:
        port: the page's.
        sign_chain: of `web/worker/ed25519.js`.
        verify_many: of the same.
        opens: of `web/worker/disk/disk.js`.
    """
    if not _hosts:
        event_loop.begin()
        _hosts.append(Host(sign_chain, verify_many, _extensions, opens))
    _hosts[0].connect(port)
