"""`check_outbound`: whether a message may be sent to a person. The agent that wrote it is not believed."""

from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, cast

from pydantic import JsonValue

from contracts.catalogue import Contract
from contracts.errors import LeakBlocked
from contracts.fields import Model
from contracts.outbound import FacilityOutboundRequest, OutboundReply, PracticeOutboundRequest
from shim.admission.caller import Caller
from shim.audit.accesses import OK, Accesses
from shim.guard import IDENTIFIERS, find
from shim.guarding import LeakCounter
from shim.marks import person_in
from shim.opaque.expansion import Expanded
from shim.opaque.tokens import Tokens
from shim.systems import System
from shim.writing.immediate import Answer, to_json

LISTED: Final = 20
"""Places that a refusal names; a message of nothing but tokens has hundreds."""

_REFUSED: Final = "the message has something in it that may not leave; nothing of it is repeated here"

OutboundRequest = PracticeOutboundRequest | FacilityOutboundRequest


@dataclass(frozen=True, slots=True)
class Outbound:
    """Expands a message's tokens and looks at what would be read. Asks no backend.

    A telephone number and an e-mail address may be in a message to a person: it names the practice's own.
    """

    tokens: Tokens
    accesses: Accesses
    leaks: LeakCounter

    def check(self, caller: Caller, system: System, contract: Contract, request: Model) -> Answer:
        """Return the message as it may be sent.

        Raises:
            LeakBlocked: it may not be; naming kinds and places, in characters of the message as it was given: the
                first 20, and how many `more` there are.
            NotFound: the person's token is not known.
        """
        client = caller.client
        with self.accesses.of(caller, contract.operation, system, contract) as access:
            opened, _ = self.tokens.open_request(request, client.name, system.name)
            access.about_person_in(opened)
            person = person_in(opened)
            recipient = None if person is None else person[1]
            text = cast("OutboundRequest", opened).text
            expanded = self.tokens.expand(text, client.name, system.name, recipient)
            found = found_in(expanded)
            if found:
                self.leaks.count(system.name, contract.name, Counter(str(each["kind"]) for each in found))
                more = {"more": len(found) - LISTED} if len(found) > LISTED else {}
                access.note(**more)
                raise LeakBlocked(_REFUSED, found[:LISTED], **more)
            access.end(OK, HTTPStatus.OK)
            return Answer(HTTPStatus.OK, to_json(OutboundReply(text=expanded.text)))


def found_in(expanded: Expanded) -> list[dict[str, JsonValue]]:
    """Return what may not leave: kind and place in the message as it was given, in order, never a value."""
    found = [(each.begin, each.end, each.reason) for each in expanded.refused]
    # Every token has been expanded or refused: what else has a token's shape may be a number in disguise.
    findings = find(expanded.text, IDENTIFIERS, tokens=False)
    found += [(*expanded.place(finding.begin, finding.end), finding.kind.value) for finding in findings]
    return [{"kind": kind, "begin": begin, "end": end} for begin, end, kind in sorted(found)]
