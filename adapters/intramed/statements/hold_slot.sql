-- Holds a slot for a patient. The same holder and patient get the same hold again.
-- parameter slot: slot number
-- parameter patient: patient number
-- parameter holder: who holds, at most 26 characters
-- parameter seconds: how long
-- column outcome: HELD, TAKEN, NO_SLOT or NO_PATIENT
-- column seconds_left: seconds until the slot is free for others
-- column starts_at: start, local time of the practice
-- column minutes: length in minutes
-- column clinic: clinic code
-- column therapist: therapist code
select UITKOMST as OUTCOME, RESTEREND as SECONDS_LEFT, BEGIN_TIJD as STARTS_AT, MINUTEN as MINUTES,
  VESTIGING as CLINIC, MEDEWERKER as THERAPIST
from WEB_HOLD_SLOT(:slot, :patient, :holder, :seconds)
