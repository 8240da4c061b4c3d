"""Two patients pick Thursday 14:30 within the same second. One gets it."""

import threading
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from requests import codes

from examples.two_stories.stage import Answer, Stage
from examples.two_stories.transcript import answered, fact, say, scene
from simulators.intramed.sandbox import owner_connection

_ZONE = ZoneInfo("Europe/Amsterdam")

# A padded name and a number of one's own: what the story needs is found in the practice, not assumed.
_PATIENTS: Final = """
select first 2 P.NUMMER, P.ACHTERNAAM, min(T.NUMMER)
from PATIENT P join TELEFOON T on T.PATIENT = P.NUMMER
where P.TUSSENVOEGSEL is null and P.BETALINGSACHTERSTAND = 'N' and T.NUMMER starting with '06-'
  and not exists (select 1 from TELEFOON S where S.PATIENT <> P.NUMMER
                  and replace(replace(S.NUMMER, '-', ''), ' ', '') containing substring(trim(T.NUMMER) from 4 for 8))
group by P.NUMMER, P.ACHTERNAAM
order by P.NUMMER
"""
_SLOT: Final = """
select A.NUMMER, A.BEGIN_TIJD, A.VESTIGING, A.MEDEWERKER from AGENDA A
where A.STATUS = 'F' and extract(weekday from A.BEGIN_TIJD) = 4 and cast(A.BEGIN_TIJD as time) = time '14:30'
order by A.BEGIN_TIJD, A.NUMMER rows 1
"""
_BOOKED: Final = "select B.PATIENT from AFSPRAAK B where B.AGENDA = ?"
_STATUS: Final = "select A.STATUS, A.HOUDER_PATIENT from AGENDA A where A.NUMMER = ?"
_NOTE: Final = "select J.MELDTIJD, J.TEKST from JOURNAAL J where J.NUMMER = ?"
_READY: Final = 4
_ATTACHED: Final = "select count(*) from MON$ATTACHMENTS where MON$SYSTEM_FLAG = 0"
_PLANTED: Final = "select P.OPMERKING from PATIENT P where P.OPMERKING like '%BSN%'"


def play(stage: Stage) -> None:
    """Play the story."""
    scene("Monday 08:14 at the practice: two patients want Thursday 14:30")
    rows = _query(stage, _PATIENTS)
    patients = [_identify(stage, row) for row in rows]
    slot_row = _query(stage, _SLOT)[0]
    slot = _offered(stage, slot_row)
    winner, held = _both_hold(stage, patients, slot, slot_row)
    appointment = _confirm(stage, rows[winner], patients[winner], held, slot_row)
    _tell(stage, patients, winner, appointment)
    _note(stage, patients[winner])
    scene("What did not happen")
    (attached,) = _query(stage, _ATTACHED)[0]
    claim = "no connection was left open but the two of each account that stand ready for the next callers"
    fact(claim, attached <= 1 + _READY, attached)
    planted = [number for (remark,) in _query(stage, _PLANTED) for number in _digits(remark)]
    told = "".join(stage.answers)
    claim = f"the BSN that stands in a remark of the practice is in none of the {len(stage.answers)} answers"
    answered(claim, bool(planted) and not any(number in told for number in planted))


def _identify(stage: Stage, row: tuple[Any, ...]) -> str:
    _, padded, telephone = row
    answer = stage.call("intramed", "find_patient", {"telephone": telephone.strip()})
    answered(
        f"find_patient by {telephone.strip()} is {answer.body['match']}", answer.body["match"] == "certain", answer
    )
    name = answer.body["name"]
    fact(f"the name is {name!r}; the database has {padded!r}", name == padded.rstrip() and name != padded)
    patient: str = answer.body["patient"]
    return patient


def _offered(stage: Stage, row: tuple[Any, ...]) -> str:
    _, starts_at, clinic, therapist = row
    begin = starts_at.replace(tzinfo=_ZONE)
    window = {
        "starts_from": begin.isoformat(),
        "starts_before": (begin + timedelta(minutes=1)).isoformat(),
        "clinic": clinic.strip(),
        "therapist": therapist.strip(),
    }
    answer = stage.call("intramed", "list_slots", window)
    (free,) = answer.body["slots"]
    claim = f"list_slots offers {free['starts_at']} with {free['therapist']} in {free['clinic']}"
    answered(claim, datetime.fromisoformat(free["starts_at"]) == begin, free)
    slot: str = free["slot"]
    return slot


def _both_hold(stage: Stage, patients: list[str], slot: str, row: tuple[Any, ...]) -> tuple[int, str]:
    answers: list[Answer | None] = [None, None]
    together = threading.Barrier(2)

    def hold(which: int) -> None:
        together.wait()
        answers[which] = stage.call("intramed", "hold_slot", {"slot": slot, "patient": patients[which]})

    threads = [threading.Thread(target=hold, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = [answer.status if answer else 0 for answer in answers]
    answered(
        f"both ask at once: the answers are {statuses[0]} and {statuses[1]}",
        sorted(statuses) == [codes.ok, codes.conflict],
        answers,
    )
    winner = statuses.index(codes.ok)
    ((status, holder),) = _query(stage, _STATUS, row[0])
    fact(f"the agenda holds the slot for one patient, number {holder.strip()}", status == "H")
    answer = answers[winner]
    assert answer is not None  # noqa: S101 - its status was read above
    say(f"the hold ends at {answer.body['expires_at']}; the other patient is offered another time")
    return winner, answer.body["hold"]


def _confirm(stage: Stage, row: tuple[Any, ...], patient: str, hold: str, slot_row: tuple[Any, ...]) -> str:
    answer = stage.call("intramed", "confirm", {"hold": hold, "patient": patient})
    name = answer.body.get("name")
    answered(
        f"confirm answers {answer.status} for {name!r} at {answer.body.get('starts_at')}",
        answer.status == codes.ok,
        answer,
    )
    answered("the name comes without its padding", name == row[1].rstrip(), name)
    booked = _query(stage, _BOOKED, slot_row[0])
    fact(f"Firebird has one appointment in the slot, of patient {row[0].strip()}", booked == [(row[0],)], booked)
    again = stage.call("intramed", "confirm", {"hold": hold, "patient": patient})
    same = again.body.get("appointment") == answer.body["appointment"]
    fact("confirming again returns the same appointment", same and _query(stage, _BOOKED, slot_row[0]) == booked, again)
    appointment: str = answer.body["appointment"]
    return appointment


def _tell(stage: Stage, patients: list[str], winner: int, appointment: str) -> None:
    patient, other = patients[winner], patients[1 - winner]
    text = f"Beste {patient}, uw afspraak is op {appointment}."
    answer = stage.call("intramed", "check_outbound", {"text": text, "patient": patient})
    answered(f"check_outbound lets this out: {answer.body.get('text')!r}", answer.status == codes.ok, answer)
    for why, message in (
        ("to the other patient", {"text": text, "patient": other}),
        ("with a BSN in it", {"text": f"{text} Uw BSN is 9999 11 120.", "patient": patient}),
    ):
        refused = stage.call("intramed", "check_outbound", message)
        kinds = sorted({each["kind"] for each in refused.body.get("found", [])})
        answered(
            f"the same {why} is refused: {', '.join(kinds)}",
            refused.status == codes.unprocessable_entity and "9999" not in str(refused.body),
            refused,
        )


def _note(stage: Stage, patient: str) -> None:
    reported_at = (datetime.now(_ZONE) - timedelta(minutes=3)).replace(microsecond=0)
    text = "Mevrouw komt op krukken, graag de kamer beneden. Knie is nog dik 😬"
    body = {"patient": patient, "text": text, "reported_at": reported_at.isoformat()}
    answer = stage.call("intramed", "log_note", body, wait_s=10)
    answered(
        f"log_note answers {answer.status} with note {answer.body.get('note')}", answer.status == codes.created, answer
    )
    ((written_at, written),) = _query(stage, _NOTE, int(answer.body["note"]))
    fact(f"the journal has it at {written_at}, the time of the message", written_at == reported_at.replace(tzinfo=None))
    fact(f"as its code page can hold it: …{written[-28:]}", written == text.replace("😬", "[U+1F62C]"), written)


def _query(stage: Stage, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with owner_connection(str(stage.practice)) as connection:
        cursor = connection.cursor()
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        cursor.close()
    return rows


def _digits(text: str) -> list[str]:
    nine = 9
    words = "".join(letter if letter.isdigit() else " " for letter in text).split()
    return [word for word in words if len(word) == nine]
