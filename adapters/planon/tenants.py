"""Finds the one tenant for whom every given fact holds, or says what to ask; candidates never leave this module."""

from collections.abc import Sequence
from typing import Any, Final

from adapters.planon.address import Address, Holds, Home, read_address
from adapters.planon.reference import References
from adapters.planon.replica import Reader, Replica, Row
from contracts.facility import FindTenantReply, FindTenantRequest
from contracts.telephone import TelephoneError, normalise_telephone

_DIGITS: Final = 8
"""Digits of a number that every spelling of it keeps together at its end; the rest may be 0, 31, +31 or 0031."""


class Tenants:
    """Looks tenants up in the replica; nothing else is asked."""

    def __init__(self, replica: Replica, references: References) -> None:
        self._replica = replica
        self._references = references

    def find(self, request: FindTenantRequest) -> FindTenantReply:
        """Return the one tenant, a question, or none.

        Raises:
            BackendUnavailable: the replica cannot be asked.
        """
        address = read_address(request.address) if request.address else None
        if request.address and address is None and not (request.telephone or request.tenant_code):
            return FindTenantReply(match="confirm", ask_for=["address", "tenant_code"])
        with self._replica.reading() as reader:
            rows = self._possible(reader, request, address)
            reply = decide(request, address, rows)
            if reply.tenant is not None:
                self._references.remember(reader, reply.tenant)
        return reply

    def _possible(self, reader: Reader, request: FindTenantRequest, address: Address | None) -> Sequence[Row]:
        if request.tenant_code:
            return reader.rows("tenants_by_code", tenant_code=request.tenant_code)
        if request.telephone:
            return reader.rows("tenants_by_telephone", digits=f"%{'%'.join(request.telephone[-_DIGITS:])}%")
        return reader.rows("tenants_by_house_number", house_number_in=address.numbers) if address else []


def decide(request: FindTenantRequest, address: Address | None, rows: Sequence[Row]) -> FindTenantReply:
    """Return what these rows say to the facts of a request; `address` is the request's as it was read."""
    held = [(row, _holds(request, address, row)) for row in rows]
    possible = [(row, holds) for row, holds in held if holds is not Holds.NO]
    if len(possible) == 1 and possible[0][1] is Holds.YES:
        return FindTenantReply(match="certain", tenant=str(possible[0][0]["tenant_id"]))
    if not possible:
        return FindTenantReply(match="none")
    # An address that could not be read, or that fits without being certain, is asked for again.
    unclear = bool(request.address) and all(holds is Holds.UNSURE for _, holds in possible)
    ask_for: list[Any] = []
    if not request.address or unclear:
        ask_for.append("address")
    if not request.tenant_code:
        ask_for.append("tenant_code")
    return FindTenantReply(match="confirm", ask_for=ask_for) if ask_for else FindTenantReply(match="none")


def _holds(request: FindTenantRequest, address: Address | None, row: Row) -> Holds:
    if request.tenant_code and row["tenant_code"] != request.tenant_code:
        return Holds.NO
    if request.telephone and not _has_number(row, request.telephone):
        return Holds.NO
    if request.address is None:
        return Holds.YES
    return address.is_of(_home(row)) if address else Holds.UNSURE


def _has_number(row: Row, e164: str) -> bool:
    return any(_normal(row[column]) == e164 for column in ("telephone", "telephone_2"))


def _normal(stored: object) -> str | None:
    try:
        return normalise_telephone(str(stored)) if stored else None
    except TelephoneError:  # somebody's remark, or a number that was never complete
        return None


def _home(row: Row) -> Home:
    return Home(
        street=str(row["street"]),
        house_number=int(str(row["house_number"])),
        house_addition=str(row["house_addition"] or ""),
        postcode=str(row["postcode"]),
        city=str(row["city"]),
    )
