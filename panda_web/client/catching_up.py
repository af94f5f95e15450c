"""Going on with an own log that another copy of the key wrote to: taking over what a node holds of it.

Three cases, for a log that is known here:

- The node's is longer and begins with ours: it is gone on with.
- Ours is longer and begins with the node's: the rest is sent, as ever.
- They differ from some entry on: a fork. Our entries from there on have lost their places, since nodes keep
  what they have. The node's branch is gone on with for what is in it already, changes and deletes, and new
  instances go into another log. That signs slots anew that were signed for here, so it is done only when the
  other signed entry was shown: then the log is forked there whatever we do (docs/decisions/own-logs.md).
"""

from dataclasses import dataclass

from panda_web.client.branch import Branch, not_proven, said_to_be
from panda_web.client.dialect import Shown
from panda_web.client.errors import NodeContradictsItself
from panda_web.client.log_state import LogState, OwnEntry
from panda_web.client.own_logs import OwnLogs
from panda_web.client.sending import Sender
from panda_web.rpc.methods import MAX_ITEMS, EntryArguments, StoredEntry


@dataclass(frozen=True, slots=True)
class CatchingUp:
    """Takes over what one node holds of an author's logs.

    Attributes:
        sender: the node.
        node: its name.
        author: 32 bytes.
        own: the own logs.
    """

    sender: Sender
    node: str
    author: bytes
    own: OwnLogs

    async def branch(self, schema: str, log_id: int, above: int = 0) -> Branch | None:
        """A log at the node, with all of its entries above a seq num; None where it shows none.

        Raises:
            LogNotProven, NodeContradictsItself: what it shows is no log.
            CallFailed: it gives no answer.
        """
        return Branch.of(log_id, [signed for signed, _ in await self._shown(schema, log_id, above)])

    async def _shown(self, schema: str, log_id: int, above: int = 0) -> Shown:
        author = self.author
        return await self.sender.reach(lambda dialect: dialect.branch(schema, author, log_id, above))

    async def begin(self, schema: str, log_id: int, said: EntryArguments | None = None) -> LogState:
        """Takes over a log that is not known here.

        Args:
            schema: of its messages.
            log_id: its number.
            said: what the node says that follows in it.

        Raises:
            LogNotProven, NodeContradictsItself: also where the node shows something else than it says.
        """
        shown = await self._shown(schema, log_id)
        branch = Branch.of(log_id, [signed for signed, _ in shown])
        if said is not None:
            _compare(branch, said)
        if branch is None:
            raise not_proven(log_id, 1)
        if not said_to_be(schema, shown):
            raise NodeContradictsItself(
                f"The node names log {log_id} for this schema, and shows no message of it there."
            )
        return await self.own.begin(
            LogState(
                log_id,
                schema,
                branch.head,
                first=branch.head.seq_num + 1,
                acknowledged={self.node: branch.head.seq_num},
            )
        )

    async def catch_up(self, log: LogState) -> tuple[LogState, list[OwnEntry]]:
        """Takes over what the node holds of a log that is known here; gives it, and what lost its place."""
        sent = log.acknowledged.get(self.node, 0)
        ours = await self.own.signed_for(log)
        above = max(sent - 1, 0)
        branch = await self.branch(log.schema, log.log_id, above)
        fork = branch.first_other(ours) if branch is not None else None
        if fork is not None and fork <= sent:  # the node is not what it was
            branch = await self.branch(log.schema, log.log_id)
            fork = branch.first_other(ours) if branch is not None else None
        if branch is None:
            return log, []
        if fork is None:
            if branch.head.seq_num <= log.head.seq_num:
                is_ours = branch.head.seq_num in ours  # and no other, or it were a fork
                return (await self.own.take_up(log) if log.given_up and is_ours else log), []
            if log.head.seq_num and log.head.seq_num not in branch.hashes:
                raise not_proven(log.log_id, log.head.seq_num)
        lost = await self.own.entries(log.log_id, fork - 1, None) if fork is not None else []
        return await self.own.go_on(log, branch.head, self.node, fork, lost), lost

    async def follow(self, log: LogState) -> LogState:
        """Goes on with a log that another copy of the key, or this one before it was set back, wrote more of.

        Only where the node's begins with all that is here: the first write would find its slot taken.
        """
        branch = await self.branch(log.schema, log.log_id, max(log.head.seq_num - 1, 0))
        if branch is None or branch.head.seq_num <= log.head.seq_num:
            return log
        if log.head.seq_num and log.head.seq_num not in branch.hashes:
            return log
        if branch.first_other(log.head.hashes) is not None:
            return log  # a fork: that is found out by sending
        return await self.own.go_on(log, branch.head, self.node, None, [])

    async def bring(self, log: LogState, to: Sender) -> None:
        """Brings another node the entries of a log that are not held here.

        Args:
            log: which was taken over from this node.
            to: the other node.

        Raises:
            CallFailed: one of the two does not answer.
        """
        last = log.first - 1
        dialect = await self.sender.last_known()
        parts = [part async for part in dialect.downwards(log.schema, self.author, log.log_id, 1, last)]
        shown = sorted((each for part in parts for each in part), key=lambda each: each[0].entry.seq_num)
        items = [StoredEntry(signed.encoded, payload or None) for signed, payload in shown]
        there = await to.last_known()
        for start in range(0, len(items), MAX_ITEMS):
            await there.offer(items[start : start + MAX_ITEMS])

    async def learn_links(self, log: LogState) -> None:
        """Learns the hashes that coming entries need, of a log of which nothing waits here.

        Raises:
            LogNotProven, NodeContradictsItself: the node does not show the log as this client knows it.
        """
        branch = await self.branch(log.schema, log.log_id, log.head.seq_num)
        if branch is None or branch.head.seq_num < log.head.seq_num:
            raise not_proven(log.log_id, log.head.seq_num)
        if branch.head.seq_num > log.head.seq_num:  # another copy of the key goes on with it
            await self.catch_up(log)
        elif branch.first_other(log.head.hashes) is not None:
            raise NodeContradictsItself(f"The node shows another log {log.log_id} than it acknowledged.")
        else:
            await self.own.learn(log, branch.head.hashes)


def _compare(branch: Branch | None, said: EntryArguments) -> None:
    """Holds what a node says that comes next to what it shows of the log."""
    if said.backlink is None:
        raise NodeContradictsItself("The node gives no backlink for a log that is not empty.")
    if branch is None or branch.head.seq_num < said.seq_num - 1:
        raise not_proven(said.log_id, said.seq_num - 1)
    if branch.head.seq_num >= said.seq_num or branch.head.hashes[said.seq_num - 1].hex() != said.backlink:
        raise NodeContradictsItself(
            f"The node's answers about entry {said.seq_num - 1} of log {said.log_id} differ."
        )
