import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from pathlib import Path

import pytest

from contracts.errors import BackendUnavailable, TooManyAttempts
from contracts.facility import FindTenantReply, FindTenantRequest
from contracts.practice import FindPatientReply, FindPatientRequest
from outbox.database import Database
from shim.admission.client import Client, ClientLimits
from shim.admission.identity import IdentityLimits
from shim.keys import Blind
from shim.settings import Identity

NUMBER = "06-10002002"
NONE = FindPatientReply(match="none")
CONFIRM = FindPatientReply(match="confirm", ask_for=["birth_year"])
WRONG = FindPatientRequest(telephone=NUMBER, first_name="Piet")
PLAIN = FindPatientRequest(telephone=NUMBER)
AGENT, OTHER = Client("agent", frozenset()), Client("other", frozenset())


def client(name: str = "own", **numbers: int) -> Client:
    """A client with numbers of its own."""
    return Client(name, frozenset(), ClientLimits(**numbers))  # type: ignore[arg-type]


class Backend:
    """Answers what it is told to, and counts how often it was asked."""

    def __init__(self, reply: FindPatientReply | FindTenantReply | Exception) -> None:
        self.reply = reply
        self.asked = 0

    def __call__(self) -> FindPatientReply | FindTenantReply:
        self.asked += 1
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


def certain(key: str = "00000103") -> FindPatientReply:
    return FindPatientReply(match="certain", patient=key, name="van der Veen")


@pytest.fixture
def limits(state: Database) -> IdentityLimits:
    section = Identity(attempts_per_number=5, attempts_per_client=7, window_s=600, people_per_client=3)
    return IdentityLimits(state, Blind(bytes(32)), section)


def fail_five_times(limits: IdentityLimits, client: Client = AGENT) -> None:
    for _ in range(5):
        assert limits.ask(client, "intramed", WRONG, Backend(NONE)) is NONE


@pytest.mark.parametrize("reply", [NONE, CONFIRM])
def test_the_sixth_wrong_guess_is_refused_before_the_backend_is_asked(
    limits: IdentityLimits, reply: FindPatientReply
) -> None:
    """A question counts as well as a no: both may have been guesses."""
    for _ in range(5):
        assert limits.ask(AGENT, "intramed", WRONG, Backend(reply)) is reply
    backend = Backend(certain())
    with pytest.raises(TooManyAttempts) as refused:
        limits.ask(AGENT, "intramed", WRONG, backend)
    assert backend.asked == 0
    assert (refused.value.policy, refused.value.quota, refused.value.window_s) == ("identity", 5, 600)
    assert refused.value.retry_after_s is not None
    assert 590 < refused.value.retry_after_s <= 600


def test_another_client_does_not_begin_anew(limits: IdentityLimits) -> None:
    """Attempts belong to the number."""
    fail_five_times(limits)
    with pytest.raises(TooManyAttempts):
        limits.ask(OTHER, "intramed", WRONG, Backend(NONE))


def test_every_spelling_is_the_same_number(limits: IdentityLimits) -> None:
    """The request was normalised before it is counted."""
    fail_five_times(limits)
    spelled = FindPatientRequest(telephone="+31 (0)6 1000 2002", birth_year=1984)
    with pytest.raises(TooManyAttempts):
        limits.ask(AGENT, "intramed", spelled, Backend(NONE))


def test_another_number_and_another_system_are_free(limits: IdentityLimits) -> None:
    """One family's guesses lock nobody else out."""
    fail_five_times(limits)
    elsewhere = FindPatientRequest(telephone="06-10003003", first_name="Lotte")
    assert limits.ask(AGENT, "intramed", elsewhere, Backend(NONE)) is NONE
    assert limits.ask(AGENT, "heerlen", WRONG, Backend(NONE)) is NONE


def test_the_number_alone_is_no_guess(limits: IdentityLimits) -> None:
    """It is neither counted nor refused."""
    for _ in range(7):
        limits.ask(AGENT, "intramed", PLAIN, Backend(CONFIRM))
    fail_five_times(limits)
    assert limits.ask(AGENT, "intramed", PLAIN, Backend(CONFIRM)) is CONFIRM


def test_what_was_certain_is_given_back(limits: IdentityLimits) -> None:
    """A person who is found may come as often as they like."""
    for _ in range(12):
        limits.ask(AGENT, "intramed", WRONG, Backend(certain()))
    fail_five_times(limits)


def test_a_backend_that_fails_is_given_back(limits: IdentityLimits) -> None:
    """Nothing was learnt, so nothing is counted; the error passes."""
    for _ in range(12):
        with pytest.raises(BackendUnavailable):
            limits.ask(AGENT, "intramed", WRONG, Backend(BackendUnavailable("down")))
    fail_five_times(limits)


def test_attempts_are_forgotten_after_the_window(
    state: Database, limits: IdentityLimits, let_pass: Callable[[float], None]
) -> None:
    """Each counts for the window, not until the number rests; and no row stays behind."""
    fail_five_times(limits)
    let_pass(590)
    with pytest.raises(TooManyAttempts) as refused:
        limits.ask(AGENT, "intramed", WRONG, Backend(NONE))
    assert refused.value.retry_after_s is not None
    assert refused.value.retry_after_s <= 10
    let_pass(10)
    assert limits.ask(AGENT, "intramed", WRONG, Backend(NONE)) is NONE
    assert len(state.read("SELECT id FROM identity_attempt")) == 1


def test_fifty_guesses_at_once_are_five(limits: IdentityLimits) -> None:
    """They are counted before the backend is asked, however long it takes."""
    everybody = threading.Barrier(50)
    answered = threading.Event()
    asked: list[int] = []

    def slow() -> FindPatientReply:
        asked.append(1)
        assert answered.wait(20)
        return NONE

    def guess(_: int) -> bool:
        everybody.wait()
        try:
            limits.ask(AGENT, "intramed", WRONG, slow)
        except TooManyAttempts:
            return False
        return True

    with ThreadPoolExecutor(50) as threads:
        guesses = [threads.submit(guess, number) for number in range(50)]
        # 45 are refused while the first five still wait for the backend.
        assert not any(made.result() for made in islice(as_completed(guesses, timeout=20), 45))
        answered.set()
        assert sum(made.result() for made in guesses) == len(asked) == 5


@pytest.mark.parametrize(
    ("facts", "again"),
    [
        (
            {"address": "Wilgenlaan 14, 5017 AB Tilburg", "tenant_code": "4711"},
            {"address": "WILGENLAAN 14 5017AB, tilburg", "tenant_code": "4712"},
        ),
        ({"telephone": NUMBER, "tenant_code": "4711"}, {"telephone": "0031610002002", "address": "Wilgenlaan 14"}),
    ],
)
def test_tenants_are_counted_by_number_else_by_address(
    limits: IdentityLimits, facts: dict[str, str], again: dict[str, str]
) -> None:
    """Trying codes for an address is guessing as much as trying names for a number."""
    nobody = FindTenantReply(match="none")
    for _ in range(5):
        limits.ask(AGENT, "planon", FindTenantRequest(**facts), Backend(nobody))
    with pytest.raises(TooManyAttempts):
        limits.ask(AGENT, "planon", FindTenantRequest(**again), Backend(nobody))
    first = dict(list(facts.items())[:1])
    assert limits.ask(AGENT, "planon", FindTenantRequest(**first), Backend(nobody)) is nobody


@pytest.mark.parametrize("noise", ["", " q", " xq", " xxq", " a", " bis", ", Tilburg", " 2 hoog", " 3 4 5"])
def test_noise_in_an_address_buys_no_attempts(limits: IdentityLimits, noise: str) -> None:
    """A four-digit code could be tried to the end: by now every way to write the home is used up."""
    for home in ("5017 AB 14", "Wilgenlaan 14 1 5017AB", "Wilgenlaan 14"):
        for guess in range(5):
            facts = FindTenantRequest(address=f"{home} Tilburg{' q' * guess}", tenant_code=f"{guess:04}")
            limits.ask(AGENT, "planon", facts, Backend(FindTenantReply(match="none")))
    for address in (f"5017 AB 14{noise}", f"Wilgenlaan 14 Tilburg{noise} 5017ab"):
        backend = Backend(FindTenantReply(match="certain", tenant="TNT-1"))
        with pytest.raises(TooManyAttempts):
            limits.ask(OTHER, "planon", FindTenantRequest(address=address, tenant_code="4711"), backend)
        assert backend.asked == 0


def test_a_code_that_names_no_home_is_counted_by_the_client(limits: IdentityLimits) -> None:
    """Alone or beside words that say nothing; over every code; another client and another system begin anew."""
    nobody = FindTenantReply(match="none")
    said: list[dict[str, str]] = [{}, {"address": "q"}, {"address": "nummer 14"}, {"address": "14"}]
    for guess in range(7):
        facts = FindTenantRequest(tenant_code=f"{guess:04}", **said[guess % 4])
        limits.ask(AGENT, "planon", facts, Backend(nobody))
    for more in said:
        backend = Backend(FindTenantReply(match="certain", tenant="TNT-1"))
        with pytest.raises(TooManyAttempts) as refused:
            limits.ask(AGENT, "planon", FindTenantRequest(tenant_code="4711", **more), backend)
        assert (refused.value.policy, refused.value.quota, backend.asked) == ("identity", 7, 0)
    code = FindTenantRequest(tenant_code="4711")
    assert limits.ask(OTHER, "planon", code, Backend(nobody)) is nobody
    assert limits.ask(AGENT, "tilburg", code, Backend(nobody)) is nobody
    home = FindTenantRequest(address="Wilgenlaan 14", tenant_code="4711")
    assert limits.ask(AGENT, "planon", home, Backend(nobody)) is nobody


def test_a_right_code_alone_is_given_back(limits: IdentityLimits) -> None:
    """Tenants who know theirs do not use up the client's attempts."""
    found = FindTenantReply(match="certain", tenant="TNT-1")
    for _ in range(12):
        limits.ask(AGENT, "planon", FindTenantRequest(tenant_code="4711"), Backend(found))


def test_a_client_meets_so_many_people_an_hour(
    state: Database, limits: IdentityLimits, let_pass: Callable[[float], None]
) -> None:
    """Over all systems; the same person again is free; the fourth is not told; after an hour there is room."""
    for system, key in (("intramed", "1"), ("intramed", "2"), ("heerlen", "1")):
        for _ in range(3):
            limits.ask(AGENT, system, PLAIN, Backend(certain(key)))
    with pytest.raises(TooManyAttempts) as refused:
        limits.ask(
            AGENT,
            "planon",
            FindTenantRequest(telephone=NUMBER),
            Backend(FindTenantReply(match="certain", tenant="TNT-1")),
        )
    assert (refused.value.policy, refused.value.quota, refused.value.window_s) == ("people", 3, 3600)
    assert "TNT-1" not in f"{refused.value.detail}{refused.value.members}"
    assert limits.ask(AGENT, "intramed", PLAIN, Backend(certain("2"))).model_dump()["patient"] == "2"
    assert limits.ask(OTHER, "intramed", PLAIN, Backend(certain("9"))).model_dump()["patient"] == "9"
    let_pass(3600)
    assert limits.ask(AGENT, "intramed", PLAIN, Backend(certain("9"))).model_dump()["patient"] == "9"
    assert [row["client"] for row in state.read("SELECT client FROM identity_person")] == ["agent"]


def test_a_client_without_room_cannot_tell_a_right_guess_from_a_wrong_one(limits: IdentityLimits) -> None:
    """Whatever the backend says of a stranger, the answer is the same, and every guess stays counted."""
    for key in "123":
        limits.ask(AGENT, "intramed", PLAIN, Backend(certain(key)))
    told = set()
    for reply in (certain("4"), NONE, CONFIRM, certain("5"), NONE):
        with pytest.raises(TooManyAttempts) as refused:
            limits.ask(AGENT, "intramed", WRONG, Backend(reply))
        told.add((refused.value.policy, refused.value.detail))
    assert len(told) == 1
    backend = Backend(certain("1"))
    with pytest.raises(TooManyAttempts) as refused:
        limits.ask(AGENT, "intramed", WRONG, backend)
    assert (refused.value.policy, backend.asked) == ("identity", 0)


def test_a_person_who_comes_back_keeps_their_place(limits: IdentityLimits, let_pass: Callable[[float], None]) -> None:
    """The hour runs from the last time: else two sets of people would fit into one hour."""
    for key in "123":
        limits.ask(AGENT, "intramed", PLAIN, Backend(certain(key)))
    let_pass(3000)
    for key in "123":
        limits.ask(AGENT, "intramed", PLAIN, Backend(certain(key)))
    let_pass(700)
    with pytest.raises(TooManyAttempts):
        limits.ask(AGENT, "intramed", PLAIN, Backend(certain("4")))


def test_nobody_is_named_in_the_state(state: Database, limits: IdentityLimits, tmp_path: Path) -> None:
    """Neither number nor key: only what can be compared."""
    limits.ask(AGENT, "intramed", WRONG, Backend(NONE))
    limits.ask(AGENT, "intramed", PLAIN, Backend(certain("00000103")))
    state.close()
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("shim.db*"))
    assert b"10002002" not in stored
    assert b"00000103" not in stored


@pytest.mark.parametrize("own", [1, 2, 8])
def test_a_client_has_its_own_number_of_attempts(limits: IdentityLimits, own: int) -> None:
    """Fewer or more than the deployment's; the refusal says which."""
    limited = client(attempts=own)
    for _ in range(own):
        assert limits.ask(limited, "intramed", WRONG, Backend(NONE)) is NONE
    backend = Backend(certain())
    with pytest.raises(TooManyAttempts) as refused:
        limits.ask(limited, "intramed", WRONG, backend)
    assert (refused.value.policy, refused.value.quota, backend.asked) == ("identity", own, 0)


def test_attempts_belong_to_the_number_whoever_counts(
    limits: IdentityLimits, let_pass: Callable[[float], None]
) -> None:
    """A client with a larger number uses up the others'; each is told when there is room for it."""
    large, small = client("large", attempts=6), client("small", attempts=2)
    for _ in range(6):
        limits.ask(large, "intramed", WRONG, Backend(NONE))
        let_pass(50)
    left = {}
    for asking in (large, AGENT, small):
        with pytest.raises(TooManyAttempts) as refused:
            limits.ask(asking, "intramed", WRONG, Backend(NONE))
        left[asking.name] = refused.value.retry_after_s
    # Six guesses, 50 s apart, the first of them 300 s ago; each counts for 600 s.
    assert left == pytest.approx({"large": 300, "agent": 350, "small": 500}, abs=10)


def test_a_client_has_its_own_number_of_people(limits: IdentityLimits, let_pass: Callable[[float], None]) -> None:
    """Fewer or more than the deployment's; one that was lowered waits until so many are forgotten."""
    for own in (2, 5):
        limited = client(f"own-{own}", people_per_hour=own)
        for key in range(own):
            limits.ask(limited, "intramed", PLAIN, Backend(certain(str(key))))
            let_pass(100)
        for reply in (certain("99"), NONE):
            with pytest.raises(TooManyAttempts) as refused:
                limits.ask(limited, "intramed", PLAIN, Backend(reply))
            assert (refused.value.policy, refused.value.quota) == ("people", own)
        assert limits.ask(limited, "intramed", PLAIN, Backend(certain("0"))).model_dump()["patient"] == "0"
    lowered = client("own-5", people_per_hour=1)
    with pytest.raises(TooManyAttempts) as refused:
        limits.ask(lowered, "intramed", PLAIN, Backend(NONE))
    assert refused.value.retry_after_s is not None
    assert 3500 < refused.value.retry_after_s <= 3600


def test_a_code_alone_is_counted_by_the_deployments_number(limits: IdentityLimits) -> None:
    """It is no guess about one person: the client's own number of those does not apply."""
    nobody = FindTenantReply(match="none")
    for guess in range(7):
        limits.ask(client(attempts=1), "planon", FindTenantRequest(tenant_code=f"{guess:04}"), Backend(nobody))
    with pytest.raises(TooManyAttempts):
        limits.ask(client(attempts=1), "planon", FindTenantRequest(tenant_code="4711"), Backend(nobody))


def test_fifty_guesses_at_once_are_the_clients_own_number(limits: IdentityLimits) -> None:
    """Its number is counted under the same lock, before the backend is asked."""
    everybody, limited = threading.Barrier(50), client(attempts=3)

    def guess(_: int) -> bool:
        everybody.wait()
        try:
            limits.ask(limited, "intramed", WRONG, Backend(NONE))
        except TooManyAttempts:
            return False
        return True

    with ThreadPoolExecutor(50) as threads:
        assert sum(threads.map(guess, range(50))) == 3
