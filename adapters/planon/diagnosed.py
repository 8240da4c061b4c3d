"""What can be wrong with one Planon installation, beside what any service or database can have."""

from typing import Final

from adapters.network import clock, services
from adapters.odbc.diagnosed import POOLING
from adapters.sql import replicas
from contracts.examination import Diagnosis, Level

MAPPING_UNUSABLE: Final = Diagnosis(
    "mapping-unusable",
    Level.BROKEN,
    "the mapping cannot be read, or the schemas or the WSDL contradict it",
    "No document can be composed, so the service does not start with it.",
    "Mend the line of the mapping that is named below (option mapping).",
)
SCHEMA_UNUSABLE: Final = Diagnosis(
    "schema-unusable",
    Level.BROKEN,
    "a schema cannot be used",
    "No document can be validated, so the service does not start with it.",
    "Put the vendor's own file back (option xsd); what is named below says which, and where it ends.",
)
WSDL_UNUSABLE: Final = Diagnosis(
    "wsdl-unusable",
    Level.BROKEN,
    "the WSDL cannot be used",
    "No SOAP call can be made, so the service does not start with it.",
    "Generate it anew from the backend, with everything that it imports in its folder (option wsdl).",
)
SOAP_LOGIN_REFUSED: Final = Diagnosis(
    "soap-login-refused",
    Level.BROKEN,
    "Planon refuses the log-in; its fault says `unknown` whatever the cause",
    "No note can be written, and no outcome can be asked for.",
    "Correct user and password; then look in Planon whether the account is locked or has no web services.",
)
SESSION_ENDS: Final = Diagnosis(
    "session-ends-at-once",
    Level.BROKEN,
    "a session that was just given is not valid at the next call",
    "Every call logs in anew and fails.",
    "Behind a load balancer, let a client stay with one node; else see whether the account may log in only once.",
)
EXPIRED_DIFFERS: Final = Diagnosis(
    "expired-text-differs",
    Level.BROKEN,
    "the fault for an ended session has another text than the mapping names",
    "After a pause the first call fails instead of logging in again.",
    "Write the fault's text, as it is below, into the mapping: [session] expired.",
)
CALL_REFUSED: Final = Diagnosis(
    "soap-call-refused",
    Level.BROKEN,
    "Planon refuses a search by reference",
    "Nobody can find out whether a report has landed, so unknown outcomes stay unknown.",
    "Give the account the right to read these business objects; compare the field's name in the mapping [records].",
)
FILTER_IGNORED: Final = Diagnosis(
    "filter-ignored",
    Level.BROKEN,
    "a search by a reference that nobody has finds records",
    "The filter is not looked at: what has landed could not be told from what has not.",
    "Correct by_reference in the mapping [records]: the field must be one that Planon can search by.",
)
APPSUITE_LOGIN_REFUSED: Final = Diagnosis(
    "appsuite-login-refused",
    Level.BROKEN,
    "the AppSuite endpoint refuses the account",
    "No incident can be written; what is accepted waits.",
    "Correct user and password, or let the account use AppSuite; SOAP and AppSuite have rights of their own.",
)
DIAGNOSES: Final = tuple(
    dict.fromkeys(
        (
            *(MAPPING_UNUSABLE, SCHEMA_UNUSABLE, WSDL_UNUSABLE, POOLING),
            *services.DIAGNOSES,
            *(SOAP_LOGIN_REFUSED, SESSION_ENDS, EXPIRED_DIFFERS, CALL_REFUSED, FILTER_IGNORED, APPSUITE_LOGIN_REFUSED),
            *replicas.DIAGNOSES,
            *clock.DIAGNOSES,
        )
    )
)
"""In the order in which an examination looks."""
