"""Every problem that the code can answer is explained: once, on a page of its own."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException

import adapters
import outbox
import shim
from contracts.errors import ContractError, RepeatLater
from shim.http import problem_pages
from shim.http.problem_schema import Problem
from shim.http.problem_types import BY_SLUG, INTERNAL_ERROR, METHOD_NOT_ALLOWED, TYPES, ProblemType
from shim.http.problems import defect_response, http_response, stored_response
from tests.unit.shim.asgi import ask

ROOT = Path(__file__).parents[3]
OF_THE_FRAMEWORK = {INTERNAL_ERROR, METHOD_NOT_ALLOWED}
"""What is no error of a contract: a defect, and a method that a path has not."""


def raised() -> dict[str, type[ContractError]]:
    """Return every error of the code that has a name, whichever module it stands in."""
    for package in (adapters, outbox, shim):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    return {kind.slug: kind for kind in _below(ContractError) if hasattr(kind, "slug")}


def _below(kind: type[ContractError]) -> Iterator[type[ContractError]]:
    for each in kind.__subclasses__():
        if each.__module__.split(".")[0] != "tests":  # other tests make errors of their own
            yield each
            yield from _below(each)


def test_every_error_of_the_code_is_explained() -> None:
    """Status and title are the class's own; nothing is explained that nobody raises."""
    kinds = raised()
    assert kinds.keys() | OF_THE_FRAMEWORK == BY_SLUG.keys()
    assert len(BY_SLUG) == len(TYPES)
    for slug, kind in kinds.items():
        assert (BY_SLUG[slug].status, BY_SLUG[slug].title) == (kind.status, kind.title)
        assert ("retry_after" in BY_SLUG[slug].members) is issubclass(kind, RepeatLater), slug


def test_no_problem_is_made_elsewhere() -> None:
    """A `type` is made of the table's prefix and the name of an error in `contracts`, and of nothing else."""
    for path in (ROOT / "shim").rglob("*.py"):
        if path.name == "problem_types.py":
            continue
        text = path.read_text("utf-8")
        assert "urn:problem-type" not in text, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                named = [target for line in node.body if isinstance(line, ast.Assign) for target in line.targets]
                assert not any(_is_slug(target) for target in named), f"{path}: {node.name} is a problem of its own"


def _is_slug(target: ast.expr) -> bool:
    names = target.elts if isinstance(target, ast.Tuple) else [target]
    return any(isinstance(name, ast.Name) and name.id == "slug" for name in names)


@pytest.mark.parametrize(
    ("status", "slug"),
    [(400, "malformed-request"), (404, "not-found"), (405, METHOD_NOT_ALLOWED), (418, INTERNAL_ERROR)],
)
def test_the_framework_s_errors_are_explained(status: int, slug: str) -> None:
    """What nobody here raises is a defect, and not a new kind of problem."""
    answer = http_response(HTTPException(status, headers={"Allow": "POST"}))
    assert answer.headers["link"] == f'</problems/{slug}>; rel="help"'
    assert answer.status_code == BY_SLUG[slug].status
    assert (answer.headers.get("allow") == "POST") is (status == 405)


def test_a_stored_problem_and_a_defect_have_their_pages() -> None:
    """Whatever way a problem leaves, its page goes with it."""
    assert (
        "/problems/slot-taken>"
        in stored_response(409, b'{"type": "urn:problem-type:legacy-shim:slot-taken"}').headers["link"]
    )
    assert "/problems/internal-error>" in defect_response(ValueError()).headers["link"]


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: str(kind.slug))
def test_a_page_says_it_all(kind: ProblemType) -> None:
    """Sentences in plain words, members that the document describes, an example that is one."""
    for _, text in problem_pages.sections(kind):
        assert text[0].isupper() or text[0] == "`"
        assert text.endswith((".", "…`."))
        assert "<" not in text
    assert set(kind.members) <= Problem.model_fields.keys() | {"field", "scope"}
    assert all(text for _, text in problem_pages.described(kind))
    Problem.model_validate(kind.example)
    page = ask(pages(), "GET", kind.page)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    text = page.body.decode()
    assert f"<h1>{kind.title.replace(chr(39), '&#x27;')}</h1>" in text
    assert kind.urn in text
    assert "script" not in re.sub(r"<p>.*</p>", "", text)
    assert "http://" not in text
    assert "https://" not in text


def test_the_list_leads_to_every_page() -> None:
    """Relative, so that it works behind a proxy's prefix; and what is not there is not found."""
    app = pages()
    listed = ask(app, "GET", "/problems")
    links = re.findall(r'href="problems/([a-z-]+)"', listed.body.decode())
    assert links == [kind.slug for kind in TYPES]
    assert "default-src 'none'" in listed.headers["content-security-policy"]


def pages() -> FastAPI:
    app = FastAPI()
    problem_pages.install(app)
    return app
