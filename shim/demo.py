"""`shim serve --demo`: stand-ins in this process, an invented practice in a sandbox, and a configuration for them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from shim.admission.client import METRICS, bundles_of
from shim.root import open_shim
from shim.settings import ConfigurationError, Settings, load
from simulators.intramed.engine import EngineMissing
from simulators.intramed.sandbox import SNAPSHOT, monday_after, restore
from simulators.launch import PlanonAddress
from simulators.planon.simulator import DEFAULT_ACCOUNT, PlanonSimulator

CLIENT: Final = "demo-agent"
_SHARED: Final = "06-18054066"
"""A telephone number of two of the stand-in's tenants."""
_NOBODY: Final = "06-87654321"


def planon_section(planon: PlanonAddress, **options: Any) -> dict[str, Any]:
    """Return the section `systems.planon` for a stand-in."""
    return {
        "adapter": "planon",
        "soap_url": f"{planon.url}/soap",
        "appsuite_url": f"{planon.url}/appsuite/incident",
        "user": DEFAULT_ACCOUNT.user,
        "password": DEFAULT_ACCOUNT.password,
        "replica_url": f"sqlite:///{planon.replica}",
        **options,
    }


def write_configuration(folder: Path, systems: Mapping[str, Mapping[str, Any]], **sections: Mapping[str, Any]) -> Path:
    """Write a `shim.toml` with its state in `folder`, and return its path.

    Nothing limits how fast stand-ins may be asked, unless a section says otherwise.
    """
    lines = ['deployment = "demo"', f'state = "{folder / "shim.db"}"', f'master_key = "{folder / "master.key"}"']
    tables = {
        **sections,
        "http": {"requests_per_minute": 0, **sections.get("http", {})},
        **{f"systems.{name}": options for name, options in systems.items()},
    }
    for name, values in tables.items():
        # JSON strings, numbers and booleans are TOML as well.
        lines += ["", f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    path = folder / "shim.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def sandbox_practice(folder: Path) -> Path:
    """Restore the invented practice with an agenda that begins next Monday; return the database file.

    Raises:
        ConfigurationError: the engine or the snapshot is missing.
    """
    if not SNAPSHOT.exists():
        raise ConfigurationError("the demo needs the repository: fixtures/snapshots/intramed/practice.fbk is missing")
    try:
        return restore(SNAPSHOT, folder / "practice.fdb", monday_after(date.today()))  # noqa: DTZ011 - the practice's day
    except EngineMissing as error:
        raise ConfigurationError(str(error)) from error


def add_client(settings: Settings) -> str:
    """Create the demo's client, which may call every contract and see the metrics, and return its key."""
    with open_shim(settings) as shim:
        scopes = {bundle for name in shim.systems for bundle in bundles_of(name)}
        return shim.state.clients.add(CLIENT, scopes | {METRICS})


@contextmanager
def demo_deployment() -> Iterator[tuple[Settings, str]]:
    """Start the stand-ins and yield the settings for them, and what to tell the user; `{address}` stands in it."""
    with TemporaryDirectory(prefix="legacy-shim-demo-") as name:
        folder = Path(name)
        practice = sandbox_practice(folder)
        with PlanonSimulator(folder / "replica.db") as planon:
            systems = {
                "planon": planon_section(PlanonAddress(planon.url, planon.replica.path), settle_s=30),
                "intramed": {"adapter": "intramed", "database": str(practice)},
            }
            path = write_configuration(folder, systems, outbox={"cap_s": 10, "probe_s": 10})
            settings = load(path)
            key = add_client(settings)
            telephone = next(t.telephone for t in planon.reference.tenants if t.telephone)
            yield settings, _welcome(path, planon.control_url, key, telephone)


def _welcome(configuration: Path, control_url: str, key: str, telephone: str) -> str:
    request = json.dumps({"telephone": telephone})
    return f"""\
DEMO: every system behind this address is a stand-in, and every reply says so in the header Shim-Mode.

Try it:
  curl -s {{address}}/v1/planon/find_tenant -H 'Authorization: Bearer {key}' \\
       -H 'Content-Type: application/json' -d '{request}'

Look at the outbox:     shim --config {configuration} outbox status
The operations page:    shim --config {configuration} admin link --address {{address}}
Let Planon misbehave:   curl -s {control_url}/scenario -d '{{"down": true}}'
What Planon has:        curl -s {control_url}/ledger
For the commands of {{address}}/docs: export SHIM={{address}} KEY={key}
Who writes from where:  find_tenant  {telephone} certain, {_SHARED} confirm, {_NOBODY} none
                        find_patient 06-10001001 certain, 06-10500147 confirm (Truus), {_NOBODY} none
Stop with Ctrl-C; everything is removed then."""
