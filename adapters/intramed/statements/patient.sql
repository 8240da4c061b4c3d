-- Whether a patient exists, where holds live in the shim.
-- parameter patient: patient number
-- column patient text: patient number
select P.NUMMER as PATIENT
from PATIENT P where P.NUMMER = cast(:patient as varchar(20))
