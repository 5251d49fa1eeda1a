from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from model_drift_exporter.configuration.flags import settings_from
from model_drift_exporter.configuration.settings import (
    EvidenceSettings,
    FeatureSettings,
    FieldSettings,
    IngestSettings,
    InputSettings,
    LabelSettings,
    LearnSettings,
    LimitSettings,
    LogSettings,
    ModelSettings,
    PollSettings,
    Settings,
    StateSettings,
    WebSettings,
)
from model_drift_exporter.models.settings import MonitoringSettings
from model_drift_exporter.monitors import MONITORS, sections_of
from model_drift_exporter.monitors.loss import LossSettings
from model_drift_exporter.settings.declarations import all_settings, section_class
from model_drift_exporter.settings.kinds import Repeated
from model_drift_exporter.settings.values import SettingError, Window, parse_window


def test_the_defaults_are_those_of_the_design() -> None:
    """Nothing needs to be configured."""
    settings = Settings()
    assert settings.reference == ()
    assert settings.inputs == ()
    assert settings.windows == (Window("1h", 3_600), Window("24h", 86_400), Window("1000", records=1_000))
    assert settings.learn.records == 5_000
    assert attrs.astuple(settings.limits) == (20, 20, 30_000, 1_048_576, 10)
    assert attrs.astuple(settings.web) == (("", 9_877), "/metrics", False, 40)
    assert attrs.astuple(settings.ingest) == (True, None, 8 * 2**20, 16 * 2**20)
    assert attrs.astuple(settings.log) == ("info", "logfmt")
    assert settings.poll.interval == 0.25


def test_an_input_needs_only_a_path() -> None:
    """Format and start have defaults."""
    assert attrs.asdict(InputSettings("a.jsonl")) == {
        "path": "a.jsonl",
        "name": "log",
        "format": "auto",
        "start": "beginning",
        "contains": "auto",
        "framing": "auto",
    }


@pytest.mark.parametrize(
    ("section", "wrong"),
    [
        (Settings, {"windows": ()}),
        (Settings, {"windows": ("1h",)}),
        (Settings, {"windows": (parse_window("1h"), parse_window("60m"))}),
        (Settings, {"windows": (Window("1h", records=10),)}),
        (Settings, {"reference": "reference.json"}),
        (Settings, {"inputs": ("a.jsonl",)}),
        (Settings, {"inputs": (InputSettings("a"), InputSettings("b"))}),
        (InputSettings, {"path": ""}),
        (InputSettings, {"path": "a", "name": "1st"}),
        (InputSettings, {"path": "a", "format": "xml"}),
        (FieldSettings, {"time": ""}),
        (ModelSettings, {"threshold": 1.5}),
        (ModelSettings, {"classes": ("a", "a")}),
        (FeatureSettings, {"kinds": {"a": "number"}}),
        (LearnSettings, {"records": 99}),
        (LabelSettings, {"capacity": 10}),
        (LabelSettings, {"horizon": 1.0}),
        (LabelSettings, {"maturity": "1d"}),
        (LabelSettings, {"expected": "maybe"}),
        (EvidenceSettings, {"false_page": "1 in 10 years"}),
        (EvidenceSettings, {"false_ticket": 1 / 60}),
        (EvidenceSettings, {"update_interval": 0.01}),
        (LossSettings, {"tolerance": 2.0}),
        (StateSettings, {"interval": 0.0}),
        (InputSettings, {"path": "a", "contains": "predictions"}),
        (LimitSettings, {"models": 0}),
        (LimitSettings, {"line_bytes": "1MiB"}),
        (PollSettings, {"interval": 0.001}),
        (WebSettings, {"listen_address": ":9877"}),
        (WebSettings, {"enable_lifecycle": 1}),
        (IngestSettings, {"max_body_bytes": 0}),
        (LogSettings, {"level": "warning"}),
    ],
)
def test_a_wrong_value_is_refused_by_name(section: type[Any], wrong: dict[str, object]) -> None:
    """Values are checked however they are made, and the message begins with the setting."""
    with pytest.raises(SettingError, match=f"^{list(wrong)[-1]}: "):
        section(**wrong)


def test_every_setting_is_described() -> None:
    """Flags and documentation have a sentence for every setting, and words for a default that is empty."""
    settings = [*all_settings(Settings), *all_settings(InputSettings)]
    assert len(settings) > 40
    for setting in settings:
        assert setting.help.endswith("."), setting.key
        assert setting.shown_default, setting.key


def test_every_section_is_described() -> None:
    """The docstring of a section is its text in the documentation."""
    sections = {
        attribute.name: cls for attribute in attrs.fields(Settings) if (cls := section_class(attribute)) is not None
    }
    own = [
        "fields",
        "model",
        "features",
        "learn",
        "labels",
        "evidence",
        "state",
        "limits",
        "poll",
        "web",
        "ingest",
        "log",
    ]
    of_monitors = sections_of(MONITORS)
    assert sections.keys() == {*own, *of_monitors}
    assert {name: sections[name] for name in of_monitors} == of_monitors
    assert all((cls.__doc__ or "").endswith(".") for cls in sections.values())


def test_settings_do_not_change() -> None:
    """A reload makes new settings; nobody edits the old ones."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Settings().web.max_requests = 1  # type: ignore[misc]  # what the test is about


@pytest.mark.parametrize(
    ("flag", "text", "read", "expected"),
    [
        ("windows", "90s,10", lambda found: found.windows, (Window("90s", seconds=90), Window("10", records=10))),
        ("limits__categories", "7", lambda found: found.build.chosen["categories"], 7),
        ("limits__minimum_count", "3", lambda found: found.build.chosen["minimum_count"], 3),
        ("limits__series_per_model", "500", lambda found: found.limits.series_per_model, 500),
        ("model__threshold", "0.3", lambda found: found.build.chosen["threshold"], 0.3),
        ("model__positive_class", "bad", lambda found: found.build.chosen["positive_class"], "bad"),
        ("model__task", "regression", lambda found: found.build.chosen["task"], "regression"),
        ("learn__records", "777", lambda found: found.learn.records, 777),
        ("evidence__false_page", "1 a year", lambda found: found.evidence.false_page, 525_600),
        ("evidence__false_ticket", "1 a day", lambda found: found.evidence.false_ticket, 1_440),
        ("evidence__update_records", "20", lambda found: found.evidence.update_records, 20),
        ("evidence__update_interval", "1m", lambda found: found.evidence.update_interval, 60),
        ("evidence__update_labels", "30", lambda found: found.evidence.update_labels, 30),
        ("evidence__location_tolerance", "0.1", lambda found: found.evidence.location_tolerance, 0.1),
        ("evidence__missing_tolerance", "0.01", lambda found: found.evidence.missing_tolerance, 0.01),
        ("evidence__broken_tolerance", "0.2", lambda found: found.evidence.broken_tolerance, 0.2),
        ("evidence__psi_tolerance", "0.1", lambda found: found.evidence.psi_tolerance, 0.1),
        ("loss__tolerance", "0.02", lambda found: found.monitors["loss"].tolerance, 0.02),
        ("loss__relative_tolerance", "0.3", lambda found: found.monitors["loss"].relative_tolerance, 0.3),
        ("labels__capacity", "5000", lambda found: found.labels.capacity, 5_000),
        ("labels__horizon", "7d", lambda found: found.labels.horizon, 7 * 86_400),
        ("labels__maturity", "1h30m", lambda found: found.labels.maturity, 5_400),
        ("labels__maturity", "auto", lambda found: found.labels.maturity, None),
        ("labels__expected", "no", lambda found: found.labels.expected, "no"),
        ("labels__delay_independent", True, lambda found: found.labels.delay_independent, True),
    ],
)
def test_settings_reach_the_models_as_values(
    flag: str, text: object, read: Callable[[MonitoringSettings], object], expected: object
) -> None:
    """What is written in words is what references are built and models are monitored with, in seconds and minutes."""
    assert read(settings_from({flag: text}).monitoring) == expected


def test_who_gives_an_input_of_labels_expects_some() -> None:
    """Unless the setting says otherwise."""
    inputs = (InputSettings("a", contains="labels"),)
    assert Settings().monitoring.labels.expected == "auto"
    assert Settings(inputs=inputs).monitoring.labels.expected == "yes"
    assert Settings(inputs=inputs, labels=LabelSettings(expected="no")).monitoring.labels.expected == "no"


def test_every_default_is_the_value_of_its_text() -> None:
    """The text that the documentation shows would be read as the default."""
    for setting in all_settings(Settings):
        if not setting.unset and not isinstance(setting.kind, Repeated):
            assert setting.kind.parse(setting.shown_default) == setting.default, setting.key
