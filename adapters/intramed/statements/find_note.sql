-- The notes with this external reference; the text stays in the database.
-- parameter reference: external reference, at most 26 characters
-- column note integer: note number
-- column patient text: patient number
-- column reported timestamp: report time, local time of the practice
-- column utc_minutes integer: offset of that local time
select J.NUMMER as NOTE, J.PATIENT as PATIENT, J.MELDTIJD as REPORTED, J.MELD_UTC as UTC_MINUTES
from JOURNAAL J
where J.REFERENTIE = cast(:reference as varchar(40))
