from pathlib import Path

from tests.unit.house.reference import render

PAGE = Path(__file__).parents[3] / "docs" / "reference.md"


def test_the_reference_is_what_the_code_says() -> None:
    """Every setting with its default, every problem type with its status; `make docs` renders it anew."""
    assert PAGE.read_text(encoding="utf-8") == render()


def test_nothing_is_left_out() -> None:
    """A setting without a description, or an error without a type, would not be in the page."""
    page = render()
    for name in ("wait_s", "cap_s", "max_age_s", "settle_s", "hold_s", "replica_url", "write_password", "deployment"):
        assert f"| `{name}` |" in page
    for slug in ("slot-taken", "outcome-unknown", "body-too-large", "dry-run-refused"):
        assert f"`{slug}`" in page
