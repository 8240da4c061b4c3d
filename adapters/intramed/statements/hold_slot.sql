-- Holds a slot for a patient. The same holder and patient get the same hold again; the conversation's other hold ends.
-- parameter slot: slot number
-- parameter patient: patient number
-- parameter holder: who holds, at most 26 characters
-- parameter seconds: how long
-- parameter conversation: key of the conversation, at most 26 characters, or '' for none
-- parameter moment: now, local time of the practice
-- column outcome text: HELD, TAKEN, NO_SLOT, NO_PATIENT or PAST
-- column seconds_left integer: seconds until the slot is free for others
-- column starts_at timestamp: start, local time of the practice
-- column minutes integer: length in minutes
-- column clinic text: clinic code
-- column therapist text: therapist code
select UITKOMST as OUTCOME, RESTEREND as SECONDS_LEFT, BEGIN_TIJD as STARTS_AT, MINUTEN as MINUTES,
  VESTIGING as CLINIC, MEDEWERKER as THERAPIST
from WEB_HOLD_SLOT(:slot, :patient, :holder, :seconds, :conversation, :moment)
