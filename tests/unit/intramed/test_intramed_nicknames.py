"""The list of nicknames is data that people edit: it must stay readable by the code and by them."""

from itertools import combinations

from adapters.intramed.names import NICKNAMES, folded

LINES = [line for line in NICKNAMES.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]


def forms(line: str) -> list[list[str]]:
    """The columns of a line, each with the spellings of one form."""
    return [column.removeprefix("?").split("/") for column in line.split("\t")]


def test_every_line_is_a_group() -> None:
    """Several spellings or forms, none of them empty or with a blank beside it."""
    assert len(LINES) >= 60
    for line in LINES:
        names = [name for column in forms(line) for name in column]
        assert len(names) > 1, line
        for name in names:
            assert name == name.strip(), line
            assert folded(name), line
            assert "?" not in name, line


def test_a_form_stands_in_one_column_of_a_line() -> None:
    """Else it would be sure and unsure at once."""
    for line in LINES:
        plain = [frozenset().union(*map(folded, column)) for column in forms(line)]
        assert not any(one & other for one, other in combinations(plain, 2)), line


def test_no_line_is_there_twice_and_the_registered_name_is_sure() -> None:
    """So that a name is found, and added once."""
    registered = [name for line in LINES for name in forms(line)[0]]
    assert len(registered) == len(set(registered))
    assert not any(line.startswith("?") for line in LINES)
