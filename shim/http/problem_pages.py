"""The pages `/problems` and `/problems/{slug}`: what a problem means and what an agent does about it.

They need no key, no script and nothing from elsewhere, and tell of nobody.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from html import escape
from typing import Final

from fastapi import FastAPI, Response

from contracts.errors import NotFound
from shim.http.problem_schema import Problem
from shim.http.problem_types import BY_SLUG, PAGES, TYPE_PREFIX, TYPES, ProblemType

_STYLE: Final = """\
:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;line-height:1.2}h2{font-size:1rem;margin:1.5rem 0 .25rem}p{margin:.25rem 0}
code,pre{font-family:ui-monospace,monospace;font-size:.9em;overflow-wrap:anywhere}
pre{border:1px solid;padding:.75rem;white-space:pre-wrap}
dt{margin-top:.5rem}dd{margin-left:1.5rem}
table{border-collapse:collapse}td{padding:.25rem .75rem .25rem 0;vertical-align:top}
"""
_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
HEADERS: Final = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


def install(app: FastAPI) -> None:
    """Add the pages to the application."""

    @app.get(PAGES, include_in_schema=False)
    async def problems() -> Response:
        return _page("Problems", _listed())

    @app.get(PAGES + "/{slug}", include_in_schema=False)
    async def problem(slug: str) -> Response:
        kind = BY_SLUG.get(slug)
        if kind is None:
            raise NotFound("there is no such problem")
        return _page(kind.title, _told(kind))


def _page(title: str, lines: Iterable[str]) -> Response:
    text = f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · legacy-shim</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
{chr(10).join(lines)}
</main>
</body>
</html>
"""
    return Response(text, 200, HEADERS, "text/html")


def _listed() -> Iterator[str]:
    yield "<h1>Problems</h1>"
    yield f"<p>{_marked(INTRODUCTION)}</p>"
    yield "<table>"
    for kind in TYPES:
        link = f'<a href="problems/{kind.slug}">{kind.slug}</a>'
        yield f"<tr><td>{kind.status}</td><td>{link}</td><td>{escape(kind.title)}</td></tr>"
    yield "</table>"


def _told(kind: ProblemType) -> Iterator[str]:
    yield '<p><a href="../problems">All problems</a></p>'
    yield f"<h1>{escape(kind.title)}</h1>"
    yield f"<p>Status {kind.status} · <code>{kind.urn}</code></p>"
    for heading, text in sections(kind):
        yield f"<h2>{heading}</h2>"
        yield f"<p>{_marked(text)}</p>"
    if members := described(kind):
        yield "<h2>Further members</h2>"
        yield "<dl>"
        yield from (f"<dt><code>{name}</code></dt><dd>{_marked(text)}</dd>" for name, text in members)
        yield "</dl>"
    yield "<h2>Example</h2>"
    yield f"<pre>{escape(example(kind))}</pre>"


def _marked(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


INTRODUCTION: Final = (
    f"Every error is `application/problem+json` (RFC 9457). Its `type` is `{TYPE_PREFIX}` and one of these names; it "
    "does not change. Decide by it, not by the words of `detail`. A header `Link` with `rel=help` leads to its page "
    "here."
)


def sections(kind: ProblemType) -> tuple[tuple[str, str], ...]:
    """Return what is told of a kind, under its headings."""
    return (
        ("What it means", kind.means),
        ("May it be repeated?", kind.repeat),
        ("What to tell the person", kind.say),
    )


def described(kind: ProblemType) -> list[tuple[str, str]]:
    """Return the members that this kind has beside those of every problem, and what each is."""
    return [(name, Problem.model_fields[name].description or "") for name in kind.members]


def example(kind: ProblemType) -> str:
    """Return an answer of this kind, as JSON to be read."""
    return json.dumps(kind.example, ensure_ascii=False, indent=2)
