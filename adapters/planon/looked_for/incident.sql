-- Whether the replica has an incident: asked by `shim doctor` only, to see whether the replica lags.
-- parameter number: number of the incident
-- column incident_number text: number
SELECT incident_number FROM incident WHERE incident_number = :number
