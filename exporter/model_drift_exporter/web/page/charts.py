"""Small inline SVG charts as pure functions: counts in, markup out.

Shapes carry classes (``now``, ``was``) and no style attribute, so that they follow the page's colours and a strict
Content-Security-Policy. All shapes of one kind share one path, which keeps a page of 200 charts small.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup, escape

from ...service.status import BinStatus
from ...words import share

__all__ = ["SPECIAL_BINS", "distribution_chart", "is_special", "psi_scale", "shares"]

SPECIAL_BINS = {
    "__below__": "below",
    "__above__": "above",
    "__other__": "other",
    "__missing__": "missing",
    "__invalid__": "invalid",
}
_WIDTH = 320.0
_SPECIAL_LEFT, _SPECIAL_BAR, _HISTOGRAM_RIGHT = 232.0, 274.0, 216.0
_TOP, _BASE, _HEIGHT = 13.0, 66.0, 82
_WIDEST_BAR = 44.0
_NOTHING = 1e-12  # stands in for the largest share where there are no counts
_MOST_SINGLE_LABELS = 4
_CHARACTER = 5.6  # a mean glyph of the 10 unit labels is about this wide
_PSI_LOW, _PSI_HIGH = 0.001, 10.0


def is_special(name: str) -> bool:
    """Whether a bin is one of those beside the reference's ranges and categories."""
    return name in SPECIAL_BINS


def shares(bins: Sequence[BinStatus]) -> tuple[list[float], list[float]]:
    """Shares of all counts per bin, in the shown window and in the reference; all 0 where there are no counts."""
    current = sum(each.current for each in bins)
    reference = sum(each.reference for each in bins)
    return (
        [each.current / current if current else 0.0 for each in bins],
        [each.reference / reference if reference else 0.0 for each in bins],
    )


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _shortened(text: str, width: float) -> str:
    room = max(2, int(width / _CHARACTER))
    return text if len(text) <= room else text[: room - 1] + "…"


def _axis_labels(labels: Sequence[str], right: float) -> str:
    """Each label under its bar when they are few, the first and the last one otherwise."""
    if not labels:
        return ""
    if len(labels) <= _MOST_SINGLE_LABELS:
        pitch = right / len(labels)
        places = [(pitch * (index + 0.5), "middle", pitch - 4, label) for index, label in enumerate(labels)]
    else:
        places = [(0.0, "start", right / 2 - 6, labels[0]), (right, "end", right / 2 - 6, labels[-1])]
    return "".join(
        f'<text x="{_number(x)}" y="{_HEIGHT - 4}" text-anchor="{anchor}">{escape(_shortened(label, width))}</text>'
        for x, anchor, width, label in places
    )


def _histogram(current: Sequence[float], reference: Sequence[float], top: float, right: float, joined: bool) -> str:
    """Bars of the window as one path, the reference as one outline: a staircase (``joined``) or a box per bar."""
    pitch = right / len(current)
    bar = min(max(pitch * 0.76, pitch - 8), _WIDEST_BAR)
    inset = (pitch - bar) / 2
    scale = (_BASE - _TOP) / top
    bars, outline = [], []
    level = _number(_BASE)
    for index, (now, was) in enumerate(zip(current, reference, strict=True)):
        left = pitch * index
        if now > 0:
            height = max(0.7, now * scale)
            bars.append(f"M{_number(left + inset)} {level}v-{_number(height)}h{_number(bar)}v{_number(height)}z")
        edge = _number(_BASE - was * scale)
        if joined:
            outline.append(f"V{edge}H{_number(left + pitch)}")
        else:
            side = max(0.3, inset - 1.5)
            outline.append(f"M{_number(left + side)} {level}V{edge}H{_number(left + pitch - side)}V{level}")
    start, end = (f"M0 {level}", f"V{level}") if joined else ("", "")
    return (
        f'<path class="base" d="M0 {level}H{_number(right)}"/>'
        f'<path class="now" d="{"".join(bars)}"/><path class="was" d="{start}{"".join(outline)}{end}"/>'
    )


def _specials(rows: Sequence[tuple[str, float, float]], top: float) -> str:
    """One lying bar per special bin, with its word before it; ``rows`` are word, share now, share in the reference."""
    pitch = min(15.0, (_BASE + 4 - _TOP) / len(rows))
    length = _WIDTH - 1 - _SPECIAL_BAR
    parts = [f'<path class="base" d="M{_number(_SPECIAL_BAR)} {_TOP - 4}V{_number(_TOP - 4 + pitch * len(rows))}"/>']
    bars, outline = [], []
    for index, (word, now, was) in enumerate(rows):
        middle = _TOP - 4 + pitch * (index + 0.5)
        quiet = "" if now or was else ' class="nil"'
        parts.append(f'<text{quiet} x="{_number(_SPECIAL_LEFT)}" y="{_number(middle + 3.5)}">{word}</text>')
        if now > 0:
            width = _number(max(0.7, now / top * length))
            bars.append(f"M{_number(_SPECIAL_BAR)} {_number(middle - 3)}h{width}v6h-{width}z")
        if was > 0:
            right = _number(_SPECIAL_BAR + was / top * length)
            outline.append(f"M{_number(_SPECIAL_BAR)} {_number(middle - 4.5)}H{right}v9H{_number(_SPECIAL_BAR)}")
    parts.append(f'<path class="now" d="{"".join(bars)}"/><path class="was" d="{"".join(outline)}"/>')
    return "".join(parts)


def distribution_chart(bins: Sequence[BinStatus], kind: str, name: str) -> Markup:
    """The shares per bin of the window (bars) over those of the reference (outline), special bins apart at the right.

    ``name`` becomes the accessible name. Every bar of a chart, special ones too, has the same scale, which ends at the
    largest share in it (written at its top). Without counts in the window only the outline shows.
    """
    current, reference = shares(bins)
    top = max([*current, *reference, _NOTHING])
    plain = [index for index, each in enumerate(bins) if each.name not in SPECIAL_BINS]
    special = [
        (SPECIAL_BINS[each.name], current[index], reference[index])
        for index, each in enumerate(bins)
        if each.name in SPECIAL_BINS
    ]
    right = _HISTOGRAM_RIGHT if special else _WIDTH
    parts = []
    if plain:
        if top > _NOTHING:
            parts.append(
                f'<text x="0" y="9">{escape(share(top))}</text><path class="grid" d="M0 {_TOP}H{_number(right)}"/>'
            )
        parts.append(
            _histogram([current[i] for i in plain], [reference[i] for i in plain], top, right, kind == "numeric")
        )
        parts.append(_axis_labels([bins[i].label for i in plain], right))
    if special:
        parts.append(_specials(special, top))
    return Markup(  # noqa: S704 (each text is escaped)
        f'<svg class="chart" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT}" role="img" aria-label="{escape(name)}">'
        f"{''.join(parts)}</svg>"
    )


def _psi_place(value: float) -> float:
    """Place of a PSI on the scale, 0 to 1: logarithmic, so that a distance is a ratio."""
    bounded = min(max(value, _PSI_LOW), _PSI_HIGH)
    return math.log(bounded / _PSI_LOW) / math.log(_PSI_HIGH / _PSI_LOW)


def psi_scale(psi: float, noise_floor: float | None, noise_limit: float | None) -> Markup:
    """PSI as a dot on a logarithmic scale from 0.001 to 10; the noise is shaded up to its limit, a line at its floor.

    Hidden from assistive technology: the numbers stand beside it as text.
    """
    left, width = 5.0, _WIDTH - 10
    parts = []
    if noise_limit is not None:
        parts.append(f'<path class="noise" d="M0 2H{_number(left + width * _psi_place(noise_limit))}V14H0z"/>')
    ticks = (0.01, 0.1, 1.0)
    places = [_number(left + width * _psi_place(tick)) for tick in ticks]
    parts.append(f'<path class="base" d="M0 8H{_WIDTH:.0f}{"".join(f"M{place} 5v6" for place in places)}"/>')
    if noise_floor is not None:
        parts.append(f'<path class="was" d="M{_number(left + width * _psi_place(noise_floor))} 1v14"/>')
    parts.append(f'<circle class="now" cx="{_number(left + width * _psi_place(psi))}" cy="8" r="4.5"/>')
    parts.extend(
        f'<text x="{place}" y="24" text-anchor="middle">{tick:g}</text>'
        for place, tick in zip(places, ticks, strict=True)
    )
    return Markup(  # noqa: S704 (numbers only)
        f'<svg class="scale" viewBox="0 0 {_WIDTH:.0f} 26" aria-hidden="true">{"".join(parts)}</svg>'
    )
