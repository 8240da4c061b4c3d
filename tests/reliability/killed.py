"""A service that a test kills without a warning, and that its clients find again where it was."""

from pathlib import Path
from typing import Self

from simulators.launch import address_of, start_shim
from simulators.process import Program


class Killed:
    """A service that is started again on the same address whenever it has been killed."""

    def __init__(self, configuration: Path) -> None:
        self._configuration = configuration
        self._service: Program = start_shim(configuration)
        self.address = address_of(self._service)
        self._port = self.address.rpartition(":")[2]

    def kill_and_restart(self) -> None:
        self._service.kill()
        self._service = start_shim(self._configuration, "--port", self._port)

    def stop(self) -> int:
        return self._service.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._service.__exit__(None, None, None)
