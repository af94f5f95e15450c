"""Several lanes run the tests at once: processes of pytest-xdist, each with browsers of its own."""

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import NodeManager

from tests.find_browsers import ENGINES

# Seconds that a lane has, after an interrupt, to end the browsers and nodes that it started: all that execnet gives it.
NodeManager.EXIT_TIMEOUT = 20


class Lanes(LoadScopeScheduling):
    """Hands out a module's tests in one engine together, because they share a page and a node."""

    def _split_scope(self, nodeid: str) -> str:
        module, _, test = nodeid.partition("::")
        parameters = test.partition("[")[2].rstrip("]").split("-")
        return " ".join([module, *(engine for engine in ENGINES if engine in parameters)])
