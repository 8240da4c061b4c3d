"""A process that writes to the audit until it is killed, and says of each row that it is durable."""

import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from outbox.database import open_database
from shim.audit.log import AuditLog
from tests.unit.shim.audit.record import PACKAGES, asked

_PAUSE_S: Final = 0.03
"""So that a verification beside the writers gets its turn on two processors."""


def main(where: str) -> None:
    """Write intents in two threads, each line of output the access of a durable one; and outcomes that may wait."""
    database = open_database(where if "://" in where else Path(where), PACKAGES)
    log, telling = AuditLog(database, lambda: datetime.now(UTC)), threading.Lock()

    def work() -> None:
        while True:
            event = asked()
            log.write(event)
            with telling:
                sys.stdout.write(f"{event.access}\n")
                sys.stdout.flush()
            log.later(event)
            time.sleep(_PAUSE_S)

    for _ in range(2):
        threading.Thread(target=work).start()


if __name__ == "__main__":
    main(sys.argv[1])
