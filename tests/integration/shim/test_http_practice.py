"""The practice desk over HTTP: identity, a race for one slot, confirming, notes, and nothing that leaks."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simulators.intramed.names import BSN
from tests.integration.shim.site import Site, minutes_ago, until
from tests.practice_cast import Cast, spelled
from tests.practice_records import identifiers_in

ZONE = ZoneInfo("Europe/Amsterdam")
OWN_NUMBER = """
select first {n} P.NUMMER, P.ACHTERNAAM, min(T.NUMMER) from PATIENT P join TELEFOON T on T.PATIENT = P.NUMMER
where P.TUSSENVOEGSEL is null and T.NUMMER starting with '06'
group by P.NUMMER, P.ACHTERNAAM order by P.NUMMER
"""


def certain_patients(site: Site, count: int, client: str = "agent") -> list[tuple[str, str]]:
    """Tokens and padded names of patients whose number is nobody else's."""
    found = []
    for _, name, telephone in site.query(OWN_NUMBER.format(n=400)):
        answer = site.post("/v1/intramed/find_patient", {"telephone": telephone.strip()}, client=client).json()
        if answer["match"] == "certain":
            found.append((answer["patient"], name))
        if len(found) == count:
            return found
    raise AssertionError("the practice has too few patients with a number of their own")


def free_slots(site: Site, count: int) -> list[dict[str, Any]]:
    ((begin,),) = site.query("select min(A.BEGIN_TIJD) from AGENDA A where A.STATUS = 'F'")
    window = {
        "starts_from": begin.replace(tzinfo=ZONE).isoformat(),
        "starts_before": (begin + timedelta(days=30)).replace(tzinfo=ZONE).isoformat(),
        "limit": count,
    }
    answer = site.post("/v1/intramed/list_slots", window)
    assert answer.status_code == 200, answer.text
    slots: list[dict[str, Any]] = answer.json()["slots"]
    assert len(slots) == count
    return slots


def test_a_name_comes_without_its_padding(site: Site, cast: Cast) -> None:
    """`Jansen`, not `Jansen      `, and nothing else about the person."""
    ((name, typed),) = site.query(
        "select first 1 P.ACHTERNAAM, T.NUMMER from PATIENT P join TELEFOON T on T.PATIENT = P.NUMMER"
        " where P.NUMMER = ?",
        cast.alone.number,
    )
    answer = site.post("/v1/intramed/find_patient", {"telephone": typed}).json()
    assert name.endswith(" ")
    assert (answer["name"], cast.alone.family_name) == (cast.alone.name, name.rstrip())
    assert set(answer) == {"match", "patient", "name", "ask_for", "hand_off"}


def test_a_shared_number_is_asked_about_and_nobody_is_shown(site: Site, cast: Cast) -> None:
    """A family's number names the facts to ask for; with them exactly one person is meant."""
    telephone = spelled(cast.family.number)
    answer = site.post("/v1/intramed/find_patient", {"telephone": telephone}).json()
    assert answer == {"match": "confirm", "ask_for": ["first_name", "birth_year"], "hand_off": []}


def test_twenty_clients_want_one_slot(site: Site) -> None:
    """One 200, nineteen times 409, one row."""
    patients = certain_patients(site, 20)
    (slot,) = free_slots(site, 1)

    def hold(patient: tuple[str, str]) -> int:
        return site.post("/v1/intramed/hold_slot", {"slot": slot["slot"], "patient": patient[0]}).status_code

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(hold, patients))
    assert sorted(statuses) == [200] + [409] * 19


def test_hold_and_confirm(site: Site) -> None:
    """A hold becomes one appointment; the same key and a second confirmation return the same."""
    ((patient, name), (other, _)) = certain_patients(site, 2)
    (slot,) = free_slots(site, 1)
    body = {"slot": slot["slot"], "patient": patient}
    held = site.post("/v1/intramed/hold_slot", body, idempotency_key="hold-1")
    assert held.status_code == 200, held.text
    assert 60 < (datetime.fromisoformat(held.json()["expires_at"]) - datetime.now(ZONE)).total_seconds() <= 90
    assert site.post("/v1/intramed/hold_slot", body, idempotency_key="hold-1").json() == held.json()
    assert slot["slot"] not in [free["slot"] for free in free_slots(site, 5)]
    taken = site.post("/v1/intramed/hold_slot", {"slot": slot["slot"], "patient": other})
    assert (taken.status_code, taken.json()["type"].rpartition(":")[2]) == (409, "slot-taken")

    wrong = site.post("/v1/intramed/confirm", {"hold": held.json()["hold"], "patient": other})
    assert wrong.status_code == 404
    confirmation = {"hold": held.json()["hold"], "patient": patient}
    confirmed = site.post("/v1/intramed/confirm", confirmation, idempotency_key="confirm-1")
    assert confirmed.status_code == 200, confirmed.text
    assert confirmed.json()["name"] == name.rstrip()
    assert confirmed.json()["starts_at"] == slot["starts_at"]
    for key in ("confirm-1", "confirm-2"):
        assert site.post("/v1/intramed/confirm", confirmation, idempotency_key=key).json() == confirmed.json()


def test_an_expired_hold_is_gone_and_its_slot_free(site: Site) -> None:
    """410 for the holder, 200 for the next one."""
    ((patient, _), (other, _)) = certain_patients(site, 2)
    (slot,) = free_slots(site, 1)
    held = site.post("/v1/intramed/hold_slot", {"slot": slot["slot"], "patient": patient}).json()
    site.query("update AGENDA set GEHOUDEN_TOT = dateadd(-1 second to cast('NOW' as timestamp)) where STATUS = 'H'")
    answer = site.post("/v1/intramed/confirm", {"hold": held["hold"], "patient": patient})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (410, "hold-expired")
    assert site.post("/v1/intramed/hold_slot", {"slot": slot["slot"], "patient": other}).status_code == 200


def booked(site: Site, patient: str, slot: str, **more: str) -> dict[str, Any]:
    """Hold and confirm, and return the answer."""
    held = site.post("/v1/intramed/hold_slot", {"slot": slot, "patient": patient})
    assert held.status_code == 200, held.text
    answer = site.post("/v1/intramed/confirm", {"hold": held.json()["hold"], "patient": patient, **more})
    assert answer.status_code == 200, answer.text
    appointment: dict[str, Any] = answer.json()
    return appointment


def upcoming(site: Site, patient: str) -> list[dict[str, Any]]:
    answer = site.post("/v1/intramed/list_upcoming", {"patient": patient, "limit": 50})
    assert answer.status_code == 200, answer.text
    appointments: list[dict[str, Any]] = answer.json()["appointments"]
    return appointments


def test_rebooking_moves_an_appointment(site: Site) -> None:
    """The new one is listed, the old one is not, and its slot is free for others."""
    ((patient, _),) = certain_patients(site, 1)
    first, second = free_slots(site, 2)
    before = upcoming(site, patient)
    old = booked(site, patient, first["slot"])
    new = booked(site, patient, second["slot"], replaces=old["appointment"])
    assert new["replaced"] == old["appointment"]
    shown = {key: new[key] for key in ("appointment", "starts_at", "ends_at", "clinic", "therapist")}
    assert [one for one in upcoming(site, patient) if one not in before] == [shown]
    assert first["slot"] in [slot["slot"] for slot in free_slots(site, 5)]


def test_an_appointment_is_cancelled_by_its_patient_only(site: Site) -> None:
    """404 for another patient; cancelling again says the same; its slot is free."""
    ((patient, _), (other, _)) = certain_patients(site, 2)
    (slot,) = free_slots(site, 1)
    appointment = booked(site, patient, slot["slot"])["appointment"]
    foreign = site.post("/v1/intramed/cancel", {"appointment": appointment, "patient": other})
    assert foreign.status_code == 404
    assert appointment in [one["appointment"] for one in upcoming(site, patient)]
    for _ in range(2):
        answer = site.post("/v1/intramed/cancel", {"appointment": appointment, "patient": patient})
        assert (answer.status_code, answer.json()) == (200, {"appointment": appointment, "cancelled": True})
    assert appointment not in [one["appointment"] for one in upcoming(site, patient)]
    assert slot["slot"] in [free["slot"] for free in free_slots(site, 5)]


def test_a_conversation_holds_one_slot(site: Site) -> None:
    """The next hold of a conversation releases its earlier one; another client's conversation of that name does not."""
    ((patient, _),) = certain_patients(site, 1)
    ((foreigner, _),) = certain_patients(site, 1, "other")
    first, second = free_slots(site, 2)
    for slot in (first, second):
        body = {"slot": slot["slot"], "patient": patient, "conversation": "wa-7731"}
        assert site.post("/v1/intramed/hold_slot", body).status_code == 200
    free = [slot["slot"] for slot in free_slots(site, 5)]
    assert first["slot"] in free
    assert second["slot"] not in free
    (third,) = [slot for slot in free_slots(site, 2) if slot["slot"] != first["slot"]]
    theirs = site.post("/v1/intramed/list_slots", window_of(third), client="other").json()["slots"][0]["slot"]
    body = {"slot": theirs, "patient": foreigner, "conversation": "wa-7731"}
    assert site.post("/v1/intramed/hold_slot", body, client="other").status_code == 200
    assert second["slot"] not in [slot["slot"] for slot in free_slots(site, 5)]


def window_of(slot: dict[str, Any]) -> dict[str, Any]:
    return {
        "starts_from": slot["starts_at"],
        "starts_before": slot["ends_at"],
        "therapist": slot["therapist"],
        "limit": 1,
    }


def test_only_staff_get_a_link(site: Site, cast: Cast) -> None:
    """The link holds the patient's number, which no other client may see."""
    number, telephone = cast.alone.number, spelled(min(cast.alone.numbers))
    told = [
        site.post("/v1/intramed/find_patient", {"telephone": telephone}, client=client).json()
        for client in ("agent", "staff")
    ]
    assert [one.get("link") for one in told] == [None, f"intramed://patient/{number}"]
    assert number not in str(told[0])


def test_tokens_of_another_kind_are_unknown(site: Site) -> None:
    """A slot is no patient, and another client's patient is nobody."""
    ((patient, _),) = certain_patients(site, 1)
    (slot,) = free_slots(site, 1)
    swapped = site.post("/v1/intramed/hold_slot", {"slot": patient, "patient": slot["slot"]})
    foreign = site.post("/v1/intramed/hold_slot", {"slot": slot["slot"], "patient": patient}, client="other")
    assert (swapped.status_code, foreign.status_code) == (404, 404)


def test_a_note_is_written_with_the_time_of_the_message(site: Site) -> None:
    """Local time in the journal, to the second, and the text as the code page can hold it."""
    ((patient, _),) = certain_patients(site, 1)
    body = {"patient": patient, "text": "Knie is dik 😬\ncafé", "reported_at": minutes_ago(20)}
    answer = site.post("/v1/intramed/log_note", body)
    assert answer.status_code == 201, answer.text
    number = int(answer.json()["note"])
    ((written_at, text),) = site.query("select J.MELDTIJD, J.TEKST from JOURNAAL J where J.NUMMER = ?", number)
    reported = datetime.fromisoformat(body["reported_at"]).astimezone(ZONE).replace(tzinfo=None)
    assert (written_at, text) == (reported, "Knie is dik [U+1F62C]\ncafé")


def test_no_identifier_ever_leaves(site: Site, cast: Cast) -> None:
    """Nothing that has the shape of an identifier in a remark or a note is in any answer that this session saw."""
    noted = "select trim(P.NUMMER), P.OPMERKING from PATIENT P where P.OPMERKING is not null"
    if not any(identifiers_in(text) for _, text in site.query(noted)):
        remark = "update PATIENT set OPMERKING = ? where NUMMER = ?"
        site.query(remark, f"BSN {BSN} van oude kaart overgenomen", cast.debtor.number)
    remarks = {patient: identifiers_in(text) for patient, text in site.query(noted) if identifiers_in(text)}
    notes = site.query("select trim(J.PATIENT), J.TEKST from JOURNAAL J where J.REFERENTIE is null")
    written = {found for patient, text in notes if patient in remarks for found in identifiers_in(text)}
    planted = written.union(*remarks.values())
    assert planted
    asked = 0
    for patient in remarks:
        for (telephone,) in site.query("select T.NUMMER from TELEFOON T where T.PATIENT = ?", patient):
            asked += site.post("/v1/intramed/find_patient", {"telephone": telephone}).status_code == 200
    assert asked
    told = "".join(site.answers)
    assert not [number for number in planted if number in told]


def test_no_connection_is_left_open(site: Site) -> None:
    """After everything above, the database has the attachment that counts, and those opened ahead: two an account."""

    def attached() -> dict[str, int]:
        return dict(
            site.query(
                "select trim(MON$USER), count(*) from MON$ATTACHMENTS where MON$SYSTEM_FLAG = 0 group by MON$USER"
            )
        )

    assert until(attached, lambda seen: seen == {"SYSDBA": 1, "SHIM_READ": 2, "SHIM_WRITE": 2})
