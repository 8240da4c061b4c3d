-- New incidents whose SLA clock runs, the nearest due first; which of them are at risk is decided outside, by the shim's
-- clock. Times are RFC 3339 with an offset: a site whose columns are of another type converts them here. The limit is
-- for the day on which everything is late; texts with two offsets are an hour out of order at most.
-- A site's own file may lack mandant_code, the parameter and the column, and then refuses clients that are limited to
-- mandants: nothing else says whose an incident is.
-- parameter mandant_code: mandant, or '' for all of them
-- column incident_number text: number
-- column mandant_code text: mandant, NULL when the incident has none
-- column status text: state, by the vendor's word
-- column priority integer: the interface's code of the priority
-- column reported_on text: report time
-- column sla_start text: start of the SLA clock
-- column sla_due text: due time
SELECT incident_number, mandant_code, status, priority, reported_on, sla_start, sla_due
FROM incident
WHERE status = 'Reported' AND sla_start IS NOT NULL AND sla_due IS NOT NULL
  AND (:mandant_code = '' OR RTRIM(mandant_code) = :mandant_code)
ORDER BY sla_due
LIMIT 10000
