"""The page of a bad night shows what the commands print."""

from tests.integration.shim import bad_night


def test_the_page_shows_what_an_administrator_sees() -> None:
    """From the evening's first look to the morning's all-clear; `make docs` renders it anew."""
    page = bad_night.render()
    assert page == bad_night.PAGE.read_text(encoding="utf-8")
    printed = [line for part in page.split("```console\n")[1:] for line in part.split("```")[0].splitlines()]
    assert max(len(line) for line in printed if not line.startswith("$ ")) <= bad_night.WIDTH
