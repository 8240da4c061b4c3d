-- Turns a hold into an appointment. The same hold gets the same appointment again.
-- parameter slot: slot number
-- parameter patient: patient number
-- parameter holder: who holds, at most 26 characters
-- column outcome: BOOKED, EXPIRED, TAKEN or UNKNOWN
-- column appointment: appointment number
-- column starts_at: start, local time of the practice
-- column minutes: length in minutes
-- column clinic: clinic code
-- column therapist: therapist code
-- column particle: tussenvoegsel of the patient
-- column family_name: family name of the patient
select UITKOMST as OUTCOME, AFSPRAAK as APPOINTMENT, BEGIN_TIJD as STARTS_AT, MINUTEN as MINUTES,
  VESTIGING as CLINIC, MEDEWERKER as THERAPIST, TUSSENVOEGSEL as PARTICLE, ACHTERNAAM as FAMILY_NAME
from WEB_CONFIRM(:slot, :patient, :holder)
