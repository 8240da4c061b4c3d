"""Broken set-ups of the deployment itself: configuration, files, state, disks, what is served, and the backlog."""

import os
import subprocess
import sys
import time
import zoneinfo
from pathlib import Path

import pytest

from outbox.schema import PUT_AWAY
from outbox.sqlite import filesystem
from shim.keys import file as key_file
from tests.integration.shim.doctor_stage import Stage, table
from tests.integration.soap.tls import certificate

SETUPS, broken = table()
NOBODY = 65534
MEGABYTE = 1024 * 1024


@broken("configuration-missing")
def no_configuration(stage: Stage) -> None:
    stage.path = stage.folder / "elsewhere.toml"


@broken("configuration-not-toml")
def a_line_that_is_no_toml(stage: Stage) -> None:
    stage.configure().write_text("deployment = demo\n")


@broken("configuration-invalid")
def an_unknown_key(stage: Stage) -> None:
    stage.sections["http"] = {"prot": 8080}


@broken("configuration-invalid")
def a_value_that_cannot_be(stage: Stage) -> None:
    stage.sections["http"] = {"port": 80800}


@broken("configuration-readable")
def secrets_that_others_can_read(stage: Stage) -> None:
    stage.systems["practice"]["read_password"] = "geheim"
    stage.configure().chmod(0o644)


@broken("no-system")
def no_system_at_all(stage: Stage) -> None:
    stage.systems.clear()


@broken("adapter-unknown")
def an_adapter_that_nobody_installed(stage: Stage) -> None:
    stage.systems["practice"]["adapter"] = "intramet"


@broken("options-invalid")
def a_mistyped_option(stage: Stage) -> None:
    stage.systems["practice"]["databse"] = "x"


@broken("key-readable")
def a_key_that_others_can_read(stage: Stage) -> None:
    key_file.make(stage.key)
    stage.key.chmod(0o644)


@broken("key-missing")
def a_state_without_its_key(stage: Stage) -> None:
    stage.begin()
    stage.key.unlink()


@broken("key-foreign")
def the_key_of_another_account(stage: Stage) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    key_file.make(stage.key)
    os.chown(stage.key, NOBODY, -1)


@broken("key-damaged")
def a_key_file_of_something_else(stage: Stage) -> None:
    stage.key.write_text("not a key\n")
    stage.key.chmod(0o600)


@broken("key-of-another-state")
def the_key_of_another_state(stage: Stage) -> None:
    stage.begin()
    stage.key.unlink()
    key_file.make(stage.key)


@broken("state-folder-missing")
def a_folder_that_is_not_there(stage: Stage) -> None:
    stage.top["state"] = str(stage.folder / "var" / "shim.db")


@broken("state-read-only")
def a_read_only_disk(stage: Stage) -> None:
    """A mount that cannot be written; without the right to mount, a folder that cannot."""
    place = stage.folder / "disk"
    place.mkdir()
    stage.top["state"] = str(place / "shim.db")
    if os.geteuid() != 0:
        place.chmod(0o500)
        return
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", place], check=False, capture_output=True)
    if mount.returncode == 0:
        stage.monkeypatch.setenv("DOCTOR_MOUNTED", str(place))  # told to the test, which unmounts it
        return
    real = os.access
    stage.monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != place and real(path, mode))


@broken("state-on-network")
def a_state_on_nfs(stage: Stage) -> None:
    mounts = stage.folder / "mountinfo"
    mounts.write_text(f"36 35 0:41 / {stage.folder.resolve()} rw - nfs4 server:/export rw\n")
    stage.monkeypatch.setattr(filesystem, "MOUNTS", mounts)


@broken("state-readable")
def a_state_that_others_can_read(stage: Stage) -> None:
    stage.begin()
    stage.state.chmod(0o644)


@broken("state-foreign")
def a_state_of_another_account(stage: Stage) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    stage.begin()
    os.chown(stage.state, NOBODY, -1)


@broken("state-newer")
def a_state_of_a_newer_release(stage: Stage) -> None:
    stage.begin()
    stage.sql("INSERT INTO migration (package, number) VALUES ('outbox', 99)")


@broken("state-older")
def a_state_of_an_earlier_release(stage: Stage) -> None:
    stage.begin()
    stage.sql("DELETE FROM migration WHERE package = 'outbox' AND number > 1")


@broken("state-put-away")
def a_state_that_moved_away(stage: Stage) -> None:
    stage.begin()
    stage.sql("INSERT INTO migration (package, number) VALUES ('outbox', ?)", PUT_AWAY)


@broken("state-of-another")
def the_state_of_another_deployment(stage: Stage) -> None:
    stage.begin()
    text = stage.configure().read_text(encoding="utf-8")
    stage.configure().write_text(text.replace('deployment = "demo"', 'deployment = "demi"'))


@broken("state-damaged")
def a_state_that_is_no_database(stage: Stage) -> None:
    stage.begin()
    stage.state.write_bytes(b"what a disk makes of it" * 1000)


def _left(stage: Stage, megabytes: int) -> None:
    disk = os.statvfs(stage.folder)
    fields = list(disk)
    fields[4] = megabytes * MEGABYTE // disk.f_frsize  # f_bavail
    stage.room = lambda _path: os.statvfs_result(fields)


@broken("disk-full")
def a_full_disk(stage: Stage) -> None:
    _left(stage, 1)


@broken("disk-nearly-full")
def a_disk_that_will_be_full(stage: Stage) -> None:
    _left(stage, 100)


def _served(stage: Stage, pem: Path, key: Path) -> None:
    stage.sections["http"] = {"tls_certificate": str(pem), "tls_key": str(key)}


@broken("tls-unreadable")
def a_certificate_that_is_not_there(stage: Stage) -> None:
    _served(stage, stage.folder / "missing.pem", stage.folder / "missing.pem")


@broken("tls-expires-soon")
def a_certificate_for_one_more_day(stage: Stage) -> None:
    pem = certificate(stage.folder)
    _served(stage, pem, pem)


@broken("tls-expired", "clock-skewed")
def a_certificate_of_yesterday(stage: Stage) -> None:
    """Seen from a clock that is wrong by days and 100 seconds, which the practice's own clock shows as well."""
    import datetime as dt  # noqa: PLC0415

    pem = certificate(stage.folder)
    _served(stage, pem, pem)
    stage.ahead = dt.timedelta(days=3, seconds=100)


@broken("tls-key-mismatch")
def a_key_of_another_certificate(stage: Stage) -> None:
    (other := stage.folder / "other").mkdir()
    _served(stage, certificate(stage.folder), certificate(other))


@broken("open-on-the-wire")
def an_open_listener(stage: Stage) -> None:
    stage.sections["http"] = {"host": "192.0.2.1"}


@broken("alert-secret-unreadable")
def a_secret_that_is_not_there(stage: Stage) -> None:
    stage.sections["outbox"] = {
        "alert_url": "https://alerts.example/hook",
        "alert_secret_file": str(stage.folder / "missing"),
    }


@broken("checkpoints-unwritable")
def checkpoints_into_nowhere(stage: Stage) -> None:
    stage.sections["audit"] = {"checkpoints_to": [str(stage.folder / "nowhere" / "checkpoints")]}


@broken("zone-data-missing")
def a_machine_without_time_zones(stage: Stage) -> None:
    zoneinfo.ZoneInfo("UTC")  # the practice's own is known already, as in a process that runs
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[])
    stage.monkeypatch.setattr(zoneinfo, "TZPATH", before)
    stage.monkeypatch.setitem(sys.modules, "tzdata", None)


@broken("entries-stuck")
def a_parked_entry(stage: Stage) -> None:
    stage.begin()
    stage.entry("parked", "practice", error_group="x")


@broken("outcomes-unknown")
def an_unknown_outcome(stage: Stage) -> None:
    stage.begin()
    stage.entry("unknown", "practice", unknown_since=1, unknown_boot="x", unknown_uptime=1)


@broken("backlog-stands")
def a_backlog_that_nobody_delivers(stage: Stage) -> None:
    stage.begin()
    stage.entry("ready", "practice")


@broken("records-want-attention")
def a_record_without_its_sla(stage: Stage) -> None:
    stage.begin()
    stage.entry("delivered", "practice", backend_id="1", attention="sla_missing", ended_at=1)


@broken("system-paused")
def a_paused_system(stage: Stage) -> None:
    stage.begin()
    now = int(time.time() * 1000)
    stage.sql("INSERT INTO destination (name, paused_at, paused_reason) VALUES ('practice', ?, 'works')", now)


@broken("system-out-of-reach")
def a_system_out_of_reach(stage: Stage) -> None:
    stage.begin()
    now = int(time.time() * 1000)
    stage.sql("INSERT INTO destination (name, open_since, probe_at) VALUES ('practice', ?, ?)", now, now)


def unmount(place: str | None) -> None:
    """Take back what a set-up has mounted."""
    if place is not None:
        subprocess.run(["umount", place], check=True, capture_output=True)
