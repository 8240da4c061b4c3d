"""Records one call of a contract: what went over the wire, pseudonymised before anything is written."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

from pydantic import BaseModel, JsonValue

from contracts.catalogue import Contract, Effect
from contracts.delivery import Sending
from contracts.desks import AnyAdapter, Call, Desk
from contracts.fields import Model
from contracts.snapshots import SnapshotRefused
from contracts.wire import Answered, Asked, Exchange, Unanswered
from shim.pseudonyms.key import PseudonymKey
from shim.pseudonyms.policy import Policy
from shim.pseudonyms.pseudonyms import NOTHING, Pseudonyms
from shim.pseudonyms.spelling import skeleton
from shim.recording import calls
from shim.recording.disguise import Disguise
from shim.recording.mismatch import ReplayFailed
from shim.recording.recorded import Recorded, Recording, dumped
from shim.recording.replay import Player, play, ports

_TOLD: Final = frozenset({"outcome", "problem", "status", "state", "attention"})
"""Members of a result that are words of ours: they must be the same when the recording is played."""


@dataclass(frozen=True, slots=True)
class Called:
    """What is recorded.

    Attributes:
        name: of the adapter, as its entry point has it.
        adapter: the adapter.
        options: of the installation.
        contract: that is called.
        request: of the contract, with the backend's own keys.
        reference: external reference of a contract that writes; empty for one that reads.
        now: aware time of the call.
    """

    name: str
    adapter: AnyAdapter
    options: BaseModel
    contract: Contract
    request: Model
    reference: str
    now: datetime


class Recorder:
    """A wire that lets every request pass and keeps what it saw, in memory."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self._stopped = False

    def instead(self, asked: Asked) -> None:
        """Let it pass."""
        del asked

    def seen(self, exchange: Exchange) -> None:
        """Keep it."""
        if not self._stopped:
            self.exchanges.append(exchange)

    def stop(self) -> None:
        """Keep no more: how a desk logs out is no part of a call."""
        self._stopped = True


def record(called: Called, key: PseudonymKey, policy: Policy, phrases: Mapping[str, frozenset[str]]) -> Recording:
    """Call the contract and return its recording, pseudonymised, and played once to see that it gives the same.

    Raises:
        SnapshotRefused: the policy does not know an element, no exchange was made, or the recording does not play.
        AdapterMisconfigured, ContractError: the adapter cannot be used, or nothing was composed.
    """
    recorder = Recorder()
    desk = called.adapter.build(called.options, ports(called.now, recorder))
    try:
        desk.check()
        sending = _composed(desk, called) if called.contract.effect is Effect.DURABLE else None
        result = calls.asked(desk, called.contract, called.request) if sending is None else calls.sent(desk, sending)
    finally:
        recorder.stop()
        desk.close()
    if not recorder.exchanges:
        raise SnapshotRefused(f"{called.contract.name} made no exchange over HTTP, so there is nothing to record")
    disguise = Disguise(Pseudonyms(key, NOTHING), policy, phrases, _person(called, sending, policy))
    exchanges = tuple(_disguised(each, disguise) for each in recorder.exchanges)
    request = _request(called, sending, disguise)
    now = disguise.moment(called.now)
    disguise.settle()
    recording = Recording(called.name, called.contract.name, key.id, now, request, {}, exchanges)
    return replace(recording, result=_played(recording, called, result))


def save(recording: Recording, file: Path) -> None:
    """Write a recording, whole or not at all.

    Raises:
        SnapshotRefused: the file is there already, or cannot be written.
    """
    try:
        with NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, prefix=".recording-", delete=False) as out:
            written = Path(out.name)
            try:
                out.write(dumped(recording))
                out.flush()
                os.fsync(out.fileno())
                os.link(written, file)  # unlike a renaming, this replaces nothing
            finally:
                written.unlink()
    except FileExistsError:
        raise SnapshotRefused(f"{file} is there already; a recording is never overwritten") from None
    except OSError as error:
        raise SnapshotRefused(f"{file} cannot be written: {error.strerror or type(error).__name__}") from error


def _composed(desk: Desk, called: Called) -> Sending:
    document = getattr(desk, called.contract.name)(called.request, Call(called.reference))
    if document.follows is not None or document.slot is not None:
        raise SnapshotRefused("it follows a delivery of the outbox; name the incident by its number")
    return calls.sending_of(document, called.reference)


def _person(called: Called, sending: Sending | None, policy: Policy) -> str:
    """Return by whom times are shifted: as in a snapshot, whose policy names the same kind of key."""
    subject = sending.subject if sending else getattr(called.request, "tenant", None)
    what = policy.elements.get("sending/subject")
    return f"{what.space}={skeleton(str(subject))}" if what is not None and subject else ""


def _request(called: Called, sending: Sending | None, disguise: Disguise) -> dict[str, JsonValue]:
    if sending is None:
        members = json.loads(called.request.model_dump_json(exclude_none=True))
        return disguise.members(called.contract.name, members)
    subject = disguise.value("sending", "subject", sending.subject)
    reference = disguise.value("sending", "reference", sending.reference)
    moment, body = disguise.moment(sending.reported_at), disguise.document(sending.body)
    return calls.as_json(Sending(sending.kind, body, subject, moment, reference))


def _disguised(exchange: Exchange, disguise: Disguise) -> Recorded:
    asked, outcome = exchange.asked, exchange.outcome
    if isinstance(outcome, Answered) and outcome.body is not None:
        body = disguise.document(outcome.body)
        outcome = Answered(outcome.status, outcome.headers, body, len(body))
    request = None if asked.body is None else disguise.document(asked.body)
    told: Answered | Unanswered = outcome
    return Recorded(asked.operation, asked.headers, request, told)


def _played(recording: Recording, called: Called, live: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return what the contract makes of the pseudonymised exchanges: a result in which nothing original can be."""
    player = Player(recording)
    desk = called.adapter.build(called.options, ports(recording.now, player))
    try:
        result = play(desk, recording)
    except Exception as error:
        names = f": {error}" if isinstance(error, ReplayFailed) else ""
        raise SnapshotRefused(f"what was recorded cannot be played{names}; nothing was written") from error
    finally:
        player.stop()
        desk.close()
    if player.left or (differs := _unlike("", live, result)):
        names = "an exchange is left over" if player.left else f"the result differs in {differs}"
        raise SnapshotRefused(
            f"what was recorded gives something else when it is played ({names}); nothing was written"
        )
    return result


def _unlike(at: str, live: Any, played: Any) -> str:
    """Return where two results differ in shape, or in a word of ours; empty if nowhere."""
    if isinstance(live, Mapping) and isinstance(played, Mapping):
        if live.keys() != played.keys():
            return at or "its members"
        found = (_unlike(f"{at}.{name}" if at else name, live[name], played[name]) for name in live)
        return next(filter(None, found), "")
    if type(live) is not type(played) or (at.rpartition(".")[2] in _TOLD and live != played):
        return at
    return ""
