from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_drift_exporter.configuration.settings import InputSettings, Settings
from model_drift_exporter.configuration.yaml_file import read_configuration
from model_drift_exporter.errors import ConfigurationError

EXAMPLE = Path(__file__).parents[2] / "docs" / "exporter.example.yaml"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a test writes its configuration."""
    return tmp_path / "exporter.yaml"


def load(file: Path, text: str | bytes) -> Settings:
    """The settings of a file with this text."""
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_configuration(file).finish()


def mistakes(file: Path, text: str | bytes) -> list[str]:
    """The problems of a file, each without the file's name."""
    with pytest.raises(ConfigurationError) as raised:
        load(file, text)
    assert all(problem.place == str(file) for problem in raised.value.problems)
    return [str(problem).removeprefix(f"{file}:").strip() for problem in raised.value.problems]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "web:\n", "\ufeff", "{}"])
def test_an_empty_file_means_the_defaults(file: Path, text: str) -> None:
    """A file of comments, or of empty sections, is a good configuration."""
    assert load(file, text) == Settings()


def test_the_example_loads() -> None:
    """The commented example in the documentation is a good configuration."""
    settings = read_configuration(EXAMPLE).finish()
    assert settings.inputs[0].name == "requests"
    assert settings.model.positive_class == "yes"
    assert settings.limits == Settings().limits


def test_every_section_is_read(file: Path) -> None:
    """Scalars, lists, single items, mappings, sizes, hyphens and quotes all reach the settings."""
    settings = load(
        file,
        """
reference: reference.json
windows: [1h30m, 500]
inputs:
- {path: a.jsonl}
- {path: "-"}
- {path: b.log, format: jsonl, start: end, name: log2}
- {path: c.jsonl}
model: {classes: [0, 1, no], positive-class: 0, threshold: .25, name: "1.10"}
features:
  kinds: {zip-code: categorical}
limits: {line_bytes: 2MiB, series-per-model: 1_000}
ingest: {queue_bytes: 8388608, enabled: off}
fields: {time: ~}
""",
    )
    assert settings.reference == ("reference.json",)
    assert [str(window) for window in settings.windows] == ["1h30m", "500"]
    assert settings.inputs == (
        InputSettings("a.jsonl", "log"),
        InputSettings("-", "stdin"),
        InputSettings("b.log", "log2", "jsonl", "end"),
        InputSettings("c.jsonl", "log3"),
    )
    assert settings.model.classes == ("0", "1", "no")
    assert (settings.model.positive_class, settings.model.threshold, settings.model.name) == ("0", 0.25, "1.10")
    assert settings.features.kinds == {"zip-code": "categorical"}
    assert (settings.limits.line_bytes, settings.limits.series_per_model) == (2**21, 1_000)
    assert (settings.ingest.queue_bytes, settings.ingest.enabled) == (2**23, False)
    assert settings.fields.names()["time"] is None


def test_all_mistakes_are_reported_in_file_order(file: Path) -> None:
    """Five mistakes of five kinds are five problems with their lines and columns."""
    assert mistakes(file, "windows: [1h, 3]\nlog:\n  level: loud\nwebb: 1\nlearn: {records: many}\nlimits: [1]\n") == [
        (
            "1:15: windows: a window of 3 records is out of range; "
            "write 10 to 100000 for records, or a unit for a duration, as in 3s"
        ),
        '3:10: log.level: "loud" is not one of debug, info, warn, error; write one of debug, info, warn, error',
        "4:1: unknown key webb; did you mean web?",
        '5:18: learn.records: "many" is not a whole number; write a whole number from 100 to 1000000',
        '6:9: limits: a list, not a mapping; write "key: value" lines',
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web: {listen_address: 9877}", '1:23: web.listen_address: "9877" is not a listen address; write ":9877"'),
        (
            "web: {max_requests: '9'}",
            '1:21: web.max_requests: "9" is text, not a whole number from 1 to 10000; remove the quotes',
        ),
        ("web: {max_requests: [9]}", "1:21: web.max_requests: a list, not a whole number from 1 to 10000"),
        ("log: {level: }", "1:13: log.level: nothing, not one of debug, info, warn, error"),
        ("log: {level: !env LEVEL}", "1:14: log.level: the tag !env has no meaning here"),
        ("log: 5", '1:6: log: "5", not a mapping'),
        ("- a", '1:1: the configuration: a list, not a mapping; write "key: value" lines'),
        ("web: {}\nlog: {}\nweb: {}", "3:1: web is already on line 1; keep one of them"),
        ("web: {max-requests: 1, max_requests: 2}", "1:24: web.max_requests is already on line 1"),
        ("threshold: 0.5", "1:1: unknown key threshold; write threshold in the section model"),
        ("listen_address: 1", "1:1: unknown key listen_address; write listen_address in the section web or ingest"),
        ("web.max_requests: 1", "1:1: unknown key web.max_requests; write max_requests in the section web"),
        ("zzz: 1", "1:1: unknown key zzz; known keys here are reference, inputs, windows"),
        ("web: {zzz: 1}", "1:7: unknown key web.zzz; known keys here are listen_address"),
        ("? [a]\n: 1", "1:3: a list is no key; write a name before the colon"),
        ("~: 1", "1:1: nothing is no key"),
        ("windows: []", "1:10: windows: the list has 0 items; write 1 or more"),
        ("windows: [1h, 60m]", '1:15: windows: "60m" repeats "1h"; leave one of them out'),
        ("windows: [{}]", "1:11: windows[0]: a mapping, not a window"),
        ("reference: {a: b}", "1:12: reference[0]: a mapping, not a path"),
        ("model: {threshold: 2}", '1:20: model.threshold: "2" is not a number from 0 to 1'),
        (
            "features: {kinds: {a: number}}",
            '1:23: features.kinds.a: "number" is not one of numeric, categorical; did you mean numeric?',
        ),
        ("features: {kinds: {a: numeric, a: numeric}}", "1:32: features.kinds.a is already on line 1"),
        ("features: {kinds: [a]}", "1:19: features.kinds: a list, not a mapping"),
        ("inputs: a.jsonl", '1:9: inputs: "a.jsonl", not a list; write "- path: FILE" for each'),
        ("inputs: [a.jsonl]", '1:10: inputs[0]: "a.jsonl", not a mapping; write "- path: a.jsonl"'),
        ("inputs: [{name: a}]", '1:10: inputs[0] has no path; write "path: FILE"'),
        ("inputs: [{path: }]", "1:16: inputs[0].path: nothing, not a path"),
        ("inputs: [~]", "1:10: inputs[0]: nothing, not a mapping"),
        ("inputs: [{path: a, nme: b}]", "1:20: unknown key inputs[0].nme; did you mean name?"),
        ("inputs: [{path: a, name: x}, {path: b, name: x}]", '1:46: two inputs have the name "x"'),
        ("inputs: [{path: a}, {path: a}]", '1:28: two inputs read "a"; leave one of them out'),
        ("ingest: {queue_bytes: 1MB}", '1:23: ingest.queue_bytes: "1MB" is not a size; write 1MiB'),
        ("ingest: {queue_bytes: 1MiB}", "1:23: ingest.queue_bytes is less than ingest.max_body_bytes"),
        ("ingest: {listen_address: ':9877'}", "1:26: ingest.listen_address is the web address already"),
        ("model: {task: regression, threshold: 0.5}", "1:38: model.threshold has no meaning for a regression"),
        (
            "model: {classes: [a, b], positive_class: c}",
            '1:42: the positive class "c" is not one of model.classes; write one of a, b',
        ),
        ("features: {include: [a], exclude: [a, b]}", '1:35: the feature "a" is both included and excluded'),
    ],
)
def test_each_mistake_says_where_and_what_to_write(file: Path, text: str, expected: str) -> None:
    """One mistake is one problem: place, reason, and what to write instead."""
    (problem,) = mistakes(file, text)
    assert problem.startswith(expected)
    assert "; " in problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: b: c", "1:5: not valid YAML: mapping values are not allowed here"),
        (
            "web:\n\tmax_requests: 1",
            "2:1: not valid YAML: found character '\\t' that cannot start any token; indent with spaces",
        ),
        ("web: {}\n---\nweb: {}", "2:1: not valid YAML: but found another document; keep one document"),
        ("web: [", "1:7: not valid YAML: "),
        ("web: *a", "1:6: not valid YAML: found undefined alias 'a'"),
        ("a: 1\nb: \x07", "2:4: a character that YAML does not allow"),
        (b"a: 1\nb: \xc3\xa9\xff", "2:5: is not UTF-8 here; save the file as UTF-8"),
        ("[" * 20_000, "is nested too deeply"),
        ("#" * 2**20 + "\n", "is larger than 1 MiB; name a configuration file, not a log"),
    ],
)
def test_a_file_that_is_no_yaml_says_where_it_breaks(file: Path, text: str | bytes, expected: str) -> None:
    """Syntax errors have a place and a hint like any other mistake."""
    (problem,) = mistakes(file, text)
    assert problem.startswith(expected)


def test_a_missing_file_is_a_mistake(file: Path) -> None:
    """The reason of the operating system is passed on."""
    with pytest.raises(ConfigurationError, match=r"exporter\.yaml: cannot be read: No such file or directory; name a"):
        read_configuration(file).finish()


def test_a_directory_is_a_mistake(tmp_path: Path) -> None:
    """A directory cannot be read as a file."""
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        read_configuration(tmp_path).finish()


def test_an_alias_is_read_where_it_points(file: Path) -> None:
    """YAML anchors work, and an alias to itself is a mistake, not a loop."""
    assert load(file, "model: {name: &a ts}\nfields: {label: *a}").fields.names()["label"] == "ts"
    assert mistakes(file, "windows: &a [*a]")[0].startswith("1:10: windows[0]: a list, not a window")


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.sampled_from("awinputslog: -[]{},\n\t'\"&*!|>#?%~019h"), max_size=60)
    | st.sampled_from(["web", "log", "inputs", "features", "windows"]).flatmap(
        lambda key: st.text(st.sampled_from("ab: -[]{},\n'\"&*!|>#?%~019h"), max_size=30).map(
            lambda rest: f"{key}: {rest}"
        )
    )
)
def test_no_text_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever is in the file, the result is settings or mistakes with places inside the file."""
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(text, encoding="utf-8")
    for problem in read_configuration(file).problems:
        assert 1 <= problem.line <= text.count("\n") + 1
        assert problem.column >= 1
        assert problem.message
        assert problem.hint


def test_auto_is_written_as_a_word(file: Path) -> None:
    """Its value is none, but nothing at all is a mistake; where a default has no text, nothing leaves a setting out."""
    assert load(file, "labels: {maturity: auto}").labels.maturity is None
    assert mistakes(file, "labels: {maturity: }") == [
        "1:19: labels.maturity: nothing, not auto or a duration; write auto or a duration"
    ]
    assert load(file, "ingest: {listen_address: ''}").ingest.listen_address is None
    assert load(file, "model: {name: }").model.name is None


def test_a_scheme_without_a_source_says_where_it_is_written(file: Path) -> None:
    """Line and column, as any mistake."""
    (mistake,) = mistakes(file, "inputs:\n  - path: s3://bucket/log-*.jsonl\n")
    assert mistake.startswith(
        '2:11: inputs[0].path: "s3://bucket/log-*.jsonl": there is no source for s3://; known are '
    )
