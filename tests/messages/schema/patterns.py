"""Hypothesis strategies for I-Regexps: each with the regular expression of Python that means the same."""

from dataclasses import dataclass

from hypothesis import strategies as st

ALPHABET = "aab^$-.]\\(|{é\n\r😀"
CHARACTERS = st.sampled_from(ALPHABET)
ESCAPED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"} | {c: "\\" + c for c in "()*+-.?[\\]^{|}"}
MUST = set("()*+.?[\\]{|}")  # what no pattern holds unescaped, outside of classes


@dataclass(frozen=True)
class Pattern:
    """A pattern in both languages, and texts that are likely to match it."""

    iregexp: str
    python: str
    texts: st.SearchStrategy[str]


def exactly(character: str) -> str:
    return f"\\U{ord(character):08x}"


@st.composite
def literals(draw: st.DrawFn) -> Pattern:
    character = draw(CHARACTERS)
    escape = character in MUST or (character in ESCAPED and draw(st.booleans()))
    return Pattern(ESCAPED[character] if escape else character, exactly(character), st.just(character))


@st.composite
def classes(draw: st.DrawFn) -> Pattern:
    iregexp, python, members = [], [], []
    for _ in range(draw(st.integers(1, 3))):
        low = high = draw(CHARACTERS)
        if draw(st.booleans()):
            low, high = sorted((low, draw(CHARACTERS)))
        escape = draw(st.booleans())
        ends = [ESCAPED[c] if c in ESCAPED and (escape or c in "-[]\\^") else c for c in (low, high)]
        iregexp.append(ends[0] if low == high else "-".join(ends))
        python.append(exactly(low) if low == high else f"{exactly(low)}-{exactly(high)}")
        members += [low, high]
    if draw(st.booleans()):
        iregexp.insert(draw(st.sampled_from([0, len(iregexp)])), "-")
        python.append("\\-")
        members.append("-")
    negated = "^" if draw(st.booleans()) else ""
    return Pattern(
        f"[{negated}{''.join(iregexp)}]",
        f"[{negated}{''.join(python)}]",
        CHARACTERS if negated else st.sampled_from(members),
    )


DOT = st.just(Pattern(".", "[^\\n\\r]", CHARACTERS))
COUNTS = st.tuples(st.integers(0, 3), st.integers(0, 3)).map(sorted)


@st.composite
def repeated(draw: st.DrawFn, inner: st.SearchStrategy[Pattern]) -> Pattern:
    part = draw(inner)
    least, most = draw(COUNTS)
    spelling = draw(
        st.sampled_from(
            ["*", "+", "?", f"{{{least}}}", f"{{{least},}}", f"{{{least},{most}}}", f"{{0{least}}}"]
        )
    )
    low, high = {"*": (0, 3), "+": (1, 3), "?": (0, 1)}.get(
        spelling, (least, most if f"{most}}}" in spelling else least)
    )
    texts = st.lists(part.texts, min_size=low, max_size=max(low, high)).map("".join)
    return Pattern(f"({part.iregexp}){spelling}", f"(?:{part.python}){spelling}", texts)


@st.composite
def joined(draw: st.DrawFn, inner: st.SearchStrategy[Pattern]) -> Pattern:
    parts = draw(st.lists(inner, max_size=3))
    texts = st.tuples(*[part.texts for part in parts]).map("".join)
    return Pattern("".join(p.iregexp for p in parts), "".join(p.python for p in parts), texts)


@st.composite
def choices(draw: st.DrawFn, inner: st.SearchStrategy[Pattern]) -> Pattern:
    parts = draw(st.lists(inner, min_size=2, max_size=3))
    return Pattern(
        "(" + "|".join(p.iregexp for p in parts) + ")",
        "(?:" + "|".join(p.python for p in parts) + ")",
        st.one_of([p.texts for p in parts]),
    )


PATTERNS: st.SearchStrategy[Pattern] = st.recursive(
    literals() | classes() | DOT,
    lambda inner: repeated(inner) | joined(inner) | choices(inner),
    max_leaves=6,
)
