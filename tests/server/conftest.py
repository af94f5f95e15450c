"""A real node that the tests of a module share."""

from collections.abc import Iterator

import pytest

from tests.processes import ServedNode
from tests.server.strangers import PROXIED


@pytest.fixture(scope="module", params=[False, True], ids=["fastest", "plain"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedNode]:
    """One for what does a node no harm."""
    with ServedNode(tmp_path_factory.mktemp("shared"), None, *PROXIED, plain=request.param) as served:
        yield served
