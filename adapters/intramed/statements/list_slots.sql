-- Free slots in a window, earliest first: neither booked, nor held until a moment that is still to come by the
-- database's clock, nor in the way of such a slot of the same therapist.
-- parameter max_rows: at most this many rows
-- parameter starts_from: start of the window, local time of the practice, inclusive
-- parameter starts_before: end of the window, local time of the practice, exclusive
-- parameter clinic: clinic code, or '' for any
-- parameter therapist: therapist code, or '' for any
-- parameter minutes: length in minutes, or 0 for any
-- column slot integer: slot number
-- column starts_at timestamp: start, local time of the practice
-- column minutes integer: length in minutes
-- column clinic text: clinic code
-- column therapist text: therapist code
select first (:max_rows) A.NUMMER as SLOT, A.BEGIN_TIJD as STARTS_AT, A.MINUTEN as MINUTES, A.VESTIGING as CLINIC,
  A.MEDEWERKER as THERAPIST
from AGENDA A
where A.BEGIN_TIJD >= :starts_from and A.BEGIN_TIJD < :starts_before
  and (cast(:clinic as varchar(10)) = '' or A.VESTIGING = cast(:clinic as varchar(10)))
  and (cast(:therapist as varchar(10)) = '' or A.MEDEWERKER = cast(:therapist as varchar(10)))
  and (cast(:minutes as integer) = 0 or A.MINUTEN = cast(:minutes as integer))
  and A.STATUS <> 'B' and not exists (select 1 from AGENDA_BOTSING Z where Z.SLOT = A.NUMMER)
order by A.BEGIN_TIJD, A.NUMMER
