-- Cancels an appointment of a patient that has not begun, and frees its slot.
-- parameter appointment: appointment number
-- parameter patient: patient number
-- parameter moment: now, local time of the practice
-- column outcome text: CANCELLED (now or before), PAST or UNKNOWN
select UITKOMST as OUTCOME
from WEB_CANCEL(:appointment, :patient, :moment)
