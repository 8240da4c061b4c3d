"""What may be given as FIREBIRD_URL, and that a mistake in it does not show the password."""

import pytest

from simulators.intramed.wire import Address, read_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("firebird://SYSDBA:secret@db.example", Address("db.example", 3050, "secret")),
        ("firebird://sysdba:p%40ss@127.0.0.1:3051/var/data/", Address("127.0.0.1", 3051, "p@ss", "/var/data")),
    ],
)
def test_a_url_is_read(url: str, address: Address) -> None:
    """Port and folder have defaults; a password may contain any character."""
    assert read_address(url) == address


@pytest.mark.parametrize(
    "url", ["", "db.example:3050", "http://SYSDBA:secret@db", "firebird://SYSDBA@db", "firebird://READER:secret@db"]
)
def test_another_url_is_refused_without_the_password(url: str) -> None:
    """The message says how it must read."""
    with pytest.raises(ValueError, match=r"^FIREBIRD_URL must") as refused:
        read_address(url)
    assert "secret" not in str(refused.value)
