"""Colours of an event: from what an organiser writes to what pages paint with.

OKLCH (Ottosson, 2020): colours of one lightness look equally light, whatever their hue. So pages keep their
own lightness, and with it their contrast, and take an event's hue and how colourful it is.
"""

from __future__ import annotations

import math
import re

HEX = re.compile(r"#[0-9a-fA-F]{6}")
# From linear light to the cone responses and on to OKLab, and back.
TO_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
FROM_LAB = (
    (1.0, 0.3963377774, 0.2158037573),
    (1.0, -0.1055613458, -0.0638541728),
    (1.0, -0.0894841775, -1.2914855480),
)
FROM_CONES = (
    (4.0767416621, -3.3077115913, 0.2309699292),
    (-1.2684380046, 2.6097574011, -0.3413193965),
    (-0.0041960863, -0.7034186147, 1.7076147010),
)
Matrix = tuple[tuple[float, float, float], ...]


def times(matrix: Matrix, vector: tuple[float, ...]) -> tuple[float, ...]:
    """A matrix times a vector."""
    return tuple(sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)


def channels(colour: str) -> tuple[int, ...]:
    """#rrggbb as three numbers up to 255."""
    return tuple(bytes.fromhex(colour[1:]))


def to_oklch(colour: str) -> tuple[float, float, float]:
    """#rrggbb as lightness (0 to 1), chroma (0 to some 0.37) and hue (degrees)."""
    light = [c / 255 for c in channels(colour)]
    linear = tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in light)
    lightness, a, b = times(TO_LAB, tuple(math.cbrt(cone) for cone in times(TO_CONES, linear)))
    return lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360


def from_oklch(lightness: float, chroma: float, hue: float) -> str:
    """The other way; what no screen shows is cut off, channel by channel."""
    lab = (lightness, chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue)))
    linear = times(FROM_CONES, tuple(cone**3 for cone in times(FROM_LAB, lab)))
    light = (12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055 for c in map(clip, linear))
    return "#" + bytes(round(255 * clip(c)) for c in light).hex()


def clip(value: float) -> float:
    """Between 0 and 1."""
    return min(max(value, 0.0), 1.0)
