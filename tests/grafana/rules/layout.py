"""Rules about where panels stand: on the grid, without overlaps or holes, with titles that fit, and with numbers of their own."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

from tests.grafana.dashboard_file import Dashboard, Panel

__all__ = ["FIRST_SCREEN", "panel_lines", "problems"]

FIRST_SCREEN = 20
"""Rows of 38 pixels that a laptop shows without scrolling, below Grafana's own head."""

_COLUMNS = 24
_LAPTOP = 1_366
_MENU_AND_MARGINS = 80
_PER_LETTER = 7.3
"""Pixels, of the 14-pixel font of titles (Inter, weight 500), on average."""
_BESIDE_TITLE = 46
"""Pixels for padding and for the mark of the description."""

_SMALLEST = {
    "stat": (2, 3),
    "table": (8, 4),
    "timeseries": (6, 5),
    "heatmap": (6, 5),
    "text": (2, 2),
    "bargauge": (4, 3),
}
_SMALLEST_OTHER = (6, 4)
_HIGHEST = 24


def problems(dashboard: Dashboard) -> list[str]:
    """What is wrong with the places, titles and numbers of panels, one sentence each."""
    found = [f"{dashboard.where(panel)}: {each}" for panel in dashboard.panels for each in _panel(panel)]
    found += (f"{dashboard.name}: {each}" for each in _numbers_and_titles(dashboard))
    for row in {panel.row for panel in dashboard.panels}:
        inside = [panel for panel in dashboard.panels if panel.row == row]
        found += (f"{dashboard.name}: {each}" for each in _places(inside, whole=row is None))
    return found


def panel_lines(dashboards: Sequence[Dashboard]) -> str:
    """The table of panel numbers: a line ``uid id title`` for each."""
    lines = [f"{dashboard.uid} {panel.id} {panel.title}" for dashboard in dashboards for panel in dashboard.panels]
    return "".join(f"{line}\n" for line in sorted(lines, key=lambda line: (line.split()[0], int(line.split()[1]))))


def _panel(panel: Panel) -> Iterator[str]:
    place = panel.grid
    if not isinstance(panel.id, int) or panel.id <= 0:
        yield f"id is {panel.id!r}; give it a number above 0, and never another one"
    if place.x < 0 or place.y < 0 or place.x + place.width > _COLUMNS:
        yield f"columns {place.x} to {place.x + place.width} are not within the 24 of the grid"
    if panel.type == "row":
        if (place.x, place.width, place.height) != (0, _COLUMNS, 1):
            yield "the head of a row is 24 columns wide and 1 row high"
        if not panel.raw.get("collapsed") and panel.raw.get("panels"):
            yield "panels of an open row stand after its head, not inside it"
        return
    width, height = _SMALLEST.get(panel.type, _SMALLEST_OTHER)
    if place.width < width or place.height < height:
        yield f"{place.width} × {place.height} is too small for a {panel.type}; give it {width} × {height} or more"
    if place.height > _HIGHEST:
        yield f"{place.height} rows are more than a screen; give it {_HIGHEST} or fewer"
    letters = _letters(place.width)
    if len(panel.title) > letters:
        yield f"on a laptop the title is cut after some {letters} letters; shorten it or widen the panel"


def _letters(width: int) -> int:
    pixels = (_LAPTOP - _MENU_AND_MARGINS) * width / _COLUMNS - 8
    return int((pixels - _BESIDE_TITLE) / _PER_LETTER)


def _numbers_and_titles(dashboard: Dashboard) -> Iterator[str]:
    for what, values in (
        ("the id", [panel.id for panel in dashboard.panels]),
        ("the title (in any case)", [panel.title.casefold() for panel in dashboard.panels if panel.type != "row"]),
        (
            "the row's title (in any case)",
            [panel.title.casefold() for panel in dashboard.panels if panel.type == "row"],
        ),
    ):
        for value, count in Counter(values).items():
            if count > 1:
                yield f"{what} {value!r} is given to {count} panels; links and people need one for each"


def _places(panels: Sequence[Panel], *, whole: bool) -> Iterator[str]:
    for one, other in itertools.combinations(panels, 2):
        if one.grid.overlaps(other.grid):
            yield f"panels {one.title!r} and {other.title!r} overlap"
    if not panels:
        return
    taken = {row for panel in panels for row in range(panel.grid.y, panel.grid.bottom)}
    first = 0 if whole else min(taken)
    empty = sorted(set(range(first, max(taken) + 1)) - taken)
    if empty:
        yield f"grid rows {empty} are empty; move what is below up"
    if whole:
        top = [panel for panel in panels if panel.grid.y == 0]
        if any(panel.type == "row" and panel.raw.get("collapsed") for panel in top):
            yield "the first row is collapsed; what matters most must be seen without a click"
        seen = [panel for panel in panels if panel.type not in {"row", "text"} and panel.grid.bottom <= FIRST_SCREEN]
        if not seen:
            yield f"no panel is whole within the first {FIRST_SCREEN} rows, which is all that a laptop shows"
