-- The notes of a patient whose text contains this reference, in any case; the text stays in the database.
-- parameter patient: patient number
-- parameter reference: external reference, at most 40 characters; '' finds nothing
-- column note integer: note number
-- column patient text: patient number
-- column reported timestamp: report time, local time of the practice
-- column utc_minutes integer: offset of that local time
select J.NUMMER as NOTE, J.PATIENT as PATIENT, J.MELDTIJD as REPORTED, J.MELD_UTC as UTC_MINUTES
from JOURNAAL J
where J.PATIENT = cast(:patient as varchar(20)) and J.TEKST containing cast(:reference as varchar(40))
  and cast(:reference as varchar(40)) <> ''
