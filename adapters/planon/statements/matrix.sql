-- The whole priority matrix of a tenant's contract, with the interface's code of each priority, which differs by mandant.
-- The left join keeps a priority without a code visible: it is a hole in the rules, not a severity nobody has heard of.
-- parameter tenant_id: the tenant's key
-- column severity text: severity, by the name that callers use
-- column priority integer: what a planner calls the priority
-- column appsuite_code integer: its code in the interface, NULL when the mandant has none
SELECT m.severity, m.priority, p.appsuite_code
FROM tenant t
JOIN contract c ON c.contract_id = t.contract_id
JOIN priority_matrix m ON m.contract_id = c.contract_id
LEFT JOIN priority_code p ON p.mandant_code = c.mandant_code AND p.priority = m.priority
WHERE t.tenant_id = :tenant_id
