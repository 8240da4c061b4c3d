-- Tenants with the code that is printed on their invoices.
SELECT tenant_id, tenant_code, telephone, telephone_2, street, house_number, house_addition, postcode, city
FROM tenant
WHERE tenant_code = :tenant_code
