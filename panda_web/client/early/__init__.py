"""Early nodes, as aquadoggo 0.1.0: what they lack and do otherwise is made up for here, and nowhere else.

The rest of the client knows them as a `Dialect` only.

Seen on a real one, built from p2panda/aquadoggo at its tag v0.1.0, and in its source:

- It has three methods, takes no batches, and gives no reason with a refusal that a program could read.
- An entry that it has already is a database error. So nothing is sent before it is certain that the node
  lacks it: the log ends just before it there, or its entries were looked through. And whatever the node
  refuses is looked for: if it is there after all, it is acknowledged.
- An even log id ends the connection without an answer, as if the node were away, so none is sent. What is not
  of the first five field types is refused.
- It takes altered copies of entries (bytes behind them, other tags), and then the slot is taken. It takes
  messages that are none, as with NaN: readers pass over them, and the log goes on behind them.
- It takes a schema in one log for each author only, and offers one log id to many schemas until one of them
  has an entry. Two schemas may end up in one log, and after that it offers ids that are in use.
- `panda_queryEntries` gives all entries of all logs of a schema at once; there is nothing to filter by.
"""

from panda_web.client.early.dialect import Early

__all__ = ["Early"]
