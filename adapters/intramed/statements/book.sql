-- Books a free slot at once, where holds live in the shim. The same holder, slot and patient get the same appointment
-- again, until that is cancelled.
-- parameter slot: slot number
-- parameter patient: patient number
-- parameter holder: the hold it is made from, at most 26 characters
-- parameter moment: now, local time of the practice
-- column outcome text: BOOKED, TAKEN, NO_SLOT, NO_PATIENT, PAST, or UNKNOWN when its appointment was cancelled
-- column appointment integer: appointment number
-- column starts_at timestamp: start, local time of the practice
-- column minutes integer: length in minutes
-- column clinic text: clinic code
-- column therapist text: therapist code
-- column particle text: tussenvoegsel of the patient
-- column family_name text: family name of the patient
select UITKOMST as OUTCOME, AFSPRAAK as APPOINTMENT, BEGIN_TIJD as STARTS_AT, MINUTEN as MINUTES,
  VESTIGING as CLINIC, MEDEWERKER as THERAPIST, TUSSENVOEGSEL as PARTICLE, ACHTERNAAM as FAMILY_NAME
from WEB_BOOK(:slot, :patient, :holder, :moment)
