-- The notes with this external reference; the text stays in the database.
-- parameter reference: external reference, at most 26 characters
-- column note: note number
-- column patient: patient number
-- column reported: report time, local time of the practice
-- column utc_minutes: offset of that local time
select J.NUMMER as NOTE, J.PATIENT as PATIENT, J.MELDTIJD as REPORTED, J.MELD_UTC as UTC_MINUTES
from JOURNAAL J where J.REFERENTIE = :reference
