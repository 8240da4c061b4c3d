-- The appointments of a patient that have not begun and are not cancelled, earliest first.
-- parameter patient: patient number
-- parameter moment: now, local time of the practice
-- parameter max_rows: at most this many rows
-- column appointment integer: appointment number
-- column starts_at timestamp: start, local time of the practice
-- column minutes integer: length in minutes
-- column clinic text: clinic code
-- column therapist text: therapist code
select first (:max_rows) B.NUMMER as APPOINTMENT, A.BEGIN_TIJD as STARTS_AT, A.MINUTEN as MINUTES,
  A.VESTIGING as CLINIC, A.MEDEWERKER as THERAPIST
from AFSPRAAK B join AGENDA A on A.NUMMER = B.AGENDA
where B.PATIENT = cast(:patient as varchar(20)) and B.VERVALLEN is null and A.BEGIN_TIJD > cast(:moment as timestamp)
order by A.BEGIN_TIJD, B.NUMMER
