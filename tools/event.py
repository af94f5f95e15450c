"""What an organiser says about an event, and what the site makes of it: its name, its colours, its icons."""

from __future__ import annotations

import argparse
import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tools import colours, mark, png
from tools.bundles import TEXTS
from tools.colours import HEX, from_oklch, to_oklch
from tools.kept import kept
from tools.telling import Problem

MOST_AUTHORS = 100
"""Authors whose programme a site is; a page takes no more (apps/festival/page/whose.js)."""
MOST_NODES = 9
"""The node that pages work with, and its peers (panda_web/browser/methods.py)."""
AUTHOR = re.compile("[0-9a-f]{64}")
LONGEST_NAME = 60
"""Characters of an event's name: more fits under no icon, and into no heading of a phone."""
STRONGEST = 0.15
"""The chroma of the strongest colours that pages paint with: screens show that much of every hue."""
PLACES = re.compile(r"\{\{([\w.]+)\}\}")


@dataclass(frozen=True, slots=True)
class Event:
    """What differs between one event's site and another's."""

    name: str = "panda-web"
    colour: str = "#22543d"
    """#rrggbb: of the icon, and of all that pages colour"""
    language: str = "en"
    """of the pages: one that there are texts in"""
    authors: tuple[str, ...] = ()
    """whose talks are the programme, whose word counts most first; none: everybody's"""
    nodes: tuple[str, ...] = ()
    """the node that pages work with, and then its peers; none: the one that serves the site"""

    def __post_init__(self) -> None:
        """Raises Problem, in words for an organiser."""
        if not self.name.strip() or len(self.name) > LONGEST_NAME or not self.name.isprintable():
            raise Problem(f"--name takes the event's name on one line, of up to {LONGEST_NAME} characters.")
        if not HEX.fullmatch(self.colour):
            raise Problem(
                f'--colour takes a colour such as "#5b2a86", with six digits; this is {self.colour}.'
            )

        if self.language not in languages():
            raise Problem(f"--language takes one of these: {', '.join(languages())}.")
        for author in self.authors:
            if not AUTHOR.fullmatch(author):
                raise Problem(
                    "--programme-of takes authors, as their page says under “Who I am”: public keys of 64 "
                    f"digits from 0 to f, with commas between them. This is none: {author[:80]!r}."
                )
        for node in self.nodes:
            if not is_node(node):
                raise Problem(
                    "--nodes takes addresses of nodes, such as https://node.example, with commas between "
                    f"them. This is none: {node[:80]!r}."
                )
        if len(self.nodes) > MOST_NODES:
            raise Problem(f"--nodes takes up to {MOST_NODES} nodes.")
        if len(self.authors) > MOST_AUTHORS:
            raise Problem(f"--programme-of takes up to {MOST_AUTHORS} authors.")

    @property
    def tint(self) -> tuple[float, float]:
        """Chroma and hue of what pages colour."""
        _, chroma, hue = to_oklch(self.colour)
        return min(chroma, STRONGEST), hue


def is_node(address: str) -> bool:
    """Whether an address can be that of a node."""
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def languages() -> list[str]:
    """The languages that there are texts in."""
    return sorted(path.stem for path in TEXTS.glob("*.json"))


def texts(language: str) -> dict[str, dict[str, str]]:
    """All texts in a language, by group and name."""
    found = json.loads((TEXTS / f"{language}.json").read_text("utf-8"))
    return {group: values for group, values in found.items() if group != "language"}


def take_options(parser: argparse.ArgumentParser) -> None:
    """Lets a command take what an organiser says."""
    usual = Event()
    parser.add_argument("--name", default=usual.name, help="the event's name")
    parser.add_argument("--colour", default=usual.colour, metavar="#RRGGBB", help="the event's colour")
    parser.add_argument("--language", default=usual.language, help=f"of the pages: {', '.join(languages())}")
    parser.add_argument(
        "--programme-of",
        default="",
        metavar="AUTHOR[,AUTHOR…]",
        help="whose talks are the programme; everybody's unless given",
    )
    parser.add_argument(
        "--nodes",
        default="",
        metavar="URL[,URL…]",
        help="the node that pages work with, and its peers; the one that serves the site unless given",
    )


def event_of(options: argparse.Namespace) -> Event:
    """What was said. Raises Problem."""
    authors = dict.fromkeys(options.programme_of.lower().replace(",", " ").split())
    nodes = dict.fromkeys(options.nodes.replace(",", " ").split())
    return Event(options.name, options.colour, options.language, tuple(authors), tuple(nodes))


def from_arguments(arguments: Sequence[str]) -> tuple[Event, list[str]]:
    """The event of some options, and the options that say something else. Raises Problem."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    take_options(parser)
    options, others = parser.parse_known_args(arguments)
    return event_of(options), others


def dress(site: Path, event: Event) -> None:
    """Makes a site that of an event: its pages, their style, and what makes an app of it."""
    usual, dark = band(event)
    own = {
        "name": html.escape(event.name),
        "language": event.language,
        "theme": usual,
        "themeDark": dark,
        "programmeOf": " ".join(event.authors),
        "nodes": html.escape(" ".join(event.nodes)),
    }
    said = texts(event.language)
    values = own | {f"{group}.{name}": text for group, named in said.items() for name, text in named.items()}
    for page in site.glob("*.html"):
        filled = PLACES.sub(lambda place: values[place[1]], page.read_text("utf-8"))
        filled = PLACES.sub(lambda place: own[place[1]], filled)  # texts have the event's name in them
        page.write_text(filled, "utf-8", newline="\n")
    chroma, hue = event.tint
    style = site / "style.css"
    text = style.read_text("utf-8")
    for name, value in (("hue", f"{hue:.1f}"), ("chroma", f"{chroma:.3f}")):
        text = re.sub(rf"--event-{name}: [\d.]+;", f"--event-{name}: {value};", text)
    style.write_text(text, "utf-8", newline="\n")
    drawing = site / "icon.svg"
    made = kept(
        "icons",
        drawing,
        event.colour,
        *map(Path, (mark.__file__, png.__file__, colours.__file__)),
        make=lambda out: write_icons(drawing, event.colour, out),
    )
    for icon in made.iterdir():
        (site / icon.name).write_bytes(icon.read_bytes())
    (site / "manifest.webmanifest").write_text(
        json.dumps(manifest(event), indent=1, ensure_ascii=False), "utf-8"
    )


def write_icons(drawing: Path, colour: str, out: Path) -> None:
    """Writes the icons of a colour into a new folder."""
    out.mkdir()
    for name, data in mark.icons(drawing, colour).items():
        (out / name).write_bytes(data)


def band(event: Event) -> tuple[str, str]:
    """The colour of the band at the top of a page, on a light and on a dark screen (--band in style.css)."""
    _, hue = event.tint
    return from_oklch(0.2, 0.02, hue), from_oklch(0.145, 0.01, hue)


def manifest(event: Event) -> dict[str, object]:
    """What browsers read who install the site as an app (W3C, Web Application Manifest).

    It has no `id`: that would be relative to the origin, which several sites may share. Without one the app
    is known by its start, which is the site's own folder.
    """
    png_icon = {"type": "image/png"}
    return {
        "lang": event.language,
        "name": event.name,
        "short_name": event.name,
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "theme_color": band(event)[0],
        "background_color": from_oklch(0.975, 0.006, 135),
        "icons": [
            {"src": "app.svg", "type": "image/svg+xml", "sizes": "any"},
            *(
                png_icon | {"src": name, "sizes": f"{size}x{size}"}
                for name, (size, _) in mark.OWN_SIZES.items()
            ),
            *(
                png_icon | {"src": name, "sizes": f"{size}x{size}", "purpose": "maskable"}
                for name, (size, _) in mark.CUT_SIZES.items()
            ),
        ],
    }
