"""A service that a test kills without a warning, and that its clients find again where it was."""

from pathlib import Path
from typing import Final, Self

from simulators.launch import address_of, start_shim
from simulators.process import NotStarted, Program, lasting_port

_TRIES: Final = 10
"""A busy machine may not start it within the half minute that a start may take."""


class Killed:
    """A service that is started again on the same address whenever it has been killed."""

    def __init__(self, configuration: Path) -> None:
        self._configuration = configuration
        # Its clients keep trying while it is gone: on a port that the system gives away they might find each other.
        self._port = str(lasting_port())
        self._service = self._started()
        self.address = address_of(self._service)

    def kill_and_restart(self) -> None:
        self._service.kill()
        self._service = self._started()

    def _started(self) -> Program:
        for _ in range(_TRIES):
            try:
                return start_shim(self._configuration, "--port", self._port)
            except NotStarted as error:
                failure = error
        raise failure

    def stop(self) -> int:
        return self._service.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._service.__exit__(None, None, None)
