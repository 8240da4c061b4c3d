-- One tenant by its key: what composition needs, and no telephone or address.
SELECT tenant_id, mandant_code, property_id, location_id, contract_id
FROM tenant
WHERE tenant_id = :tenant_id
