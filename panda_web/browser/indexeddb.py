"""The client's store and the key pair, in IndexedDB.

Every operation is one transaction, all its requests made in one go: a transaction ends as soon as control
returns to the browser with nothing left to do, so nothing may be awaited in the middle of one. A commit asks
for strict durability. Source: W3C Indexed Database API 3.0.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import js
from pyodide.ffi import JsException, create_once_callable, create_proxy, to_js

from panda_web.client.store import conflict
from panda_web.errors import StoreFailed

NAME = "panda-web"
TEXTS, KEYS = "texts", "keys"

JsObject = Any


class StorageRefused(StoreFailed):
    """The browser gives this page no storage: private windows and strict settings do that."""

    reason = "storage-refused"


class StorageFull(StoreFailed):
    """The browser has no room left for this site."""

    reason = "storage-full"


class IndexedDb:
    """One open database."""

    def __init__(self, database: JsObject) -> None:
        self._database = database

    @classmethod
    async def open(cls, name: str = NAME) -> "IndexedDb":
        """Opens the database, and makes it where it is missing. Raises StorageRefused, StorageFull.

        Who is cancelled leaves it whole all the same: what is made without its stores would stay so.
        """
        try:
            factory = js.indexedDB
            if not factory:
                raise StorageRefused("This browser has no IndexedDB.")
            request = factory.open(name, 1)
            opened = _settled(request, upgrade=_upgrade)
            try:
                await asyncio.shield(opened)
            except asyncio.CancelledError:
                opened.add_done_callback(lambda _: request.result.close() if not opened.exception() else None)
                raise
            return cls(request.result)
        except JsException as error:
            if error.name == "QuotaExceededError":
                raise _failure(error) from error
            raise StorageRefused(
                f"The browser does not let this page store anything ({error.name}). "
                "Leave the private window, or allow this site to store data."
            ) from error

    async def get(self, store: str, key: str) -> JsObject:
        """The value at a key; None where there is none."""
        return await self._request(self._store(store, "readonly").get(key))

    async def all(self, store: str, lower: str, upper: str, most: int | None) -> list[tuple[str, JsObject]]:
        """Keys from `lower` to below `upper`, ascending, with their values."""
        if most == 0:  # which IndexedDB takes for no limit at all
            return []
        return await self._window(self._store(store, "readonly"), lower, upper, most)

    async def look(
        self, store: str, key: str, lower: str, upper: str
    ) -> tuple[JsObject, list[tuple[str, JsObject]]]:
        """What `get` gives for a key and `all` for a window, as both are at one moment."""
        source = self._store(store, "readonly")
        value = source.get(key)
        window = await self._window(source, lower, upper, None)
        return value.result, window

    async def _window(
        self, source: JsObject, lower: str, upper: str, most: int | None
    ) -> list[tuple[str, JsObject]]:
        window = js.IDBKeyRange.bound(lower, upper, False, True)
        most = most if most is not None else 0xFFFFFFFF
        # All requests belong to one transaction, so what they see is the same, and the last one is done last.
        keys, values = source.getAllKeys(window, most), source.getAll(window, most)
        found = await self._request(values)
        return list(zip(keys.result.to_py(), found, strict=True))

    async def commit(
        self,
        store: str,
        changes: Mapping[str, JsObject],
        allowed: Callable[[dict[str, JsObject]], bool],
        read: list[str],
        *,
        durable: bool = True,
    ) -> bool:
        """Reads some keys, and makes the changes where `allowed` says so of what was read: one transaction.

        A change to None removes. Gives whether the changes were made; then they are durable, unless they need
        not be (`client.store.ClientStore.commit`).
        """
        target = self._store(store, "readwrite", durable=durable)
        transaction = target.transaction
        seen: dict[str, JsObject] = {}
        verdict: list[bool] = []

        def change() -> None:
            verdict.append(allowed(seen))
            if not verdict[0]:
                transaction.abort()
                return
            for key, value in changes.items():
                target.delete(key) if value is None else target.put(value, key)

        def reader(key: str) -> Callable[[JsObject], None]:
            def on_read(event: JsObject) -> None:
                seen[key] = event.target.result
                if len(seen) == len(read):
                    change()

            return on_read

        proxies = [create_proxy(reader(key)) for key in read]
        try:
            for key, proxy in zip(read, proxies, strict=True):
                target.get(key).onsuccess = proxy
            if not read:
                change()
            await _ended(transaction, proxies)
        except JsException as error:
            if verdict == [False]:
                return False
            raise _failure(error) from error
        return True

    async def empty(self, prefix: str, allowed: Callable[[list[JsObject]], bool]) -> bool:
        """Removes everything, where `allowed` says so of some texts: one transaction.

        Args:
            prefix: of the keys of the texts that are looked at.
            allowed: told these texts.

        Returns:
            Whether it was done; then nothing is left, in any tab.
        """
        verdict: list[bool] = []

        def look(event: JsObject) -> None:
            verdict.append(allowed(event.target.result.to_py()))
            if not verdict[0]:
                transaction.abort()
                return
            for store in (TEXTS, KEYS):
                transaction.objectStore(store).clear()

        proxy = create_proxy(look)
        try:
            transaction = self._database.transaction(
                to_js([TEXTS, KEYS]), "readwrite", _written(durable=True)
            )
            window = js.IDBKeyRange.bound(prefix, prefix + "\uffff", False, True)
            transaction.objectStore(TEXTS).getAll(window).onsuccess = proxy
            await _ended(transaction, [proxy])
        except JsException as error:
            if verdict == [False]:
                return False
            raise _failure(error) from error
        return True

    def close(self) -> None:
        """Closes the database."""
        self._database.close()

    def _store(self, store: str, mode: str, *, durable: bool = True) -> JsObject:
        options = [_written(durable=durable)] if mode == "readwrite" else []
        try:
            return self._database.transaction(store, mode, *options).objectStore(store)
        except JsException as error:
            raise _failure(error) from error

    async def _request(self, request: JsObject) -> JsObject:
        try:
            await _answered(request)
        except JsException as error:
            raise _failure(error) from error
        return request.result


@cache
def _written(*, durable: bool) -> JsObject:
    """Options of a transaction that is on the disk when it is complete.

    One that need not be durable the system may still have to write then; the next that must be waits for it.
    """
    durability = "strict" if durable else "relaxed"
    return to_js({"durability": durability}, dict_converter=js.Object.fromEntries)


def _upgrade(event: JsObject) -> None:
    for store in (TEXTS, KEYS):
        event.target.result.createObjectStore(store)


def _failure(error: JsException) -> StoreFailed:
    if error.name == "QuotaExceededError":
        return StorageFull("The browser has no room left for this site; nothing was recorded.")
    return StoreFailed(f"The browser's storage failed ({error.name}); nothing was recorded.")


async def _ended(transaction: JsObject, called: list[JsObject]) -> None:
    """Waits until a transaction is complete, and then destroys the proxies that its requests call.

    Who is cancelled meanwhile leaves it to end by itself: its requests still call, and what is missing then
    ends the worker.
    """
    ended = _settled(transaction, "complete", failures=("abort", "error"))

    def over(_: "asyncio.Future[None]") -> None:
        for proxy in called:
            proxy.destroy()
        if not ended.cancelled():
            ended.exception()  # it is known, though nobody may be left to whom it says something

    ended.add_done_callback(over)
    await asyncio.shield(ended)


def _answered(request: JsObject) -> "asyncio.Future[None]":
    """Done when a request has succeeded or failed, of which it does one, once."""
    answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def over(event: JsObject) -> None:
        if answered.done():
            return
        if event.type == "success":
            answered.set_result(None)
        else:
            answered.set_exception(request.error or js.DOMException.new("", "AbortError"))

    request.onsuccess = request.onerror = create_once_callable(over)
    return answered


def _settled(
    target: JsObject,
    success: str = "success",
    failures: tuple[str, ...] = ("error", "blocked"),
    upgrade: Callable[[JsObject], None] | None = None,
) -> "asyncio.Future[None]":
    """Done when a request or transaction is, which is listened to from now on."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def succeed(_: JsObject) -> None:
        if not future.done():
            future.set_result(None)

    def fail(_: JsObject) -> None:
        if not future.done():
            future.set_exception(target.error or js.DOMException.new("", "AbortError"))

    handlers = {success: create_proxy(succeed), **{name: create_proxy(fail) for name in failures}}
    if upgrade is not None:
        handlers["upgradeneeded"] = create_proxy(upgrade)
    for name, proxy in handlers.items():
        target.addEventListener(name, proxy)

    def over(_: "asyncio.Future[None]") -> None:
        for name, proxy in handlers.items():
            target.removeEventListener(name, proxy)
            proxy.destroy()

    future.add_done_callback(over)
    return future


class IndexedDbStore:
    """A `ClientStore` in a database."""

    def __init__(self, database: IndexedDb) -> None:
        self._database = database

    async def get(self, key: str) -> str | None:
        """The text, or None."""
        return await self._database.get(TEXTS, key)  # type: ignore[no-any-return]

    async def scan(self, prefix: str, start: str = "", most: int | None = None) -> list[tuple[str, str]]:
        """Keys that begin with `prefix`, from `prefix + start` on, ascending, with their texts."""
        # Keys are ASCII, so this is the end of the prefix.
        return await self._database.all(TEXTS, prefix + start, prefix + "\uffff", most)

    async def look(self, key: str, prefix: str) -> tuple[str | None, list[tuple[str, str]]]:
        """What `get` gives for a key and `scan` for a prefix, as both are at one moment."""
        return await self._database.look(TEXTS, key, prefix, prefix + "\uffff")

    async def commit(
        self,
        changes: Mapping[str, str | None],
        expected: Mapping[str, str | None],
        *,
        durable: bool = True,
    ) -> None:
        """Sets texts (None removes) if all of `expected` still is so."""
        if not await self._database.commit(
            TEXTS, changes, lambda seen: seen == dict(expected), list(expected), durable=durable
        ):
            raise conflict()

    async def close(self) -> None:
        """Closes the database."""
        self._database.close()
