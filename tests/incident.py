"""A complete incident as the AppSuite endpoint takes it, for tests that compose nothing."""

from typing import Final

NAMESPACE: Final = "urn:appsuite:incident:1"
# In the schema's order. The tenant is a housing association's; "high" is priority 2, code 2, eight hours.
FIELDS: Final[dict[str, str]] = {
    "BO_EXTERNAL_REF": "DEMO-ABCDEFGHIJ234567",
    "BO_TENANT_ID": "TNT-10001",
    "BO_MANDANT": "WBV",
    "BO_CONTRACT": "CTR-WBV-01",
    "BO_SLA": "SLA-WBV-STD",
    "BO_PROPERTY": "PRP-01",
    "BO_LOCATION": "LOC-20001",
    "BO_ORDER_TYPE": "CORRECTIVE",
    "BO_CATEGORY": "DWELLING_REPAIR",
    "BO_SEVERITY": "high",
    "BO_PRIORITY": "2",
    "BO_STATUS": "REPORTED",
    "BO_CHANNEL": "WHATSAPP",
    "BO_REPORT_DATE": "2026-11-19T22:14:03+01:00",
    "BO_DESCRIPTION": "Kraan in keuken lekt\n\nVerbatim:\n kraan <b>lekt</b> & drupt 😱 ",
    "BO_COST_CENTRE": "KP-4100",
}
