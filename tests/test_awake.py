"""Which modules are awake in the snapshot, and why: each travels with every first visit.

`awake.txt` beside this has their names. Lines that begin with # say why those that follow are there.
"""

from pathlib import Path

import pytest

from tests.browser.sites import frozen_in
from tools.runtime import AWAKE, snapshot, split_pyodide, usual_functions

ARGUED = Path(__file__).with_name("awake.txt")


def argued(text: str) -> dict[str, str]:
    """Why each module is awake, by its name. Raises ValueError for one without a reason, or named twice."""
    reasons: dict[str, str] = {}
    reason = ""
    for line in text.splitlines():
        if line.startswith("#"):
            reason = line.removeprefix("#").strip()
            continue
        for name in line.split():
            if not reason or name in reasons:
                raise ValueError(f"{name} is named twice, or nothing says why it is awake.")
            reasons[name] = reason
    return reasons


def differences(awake: set[str], listed: set[str]) -> list[str]:
    """What somebody has to do, in words; nothing where the two agree."""
    new = [
        f"{name} is awake in the snapshot, and travels with every first visit. Let it sleep (tools/snapshot.py, "
        f"tools/asleep.py), or import it where it is used; if a start needs it, say why in {ARGUED.name}."
        for name in sorted(awake - listed)
    ]
    return new + [
        f"{name} is in {ARGUED.name}, and not in the snapshot any more: take it out of the list."
        for name in sorted(listed - awake)
    ]


def test_each_module_in_the_snapshot_was_argued_for(site: Path) -> None:
    wheels, extensions = frozen_in(site)
    usual = usual_functions(wheels, extensions)
    made = snapshot(split_pyodide(wheels, extensions), wheels, extensions, usual)
    awake = set((made / AWAKE).read_text("utf-8").split())
    assert "panda_web.browser.worker" in awake
    found = differences(awake, set(argued(ARGUED.read_text("utf-8"))))
    assert not found, "\n".join(found)


def test_a_new_module_must_be_argued_for_and_one_that_is_gone_leaves_the_list() -> None:
    new, gone = differences({"email", "json"}, {"json", "socket"})
    assert new.startswith("email is awake")
    assert gone.startswith("socket is in awake.txt")


@pytest.mark.parametrize("text", ["json\n", "# why\njson\n# why else\njson\n", "#\njson"])
def test_a_list_says_why(text: str) -> None:
    with pytest.raises(ValueError, match="json"):
        argued(text)
