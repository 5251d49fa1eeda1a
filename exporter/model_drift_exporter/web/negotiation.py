"""Which format and which coding a scrape gets, from its Accept and Accept-Encoding headers (RFC 9110, section 12.5)."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

__all__ = ["OPENMETRICS", "TEXT", "accepts_gzip", "accepts_openmetrics"]

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"

# How precisely an element of Accept covers a format; from _NAMED on it is named outright.
_UNLISTED, _ANYTHING, _SAME_TYPE, _NAMED, _NAMED_WITH_VERSION = range(5)


@attrs.frozen
class _Choice:
    """One element of a list with q-values; ``position`` counts from 0 in the order of the header."""

    value: str
    parameters: Mapping[str, str]
    quality: float
    position: int


@attrs.frozen
class _Preference:
    """How much a client wants one format."""

    quality: float
    precision: int
    position: int

    def key(self) -> tuple[float, bool, int]:
        """Greater for the format to prefer: by q, then named before wildcard, then listed first."""
        return self.quality, self.precision >= _NAMED, -self.position


def accepts_openmetrics(accept: str | None) -> bool:
    """Whether OpenMetrics 1.0.0 is to be sent rather than text 0.0.4.

    The higher q-value wins; at equal q a format named outright beats a wildcard, and the one listed first beats the
    other. Whoever accepts neither (or says nothing) gets text, because a scrape must not fail for its header.
    """
    choices = _parse(accept or "*/*")
    openmetrics = _preference(choices, "application/openmetrics-text", "1.0.0")
    text = _preference(choices, "text/plain", "0.0.4")
    # A mere wildcard is no sign of a client that can read OpenMetrics.
    return openmetrics.precision >= _NAMED and openmetrics.quality > 0 and openmetrics.key() > text.key()


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether a gzip-coded body is welcome: listed or covered by ``*``, not refused by q=0, not less than identity."""
    qualities = {choice.value: choice.quality for choice in _parse(accept_encoding or "")}
    wildcard = qualities.get("*", 0.0)
    gzip = qualities.get("gzip", qualities.get("x-gzip", wildcard))
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)


def _preference(choices: list[_Choice], media_type: str, version: str) -> _Preference:
    """The most precise of the choices that cover a media type in a version; quality 0 where none does."""
    best = _Preference(0.0, _UNLISTED, 0)
    for choice in choices:
        precision = _precision(choice, media_type, version)
        candidate = _Preference(choice.quality, precision, choice.position)
        if precision > best.precision:
            best = candidate
    return best


def _precision(choice: _Choice, media_type: str, version: str) -> int:
    if choice.value == media_type:
        asked = choice.parameters.get("version")
        if asked is None:
            return _NAMED
        return _NAMED_WITH_VERSION if asked == version else _UNLISTED
    if choice.value == media_type.partition("/")[0] + "/*":
        return _SAME_TYPE
    return _ANYTHING if choice.value == "*/*" else _UNLISTED


def _parse(header: str) -> list[_Choice]:
    choices = []
    for position, element in enumerate(header.split(",")):
        value, *rest = (part.strip() for part in element.split(";"))
        if not value:
            continue
        parameters = {}
        for parameter in rest:
            name, _, text = parameter.partition("=")
            parameters[name.strip().lower()] = text.strip().strip('"')
        choices.append(_Choice(value.lower(), parameters, _quality(parameters.get("q", "1")), position))
    return choices


def _quality(text: str) -> float:
    """A q-value in 0 to 1; one that cannot be read counts as 0, as if the choice were not there."""
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
