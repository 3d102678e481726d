"""The body of a 503: a page for people in the language of their browser, JSON for programs.

It is complete in itself. An outage leaves neither a session nor perhaps a database, so nothing of
Odoo's templates, translations and assets can be read.
"""

import json
from collections.abc import Mapping
from html import escape
from typing import Any, NamedTuple

from werkzeug.datastructures import LanguageAccept, MIMEAccept
from werkzeug.http import parse_accept_header

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"
# core's client shows the message of this error, instead of a report about a bug
ERROR_NAME = "odoo.exceptions.UserError"
REFRESH_SECONDS = 10


class Texts(NamedTuple):
    """The texts of the page in a language."""

    title: str
    explanation: str
    retry: str


TEXTS = {
    "en": Texts(
        "Odoo is not available at the moment",
        "A service that Odoo needs does not answer. You remain logged in. Try again in a moment.",
        "Try again",
    ),
    "de": Texts(
        "Odoo ist im Moment nicht verfügbar",
        "Ein Dienst, den Odoo benötigt, antwortet nicht. Sie bleiben angemeldet."
        " Versuchen Sie es gleich noch einmal.",
        "Erneut versuchen",
    ),
    "es": Texts(
        "Odoo no está disponible en este momento",
        "Un servicio que Odoo necesita no responde. Su sesión sigue abierta."
        " Inténtelo de nuevo en un momento.",
        "Reintentar",
    ),
    "fr": Texts(
        "Odoo n'est pas disponible pour le moment",
        "Un service dont Odoo a besoin ne répond pas. Vous restez connecté."
        " Réessayez dans un instant.",
        "Réessayer",
    ),
}

PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
{refresh}<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --page: #f9fafb; --card: #fff; --text: #374151;
  --muted: #5f636f; --line: #d8dadd; --brand: #71639e; --on-brand: #fff; }}
@media (prefers-color-scheme: dark) {{ :root {{ --page: #1b1d26; --card: #262a36; --text: #e4e4e4;
  --muted: #b1b3bc; --line: #3c3e4b; --brand: #8f83b5; --on-brand: #11121a; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; min-height: 100vh; background: var(--page); color: var(--text);
  font: 400 1rem/1.5 -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, Ubuntu,
  "Noto Sans", Arial, sans-serif; }}
header {{ height: 46px; background: var(--brand); }}
main {{ max-width: 30rem; margin: 12vh auto 0; padding: 0 1rem; }}
.card {{ background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: 2rem; text-align: center; }}
svg {{ width: 4rem; height: 4rem; color: var(--brand); }}
h1 {{ font-size: 1.375rem; font-weight: 500; margin: 1rem 0 .5rem; }}
p {{ color: var(--muted); margin: 0 0 1.5rem; }}
a {{ display: inline-block; padding: .5rem 1.25rem; border-radius: .25rem; text-decoration: none;
  font-weight: 500; background: var(--brand); color: var(--on-brand); }}
a:focus-visible {{ outline: 3px solid var(--text); outline-offset: 2px; }}
</style>
</head>
<body>
<header></header>
<main>
<div class="card" role="alert">
<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.5"
 stroke-linecap="round" aria-hidden="true"><path d="M7 18h10a4 4 0 0 0 .6-7.95A6 6 0 0 0 6.1 9.1
 4.5 4.5 0 0 0 7 18z"/><path d="M12 9.5v3.2M12 15.2v.1"/></svg>
<h1>{title}</h1>
<p>{explanation}</p>
<a href="">{retry}</a>
</div>
</main>
</body>
</html>
"""


def content_of_outage(environ: Mapping[str, Any] | None) -> tuple[str, str]:
    """Return the body and the content type of the response to a request.

    :param environ: of the request; None outside of one
    """
    environ = environ or {}
    language, texts = _texts(environ)
    if _is_json(environ):
        return _json(texts), JSON
    # a reload sends the form of a POST again: that is left to the user
    is_read = environ.get("REQUEST_METHOD", "GET") in ("GET", "HEAD")
    tag = f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">\n' if is_read else ""
    values = {name: escape(text) for name, text in texts._asdict().items()}
    return PAGE.format(language=language, refresh=tag, **values), HTML


def _texts(environ: Mapping[str, Any]) -> tuple[str, Texts]:
    accepted = parse_accept_header(environ.get("HTTP_ACCEPT_LANGUAGE"), LanguageAccept)
    language = accepted.best_match(list(TEXTS), default="en") or "en"
    return language, TEXTS[language]


def _is_json(environ: Mapping[str, Any]) -> bool:
    if environ.get("CONTENT_TYPE", "").partition(";")[0].strip() == "application/json":
        return True
    accepted = parse_accept_header(environ.get("HTTP_ACCEPT"), MIMEAccept)
    best = accepted.best_match(["text/html", "application/json"], default="text/html")
    return best == "application/json"


def _json(texts: Texts) -> str:
    """Return an error that core's client shows to the user, in the form of JSON-RPC."""
    data = {
        "name": ERROR_NAME,
        "message": texts.explanation,
        "arguments": [texts.explanation],
        "context": {},
        "debug": "",
    }
    error = {"code": 503, "message": texts.title, "data": data}
    return json.dumps({"jsonrpc": "2.0", "id": None, "error": error})
