-- One tenant by its key. A site's own file may declare more columns; its mapping knows them as `tenant.NAME`.
-- Columns whose names begin with `telephone` hold the tenant's numbers, one or several in each, in any spelling: they
-- are read as numbers, and are not known to the mapping.
-- parameter tenant_id: the tenant's key
-- column tenant_id text: the same
-- column mandant_code text: mandant
-- column property_id text: property
-- column location_id text: location, which housemates share
-- column contract_id text: contract
-- column telephone text: telephone numbers, NULL when there is none
-- column telephone_2 text: more of them, or NULL
SELECT tenant_id, mandant_code, property_id, location_id, contract_id, telephone, telephone_2
FROM tenant
WHERE tenant_id = :tenant_id
