-- One slot and whether it can be had, where holds live in the shim, and for clients that are limited to clinics.
-- parameter slot: slot number
-- column slot integer: slot number
-- column starts_at timestamp: start, local time of the practice
-- column minutes integer: length in minutes
-- column clinic text: clinic code
-- column therapist text: therapist code
-- column status text: F free, or T taken: booked, held, or in the way of such a slot of the same therapist
select A.NUMMER as SLOT, A.BEGIN_TIJD as STARTS_AT, A.MINUTEN as MINUTES, A.VESTIGING as CLINIC,
  A.MEDEWERKER as THERAPIST,
  case when exists (select 1 from AGENDA_BOTSING Z where Z.SLOT = A.NUMMER) then 'T' else 'F' end as STATUS
from AGENDA A where A.NUMMER = cast(:slot as integer)
