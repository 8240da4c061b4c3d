"""Plays a recording to an adapter in place of its backend, and says by name what does not fit any more."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, cast

from pydantic import JsonValue, ValidationError

from contracts.catalogue import CATALOGUE, Contract, DeskKind
from contracts.desks import AdapterMisconfigured, AnyAdapter, Desk, Holds, KeptRow, Ports
from contracts.snapshots import SnapshotRefused
from contracts.wire import Answered, Asked, Exchange, Unanswered, Wire
from shim.recording import calls
from shim.recording.mismatch import Played, ReplayFailed, request_difference, result_difference, why
from shim.recording.recorded import Recording

_CLOSED: Final = Unanswered("REFUSED", sent=False)


class NoRows:
    """Keeps no reference rows: nothing of a replica is in a recording."""

    max_age = timedelta(0)

    def keep(self, name: str, row: Mapping[str, JsonValue], read_at: datetime) -> None:
        """Forget it."""

    def recall(self, name: str) -> KeptRow | None:
        """Return nothing."""
        del name
        return None


def replay(name: str, recording: Recording, adapter: AnyAdapter, options: Any) -> None:
    """Play a recording and compare the result with the recorded one; nothing goes over the network.

    Args:
        name: of the recording, for messages.
        recording: what is played.
        adapter: that it was made of.
        options: of the adapter, as its model or as a mapping; addresses and account are not used.

    Raises:
        ReplayFailed: naming the exchange, and the element or member that does not fit.
    """
    player = Player(recording)
    result: Mapping[str, JsonValue] | None = None
    error: Exception | None = None
    desk: Desk | None = None
    try:
        desk = _built(recording, adapter, options, player)
        result = play(desk, recording)
    except SnapshotRefused:
        raise
    except Exception as caught:  # noqa: BLE001 - whatever a changed parser raises, it is told by its names alone
        error = caught
    finally:
        player.stop()
        if desk is not None:
            desk.close()
    if error is None and result == recording.result and player.left == 0:
        return
    first = why(player.played, recording, error)
    reasons = [result_difference(recording.result, result), *_of_start(desk)]
    if player.left and error is None:
        reasons.append(f"{player.left} of {len(recording.exchanges)} exchanges are not asked for any more")
    rest = "; ".join(filter(None, reasons))
    raise ReplayFailed(f"{first}{'; ' if first else ': '}{rest}" if rest else first, name) from error


def play(desk: Desk, recording: Recording) -> dict[str, JsonValue]:
    """Run the recording's contract on a desk and return what came of it."""
    contract = contract_of(recording)
    if "document" in recording.request:
        return calls.sent(desk, calls.from_json(recording.request))
    try:
        request = contract.request.model_validate(recording.request)
    except ValidationError as error:
        names = ", ".join(".".join(map(str, each["loc"])) for each in error.errors())
        raise ReplayFailed(f": the contract does not take the recorded {names}") from None
    return calls.asked(desk, contract, request)


def contract_of(recording: Recording, kind: DeskKind = DeskKind.FACILITY) -> Contract:
    """Return the row of the catalogue.

    Raises:
        SnapshotRefused: there is none of that name.
    """
    found = [row for row in CATALOGUE if row.name == recording.contract]
    if not found:
        raise SnapshotRefused(f"there is no contract {recording.contract}")
    return next((row for row in found if row.desk is kind), found[0])


class Player:
    """A wire that answers from a recording, in its order."""

    def __init__(self, recording: Recording) -> None:
        self.played: list[Played] = []
        self._exchanges: Sequence[Any] = recording.exchanges
        self._stopped = False

    @property
    def left(self) -> int:
        """Exchanges that were not asked for."""
        return len(self._exchanges) - len(self.played)

    def instead(self, asked: Asked) -> Answered | Unanswered:
        """Return the recorded answer to this request.

        Raises:
            ReplayFailed: the recording has another request here, or none.
        """
        if self._stopped:
            return _CLOSED
        if not self.left:
            raise ReplayFailed(f": {asked.operation} is asked for, and the recording has no exchange after {self._at}")
        recorded = self._exchanges[len(self.played)]
        self.played.append(Played(recorded, asked))
        if (difference := request_difference(recorded, asked)) is not None:
            raise ReplayFailed(f", {self._at}: {difference}")
        outcome: Answered | Unanswered = recorded.outcome
        return outcome

    def seen(self, exchange: Exchange) -> None:
        """Fail: every request is answered here."""
        raise AssertionError(f"{exchange.asked.operation} went over the network during a replay")

    def stop(self) -> None:
        """Answer no more: what a desk says while it closes is in no recording."""
        self._stopped = True

    @property
    def _at(self) -> str:
        number = len(self.played)
        return f"exchange {number} ({self._exchanges[number - 1].operation})" if number else "the beginning"


def ports(recording_now: datetime, wire: Wire) -> Ports:
    """Return what an adapter is lent for a recording: a clock that stands still, and no rows."""
    return Ports("recording", lambda: recording_now, NoRows(), cast("Holds", None), wire)


def _built(recording: Recording, adapter: AnyAdapter, options: Any, wire: Wire) -> Desk:
    chosen = adapter.options.model_validate(options) if isinstance(options, Mapping) else options
    return adapter.build(chosen, ports(recording.now, wire))


def _of_start(desk: Desk | None) -> list[str]:
    """Return what the check at start-up says: it may know the name that does not fit."""
    if desk is not None:
        with suppress(Exception):
            try:
                desk.check()
            except AdapterMisconfigured as error:
                return [f"at its start the adapter would say: {error}"]
    return []
