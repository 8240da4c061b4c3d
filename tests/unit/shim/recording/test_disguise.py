"""What a policy does not know stops a recording, and what it knows is replaced."""

from pathlib import Path

import pytest

from contracts.snapshots import SnapshotRefused
from schemas.nodes import nodes
from shim.pseudonyms.key import PseudonymKey
from shim.pseudonyms.policy import load_policy
from shim.pseudonyms.pseudonyms import NOTHING, Pseudonyms
from shim.recording.disguise import Disguise, load_phrases

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
POLICY = """
schema = "anything"
[elements]
name = "opaque:name"
"read/args1" = "number:key"
number = "number:key"
word = "keep"
at = "timestamp"
faultstring = "opaque:fault"
"@unit" = "keep"
"ask/number" = "number:key"
"recording/now" = "timestamp"
[phrases]
faultstring = ["Session is not valid"]
"""


@pytest.fixture
def disguise(tmp_path: Path) -> Disguise:
    file = tmp_path / "policy.toml"
    file.write_text(POLICY, encoding="utf-8")
    pseudonyms = Pseudonyms(PseudonymKey(b"a key of tests, long enough to be one"), NOTHING)
    return Disguise(pseudonyms, load_policy(file), load_phrases(file), "number:key=1001")


def texts(document: bytes) -> dict[str, str]:
    return {node.name: node.text for node in nodes(document) if node.leaf}


def test_what_is_known_is_replaced_and_keeps_its_length(disguise: Disguise) -> None:
    """The same value is the same pseudonym wherever the policy says that it is the same."""
    body = b"<read><args1>100194</args1><number>100194</number><name>Wittebol, A.</name><word>open</word></read>"
    told = texts(disguise.document(body))
    disguise.settle()
    assert told["args1"] == told["number"] != "100194"
    assert (len(told["args1"]), len(told["name"]), told["word"]) == (6, 12, "open")
    assert "Wittebol" not in told["name"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("<a><strange>Jansen</strange></a>", "a/strange"),
        ("<a><args1>100194</args1></a>", "a/args1"),
        ('<a who="Jansen"/>', "a/@who"),
        (f'<a {XSI} xsi:nil="Jansen"/>', "a/@nil"),
        ("<a>Jansen<word/></a>", "text between elements"),
        ("<a><word/>Jansen</a>", "text between elements"),
        ("<a><at>Jansen</at></a>", "a/at"),
        ("<a><args0>SESSION of Jansen</args0></a>", "a/args0"),
    ],
)
def test_what_is_not_known_is_named_and_not_shown(disguise: Disguise, body: str, named: str) -> None:
    """Elements, attributes, text beside elements, and times that are none."""
    assert b"Jansen" not in disguise.document(body.encode())
    with pytest.raises(SnapshotRefused, match="nothing was recorded") as caught:
        disguise.settle()
    assert named in str(caught.value)
    assert "Jansen" not in str(caught.value)


def test_every_name_that_lacks_is_in_one_message(disguise: Disguise) -> None:
    """Whoever completes a policy does it once."""
    disguise.document(b"<a><b>1</b><c>2</c></a>")
    disguise.members("ask", {"number": "7", "who": {"d": "x"}})
    with pytest.raises(SnapshotRefused, match="a/b, a/c, who/d"):
        disguise.settle()


def test_words_of_the_protocol_stay(disguise: Disguise) -> None:
    """What stands for a secret, what says nil, and a fault that a parser looks for."""
    body = f'<a {XSI}><args0>SESSION-2</args0><at xsi:nil="true"/><faultstring>Session is not valid</faultstring></a>'
    assert texts(disguise.document(body.encode())) == {
        "args0": "SESSION-2",
        "at": "",
        "faultstring": "Session is not valid",
    }
    disguise.settle()


def test_a_fault_that_says_more_is_replaced(disguise: Disguise) -> None:
    """It may quote a report: only a whole text that is known stays."""
    told = texts(disguise.document(b"<a><faultstring>Session is not valid, Jansen</faultstring></a>"))
    assert "Jansen" not in told["faultstring"]
    assert "Session" not in told["faultstring"]


@pytest.mark.parametrize("at", ["2026-11-19T22:14:03+01:00", "2026-11-19T22:14:03Z", "2026-11-19T22:14:03.120+01:00"])
def test_a_time_keeps_its_form_and_its_day_of_the_week(disguise: Disguise, at: str) -> None:
    """The distance between two times stays, because both are shifted alike."""
    told = texts(disguise.document(f"<a><at>{at}</at></a>".encode()))["at"]
    later = texts(disguise.document(b"<a><at>2026-11-20T06:14:03+01:00</at></a>"))["at"]
    assert told[10:] == at[10:]
    assert told[:10] != at[:10]
    assert later[10:] == "T06:14:03+01:00"


@pytest.mark.parametrize("text", ["привет мир", "مرحبا", "Élodie"])
def test_no_script_stays_readable(disguise: Disguise, text: str) -> None:
    """A pseudonym of letters knows those of ASCII; others are not left as they are."""
    told = texts(disguise.document(f"<a><name>{text}</name></a>".encode()))["name"]
    assert len(told) == len(text)
    assert not set(told) & {sign for sign in text if sign.isalpha() and not sign.isascii()}


def test_an_integer_stays_one(tmp_path: Path) -> None:
    """A schema may demand it: no zero in front, and no more than 32 bits, under any key."""
    file = tmp_path / "policy.toml"
    file.write_text(POLICY, encoding="utf-8")
    for number in range(40):
        pseudonyms = Pseudonyms(PseudonymKey(f"one of many keys of this test, number {number:03}".encode()), NOTHING)
        disguise = Disguise(pseudonyms, load_policy(file), {}, "")
        for original in ("1002", "2000000001"):
            told = texts(disguise.document(f"<read><args1>{original}</args1></read>".encode()))["args1"]
            assert len(told) == len(original)
            assert str(int(told)) == told
            assert int(told) < 2**31
