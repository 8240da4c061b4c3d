-- The live appointment that was made from a hold, where holds live in the shim.
-- parameter slot: slot number
-- parameter patient: patient number
-- parameter holder: the hold it was made from, at most 26 characters
-- column appointment integer: appointment number
-- column starts_at timestamp: start, local time of the practice
-- column minutes integer: length in minutes
-- column clinic text: clinic code
-- column therapist text: therapist code
-- column particle text: tussenvoegsel of the patient
-- column family_name text: family name of the patient
select B.NUMMER as APPOINTMENT, A.BEGIN_TIJD as STARTS_AT, A.MINUTEN as MINUTES, A.VESTIGING as CLINIC,
  A.MEDEWERKER as THERAPIST, P.TUSSENVOEGSEL as PARTICLE, P.ACHTERNAAM as FAMILY_NAME
from AFSPRAAK B join AGENDA A on A.NUMMER = B.AGENDA join PATIENT P on P.NUMMER = B.PATIENT
where B.HOUDER = cast(:holder as varchar(26)) and B.AGENDA = cast(:slot as integer)
  and B.PATIENT = cast(:patient as varchar(20)) and B.VERVALLEN is null
