"""Writes down every access of a client: an intent before anything is asked of a backend, an outcome in any case."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

from pydantic import JsonValue

from contracts.catalogue import Contract
from contracts.errors import ContractError, StateUnavailable
from contracts.fields import Model, TokenKind
from outbox.entry import Entry
from outbox.stored import PayloadDamaged, StoredEntries
from shim.admission.caller import Caller
from shim.audit.events import Event, new_access
from shim.audit.log import AuditLog
from shim.audit.subjects import Subjects
from shim.guarding import guard_members
from shim.marks import person_in, person_kind
from shim.systems import System

OK: Final = "ok"
DEFECT: Final = "internal-error"
REPLAYED: Final = "replayed"

_log = logging.getLogger(__name__)


class Access:
    """One access. Exactly one outcome is written of it, unless the state cannot be written."""

    def __init__(self, log: AuditLog, subjects: Subjects, asked: Event) -> None:
        self._log = log
        self._subjects = subjects
        self._asked = asked
        self._begun = False
        self._ended = False
        self._detail: dict[str, JsonValue] = {}

    @property
    def ended(self) -> bool:
        """Whether its outcome has been written, or will be soon."""
        return self._ended

    @property
    def begun(self) -> bool:
        """Whether its intent has been written."""
        return self._begun

    def has_begun(self) -> None:
        """Say that somebody has written what `intent` returned."""
        self._begun = True

    def has_ended(self) -> None:
        """Say that somebody has written what `outcome` returned."""
        self._ended = True

    def about(self, kind: TokenKind | str, key: str) -> None:
        """Tell which person it is about, by the backend's key."""
        subject, subject_key = self._subjects(self._asked.system or "", kind, key)
        self._asked = replace(self._asked, subject=subject, subject_key=subject_key)

    def about_person_in(self, opened: Model) -> None:
        """Tell which person an opened request, or a reply that is not sealed yet, names; if it names one."""
        person = person_in(opened)
        if person is not None:
            self.about(*person)

    def concerns(self, system: str, contract: str | None) -> None:
        """Tell which system and contract it turns out to be about."""
        self._asked = replace(self._asked, system=system, contract=contract)

    def about_person_of(self, entries: StoredEntries, entry: Entry, contract: Contract) -> None:
        """Tell which person an entry is about; nothing if that cannot be read any more."""
        kind = person_kind(contract.request)
        if kind is not None:
            with suppress(PayloadDamaged):
                self.about(kind, entries.subject(entry))

    def note(self, **detail: JsonValue) -> None:
        """Tell more, to be written with the outcome; nothing of what was read or written."""
        self._detail |= detail

    def intent(self) -> Event:
        """Return the row to be written before the act."""
        return self._asked

    def begin(self) -> None:
        """Write the intent; durable when it returns.

        Raises:
            StateUnavailable: it is not, so the act must not happen.
        """
        self._log.write(self.intent())
        self._begun = True

    def outcome(self, outcome: str = OK, status: int | None = None, **detail: JsonValue) -> Event:
        """Return the row to be written after the act, for whoever writes it in the act's own commit."""
        return replace(self._asked, phase="outcome", outcome=outcome, status=status, detail={**self._detail, **detail})

    def end(self, outcome: str = OK, status: int | None = None, **detail: JsonValue) -> None:
        """Write the outcome; durable when it returns.

        Raises:
            StateUnavailable: it is not, so nothing may be told to the client.
        """
        self._log.write(self.outcome(outcome, status, **detail))
        self._ended = True

    def end_soon(self, outcome: str = OK, status: int | None = None, **detail: JsonValue) -> None:
        """Let the outcome be written with the next ones: the intent says already who asked about whom."""
        self._log.later(self.outcome(outcome, status, **detail))
        self._ended = True


@dataclass(frozen=True, slots=True)
class Accesses:
    """Makes accesses for the routes. Thread-safe."""

    log: AuditLog
    subjects: Subjects

    @contextmanager
    def of(self, caller: Caller, action: str, system: System | None, contract: Contract | None) -> Iterator[Access]:
        """Yield an access; what the block raises, and no outcome yet, becomes its outcome.

        Args:
            caller: who.
            action: the operation.
            system: of the contract, None for what concerns no single one.
            contract: likewise.
        """
        asked = Event(
            action=action,
            phase="intent",
            access=new_access(),
            client=caller.client.name,
            on_behalf_of=caller.on_behalf_of,
            system=system.name if system else None,
            contract=contract.name if contract else None,
            purpose=caller.purpose,
            correlation=caller.correlation,
        )
        access = Access(self.log, self.subjects, asked)
        try:
            yield access
        except ContractError as error:
            self._failed(access, error.slug, error.status, _found(error))
            raise
        except Exception:
            self._failed(access, DEFECT, HTTPStatus.INTERNAL_SERVER_ERROR, {})
            raise
        if not access.ended:
            access.end(status=HTTPStatus.OK)

    def _failed(self, access: Access, slug: str, status: int, detail: Mapping[str, JsonValue]) -> None:
        """Write how it failed.

        Raises:
            StateUnavailable: it cannot be written, and neither was an intent: not even a refusal is told then.
        """
        if access.ended:
            return
        try:
            access.end(slug, int(status), **detail)
        except StateUnavailable as error:
            if not access.begun and slug != DEFECT:
                raise
            _log.error("the outcome of an access could not be written: %s", error.detail)


def _found(error: ContractError) -> dict[str, JsonValue]:
    return guard_members({"found": error.members["found"]}) if "found" in error.members else {}
