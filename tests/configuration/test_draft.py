from __future__ import annotations

import pytest

from model_drift_exporter.configuration.draft import Draft, InputDraft, Place
from model_drift_exporter.configuration.settings import InputSettings
from model_drift_exporter.errors import ConfigurationError
from model_drift_exporter.formats import format_of_body
from model_drift_exporter.settings.values import parse_window
from model_drift_exporter.sources import IngestSource

FILE = Place("exporter.yaml", 3, 5)
FLAG = Place("--windows")


def named(path: str, name: str | None = None) -> InputDraft:
    """An input as it was written, with or without a name."""
    return InputDraft(FILE, {"path": path} | ({"name": name} if name else {}), {})


def test_a_draft_becomes_settings_with_defaults() -> None:
    """What was not put keeps its default, in sections too."""
    draft = Draft()
    draft.put(("web", "max_requests"), 7, FILE)
    settings = draft.finish()
    assert settings.web.max_requests == 7
    assert settings.web.listen_address == ("", 9877)


def test_the_overlay_wins_and_adds_its_problems() -> None:
    """The file's problems come before those without a line, whatever the order they were found in."""
    flags, file = Draft(), Draft()
    flags.problems.append(FLAG.problem("wrong flag"))
    file.problems.append(FILE.problem("wrong line"))
    file.put(("windows",), (parse_window("1h"),), FILE)
    flags.put(("windows",), (parse_window("2h"),), FLAG)
    flags.overlay(file)
    assert flags.values["windows",] == (parse_window("1h"),)
    with pytest.raises(ConfigurationError) as raised:
        flags.finish()
    assert [str(problem) for problem in raised.value.problems] == [
        "exporter.yaml:3:5: wrong line",
        "--windows: wrong flag",
    ]


def test_inputs_without_a_name_get_a_free_one() -> None:
    """Names that were given are never taken, not even by an input before them."""
    draft = Draft()
    draft.put_inputs([named("a"), named("b", "log"), named("-"), named("c"), named("d", "log3"), named("e")], FILE)
    assert [each.name for each in draft.finish().inputs] == ["log2", "log", "stdin", "log4", "log3", "log5"]


def test_inputs_of_one_name_or_path_are_mistakes() -> None:
    """The second one is complained about, at its own place."""
    draft = Draft()
    second = InputDraft(FILE, {"path": "b", "name": "x"}, {"name": Place("exporter.yaml", 9, 9)})
    draft.put_inputs([named("a", "x"), second, named("a")], FILE)
    assert [str(problem) for problem in draft.problems] == [
        'exporter.yaml:9:9: two inputs have the name "x"; give each a name of its own',
        'exporter.yaml:3:5: two inputs read "a"; leave one of them out',
    ]
    assert draft.values["inputs",] == (InputSettings("a", "x"),)


def test_two_fields_cannot_have_the_same_name() -> None:
    """A record's field holds one thing, and the decoder could not tell which."""
    draft = Draft()
    draft.put(("fields", "time"), "when", FILE)
    draft.put(("fields", "id"), "when", FILE)
    with pytest.raises(ConfigurationError, match='are both "when"; a field holds one thing'):
        draft.finish()


def test_a_csv_file_cannot_start_at_its_end() -> None:
    """Without the header no column has a name."""
    draft = Draft()
    draft.put_inputs([InputDraft(FILE, {"path": "rows.csv.gz", "start": "end"}, {})], FILE)
    with pytest.raises(ConfigurationError, match="the header of a CSV file is at its beginning"):
        draft.finish()


def test_an_input_may_not_be_called_as_posted_records_are() -> None:
    """They are an input of this name; without them the name is free."""
    draft = Draft()
    draft.put_inputs([named("log.jsonl", IngestSource(format_of_body).input)], FILE)
    with pytest.raises(
        ConfigurationError, match="input ingest: this is the name of posted records; give it another name"
    ):
        draft.finish()
    draft = Draft()
    draft.put_inputs([named("log.jsonl", "ingest")], FILE)
    draft.put(("ingest", "enabled"), False, FILE)
    assert [each.name for each in draft.finish().inputs] == ["ingest"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"path": "a.parquet", "framing": "newline"},
            "a Parquet file is read whole, so it has no framing; leave framing",
        ),
        ({"path": "-", "format": "parquet"}, "a Parquet file cannot be read from standard input; write it into a file"),
        ({"path": "a", "framing": "length", "start": "end"}, "with framing: length only the beginning tells"),
    ],
)
def test_what_a_framing_does_not_allow_is_a_mistake(values: dict[str, str], message: str) -> None:
    """It is said before anything is read."""
    draft = Draft()
    draft.put_inputs([InputDraft(FILE, {**values}, {})], FILE)
    with pytest.raises(ConfigurationError, match=f"input (log|stdin): {message}"):
        draft.finish()
