-- Tenants whose stored number may be this one. The pattern is its last digits with anything between them, so no way of
-- writing a number is missed; which of these rows really hold the number is decided outside.
SELECT tenant_id, tenant_code, telephone, telephone_2, street, house_number, house_addition, postcode, city
FROM tenant
WHERE telephone LIKE :digits OR telephone_2 LIKE :digits
