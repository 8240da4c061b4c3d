-- The contract decides SLA, cost centre and category; nobody may choose them.
SELECT contract_id, mandant_code, sla_id, cost_centre, category
FROM contract
WHERE contract_id = :contract_id
