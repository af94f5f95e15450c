"""Bar charts as SVG: to be read on light and on dark, and without a word of script."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from benchmarks.report import Part, Peer, Result, Samples, factor, number, spread

WIDTH = 860
LEFT, RIGHT = 150, 270
BAR, GAP, GROUP = 16, 6, 30
SWATCH, LETTER = 10, 6
"""Sides of a square in a legend, and about how wide a letter is there."""
LIGHT = ("#0969da", "#8250df", "#bf8700", "#1a7f37", "#bf3989", "#57606a", "#1b7c83", "#bc4c00")
DARK = ("#4493f8", "#a371f7", "#d29922", "#3fb950", "#db61a2", "#8b949e", "#39c5cf", "#db6d28")
"""Colours of parts."""


def _parts(colours: Sequence[str]) -> str:
    return " ".join(
        f".part{number} {{ fill: {colour}; stroke: {colour}; }}" for number, colour in enumerate(colours)
    )


STYLE = f"""
text {{ font: 13px system-ui, sans-serif; fill: #1f2328; }}
.title {{ font-weight: 600; }}
.small {{ font-size: 11px; fill: #59636e; }}
.ours {{ fill: #0969da; }}
.peer {{ fill: #afb8c1; }}
.spread {{ stroke: #1f2328; stroke-width: 1.5; }}
.limit {{ stroke: #cf222e; stroke-width: 2; stroke-dasharray: 4 3; }}
.part {{ stroke-width: 1; }}
.later {{ fill-opacity: 0.25; stroke-dasharray: 3 2; }}
{_parts(LIGHT)}
@media (prefers-color-scheme: dark) {{
  text {{ fill: #e6edf3; }}
  .small {{ fill: #9198a1; }}
  .ours {{ fill: #4493f8; }}
  .peer {{ fill: #59636e; }}
  .spread {{ stroke: #e6edf3; }}
  .limit {{ stroke: #ff7b72; }}
  {_parts(DARK)}
}}
"""


def chart(title: str, results: Sequence[Result], machine: Mapping[str, str]) -> str:
    """An SVG document: for each result our bar and those of its peers, on a scale of its own.

    A bar is a median, the line across its end the spread, a dashed line the strictest limit. Where
    parts are known the bar is made of them, and what comes later stands pale behind it.
    """
    parts: list[str] = []
    y = 34
    for result in results:
        y += GROUP
        parts.append(_text(12, y - 8, result.what, "title"))
        scale = (WIDTH - LEFT - RIGHT) / (_greatest(result) or 1)
        parts += _bars(result, scale, y)
        y += (1 + len(result.peers)) * _step(result)
    words = [f"{name} {value}" for name, value in machine.items()]
    foot = [_text(12, y + 26 + 15 * number, line, "small") for number, line in enumerate(_wrapped(words))]
    height = y + 26 + 15 * len(foot)
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
            _text(12, 24, title, "title"),
            *parts,
            *foot,
            "</svg>\n",
        ]
    )


def _greatest(result: Result) -> float:
    """What the scale must have room for."""
    bars = [peer.samples.high for peer in result.peers]
    stacks = [sum(part.value for part in parts) for parts in _stacks(result)]
    return max([result.ours.high, *bars, *stacks, *sorted(_limits(result))[:1]])


def _stacks(result: Result) -> list[tuple[Part, ...]]:
    """Parts of ours, and of each peer."""
    return [result.parts, *(peer.parts for peer in result.peers)]


def _step(result: Result) -> int:
    """From one bar to the next: what has parts has a line that names them."""
    return BAR + GAP + (BAR + 2 * GAP if any(_stacks(result)) else 0)


def _limits(result: Result) -> list[float]:
    """What ours may be at most, in the result's unit."""
    own = [] if result.limit is None else [result.limit]
    return own + [peer.limit * peer.samples.median for peer in result.peers if peer.limit is not None]


def _bars(result: Result, scale: float, y: float) -> Iterator[str]:
    names = list(dict.fromkeys(part.name for parts in _stacks(result) for part in parts))
    yield from _bar("ours", "panda-web", result.ours, result.unit, "", scale, y)
    yield from _stack(result.parts, names, scale, y)
    if limits := _limits(result):
        at = LEFT + min(limits) * scale
        yield _line("limit", at, y - 3, at, y + BAR + 3)
    for place, peer in enumerate(result.peers, 1):
        at = y + place * _step(result)
        yield from _bar("peer", peer.name, peer.samples, result.unit, _stands(result, peer), scale, at)
        yield from _stack(peer.parts, names, scale, at)


def _stack(parts: Sequence[Part], names: Sequence[str], scale: float, y: float) -> Iterator[str]:
    """Parts over their bar, one behind the other, and under it what they are."""
    x, legend = float(LEFT), 12.0
    for part in parts:
        kind = f"part part{names.index(part.name) % len(LIGHT)}{' later' if part.later else ''}"
        yield _rect(kind, x, y, part.value * scale, BAR)
        x += part.value * scale
        words = f"{part.name} {number(part.value)}{', later' if part.later else ''}"
        yield _rect(kind, legend, y + BAR + GAP, SWATCH, SWATCH)
        yield _text(legend + SWATCH + GAP, y + BAR + GAP + SWATCH - 1, words, "small")
        legend += SWATCH + 3 * GAP + LETTER * len(words)


def _stands(result: Result, peer: Peer) -> str:
    return f"; ours {factor(result.ours.median, peer.samples.median)}"


def _bar(
    kind: str, name: str, samples: Samples, unit: str, more: str, scale: float, y: float
) -> Iterator[str]:
    end, middle = LEFT + samples.median * scale, y + BAR / 2
    yield _text(12, middle + 4, name)
    yield _rect(kind, LEFT, y, max(end - LEFT, 1), BAR)
    low, high = LEFT + samples.low * scale, LEFT + samples.high * scale
    yield _line("spread", low, middle, high, middle)
    yield _text(WIDTH - RIGHT + 12, middle + 4, spread(samples, unit) + more, "small")


def _rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}"/>'


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, words: str, kind: str = "") -> str:
    look = f' class="{kind}"' if kind else ""
    return f'<text{look} x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def _wrapped(words: Sequence[str], limit: int = 110) -> list[str]:
    """The words in lines, with a dot between them."""
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} · {word}" if lines[-1] else word
        if len(longer) <= limit or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
