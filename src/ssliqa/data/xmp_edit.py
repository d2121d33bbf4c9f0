"""Set a property in an XMP packet and leave every other byte as it is.

Parsing and writing anew would lose what a parser does not keep: comments, prefixes, padding, the
order of things. So expat only says where to cut.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from xml.parsers import expat

from ssliqa.data.xmp import PADDING, RDF, WIDE, XMP, of_photograph, property_of

_TAG = re.compile(rb"""<(?:[^<>"']|"[^"]*"|'[^']*')*>""")
_TAG_NAME = re.compile(rb"<[^\s/>]+")
_ATTRIBUTE = re.compile(rb"""\s+([^\s=]+)\s*=\s*("[^"]*"|'[^']*')""")

_NEW = f"""<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="{RDF}">
  <rdf:Description rdf:about="" xmlns:xmp="{XMP}"/>
 </rdf:RDF>
</x:xmpmeta>
""".encode()


def new_packet() -> bytes:
    """A packet without properties."""
    return _NEW


def set_property(packet: bytes, namespace: str, prefix: str, name: str, value: str) -> bytes:
    """The packet with a simple property of the photograph set.

    Args:
        packet: XML in UTF-8, or in another encoding of which ASCII is a part.
        namespace: the namespace of the property.
        prefix: what to call it where it is not declared there yet.
        name: the name of the property within the namespace.
        value: plain ASCII that XML need not escape.

    Raises:
        ValueError: it is no XML, declares a document type, is UTF-16, or describes no photograph.
    """
    if packet[:2] in WIDE:
        raise ValueError("UTF-16, in which nothing is changed here")
    property_of(packet, namespace, name)  # refuses what must not be parsed
    lead = len(packet) - len(packet.lstrip(PADDING))
    body = packet.strip(PADDING)
    places = _Places(namespace, name)
    places.find(body)
    text = value.encode("ascii")
    cuts = [_in_attribute(body, start, own, text) for start, own in places.attributes]
    cuts += [_in_element(body, start, end, text) for start, end in places.elements]
    if not cuts:
        if places.description is None:
            raise ValueError("no description of a photograph (rdf:Description)")
        start, own = places.description
        cuts = [_new_attribute(body, start, own, (namespace, prefix, name), text)]
    for start, end, new in sorted(cuts, reverse=True):
        body = body[:start] + new + body[end:]
    edited = packet[:lead] + body + packet[lead + len(packet.strip(PADDING)) :]
    if property_of(edited, namespace, name) != value:
        raise ValueError("written in a way that cannot be changed here")
    return edited


_Cut = tuple[int, int, bytes]
"""From where to where bytes are replaced, and by which."""


@dataclass
class _Places:
    """Byte offsets of tags in a packet that hold the property, or could."""

    namespace: str
    name: str
    attributes: list[tuple[int, str]] = field(default_factory=list)
    """Tags with the property as an attribute, and its name there."""
    elements: list[tuple[int, int]] = field(default_factory=list)
    """Its elements: where the tag begins, and where its end tag does."""
    description: tuple[int, dict[str, str]] | None = None
    """The first description's tag, and the namespaces of the prefixes that are known there."""

    def find(self, body: bytes) -> None:
        """Fill in what ``body`` holds."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.namespace_prefixes = True  # names are 'namespace name prefix'
        wanted = [self.namespace, self.name]
        known: dict[str, list[str]] = defaultdict(list)
        path: list[str] = []
        begun: list[int] = []

        def start(qualified: str, attributes: dict[str, str]) -> None:
            parts = qualified.split(" ")
            if parts[:2] == wanted and of_photograph(path):
                begun.append(parser.CurrentByteIndex)
            path.append(" ".join(parts[:2]))
            if not of_photograph(path):
                return
            if self.description is None:
                scope = {prefix: found[-1] for prefix, found in known.items() if found}
                self.description = parser.CurrentByteIndex, scope
            for attribute in attributes:
                parts = attribute.split(" ")
                if parts[:2] == wanted:
                    self.attributes.append((parser.CurrentByteIndex, f"{parts[2]}:{parts[1]}"))

        def end(qualified: str) -> None:
            path.pop()
            if qualified.split(" ")[:2] == wanted and of_photograph(path):
                self.elements.append((begun.pop(), parser.CurrentByteIndex))

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.StartNamespaceDeclHandler = lambda prefix, uri: known[prefix or ""].append(uri or "")
        parser.EndNamespaceDeclHandler = lambda prefix: known[prefix or ""].pop()
        parser.Parse(body, True)


def _tag(body: bytes, start: int) -> bytes:
    match = _TAG.match(body, start)
    if match is None:
        raise ValueError("written in a way that cannot be changed here")
    return match[0]


def _name_length(tag: bytes) -> int:
    match = _TAG_NAME.match(tag)
    return match.end() if match else 0


def _in_attribute(body: bytes, start: int, name: str, value: bytes) -> _Cut:
    tag = _tag(body, start)
    for match in _ATTRIBUTE.finditer(tag, _name_length(tag)):
        if match[1] == name.encode():
            return start + match.start(2), start + match.end(2), b'"' + value + b'"'
    raise ValueError("written in a way that cannot be changed here")


def _in_element(body: bytes, start: int, end: int, value: bytes) -> _Cut:
    tag = _tag(body, start)
    if tag.endswith(b"/>"):
        closing = b"</" + tag[1 : _name_length(tag)] + b">"
        return start, start + len(tag), tag[:-2].rstrip() + b">" + value + closing
    return start + len(tag), end, value


def _new_attribute(
    body: bytes, start: int, known: dict[str, str], wanted: tuple[str, str, str], value: bytes
) -> _Cut:
    namespace, prefix, name = wanted
    at = start + _name_length(_tag(body, start))
    usable = sorted(own for own, uri in known.items() if own and uri == namespace)
    declaration = ""
    if usable:
        prefix = usable[0]
    else:
        while prefix in known:
            prefix += "_"
        declaration = f' xmlns:{prefix}="{namespace}"'
    return at, at, f'{declaration} {prefix}:{name}="'.encode() + value + b'"'
