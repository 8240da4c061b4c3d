"""Limits on asking who a person is: wrong guesses per number or home, and different people per client."""

from collections.abc import Callable
from typing import Final

from contracts.errors import TooManyAttempts
from contracts.fields import Model
from contracts.identity import IdentityRequest
from outbox.database import Database
from outbox.statements import Statements
from shim.admission.client import Client
from shim.keys import Blind
from shim.marks import token_fields
from shim.settings import Identity

SQL: Final = Statements("shim", "identity")
_HOUR_S: Final = 3600
_LATELY_MS: Final = 60_000
"""A person seen again within a minute is not written again: a commit costs as much as the look-up itself."""


class IdentityLimits:
    """Stands between a client and a desk's look-ups. May be used by several threads and processes at once.

    An attempt is taken before the backend is asked and given back when it was no wrong guess, so that guesses made at
    the same time count, too. A client that has reached its people is told nothing any more but about those people: to
    refuse only what is certain would tell which guesses were right.

    A client may have numbers of its own, in place of the deployment's. Guesses about a person are counted over all
    clients: a number of its own says how many of them, whoever's they are, close the person to this client.
    """

    def __init__(self, database: Database, blind: Blind, limits: Identity) -> None:
        self._database = database
        self._blind = blind
        self._limits = limits

    def ask(self, client: Client, system: str, request: IdentityRequest, ask: Callable[[], Model]) -> Model:
        """Return what the backend says, unless a limit is reached.

        Raises:
            TooManyAttempts: before the backend was asked, for the number or home, or for the client when the facts
                name none; after it, for the client's people.
            StateUnavailable: it cannot be counted, so it is not answered.
        """
        attempt = self._take(client, system, request.asked_about) if request.confirms else None
        try:
            reply = ask()
        except BaseException:
            self._give_back(attempt)  # nothing was learnt
            raise
        person = self._person(system, reply)
        if person is None:
            self._check_people(client)
        else:
            self._count(client, person, attempt)
        return reply

    def _take(self, client: Client, system: str, asked_about: str | None) -> int:
        window_s = self._limits.window_s
        if asked_about is None:
            quota = self._limits.attempts_per_client
            subject = self._blind("identity_attempt_of_client", system, client.name)
        else:
            own = client.limits.attempts
            quota = self._limits.attempts_per_number if own is None else own
            subject = self._blind("identity_attempt", system, asked_about)
        values = {"subject": subject, "window_ms": window_s * 1000, "quota": quota}
        with self._database.transaction() as tx:
            tx.lock("identity_attempt", subject)
            tx.execute(SQL["forget_attempts"], values)
            taken = tx.execute(SQL["insert_attempt"], values).fetchone()
            if taken is not None:
                return int(taken["id"])
            (left_ms,) = tx.execute(SQL["until_next_attempt"], values).fetchone()
        tried = "facts for this person" if asked_about is not None else "facts that name no telephone number or home"
        detail = f"{tried} were tried too often"
        raise TooManyAttempts(detail, left_ms / 1000, "identity", quota, window_s)

    def _give_back(self, attempt: int | None) -> None:
        if attempt is not None:
            with self._database.transaction() as tx:
                tx.execute(SQL["delete_attempt"], {"id": attempt})

    def _person(self, system: str, reply: Model) -> str | None:
        keys = {kind: getattr(reply, name) for name, kind in token_fields(type(reply)).items()}
        known = [(kind, key) for kind, key in keys.items() if key is not None]
        return self._blind("identity_person", system, *known[0]) if known else None

    def _count(self, client: Client, person: str, attempt: int | None) -> None:
        who = {"client": client.name, "subject": person}
        if attempt is None and self._database.read(SQL["person_seen_lately"], **who, lately_ms=_LATELY_MS):
            return
        values = self._people_of(client)
        with self._database.transaction() as tx:
            tx.lock("identity_person", client.name)
            tx.execute(SQL["forget_people"], values)
            admitted = tx.execute(SQL["upsert_person"], values | who).rowcount == 1
            if admitted and attempt is not None:
                tx.execute(SQL["delete_attempt"], {"id": attempt})
            (_, left_ms) = tx.execute(SQL["people_of_client"], values).fetchone()
        if not admitted:
            raise self._too_many_people(client, left_ms)

    def _check_people(self, client: Client) -> None:
        ((people, left_ms),) = self._database.read(SQL["people_of_client"], **self._people_of(client))
        if people >= self._people_quota(client):
            raise self._too_many_people(client, left_ms)

    def _people_of(self, client: Client) -> dict[str, str | int]:
        return {"client": client.name, "window_ms": _HOUR_S * 1000, "quota": self._people_quota(client)}

    def _people_quota(self, client: Client) -> int:
        own = client.limits.people_per_hour
        return self._limits.people_per_client if own is None else own

    def _too_many_people(self, client: Client, left_ms: int) -> TooManyAttempts:
        detail = "this client has looked up too many people"
        return TooManyAttempts(detail, left_ms / 1000, "people", self._people_quota(client), _HOUR_S)
