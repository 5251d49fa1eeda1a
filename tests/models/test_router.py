from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.models.model import Model
from model_drift_exporter.models.router import OTHER_MODELS, LabelRouter, RejectedLines, Routing
from model_drift_exporter.records.batches import Decoded, LabelBatch, RecordBatch
from model_drift_exporter.records.identifiers import hash_identifiers
from model_drift_exporter.settings.values import parse_window
from tests.sections import monitoring_settings
from tests.support.prediction_log import arrived, batch_of, make_rows

_SETTINGS = monitoring_settings((parse_window("1h"),))


def _records(lines: Sequence[int], identifiers: Sequence[object] | None = None) -> RecordBatch:
    return RecordBatch.of(len(lines), {}, position=lines, id=identifiers)


def _labels(identifiers: Sequence[object], models: Sequence[object] | None = None, first: int = 100) -> LabelBatch:
    size = len(identifiers)
    position = range(first, first + size)
    return LabelBatch.of(size, id=identifiers, model=models, label=["yes"] * size, position=position)


def _identifiers(labels: LabelBatch) -> list[object]:
    return [*labels.fields["id"]]


def _hashes(identifiers: Sequence[object]) -> list[object]:
    return [*hash_identifiers(identifiers)[0].tolist()]


def _model(name: str, identifiers: Sequence[str] = ()) -> Model:
    model = Model(name, None, _SETTINGS)
    if identifiers:
        rows = make_rows(len(identifiers))
        for row, identifier in zip(rows, identifiers, strict=True):
            row["id"] = identifier
        model.process(arrived(batch_of(rows)))
    return model


def test_each_model_gets_one_batch_of_all_that_a_chunk_holds() -> None:
    """Its records, its labels and the lines rejected behind its records; what is of no model is left out."""
    routing = Routing("a", 20)
    models = {"a": _model("a"), "b": _model("b", ["1"])}
    records = RecordBatch.of(4, {}, model=[None, "b", "c", "b"], position=[0, 2, 4, 6])
    decoded = Decoded(records, _labels(["1", "2"], ["b", "a"]), rejected=np.array([1, 3, 5, 7]))
    own = routing.by_model(records)
    assert {name: batch.size for name, batch in own.items()} == {"a": 1, "b": 2, "c": 1}
    routed = routing.route(decoded, own, models, arrival=7.0, input_name="log")
    assert [*routed] == ["a", "b"]
    found = {
        name: (batch.size, _identifiers(batch.labels) if batch.labels else [], batch.rejected.tolist())
        for name, batch in routed.items()
    }
    assert found == {"a": (1, _hashes(["2"]), [1]), "b": (2, _hashes(["1"]), [3, 7])}
    assert {batch.arrival for batch in routed.values()} == {7.0}
    assert routing.labels(models) == {"a": 1, "b": 1}
    only_lines = routing.route(Decoded(rejected=np.array([8])), {}, models, arrival=8.0, input_name="log")
    assert [(name, batch.records, batch.rejected.tolist()) for name, batch in only_lines.items()] == [("b", None, [8])]


@given(st.lists(st.sampled_from(["a", "b", "bad"]), max_size=30), st.lists(st.integers(0, 30), max_size=4))
def test_rejected_lines_are_of_the_record_before(kinds: list[str], cuts: list[int]) -> None:
    """Of the nearest earlier record of the input, at the start of the next one, however lines come in chunks."""
    rejected = RejectedLines()
    found: dict[int, str] = {}
    ends = [0, *sorted(min(cut, len(kinds)) for cut in cuts), len(kinds)]
    for low, high in pairwise(ends):
        lines = {kind: [line for line in range(low, high) if kinds[line] == kind] for kind in ("a", "b", "bad")}
        batches = {name: _records(lines[name]) for name in ("b", "a") if lines[name]}
        for name, own in rejected.attribute("log", np.array(lines["bad"], dtype=np.int64), batches).items():
            assert own.tolist() == sorted(own.tolist())
            found.update(dict.fromkeys(own.tolist(), name))
    expected: dict[int, str] = {}
    for line, kind in enumerate(kinds):
        around = [*reversed(kinds[:line]), *kinds[line:]]
        owner = next((other for other in around if other != "bad"), None)
        if kind == "bad" and owner is not None:
            expected[line] = owner
    assert found == expected


def test_inputs_are_kept_apart_and_waiting_lines_are_bounded() -> None:
    """A record of one input owns no bad line of another; without any record the oldest lines are let go."""
    rejected = RejectedLines()
    assert rejected.attribute("log", np.arange(150_000), {}) == {}
    assert rejected.attribute("other", np.array([3]), {"m": _records([4])})["m"].tolist() == [3]
    restored = RejectedLines()
    restored.restore(rejected.snapshot())
    own = restored.attribute("log", np.array([150_001]), {"n": _records([150_000])})["n"]
    assert (len(own), own[-1]) == (100_001, 150_001)
    assert restored.attribute("other", np.array([9]), {})["m"].tolist() == [9]


def test_labels_go_to_the_model_they_name() -> None:
    """With one model those that name none are its own, in the order of their lines."""
    routing = LabelRouter(20)
    models = {"a": _model("a")}
    found = routing.route(_labels([1, 2, 3], ["a", None, "a"]), models, "default", {})
    assert found.keys() == {"a"}
    assert _identifiers(found["a"]) == _hashes([1, 2, 3])
    assert found["a"].position.tolist() == [100, 101, 102]
    assert routing.counted(models, "default") == {"a": 3}


def test_unnamed_labels_go_to_the_model_that_knows_them() -> None:
    """By its stored predictions or by those that came just before; unknown ones go to the default, else to the first."""
    models = {"a": _model("a", ["1", "2"]), "b": _model("b", ["3"])}
    routing = LabelRouter(20)
    batches = {"b": _records([99, 103], ["4", "6"])}
    found = routing.route(_labels(["3", "1", "4", "5", "6"]), models, "b", batches)
    assert {name: _identifiers(part) for name, part in found.items()} == {
        "a": _hashes(["1"]),
        "b": _hashes(["3", "4", "5", "6"]),
    }
    assert routing.route(_labels(["5"]), models, "default", {}).keys() == {"a"}
    without = LabelBatch.of(2, label=["yes", "no"])
    assert {name: part.size for name, part in routing.route(without, models, "b", {}).items()} == {"b": 2}
    mixed = routing.route(_labels(["3", "9", "1"], [None, "b", None]), models, "b", {})
    assert _identifiers(mixed["b"]) == _hashes(["3", "9"])


def test_labels_wait_for_their_model() -> None:
    """Those that name it, and with the first model those that name none; each is claimed once."""
    routing = LabelRouter(20)
    assert routing.route(_labels([1, 2, 3], ["a", None, "b"]), {}, "default", {}) == {}
    assert routing.counted({}, "default") == {"a": 1, "default": 1, "b": 1}
    renewed = LabelRouter(20)
    renewed.take_over(routing)
    kept = LabelRouter(20)
    kept.restore(routing.snapshot())
    for each in (renewed, kept):
        claimed = each.claim("a", unnamed=True)
        assert [_identifiers(part) for part in claimed] == [_hashes([2]), _hashes([1])]
        assert each.claim("a", unnamed=True) == []
    assert renewed.counted({"a": _model("a")}, "default") == {"a": 2, "b": 1}


@pytest.mark.parametrize("name", ["a", None])
def test_waiting_labels_are_bounded(name: str | None) -> None:
    """The oldest are let go; labels of models beyond the limit, which never come, do not wait at all."""
    routing = LabelRouter(2)
    for _ in range(3):
        routing.route(_labels(range(40_000), [name] * 40_000), {}, "default", {})
    assert sum(part.size for part in routing.claim("a", unnamed=True)) == 80_000
    models = {"x": _model("x"), "y": _model("y")}
    routing.route(_labels([1, 2], ["z", OTHER_MODELS]), models, "default", {})
    assert routing.claim("z", unnamed=False) == []
    assert routing.counted(models, "default")[OTHER_MODELS] == 120_002


def test_names_in_labels_are_bounded() -> None:
    """Labels with ever new model names take no more memory than the limit allows, and none is lost."""
    routing = LabelRouter(3)
    for start in range(0, 1_000, 50):
        routing.route(_labels(range(50), [f"m{index}" for index in range(start, start + 50)]), {}, "default", {})
    assert len(routing.counts) < 60
    assert sum(routing.counted({}, "default").values()) == 1_000
