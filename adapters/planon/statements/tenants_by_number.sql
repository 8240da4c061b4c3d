-- Tenants at one of the numbers that stand in an address; which of these rows the address names is decided outside.
-- parameter house_number: without addition
-- column tenant_id text: key
-- column mandant_code text: mandant; a site's own file may lack it: clients that are limited to mandants are refused then
-- column tenant_code text: the four-digit code that is printed on invoices
-- column telephone text: telephone numbers, one or several in any spelling, or NULL
-- column telephone_2 text: more of them, or NULL
-- column street text: street
-- column house_number integer: house number
-- column house_addition text: its addition, such as A or bis, or NULL
-- column postcode text: with or without the space
-- column city text: town
SELECT tenant_id, mandant_code, tenant_code, telephone, telephone_2, street, house_number, house_addition, postcode,
  city
FROM tenant
WHERE house_number = :house_number
