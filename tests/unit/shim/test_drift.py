"""Descriptions against what was accepted: first sight, change, acceptance, and what a running process makes of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from contracts.catalogue import DeskKind
from contracts.desks import AdapterMisconfigured, Call
from contracts.errors import BackendOutcomeUnknown, StateUnavailable, SystemReadOnly
from contracts.examination import Step
from contracts.fields import TokenKind
from contracts.practice import CancelReply
from outbox.database import Database
from outbox.sqlite.database import SqliteDatabase
from shim.audit.log import AuditLog
from shim.drift import renewal
from shim.drift.comparing import DESCRIPTION_CHANGED, Descriptions, differences, examined
from shim.drift.noticing import Drift, Watched, require_writable
from shim.systems import System
from shim.writing.idempotency import Write
from shim.writing.immediate import Immediate
from tests.unit.outbox.stand_ins import Clock
from tests.unit.shim.accepting import Accepting, document
from tests.unit.shim.calling import Calling, caller, contract, system

FIRST = {"mapping site.toml": "a1", "wsdl planon.wsdl": "b1"}


@dataclass
class Place:
    """A system's files and what its backend serves, and a process that watches them."""

    state: SqliteDatabase
    files: dict[str, str] = field(default_factory=lambda: dict(FIRST))
    serves: dict[str, str] = field(default_factory=dict)
    unreadable: bool = False
    defective: bool = False
    unusable: bool = False
    renewed: int = 0

    def __post_init__(self) -> None:
        self.descriptions = Descriptions(self.state)
        self.audit = AuditLog(self.state, Clock())
        self.now = 0.0
        self.drift = self.process()

    def process(self) -> Drift:
        """Return a process that has just started."""
        watched = Watched("planon", self.read, lambda _until: dict(self.serves), self.renew, dict(self.files))
        return Drift(self.descriptions, self.audit, [watched], lambda: self.now)

    def read(self) -> Mapping[str, str]:
        if self.unreadable:
            raise AdapterMisconfigured("it is gone")
        if self.defective:
            raise RuntimeError("links in a circle")
        return dict(self.files)

    def renew(self) -> None:
        if self.unusable:
            raise AdapterMisconfigured("it does not fit")
        self.renewed += 1

    def looked(self, drift: Drift | None = None) -> str | None:
        """Look, as the process does every few seconds; return what stands in the way then."""
        (drift or self.drift).look()
        return (drift or self.drift).read_only("planon")

    def accept(self) -> None:
        self.descriptions.accept("planon", {**self.files, **self.serves}, "root", "looked at")


@pytest.fixture
def place(state: SqliteDatabase) -> Iterator[Place]:
    made = Place(state)
    yield made
    made.audit.close()


def test_the_first_start_accepts_what_it_finds_and_nothing_later_does(place: Place) -> None:
    """Trust on first use, once."""
    assert place.looked() is None
    accepted = place.descriptions.accepted("planon")
    assert {name: row.fingerprint for name, row in accepted.items()} == FIRST
    assert {row.by for row in accepted.values()} == {"shim"}
    place.files["wsdl planon.wsdl"] = "b2"
    assert place.looked(place.process()) == "wsdl planon.wsdl has changed"
    assert place.descriptions.accepted("planon")["wsdl planon.wsdl"].fingerprint == "b1"


def test_two_processes_that_start_at_once_do_not_both_accept(place: Place) -> None:
    """Who comes second compares with what the first one found, however different his files are."""
    nothing: list[str] = []
    assert place.descriptions.trust("planon", FIRST, "shim", lambda _tx: nothing.append("first"))
    other = {**FIRST, "wsdl planon.wsdl": "b2"}
    assert not place.descriptions.trust("planon", other, "shim", lambda _tx: nothing.append("second"))
    assert place.descriptions.accepted("planon")["wsdl planon.wsdl"].fingerprint == "b1"
    assert nothing == ["first"]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({**FIRST, "mapping site.toml": "a2"}, "mapping site.toml has changed"),
        ({**FIRST, "xsd new.xsd": "c1"}, "xsd new.xsd is new"),
        ({"mapping site.toml": "a1"}, "wsdl planon.wsdl is gone"),
    ],
)
def test_another_a_new_and_a_missing_file_are_drift(place: Place, files: dict[str, str], told: str) -> None:
    """Each is named; the old bytes end it without anybody's yes."""
    place.looked()
    place.files = files
    assert place.looked() == told
    place.files = dict(FIRST)
    assert place.looked() is None
    assert place.descriptions.seen() == []
    assert place.renewed == 0


def test_a_file_that_cannot_be_read_is_drift(place: Place) -> None:
    """Nobody can tell what it would say."""
    place.looked()
    place.unreadable = True
    assert place.looked() == "one of the files cannot be read"


def test_files_of_which_an_adapter_fails_to_tell_are_drift(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever it raises; the log has the defect once, and not every two seconds."""
    place.looked()
    place.defective = True
    assert place.looked() == place.looked() == "one of the files cannot be read"
    assert sum(record.exc_info is not None and bool(record.exc_info) for record in caplog.records) == 1
    place.defective = False
    assert place.looked() is None


def test_a_desk_that_was_replaced_is_closed_when_its_calls_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """With nobody's doing: the next renewal may be a year away; one that does not close is in nobody's way."""
    closed: list[int] = []

    class Built:
        def __init__(self, *_given: object) -> None:
            self.number = len(built)
            built.append(self)

        def check(self) -> None:
            """Be usable."""

        def close(self) -> None:
            closed.append(self.number)
            raise OSError

    built: list[Built] = []
    adapter = SimpleNamespace(build=Built, served=None, descriptions=lambda _options: FIRST)
    monkeypatch.setattr(renewal, "adapter_and_options", lambda *_given: (adapter, None))
    one: Any = System("planon", DeskKind.FACILITY, cast("Any", Built()))
    renewing = renewal.Renewal(one, cast("Any", None), cast("Any", lambda _name: None))
    watched = renewing.watched(FIRST)
    watched.renew()
    assert (one.desk, watched.files(), closed) == (built[1], FIRST, [])
    monkeypatch.setattr(renewal, "_GRACE_S", 0.0)
    watched.renew()
    assert (watched.files(), watched.files(), closed) == (FIRST, FIRST, [1])


def test_accepting_lets_a_running_process_go_on_with_what_was_accepted(place: Place) -> None:
    """It reads the files anew, once; one that never looked at them needs not."""
    place.looked()
    place.files["mapping site.toml"] = "a2"
    assert place.looked() is not None
    place.accept()
    assert place.looked() is None
    assert place.looked() is None
    assert place.renewed == 1
    assert place.looked(place.process()) is None
    assert place.renewed == 1


def test_what_was_accepted_and_cannot_be_used_keeps_it_read_only(place: Place) -> None:
    """The process would go on with what it had read before, which nobody accepts any more."""
    place.looked()
    place.files["mapping site.toml"] = "a2"
    place.looked()
    place.accept()
    place.unusable = True
    assert place.looked() == "mapping site.toml has changed"
    place.unusable = False
    assert place.looked() is None


def test_accepting_says_exactly_what_changes_and_forgets_what_is_gone(place: Place) -> None:
    """Rows that did not change keep who accepted them."""
    place.looked()
    place.files = {"mapping site.toml": "a2"}
    changed = place.descriptions.accept("planon", place.files, "root", "one file")
    assert list(map(str, changed)) == ["mapping site.toml has changed", "wsdl planon.wsdl is gone"]
    assert set(place.descriptions.accepted("planon")) == {"mapping site.toml"}
    assert place.descriptions.accept("planon", place.files, "root", "again") == ()


def test_what_is_served_is_accepted_at_first_sight_and_compared_then(place: Place) -> None:
    """It may be seen later than the files; what is not served now is nothing."""
    place.looked()
    place.drift.look_at_served()
    place.serves = {"served wsdl Incident": "s1"}
    place.now = 1000
    place.drift.look_at_served()
    assert place.descriptions.accepted("planon")["served wsdl Incident"].fingerprint == "s1"
    assert place.descriptions.accepted("planon")["wsdl planon.wsdl"].reason == "found at the first start"
    place.serves = {}
    place.now = 2000
    place.drift.look_at_served()
    assert place.drift.read_only("planon") is None
    place.serves = {"served wsdl Incident": "s2"}
    place.now = 2100
    place.drift.look_at_served()
    assert place.drift.read_only("planon") is None  # asked every few minutes only
    place.now = 3000
    place.drift.look_at_served()
    assert place.drift.read_only("planon") == "served wsdl Incident has changed"
    place.accept()
    assert place.looked() is None


def test_what_was_seen_to_be_served_does_not_end_by_a_restart(place: Place) -> None:
    """The backend may be down when it is asked next; it ends when the backend serves the old one again."""
    place.serves = {"served wsdl Incident": "s1"}
    place.looked()
    place.drift.look_at_served()
    place.serves, place.now = {"served wsdl Incident": "s2"}, 1000
    place.drift.look_at_served()
    place.state.write(lambda tx: tx.execute("UPDATE description_differs SET seen_at = seen_at - 9000000"))
    again = place.process()
    again.begin()
    assert again.read_only("planon") == "served wsdl Incident has changed"
    place.serves = {"served wsdl Incident": "s1"}
    again.look_at_served()
    assert again.read_only("planon") is None
    assert place.descriptions.served("planon") == {}


def test_accepting_files_leaves_what_is_served_as_it_was(place: Place) -> None:
    """Whoever accepts on another machine has not asked the backend."""
    place.looked()
    place.serves = {"served wsdl Incident": "s1"}
    place.drift.look_at_served()
    place.descriptions.accept("planon", {**FIRST, "mapping site.toml": "a2"}, "root", "files alone")
    assert place.descriptions.accepted("planon")["served wsdl Incident"].fingerprint == "s1"


def test_a_difference_is_shown_while_somebody_sees_it(place: Place) -> None:
    """Those who only open the state see it since when; a process that ended takes its own with it after a minute."""
    place.looked()
    place.files["wsdl planon.wsdl"] = "b2"
    place.looked()
    (seen,) = place.descriptions.seen()
    assert (seen.system, seen.name, seen.fingerprint) == ("planon", "wsdl planon.wsdl", "b2")
    place.state.write(lambda tx: tx.execute("UPDATE description_differs SET seen_at = seen_at - 61000"))
    assert place.descriptions.seen() == []
    place.looked()
    assert place.descriptions.seen() == []
    place.now += 60
    place.looked()
    assert [again.since for again in place.descriptions.seen()] == [seen.since]


def test_what_begins_and_ends_is_in_the_audit_once(place: Place) -> None:
    """With the fingerprints that were found."""
    place.looked()
    place.files["wsdl planon.wsdl"] = "b2"
    place.looked()
    place.looked()
    place.files["wsdl planon.wsdl"] = "b1"
    place.looked()
    rows = place.state.read("SELECT * FROM audit_event ORDER BY n")
    told = [row["outcome"] for row in rows if row["action"] == "shim drift"]
    assert told == ["accepted at first sight", "read-only", "writable"]


def test_a_state_that_cannot_be_read_leaves_a_system_as_it_was(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither is it opened, nor closed."""
    place.looked()
    place.files["wsdl planon.wsdl"] = "b2"
    place.looked()

    def broken(_system: str) -> Any:
        raise StateUnavailable("the disk")

    monkeypatch.setattr(place.descriptions, "accepted", broken)
    with pytest.raises(StateUnavailable):
        place.drift.look()
    assert place.drift.read_only("planon") is not None


def test_a_system_that_nobody_watches_may_be_written_to(place: Place) -> None:
    """An adapter without descriptions cannot drift."""
    require_writable(place.drift, "intramed")
    place.looked()
    place.files.clear()
    place.looked()
    with pytest.raises(SystemReadOnly, match="planon is read-only until") as refused:
        require_writable(place.drift, "planon")
    assert refused.value.retry_after_s is not None


def test_differences_of_what_is_served_need_both(place: Place) -> None:
    """Nothing that was not asked or never accepted."""
    del place
    assert differences({"served wsdl A": "1"}, {}) == ()
    assert differences({}, {"served wsdl A": "1"}) == ()
    assert [str(each) for each in differences({"served wsdl A": "1"}, {"served wsdl A": "2"})] == [
        "served wsdl A has changed"
    ]


@dataclass
class Adapter:
    """What an examination needs of an adapter."""

    place: Place

    def descriptions(self, _options: Any) -> Mapping[str, str]:
        return self.place.read()

    def served(self, _options: Any, _until: float) -> Mapping[str, str]:
        return self.place.serves


def steps(place: Place) -> list[Step]:
    return list(examined(place.state, "planon", cast("Any", Adapter(place)), cast("Any", None)))


def test_an_examination_names_the_files_and_changes_nothing(place: Place) -> None:
    """Before the first start there is nothing to compare with."""
    assert [step.findings for step in steps(place)] == [()]
    place.looked()
    assert all(not step.findings for step in steps(place))
    place.files["mapping site.toml"] = "a2"
    first, _ = steps(place)
    assert [(found.diagnosis, found.detail) for found in first.findings] == [
        (DESCRIPTION_CHANGED, "mapping site.toml has changed")
    ]
    place.accept()
    place.serves = {"served wsdl Incident": "s1"}
    assert all(not step.findings for step in steps(place))
    assert "served wsdl Incident" not in place.descriptions.accepted("planon")


class Held:
    """A standing that says of every system that it is read-only."""

    def read_only(self, system: str) -> str | None:
        return f"{system} differs"


def test_a_read_only_system_stores_nothing_new_and_tells_what_is_known(accepting: Accepting) -> None:
    """A repeat gets its delivery; another key is refused before anything is composed."""
    entry = accepting.accept(document("note"), key="known")
    object.__setattr__(accepting.durable, "standing", Held())
    assert accepting.accept(document("note"), key="known").id == entry.id
    with pytest.raises(SystemReadOnly):
        accepting.accept(document("note"), key="other")
    assert len(accepting.state.read("SELECT id FROM entry")) == 1
    assert len(accepting.state.read("SELECT key FROM idempotency")) == 1


class Cancelling:
    """A practice whose cancel ends as it is told to."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def cancel(self, request: Any, _call: Call) -> CancelReply:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return CancelReply(appointment=request.appointment)


def test_an_immediate_write_is_refused_unless_it_may_have_been_executed(state: Database) -> None:
    """Refusing says that nothing was executed; of an unknown outcome only the backend can say that."""
    calling, row = Calling(state), contract("practice_cancel")
    token = {
        kind: calling.tokens.mint(kind, "agent", "intramed", "1") for kind in (TokenKind.PATIENT, TokenKind.APPOINTMENT)
    }
    request = row.request.model_validate(
        {"appointment": token[TokenKind.APPOINTMENT], "patient": token[TokenKind.PATIENT]}
    )
    desk = Cancelling(BackendOutcomeUnknown("no answer"))
    held = replace(calling.immediate, standing=Held())

    def cancel(immediate: Immediate, key: str) -> int:
        write = Write("agent", key, "fingerprint")
        return immediate.write(caller(), system(row, desk), row, request, write).status

    with pytest.raises(SystemReadOnly):
        cancel(held, "new")
    with pytest.raises(BackendOutcomeUnknown):
        cancel(calling.immediate, "unknown")
    with pytest.raises(BackendOutcomeUnknown):
        cancel(held, "unknown")
    assert desk.calls == 1
    assert cancel(calling.immediate, "unknown") == cancel(held, "unknown") == 200
    calling.log.close()


def test_a_held_worker_leaves_entries_alone(accepting: Accepting) -> None:
    """They wait, no attempt is used up, and they go when it is over."""
    held = [True]
    accepting.worker._held = lambda _destination: held[0]
    entry = accepting.accept(document("note"))
    accepting.deliver()
    assert accepting.entry(entry.id).sends == 0
    assert accepting.worker._idle_s("planon") > 0
    held[0] = False
    accepting.deliver()
    assert accepting.entry(entry.id).sends == 1
