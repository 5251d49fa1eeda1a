from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model_drift_exporter.configuration.flags import settings_from
from model_drift_exporter.configuration.settings import InputSettings, Settings
from model_drift_exporter.errors import ReferenceProfileError
from model_drift_exporter.evidence.settings import EvidenceOptions
from model_drift_exporter.labels.settings import LabelOptions
from model_drift_exporter.pipeline import assembly
from model_drift_exporter.pipeline.assembly import (
    build_options,
    evidence_options,
    label_options,
    make_pipeline,
    open_sources,
    track_options,
)
from model_drift_exporter.reference.store import save_profiles
from model_drift_exporter.sources import FileSource, StdinSource
from tests.prediction_log import batch_of, make_rows, profile_of


def test_references_are_those_of_the_settings_or_those_that_are_loaded(tmp_path: Path) -> None:
    """Who has loaded them need not do so twice; two of one model are a mistake."""
    profile = profile_of([batch_of(make_rows(300))], model="a")
    names = tuple(str(tmp_path / name) for name in ("one.json", "two.json"))
    for name in names:
        save_profiles(Path(name), [profile], "2026-01-01T00:00:00Z")
    assert make_pipeline(Settings(reference=names[:1]), []).models.references == {"a": profile}
    with pytest.raises(ReferenceProfileError, match=r"two\.json: model a has a reference in .*one\.json already"):
        make_pipeline(Settings(reference=names), [])
    assert make_pipeline(Settings(reference=names), [], [profile]).models.references == {"a": profile}
    assert make_pipeline(Settings(reference=names), [], []).models.references == {}


def test_sources_are_what_the_inputs_say() -> None:
    """A path is a file, a dash standard input, with the format of the input."""
    inputs = [InputSettings("a.log", format="csv"), InputSettings("-", name="stdin", format="csv")]
    sources = open_sources(inputs, Settings())
    assert [type(source) for source in sources] == [FileSource, StdinSource]
    assert [(source.input, source.format) for source in sources] == [("log", "csv"), ("stdin", "csv")]


@pytest.mark.parametrize(
    ("flags", "read", "expected"),
    [
        (["limits__categories", "7"], lambda settings: build_options(settings).categories, 7),
        (["limits__minimum_count", "3"], lambda settings: build_options(settings).minimum_count, 3),
        (["model__threshold", "0.3"], lambda settings: build_options(settings).threshold, 0.3),
        (["model__positive_class", "bad"], lambda settings: build_options(settings).positive_class, "bad"),
        (["model__task", "regression"], lambda settings: build_options(settings).task, "regression"),
        (["learn__records", "777"], lambda settings: track_options(settings).learn_records, 777),
        (["limits__series_per_model", "500"], lambda settings: track_options(settings).series_per_model, 500),
        (["evidence__false_page", "1 a year"], lambda settings: track_options(settings).evidence.page_budget, 525_600),
        (["evidence__false_ticket", "1 a day"], lambda settings: evidence_options(settings).ticket_budget, 1_440),
        (["evidence__update_records", "20"], lambda settings: evidence_options(settings).update_records, 20),
        (["evidence__update_interval", "1m"], lambda settings: evidence_options(settings).update_seconds, 60),
        (["loss__tolerance", "0.02"], lambda settings: evidence_options(settings).loss_tolerance, 0.02),
        (["loss__relative_tolerance", "0.3"], lambda settings: evidence_options(settings).loss_relative_tolerance, 0.3),
        (["labels__capacity", "5000"], lambda settings: track_options(settings).labels.capacity, 5_000),
        (["labels__horizon", "7d"], lambda settings: label_options(settings).horizon, 7 * 86_400),
        (["labels__maturity", "1d"], lambda settings: label_options(settings).maturity, 86_400),
        (["labels__maturity", "auto"], lambda settings: label_options(settings).maturity, None),
        (["labels__expected", "no"], lambda settings: label_options(settings).expected, "no"),
        (["labels__delay_independent", True], lambda settings: label_options(settings).delay_independent, True),
    ],
)
def test_settings_reach_the_models(flags: list[Any], read: Callable[[Settings], object], expected: object) -> None:
    """What the flags say is what references are built and models followed with."""
    assert read(settings_from({flags[0]: flags[1]})) == expected


def test_a_source_of_another_kind_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scheme of a path chooses the source; a path with an unknown one is a file's name."""
    opened: list[tuple[str, bool]] = []

    def open_queue(each: InputSettings, settings: Settings, once: bool) -> StdinSource:
        opened.append((each.path, once))
        return StdinSource(each.name)

    monkeypatch.setattr(assembly, "SOURCES", {**assembly.SOURCES, "queue": open_queue})
    inputs = (InputSettings("queue://a", name="a"), InputSettings("other://b", name="b"))
    sources = assembly.open_sources(inputs, Settings(inputs=inputs), once=True)
    assert opened == [("queue://a", True)]
    assert isinstance(sources[1], FileSource)


def test_the_defaults_are_those_of_the_options() -> None:
    """What the settings say in words is what the evidence and the labels take by themselves."""
    assert evidence_options(Settings()) == EvidenceOptions()
    assert label_options(Settings()) == LabelOptions()


def test_inputs_of_labels_are_read_as_such() -> None:
    """The pipeline knows which ones they are."""
    inputs = (InputSettings("a", name="a"), InputSettings("b", name="b", contains="labels"))
    assert make_pipeline(Settings(inputs=inputs), []).decoding.labels == {"b"}
