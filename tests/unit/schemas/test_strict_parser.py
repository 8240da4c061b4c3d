from pathlib import Path

import pytest

from schemas.xml import XmlRefused, parse

BOMB = (
    b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;&x;&x;"><!ENTITY z "&y;&y;&y;&y;&y;&y;&y;&y;">]>'
    b"<a>&z;</a>"
)


@pytest.mark.parametrize(
    "document",
    [
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a [<!ENTITY x "ha">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY x "ha">]><a b="&x;"/>',
        b"<!DOCTYPE a [<!ELEMENT a ANY>]><a/>",
        b'<!DOCTYPE a SYSTEM "file:///x.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///x.dtd">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///x.dtd"> %p;]><a/>',
        b'<!DOCTYPE a PUBLIC "-//X//Y" "http://127.0.0.1:9/x.dtd"><a/>',
        BOMB,
        b"<!-- <a> --><?x <a> ?>\n<!DOCTYPE a><a/>",
        b"\xef\xbb\xbf<!DOCTYPE a><a/>",
        b'<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE a><a/>',
    ],
)
def test_any_doctype_is_refused(document: bytes) -> None:
    """A DOCTYPE is refused whatever it declares and whatever stands in front of it."""
    with pytest.raises(XmlRefused, match="has a DOCTYPE"):
        parse(document)


@pytest.mark.parametrize(
    "document", [b"<a><![CDATA[<!DOCTYPE a>]]></a>", b"<!-- <!DOCTYPE a> --><a/>", b"<a>&lt;!DOCTYPE</a>"]
)
def test_what_only_looks_like_a_doctype_is_read(document: bytes) -> None:
    """A tenant may write about one."""
    assert parse(document).tag == "a"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ('<?xml version="1.0" encoding="UTF-16"?><a/>'.encode("utf-16"), "is in UTF-16 or UTF-32"),
        ("<a/>".encode("utf-32"), "is in UTF-16 or UTF-32"),
        ("<a/>".encode("utf-16-le"), "holds a NUL byte"),
        (b'<?xml version="1.0" encoding="UTF-7"?><a/>', "declares an encoding that is not read"),
        (b"<?xml encoding='IBM037' version='1.0'?><a/>", "declares an encoding that is not read"),
        (b'<?xml version="1.0"' + b" " * 200 + b'encoding="UTF-7"?><a/>', "has a declaration of more than 200 bytes"),
        (b'\xef\xbb\xbf<?xml version="1.0" encoding="Windows-1252"?><a/>', "begins with the mark of UTF-8"),
    ],
)
def test_an_encoding_that_hides_markup_is_refused(document: bytes, reason: str) -> None:
    """Only where a byte below 128 is its ASCII character does looking for a DOCTYPE in the bytes mean anything."""
    with pytest.raises(XmlRefused, match=reason):
        parse(document)


@pytest.mark.parametrize("encoding", ["UTF-8", "utf-8", "US-ASCII", "ISO-8859-1", "windows-1252"])
def test_the_encodings_of_old_software_are_read(encoding: str) -> None:
    """A twelve-year-old server may well answer in Latin-1."""
    text = "ASCII" if encoding == "US-ASCII" else "één"
    document = f'<?xml version="1.0" encoding="{encoding}"?><a>{text}</a>'.encode(encoding)
    assert parse(document).text == text


def test_markup_without_end_is_refused_before_it_takes_memory() -> None:
    """A megabyte of empty elements would be a tree of thirty."""
    assert len(parse(b"<a>" + b"<b/>" * 39_998 + b"</a>")) == 39_998
    with pytest.raises(XmlRefused, match="has more than 40000 tags"):
        parse(b"<a>" + b"<b/>" * 39_999 + b"</a>")


def test_a_local_dtd_is_not_read(tmp_path: Path) -> None:
    """An external DTD on this machine is not loaded on the way to the refusal."""
    dtd = tmp_path / "x.dtd"
    dtd.write_text("<!ENTITY x 'from the DTD'> this is not a DTD")
    with pytest.raises(XmlRefused, match="has a DOCTYPE"):
        parse(f'<!DOCTYPE a SYSTEM "{dtd.as_uri()}"><a/>'.encode())


@pytest.mark.parametrize("document", [b"", b" ", b"<a>", b"<a/><b/>", b"<a>&x;</a>", b"<a>\x01</a>", b"<a>\xff</a>"])
def test_malformed_bytes_are_refused_without_quoting_them(document: bytes) -> None:
    """What is not well-formed is refused with a line and a cause, and no text of the document."""
    with pytest.raises(XmlRefused) as refused:
        parse(document)
    assert refused.value.line == 1
    assert refused.value.reason.startswith("is not well-formed XML")


def test_the_byte_limit_holds_to_the_byte() -> None:
    """A document of exactly the limit is read, one byte more is not."""
    assert parse(b"<a>xx</a>", limit_bytes=9).text == "xx"
    with pytest.raises(XmlRefused, match="has 10 bytes, at most 9"):
        parse(b"<a>xxx</a>", limit_bytes=9)


def test_deep_nesting_is_refused() -> None:
    """Three hundred levels are no business document."""
    with pytest.raises(XmlRefused, match="is nested too deeply"):
        parse(b"<a>" * 300 + b"</a>" * 300)


def test_comments_and_instructions_do_not_split_a_text() -> None:
    """A comment inside an element leaves its whole text in one piece."""
    assert parse(b"<a>1<!-- no -->2<?no pi?>3</a>").text == "123"


def test_whitespace_and_references_survive() -> None:
    """Line breaks written as character references arrive as they were."""
    assert parse(b"<a> \t&#13;\n&#10;</a>").text == " \t\r\n\n"
