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
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a><a/>'.encode("utf-16"),
    ],
)
def test_any_doctype_is_refused(document: bytes) -> None:
    """A DOCTYPE is refused whatever it declares and however it is encoded."""
    with pytest.raises(XmlRefused, match=r"has a DOCTYPE|is not well-formed"):
        parse(document)


def test_a_local_dtd_is_not_read(tmp_path: Path) -> None:
    """An external DTD on this machine is not loaded on the way to the refusal."""
    dtd = tmp_path / "x.dtd"
    dtd.write_text("<!ENTITY x 'from the DTD'> this is not a DTD")
    with pytest.raises(XmlRefused, match="has a DOCTYPE"):
        parse(f'<!DOCTYPE a SYSTEM "{dtd.as_uri()}"><a/>'.encode())


@pytest.mark.parametrize("document", [b"", b" ", b"<a>", b"<a/><b/>", b"<a>&x;</a>", b"<a>\x01</a>", b"<a>\xff</a>"])
def test_malformed_bytes_are_refused_without_quoting_them(document: bytes) -> None:
    """What is not well-formed is refused with a line and no text of the document."""
    with pytest.raises(XmlRefused) as refused:
        parse(document)
    assert refused.value.reason == "is not well-formed XML"


def test_the_byte_limit_holds_to_the_byte() -> None:
    """A document of exactly the limit is read, one byte more is not."""
    assert parse(b"<a>xx</a>", limit_bytes=9).text == "xx"
    with pytest.raises(XmlRefused, match="has 10 bytes, at most 9"):
        parse(b"<a>xxx</a>", limit_bytes=9)


def test_deep_nesting_is_refused() -> None:
    """Three hundred levels are no business document."""
    with pytest.raises(XmlRefused):
        parse(b"<a>" * 300 + b"</a>" * 300)


def test_comments_and_instructions_do_not_split_a_text() -> None:
    """A comment inside an element leaves its whole text in one piece."""
    assert parse(b"<a>1<!-- no -->2<?no pi?>3</a>").text == "123"


def test_whitespace_and_references_survive() -> None:
    """Line breaks written as character references arrive as they were."""
    assert parse(b"<a> \t&#13;\n&#10;</a>").text == " \t\r\n\n"
