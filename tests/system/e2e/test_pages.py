"""From a prediction log to what a person gets: the real exporter, Prometheus and Alertmanager, and receivers on loopback."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest

from tests.support.components import require
from tests.support.exposition import Exposition
from tests.support.sidecar import eventually
from tests.system.e2e.incidents import BROKEN, CLEAN, MODELS, MOVED, PORTIONS, played, reference_file
from tests.system.e2e.notifications import Notifications, notified, of_model, readable
from tests.system.e2e.stack import Stack, stack

pytestmark = pytest.mark.slow
_REPOSITORY = Path(__file__).resolve().parents[3]
_GOLDEN = Path(__file__).parent / "golden"
_LENGTH = PORTIONS["after"].stop
_PAGES = {BROKEN: "ModelInputBroken", MOVED: "ModelLossIncreased"}
_PANELS = {BROKEN: {"var-feature": ["age"], "viewPanel": ["20"]}, MOVED: {"viewPanel": ["21"]}}


@attrs.frozen
class Played:
    """What there was of the broken input while it lasted, and the whole kit in the end."""

    during: Exposition
    suppressed: frozenset[str]
    told: Notifications
    stack: Stack


@pytest.fixture(scope="module", name="end")
def _end(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """All portions were written, and everybody was told of the pages and of their end."""
    require("prometheus")
    require("prometheus-alertmanager")
    folder = tmp_path_factory.mktemp("stack")
    portions = played()
    with stack(folder, reference_file(folder / "reference.json"), portions["before"]) as running:
        assert not running.prometheus.query('ALERTS{alertname!="Watchdog",alertstate="firing"}')
        with running.prometheus.paused():
            running.write(portions["during"])
        for model in _PAGES:
            eventually(functools.partial(notified, running.caught, model, "PAGE"))
        running.scraped()
        during = running.exporter.metrics()
        suppressed = frozenset(name for model, name in running.alerts.suppressed() if model == BROKEN)
        told = of_model(running.caught, BROKEN)
        running.write(portions["after"])
        for model in _PAGES:
            eventually(functools.partial(notified, running.caught, model, "RESOLVED"))
        running.scraped()
        yield Played(during, suppressed, told, running)


def _fired(end: Played, model: str) -> tuple[dict[str, float], set[str]]:
    """How often the exporter has decided on a page, and the pages that fired in Prometheus, whether told or not."""
    decided = f'model_alerts_fired_total{{model="{model}",severity="page"}} > 0'
    ever = f'max_over_time(ALERTS{{model="{model}",severity="page",alertstate="firing"}}[1h])'
    return end.stack.prometheus.by("alert", decided), set(end.stack.prometheus.by("alertname", ever))


@pytest.mark.parametrize("model", _PAGES)
def test_an_incident_is_one_page_and_its_end(model: str, end: Played, rewrite_golden: bool) -> None:
    """PagerDuty, chat and e-mail tell of it once, and once that it is over, in the words on record."""
    assert _fired(end, model) == ({_PAGES[model]: 1.0}, {_PAGES[model]})
    actions = [body["event_action"] for body in of_model(end.stack.caught, model).pagerduty]
    assert actions == ["trigger", "resolve"]
    told = readable(end.stack.caught, model)
    file = _GOLDEN / f"{model}.txt"
    if rewrite_golden:
        file.write_text(told)
    assert told == file.read_text()


def test_broken_input_is_told_with_its_feature_and_hides_its_consequences(end: Played) -> None:
    """The error has doubled, and no loss page comes beside it; tickets about the same values are inhibited."""
    [page, _] = of_model(end.stack.caught, BROKEN).pagerduty
    assert page["payload"]["summary"] == f"PAGE {BROKEN}: input broken: age"
    text = page["payload"]["custom_details"]["firing"]
    [share] = re.findall(r"^Features: age \(([0-9.]+)% missing or invalid over", text, re.MULTILINE)
    assert float(share) == pytest.approx(30, abs=4)
    assert end.during("model_loss_mean", model=BROKEN, loss="zero_one", window="1000") == pytest.approx(0.2, abs=0.03)
    assert end.during("model_loss_excluded_outcomes_total", model=BROKEN, reason="broken_input") > 1_000
    assert end.suppressed == {"ModelConceptDrift", "ModelFeatureDrift", "ModelFeatureMissingValues"}
    assert [message["title"] for message in end.told.slack] == [page["payload"]["summary"]]
    assert [mail.subject for mail in end.told.mails] == [page["payload"]["summary"]]


def test_a_moved_relation_is_told_as_such(end: Played) -> None:
    """Inputs are as ever, so no feature is named, and the page says that the relation moved."""
    [page, _] = of_model(end.stack.caught, MOVED).pagerduty
    assert page["payload"]["summary"] == f"PAGE {MOVED}: loss increased"
    text = page["payload"]["custom_details"]["firing"]
    assert "\nThe relation moved: " in text
    assert "Features:" not in text
    [share] = re.findall(r"\(([0-9.]+)% of the rise is there at equal scores\)", text)
    assert float(share) > 90


@pytest.mark.parametrize("model", _PAGES)
def test_links_of_a_page_lead_somewhere(model: str, end: Played) -> None:
    """The runbook is a file of this repository about this alert; dashboard and panel show the model from before the onset on."""
    [page, _] = of_model(end.stack.caught, model).pagerduty
    links = {link["text"]: link["href"] for link in page["links"]}
    _, _, path = links["Runbook"].partition("/blob/main/")
    assert (_REPOSITORY / path).read_text().startswith(f"# {_PAGES[model]}")
    [began] = re.findall(r"Began at about (\S+ \S+) UTC", page["payload"]["custom_details"]["firing"])
    onset = datetime.strptime(f"{began} +0000", "%Y-%m-%d %H:%M %z").timestamp()
    dashboard, panel = (parse_qs(urlsplit(links[text]).query) for text in ("Dashboard", "Panel"))
    assert int(dashboard["from"][0]) / 1000 == pytest.approx(onset - 6 * 3600, abs=60)
    assert dashboard == {"var-model": [model], "from": dashboard["from"], "to": ["now"]}
    assert {**dashboard, **_PANELS[model]} == panel


def test_a_clean_stream_of_the_same_length_pages_nobody(end: Played) -> None:
    """Nothing fired and nobody heard of the model, though Prometheus has seen all of it."""
    assert end.stack.prometheus.by("model", "model_records_total") == dict.fromkeys(MODELS, float(_LENGTH))
    assert _fired(end, CLEAN) == ({}, set())
    assert not any(attrs.astuple(of_model(end.stack.caught, CLEAN)))


def test_every_shipped_rule_can_be_evaluated(end: Played) -> None:
    """No rule fails on what the real exporter exports, and nothing fires in the end but the watchdog."""
    assert end.stack.prometheus.troubles() == []
    eventually(lambda: end.stack.prometheus.by("alertname", 'ALERTS{alertstate="firing"}') == {"Watchdog": 1.0})
    assert end.stack.caught.at("/dead-mans-switch")
