-- An asset, to see whether it is at the tenant's location.
-- parameter asset_code: the asset's code
-- column asset_code text: the same
-- column location_id text: where it is
SELECT asset_code, location_id
FROM asset
WHERE asset_code = :asset_code
