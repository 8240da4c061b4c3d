"""A running process notices that the key file was changed, and what it cannot use changes nothing."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.errors import StateUnavailable
from outbox.database import Database
from shim.keys import Key, file
from shim.keys.following import Follower, following
from shim.keys.keyed import admitting
from tests.unit.shim.rotating import FIRST, Rotating, rotating

SECOND, THIRD = bytes([2]) * 32, bytes([3]) * 32
OLD, NEW = Key(FIRST).id, Key(SECOND).id


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Rotating]:
    with rotating(tmp_path / "shim.db", tmp_path / "master.key", full=False) as made:
        yield made


@pytest.fixture
def follower(state: Rotating) -> Follower:
    return Follower(state.ring, state.path, admitting(state.database))


def put(state: Rotating, *secrets: bytes) -> None:
    file.replace(state.path, file.Contents(secrets))


def test_a_new_first_key_seals_and_is_known_to_the_state(state: Rotating, follower: Follower) -> None:
    """Also when somebody wrote the file by hand."""
    follower.look()
    assert (state.ring.current, state.needed()) == (OLD, {OLD})
    put(state, SECOND, FIRST)
    follower.look()
    assert (state.ring.current, state.needed()) == (NEW, {OLD, NEW})


def test_a_file_without_a_key_that_the_state_needs_is_not_followed(
    state: Rotating, follower: Follower, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once; the old keys go on, and the right file is followed later."""
    put(state, SECOND)
    for _ in range(3):
        follower.look()
    assert (state.ring.current, state.needed()) == (OLD, {OLD})
    (line,) = caplog.messages
    assert OLD in line
    state.path.unlink()
    follower.look()
    put(state, SECOND, FIRST)
    follower.look()
    assert state.ring.current == NEW


def test_a_state_that_cannot_be_written_is_asked_again(state: Rotating) -> None:
    """Nothing is sealed with a key of which the state does not know."""
    failing = [True]
    admit = admitting(state.database)

    def unreliable(keys: list[Key]) -> None:
        if failing[0]:
            raise StateUnavailable("the disk is full")
        admit(keys)

    follower = Follower(state.ring, state.path, unreliable)
    put(state, SECOND, FIRST)
    follower.look()
    assert (state.ring.current, state.needed()) == (OLD, {OLD})
    failing[0] = False
    follower.look()
    assert (state.ring.current, state.needed()) == (NEW, {OLD, NEW})


def test_it_looks_by_itself_and_stops(state: Rotating, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a thread that ends with the block."""
    noticed = threading.Event()
    database: Database = state.database

    def admit(keys: list[Key]) -> None:
        admitting(database)(keys)
        if keys[0].id == NEW:
            noticed.set()

    monkeypatch.setattr("shim.keys.following.LOOK_S", 0.01)
    with following(state.ring, admit):
        put(state, SECOND, FIRST)
        assert noticed.wait(30)
    assert not any(thread.name == "key-file" for thread in threading.enumerate())
