from __future__ import annotations

import subprocess
import sys
from typing import Any

import attrs
import pytest

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
    LossSettings,
    ModelSettings,
    PollSettings,
    Settings,
    StateSettings,
    WebSettings,
)
from model_drift_exporter.settings.declaring import all_settings, section_class
from model_drift_exporter.settings.values import SettingError, Window


def test_the_defaults_are_those_of_the_design() -> None:
    """Nothing needs to be configured."""
    settings = Settings()
    assert settings.reference == ()
    assert settings.inputs == ()
    assert settings.windows == ("1h", "24h", "1000")
    assert settings.learn.records == 5_000
    assert attrs.astuple(settings.limits) == (20, 20, 30_000, 1_048_576, 10)
    assert attrs.astuple(settings.web) == (":9877", "/metrics", False, 40)
    assert attrs.astuple(settings.ingest) == (True, "", 8 * 2**20, 16 * 2**20)
    assert attrs.astuple(settings.log) == ("info", "logfmt")
    assert settings.poll.interval_seconds == 0.25


def test_windows_come_parsed_too() -> None:
    """The pipeline reads lengths, not text."""
    assert Settings(windows=("90s", "10")).parsed_windows == (Window("90s", seconds=90), Window("10", records=10))


def test_an_input_needs_only_a_path() -> None:
    """Format and start have defaults."""
    assert attrs.asdict(InputSettings("a.jsonl")) == {
        "path": "a.jsonl",
        "name": "log",
        "format": "auto",
        "start": "beginning",
        "contains": "auto",
    }


@pytest.mark.parametrize(
    ("section", "wrong"),
    [
        (Settings, {"windows": ()}),
        (Settings, {"windows": ("1h", "60m")}),
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
        (LabelSettings, {"horizon": "1s"}),
        (LabelSettings, {"maturity": "soon"}),
        (LabelSettings, {"expected": "maybe"}),
        (EvidenceSettings, {"false_page": "10 years"}),
        (EvidenceSettings, {"false_ticket": "1 a second"}),
        (EvidenceSettings, {"update_interval": "10ms"}),
        (LossSettings, {"tolerance": 2.0}),
        (StateSettings, {"interval": "0s"}),
        (InputSettings, {"path": "a", "contains": "predictions"}),
        (LimitSettings, {"models": 0}),
        (LimitSettings, {"line_bytes": "1MiB"}),
        (PollSettings, {"interval": "1ms"}),
        (WebSettings, {"listen_address": "9877"}),
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
        assert setting.unset or setting.default not in (None, "", ()), setting.key


def test_every_section_is_described() -> None:
    """The docstring of a section is its text in the documentation."""
    sections = [cls for attribute in attrs.fields(Settings) if (cls := section_class(attribute)) is not None]
    assert len(sections) == 13
    assert all((cls.__doc__ or "").endswith(".") for cls in sections)


def test_settings_do_not_change() -> None:
    """A reload makes new settings; nobody edits the old ones."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Settings().web.max_requests = 1  # type: ignore[misc]  # what the test is about


def test_importing_the_configuration_loads_no_yaml() -> None:
    """A start without a file does not pay for YAML, and the configuration needs no NumPy."""
    code = (
        "import sys, model_drift_exporter.configuration.settings, model_drift_exporter.configuration.yaml_file;"
        "print(sorted({'yaml', 'cattrs', 'numpy', 'difflib', 'click'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_durations_are_seconds_for_programs() -> None:
    """What is written in words is read as numbers; without a path no state is kept."""
    assert PollSettings(interval="100ms").interval_seconds == 0.1
    assert StateSettings(interval="1m").interval_seconds == 60
    assert StateSettings().path is None
