"""What an agent is told of each contract: when to call it, what not to do, what comes back.

A language model that has the operations as its tools reads these texts, and so does whoever writes the agent. They are
part of the contract: no more is promised here than the models and the adapters keep.
"""

from typing import Final

_FIND = """\
Send one fact at least. Several narrow it down: each one that you send must hold. The answer is one of three:

- `certain`: exactly one person. {found} is what the other contracts want; it is opaque, yours alone, and valid for at \
least 24 hours.
- `confirm`: more than one fits. Ask the person for what `ask_for` names, and call again with all facts together.
- `none`: nobody fits. Hand the conversation to a person.

Never guess a fact, and never offer candidates: none are told. Attempts are counted, and too many are refused (429)."""

_DURABLE = """\
It is durable: what was answered 201 or 202 is kept and delivered, also when the backend is down now. 201 has the \
backend's own answer in it. 202 means that it is on its way: do not send it again with another key, but ask for the \
delivery (`get_delivery`) or follow them all (`list_deliveries`)."""

_IMMEDIATE = (
    "Send an `Idempotency-Key`. After 504 `outcome-unknown` repeat with the same key: it finds out what happened."
)

OF: Final = {
    "facility_find_tenant": f"""\
Use it first when a tenant writes: a report or a note needs the tenant's token. Send the telephone number that the \
message came from; ask for the address or the four-digit code of an invoice only when `ask_for` says so.

{_FIND.format(found="`tenant`")}""",
    "facility_create_incident": f"""\
Use it once for each new report of damage, as soon as you know the tenant and what is wrong. `reported_at` is when the \
person sent the message, not now: the backend's SLA clock starts there. `message` is what the person wrote, word for \
word.

`severity` is one of the site's own names, mostly low, normal, high and emergency; another one is refused (400 \
`rule-missing`).

Do not decide anything: priority, SLA, contract, location and category come from the backend's own rows, and a request \
that names one of them is refused. Do not report the same damage twice: add a note to the incident instead.

{_DURABLE}""",
    "facility_get_incident": """\
Use it when a tenant asks how a report stands. The answer is what the backend has now: its state, its priority, its \
own SLA clock. Do not promise a time that is not in it. An incident of another tenant is not found (404).""",
    "facility_list_at_risk": """\
Use it for a planner's overview, not in a conversation with a tenant: new incidents that have less than a quarter of \
their SLA window left, or none, the nearest due time first. A report that was just made may take a while to show. \
Whom they are about is not told. An empty list is good news.""",
    "facility_log_note": f"""\
Use it when a tenant adds something to a report: it goes into the incident's communication log, beside what stands \
there. Name the incident by its number, or by the `delivery` that is still bringing it; never both.

It cannot close an incident, change its priority or take anything back: nothing here can.

{_DURABLE}""",
    "facility_check_outbound": """\
Use it before you send a tenant a message that a language model has written. Nothing is sent. The answer is the text \
to send, with this client's tokens replaced by what they stand for. If the text would give away what may not leave, or \
belongs to somebody else, it is refused (422 `leak-blocked`) with the places: write it anew, do not send it.""",
    "practice_find_patient": f"""\
Use it first when a patient writes: every other contract of a practice but `list_slots` needs the patient's token. \
Send the telephone number that the message came from; ask for first name or year of birth only when `ask_for` says \
so. When `hand_off` is not empty, hand the conversation to the front desk.

{_FIND.format(found="`patient`")}""",
    "practice_list_upcoming": """\
Use it when a patient asks for their appointments, or wants to move or cancel one: `confirm` and `cancel` need the \
appointment's token from here. Past appointments are not told.""",
    "practice_list_slots": """\
Use it to offer a patient places: free slots in a window of at most 62 days, the earliest first. Nothing is kept for \
anybody: a slot that you offer can be gone when the patient answers, so call `hold_slot` as soon as one is chosen.""",
    "practice_hold_slot": f"""\
Use it when a patient has chosen a slot of `list_slots`: it is kept for this patient until `expires_at`, by the \
backend's clock. It is no appointment yet: ask the patient, then call `confirm`. With a `conversation`, a new hold \
releases the earlier one of the same conversation. 409 `slot-taken`: list the slots again and offer another one.

{_IMMEDIATE}""",
    "practice_confirm": f"""\
Use it when the patient has said yes to the held slot: it becomes an appointment. With `replaces` the patient's \
earlier appointment is cancelled in the same step, or neither happens: that is how an appointment is moved. Do not \
cancel first. 410 `hold-expired`: the time is up; hold a slot again.

{_IMMEDIATE}""",
    "practice_cancel": f"""\
Use it when the patient wants an appointment cancelled and has said so clearly; it cannot be taken back. To move an \
appointment use `confirm` with `replaces`. One that has begun cannot be cancelled (409 `too-late`).

{_IMMEDIATE}""",
    "practice_log_note": f"""\
Use it when a patient tells something that a therapist should read: it goes into the patient's journal, word for word. \
It is read when somebody opens the journal: it is no alarm, and no way to make an appointment.

{_DURABLE}""",
    "practice_check_outbound": """\
Use it before you send a patient a message that a language model has written. Nothing is sent. The answer is the text \
to send, with this client's tokens replaced by what they stand for: a name, the time of an appointment. If the text \
would give away what may not leave, or belongs to somebody else, it is refused (422 `leak-blocked`) with the places: \
write it anew, do not send it.""",
}
"""By operation."""
