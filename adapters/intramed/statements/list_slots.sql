-- Free slots in a window, earliest first: never held, or held until a moment that has passed by the database's clock.
-- parameter max_rows: at most this many rows
-- parameter starts_from: start of the window, local time of the practice, inclusive
-- parameter starts_before: end of the window, local time of the practice, exclusive
-- parameter clinic: clinic code, or '' for any
-- parameter therapist: therapist code, or '' for any
-- parameter minutes: length in minutes, or 0 for any
-- column slot: slot number
-- column starts_at: start, local time of the practice
-- column minutes: length in minutes
-- column clinic: clinic code
-- column therapist: therapist code
select first (:max_rows) A.NUMMER as SLOT, A.BEGIN_TIJD as STARTS_AT, A.MINUTEN as MINUTES, A.VESTIGING as CLINIC,
  A.MEDEWERKER as THERAPIST
from AGENDA A
where A.BEGIN_TIJD >= :starts_from and A.BEGIN_TIJD < :starts_before
  and (A.STATUS = 'F' or (A.STATUS = 'H' and A.GEHOUDEN_TOT < cast('NOW' as timestamp)))
  and (cast(:clinic as varchar(10)) = '' or A.VESTIGING = cast(:clinic as varchar(10)))
  and (cast(:therapist as varchar(10)) = '' or A.MEDEWERKER = cast(:therapist as varchar(10)))
  and (cast(:minutes as integer) = 0 or A.MINUTEN = cast(:minutes as integer))
order by A.BEGIN_TIJD, A.NUMMER
