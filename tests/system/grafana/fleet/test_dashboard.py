"""Dashboard Fleet: what its queries answer, by the real Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import promql_parser
import pytest

from grafana.src.states import STATES
from prometheus.src.fleet import LOSS_STATES
from prometheus.src.fleet import STATES as RECORDED
from tests.grafana.dashboard_file import FOLDER, Panel, read
from tests.grafana.substitution import ALL, Choice, substituted, with_intervals
from tests.support.promtool import wrong_values
from tests.support.rule_labels import labels_of
from tests.support.rule_series import labelled, series

_FLEET = read(FOLDER / "fleet.json")
_PANELS: Mapping[int, Panel] = {panel.id: panel for panel in _FLEET.panels if panel.id is not None}
_MODELS, _VERDICTS, _TRAFFIC = 10, 20, 21
_TICKET = 2
_RANK = _PANELS[_MODELS].targets[-1].ref_id
_STATE_OF_MODELS = {"loans": 3, "churn": 0, "fraud": 2, "prices": 4, "ranking": 1, "stock": 0}
_JOBS = {"loans": "one", "churn": "one", "fraud": "two", "ranking": "two", "stock": "two"}
"""``prices`` has no target any more."""
_WORST = {
    "loans": ("ModelLossIncreased", 3, 900),
    "prices": ("ModelExporterAbsent", 4, 1_200),
    "fraud": ("ModelFeatureDrift", 2, 600),
}
"""The alert of each model that fires and is worst, its state, and when it began."""


def _query(panel: int, ref_id: str = "A", **chosen: str) -> str:
    [target] = [target for target in _PANELS[panel].targets if target.ref_id == ref_id]
    choice: Choice = {"datasource": "default", "job": ALL, "model": ALL, **chosen}
    return with_intervals(substituted(target.expression, _FLEET.variables, choice), {"__range": "3600s"})


def _column(title: str) -> str:
    """The query that a column of the table is from."""
    [organised] = [each for each in _PANELS[_MODELS].transformations if each["id"] == "organize"]
    [source] = [name for name, shown in organised["options"]["renameByName"].items() if shown == title]
    if source.startswith("Value #"):
        return _query(_MODELS, source.removeprefix("Value #"))
    queries = (_query(_MODELS, target.ref_id) for target in _PANELS[_MODELS].targets)
    [query] = [query for query in queries if source in frozenset().union(*labels_of(promql_parser.parse(query)))]
    return query


def _fleet() -> list[dict[str, str]]:
    """Six models; ``fraud`` has had its ticket for the last half of the time, ``stock`` one that is over."""
    found = []
    for model, state in _STATE_OF_MODELS.items():
        before = {"fraud": 0, "stock": 2}.get(model, state)
        found.append(series("model:state:max", f"{before}x29 {state}x31", model=model))
    for model, job in _JOBS.items():
        labels = {"job": job, "instance": model, "model": model}
        found.append(series("job_instance_model:exporter_targets:group", "1x60", **labels))
    for model, excess in (("loans", 0.2), ("fraud", 1.5), ("churn", 0.4), ("stock", 0.004)):
        found.append(series("model:feature_psi_excess:max1h", f"{excess}x60", model=model))
        found.append(series("model_feature:feature_psi_excess:top1h", f"{excess}x60", model=model, feature="age"))
    for model, (alert, state, since) in _WORST.items():
        severity = "page" if state > _TICKET else "ticket"
        found.append(series("model:alert_firing:top", f"{state}x60", model=model, alert=alert, severity=severity))
        found.append(series("model:state_since_timestamp_seconds:min", f"{since}x60", model=model))
        found += (
            series("model:alert_state:max", "2x60", model=model, alert=each, severity=severity)
            for each in (alert, "ModelTrafficStopped")
        )
    for model, recent in (("loans", 0.3), ("churn", 0.1)):
        for loss, factor in (("zero_one", 1.0), ("other", 0.5)):
            for name, value in (
                ("loss_mean:recent", recent * factor),
                ("loss_reference_mean:max", 0.08 * factor),
                ("loss_tolerated_mean:max", 0.12 * factor),
            ):
                found.append(series(f"model_loss:{name}", f"{value}x60", model=model, loss=loss))
        found.append(series("model_loss:loss_of_tolerated:top", f"{recent / 0.12}x60", model=model, loss="zero_one"))
    for model, records in (("loans", 100), ("churn", 20), ("fraud", 3)):
        found.append(series("model:records:increase1h", f"{records}x60", model=model))
        found.append(series("model:records_expected:min1h", f"{2 * records}x60", model=model))
    return found


def _by_model(values: Mapping[str, float], **labels: str) -> dict[str, float]:
    return {labelled("", model=model, **labels): value for model, value in values.items()}


def _ranked(**models: int) -> dict[str, float]:
    return {
        labelled("", model=model, _order=str(order)): float(_STATE_OF_MODELS[model]) for model, order in models.items()
    }


_EXPECTED: dict[str, tuple[str, dict[str, float]]] = {
    **{
        f"tile {identifier}": (_query(identifier), {"{}": count})
        for identifier, count in {1: 1.0, 5: 1.0, 2: 1.0, 3: 1.0, 4: 2.0}.items()
    },
    "a tile of no model": (_query(1, job="two"), {"{}": 0.0}),
    "verdicts": (_query(_MODELS), _by_model({model: float(state) for model, state in _STATE_OF_MODELS.items()})),
    # A model without any target is of no job, and nobody must miss it.
    "verdicts of a job": (_query(_MODELS, job="one"), _by_model({"loans": 3.0, "churn": 0.0, "prices": 4.0})),
    "verdict of a model": (_query(_MODELS, model="fraud"), _by_model({"fraud": 2.0})),
    "the worst alert": (
        _column("Firing"),
        {labelled("", model=model, alert=alert): state for model, (alert, state, _) in _WORST.items()},
    ),
    "since when it fires, in milliseconds": (
        _column("Since"),
        _by_model({model: since * 1_000 for model, (_, _, since) in _WORST.items()}),
    ),
    "how many alerts": (_column("Alerts"), _by_model(dict.fromkeys(_WORST, 2.0))),
    "the loss now": (_column("Now"), _by_model({"loans": 0.3, "churn": 0.1})),
    "the loss of the reference": (_column("Reference"), _by_model({"loans": 0.08, "churn": 0.08})),
    "the loss that is tolerated": (_column("Tolerated"), _by_model({"loans": 0.12, "churn": 0.12})),
    "predictions an hour": (_column("Per hour"), _by_model({"loans": 100, "churn": 20, "fraud": 3})),
    "all predictions an hour": (_query(_TRAFFIC), {"{}": 123.0}),
    "those of a job": (_query(_TRAFFIC, job="one"), {"{}": 120.0}),
    "predictions to be expected": (_query(_TRAFFIC, "B"), {"{}": 246.0}),
    "features above their noise floor": (
        _column("Excess"),
        _by_model({"loans": 0.2, "fraud": 1.5, "churn": 0.4}, feature="age"),
    ),
    "rank": (
        _query(_MODELS, _RANK),
        _by_model({"prices": 4000, "loans": 3000.2, "fraud": 2001.5, "ranking": 1000, "churn": 0.4, "stock": 0.004}),
    ),
    # The worst state counts first, then for how long; 999 less 200 for each step of the state and 20 of its mean.
    "timeline": (_query(_VERDICTS), _ranked(prices=119, loans=339, fraud=579, stock=579, ranking=779)),
    "the others": (_query(_VERDICTS, "B"), {labelled("", model="Other models"): 0.0}),
    "all quiet": (_query(_VERDICTS, "B", model="churn"), {labelled("", model="All models"): 0.0}),
    "something was recorded": (_query(_VERDICTS, "C"), {}),
    "nothing was recorded": (_query(_VERDICTS, "C", model="none"), {labelled("", model="No model was recorded"): 1.0}),
    "none quiet": (_query(_VERDICTS, "B", model="loans"), {}),
}


@pytest.fixture(scope="module", name="wrong")
def _wrong(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    expected = dict(_EXPECTED.values())
    return wrong_values(tmp_path_factory.mktemp("fleet"), _fleet(), {"59m": expected}, files=("settings.yml",))


@pytest.mark.parametrize("what", _EXPECTED)
def test_a_query_answers(what: str, wrong: dict[str, str]) -> None:
    """Each model once, the right ones, with the right value."""
    expression, _ = _EXPECTED[what]
    assert wrong.get(expression, "") == ""


def test_every_state_that_is_recorded_has_a_text_a_tile_and_a_colour() -> None:
    """And every state of the loss."""
    assert STATES.keys() == RECORDED.keys()
    tiles = [_query(panel.id) for panel in _FLEET.panels if panel.type == "stat" and panel.id is not None]
    assert all(any(f"== {state})" in tile for tile in tiles) for state in STATES)
    [mappings] = [
        each["value"]
        for override in _PANELS[_MODELS].overrides
        if override["matcher"]["options"] == "Loss"
        for each in override["properties"]
        if each["id"] == "mappings"
    ]
    assert mappings[0]["options"].keys() == {str(state) for state in LOSS_STATES}


@pytest.mark.parametrize("ref_id", [target.ref_id for target in _PANELS[_MODELS].targets])
def test_a_column_gives_each_model_at_most_one_row(ref_id: str) -> None:
    """Rows are merged by model: a label that is no column of its own would give a model two."""
    [labels] = labels_of(promql_parser.parse(_query(_MODELS, ref_id)))
    assert labels - {"alert", "feature", "version"} == {"model"}
    assert len(labels) <= 2


def test_the_table_is_sorted_before_its_rank_is_hidden() -> None:
    """Every other column has a title of its own."""
    merged, sorted_, organised = _PANELS[_MODELS].transformations
    assert (merged["id"], sorted_["id"], organised["id"]) == ("merge", "sortBy", "organize")
    [key] = sorted_["options"]["sort"]
    assert key == {"field": f"Value #{_RANK}", "desc": True}
    options = organised["options"]
    assert options["excludeByName"][f"Value #{_RANK}"]
    shown = set(options["renameByName"].values())
    assert len(shown) == len(options["renameByName"])
    assert not options["excludeByName"].keys() & options["renameByName"].keys()
    values = {f"Value #{target.ref_id}" for target in _PANELS[_MODELS].targets}
    assert values <= options["excludeByName"].keys() | options["renameByName"].keys()


def test_the_row_of_quiet_models_begins_when_they_were_first_recorded(tmp_path: Path) -> None:
    """On a fresh Prometheus nothing is said of the hours before: nobody looked then."""
    inputs = [series("model:state:max", "_x50 0x10", model="churn")]
    minutes = f"count_over_time(({_query(_VERDICTS, 'B')})[55m:1m])"
    expected = {minutes: {labelled("", model="All models"): 10.0}}
    assert wrong_values(tmp_path, inputs, {"59m": expected}, files=("settings.yml",)) == {}


def test_only_rows_of_models_lead_to_a_model() -> None:
    """The row of all others, and the one that says why there is none, are no models."""
    linked = [
        override["matcher"]
        for override in _PANELS[_VERDICTS].overrides
        if any(each["id"] == "links" for each in override["properties"])
    ]
    assert linked == [{"id": "byFrameRefID", "options": "A"}]
