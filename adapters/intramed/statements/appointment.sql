-- Where an appointment of a patient is, live or cancelled, begun or not; asked only for clients that are limited to
-- clinics.
-- parameter appointment: appointment number
-- parameter patient: patient number
-- column appointment integer: appointment number
-- column clinic text: clinic code
select B.NUMMER as APPOINTMENT, A.VESTIGING as CLINIC
from AFSPRAAK B join AGENDA A on A.NUMMER = B.AGENDA
where B.NUMMER = cast(:appointment as integer) and B.PATIENT = cast(:patient as varchar(20))
