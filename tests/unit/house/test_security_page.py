"""docs/security.md names tests; each of them is in the suite."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(test_\w+\.py)(?:::(test_\w+))?`", PAGE)))


@cache
def names_in(name: str) -> frozenset[str]:
    """Names of the tests in every file of that name."""
    return frozenset(
        node.name
        for path in (ROOT / "tests").rglob(name)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    )


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_a_test_that_the_page_names_is_there(file: str, test: str) -> None:
    """The file, and the test in it."""
    assert names_in(file), f"there is no {file}"
    assert not test or test in names_in(file)


def test_every_risk_of_the_list_has_a_test() -> None:
    """Ten lines, in order, each with at least one."""
    rows = re.findall(r"^\| (API\d+) [^|]+\|[^|]+\|([^|]+)\|$", PAGE, re.MULTILINE)
    assert [risk for risk, _ in rows] == [f"API{number}" for number in range(1, 11)]
    assert all("`test_" in shown for _, shown in rows)
