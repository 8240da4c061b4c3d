"""Pseudonymises a snapshot in two passes: what the originals are, then every row anew."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.snapshots import Origin, SnapshotRefused, Technology, Tell
from shim.pseudonyms.key import PseudonymKey
from shim.pseudonyms.ledger import Ledger
from shim.pseudonyms.policy import Policy, load_policy
from shim.pseudonyms.pseudonyms import Pseudonyms
from shim.pseudonyms.rows import Rewriting, person_of

__all__ = ["Report", "person_of", "pseudonymise"]


@dataclass(frozen=True, slots=True)
class Report:
    """What was done.

    Attributes:
        rows: rows written, by table.
        aside: values whose first pseudonym was taken or an original, so that another system may have another one.
        policy: fingerprint of the policy.
        key: id of the key.
    """

    rows: Mapping[str, int]
    aside: int
    policy: str
    key: str


def pseudonymise(
    technology: Technology, file: Path, out: Path, policy: Path, key: Path, folder: Path, tell: Tell
) -> Report:
    """Write a snapshot in which nobody of another one stands.

    A snapshot that was pseudonymised before may be so again: its pseudonyms are originals then.

    Args:
        technology: of the snapshot.
        file: the snapshot.
        out: where the result appears, whole or not at all.
        policy: file of the policy of its schema.
        key: key file; it lies neither beside the snapshot or the result nor below them.
        folder: in which a private folder is made, and removed at the end; it needs room for the restored database.
        tell: told of progress.

    Raises:
        SnapshotRefused: one line that says what to do; then nothing is half-written.
    """
    rules = load_policy(policy)
    _refuse_beside(key, file, out)
    secret = PseudonymKey.load(key)
    if out.resolve() == file.resolve():
        raise SnapshotRefused(f"{out} is the snapshot itself, which is never changed; name another file")
    try:
        private = Path(tempfile.mkdtemp(prefix="pseudonymise-", dir=folder))  # 0700
    except OSError as error:
        raise SnapshotRefused(f"no private folder can be made in {folder}: {error.strerror}") from error
    try:
        return _in(private, technology, file, out, rules, secret, tell)
    except OSError as error:
        raise SnapshotRefused(f"{file} cannot be pseudonymised: {error.strerror or error}") from error
    finally:
        shutil.rmtree(private, ignore_errors=True)


def _in(
    private: Path, technology: Technology, file: Path, out: Path, rules: Policy, secret: PseudonymKey, tell: Tell
) -> Report:
    restored = private / "restored"
    restored.mkdir(mode=0o700)
    with technology.opened(file, restored, tell) as content, Ledger(private, secret) as ledger:
        rules.check(content.tables)
        rewriting = Rewriting(Pseudonyms(secret, ledger), rules)
        for table in content.tables:
            rewriting.collect(content, table, ledger, tell)
        ledger.assign()
        content.write(out, rewriting.rows, Origin(rules.fingerprint, secret.id, rules.schema), tell)
        return Report(dict(rewriting.written), ledger.aside, rules.fingerprint, secret.id)


def _refuse_beside(key: Path, *files: Path) -> None:
    lies_in = key.resolve().parent
    for file in files:
        if lies_in.is_relative_to(file.resolve().parent):
            raise SnapshotRefused(
                f"the key file {key} lies beside {file}, or below it: whoever takes the one would have the other; "
                "keep it elsewhere"
            )
