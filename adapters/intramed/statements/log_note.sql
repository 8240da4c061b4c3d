-- Adds a note to a patient's journal. A reference that is already there gets its row's number and adds nothing.
-- parameter patient: patient number
-- parameter reported: report time, local time of the practice, whole seconds
-- parameter utc_minutes: offset of that local time, so that the repeated hour in October is told apart
-- parameter note_text: text, in the database's character set
-- parameter reference: external reference, at most 26 characters
-- column outcome text: LOGGED, KNOWN, or OTHER when the reference names another patient or report time
-- column note integer: note number
select UITKOMST as OUTCOME, NOTITIE as NOTE
from WEB_LOG_NOTE(:patient, :reported, :utc_minutes, :note_text, :reference)
