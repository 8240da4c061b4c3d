"""The customers, contracts and tenants that this stand-in knows: invented, and the same at every start."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

TENANTS: Final = 120
STREETS: Final = (
    ("Wilgenlaan", "5017 AB"),
    ("Korvelseweg", "5025 JC"),
    ("Besterdring", "5014 HK"),
    ("Ringbaan-Oost", "5013 CB"),
    ("Hasseltstraat", "5046 LP"),
    ("Professor Verbernelaan", "5037 AE"),
    ("Lijnsheike", "5056 TM"),
    ("Sint-Josephstraat", "5017 GG"),
    ("Groenewoudpad", "5022 VD"),
    ("'t Heike", "5038 DX"),
)
# Per group of ten tenants, one in each street. 38 and 38 A, and 50 and 50 bis, are different homes.
_HOUSES: Final = (
    (14, None), (20, None), (26, None), (32, "A"), (38, None), (38, "A"),
    (44, None), (50, None), (50, "bis"), (56, "2"), (62, None), (68, None),
)  # fmt: skip
_CONTRACT_OF_STREET: Final = (0, 0, 1, 0, 2, 0, 1, 2, 0, 3)
_HOUSEMATES: Final = {41: 40, 81: 80}
"""One address and one location, two telephones: tenant 41 lives with 40."""
_SHARED_TELEPHONES: Final = {22: 21, 52: 51, 72: 71, 102: 101}
"""One telephone, two addresses: a family that rents two homes."""
_NO_TELEPHONE: Final = range(28, TENANTS, 29)
_SECOND_TELEPHONE: Final = range(2, TENANTS, 6)
_CAPITALS: Final = range(5, TENANTS, 7)
_SPELLINGS: Final = (
    "06-{0}",
    "06 {1} {2} {3} {4}",
    "+31 6 {0}",
    "00316{0}",
    "+31(0)6-{0}",
    "06-{0} (dochter)",
    "316{0}",
    "06.{1}.{2}.{3}.{4}",
)


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract of a customer; `priorities` maps a severity to the priority that a planner sees."""

    contract_id: str
    mandant: str
    sla_id: str
    cost_centre: str
    category: str
    priorities: dict[str, int]


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant as people typed it in over twelve years. The fields are the columns of the replica."""

    tenant_id: str
    tenant_code: str
    mandant_code: str
    telephone: str | None
    telephone_2: str | None
    street: str
    house_number: int
    house_addition: str | None
    postcode: str
    city: str
    property_id: str
    location_id: str
    contract_id: str


_HOUSING: Final = {"emergency": 1, "high": 2, "normal": 3, "low": 4}
_SCHOOL: Final = {"emergency": 1, "high": 2, "normal": 3, "low": 4, "planned": 5}
CONTRACTS: Final = (
    Contract("CTR-WBV-01", "WBV", "SLA-WBV-STD", "KP-4100", "DWELLING_REPAIR", _HOUSING),
    # Sheltered housing: a normal complaint is more urgent there.
    Contract("CTR-WBV-02", "WBV", "SLA-WBV-CARE", "KP-4150", "DWELLING_REPAIR", {**_HOUSING, "normal": 2, "low": 3}),
    Contract("CTR-SCH-01", "SCH", "SLA-SCH-STD", "KP-7200", "SCHOOL_REPAIR", _SCHOOL),
    # A hole: nobody ever agreed on what "low" means in this contract.
    Contract("CTR-SCH-02", "SCH", "SLA-SCH-PLUS", "KP-7250", "SCHOOL_REPAIR", {"emergency": 1, "high": 2, "normal": 3}),
)
PRIORITY_CODES: Final = {
    "WBV": {1: 1, 2: 2, 3: 3, 4: 4},
    "SCH": {1: 0, 2: 1, 3: 2, 4: 3, 5: 4},
}
"""Code in BO_PRIORITY by mandant and priority; the schools' are off by one."""

_MINUTES: Final = {
    "SLA-WBV-STD": (120, 480, 2880, 10080),
    "SLA-WBV-CARE": (60, 240, 1440, 4320),
    "SLA-SCH-STD": (60, 240, 1440, 4320, 20160),
    "SLA-SCH-PLUS": (30, 120, 720, 2880, 10080),
}


@dataclass(frozen=True)
class Reference:
    """All reference rows, with the look-ups that the SLA engine needs."""

    tenants: tuple[Tenant, ...]
    contracts: tuple[Contract, ...] = CONTRACTS

    @cached_property
    def tenant_by_id(self) -> dict[str, Tenant]:
        """Tenants by `tenant_id`."""
        return {tenant.tenant_id: tenant for tenant in self.tenants}

    @cached_property
    def contract_by_id(self) -> dict[str, Contract]:
        """Contracts by `contract_id`."""
        return {contract.contract_id: contract for contract in self.contracts}

    @cached_property
    def window_minutes(self) -> dict[tuple[str, str, int], int]:
        """Minutes of an SLA by its id, mandant and AppSuite priority code."""
        return {
            (contract.sla_id, contract.mandant, code): _MINUTES[contract.sla_id][priority - 1]
            for contract in self.contracts
            for priority, code in PRIORITY_CODES[contract.mandant].items()
        }

    def assets(self) -> Iterator[tuple[str, str, str]]:
        """Yield code, location and name of each asset: a boiler per location, a lift per property."""
        seen = set()
        for number, tenant in enumerate(self.tenants):
            if tenant.location_id not in seen:
                seen.add(tenant.location_id)
                yield f"CV-{114 + number:04}", tenant.location_id, "Cv-ketel"
            if tenant.property_id not in seen:
                seen.add(tenant.property_id)
                yield f"LIFT-{tenant.property_id[-2:]}", tenant.location_id, "Personenlift"


def reference() -> Reference:
    """Return the rows; tenant 0 is the one whose tap leaks in the demo: Wilgenlaan 14, code 4711, 06-12345678."""
    return Reference(tuple(_tenant(number) for number in range(TENANTS)))


def _tenant(number: int) -> Tenant:
    home = _HOUSEMATES.get(number, number)
    contract = CONTRACTS[_CONTRACT_OF_STREET[home % 10]]
    street, postcode = STREETS[home % 10]
    house_number, house_addition = _HOUSES[home // 10]
    return Tenant(
        tenant_id=f"TNT-{10001 + number}",
        tenant_code=f"{(3711 + 37 * number) % 9000 + 1000}",  # 37 and 9000 share no factor: all codes differ
        mandant_code=contract.mandant,
        telephone=None if number in _NO_TELEPHONE else _mobile(number),
        telephone_2=f"013-5{number * 7919 % 1_000_000:06}" if number in _SECOND_TELEPHONE else None,
        street=street,
        house_number=house_number,
        house_addition=house_addition,
        postcode=postcode.replace(" ", "") if home % 3 == 1 else postcode,
        city="TILBURG" if home in _CAPITALS else "Tilburg",
        property_id=f"PRP-{1 + home % 10:02}",
        location_id=f"LOC-{20001 + home}",
        contract_id=contract.contract_id,
    )


def _mobile(number: int) -> str:
    owner = _SHARED_TELEPHONES.get(number, number)
    digits = f"{12345678 + owner * 271828:08}"
    pairs = [digits[at : at + 2] for at in (0, 2, 4, 6)]
    return _SPELLINGS[number % len(_SPELLINGS)].format(digits, *pairs)
