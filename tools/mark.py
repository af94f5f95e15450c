"""The mark of a site, and the icons that are made of it.

It is drawn in web/pages/shared/icon.svg, of circles and paths; here those become the lines of a picture.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

from tools.png import Point, Shape, picture

SIDE = 64
"""Units of a side of the drawing."""
STEPS = 16
"""Straight lines that a curve becomes."""
CORNER = 0.22
"""The radius of an icon's corners, as a part of its side."""
PLAIN = 0.76
"""The size of the mark on an icon, as a part of its side."""
MASKABLE = 0.58
"""The same where a phone cuts the icon to a form of its own: all of the mark is in the circle that stays."""
OWN_SIZES = {"app-192.png": (192, PLAIN), "app-512.png": (512, PLAIN)}
CUT_SIZES = {"app-maskable-192.png": (192, MASKABLE), "app-maskable-512.png": (512, MASKABLE)}
PARTS = re.compile(r"[A-Za-z]|-?(?:\d+\.?\d*|\.\d+)")


def icons(drawing: Path, colour: str) -> dict[str, bytes]:
    """The files of a site's icons, by name: the mark on a tile of a colour (#rrggbb)."""
    found = {name: tile(drawing, colour, size, part, CORNER) for name, (size, part) in OWN_SIZES.items()}
    found |= {name: tile(drawing, colour, size, part, 0) for name, (size, part) in CUT_SIZES.items()}
    return found | {"app.svg": as_svg(drawing, colour)}


def as_svg(drawing: Path, colour: str) -> bytes:
    """The mark on its tile as SVG."""
    inside = drawing.read_text("utf-8").partition(">")[2].rpartition("</svg>")[0].strip()
    edge = SIDE * (1 - PLAIN) / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}">\n'
        f'<rect width="{SIDE}" height="{SIDE}" rx="{SIDE * CORNER:g}" fill="{colour}"/>\n'
        f'<g transform="translate({edge:g} {edge:g}) scale({PLAIN:g})">\n  {inside}\n</g>\n</svg>\n'
    ).encode()


def tile(drawing: Path, colour: str, size: int, part: float, corner: float) -> bytes:
    """The mark on its tile as PNG, of so many pixels a side."""
    scale = size * part / SIDE
    edge = size * (1 - part) / 2
    placed = [
        Shape([[(edge + x * scale, edge + y * scale) for x, y in line] for line in shape.lines], shape.colour)
        for shape in shapes(drawing)
    ]
    return picture(size, [Shape([rounded(size, size * corner)], colour), *placed])


def rounded(side: float, radius: float) -> list[Point]:
    """A square with round corners."""
    if not radius:
        return [(0, 0), (side, 0), (side, side), (0, side)]
    middles = (
        (side - radius, side - radius),
        (radius, side - radius),
        (radius, radius),
        (side - radius, radius),
    )
    return [
        (x + radius * math.cos(turn), y + radius * math.sin(turn))
        for quarter, (x, y) in enumerate(middles)
        for step in range(STEPS + 1)
        for turn in [(quarter + step / STEPS) * math.pi / 2]
    ]


def shapes(drawing: Path) -> list[Shape]:
    """What is drawn, the lowest first: each filled, and then its edge."""
    found = []
    for node in ET.fromstring(drawing.read_text("utf-8")):  # noqa: S314 - it is our own
        if node.tag.endswith("circle"):
            x, y, radius = (float(node.get(name, "0")) for name in ("cx", "cy", "r"))
            lines, closed = [disc((x, y), radius, 4 * STEPS)], True
        else:
            lines, closed = path(node.get("d", "")), "z" in node.get("d", "").lower()
        if (fill := node.get("fill", "none")) != "none":
            found.append(Shape(lines, fill))
        if stroke := node.get("stroke"):
            half = float(node.get("stroke-width", "1")) / 2
            edges = [[*line, line[0]] if closed else line for line in lines]
            found.append(Shape([piece for line in edges for piece in thick(line, half)], stroke))
    return found


def disc(middle: Point, radius: float, steps: int) -> list[Point]:
    """A circle."""
    turns = (2 * math.pi * step / steps for step in range(steps))
    return [(middle[0] + radius * math.cos(turn), middle[1] + radius * math.sin(turn)) for turn in turns]


def thick(line: list[Point], half: float) -> list[list[Point]]:
    """What a round pen covers that goes along a line: pieces that all go around the same way."""
    pieces = [disc(point, half, STEPS) for point in line]
    for (ax, ay), (bx, by) in pairwise(line):
        length = math.hypot(bx - ax, by - ay)
        if length:
            dx, dy = (by - ay) * half / length, (ax - bx) * half / length
            pieces.append([(ax + dx, ay + dy), (bx + dx, by + dy), (bx - dx, by - dy), (ax - dx, ay - dy)])
    return pieces


def path(data: str) -> list[list[Point]]:
    """The lines of a path; of its commands those that the drawing has: m, l, h, v, c, s, z."""
    words = PARTS.findall(data)
    lines: list[list[Point]] = []
    at: Point = (0, 0)
    handle: Point | None = None
    command = ""
    while words:
        if words[0].isalpha():
            command = words.pop(0)
        if command in "zZ":
            at = lines[-1][0]
            continue
        origin = at if command.islower() else (0, 0)
        count = {"m": 2, "l": 2, "h": 1, "v": 1, "c": 6, "s": 4}[command.lower()]
        numbers = [float(words.pop(0)) for _ in range(count)]
        before, handle = handle, None
        match command.lower():
            case "h":
                at = (origin[0] + numbers[0], at[1])
            case "v":
                at = (at[0], origin[1] + numbers[0])
            case "m" | "l":
                at = (origin[0] + numbers[0], origin[1] + numbers[1])
            case _:
                points = [
                    (origin[0] + x, origin[1] + y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)
                ]
                if len(points) == 2:
                    mirrored = (2 * at[0] - before[0], 2 * at[1] - before[1]) if before else at
                    points.insert(0, mirrored)
                lines[-1] += curve(at, points)
                handle, at = points[1], points[2]
                continue
        if command in "mM":
            lines.append([at])
            command = "l" if command == "m" else "L"
        else:
            lines[-1].append(at)
    return [line for line in lines if len(line) > 1]


def curve(start: Point, points: list[Point]) -> list[Point]:
    """A cubic curve in straight pieces, without its first point."""
    found = []
    for step in range(1, STEPS + 1):
        t = step / STEPS
        parts = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
        corners = (start, *points)
        found.append(
            (
                sum(part * x for part, (x, _) in zip(parts, corners, strict=True)),
                sum(part * y for part, (_, y) in zip(parts, corners, strict=True)),
            )
        )
    return found
