"""The configured legacy systems: one desk each, and the contracts that its adapter implements."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from contracts.catalogue import CATALOGUE, Contract, DeskKind, Effect
from contracts.delivery import Checked, Destination, Finding, Outcome, Sending
from contracts.desks import Adapter, AdapterMisconfigured, AnyAdapter, Desk, Ports
from shim.settings import ConfigurationError, SystemSection, explain

GROUP: Final = "legacy_shim.adapters"


@dataclass(slots=True, eq=False)
class System:
    """One installation of a legacy system; its desk is replaced when files that it has read were accepted anew."""

    name: str
    kind: DeskKind
    desk: Desk

    @property
    def contracts(self) -> tuple[Contract, ...]:
        """The rows of the catalogue that the desk implements, and the shim's own; the others are not mounted."""
        ours = (row for row in CATALOGUE if row.desk is self.kind)
        return tuple(row for row in ours if row.effect is Effect.LOCAL or hasattr(self.desk, row.name))

    @property
    def destination(self) -> Destination:
        """Where documents are delivered: of the desk that is in use at that moment."""
        return _InUse(self)

    def method(self, contract: Contract) -> Callable[..., Any]:
        """Return the desk's method of the contract's name."""
        method: Callable[..., Any] = getattr(self.desk, contract.name)
        return method


class _InUse:
    """The destination of the desk that a system has now; a `Destination`."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.settle_s = system.desk.destination.settle_s
        self.unknown = system.desk.destination.unknown

    def fingerprint(self, kind: str) -> str | None:
        return self._system.desk.destination.fingerprint(kind)

    def send(self, sending: Sending) -> Outcome:
        return self._system.desk.destination.send(sending)

    def find(self, sending: Sending) -> Finding:
        return self._system.desk.destination.find(sending)

    def check(self, sending: Sending, backend_id: str, age_s: float) -> Checked:
        return self._system.desk.destination.check(sending, backend_id, age_s)


def find_adapter(name: str) -> AnyAdapter:
    """Return an installed adapter.

    Raises:
        ConfigurationError: none of that name is installed.
    """
    installed = {point.name: point for point in entry_points(group=GROUP)}
    if name not in installed:
        raise ConfigurationError(f"no adapter {name!r} is installed; there are: {', '.join(sorted(installed))}")
    adapter = installed[name].load()
    if not isinstance(adapter, Adapter):
        raise ConfigurationError(f"the entry point {name!r} in {GROUP} does not name an Adapter")
    return adapter


def adapter_and_options(name: str, section: SystemSection) -> tuple[AnyAdapter, BaseModel]:
    """Return a system's adapter and the options of its section.

    Raises:
        ConfigurationError: no such adapter is installed, or the options are not what it takes.
    """
    adapter = find_adapter(section.adapter)
    try:
        return adapter, adapter.options(**section.options)
    except ValidationError as error:
        raise ConfigurationError(f"systems.{name}: {explain(error)}") from error


def open_systems(sections: Mapping[str, SystemSection], ports: Callable[[str], Ports]) -> dict[str, System]:
    """Build and check every configured system; no backend needs to be up.

    Raises:
        ConfigurationError: naming the system, the option and what is wrong.
    """
    if not sections:
        raise ConfigurationError("no system is configured; add a section [systems.NAME]")
    systems: dict[str, System] = {}
    for name, section in sections.items():
        adapter, options = adapter_and_options(name, section)
        try:
            systems[name] = System(name, adapter.kind, checked_desk(adapter, options, ports(name)))
        except AdapterMisconfigured as error:
            raise ConfigurationError(f"systems.{name}: {error}") from error
    return systems


def checked_desk(adapter: AnyAdapter, options: BaseModel, ports: Ports) -> Desk:
    """Build a desk that can be used.

    Raises:
        AdapterMisconfigured: it cannot.
    """
    desk: Desk = adapter.build(options, ports)
    desk.check()
    return desk
