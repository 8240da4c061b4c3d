import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from pydantic import SecretStr

import schemas
from adapters.planon.session import LoginFailed, Session, SessionEnded
from adapters.soap import Http, SoapFault
from adapters.soap.client import SoapClient
from adapters.soap.errors import NOTHING_SEEN
from contracts.delivery import Delivered, NotSent, OutcomeUnknown
from simulators.planon.simulator import PlanonSimulator
from tests.integration.planon.answering import NUMBER, answering, fault, xml
from tests.integration.planon.services_stage import incident, note, services_on

CALLERS = 8
QUOTING = ["Trigger failed for text Session is not valid", "Session is not valid, said the trigger", "Session"]
"""Texts that have the fault for an ended session as their end or as their beginning, or are a part of it."""


def session_of(
    simulator: PlanonSimulator, *, idle_s: float = 60.0, timeout_s: float = 20.0, password: str = "planon-sandbox"
) -> Session:
    wsdl = schemas.path("wsdl/planon.wsdl")
    addresses = {"PlanonSession": f"{simulator.url}/soap/PlanonSession"}
    client = SoapClient(wsdl, wsdl.parent.parent, addresses, Http(1, timeout_s))
    return Session(client, "shim", SecretStr(password), "Session is not valid", idle_s, timeout_s)


def log_ins(simulator: PlanonSimulator) -> int:
    return len(simulator._sessions._used_at)


def ended() -> SoapFault:
    return SoapFault("Server", "Session is not valid", NOTHING_SEEN)


def test_threads_that_need_a_session_at_once_share_one_log_in(simulator: PlanonSimulator) -> None:
    """No herd: the first logs in, and the others wait for him."""
    simulator.apply({"answer_after_s": 0.3, "on": ["login"]})
    session = session_of(simulator)
    together = threading.Barrier(CALLERS)

    def call() -> str:
        together.wait(30)
        return session.with_id(lambda given: given)

    with ThreadPoolExecutor(CALLERS) as pool:
        given = {future.result() for future in [pool.submit(call) for _ in range(CALLERS)]}
    assert len(given) == log_ins(simulator) == 1


def test_threads_whose_session_ended_share_one_renewal(simulator: PlanonSimulator) -> None:
    """Eight faults for one ended session are one new log-in."""
    session = session_of(simulator)
    first = session.with_id(lambda given: given)
    simulator.apply({"expire_sessions": True, "answer_after_s": 0.2, "on": ["login"]})
    together = threading.Barrier(CALLERS)

    def call(given: str) -> str:
        if given == first:
            together.wait(30)
            raise ended()
        return given

    with ThreadPoolExecutor(CALLERS) as pool:
        given = {future.result() for future in [pool.submit(session.with_id, call) for _ in range(CALLERS)]}
    assert len(given) == log_ins(simulator) == 1
    assert given != {first}


def test_a_failed_log_in_fails_for_all_who_waited(simulator: PlanonSimulator) -> None:
    """A wrong password is tried once, not once per waiting thread: the account would be locked."""
    simulator.apply({"answer_after_s": 1.0, "on": ["login"]})
    session = session_of(simulator, password="wrong")
    tried: list[str] = []
    client = session._client
    original = client.call

    def counted(service: str, operation: str, *arguments: object, timeout_s: float | None = None) -> object:
        tried.append(operation)
        return original(service, operation, *arguments, timeout_s=timeout_s)

    client.call = counted  # type: ignore[method-assign]
    together = threading.Barrier(CALLERS)

    def call() -> None:
        together.wait(30)
        session.with_id(lambda given: given)

    with ThreadPoolExecutor(CALLERS) as pool:
        failed = [future.exception() for future in [pool.submit(call) for _ in range(CALLERS)]]
    assert [type(error) for error in failed] == [LoginFailed] * CALLERS
    assert tried == ["login"]


def test_a_log_in_that_hangs_holds_a_caller_up_no_longer_than_his_own_time(simulator: PlanonSimulator) -> None:
    """Whoever has less time gives up first, while the log-in of another goes on."""
    simulator.apply({"stall": True})
    session = session_of(simulator)
    patient = threading.Thread(target=_quietly, args=(session,))
    patient.start()
    until = time.monotonic() + 30
    while session._login is None and time.monotonic() < until:
        time.sleep(0.01)
    begun = time.monotonic()
    with pytest.raises(LoginFailed, match="another thread's log-in"):
        session.with_id(lambda given: given, 0.2)
    assert time.monotonic() - begun < 15
    assert patient.is_alive()
    simulator.apply({"stall": False})
    patient.join(30)


def _quietly(session: Session) -> None:
    with suppress(LoginFailed):
        session.with_id(lambda given: given)


def test_a_session_that_was_unused_too_long_is_renewed_before_the_call(simulator: PlanonSimulator) -> None:
    """The backend would have ended it: the call does not have to find out."""
    session = session_of(simulator, idle_s=60)
    first = session.with_id(lambda given: given)
    assert session.with_id(lambda given: given) == first
    session._used_at -= 61  # a minute later
    calls: list[str] = []
    session.with_id(calls.append)
    assert len(calls) == 1
    assert calls[0] != first


def test_a_session_in_use_is_kept(simulator: PlanonSimulator) -> None:
    """Only unused time counts."""
    session = session_of(simulator, idle_s=60)
    given = set()
    for _ in range(4):
        given.add(session.with_id(lambda lent: lent))
        session._used_at -= 25  # so much later
    assert len(given) == 1


def test_a_session_that_ends_at_once_is_not_kept(simulator: PlanonSimulator) -> None:
    """One renewal per call; the next call does not begin with a session that was just refused."""
    session = session_of(simulator)
    seen: list[str] = []

    def refused(given: str) -> None:
        seen.append(given)
        raise ended()

    with pytest.raises(SessionEnded):
        session.with_id(refused)
    assert len(set(seen)) == 2
    assert session.with_id(lambda given: given) not in seen


def test_another_fault_is_passed_on(simulator: PlanonSimulator) -> None:
    """Only the fault for an ended session repeats a call."""
    session = session_of(simulator)
    calls: list[str] = []

    def failing(given: str) -> None:
        calls.append(given)
        raise SoapFault("Server", "unknown", NOTHING_SEEN)

    with pytest.raises(SoapFault):
        session.with_id(failing)
    assert len(calls) == 1


def test_closing_logs_out_and_is_idempotent(simulator: PlanonSimulator) -> None:
    """The backend's sessions are few; afterwards nothing is called any more."""
    session = session_of(simulator)
    session.with_id(lambda given: given)
    session.close()
    session.close()
    assert log_ins(simulator) == 0
    with pytest.raises(LoginFailed, match="being closed"):
        session.with_id(lambda given: given)
    assert log_ins(simulator) == 0


def test_closing_is_quick_although_the_backend_hangs(simulator: PlanonSimulator) -> None:
    """A session that stays behind idles out; a shutdown has no time for it."""
    session = session_of(simulator)
    session.with_id(lambda given: given)
    simulator.apply({"stall": True})
    begun = time.monotonic()
    session.close()
    assert time.monotonic() - begun < 15
    simulator.apply({"stall": False})


def test_closing_during_a_log_in_leaves_no_session_behind(simulator: PlanonSimulator) -> None:
    """A log-in that ends after the desk was closed is logged out again."""
    simulator.apply({"answer_after_s": 1.5, "on": ["login"]})
    session = session_of(simulator)
    failed: list[BaseException] = []

    def call() -> None:
        try:
            session.with_id(lambda given: given)
        except LoginFailed as error:
            failed.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    until = time.monotonic() + 30
    while log_ins(simulator) == 0 and time.monotonic() < until:
        time.sleep(0.01)
    session.close()
    thread.join(30)
    assert [str(error).startswith("no time was left") for error in failed] == [True]
    assert log_ins(simulator) == 0


def test_a_session_that_the_server_ended_costs_one_log_in(simulator: PlanonSimulator) -> None:
    """A write is executed once, with the new session."""
    with services_on(simulator) as planon:
        number = planon.destination.send(incident())
        assert isinstance(number, Delivered)
        simulator.apply({"expire_sessions": True})
        assert isinstance(planon.destination.send(note(number.backend_id)), Delivered)
    assert len(simulator.ledger.notes()) == 1


def test_a_write_whose_session_ended_is_sent_once_more_and_no_more() -> None:
    """The fault proves that the first was not executed; a second fault ends it."""
    refusing = xml(fault("e:Server", "Session is not valid"), 500)
    with answering({"create": refusing}) as planon:
        assert isinstance(planon.services.destination.send(note(NUMBER)), NotSent)
        assert planon.asked() == ["login", "find", "read", "create", "login", "create"]


@pytest.mark.parametrize("text", QUOTING)
def test_a_fault_that_quotes_those_words_does_not_say_that_the_session_ended(text: str) -> None:
    """It may come after the commit, about a note in which a tenant wrote them: sending again would double it."""
    with answering({"create": xml(fault("e:Server", text), 500)}) as planon:
        assert isinstance(planon.services.destination.send(note(NUMBER)), OutcomeUnknown)
        assert planon.asked() == ["login", "find", "read", "create"]


@pytest.mark.parametrize("text", QUOTING)
def test_nor_does_it_after_a_renewal(text: str) -> None:
    """The first fault was the session's and the second is not: only the first proves that nothing was executed."""
    answers = iter([xml(fault("e:Server", told), 500) for told in ("Session is not valid", text)])

    def create(connection: socket.socket) -> None:
        next(answers)(connection)

    with answering({"create": create}) as planon:
        assert isinstance(planon.services.destination.send(note(NUMBER)), OutcomeUnknown)
        assert planon.asked() == ["login", "find", "read", "create", "login", "create"]


def test_calls_of_a_delivery_are_as_few_as_its_promises_allow() -> None:
    """One log-in for all; a POST, a find and a read for an incident; one call more for a note than its checks."""
    with answering() as planon:
        destination = planon.services.destination
        assert isinstance(destination.send(incident()), Delivered)
        assert planon.asked() == ["incident", "login", "find", "read"]
        destination.send(incident())
        assert planon.asked()[4:] == ["incident", "find", "read"]
        destination.find(incident())
        assert planon.asked()[7:] == ["find", "read"]
        destination.check(incident(), NUMBER, 1.0)
        assert planon.asked()[9:] == ["find", "read"]
        destination.send(note(NUMBER))
        assert planon.asked()[11:] == ["find", "read", "create"]
        planon.services.close()
        assert planon.asked()[14:] == ["logout"]
