"""Finds the one tenant for whom every given fact holds, or says what to ask; candidates never leave this module."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from adapters.planon.address import ALIKE, Holds, Home, is_of, likeness
from adapters.planon.reference import telephones_of
from adapters.planon.references import References
from adapters.planon.replica import Replica, Row
from adapters.planon.within import ALL, Mandants
from adapters.sql.messages import Step
from contracts.address import AddressText, read_address
from contracts.facility import FindTenantReply, FindTenantRequest

_DIGITS: Final = 8
"""Digits of a number that every spelling of it keeps together at its end; the rest may be 0, 31, +31 or 0031."""
_NUMBERS_MAX: Final = 8
"""Numbers of one address that are looked up; who writes more has to write it again."""


class Tenants:
    """Looks tenants up in the replica; nothing else is asked."""

    def __init__(self, replica: Replica, references: References) -> None:
        self._replica = replica
        self._references = references

    def find(self, request: FindTenantRequest, mandants: Mandants = ALL) -> FindTenantReply:
        """Return the one tenant of these mandants, a question, or none; nobody else is a candidate.

        Raises:
            BackendUnavailable: the replica cannot be asked, or a statement does not tell whose a tenant is.
        """
        address = read_address(request.address) if request.address else None
        steps = list(_steps(request, address))
        if not steps:
            return FindTenantReply(match="confirm", ask_for=["address", "tenant_code"])
        for step in steps:
            mandants.require(self._replica, step.statement)
        until = self._replica.until()
        rows = [row for answer in self._replica.ask(steps, until) for row in answer if mandants.has(row)]
        reply = decide(request, address, rows)
        if reply.tenant is not None:
            self._references.remember(reply.tenant, until)
        return reply


def decide(request: FindTenantRequest, address: AddressText | None, rows: Sequence[Row]) -> FindTenantReply:
    """Return what these rows say to the facts of a request; `address` is the request's as it was read.

    What fits better leaves the others out: a tenant at the address, then one at a street that is a part of what was
    written, then one at the street that is most like it. Only the first can be certain.
    """
    held = [(row, _holds(address, row)) for row in rows if _has_other_facts(request, row)]
    possible = [holds for _, holds in held if holds in {Holds.YES, Holds.UNSURE}]
    if possible == [Holds.YES]:
        (tenant,) = (row for row, holds in held if holds is Holds.YES)
        return FindTenantReply(match="certain", tenant=str(tenant["tenant_id"]))
    if not possible and not any(holds is Holds.PARTLY for _, holds in held) and not _is_alike(request, address, held):
        return FindTenantReply(match="none")
    ask_for: list[Any] = []
    # An address that could not be read, or that fits without being certain, is asked for again.
    if not request.address or Holds.YES not in possible:
        ask_for.append("address")
    if not request.tenant_code:
        ask_for.append("tenant_code")
    return FindTenantReply(match="confirm", ask_for=ask_for) if ask_for else FindTenantReply(match="none")


def _steps(request: FindTenantRequest, address: AddressText | None) -> Iterable[Step]:
    """Yield the statements that find every row for which all facts may hold; none when there is nothing to go by."""
    if request.tenant_code:
        yield Step("tenants_by_code", {"tenant_code": request.tenant_code})
    elif request.telephone:
        yield Step("tenants_by_telephone", {"digits": f"%{'%'.join(request.telephone[-_DIGITS:])}%"})
    elif address and address.is_usable and len(address.numbers) <= _NUMBERS_MAX:
        yield from (Step("tenants_by_number", {"house_number": number}) for number in address.numbers)


def _has_other_facts(request: FindTenantRequest, row: Row) -> bool:
    if request.tenant_code and row["tenant_code"] != request.tenant_code:
        return False
    return not request.telephone or request.telephone in telephones_of(row)


def _holds(address: AddressText | None, row: Row) -> Holds:
    if address is None:
        return Holds.YES
    return is_of(address, _home(row)) if address.is_usable else Holds.UNSURE


def _is_alike(request: FindTenantRequest, address: AddressText | None, held: Sequence[tuple[Row, Holds]]) -> bool:
    """Return whether a misspelled address may mean one of these homes, so that it is worth asking for it again.

    Never beside a code alone: guesses are counted by the address as it was written, so that each misspelling would be
    one more guess at the code of the same home.
    """
    if address is None or not address.is_usable or (request.tenant_code and not request.telephone):
        return False
    return max((likeness(address, _home(row)) for row, _ in held), default=0.0) >= ALIKE


def _home(row: Row) -> Home:
    number = row["house_number"]
    return Home(
        street=str(row["street"] or ""),
        house_number=number if isinstance(number, int) else None,
        house_addition=str(row["house_addition"] or ""),
        postcode=str(row["postcode"] or ""),
        city=str(row["city"] or ""),
    )
