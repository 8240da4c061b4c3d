"""Renders docs/problems.md from the table of problems: `python -m tests.unit.house.problems`, which writes the page."""

from collections.abc import Iterator
from pathlib import Path

from shim.http.problem_pages import INTRODUCTION, described, example, sections
from shim.http.problem_types import TYPES, ProblemType

PAGE = Path(__file__).parents[3] / "docs" / "problems.md"


def render() -> str:
    """Return the whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Problems"
    yield ""
    yield f"{INTRODUCTION} This page is made from the same table; `make docs` renders it anew, and a test compares."
    yield ""
    yield "| status | name | title |"
    yield "|---|---|---|"
    yield from (f"| {kind.status} | [`{kind.slug}`](#{kind.slug}) | {kind.title} |" for kind in TYPES)
    for kind in TYPES:
        yield from _told(kind)


def _told(kind: ProblemType) -> Iterator[str]:
    yield ""
    yield f"## {kind.slug}"
    yield ""
    yield f"{kind.status}, “{kind.title}”."
    for heading, text in sections(kind):
        yield ""
        yield f"**{heading}** {text}"
    if members := described(kind):
        yield ""
        yield from (f"- `{name}`: {text}" for name, text in members)
    yield ""
    yield "```json"
    yield example(kind)
    yield "```"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
