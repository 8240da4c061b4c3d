-- An asset, to see whether it is at the tenant's location.
SELECT asset_code, location_id
FROM asset
WHERE asset_code = :asset_code
