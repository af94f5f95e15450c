"""Hypothesis strategies for messages."""

from hypothesis import strategies as st

from panda_web import messages
from panda_web.messages import Field, Message, Relation

HASHES = st.binary(min_size=64, max_size=64).map(lambda data: "0040" + data.hex())
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SCALARS = {
    "str": TEXTS,
    "int": st.integers(-(2**63), 2**63 - 1)
    | st.sampled_from([0, 23, 24, 255, 256, 65535, 65536, -1, -24, -25]),
    "float": st.floats(allow_nan=False, allow_infinity=False)
    | st.floats(width=16, allow_nan=False, allow_infinity=False),
    "bool": st.booleans(),
    "relation": HASHES.map(Relation),
}
FIELDS = st.one_of(
    *[st.builds(Field, st.just(kind), values) for kind, values in SCALARS.items()],
    *[
        st.builds(Field, st.just(f"{kind}[]"), st.lists(values, max_size=4).map(tuple))
        for kind, values in SCALARS.items()
    ],
)
FIELD_MAPS = st.dictionaries(TEXTS, FIELDS, min_size=1, max_size=5)
PREVIOUS = st.just(()) | st.sets(HASHES, min_size=1, max_size=16).map(lambda hashes: tuple(sorted(hashes)))
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(messages.create, HASHES, FIELD_MAPS),
    st.builds(messages.update, HASHES, HASHES, FIELD_MAPS, PREVIOUS),
    st.builds(messages.delete, HASHES, HASHES, PREVIOUS),
)
