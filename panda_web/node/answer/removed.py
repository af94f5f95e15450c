"""`panda_getRemoved`: what of some instances and authors this node removed, and why."""

from collections.abc import Sequence

from panda_web.node.store import Store
from panda_web.rpc.removed import RefusedAuthor, Removed, RemovedInstance


def answer(store: Store, instances: Sequence[str], authors: Sequence[bytes]) -> Removed:
    """Those that were removed; of what is held, and of what never came, nothing is said.

    Args:
        store: what is asked.
        instances: ids.
        authors: of 32 bytes each.
    """
    found = [_instance(store, each) for each in dict.fromkeys(instances)]
    refused = [(each, store.dropped.refused(each)) for each in dict.fromkeys(authors)]
    return Removed(
        [each for each in found if each is not None],
        [RefusedAuthor(author, words) for author, words in refused if words is not None],
    )


def _instance(store: Store, instance: str) -> RemovedInstance | None:
    create = bytes.fromhex(instance)
    key = store.entries.log_of(create)
    if key is None:
        return None
    log_row = store.entries.log_at(key)
    if store.entries.is_deleted(create, key):
        return RemovedInstance(instance, log_row.author, "deleted", None)
    if store.dropped.has(create, key):
        words = store.dropped.words(create, key) or store.dropped.refused(log_row.author)
        return RemovedInstance(instance, log_row.author, "dropped", words)
    return None
