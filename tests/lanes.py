"""Several lanes run the tests at once: processes of pytest-xdist, each with browsers of its own."""

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import NodeManager, WorkerController

from tests.find_browsers import ENGINES

# Seconds that a lane has, after an interrupt, to end the browsers and nodes that it started: all that execnet gives it.
NodeManager.EXIT_TIMEOUT = 20


class Lanes(LoadScopeScheduling):
    """Hands out a module's tests in one engine together, because they share a page and a node."""

    def _split_scope(self, nodeid: str) -> str:
        module, _, test = nodeid.partition("::")
        parameters = test.partition("[")[2].rstrip("]").split("-")
        return " ".join([module, *(engine for engine in ENGINES if engine in parameters)])

    def remove_node(self, node: WorkerController) -> str | None:
        """A test that has ended its lane does not run again: one that hangs would end the next lane, too."""
        for unit in self.assigned_work[node].values():
            for test, done in unit.items():
                if not done:
                    unit[test] = True
                    super().remove_node(node)
                    return test
        return super().remove_node(node)
