from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.formats.schema import FIELD_CANDIDATES, MAXIMUM_FEATURES, Schema
from model_drift_exporter.records.columns import Numbers, Texts
from model_drift_exporter.records.fields import FIELDS


def learned(*records: dict[str, object], schema: Schema | None = None) -> Schema:
    schema = schema or Schema()
    for record in records:
        schema.learn(record)
    return schema


@pytest.mark.parametrize(
    ("field", "name"), [(field, name) for field, names in FIELD_CANDIDATES.items() for name in names]
)
def test_every_common_name_is_detected(field: str, name: str) -> None:
    """Each candidate alone names its field; some only beside an object of features."""
    record: dict[str, object] = {name: {"age": 1}}
    if field in FIELDS and FIELDS[field].only_nested:
        record["features"] = {"age": 1}
    assert learned(record).fields[field] == name


def test_the_first_candidate_present_wins_and_stays() -> None:
    """Of two candidates in one record the earlier in the table is taken, and a later record changes nothing."""
    schema = learned({"timestamp": 1, "ts": 2}, {"time": 3})
    assert schema.fields["time"] == "ts"


def test_a_configured_name_beats_detection() -> None:
    """With a configured name its candidates are not even looked for."""
    schema = learned({"score": 0.4, "risk": 0.3, "features": {}}, schema=Schema({"score": "risk", "time": None}))
    assert schema.fields == {"score": "risk", "features": "features"}


def test_features_of_a_nested_record_are_the_keys_of_its_object() -> None:
    """What stands beside the object of features is no feature."""
    schema = learned({"features": {"age": 1, "plan": "x"}, "comment": "y", "prediction": 1})
    assert (schema.nested, list(schema.features)) == (True, ["age", "plan"])


def test_features_of_a_flat_record_are_its_other_fields() -> None:
    """Without an object of features each field that is nothing else is one."""
    schema = learned({"ts": 1, "age": 1, "prediction": 1, "plan": None})
    assert (schema.nested, list(schema.features)) == (False, ["age", "plan"])


@pytest.mark.parametrize("broken", [None, [1, 2], 3.5, "x", True])
def test_features_that_are_no_object_are_not_one_flat_feature(broken: object) -> None:
    """A field called features with something else than an object in it becomes no column of that name."""
    schema = learned({"features": broken, "prediction": 1})
    assert (schema.nested, dict(schema.features)) == (None, {})


def test_a_configured_container_is_waited_for() -> None:
    """While the configured object of features has not been seen, other fields are no features."""
    schema = learned({"age": 1, "prediction": 1}, schema=Schema({"features": "inputs"}))
    assert (schema.nested, dict(schema.features)) == (None, {})
    assert list(learned({"inputs": {"age": 2}}, schema=schema).features) == ["age"]


def test_what_stands_beside_a_label_is_no_feature() -> None:
    """A line with an id and a label but nothing that a model said teaches field names only."""
    schema = learned({"id": "7", "label": 1, "labelled_by": "ann"})
    assert (schema.fields, dict(schema.features)) == ({"id": "id", "label": "label"}, {})


@pytest.mark.parametrize(
    "record",
    [
        {"age": 3, "label": 1},
        {"id": 1, "age": 3, "label": 1, "prediction": 0},
        {"id": 1, "age": 3, "label": 1, "score": 0.2},
        {"id": 1, "age": 3, "label": 1, "probabilities": [0.2, 0.8]},
    ],
)
def test_a_row_with_a_label_keeps_its_features(record: dict[str, object]) -> None:
    """Training rows (a label without an id) and judged predictions (a label beside an output) have features."""
    assert list(learned(record).features) == ["age"]


def test_include_and_exclude_choose_features() -> None:
    """Only included names are remembered, and none that is excluded."""
    record: dict[str, object] = {"features": {"a": 1, "b": 2, "c": 3}}
    assert list(learned(record, schema=Schema(include=frozenset("ab"))).features) == ["a", "b"]
    assert list(learned(record, schema=Schema(exclude=frozenset("ab"))).features) == ["c"]


def test_a_closed_schema_notes_what_it_does_not_take_in() -> None:
    """Features that no reference has are unknown, until the schema is opened and takes them in."""
    schema = Schema(exclude=frozenset({"d"}), closed=True)
    schema.add_features(["a"])
    learned({"features": {"a": 1, "b": 2, "d": 3}}, schema=schema)
    assert (list(schema.features), list(schema.unknown)) == (["a"], ["b"])
    generation = schema.generation
    schema.open()
    assert (list(schema.features), list(schema.unknown), schema.closed) == (["a", "b"], [], False)
    assert schema.generation > generation


def test_data_in_keys_cannot_fill_the_memory() -> None:
    """Neither features nor unknown names grow beyond the limit, open or closed."""
    for schema in (Schema(), Schema(closed=True)):
        for start in range(0, 3 * MAXIMUM_FEATURES, 100):
            learned({"features": {f"f{number}": 1 for number in range(start, start + 100)}}, schema=schema)
        schema.open()
        assert len(schema.features) == MAXIMUM_FEATURES
        assert len(schema.unknown) <= MAXIMUM_FEATURES


def test_names_beyond_the_limit_stay_known_when_the_schema_opens() -> None:
    """What is not counted can still be named."""
    schema = Schema(closed=True)
    schema.add_features(f"f{number}" for number in range(MAXIMUM_FEATURES))
    schema.note_unknown("new")
    schema.open()
    assert ("new" in schema.features, list(schema.unknown)) == (False, ["new"])


def test_configuring_again_forgets_what_was_learned() -> None:
    """After ``configure`` a schema is as new, with a new generation."""
    schema = learned({"features": {"a": 1}, "score": 0.5})
    generation = schema.generation
    schema.configure({"id": "key", "time": None}, frozenset(), frozenset({"x"}), closed=True)
    assert (schema.fields, dict(schema.features), schema.nested, schema.closed) == ({"id": "key"}, {}, None, True)
    assert schema.exclude == {"x"}
    assert schema.generation > generation


def test_flat_records_before_nested_ones_make_a_mixed_log() -> None:
    """Only records with an output count as flat ones: what a program says at its start is none."""
    nested: dict[str, object] = {"features": {"a": 1}, "prediction": 1}
    assert not learned({"message": "start"}, nested, {"b": 1, "prediction": 1}).mixed
    schema = learned({"b": 1, "prediction": 1}, nested)
    assert (schema.mixed, list(schema.features)) == (True, ["b", "a"])


@pytest.mark.parametrize(("name", "unit"), [("latency_ms", 0.001), ("duration_ms", 0.001), ("latency", 1), ("", 1)])
def test_the_unit_of_a_latency_is_in_its_name(name: str, unit: float) -> None:
    """A name that ends in ms is in milliseconds; what is missing or no number stays so."""
    column = Numbers(np.array([12.0, np.nan, np.nan]), np.array([2]))
    found = Schema({"latency": name}).in_seconds(column)
    assert [*found] == [12 * unit, None, []]
    texts = Texts.of(["fast"])
    assert Schema({"latency": name}).in_seconds(texts) is texts


_NAMES = st.sampled_from(["ts", "id", "label", "prediction", "score", "features", "inputs", "age", "plan", "city"])
_RECORDS = st.dictionaries(_NAMES, st.one_of(st.none(), st.integers(), st.dictionaries(_NAMES, st.integers())))


@given(st.lists(_RECORDS, max_size=8))
def test_the_generation_tells_of_every_change(records: list[dict[str, object]]) -> None:
    """Fields, features and form only ever change together with the generation; learning twice changes nothing."""
    schema = Schema()

    def state() -> tuple[object, ...]:
        return dict(schema.fields), list(schema.features), schema.nested

    for record in records:
        before, generation = state(), schema.generation
        schema.learn(record)
        assert (state() != before) == (schema.generation != generation)
        before, generation = state(), schema.generation
        schema.learn(record)
        assert (state(), schema.generation) == (before, generation)
