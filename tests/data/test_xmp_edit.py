"""One property is set, and not a byte else is touched."""

import xml.etree.ElementTree as ET

import pytest

from ssliqa.data.xmp import RDF, XMP, rating_of
from ssliqa.data.xmp_edit import new_packet, set_property

DARKTABLE = """<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <!-- kept -->
  <rdf:Description rdf:about=""
    xmlns:exif="http://ns.adobe.com/exif/1.0/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:darktable="http://darktable.sf.net/"
   exif:DateTimeOriginal='2026:05:01 "10"'
   xmp:Rating="2"
   darktable:note="old xmp:Rating='1' > new">
   <darktable:history><rdf:Seq><rdf:li darktable:num="0"/></rdf:Seq></darktable:history>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""


def packet(attributes="", inside="", name="rdf:Description"):
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'
        f'<{name} rdf:about=""{attributes}>{inside}</{name}></rdf:RDF></x:xmpmeta>'
    )


def rated(text, value="5"):
    return set_property(text.encode(), XMP, "xmp", "Rating", value).decode()


DECLARED = f' xmlns:xmp="{XMP}"'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (DARKTABLE, DARKTABLE.replace('xmp:Rating="2"', 'xmp:Rating="5"')),
        (packet(f"{DECLARED} xmp:Rating = '3'"), packet(f'{DECLARED} xmp:Rating = "5"')),
        (
            packet(DECLARED, "<xmp:Rating>\n1 <!-- one --></xmp:Rating><xmp:Label>a</xmp:Label>"),
            packet(DECLARED, "<xmp:Rating>5</xmp:Rating><xmp:Label>a</xmp:Label>"),
        ),
        (packet(DECLARED, "<xmp:Rating />"), packet(DECLARED, "<xmp:Rating>5</xmp:Rating>")),
        (
            packet(f' xmlns:xap="{XMP}" xap:Rating="0"'),
            packet(f' xmlns:xap="{XMP}" xap:Rating="5"'),
        ),
        # Not there yet: under the prefix that is known, or one of ours.
        (
            packet(f' xmlns:xap="{XMP}"'),
            packet(f' xmlns:xap="{XMP}"').replace(" rdf:about", ' xap:Rating="5" rdf:about'),
        ),
        (packet(), packet().replace(" rdf:about", f'{DECLARED} xmp:Rating="5" rdf:about')),
        (
            packet(' xmlns:xmp="urn:other"'),
            packet(' xmlns:xmp="urn:other"').replace(
                " rdf:about", f' xmlns:xmp_="{XMP}" xmp_:Rating="5" rdf:about'
            ),
        ),
    ],
)
def test_the_rating_is_set_where_it_stands_or_in_the_first_description(before, after):
    padding = "\n" + " " * 50 + "\n"
    assert rated(before) == after
    assert rated(before + padding) == after + padding
    assert rating_of(rated(before).encode()) == "5"
    assert rated(rated(before)) == rated(before)


def test_all_that_another_reader_sees_is_as_before_but_for_the_rating():
    def seen(text):
        root = ET.fromstring(text)
        (description,) = root.iter(f"{{{RDF}}}Description")
        rating = description.attrib.pop(f"{{{XMP}}}Rating")
        return rating, ET.tostring(root)

    text = DARKTABLE.partition("\n")[2]
    assert seen(rated(text, "4"))[0] == "4"
    assert seen(rated(text, "4"))[1] == seen(text)[1]


def test_a_rating_of_an_ingredient_is_left_alone():
    inner = (
        f'<xmp:Parts xmlns:r="{RDF}"><r:Bag><r:li><r:Description xmp:Rating="1"/></r:li>'
        "</r:Bag></xmp:Parts>"
    )
    edited = rated(packet(DECLARED, inner))
    assert inner in edited
    assert rating_of(edited.encode()) == "5"


def test_every_description_that_has_a_rating_gets_the_same():
    two = packet(f'{DECLARED} xmp:Rating="1"').replace(
        "</rdf:RDF>", f'<rdf:Description{DECLARED} xmp:Rating="2"/></rdf:RDF>'
    )
    assert rated(two).count('xmp:Rating="5"') == 2


def test_a_new_packet_takes_properties():
    edited = set_property(new_packet(), XMP, "xmp", "Rating", "3")
    assert rating_of(edited) == "3"
    edited = set_property(edited, "urn:mine/", "mine", "Rating", "3")
    assert rating_of(edited) == "3"
    (description,) = ET.fromstring(edited).iter(f"{{{RDF}}}Description")
    assert description.get("{urn:mine/}Rating") == "3"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no XML"),
        (b"<x:xmpmeta", "no XML"),
        (DARKTABLE[:-20].encode(), "no XML"),
        (b'<!DOCTYPE x [<!ENTITY a "a">]><x/>', "document type"),
        (DARKTABLE.replace("UTF-8", "UTF-16").encode("utf-16"), "UTF-16"),
        (b"<html><body/></html>", "no description"),
        (packet(name="rdf:Other").encode(), "no description"),
    ],
)
def test_what_cannot_be_changed_without_harm_is_refused(content, reason):
    with pytest.raises(ValueError, match=reason):
        set_property(content, XMP, "xmp", "Rating", "5")
