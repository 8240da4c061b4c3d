"""What can be wrong with a database behind SQL, whichever it is."""

from typing import Final

from contracts.examination import Diagnosis, Level

LOGIN_REFUSED: Final = Diagnosis(
    "login-refused",
    Level.BROKEN,
    "the database does not let the account in",
    "Nothing that this account does can work.",
    "Correct user and password in the configuration, or set the account's password in the database anew.",
)
DATABASE_MISSING: Final = Diagnosis(
    "database-missing",
    Level.BROKEN,
    "the server answers, and the database is not there or cannot be opened by it",
    "Nothing can be read or written.",
    "Correct the option that names the database: its path as the server sees it, or an alias that the server knows.",
)
CONNECT_FAILED: Final = Diagnosis(
    "connect-failed",
    Level.BROKEN,
    "the database refuses the connection",
    "Nothing can be read or written.",
    "Look at the database's own log at this moment; the codes below name the cause.",
)
CHARSET_DIFFERS: Final = Diagnosis(
    "charset-differs",
    Level.BROKEN,
    "the database stores texts in another character set than the option charset says",
    "Names come out wrong or not at all, and a text that was accepted may be refused when it is written.",
    "Set the option charset to the one that the texts were written in.",
)
TEXT_UNDECODABLE: Final = Diagnosis(
    "text-undecodable",
    Level.WARNING,
    "some stored texts hold bytes that are no characters of the character set",
    "A person with such a name is not recognised by it.",
    "Find out which program wrote them; name its character set in charset, or in column_charsets for single columns.",
)
TABLE_MISSING: Final = Diagnosis(
    "table-missing",
    Level.BROKEN,
    "a table or view that a statement reads is not there",
    "The contracts that need this statement fail.",
    "Ask who changed the database; or put the site's own statement into the folder of the option statements.",
)
COLUMN_MISSING: Final = Diagnosis(
    "column-missing",
    Level.BROKEN,
    "a column that a statement needs is not there",
    "The contracts that need this statement fail.",
    "Ask who changed the database; or put the site's own statement into the folder of the option statements.",
)
COLUMN_CHANGED: Final = Diagnosis(
    "column-changed",
    Level.BROKEN,
    "a column has another type than the statement's head says",
    "What is read would be misunderstood, so the contracts that need it fail.",
    "Cast the column in the site's own statement, in the folder of the option statements.",
)
RIGHT_MISSING: Final = Diagnosis(
    "right-missing",
    Level.BROKEN,
    "the account lacks a right that a statement needs",
    "The contracts that need this statement fail.",
    "Let the database's owner grant it: select on tables to the reader, execute on procedures to the writer.",
)
STATEMENT_REFUSED: Final = Diagnosis(
    "statement-refused",
    Level.BROKEN,
    "the database does not understand a statement",
    "The contracts that need this statement fail.",
    "Prepare the statement there by hand; correct the site's own file, or ask who changed the database.",
)
STATEMENTS_UNUSABLE: Final = Diagnosis(
    "statements-unusable",
    Level.BROKEN,
    "an option of the system cannot work",
    "The service does not start with it.",
    "Mend what is named below.",
)
READER_WRITES: Final = Diagnosis(
    "reader-writes",
    Level.WARNING,
    "the account that reads may also write",
    "A defect of ours, or whoever gets that password, could change the database.",
    "Let the database's owner revoke everything but select from that account, and from PUBLIC.",
)
DIAGNOSES: Final = (
    *(LOGIN_REFUSED, DATABASE_MISSING, CONNECT_FAILED, CHARSET_DIFFERS, TEXT_UNDECODABLE, TABLE_MISSING),
    *(COLUMN_MISSING, COLUMN_CHANGED, RIGHT_MISSING, STATEMENT_REFUSED, STATEMENTS_UNUSABLE, READER_WRITES),
)
