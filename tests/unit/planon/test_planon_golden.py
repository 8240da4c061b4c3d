import pytest

from tests.unit.planon.golden import FOLDER, INPUT, NAMES, expected_files


@pytest.mark.parametrize("name", NAMES)
def test_the_same_input_gives_the_same_bytes(name: str) -> None:
    """Documents, follow-on notes and provenance are what they were, byte for byte, on every Python."""
    for file, content in expected_files(name).items():
        assert content == (FOLDER / file).read_bytes(), file


def test_there_is_no_file_without_an_input() -> None:
    """Each golden file belongs to an input, so none is left behind when one goes."""
    made = {file for name in NAMES for file in (f"{name}{INPUT}", *expected_files(name))}
    assert len(NAMES) > 8
    assert {path.name for path in FOLDER.iterdir()} == made | {"README.md", "recordings"}
