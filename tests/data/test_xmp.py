"""Stars of photo programs: where they stand, what they mean, and XML that must not be trusted."""

import io

import numpy as np
import pytest
from PIL import Image

from ssliqa.data.tables import read_label_table
from ssliqa.data.xmp import rating_of, read_stars
from ssliqa.errors import LabelTableError

HEAD = b"http://ns.adobe.com/xap/1.0/\0"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def packet(attributes="", inside="", wrapped=True):
    """An XMP packet as Adobe's programs write it."""
    text = (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 5.6">\n <rdf:RDF xmlns:rdf="{RDF}">'
        '\n  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        f'xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0/" {attributes}>{inside}'
        "</rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>"
    )
    if wrapped:
        text = f'<?xpacket begin="\ufeff" id="W5M0"?>\n{text}\n{" " * 99}\n<?xpacket end="w"?>'
    return text.encode()


def stars(number):
    return packet(f'xmp:Rating="{number}"')


def jpeg(path, xmp=None, before=b""):
    """A JPEG file, with XMP as a program would put it after other segments."""
    content = io.BytesIO()
    Image.new("RGB", (8, 8)).save(content, "JPEG", quality=90)
    segment = b"" if xmp is None else HEAD + xmp
    if segment:
        segment = b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.getvalue()[:2] + before + segment + content.getvalue()[2:])


EXIF = b"\xff\xe1\x00\x10Exif\0\0" + b"MM\0*\0\0\0\x08"


class TestPackets:
    @pytest.mark.parametrize(
        ("xmp", "rating"),
        [
            (stars(4), "4"),
            (packet('xmp:Rating="3"', wrapped=False), "3"),
            (packet(inside="<xmp:Rating> 5\n</xmp:Rating>"), "5"),
            (stars(0), "unrated"),
            (stars("0.0"), "unrated"),
            (stars(-1), "rejected"),
            (stars("2.5"), "2.5"),
            (stars("high"), "high"),
            (packet(), None),
            # Windows keeps percent in a namespace of its own.
            (packet('MicrosoftPhoto:Rating="75"'), None),
            (stars(4).replace(b"xmp:", b"xap:").replace(b":xmp=", b":xap="), "4"),
            (stars(4) + b"\0" * 7, "4"),
            (packet('xmp:Rating="2"').decode().encode("utf-16"), "2"),
        ],
    )
    def test_the_rating_is_read_as_an_attribute_or_an_element(self, xmp, rating):
        assert rating_of(xmp) == rating

    def test_a_rating_of_an_ingredient_is_not_the_photographs(self):
        inner = (
            f'<xmp:Parts xmlns:r="{RDF}"><r:Bag><r:li><r:Description xmp:Rating="1"/></r:li>'
            "</r:Bag></xmp:Parts>"
        )
        assert rating_of(packet(inside=inner)) is None
        assert rating_of(packet('xmp:Rating="4"', inner)) == "4"

    @pytest.mark.parametrize(
        "declaration",
        [
            '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
            '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
            '<!DOCTYPE x SYSTEM "http://example.com/x.dtd">',
        ],
    )
    def test_a_document_type_is_refused_and_nothing_is_expanded(self, declaration):
        with pytest.raises(ValueError, match="document type declaration"):
            rating_of(
                declaration.encode() + packet(inside="<xmp:Rating>&a;</xmp:Rating>", wrapped=False)
            )

    @pytest.mark.parametrize("xmp", [b"", b"<x:xmpmeta", stars(4)[:200], b"\xff\xd8\xff", b"4"])
    def test_what_is_no_xml_is_refused(self, xmp):
        with pytest.raises(ValueError, match="no XML"):
            rating_of(xmp)


def test_stars_in_files_and_in_sidecars_are_ratings(tmp_path):
    jpeg(tmp_path / "a.jpg", stars(5), before=EXIF)
    jpeg(tmp_path / "sub/b.JPEG")
    (tmp_path / "sub/b.xmp").write_bytes(stars(2))
    jpeg(tmp_path / "c.jpg")
    (tmp_path / "c.jpg.XMP").write_bytes(stars(3))
    Image.new("RGB", (2, 2)).save(tmp_path / "d.png")
    (tmp_path / "d.xmp").write_bytes(stars(4))
    table = read_label_table(tmp_path, None)
    rated = dict(zip(table.names, table.mos, strict=True))
    assert rated == {"a.jpg": 5, "sub/b.JPEG": 2, "c.jpg": 3, "d.png": 4}
    assert table.unrated == ()


def test_unrated_photographs_are_unlabeled_and_rejected_ones_are_left_out(tmp_path):
    for name, xmp in {"a": stars(4), "b": stars(0), "c": None, "d": stars(-1)}.items():
        jpeg(tmp_path / f"{name}.jpg", xmp)
    table = read_label_table(tmp_path, None)
    assert table.names == ("a.jpg",)
    assert [path.name for path in table.unrated] == ["b.jpg", "c.jpg"]
    assert table.remarks == (
        "Not rated, so only of use as unlabeled photographs (2): b.jpg, c.jpg",
        "Rejected, so left out (1): d.jpg",
    )
    assert table.problems == ()
    assert table.subset([0]).unrated == ()


def test_a_sidecar_says_more_than_a_file_without_stars(tmp_path):
    jpeg(tmp_path / "a.jpg", stars(0))
    (tmp_path / "a.xmp").write_bytes(stars(3))
    jpeg(tmp_path / "b.jpg", stars(4))
    (tmp_path / "b.jpg.xmp").write_bytes(stars(4))
    np.testing.assert_array_equal(read_label_table(tmp_path, None).mos, [3, 4])


def test_a_sidecar_that_contradicts_its_photograph_is_told(tmp_path):
    jpeg(tmp_path / "a.jpg", stars(1))
    (tmp_path / "a.xmp").write_bytes(stars(5))
    jpeg(tmp_path / "b.jpg", stars(2))
    with pytest.raises(LabelTableError, match=r"different labels \(1\): a\.jpg"):
        read_label_table(tmp_path, None)
    assert read_label_table(tmp_path, None, on_problem="warn").names == ("b.jpg",)


def test_a_sidecar_that_two_photographs_share_is_told(tmp_path):
    jpeg(tmp_path / "a.jpg")
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    (tmp_path / "a.xmp").write_bytes(stars(5))
    with pytest.raises(LabelTableError, match=r"share a sidecar: a\.xmp \(a\.jpg, a\.png\)"):
        read_label_table(tmp_path, None)


def test_sidecars_may_lie_apart_from_their_photographs(tmp_path):
    (tmp_path / "stars/sub").mkdir(parents=True)
    (tmp_path / "stars/sub/a.xmp").write_bytes(stars(5))
    (tmp_path / "stars/b.jpg.xmp").write_bytes(stars(2))
    (tmp_path / "stars/.trash.xmp").write_bytes(b"broken")
    jpeg(tmp_path / "photos/sub/a.jpg", stars(1))
    jpeg(tmp_path / "photos/b.jpg")
    table = read_label_table(tmp_path / "stars", tmp_path / "photos")
    assert [(path.name, mos) for path, mos in zip(table.paths, table.mos, strict=True)] == [
        ("b.jpg", 2),
        ("a.jpg", 5),
    ]


def test_what_is_broken_is_named_in_one_line(tmp_path):
    jpeg(tmp_path / "a.jpg", stars(1))
    jpeg(tmp_path / "b.jpg", b"<x:xmpmeta")
    jpeg(tmp_path / "c.jpg")
    (tmp_path / "c.xmp").write_bytes(b'<!DOCTYPE x [<!ENTITY a "a">]><x/>')
    with pytest.raises(LabelTableError, match=r"in 2 files .*b\.jpg \(no XML.*c\.xmp \(a doc") as e:
        read_stars(tmp_path)
    assert "\n" not in str(e.value)


def test_stars_out_of_range_are_told_with_the_photographs_name(tmp_path):
    jpeg(tmp_path / "a.jpg", stars(1))
    jpeg(tmp_path / "b.jpg", stars("high"))
    with pytest.raises(LabelTableError, match=r"no number \(1\): b\.jpg"):
        read_label_table(tmp_path, None)
    jpeg(tmp_path / "b.jpg", stars(6))
    with pytest.raises(LabelTableError, match=r"b\.jpg \(6\)"):
        read_label_table(tmp_path, None)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe1\xff", b"\xff\xd8\xff\xe1\0\0"]
)
def test_a_broken_photograph_is_unrated_here_and_told_when_it_is_decoded(content, tmp_path):
    jpeg(tmp_path / "a.jpg", stars(1))
    (tmp_path / "b.jpg").write_bytes(content)
    assert read_stars(tmp_path).to_numpy().tolist() == [["a.jpg", "1"], ["b.jpg", "unrated"]]


@pytest.mark.parametrize("photographs", [0, 2])
def test_a_folder_without_any_stars_is_no_label_table(photographs, tmp_path):
    for k in range(photographs):
        jpeg(tmp_path / f"{k}.jpg", stars(0))
    with pytest.raises(LabelTableError, match=r"is a folder, and no photograph below it has stars"):
        read_label_table(tmp_path, None)
