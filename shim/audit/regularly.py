"""Makes checkpoints by itself and puts them where the configuration says: nobody remembers to do it every hour."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from outbox.database import Database
from outbox.entry import to_ms
from shim.audit import checkpoints, sending
from shim.audit.signing import Signer
from shim.audit.subjects import Ring
from shim.keeping.regular import Pause, Regular
from shim.settings import Settings

_FIRST_S: Final = 60.0
_OTHERWISE: Final = "no checkpoint of the audit was made"

_log = logging.getLogger(__name__)


def checkpointing(
    settings: Settings, database: Database, ring: Ring, clock: Callable[[], datetime], first_s: float = _FIRST_S
) -> Regular:
    """Return the thread; it has not begun. Several processes may have one each: there are more checkpoints then."""

    def run(_pause: Pause) -> None:
        made = checkpoints.make(database, Signer(ring), settings.deployment, to_ms(clock()))
        for target in settings.audit.checkpoints_to:
            try:
                sending.send(settings, database, target, made)
            except sending.NotSent as error:
                _log.error("checkpoint %d of the audit is not at %s: %s", made.number, sending.shown(target), error)

    return Regular("audit-checkpoints", run, _OTHERWISE, first_s, settings.audit.checkpoint_every_s)
