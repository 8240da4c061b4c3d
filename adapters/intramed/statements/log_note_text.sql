-- Adds a note to a patient's journal, where the procedure takes no reference: every call adds one.
-- parameter patient: patient number
-- parameter reported: report time, local time of the practice, whole seconds
-- parameter utc_minutes: offset of that local time, so that the repeated hour in October is told apart
-- parameter note_text: text, in the database's character set
-- column outcome text: LOGGED
-- column note integer: note number
select UITKOMST as OUTCOME, NOTITIE as NOTE
from WEB_LOG_NOTE_TEXT(:patient, :reported, :utc_minutes, :note_text)
