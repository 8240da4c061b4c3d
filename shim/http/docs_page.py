"""The page `/docs`: the OpenAPI document, to be read and tried, with nothing from elsewhere."""

from base64 import b64encode
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Final

import fastapi_offline
from fastapi import FastAPI, Request, Response
from starlette.staticfiles import StaticFiles

PATH: Final = "/docs"
FILES: Final = "/static-offline-docs"

# The page is read more often than tried: each operation opens with its examples, and an address leads to one of them.
_START: Final = """\
SwaggerUIBundle({
  url: document.documentElement.dataset.document,
  dom_id: "#swagger-ui",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 3,
  displayOperationId: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
});
"""
_HASH: Final = b64encode(sha256(_START.encode()).digest()).decode()
_HEADERS: Final = {
    # The library sets styles on elements; a script runs only if it is its own, or the one above.
    "Content-Security-Policy": f"default-src 'none'; script-src 'self' 'sha256-{_HASH}'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


def install(app: FastAPI) -> None:
    """Add the page and its files to the application."""
    folder = Path(fastapi_offline.__file__).with_name("static")
    app.mount(FILES, StaticFiles(directory=folder), name="docs")

    @app.get(PATH, include_in_schema=False)
    async def docs(request: Request) -> Response:
        root = escape(str(request.scope.get("root_path") or ""))
        return Response(_page(root, app.title), 200, _HEADERS, "text/html")


def _page(root: str, title: str) -> str:
    return f"""\
<!doctype html>
<html lang="en" data-document="{root}/openapi.json">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}: API documentation</title>
<link rel="icon" href="{root}{FILES}/favicon.png">
<link rel="stylesheet" href="{root}{FILES}/swagger-ui.css">
</head>
<body>
<noscript>This page needs scripts. The document itself is at <a href="{root}/openapi.json">openapi.json</a>.</noscript>
<div id="swagger-ui"></div>
<script src="{root}{FILES}/swagger-ui-bundle.js"></script>
<script>{_START}</script>
</body>
</html>
"""
