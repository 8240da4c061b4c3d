import pickle
from dataclasses import replace

import pytest

from adapters.firebird.address import Address
from adapters.odbc.source import OdbcSource
from adapters.sql.source import Source

SOURCE = OdbcSource(Address("practice", "db.example"), "SHIM_READ", "secret", "WIN1252", False, 2.0, "libOdbcFb.so")


def test_a_source_travels_to_a_worker_without_showing_its_password() -> None:
    """It is pickled into the worker and printed in errors."""
    source: Source = SOURCE
    assert pickle.loads(pickle.dumps(source)) == SOURCE  # noqa: S301 - our own bytes
    assert (source.codec, source.name) == ("cp1252", "SHIM_READ at db.example/3050:practice over ODBC")
    assert "secret" not in repr(source) + source.name


@pytest.mark.parametrize(("writes", "readonly"), [(True, "no"), (False, "yes")])
def test_nobody_waits_for_a_lock_and_a_reader_cannot_write(writes: bool, readonly: str) -> None:
    """Nothing could end a wait inside the driver."""
    query = replace(SOURCE, writes=writes)._url().query
    assert (query["nowait"], query["readonly"], query["encoding"]) == ("yes", readonly, "lenient_cp1252")


@pytest.mark.parametrize("change", [{"charset": "UTF8"}, {"charset": "LATIN9"}, {"driver": ""}, {"password": "{a}"}])
def test_what_cannot_be_told_to_the_driver_fails_at_start(change: dict[str, str]) -> None:
    """A worker that cannot ever connect would look like a database that is down."""
    with pytest.raises(ValueError, match=r"charset|driver=|closing brace") as refused:
        replace(SOURCE, **change)  # type: ignore[arg-type]
    assert "{a}" not in str(refused.value)
