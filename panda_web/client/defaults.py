"""What a client uses where it is given nothing else; what needs another package is imported late."""

from panda_web.client.lock import LeaseLock, Lock, ProcessLock
from panda_web.client.store import ClientStore, MemoryStore
from panda_web.keys import Signer, Verifier
from panda_web.rpc.channel import Channel
from panda_web.rpc.connection import Way
from panda_web.rpc.reopening import Reopening


def way_to(url: str) -> Way:
    """To a node: over HTTP by httpx, over WebSocket (ws, wss) by websockets. Raises NodeAddressWrong."""
    if url.startswith(("ws:", "wss:")):
        from panda_web.rpc.websocket import over_websocket

        return over_websocket(url)
    from panda_web.rpc.http import HttpTransport

    return HttpTransport(url)


def sessions(node: object) -> Reopening | None:
    """With a node that is called over HTTP; None where it is not named by such an address."""
    if not isinstance(node, str) or not node.startswith("http"):
        return None

    async def reach() -> Channel:
        from panda_web.rpc.websocket import open_websocket

        return await open_websocket(f"ws{node.removeprefix('http')}")

    return Reopening(reach)


def verifier() -> Verifier:
    """That of the `cryptography` package."""
    from panda_web.keys.with_cryptography import CryptographyVerifier

    return CryptographyVerifier()


def store(signer: Signer) -> ClientStore:
    """The file beside a key file; memory for other keys."""
    from panda_web.client.file import FileStore
    from panda_web.keys.file import KeyFile

    return FileStore(signer.logs_path) if isinstance(signer, KeyFile) else MemoryStore()


def lock(store: ClientStore) -> Lock:
    """Among all who share a store: processes share the file of a key, tasks what is in memory."""
    return ProcessLock() if isinstance(store, MemoryStore) else LeaseLock(store)
