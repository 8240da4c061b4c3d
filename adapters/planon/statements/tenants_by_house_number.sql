-- Tenants at one of the numbers that stand in an address; which of these rows the address names is decided outside.
SELECT tenant_id, tenant_code, telephone, telephone_2, street, house_number, house_addition, postcode, city
FROM tenant
WHERE house_number IN :house_number_in
