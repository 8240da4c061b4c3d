"""The page of problems says what the code answers."""

from tests.unit.house import problems


def test_the_page_is_what_the_code_says() -> None:
    """Every problem; `python -m tests.unit.house.problems` renders the page anew."""
    assert problems.PAGE.read_text(encoding="utf-8") == problems.render()
