"""Requests to every route, right and wrong, with planted texts wherever a caller can put one."""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from contracts.catalogue import CATALOGUE, Contract, DeskKind, Effect
from contracts.fields import TokenKind
from shim.marks import token_fields
from tests.reliability.leak_texts import Supply

SYSTEMS: Final = {DeskKind.FACILITY: "planon", DeskKind.PRACTICE: "intramed"}
WRITES: Final = frozenset({Effect.IMMEDIATE, Effect.DURABLE})
_TRACE: Final = "4bf92f3577b34da6a3ce929d0e0e4736"

Body = dict[str, Any]
Mint = Callable[[TokenKind, str, str, str, str], str]
"""Kind, client, system, key and wording to a token."""


@dataclass(frozen=True)
class Ask:
    """One request. A path is as it stands in the request line."""

    method: str
    path: str
    body: bytes = b""
    client: str | None = "agent"
    headers: Mapping[str, str | bytes] = field(default_factory=dict)
    contract: Contract | None = None


class Requests:
    """Writes requests until the supply is used up."""

    def __init__(self, supply: Supply, mint: Mint, seed: int) -> None:
        self._supply = supply
        self._mint = mint
        self._random = random.Random(seed)  # noqa: S311 - nothing secret
        self._made = 0
        self.deliveries: list[str] = []

    def __iter__(self) -> Iterator[Ask]:
        """Yield requests: each contract in turn, right and then wrong in each way."""
        wrong = [self._bad_body, self._bad_field, self._bad_token, self._bad_path, self._bad_header, self._too_long]
        while True:
            for row in CATALOGUE:
                for turn in range(len(wrong)):
                    if not self._supply:
                        return
                    for _ in range(3 if row.effect is Effect.DURABLE else 1):
                        yield self._right(row)
                    yield wrong[turn](row)
                    if self.deliveries and turn % 2:
                        yield Ask("GET", f"/v1/deliveries/{self._random.choice(self.deliveries)}")
            yield Ask("GET", f"/v1/deliveries?limit=50&since={self._quoted()}")
            yield Ask("GET", "/v1/deliveries?limit=200")

    # --- right

    def _right(self, row: Contract) -> Ask:
        client = self._random.choice(["agent", "agent", "strict"])
        headers: dict[str, str | bytes] = {"Content-Type": "application/json", **self._context()}
        if row.effect in WRITES:
            headers["Idempotency-Key"] = self._key()
            headers["Prefer"] = self._random.choice(["wait=0", "wait=1", f"wait=0, note={self._quoted()}"])
        body = json.dumps(self._body(row, client), ensure_ascii=bool(self._made % 3)).encode()
        return Ask("POST", _path(row), body, client, headers, row)

    def _body(self, row: Contract, client: str) -> Body:
        """Return a body of which every free text is a planted one."""
        values: Body = {}
        system = SYSTEMS[row.desk]
        for name, kind in token_fields(row.request).items():
            if name != "replaces":
                wording = self._supply.text(200) if self._number() % 5 == 0 else "Jansen"
                values[name] = self._mint(kind, client, system, f"{kind}-{self._number()}", wording)
        bodies: dict[str, Callable[[], Body]] = {
            "find_tenant": lambda: {"address": self._supply.text(200)},
            "create_incident": self._report,
            "get_incident": lambda: {"incident": "INC-000482"},
            "list_at_risk": lambda: {"limit": 3},
            "log_note": lambda: self._note(row),
            "check_outbound": lambda: {"text": self._message(row, client)},
            "find_patient": lambda: {"telephone": self._telephone(), "first_name": self._supply.text(60)},
            "list_upcoming": lambda: {"limit": 3},
            "list_slots": lambda: {"starts_from": _ahead(1), "starts_before": _ahead(9), "clinic": "MCEN"},
            "hold_slot": lambda: {"conversation": self._supply.text(200)},
        }
        if row.effect is Effect.LOCAL and self._number() % 3:
            values.clear()  # not told whom it is for, so that no token of the text is another person's
        return values | bodies.get(row.name, dict[str, Any])()

    def _report(self) -> Body:
        return {
            "severity": "high",
            "summary": self._supply.text(500),
            "message": self._supply.text(4096),
            "reported_at": _ahead(0),
            "images": [self._supply.quoted(120)],
        }

    def _note(self, row: Contract) -> Body:
        named = {"incident": f"INC-{self._number():06}"} if row.desk is DeskKind.FACILITY else {}
        return {"text": self._supply.text(4096), "reported_at": _ahead(0), **named}

    def _message(self, row: Contract, client: str) -> str:
        if row.desk is DeskKind.FACILITY:
            return f"Beste huurder, {self._supply.text(2000)}"
        wording = self._supply.text(200) if self._number() % 3 == 0 else "donderdag om 14:30"
        token = self._mint(TokenKind.APPOINTMENT, client, SYSTEMS[row.desk], f"A-{self._number()}", wording)
        return f"Uw afspraak is {token}. {self._supply.text(2000)}"

    def _context(self) -> dict[str, str | bytes]:
        """Return what every request may carry beside its body."""
        self._made += 1
        text = self._supply.text(90)
        visible = text if text.isascii() and text.isprintable() else self._supply.quoted(100)
        contexts: list[dict[str, str | bytes]] = [
            {"X-On-Behalf-Of": visible, "X-Purpose": self._supply.quoted(100)},
            {"traceparent": f"00-{_TRACE}-00f067aa0ba902b7-01", "X-Purpose": visible},
            {"traceparent": f"00-{self._digits():0>32}-00f067aa0ba902b7-01"},
            {"tracestate": f"a={visible}", "User-Agent": visible, "Referer": f"http://x/{quote(text)}"},
            {"X-Forwarded-For": visible, "Cookie": f"bsn={visible}", "Accept-Language": visible, "Host": "shim"},
            {"X-On-Behalf-Of": text.encode()},
        ]
        return contexts[self._made % 6]

    def _key(self) -> str:
        return f"{self._supply.quoted(200)}-{self._number()}"

    def _quoted(self) -> str:
        return self._supply.quoted()

    def _digits(self) -> str:
        return "".join(filter(str.isdecimal, self._supply.take().value))[:32]

    def _telephone(self) -> str:
        return f"06{self._random.randrange(10_000_000, 49_999_999)}"

    def _number(self) -> int:
        self._made += 1
        return self._made

    # --- wrong

    def _bad_body(self, row: Contract) -> Ask:
        text = self._supply.text()
        body = [
            f'{{"text": "{text}'.encode(),
            f'{{"{text}": }}'.encode(),
            text.encode("latin-1", "replace"),
            json.dumps([text]).encode(),
            json.dumps(text).encode(),
            ("[" * 3000 + json.dumps(text)).encode(),
            f'{{"limit": NaN, "x": {json.dumps(text)}}}'.encode(),
            text.encode("utf-16"),
            b"",
        ][self._number() % 9]
        return self._post(row, body)

    def _bad_field(self, row: Contract) -> Ask:
        right = self._body(row, "agent")
        text = self._supply.text()
        digits = "".join(filter(str.isdecimal, text)) or "1"
        name = self._random.choice(sorted(right)) if right else "limit"
        changed: Any = self._random.choice([text, [text], {text: text}, {"value": text}, int(digits[:18]), None, True])
        broken = [
            right | {name: changed},
            right | {text: 1},
            right | {text[:40]: text, "priority": text},
            right | {"reported_at": text, "starts_from": text, "severity": text, "channel": text},
            right | {"telephone": text, "birth_year": digits[:9], "tenant_code": text, "clinic": text},
            right | {"asset": {"code": text, "confidence": text, text: text}, "images": [text, {"a": text}]},
            {text: right},
        ][self._number() % 7]
        return self._post(row, json.dumps(broken).encode())

    def _bad_token(self, row: Contract) -> Ask:
        body = self._body(row, "agent")
        for name, kind in token_fields(row.request).items():
            body[name] = [f"{kind}_{self._supply.text()}", self._supply.text(900), f"{kind}_{self._quoted()}"][
                self._number() % 3
            ]
        if "text" in body:
            body["text"] = f"{body['text']} PT_{self._quoted()} TN_{self._supply.text(100)}"
        return self._post(row, json.dumps(body).encode())

    def _bad_path(self, row: Contract) -> Ask:
        quoted = self._quoted()
        path = [
            f"/v1/{quoted}/{row.name}",
            f"/v1/{SYSTEMS[row.desk]}/{quoted}",
            f"{_path(row)}/{quoted}",
            f"{_path(row)}/?patient={quoted}",
            f"/v1/deliveries/{quoted}",
            f"/v1/deliveries/dl_{quoted}/?{quoted}={quoted}",
            f"/{quoted}",
            f"/static-offline-docs/{quoted}",
            f"/docs/?x={quoted}",
            f"//{quoted}/..%2f{quoted}",
        ][self._number() % 10]
        method = self._random.choice(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", quoted[:8].upper()])
        return Ask(method, path, self._quoted().encode(), self._random.choice(["agent", "narrow", None]))

    def _bad_header(self, row: Contract) -> Ask:
        text, quoted = self._supply.text(300), self._quoted()
        ask = self._right(row)
        changes: list[dict[str, str | bytes]] = [
            {"Authorization": f"Bearer {quoted}"},
            {"Authorization": f"Basic {quoted}"},
            {"Authorization": b"Bearer " + text.encode()},
            {"Idempotency-Key": text.encode()},
            {"Idempotency-Key": quoted * 6},
            {"Idempotency-Key": self._known_key()},
            {"Content-Type": f"text/plain; name={quoted}"},
            {"Content-Length": quoted},
            {"Prefer": b"wait=" + text.encode()},
            {"X-Purpose": text.encode() * 3},
        ]
        changed = changes[self._number() % 10]
        client = "narrow" if self._made % 7 == 0 else ask.client
        return Ask(ask.method, ask.path, ask.body, client, {**ask.headers, **changed}, row)

    def _known_key(self) -> str:
        return "a key that comes back with other bodies".replace(" ", "-")

    def _too_long(self, row: Contract) -> Ask:
        if self._number() % 4:  # the same again and again: attempts and requests are limited
            body = {"telephone": "0612345678", "first_name": self._supply.text(60), "birth_year": 1987}
            if row.desk is DeskKind.FACILITY:
                body = {"tenant_code": "4711", "address": self._supply.text(200)}
            name = "find_patient" if row.desk is DeskKind.PRACTICE else "find_tenant"
            headers = {"Content-Type": "application/json"}
            return Ask("POST", f"/v1/{SYSTEMS[row.desk]}/{name}", json.dumps(body).encode(), "limited", headers)
        return self._post(row, json.dumps({"text": self._supply.text() + "x" * 140_000}).encode())

    def _post(self, row: Contract, body: bytes) -> Ask:
        headers: dict[str, str | bytes] = {"Content-Type": "application/json", "Prefer": "wait=0"}
        if row.effect in WRITES:
            headers["Idempotency-Key"] = self._key()
        return Ask("POST", _path(row), body, "agent", headers)


def _path(row: Contract) -> str:
    return f"/v1/{SYSTEMS[row.desk]}/{row.name}"


def _ahead(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds")
