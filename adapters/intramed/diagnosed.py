"""Everything that an examination of an Intramed system can find."""

from typing import Final

from adapters.firebird import diagnosed as firebird
from adapters.odbc import diagnosed as odbc
from contracts.examination import Diagnosis, Level

CLINICS_UNSERVED: Final = Diagnosis(
    "limited-clients-unserved",
    Level.WARNING,
    "a statement does not fit that only clients need who are limited to clinics",
    "Such a client can hold, confirm and cancel nothing; others can.",
    "Put the site's own statement of that name into the folder of the option statements.",
)
DIAGNOSES: Final = (*odbc.DIAGNOSES, *firebird.DIAGNOSES, CLINICS_UNSERVED)
