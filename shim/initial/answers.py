"""What somebody answered, whole and checked: of a terminal, a pipe or a file."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr, TypeAdapter, ValidationError

from outbox.database import URL_PREFIXES
from shim.initial.toml import written
from shim.settings import SERVICE, ConfigurationError, SystemName, SystemSection, explain
from shim.systems import adapter_and_options

STATE: Final = "shim.db"
KEY: Final = "master.key"
_KNOWN: Final = frozenset({"deployment", "state", "systems"})
_NAME: Final = TypeAdapter(SystemName)


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything that a configuration is made of.

    Attributes:
        deployment: its name.
        state: a folder for the state and its key, or the URL of a PostgreSQL database.
        systems: by name, the adapter and its options as the configuration has them.
    """

    deployment: str
    state: str
    systems: Mapping[str, Mapping[str, Any]]

    def folder(self, beside: Path) -> Path:
        """Return the folder of the key, and of the state unless that is on a server; `beside` is the configuration."""
        if self.state.startswith(URL_PREFIXES):
            return beside.absolute().parent / "state"
        return Path(self.state).expanduser().absolute()

    def document(self, beside: Path) -> str:
        """Return the configuration."""
        folder = self.folder(beside)
        state = self.state if self.state.startswith(URL_PREFIXES) else str(folder / STATE)
        top = {"deployment": self.deployment, "state": state, "master_key": str(folder / KEY)}
        return written({**top, "systems": self.systems})


def system_name(text: str, taken: Mapping[str, object]) -> str:
    """Return the name of a system; ValueError says what is wrong with it."""
    name = of_name(text)
    if name == SERVICE:
        raise ValueError(f"{SERVICE!r} is the service itself")
    if name in taken:
        raise ValueError("there is a system of this name already")
    return name


def of_name(text: str) -> str:
    """Return a name; ValueError says what is wrong with it."""
    try:
        return _NAME.validate_python(text)
    except ValidationError as error:
        raise ValueError("a name begins with a-z and goes on with a-z, 0-9 and -, 31 characters at most") from error


def of_state(text: str) -> str:
    """Return a place for the state; ValueError says why it is none."""
    if text.startswith(URL_PREFIXES):
        return text
    try:
        folder = Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise ValueError("there is no such account, or it has no home") from error
    if folder.exists():
        if not folder.is_dir():
            raise ValueError("this is a file; name a folder")
        if folder.stat().st_mode & 0o077:
            raise ValueError(f"others can read this folder; run: chmod 700 {folder}")
    elif not folder.parent.is_dir():
        raise ValueError(f"there is no folder {folder.parent}")
    return str(folder)


def read_answers(path: Path) -> Answers:
    """Read a TOML file with `deployment`, `state` and a table `[systems.NAME]` for each system, as in a configuration.

    Raises:
        ConfigurationError: in one line, naming the key, without its value.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}") from error
    if wrong := sorted(values.keys() ^ _KNOWN):
        raise ConfigurationError(f"{path}: {wrong[0]}: {'not asked for' if wrong[0] in values else 'missing'}")
    try:
        deployment = _text(values, "deployment", of_name)
        return Answers(deployment, _text(values, "state", of_state), _systems(values["systems"]))
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _text(values: Mapping[str, Any], key: str, check: Callable[[str], str]) -> str:
    if not isinstance(values[key], str):
        raise ConfigurationError(f"{key}: must be a text")
    try:
        return check(values[key])
    except ValueError as error:
        raise ConfigurationError(f"{key}: {error}") from error


def _systems(sections: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(sections, dict) or not sections:
        raise ConfigurationError("systems: must be tables [systems.NAME], one at least")
    systems: dict[str, dict[str, Any]] = {}
    for name, section in sections.items():
        try:
            kept = system_name(name, systems)
            systems[kept] = _section(name, section)
        except ValueError as error:
            raise ConfigurationError(f"systems.{name}: {error}") from error
    return systems


def _section(name: str, section: Any) -> dict[str, Any]:
    if not isinstance(section, dict):
        raise ConfigurationError(f"systems.{name}: must be a table")
    try:
        parsed = SystemSection(**section)
    except ValidationError as error:
        raise ConfigurationError(f"systems.{name}: {explain(error)}") from error
    adapter_and_options(name, parsed)
    return dict(section)


def plain(value: Any) -> Any:
    """Return an option's value as TOML has it."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value) if isinstance(value, Path) else value
