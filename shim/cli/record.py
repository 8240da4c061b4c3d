"""`shim record`: one call of a contract, with what went over the wire, pseudonymised before it is written."""

import json
import secrets
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import BaseModel, ValidationError

from contracts.catalogue import CATALOGUE, Contract, Effect
from contracts.desks import AdapterMisconfigured, AnyAdapter
from contracts.errors import ContractError
from contracts.fields import Model
from contracts.snapshots import SnapshotRefused
from shim import exposures
from shim.cli.administered import told_person
from shim.cli.deployment import fail, one_line_errors, print_json, settings
from shim.cli.entries import Json
from shim.drift.comparing import Descriptions, differences, files_of, told
from shim.pseudonyms.key import PseudonymKey
from shim.pseudonyms.policy import load_policy
from shim.root import open_deployment_state, utc_now
from shim.settings import ConfigurationError, Settings
from shim.systems import adapter_and_options

_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def record_exchanges(
    ctx: typer.Context,
    system: Annotated[str, typer.Argument(help="A configured system that is spoken to over HTTP.")],
    file: Annotated[Path, typer.Argument(help="A new file; it must not exist.")],
    *,
    contract: Annotated[str, typer.Option(help="What is called, such as get_incident.")],
    request: Annotated[
        str,
        typer.Option(
            metavar="FILE|JSON",
            help="The contract's request, with the backend's own keys where a client has tokens. Better a file: "
            "what is typed stays in the shell's history.",
        ),
    ],
    key: Annotated[Path, typer.Option(help="Key file of the pseudonyms, as `shim snapshot key` makes it.")],
    policy: Annotated[
        Path | None, typer.Option(help="What each element is, in place of the adapter's own policy.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Allow a contract that writes: the record stays in the backend.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Call one contract and write what went over the wire into FILE, without anybody in it.

    Nothing is written when the policy does not know an element, or when the recording does not play.
    """
    # Every command loads this module, to know its options.
    from shim.recording.capture import Called, record, save  # noqa: PLC0415 - they load lxml
    from shim.recording.disguise import load_phrases  # noqa: PLC0415

    with one_line_errors():
        configured = settings(ctx)
        exposures.refuse(exposures.exposed(configured, exposures.DELIVERING))
        try:
            _refuse_place(key, file)
            adapter, options = _system(configured, system)
            packaged, row = _personal(system, adapter), _row(adapter, contract, write=write)
            rules, asked = policy or packaged, _request(row, request)
            means = PseudonymKey.load(key), load_policy(rules), load_phrases(rules)
            with open_deployment_state(configured) as opened:
                told_person(ctx, opened, system, asked)
                if row.effect is Effect.DURABLE:
                    _require_accepted(Descriptions(opened.database), system, adapter, options)
            reference = _announced(system) if row.effect is Effect.DURABLE else ""
            name, now = configured.systems[system].adapter, utc_now().replace(microsecond=0)
            recording = record(Called(name, adapter, options, row, asked, reference, now), *means)
            save(recording, file)
        except SnapshotRefused as error:
            raise fail(str(error)) from error
        except AdapterMisconfigured as error:
            raise fail(f"systems.{system}: {error}") from error
        except ContractError as error:
            raise fail(f"{contract} was refused before anything was sent: {error.title}") from error
    shown = {"file": str(file), "exchanges": len(recording.exchanges), "key": recording.key}
    if as_json:
        print_json(shown)
    else:
        typer.echo(f"{file}: {len(recording.exchanges)} exchanges of {contract}, with key {recording.key}.")


def _system(configured: Settings, system: str) -> tuple[AnyAdapter, BaseModel]:
    if system not in configured.systems:
        raise ConfigurationError(f"no system {system} is configured; there are: {', '.join(configured.systems)}")
    return adapter_and_options(system, configured.systems[system])


def _require_accepted(descriptions: Descriptions, system: str, adapter: AnyAdapter, options: BaseModel) -> None:
    """Refuse to write with files that nobody has accepted, as the service does; where it never ran there are none."""
    accepted = {name: row.fingerprint for name, row in descriptions.accepted(system).items()}
    different = differences(accepted, {**files_of(adapter, options), **descriptions.served(system)})
    if accepted and different:
        raise SnapshotRefused(f"{system} is read-only: {told(different)}; see shim systems list")


def _announced(system: str) -> str:
    """Say that a record is made, and return its external reference."""
    reference = "LS-REC-" + "".join(secrets.choice(_BASE32) for _ in range(16))
    typer.echo(
        f"shim: this writes into {system}: a real record with the external reference {reference} stays there, "
        "and nobody but you knows that nothing has happened",
        err=True,
    )
    return reference


def _row(adapter: AnyAdapter, contract: str, *, write: bool) -> Contract:
    rows = {row.name: row for row in CATALOGUE if row.desk is adapter.kind and row.effect is not Effect.LOCAL}
    if contract not in rows:
        raise SnapshotRefused(f"there is no contract {contract} of this system; there are: {', '.join(rows)}")
    row = rows[contract]
    if row.effect is Effect.IMMEDIATE:
        raise SnapshotRefused(f"{contract} is no contract that is recorded: it makes no exchange over HTTP")
    if row.effect is Effect.DURABLE and not write:
        raise SnapshotRefused(f"{contract} writes a real record that nobody can take back; say so with --write")
    return row


def _request(row: Contract, given: str) -> Model:
    """Return the request that was typed, or that is in a file. No value is repeated in a message."""
    text = given
    if not given.lstrip().startswith("{"):
        try:
            text = Path(given).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise SnapshotRefused("the file that --request names cannot be read") from error
    try:
        return row.request.model_validate(json.loads(text))
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise SnapshotRefused(f"the request does not fit {row.name}: {told}") from None
    except ValueError:
        raise SnapshotRefused("the request is no JSON") from None


def _personal(system: str, adapter: AnyAdapter) -> Path:
    if adapter.personal is None or not load_policy(adapter.personal).elements:
        raise SnapshotRefused(
            f"the adapter of {system} says of no element what it is, so no exchange with it can be recorded"
        )
    return adapter.personal


def _refuse_place(key: Path, file: Path) -> None:
    if file.exists():
        raise SnapshotRefused(f"{file} is there already; a recording is never overwritten")
    if not file.parent.is_dir():
        raise SnapshotRefused(f"there is no folder {file.parent}")
    if key.resolve().parent == file.resolve().parent:
        raise SnapshotRefused(f"the key {key} lies beside {file}: move it where no recording is, and keep it there")
