"""What an observer is shown: no secret, wherever it turns up."""

import pytest

from adapters.soap.about import About, Veil

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
LOGIN = About("Session.login", {"args0": "USER", "args1": "PASSWORD"}, "SESSION")
CALL = About("Thing.read", {"args0": "SESSION"})


def envelope(body: str) -> bytes:
    return f'<e:Envelope xmlns:e="{SOAP}"><e:Body>{body}</e:Body></e:Envelope>'.encode()


def logged_in(veil: Veil, session: str = "5f0c-9931") -> None:
    veil.asked(LOGIN, envelope("<l><args0>clerk</args0><args1>hunter-2</args1></l>"))
    veil.answered(LOGIN, envelope(f"<r><return>{session}</return></r>"))


def shown(message: bytes | None) -> str:
    assert message is not None
    return message.decode()


def test_a_log_in_is_fixed_words() -> None:
    """Account, password and the session that it gives."""
    veil = Veil()
    asked = shown(veil.asked(LOGIN, envelope("<l><args0>clerk</args0><args1>hunter-2</args1></l>")))
    answered = shown(veil.answered(LOGIN, envelope("<r><return>5f0c-9931</return></r>")))
    assert "<args0>USER</args0><args1>PASSWORD</args1>" in asked
    assert "<return>SESSION</return>" in answered
    assert not any(secret in asked + answered for secret in ("clerk", "hunter-2", "5f0c-9931"))


def test_a_reply_to_a_log_in_may_call_its_session_anything() -> None:
    """Whatever the server renames: every text of it is a secret."""
    veil = Veil()
    assert "5f0c" not in shown(veil.answered(LOGIN, envelope("<x><y><token>5f0c-9931</token></y></x>")))


@pytest.mark.parametrize(
    "body",
    [
        "<r><a>5f0c-9931</a></r>",
        "<r><a> 5f0c-9931 </a></r>",
        "<r><a>session 5f0c-9931 of clerk, hunter-2</a></r>",
        '<r who="5f0c-9931"/>',
        "<r><b/>5f0c-9931</r>",
        "<r><!-- 5f0c-9931 --></r>",
        "<e:Fault><faultcode>x</faultcode><faultstring>no session 5f0c-9931</faultstring></e:Fault>",
    ],
)
def test_a_secret_is_replaced_wherever_it_comes_back(body: str) -> None:
    """In other elements, in a fault, in an attribute, between elements; comments are not shown at all."""
    veil = Veil()
    logged_in(veil)
    told = shown(veil.answered(CALL, envelope(body)))
    assert not any(secret in told for secret in ("5f0c-9931", "clerk", "hunter-2"))


def test_a_second_session_is_another_word() -> None:
    """A session that was renewed can be told from the first; the same one has the same word."""
    veil = Veil()
    logged_in(veil)
    logged_in(veil, "77aa-0001")
    told = [shown(veil.asked(CALL, envelope(f"<c><args0>{it}</args0></c>"))) for it in ("5f0c-9931", "77aa-0001")]
    assert ["<args0>SESSION</args0>" in told[0], "<args0>SESSION-2</args0>" in told[1]] == [True, True]


def test_a_secret_that_is_known_by_itself_is_replaced() -> None:
    """That of an HTTP header stands in no element of a call."""
    told = shown(Veil().asked(About("Post", known={"hunter-2": "PASSWORD"}), b"<d><t>it is hunter-2</t></d>"))
    assert told.endswith("<d><t>it is PASSWORD</t></d>")


@pytest.mark.parametrize("body", [b"", b"no XML: 5f0c-9931", b"<!DOCTYPE a><a>5f0c-9931</a>", b"<a>5f0c-9931"])
def test_what_cannot_be_read_is_not_shown(body: bytes) -> None:
    """Nobody can tell where a secret stands in it."""
    veil = Veil()
    logged_in(veil)
    assert veil.answered(CALL, body) is None
    assert veil.asked(CALL, body) is None


def test_what_is_known_is_in_no_traceback() -> None:
    """Its representation leaves the secrets out."""
    assert "hunter-2" not in repr(About("Post", known={"hunter-2": "PASSWORD"}))
