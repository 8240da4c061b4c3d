-- Turns a hold into an appointment. The same hold gets the same appointment again, until that is cancelled.
-- parameter slot: slot number
-- parameter patient: patient number
-- parameter holder: who holds, at most 26 characters
-- parameter moment: now, local time of the practice
-- column outcome text: BOOKED, EXPIRED, TAKEN, UNKNOWN or PAST
-- column appointment integer: appointment number
-- column starts_at timestamp: start, local time of the practice
-- column minutes integer: length in minutes
-- column clinic text: clinic code
-- column therapist text: therapist code
-- column particle text: tussenvoegsel of the patient
-- column family_name text: family name of the patient
select UITKOMST as OUTCOME, AFSPRAAK as APPOINTMENT, BEGIN_TIJD as STARTS_AT, MINUTEN as MINUTES,
  VESTIGING as CLINIC, MEDEWERKER as THERAPIST, TUSSENVOEGSEL as PARTICLE, ACHTERNAAM as FAMILY_NAME
from WEB_CONFIRM(:slot, :patient, :holder, :moment)
