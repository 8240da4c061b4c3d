"""Opaque tokens in place of a backend's keys: no table, no guessing, and no use to another client or system."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from contracts.errors import NotFound
from contracts.fields import Model, TokenKind
from shim.keys import Key, KeyRing
from shim.marks import fields_of, person_in, token_fields, wording_of
from shim.opaque.expansion import Expanded
from shim.opaque.expansion import expand as expanded
from shim.opaque.packing import QUARTER_S, Opened, Wording, pack, unpack

PURPOSE: Final = "tokens"
KEY_BYTES: Final = 64
QUARTERS: Final = 5
"""A token opens in its quarter of a day (UTC) and in four more: for at least 24 hours, and at most 30."""
_AHEAD_S: Final = 300
"""How far the clock of another host may be ahead of ours."""
_VERSION: Final = b"2"
_OF_A_PERSON: Final = frozenset({TokenKind.HOLD, TokenKind.APPOINTMENT})

ModelT = TypeVar("ModelT", bound=Model)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a request's tokens were.

    Attributes:
        sent: the token of each kind and backend's key, as the client sent it.
        person: the backend's key of the person that the request is about; None if it names none.
    """

    sent: dict[tuple[TokenKind, str], str] = field(default_factory=dict)
    person: str | None = None


class Tokens:
    """Mints and opens tokens of one deployment. Thread-safe.

    A token is the same within a quarter of a day, so a client that looks a person up twice gets the same token. The
    ring's sealing key mints, each of its keys opens.
    """

    def __init__(self, ring: KeyRing, clock: Callable[[], datetime]) -> None:
        self._ring = ring
        self._clock = clock
        self._sivs: dict[str, AESSIV] = {}

    def mint(
        self,
        kind: TokenKind,
        client: str,
        system: str,
        key: str,
        wording: Wording = None,
        subject: str | None = None,
    ) -> str:
        """Return the token for a backend's key, what a person is told in its place, and whose it is."""
        plain = pack(self._now_s(), key, wording, subject)
        sealed = self._siv(self._ring.sealing).encrypt(plain, _bound_to(kind, client, system))
        return f"{kind}_{_encode(sealed)}"

    def open(self, kind: TokenKind, client: str, system: str, token: str) -> Opened:
        """Return what a token stands for.

        Raises:
            NotFound: the token is of another client, system or kind, expired, not canonical, or invented; which of
                these is not told.
        """
        prefix, _, text = token.partition("_")
        opened = self._opened(kind, client, system, text) if prefix == kind else None
        if opened is None:
            raise NotFound(f"the {kind.name.lower()} token is not known")
        return opened

    def open_request(self, request: ModelT, client: str, system: str) -> tuple[ModelT, Opening]:
        """Return the request with each token replaced by the backend's key, and what the tokens were.

        Raises:
            NotFound: as of `open`.
        """
        sent: dict[tuple[TokenKind, str], str] = {}

        def convert(_model: Model, _name: str, kind: TokenKind, token: str) -> str:
            key = self.open(kind, client, system, token).key
            sent[kind, key] = token
            return key

        opened = _replace(request, convert)
        person = person_in(opened)
        return opened, Opening(sent, None if person is None else person[1])

    def seal_reply(self, reply: ModelT, client: str, system: str, opening: Opening | None = None) -> ModelT:
        """Return the reply with each backend's key replaced by a token.

        A key that the request named comes back as the very token that was sent. A hold or an appointment belongs to the
        person that the request is about, or else the reply.
        """
        known = Opening() if opening is None else opening
        named = person_in(reply)
        person = known.person or (None if named is None else named[1])

        def convert(model: Model, name: str, kind: TokenKind, key: str) -> str:
            sent = known.sent.get((kind, key))
            if sent is not None:
                return sent
            subject = person if kind in _OF_A_PERSON else None
            return self.mint(kind, client, system, key, wording_of(model, name), subject)

        return _replace(reply, convert)

    def expand(self, text: str, client: str, system: str, recipient: str | None) -> Expanded:
        """Return a message with each token replaced by what a person is told for it.

        Args:
            text: the message.
            client: whose tokens they are.
            system: of which system.
            recipient: the backend's key of the person that the message is for; None if it is not told.
        """

        def find(kind: TokenKind, token: str) -> Opened | None:
            return self._opened(kind, client, system, token.partition("_")[2])

        return expanded(text, find, recipient)

    # ---

    def _opened(self, kind: TokenKind, client: str, system: str, text: str) -> Opened | None:
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            return None
        # The decoder skips junk, so one token would have many spellings: only the canonical one counts.
        if _encode(sealed) != text:
            return None
        for key in self._ring.keys:
            try:
                plain = self._siv(key).decrypt(sealed, _bound_to(kind, client, system))
            except (InvalidTag, ValueError):
                continue
            began_s, opened = unpack(plain)
            return opened if began_s - _AHEAD_S <= self._now_s() < began_s + QUARTERS * QUARTER_S else None
        return None

    def _now_s(self) -> float:
        return self._clock().timestamp()

    def _siv(self, key: Key) -> AESSIV:
        found = self._sivs.get(key.id)
        if found is None:
            found = self._sivs[key.id] = AESSIV(key.derive(PURPOSE, KEY_BYTES))
        return found


def _bound_to(kind: TokenKind, client: str, system: str) -> list[bytes]:
    return [_VERSION, kind.encode(), client.encode(), system.encode()]


def _encode(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _replace(model: ModelT, convert: Callable[[Model, str, TokenKind, str], str]) -> ModelT:
    kinds = token_fields(type(model))
    changes: dict[str, Any] = {}
    for name in fields_of(type(model)):
        value = getattr(model, name)
        if name in kinds and value is not None:
            changes[name] = convert(model, name, kinds[name], value)
        elif isinstance(value, Model):
            changes[name] = _replace(value, convert)
        elif isinstance(value, list) and value and isinstance(value[0], Model):
            changes[name] = [_replace(item, convert) for item in value]
    return model.model_copy(update=changes) if changes else model
