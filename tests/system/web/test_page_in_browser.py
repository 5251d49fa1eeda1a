"""The landing page in a real browser: headless Chromium, driven by keys, over a loopback server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from model_drift_exporter.service.status import ExporterStatus
from tests.support.browser import Browser, Page, open_browser
from tests.support.components import require
from tests.support.page_site import Site
from tests.support.page_statuses import HOSTILE, alert, column, exporter, finding, learning_model, model, source

_TAB, _RIGHT, _SPACE = ("Tab", 9), ("ArrowRight", 39), (" ", 32, " ")
# The page's own clock: timers are kept instead of started, so that a test decides when they fire.
_KEPT_TIMERS = """
window.kept = [];
window.setTimeout = (call, delay) => window.kept.push({call, delay});
window.clearTimeout = (number) => { if (number) window.kept[number - 1] = null; };
"""
_FIRE = """(() => {
  const due = window.kept.filter((each) => each && each.delay === 5000);
  window.kept = [];
  due.forEach((each) => each.call());
  return due.length;
})()"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """One server for all tests of this file."""
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, daemon=True)
    thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with open_browser(require("chromium"), tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A tab whose timers are kept; afterwards it has neither complained nor asked another host for anything."""
    page = browser.new_page()
    page.send("Page.addScriptToEvaluateOnNewDocument", source=_KEPT_TIMERS)
    page.show_as(1280, 900)
    yield page
    assert page.complaints() == []
    assert all(address.startswith((site.url, "data:", "about:")) for address in page.requested())
    page.close()


def _text(page: Page, selector: str) -> str:
    return str(page.evaluate(f"document.querySelector({selector!r}).textContent")).replace("\u202f", " ")


@pytest.mark.parametrize("view", [(1280, 900, "light"), (1280, 900, "dark"), (375, 800, "light"), (360, 740, "dark")])
@pytest.mark.parametrize(
    "status",
    [
        exporter(model(warnings=("x" * 300,)), errors={("a" * 90, "not_json"): 3}),
        exporter(learning_model()),
        exporter(inputs=(source(up=False, problem="No such file or directory"),)),
        exporter(model(HOSTILE * 2, features=3), model("second", features=14), learning_model("third")),
        exporter(
            attrs.evolve(
                model(),
                alerts=(alert(),),
                findings=(
                    finding(text=f"Model flights gets broken input. About {'x' * 300}, {HOSTILE}."),
                    finding("inputs_moved", severity="note", alert="", features=("y" * 300,), text="The inputs moved."),
                ),
            )
        ),
    ],
    ids=["typical", "learning", "waiting", "models", "findings"],
)
def test_nothing_overflows_and_every_chart_has_a_name(
    page: Page, site: Site, tmp_path: Path, status: ExporterStatus, view: tuple[int, int, str]
) -> None:
    """No state of the page scrolls sideways, even with its details open; each chart has an accessible name."""
    site.status = status
    page.show_as(*view)
    page.open(site.url)
    page.evaluate("[...document.querySelectorAll('details')].slice(0, 6).forEach((each) => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= view[0]
    assert page.screenshot(tmp_path / "page.png").stat().st_size > 5000
    tree = page.send("Accessibility.getFullAXTree")["nodes"]
    names = [each["name"]["value"] for each in tree if each.get("role", {}).get("value") == "image"]
    assert len(names) == page.evaluate("document.querySelectorAll('svg.chart').length")
    assert all("now against the reference" in name for name in names)


def test_dark_mode_changes_the_colours(page: Page, site: Site) -> None:
    """The preferred scheme decides the background, and text stays readable on it."""
    site.status = exporter(model())
    seen = []
    for scheme in ("light", "dark"):
        page.show_as(1280, 900, scheme)
        page.open(site.url)
        seen.append(
            page.evaluate("(({backgroundColor, color}) => [backgroundColor, color])(getComputedStyle(document.body))")
        )
    (light_paper, light_ink), (dark_paper, dark_ink) = (
        [sum(int(part) for part in colour[4:-1].split(",")) for colour in colours] for colours in seen
    )
    assert light_paper > 650 > light_ink
    assert dark_paper < 120 < dark_ink


def test_the_window_is_switched_by_keyboard(page: Page, site: Site) -> None:
    """Tab reaches the window switch, an arrow key chooses the next window, and its numbers come without a reload."""
    site.status = exporter(model())
    page.open(site.url)
    page.evaluate("window.stillHere = true")
    for _ in range(10):
        page.press(*_TAB)
        if page.evaluate("document.activeElement.name") == "window":
            break
    assert page.evaluate("document.activeElement.value") == "1h"
    assert page.evaluate("getComputedStyle(document.activeElement.nextElementSibling).outlineStyle") == "solid"
    page.press(*_RIGHT)
    page.wait_until("document.querySelector('.card .sub').textContent.includes('240')")
    assert page.evaluate("document.activeElement.value") == "24h"
    assert page.evaluate("location.search") == "?window=24h"
    assert page.evaluate("window.stillHere")
    assert "last 24 h" in _text(page, ".sentence")


def test_the_filter_hides_other_features(page: Page, site: Site) -> None:
    """Typing part of a name leaves the features that contain it, whatever the case, and says how many."""
    site.status = exporter(model(features=40))
    page.open(site.url)
    page.evaluate("document.getElementById('filter').focus()")
    page.type("DIST")
    visible = "[...document.querySelectorAll('[data-name]')].filter((each) => each.offsetParent)"
    assert page.evaluate(f"{visible}.map((each) => each.dataset.name)") == ["distance"]
    assert _text(page, "#filter-count") == "1 of 40"
    assert page.evaluate("document.querySelectorAll('[data-key=\"score:score\"]')[0].offsetParent !== null")


def test_a_refresh_brings_new_numbers_and_keeps_the_readers_state(page: Page, site: Site) -> None:
    """After five seconds the numbers are new; window, filter, open details, place and focus are as they were."""
    site.status = exporter(model(features=40))
    page.open(site.url + "?window=24h")
    page.evaluate("document.getElementById('filter').focus()")
    page.type("feature_1")
    page.evaluate("document.querySelector('[data-name=feature_15] details').open = true")
    page.evaluate("document.querySelector('[data-name=feature_15] summary').focus()")
    place = "Math.round(document.querySelector('[data-name=feature_15] summary').getBoundingClientRect().top)"
    page.evaluate("scrollTo(0, 500)")
    before = page.evaluate(place)
    changed = model(features=40, records=7_654_321)
    windows = tuple(
        attrs.evolve(
            each, columns=(column("feature_15", shift=1.5), *(c for c in each.columns if c.name != "feature_15"))
        )
        for each in changed.windows
    )
    site.status = exporter(attrs.evolve(changed, windows=windows))
    assert page.evaluate(_FIRE) == 1
    page.wait_until("document.querySelector('.strip').textContent.includes('7.65')")
    assert page.evaluate("document.querySelector('input[name=window]:checked').value") == "24h"
    assert page.evaluate("document.getElementById('filter').value") == "feature_1"
    assert page.evaluate("document.querySelector('[data-name=distance]').offsetParent") is None
    assert page.evaluate("document.querySelector('[data-name]').dataset.name") == "feature_15"
    assert page.evaluate("document.querySelector('[data-name=feature_15] details').open")
    assert page.evaluate("document.activeElement === document.querySelector('[data-name=feature_15] summary')")
    assert abs(page.evaluate(place) - before) <= 2


def test_learning_turns_into_cards_without_a_reload(page: Page, site: Site) -> None:
    """When the reference is learned, the bar gives way to the window switch and the cards, which then work."""
    site.status = exporter(learning_model())
    page.open(site.url)
    site.status = exporter(model(learned=True))
    page.evaluate(_FIRE)
    page.wait_until("document.querySelectorAll('.card').length === 27")
    assert page.evaluate("document.querySelector('progress')") is None
    assert page.evaluate("document.title").startswith("flights: moved.")
    page.evaluate("document.querySelector('input[value=\"1000\"]').click()")
    page.wait_until("document.querySelector('.sentence').textContent.includes('records')")


def test_an_exporter_that_does_not_answer_is_said_to_be_away(page: Page, site: Site) -> None:
    """The page says since when, in a live region, keeps its numbers and tries on; a good answer ends it."""
    site.status = exporter(model())
    page.open(site.url)
    page.evaluate("window.fetchBefore = window.fetch; window.fetch = () => Promise.reject(new Error('refused'))")
    page.evaluate(_FIRE)
    page.wait_until("document.getElementById('refresh-lost').textContent")
    assert "Disconnected since" in _text(page, "[role=status]")
    assert page.evaluate("document.querySelectorAll('.card').length") == 27
    page.evaluate("window.fetch = window.fetchBefore")
    page.evaluate(_FIRE)
    page.wait_until("document.getElementById('refresh-words').textContent")
    assert _text(page, "#refresh-lost") == ""
    page.evaluate("Date.prototype.toLocaleTimeString = () => 'later'")
    page.evaluate("window.fetch = () => Promise.reject(new Error('refused'))")
    page.evaluate(_FIRE)
    page.wait_until("document.getElementById('refresh-lost').textContent")
    assert "Disconnected since later" in _text(page, "[role=status]")


def test_pause_stops_the_refresh_and_resume_refreshes_at_once(page: Page, site: Site) -> None:
    """While paused no timer runs, by key as by pointer."""
    site.status = exporter(model())
    page.open(site.url)
    page.evaluate("document.getElementById('pause').focus()")
    page.press(*_SPACE)
    assert "Paused since" in _text(page, "#refresh")
    assert page.evaluate(_FIRE) == 0
    site.status = exporter(model(records=7_654_321))
    page.evaluate("document.getElementById('pause').click()")
    page.wait_until("document.querySelector('.strip').textContent.includes('7.65')")
    assert page.evaluate(_FIRE) == 1


def test_a_pause_during_a_refresh_holds_after_it(page: Page, site: Site) -> None:
    """An answer that comes after the pause began is shown, but starts no further refresh."""
    site.status = exporter(model())
    page.open(site.url)
    site.status = exporter(model(records=7_654_321))
    page.evaluate(
        "window.fetchBefore = window.fetch;"
        "window.fetch = (...all) => new Promise((go) => { window.release = go; }).then(() => window.fetchBefore(...all))"
    )
    page.evaluate(_FIRE)
    page.evaluate("document.getElementById('pause').click()")
    page.evaluate("release()")
    page.wait_until("document.querySelector('.strip').textContent.includes('7.65')")
    assert page.evaluate(_FIRE) == 0
    assert "Paused since" in _text(page, "#refresh")


def test_a_new_version_of_the_exporter_reloads_the_page(page: Page, site: Site) -> None:
    """Old script and new fragment do not mix."""
    site.status = exporter(model())
    page.open(site.url)
    site.status = attrs.evolve(site.status, version="0.2.0")
    with page.loading():
        page.evaluate(_FIRE)
    assert _text(page, "h1 small") == "0.2.0"


def test_the_page_works_without_javascript(page: Page, site: Site) -> None:
    """Charts, numbers and the window form are there, and the form's button sends the chosen window."""
    site.status = exporter(model())
    page.send("Emulation.setScriptExecutionDisabled", value=True)
    page.open(site.url)
    document = page.send("DOM.getDocument")["root"]["nodeId"]

    def found(selector: str) -> list[int]:
        nodes: list[int] = page.send("DOM.querySelectorAll", nodeId=document, selector=selector)["nodeIds"]
        return nodes

    assert len(found("svg.chart")) == 27
    page.send("DOM.focus", nodeId=found("input[value='1000']")[0])
    page.press(*_SPACE)
    with page.loading():
        page.press("Enter", 13, "\r")
    page.send("Emulation.setScriptExecutionDisabled", value=False)
    assert page.evaluate("location.search") == "?window=1000"
    assert "last 1 000 records" in _text(page, ".sentence")
