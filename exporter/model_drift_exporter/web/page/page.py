"""The landing page: everything the exporter knows, for a person without Grafana.

The page is one HTML document without external requests. It shows one window at a time (``?window=24h``); its script
fetches the fragment for another one, and every five seconds for the present one. Import this module
late: it brings Jinja.
"""

from __future__ import annotations

import math
from functools import lru_cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ...service.status import ExporterStatus
from ...words import age, brief, compact, count, counted, duration, significant, timestamp, window_words
from .input_view import input_views, waiting_advice
from .page_view import chosen_window, model_view, window_names
from .sentences import overall_sentence

__all__ = ["content_security_policy", "render_fragment", "render_page"]

MOST_CARDS = 240
LEAST_FEATURES_TO_FILTER = 13
_TEMPLATES = "templates"


def content_security_policy(nonce: str) -> str:
    """The value of the ``Content-Security-Policy`` header to send with a page rendered with this nonce."""
    return (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
        "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _capitalize_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def _labels_later(number: float) -> str:
    """After about how many labels something happens."""
    return "never" if math.isinf(number) else f"after about {significant(number)} labels"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("model_drift_exporter", f"web/page/{_TEMPLATES}"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    helpers = (age, brief, compact, count, counted, duration, significant, timestamp, window_words)
    environment.filters.update({helper.__name__: helper for helper in helpers})
    environment.filters["capitalize_first"] = _capitalize_first
    environment.filters["labels_later"] = _labels_later
    folder = files(__package__).joinpath(_TEMPLATES)
    for name in ("page.css", "page.js"):
        environment.globals[name.replace(".", "_")] = Markup(  # noqa: S704 (our own files)
            folder.joinpath(name).read_text(encoding="utf-8")
        )
    return environment


def _values(status: ExporterStatus, window: str | None, model: str | None) -> dict[str, object]:
    shown_window = chosen_window(status, window)
    cards = [
        next((len(each.columns) for each in candidate.windows if each.name == shown_window), 0)
        for candidate in status.models
    ]
    whole = sum(cards) <= MOST_CARDS
    names = [each.name for each in status.models]
    chosen = model if model in names else next(iter(names), None)
    views = [
        model_view(each, shown_window, folded=not whole and each.name != chosen, now=status.now)
        for each in status.models
    ]
    features = max((len(view.features) for view in views), default=0)
    return {
        "status": status,
        "sentence": overall_sentence(status, [(view.heading, view.sentence) for view in views]),
        "models": views,
        "chosen_model": "" if whole else chosen,
        "windows": window_names(status),
        "window": shown_window,
        "inputs": input_views(status),
        "waiting": waiting_advice(status),
        "with_filter": features >= LEAST_FEATURES_TO_FILTER,
    }


def render_fragment(status: ExporterStatus, window: str | None = None, model: str | None = None) -> str:
    """The part of the page that refreshes, as ``GET /-/page`` answers it.

    ``window`` and ``model`` are the query parameters of the same names; unknown names fall back to what the page shows
    by itself. With more than 240 cards in a window only the chosen model (the first, by default) has its cards.
    """
    return _environment().get_template("fragment.html.j2").render(_values(status, window, model))


def render_page(
    status: ExporterStatus,
    nonce: str,
    window: str | None = None,
    model: str | None = None,
    *,
    metrics_path: str = "/metrics",
) -> str:
    """The whole page for ``GET /``; send it with :func:`content_security_policy` of the same nonce.

    Links are relative, so that the page works behind a proxy that adds a prefix.
    """
    values = _values(status, window, model)
    return _environment().get_template("page.html.j2").render(values, nonce=nonce, metrics_path=metrics_path)
