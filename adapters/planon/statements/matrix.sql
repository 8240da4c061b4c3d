-- A contract's whole priority matrix with the interface's code of each priority, which differs by mandant.
-- The left join keeps a priority without a code visible: it is a hole in the rules, not a severity nobody has heard of.
SELECT m.severity, m.priority, c.appsuite_code
FROM priority_matrix m
LEFT JOIN priority_code c ON c.mandant_code = :mandant_code AND c.priority = m.priority
WHERE m.contract_id = :contract_id
