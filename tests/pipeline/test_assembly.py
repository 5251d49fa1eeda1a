from __future__ import annotations

from pathlib import Path

import pytest

from model_drift_exporter.configuration.settings import InputSettings, Settings
from model_drift_exporter.errors import ReferenceProfileError
from model_drift_exporter.pipeline.assembly import (
    make_pipeline,
    open_sources,
)
from model_drift_exporter.reference.profile_file import save_profiles
from model_drift_exporter.sources import FileSource, StdinSource
from tests.support.prediction_log import batch_of, make_rows, profile_of


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


def test_inputs_of_labels_are_read_as_such() -> None:
    """The pipeline knows which ones they are."""
    inputs = (InputSettings("a", name="a"), InputSettings("b", name="b", contains="labels"))
    assert make_pipeline(Settings(inputs=inputs), []).intake.decoding.labels == {"b"}
