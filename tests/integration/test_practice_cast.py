"""The finder of roles: complete on the stored snapshot and on its pseudonymised copies, and true on any."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.telephone import telephones_in
from simulators.intramed.sandbox import SNAPSHOT, copy_sandbox, owner_connection
from tests.practice_cast import HALVES, ROLES, Cast, Uncast, cast_of

Query = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def query(restored: Path, tmp_path_factory: pytest.TempPathFactory) -> Query:
    """Ask a copy of the practice, or change it."""
    copy = copy_sandbox(restored, tmp_path_factory.mktemp("queried") / "practice.fdb")

    def ask(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with owner_connection(str(copy)) as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall()) if cursor.description else []

    return ask


@pytest.mark.parametrize("role", [*ROLES, "halves"])
def test_every_role_is_played(cast: Cast, snapshot: Path, role: str) -> None:
    """On the stored snapshot none may be missing; on another one the test is skipped, and says which."""
    try:
        assert cast.halves(HALVES) if role == "halves" else getattr(cast, role)
    except Uncast as missing:
        if snapshot == SNAPSHOT.resolve():
            pytest.fail(str(missing))
        raise


def owners(query: Query, number: str) -> set[str]:
    """Return who has a number, by reading every number of the practice."""
    return {
        patient for patient, typed in query("select PATIENT, NUMMER from TELEFOON") if number in telephones_in(typed)
    }


def test_who_is_alone_shares_no_number(cast: Cast, query: Query) -> None:
    """Whoever else plays somebody with a number of their own, either."""
    for somebody in (cast.alone, cast.reachable, cast.another, cast.debtor, cast.unnamed):
        assert somebody.numbers
        for number in somebody.numbers:
            assert owners(query, number) == {somebody.number}
    assert cast.alone.number != cast.another.number
    assert owners(query, cast.unused_telephone) == set()


def test_a_family_shares_one_number_and_twins_everything(cast: Cast, query: Query) -> None:
    """Nobody of the number is left out; first names and birth years are those on record."""
    family = cast.family
    assert owners(query, family.number) == {member.number for member in family.members}
    one, other = family.namesakes
    assert one.first_name == other.first_name != family.one.first_name
    assert one.birth_year != other.birth_year
    twin, twin_too = cast.twins
    (number,) = twin.numbers & twin_too.numbers
    assert owners(query, number) == {twin.number, twin_too.number}
    facts = "select trim(ROEPNAAM), extract(year from GEBOORTEDATUM) from PATIENT where NUMMER = ?"
    assert query(facts, twin.number) == query(facts, twin_too.number) == [(twin.first_name, twin.birth_year)]


def test_free_places_are_free_and_in_nobodys_way(cast: Cast, query: Query) -> None:
    """Nothing of the same therapist overlaps a half hour; a Thursday's places are of as many therapists."""
    overlapping = """select count(*) from AGENDA A join AGENDA B on B.MEDEWERKER = A.MEDEWERKER
      and B.BEGIN_TIJD < dateadd(A.MINUTEN minute to A.BEGIN_TIJD)
      and dateadd(B.MINUTEN minute to B.BEGIN_TIJD) > A.BEGIN_TIJD where A.NUMMER = ? and A.STATUS = 'F'"""
    for slot in cast.halves(10):
        assert query(overlapping, slot) == [(1,)]
    assert (cast.moment.isoweekday(), f"{cast.moment:%H:%M}") == (4, "14:30")
    assert len({place.therapist for place in cast.thursday}) == len(cast.thursday)
    assert len({*cast.clinics}) == len({clinic for _, clinic in cast.therapists}) == 2


def test_who_could_be_taken_for_another_is_not_chosen(cast: Cast, restored: Path, tmp_path: Path) -> None:
    """Somebody else gets the number of who was alone, in another spelling: then another one plays the role."""
    copy = copy_sandbox(restored, tmp_path / "shared.fdb")
    (number,) = (number for number in cast.reachable.numbers if number.startswith("+316"))
    typed = f"+31 (0)6{number.removeprefix('+316')} thuis"
    assert telephones_in(typed) == {number}
    with owner_connection(str(copy)) as connection, connection.cursor() as cursor:
        for who in (cast.reachable, cast.another):
            cursor.execute("update TELEFOON set NUMMER = ? where PATIENT = ?", (typed, who.number))
    with owner_connection(str(copy)) as connection:
        again = cast_of(connection)
    assert again.holders_of(number) >= {cast.reachable.number, cast.another.number}
    players = {again.alone.number, again.reachable.number, again.another.number}
    assert not players & {cast.reachable.number, cast.another.number}
