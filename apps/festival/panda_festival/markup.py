"""Schedules in XML, as frab, pretalx and FOSDEM write them: schedule → day → room → event.

XML from strangers can grow without bound by the entities that it defines, or ask for other files.
`defusedxml` refuses both; depth and number of elements are bounded here. A page fetches what reads XML when
it is first needed.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from panda_web.errors import PandaError
from panda_web.rpc.types import Json

if TYPE_CHECKING:  # loads expat, which a page has no use for until somebody opens an XML file
    from xml.etree.ElementTree import Element

MAX_DEPTH = 64
MAX_ELEMENTS = 2_000_000


class XmlUnusable(PandaError):
    """A file of XML is damaged, too deep, too long, or defines entities."""

    reason = "xml-unusable"


def schedule_of(data: bytes) -> Json:
    """What a schedule in XML says, as frab's JSON; the name of the outermost element where it is another one.

    Raises:
        XmlUnusable: with words that are a sentence.
        ImportError: what reads XML is not at hand.
    """
    root = _parse(data)
    if _tag(root) != "schedule":
        return _tag(root)
    days = [
        {
            "date": day.get("date"),
            "day_start": day.get("start"),
            "rooms": [
                {"name": room.get("name"), "events": [_event(event) for event in _children(room, "event")]}
                for room in _children(day, "room")
            ],
        }
        for day in _children(root, "day")
    ]
    return {"schedule": {"conference": {"days": days}}}


def _event(event: "Element") -> dict[str, Json]:
    values: dict[str, Json] = dict(event.attrib)
    for part in event:
        if _tag(part) == "persons":
            values["persons"] = [_text(person) for person in part]
        else:
            values[_tag(part)] = _text(part)
    if not values.get("room"):
        values.pop("room", None)  # then that which it is listed under
    return values


def _children(element: "Element", tag: str) -> Iterator["Element"]:
    return (child for child in element if _tag(child) == tag)


def _tag(element: "Element") -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _text(element: "Element") -> str:
    return "".join(element.itertext()).strip()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _parse(data: bytes) -> "Element":
    from xml.etree.ElementTree import ParseError, TreeBuilder

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    class Bounded(TreeBuilder):
        """A tree that does not grow beyond the bounds."""

        depth = count = 0

        def start(self, tag: str, attrs: dict[str, str], /) -> "Element":
            self.depth += 1
            self.count += 1
            if self.depth > MAX_DEPTH or self.count > MAX_ELEMENTS:
                raise XmlUnusable(
                    f"The XML has more than {MAX_DEPTH} levels or {MAX_ELEMENTS} elements; no schedule has."
                )
            return super().start(tag, attrs)

        def end(self, tag: str, /) -> "Element":
            self.depth -= 1
            return super().end(tag)

    # What is UTF-8 is read as such, whatever it says: a page has decoded it by now.
    parser = DefusedXMLParser(target=Bounded(), encoding="utf-8" if _is_utf8(data) else None)
    try:
        parser.feed(data)
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise XmlUnusable("The XML defines entities, which no schedule needs.") from error
    except (ParseError, ValueError, LookupError) as error:
        raise XmlUnusable(
            f"The file begins as XML, and is damaged or not whole: {str(error)[:100]}."
        ) from error
    return root
