"""I-Regexp: what RFC 9485 allows and nothing else, equal to Python's verdicts, and linear."""

import re
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.messages.schema import InvalidPattern, errors
from panda_web.messages.schema.automaton import MAX_KEPT, Automaton
from panda_web.messages.schema.pattern import MAX_DEPTH, MAX_LENGTH, MAX_SIZE
from tests.examples import examples
from tests.messages.schema.patterns import ALPHABET, PATTERNS, Pattern


@examples(10)
@given(PATTERNS, st.data())
def test_verdicts_are_those_of_python(pattern: Pattern, data: st.DataObject) -> None:
    automaton = Automaton(pattern.iregexp)
    oracle = re.compile(pattern.python)
    for texts in (pattern.texts, st.text(ALPHABET, max_size=6)):
        text = data.draw(texts)[:12]
        assert automaton.matches(text) == (oracle.fullmatch(text) is not None)
        assert automaton.matches(text) == automaton.matches(text), "what is kept changes nothing"


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("", [""], ["a", "\n"]),
        ("a|", ["a", ""], ["|"]),
        ("|", [""], ["|"]),
        ("()", [""], ["()"]),
        ("(){3}a", ["a"], [""]),
        ("abc", ["abc"], ["ab", "abcd", "xabc", "abc\n"]),
        ("^a$", ["^a$"], ["a"]),  # no anchors: ordinary characters
        (".", ["a", "😀", "\u2028", "\x00"], ["\n", "\r", "", "aa"]),
        ("a,b-c/d&", ["a,b-c/d&"], []),
        ("[a-c^-]+", ["a^-b"], ["d"]),
        ("[^a-c]", ["d", "^", "\n"], ["a", "b", "c", ""]),
        ("[.*+?(){}|$]+", [".*+?(){}|$"], ["a"]),
        (r"[\]\[\\\-\^]+", ["]\\-^["], ["a"]),
        (r"\n\r\t\.\-\^\{\}", ["\n\r\t.-^{}"], []),
        ("[😀-😂]", ["😁"], ["\ud83d", "😃"]),
        ("a{2}", ["aa"], ["a", "aaa"]),
        ("a{2,}", ["aa", "a" * 50], ["a"]),
        ("a{0,2}", ["", "a", "aa"], ["aaa"]),
        ("a{0}", [""], ["a"]),
        ("a{000002}", ["aa"], ["a"]),
        ("(a|b){2,3}c", ["abc", "babc"], ["ac", "ababc"]),
        ("[0-9]{4}-[0-9]{2}", ["2026-11"], ["２026-11"]),
    ],
)
def test_examples(pattern: str, matching: list[str], other: list[str]) -> None:
    automaton = Automaton(pattern)
    assert [text for text in matching if not automaton.matches(text)] == []
    assert [text for text in other if automaton.matches(text)] == []


MALFORMED = [
    "(", ")", "a)", "((a)", "[", "[a", "[]", "[^]", "[]a]", "[a-", "[[a]", "[--a]", "[a-b-c]", "[a--]", "]", "}", "{",
    "a{", "a{}", "a{,3}", "a{1", "a{1,2", "a{-1}", "a{1}{2}", "a{ 1}", "*", "+a", "?", "|*", "(*a)", "a**", "a*?", "a+?",
    "a??", "a*+", "a{2}?", "a{١}", "\ud800", "[\udfff]",
]  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "error"),
    [
        *[(pattern, errors.PatternMalformed) for pattern in MALFORMED],
        *[
            (pattern, errors.PatternEscapeUnknown)
            for pattern in ["\\", "a\\", r"\d", r"\w", r"\s", r"\b", r"\1", r"\$", r"\x41", r"\u0041", r"[\d]", r"\N", r"\,"]
        ],
        *[(pattern, errors.PatternPropertyUnsupported) for pattern in [r"\p{L}", r"\P{Lu}", r"[\p{Nd}a]", r"\p"]],
        *[(pattern, errors.PatternGroupUnsupported) for pattern in ["(?:a)", "(?=a)", "(?!a)", "(?<=a)", "a(?P<n>b)", "(?i)a"]],
        *[(pattern, errors.PatternRangeReversed) for pattern in ["[z-a]", "a{3,2}", r"[\]-\[]"]],
    ],
)  # fmt: skip
def test_what_is_refused(pattern: str, error: type[InvalidPattern]) -> None:
    with pytest.raises(error) as caught:
        Automaton(pattern)
    assert type(caught.value) is error
    assert 0 <= caught.value.data["at"] <= len(pattern)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("pattern", "error"),
    [
        ("a" * (MAX_LENGTH + 1), errors.PatternTooLong),
        ("a" * 1_000_000, errors.PatternTooLong),
        ("(" * 100_000, errors.PatternTooLong),
        ("(" * 1_000, errors.PatternTooDeep),
        ("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1), errors.PatternTooDeep),
        ("a" * (MAX_SIZE + 1), errors.PatternTooLarge),
        (f"a{{{MAX_SIZE + 1}}}", errors.PatternTooLarge),
        (f"a{{1,{MAX_SIZE + 1}}}", errors.PatternTooLarge),
        (f"a{{{MAX_SIZE + 1},}}", errors.PatternTooLarge),
        ("((a{1000}){1000}){1000}", errors.PatternTooLarge),
        ("(((a{100}){10}){10}){10}", errors.PatternTooLarge),
        ("(a{500}|b{500}|c)", errors.PatternTooLarge),
        ("a{" + "9" * 1_000 + "}", errors.PatternTooLarge),
        ("(){" + "9" * 1_000 + "}", errors.PatternTooLarge),
    ],
)
def test_what_asks_for_too_much(pattern: str, error: type[InvalidPattern]) -> None:
    with pytest.raises(error):
        Automaton(pattern)


@pytest.mark.parametrize(
    ("pattern", "size"),
    [
        ("", 0),
        ("[a-z]{2,8}b", 9),
        (f"a{{{MAX_SIZE}}}", MAX_SIZE),
        (f"(a?){{{MAX_SIZE}}}", MAX_SIZE),
        ("a*b+c?d{3,}", 6),
        ("a{0}(){900}", 0),
        ("(ab|c){2}", 6),
        ("(" * MAX_DEPTH + "a" + ")*" * MAX_DEPTH, 1),
        ("[" + "😀-😂" * 300 + "]", 1),
        ("[\\n-\U0010ffff]{1000}", 1000),
    ],
)
def test_size_is_what_may_stand_there_at_most(pattern: str, size: int) -> None:
    assert Automaton(pattern).size == size


@given(PATTERNS)
def test_there_is_a_state_for_each_and_no_other(pattern: Pattern) -> None:
    automaton = Automaton(pattern.iregexp)
    assert len(automaton._follow) == automaton.size + 1


def steps(pattern: str, text: str) -> int:
    """What a fresh automaton does for a text: what it works out, and a look-up for each character."""
    automaton = Automaton(pattern)
    automaton.matches(text)
    return automaton.steps + len(text)


EXPONENTIAL = {
    "(a|a)*b": "a",
    "(a*)*b": "a",
    "(a+)+b": "a",
    "((a+)+)+b": "a",
    "(a|aa)+b": "a",
    "(x+x+)+y": "x",
    "(.*)*!": "ab",
    "(.*)(.*)(.*)(.*)(.*)!": "ab",
    "((a{0,5}){0,5}){0,5}b": "a",
    "(a?){30}a{30}": "a",
    "(.*a){12}": "ab",
    "[ab]*a[ab]{12}": "aabab",  # a deterministic automaton of it has 8,192 states
    "(([a-z])+.)+[A-Z]([a-z])+": "ab",
}


@pytest.mark.parametrize("pattern", EXPONENTIAL)
def test_steps_are_linear_in_the_text(pattern: str) -> None:
    size = Automaton(pattern).size
    period = EXPONENTIAL[pattern]
    counts = []
    for length in (1_000, 2_000, 4_000):
        text = (period * length)[:length]
        counts.append(steps(pattern, text))
        assert counts[-1] <= (length + 1) * (size + 2)
    assert counts[1] <= 2 * counts[0]
    assert counts[2] <= 2 * counts[1]


def test_steps_are_bounded_where_nothing_repeats() -> None:
    """A text of which no two stretches are alike: what is kept never helps, and is forgotten now and then."""
    pattern = "[ab]*a[ab]{30}"
    size = Automaton(pattern).size
    number = 1
    bits = []
    for _ in range(8_000):  # a linear feedback shift register of period 2^32 - 1
        bits.append("ab"[number & 1])
        number = number >> 1 ^ (0x80200003 if number & 1 else 0)
    counts = [steps(pattern, "".join(bits[:length])) for length in (2_000, 4_000, 8_000)]
    assert all(
        count <= (length + 1) * (size + 2)
        for count, length in zip(counts, (2_000, 4_000, 8_000), strict=True)
    )
    assert counts[0] > 5 * 2_000, "this is the hard case"
    assert counts[2] / counts[1] == pytest.approx(2, rel=0.1)


@given(PATTERNS, st.text(ALPHABET, max_size=200))
def test_steps_never_exceed_size_times_length(pattern: Pattern, text: str) -> None:
    automaton = Automaton(pattern.iregexp)
    automaton.matches(text)
    assert automaton.steps <= len(text) * (automaton.size + 2)


def test_what_is_kept_is_bounded() -> None:
    automaton = Automaton(".*")
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 3 * MAX_KEPT)))
    assert automaton.matches(text)
    assert sum(map(len, automaton._known.values())) <= MAX_KEPT
    assert automaton.matches(text)
    assert not automaton.matches(text + "\n")


@given(
    st.text(max_size=30) | st.text("ab()[]{}*+?|\\-^.,0123pdn", max_size=30), st.text("ab01-", max_size=10)
)
def test_noise_is_a_pattern_or_a_named_error(pattern: str, text: str) -> None:
    try:
        automaton = Automaton(pattern)
    except InvalidPattern as error:
        assert type(error) is not InvalidPattern
        return
    assert automaton.matches(text) in (True, False)


def test_threads_may_share_a_pattern() -> None:
    """A node checks messages in threads. One must not see what another has half worked out."""
    texts = ["".join("ab"[n * k % 7 % 2] for n in range(300)) + "ab"[k % 2] * 30 for k in range(40)]
    pattern = "[ab]*a[ab]{29}"
    expected = [text[-30] == "a" for text in texts]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            for _ in range(5):
                automaton = Automaton(pattern)
                assert list(threads.map(automaton.matches, texts * 4)) == expected * 4
    finally:
        sys.setswitchinterval(interval)
