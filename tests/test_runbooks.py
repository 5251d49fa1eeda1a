"""Alerts, runbooks, and what the runbooks ask for hold together."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from model_drift_exporter.monitors import ALARMS
from model_drift_exporter.service.catalogue import CATALOGUE

from .support.runbooks import FOLDER, PAGES, RUNBOOKS, queries, rules

SECTIONS = (
    "Do this first",
    "Meaning",
    "Impact",
    "How sure this is",
    "Diagnosis",
    "Mitigation",
    "When it is no fault",
    "Afterwards",
)
FOREIGN = {
    "up",  # Prometheus' own
    "ALERTS",
    "prometheus_notifications_errors_total",
    "alertmanager_notifications_failed_total",
}
WORDS = {"by", "without", "on", "ignoring", "group_left", "group_right", "and", "or", "unless", "offset", "bool"}


def alerts() -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def section(runbook: Path, title: str) -> str:
    text = runbook.read_text()
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def metrics(query: str) -> set[str]:
    """Names of the metrics in a query: what is no text, matcher, grouping, duration, function or keyword."""
    bare = re.sub(r'"[^"]*"', "", query)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", bare)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", r"\1", bare)
    names = re.findall(r"(?<![\w.:])[a-zA-Z_:][\w:]*\b(?!\s*\()", bare)
    return set(names) - WORDS - {"max", "min", "sum", "count"}


def anchors(page: Path) -> set[str]:
    """Anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    """A file is named like its alert, and nothing else lies there."""
    assert {runbook.stem for runbook in RUNBOOKS} == alerts().keys()


@pytest.mark.parametrize("alert", sorted(alerts()))
def test_alerts_link_to_their_runbook(alert: str) -> None:
    """The last part of ``runbook_url`` is the file of this alert, in this folder."""
    url = alerts()[alert]["annotations"]["runbook_url"]
    assert url.endswith(f"/docs/runbooks/{alert}.md")


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda file: file.stem)
def test_runbooks_have_all_sections_in_order(runbook: Path) -> None:
    """The first action comes first, and nothing is missing or empty."""
    text = runbook.read_text()
    assert text.startswith(f"# {runbook.stem}\n\n## Do this first\n")
    assert tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) == SECTIONS
    assert all(section(runbook, title).strip() for title in SECTIONS)


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda file: file.stem)
def test_diagnosis_is_in_order_and_can_be_pasted(runbook: Path) -> None:
    """Steps are numbered from 1, and at least one query is there to paste."""
    numbers = re.findall(r"^(\d+)\. \*\*", section(runbook, "Diagnosis"), re.MULTILINE)
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    assert numbers
    assert queries(runbook)


@pytest.mark.parametrize("page", PAGES, ids=lambda file: file.stem)
def test_queries_ask_for_metrics_that_exist(page: Path) -> None:
    """Each metric is in the catalogue, recorded by a rule, or one of the few of others."""
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    histograms = {
        f"{name}_{part}"
        for name, metric in CATALOGUE.items()
        if metric.type == "histogram"
        for part in ("bucket", "count", "sum")
    }
    for query in queries(page):
        assert metrics(query), query
        assert metrics(query) <= CATALOGUE.keys() | histograms | recorded | FOREIGN, query


def test_metrics_named_in_sentences_exist() -> None:
    """A metric that a sentence names, in code, is in the catalogue."""
    for page in PAGES:
        named = re.findall(r"`(model_\w+)(?:\{[^`]*)?`", page.read_text())
        assert set(named) <= CATALOGUE.keys(), page.name


@pytest.mark.parametrize("page", PAGES, ids=lambda file: file.stem)
def test_queries_use_labels_that_the_metric_has(page: Path) -> None:
    """A matcher on a label that a metric lacks would find nothing, which reads as good news."""
    for query in queries(page):
        for name, matchers in re.findall(r"(\w+)\{([^}]*)\}", query):
            labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))
            if name in CATALOGUE:
                assert labels <= set(CATALOGUE[name].labels), query


def test_links_lead_somewhere() -> None:
    """Files and headings that the pages link to exist."""
    links = [
        (page, link) for page in PAGES for link in re.findall(r"\]\(([^)]+)\)", " ".join(page.read_text().split()))
    ]
    assert len(links) > 50
    for page, link in links:
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.is_file(), (page.name, link)
        assert not anchor or anchor in anchors(target), (page.name, link)


def test_the_index_lists_every_runbook_under_its_severity() -> None:
    """Pages and tickets stand in the table of their kind, each once."""
    text = (FOLDER / "README.md").read_text()
    woken, _, rest = text.partition("| in daylight (ticket) |")
    tickets = rest.partition("\n## ")[0]
    for alert, rule in alerts().items():
        link = f"[{alert}]({alert}.md)"
        assert text.count(link) == 1
        severity = rule["labels"]["severity"]
        assert (link in woken) == (severity == "page")
        assert severity != "ticket" or link in tickets


def test_budgets_are_told_in_words() -> None:
    """Alerts that evidence decides say how sure they are by their budget; others say that they have none."""
    decided = {name: rule for name, rule in alerts().items() if "alert_evidence" in rule["expr"]}
    assert decided.keys() == {alarm.alert for alarm in ALARMS}
    for alert, rule in decided.items():
        words = " ".join(section(FOLDER / f"{alert}.md", "How sure this is").split())
        page = rule["labels"]["severity"] == "page"
        assert (
            "At most one false page per model in 10 years, whatever the traffic"
            if page
            else "one false ticket per model a week"
        ) in words
        assert "What could fool it" in words
    for alert in alerts().keys() - decided.keys() - {"Watchdog", "ModelExporterConfigReloadFailed"}:
        words = " ".join(section(FOLDER / f"{alert}.md", "How sure this is").split())
        assert "plain" in words
        assert "What could fool it" in words


def test_panels_are_listed_in_one_place() -> None:
    """Every panel that a page names stands in the index's table of panels, and the reverse."""
    table = (FOLDER / "README.md").read_text().partition("| dashboard | panels |")[2]
    listed = {
        (dashboard, panel.strip())
        for dashboard, panels in re.findall(r"^\| (\w+) \| (.+) \|$", table, re.MULTILINE)
        for panel in panels.split(",")
    }
    named = {
        pair
        for runbook in RUNBOOKS
        for pair in re.findall(r"[Dd]ashboard \*(\w+)\*, panel \*([\w ]+)\*", " ".join(runbook.read_text().split()))
    }
    assert named == listed


def test_every_reason_of_not_evaluable_is_explained() -> None:
    """The table of reasons holds exactly those that the alert's text knows."""
    description = alerts()["ModelDriftNotEvaluable"]["annotations"]["description"]
    told = set(re.findall(r'eq \$labels\.reason "(\w+)"', description))
    listed = set(re.findall(r"^ *\| `(\w+)` \|", (FOLDER / "ModelDriftNotEvaluable.md").read_text(), re.MULTILINE))
    assert told == listed


def test_the_loss_runbook_tells_inputs_from_relation_first() -> None:
    """The split of the loss is the first step, and each part of it leads to another step."""
    steps = re.split(r"^(?=\d\. \*\*)", section(FOLDER / "ModelLossIncreased.md", "Diagnosis"), flags=re.MULTILINE)
    for metric in ("loss_change_from_inputs", "loss_change_from_relation"):
        assert metric in steps[1]
    assert re.search(r"inputs moved\*\*.*?step 2", steps[1], re.DOTALL)
    assert re.search(r"relation moved\*\*.*?step 3", steps[1], re.DOTALL)


def test_sentences_are_short() -> None:
    """A tired person reads sentences of at most 32 words."""
    for runbook in RUNBOOKS:
        text = re.sub(r"```.*?```", "", runbook.read_text(), flags=re.DOTALL)
        text = re.sub(r"^ *\|.*$", "", text, flags=re.MULTILINE)
        for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:\*|\d+\.) )", text):
            for sentence in re.split(r"(?<=[.?!:;])\s", " ".join(paragraph.split())):
                assert len(sentence.split()) <= 32, (runbook.name, sentence)
