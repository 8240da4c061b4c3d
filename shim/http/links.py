"""What an answer is good for next, as OpenAPI links: a token that one operation returns is what another one wants."""

from typing import Any, Final

from contracts.catalogue import Contract

_NEXT: Final[dict[str, dict[str, dict[str, str]]]] = {
    "facility_find_tenant": {
        "create_incident": {"tenant": "$response.body#/tenant"},
        "get_incident": {"tenant": "$response.body#/tenant"},
        "log_note": {"tenant": "$response.body#/tenant"},
        "check_outbound": {"tenant": "$response.body#/tenant"},
    },
    "practice_find_patient": {
        "list_upcoming": {"patient": "$response.body#/patient"},
        "hold_slot": {"patient": "$response.body#/patient"},
        "log_note": {"patient": "$response.body#/patient"},
        "check_outbound": {"patient": "$response.body#/patient"},
    },
    "practice_list_slots": {"hold_slot": {"slot": "$response.body#/slots/0/slot"}},
    "practice_hold_slot": {
        "confirm": {"hold": "$response.body#/hold", "patient": "$request.body#/patient"},
    },
    "practice_confirm": {
        "cancel": {"appointment": "$response.body#/appointment", "patient": "$request.body#/patient"},
    },
    "practice_list_upcoming": {
        "cancel": {"appointment": "$response.body#/appointments/0/appointment", "patient": "$request.body#/patient"},
    },
}


def of(operation: str, contract: Contract) -> dict[str, Any]:
    """Return the links of a contract's answer; `operation` is its id, which may end with its system's name."""
    suffix = operation.removeprefix(contract.operation)
    return {
        name: {"operationId": f"{contract.desk}_{name}{suffix}", "requestBody": body, "description": _told(body)}
        for name, body in _NEXT.get(contract.operation, {}).items()
    }


def to_delivery(operation: str, contract: Contract) -> dict[str, Any]:
    """Return the links of a durable write's answer."""
    delivery = "$response.body#/delivery"
    found: dict[str, Any] = {
        "get_delivery": {
            "operationId": "get_delivery",
            "parameters": {"delivery": delivery},
            "description": "Where it is on its way.",
        }
    }
    if contract.operation == "facility_create_incident":
        suffix = operation.removeprefix(contract.operation)
        found["log_note"] = {
            "operationId": f"facility_log_note{suffix}",
            "requestBody": {"tenant": "$request.body#/tenant", "delivery": delivery},
            "description": "A note on it, while its number is not known yet.",
        }
    return found


def _told(body: dict[str, str]) -> str:
    return f"Takes {' and '.join(f'`{name}`' for name in body)} from here."
