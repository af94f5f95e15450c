"""What a node says about an author's next entry, held to what it may say: one check for all of it.

It decides which log is written to, and numbers that are used up cannot be had back. So a lie must not lead to
a number that other nodes refuse, nor use up the numbers that later logs need. What is in the log is not
believed either: it is taken over only as far as it is shown in signed, linked entries (`client.branch`).
"""

from panda_web.bamboo import has_skiplink
from panda_web.client.errors import NodeContradictsItself
from panda_web.client.own_logs import MAX_LOG_ID, OwnLogs
from panda_web.messages import system_log
from panda_web.rpc.methods import EntryArguments

MAX_GAP = 10_000
"""So far above the next free log id a node may offer one: the numbers are not its to use up."""


async def checked(own: OwnLogs, schema: str, said: EntryArguments) -> EntryArguments:
    """What the node says, if it can be so.

    Args:
        own: the author's logs.
        schema: which was asked for; the log is for its messages.
        said: the answer.

    Raises:
        NodeContradictsItself: it cannot.
    """
    fixed, log_id = system_log(schema), said.log_id
    if (log_id % 2 == 0 or fixed is not None) and log_id != fixed:
        raise NodeContradictsItself(f"The node names log {log_id}, which is not for this schema.")
    if said.seq_num == 1 and log_id > min(await own.next_free() + MAX_GAP, MAX_LOG_ID):
        raise NodeContradictsItself(f"The node offers log {log_id}, far above any in use.")
    if not _links_fit(said):
        raise NodeContradictsItself(
            f"The node names entry {said.seq_num} of log {log_id} as next, with links that it cannot have."
        )
    return said


def _links_fit(said: EntryArguments) -> bool:
    """Whether there are links exactly where the entry has them."""
    if said.seq_num == 1:
        return said.backlink is None and said.skiplink is None
    if has_skiplink(said.seq_num):
        return said.backlink is not None and said.skiplink is not None
    return said.backlink is not None and said.skiplink in (None, said.backlink)  # early nodes name it twice
