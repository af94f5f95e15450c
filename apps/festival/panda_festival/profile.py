"""What an author calls themselves: one profile an author.

Anybody can take any name, so it is shown beside the key's digits and never in their place. An author may have
signed several profiles, on two devices perhaps. Then the one with the least id counts: everybody comes to the
same, in whatever order the profiles came.
"""

from panda_festival.own import own_instances
from panda_festival.schemas import PROFILE
from panda_web.client import Client, Written

SCHEMA = str(PROFILE.id)


async def write_profile(panda: Client, name: str, about: str) -> Written | None:
    """Publishes the author's profile, or changes it; what else there is of them is deleted.

    Args:
        panda: writes as the author.
        name: what they call themselves; empty to have no profile any more.
        about: a line about them; may be empty.

    Returns:
        What was written last; None where there was nothing to write.

    Raises:
        InvalidFields: a name or a line that no profile can have; nothing was signed.
        CallFailed: the node does not answer, and may know of a profile that was not signed here.
    """
    panda.learn([PROFILE])
    name, about = name.strip(), about.strip()
    async with panda.alone("profile"):  # two tabs do not both find none
        there = (await own_instances(panda, PROFILE)).there
        counts, others = min(there, default=None), sorted(there)[1:]
        written = None
        if name:
            wanted = {"name": name, "about": about or None}
            held = {each: field.value for each, field in there[counts].items()} if counts else {}
            changed = {each: value for each, value in wanted.items() if held.get(each) != value}
            if counts is None:
                written = await panda.create(SCHEMA, {each: v for each, v in wanted.items() if v is not None})
            elif changed:
                written = await panda.update(SCHEMA, counts, changed)
        elif counts is not None:
            others.append(counts)
        for each in others:
            written = await panda.delete(SCHEMA, each)
    return written
