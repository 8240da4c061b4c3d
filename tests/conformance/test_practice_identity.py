from typing import Any

import pytest

from tests.conformance.practice_stage import Person
from tests.conformance.scene import Scene


def facts(person: Person) -> dict[str, Any]:
    """Everything that a person can tell beside the number."""
    return {"first_name": person.first_name, "birth_year": person.birth_year}


def test_an_unshared_number_is_certain_and_nothing_is_padded(scene: Scene) -> None:
    """The number alone decides; the reply is the key and the bare family name and no more."""
    alone = scene.people.alone
    reply = scene.agent.find(alone.telephone).model_dump(exclude_none=True)
    assert reply == {
        "match": "certain",
        "patient": alone.patient,
        "name": alone.name,
        "ask_for": [],
        "hand_off": [],
    }
    assert reply["name"] == reply["name"].strip()


def test_a_shared_number_asks_and_tells_nothing_of_anybody(scene: Scene) -> None:
    """The reply names the fields to ask for, and no candidate, not even how many there are."""
    reply = scene.agent.find(scene.people.shared[0].telephone)
    assert reply.model_dump(exclude_none=True) == {
        "match": "confirm",
        "ask_for": ["first_name", "birth_year"],
        "hand_off": [],
    }


def test_facts_that_fit_one_of_them_are_certain(scene: Scene) -> None:
    """Each person behind the shared number is found by first name and birth year."""
    for person in scene.people.shared:
        reply = scene.agent.find(person.telephone, **facts(person))
        assert (reply.match, reply.patient, reply.name) == ("certain", person.patient, person.name)


def test_a_first_name_of_two_asks_for_the_year(scene: Scene) -> None:
    """Only what is still missing is asked for."""
    names = [person.first_name for person in scene.people.shared]
    namesake = next(person for person in scene.people.shared if names.count(person.first_name) > 1)
    reply = scene.agent.find(namesake.telephone, first_name=namesake.first_name)
    assert (reply.match, reply.patient, reply.ask_for) == ("confirm", None, ["birth_year"])


def test_two_who_cannot_be_told_apart_are_none(scene: Scene) -> None:
    """Everything said and still two: a person must look."""
    for twin in scene.people.twins:
        reply = scene.agent.find(twin.telephone, **facts(twin))
        assert reply.model_dump(exclude_none=True) == {"match": "none", "ask_for": [], "hand_off": []}


@pytest.mark.parametrize("wrong", [{"first_name": "Xaviera"}, {"birth_year": 1901}])
@pytest.mark.parametrize("shared", [False, True])
def test_a_fact_that_does_not_hold_is_never_certain(scene: Scene, wrong: dict[str, Any], shared: bool) -> None:
    """Every given fact must hold, also where the number alone would have decided."""
    person = scene.people.shared[0] if shared else scene.people.alone
    reply = scene.agent.find(person.telephone, **(facts(person) | wrong))
    assert (reply.match, reply.patient, reply.name) == ("none", None, None)


def test_a_number_that_nobody_has_is_none(scene: Scene) -> None:
    """Nobody is nobody, with facts and without."""
    for said in ({}, facts(scene.people.alone)):
        reply = scene.agent.find(scene.people.unused_telephone, **said)
        assert reply.model_dump(exclude_none=True) == {"match": "none", "ask_for": [], "hand_off": []}


def test_arrears_hand_off(scene: Scene) -> None:
    """Who owes money goes to the front desk; who does not, does not."""
    assert scene.agent.find(scene.people.debtor.telephone).hand_off == ["arrears"]
    assert scene.agent.find(scene.people.alone.telephone).hand_off == []


def test_no_reply_holds_what_is_secret(scene: Scene) -> None:
    """Identifiers and birth dates stand in these very records and stay there."""
    people = scene.people
    for person in (people.alone, people.debtor, *people.shared, *people.twins):
        for said in ({}, facts(person)):
            told = scene.agent.find(person.telephone, staff=True, **said).model_dump_json()
            assert not [secret for secret in people.secrets if secret in told]


def test_a_link_is_for_staff_only(scene: Scene) -> None:
    """Without the staff scope there is none, and none for whom no certain match was found."""
    alone = scene.people.alone
    assert scene.agent.find(alone.telephone).link is None
    assert (scene.agent.find(alone.telephone, staff=True).link is not None) == scene.features.staff_link
    assert scene.agent.find(scene.people.unused_telephone, staff=True).link is None
