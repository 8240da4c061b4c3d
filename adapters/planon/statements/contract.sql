-- The contract of a tenant, which decides SLA, cost centre and category; nobody may choose them. A site's own file may
-- declare more columns; its mapping knows them as `contract.NAME`.
-- parameter tenant_id: the tenant's key
-- column contract_id text: key of the contract
-- column mandant_code text: mandant
-- column sla_id text: SLA
-- column cost_centre text: cost centre
-- column category text: category of its incidents
SELECT c.contract_id, c.mandant_code, c.sla_id, c.cost_centre, c.category
FROM tenant t
JOIN contract c ON c.contract_id = t.contract_id
WHERE t.tenant_id = :tenant_id
