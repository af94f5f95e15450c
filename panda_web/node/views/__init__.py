"""The view of a schema: what is in it, kept so in the transaction that stores a message.

A view is a function of what is held, not of the order in which it came:

- Only what its schema accepts counts. A create that it refuses makes no instance, whatever follows; an update
  that it refuses is passed over as if it had never come; deletes have nothing to be refused for. Nodes that
  take in other people's logs hold such messages, as do those that knew the schema later than its messages.
- What counts of an instance, in the log of its create, makes it what it is: `messages.instance`.
- Relations that cascade hide it: `node.store.cascades`.

Nothing is remembered here. Which views there are, finished and not, the database says, within the transaction
that asks; so no message is missed by a view, whoever began it, and when.

`view` says what a view is, `changing` what a message changes in it, `building` makes it from the stored log.
Its table is `node.store.view_tables`.
"""

from panda_web.node.views.changing import anew, ended, gone, out, remember, take_in
from panda_web.node.views.view import View, in_place, message_of

__all__ = ["View", "anew", "ended", "gone", "in_place", "message_of", "out", "remember", "take_in"]
