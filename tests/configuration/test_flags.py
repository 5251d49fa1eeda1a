from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from model_drift_exporter.configuration.flags import settings_from
from model_drift_exporter.configuration.settings import InputSettings, Settings
from model_drift_exporter.configuration.settings_command import SettingsCommand, labels_option
from model_drift_exporter.errors import ConfigurationError
from model_drift_exporter.records.framing import FRAMINGS
from model_drift_exporter.settings.declarations import all_settings


def run(*arguments: str) -> Settings:
    """The settings of a command line, through click as ``run`` goes."""
    found: list[Settings] = []

    @click.command(cls=SettingsCommand)
    @labels_option
    @click.option("--once", is_flag=True)
    @click.argument("logs", nargs=-1)
    def command(logs: tuple[str, ...], labels: tuple[str, ...], once: bool, **values: object) -> None:
        assert not once
        found.append(settings_from(values, logs, labels))

    command.main(list(arguments), standalone_mode=False)
    return found[0]


def mistakes(*arguments: str) -> list[str]:
    """The problems of a command line."""
    with pytest.raises(ConfigurationError) as raised:
        run(*arguments)
    return [str(problem) for problem in raised.value.problems]


def test_no_flags_mean_the_defaults() -> None:
    """A command without flags runs with the default settings."""
    assert run() == Settings()


def test_flags_set_settings_of_every_kind() -> None:
    """Text, numbers, sizes, switches and lists are read from flags."""
    settings = run(
        "--reference=a.json",
        "--reference=b.json",
        "--windows=1h,24h",
        "--windows=500",
        "--web.listen-address=127.0.0.1:0",
        "--web.enable-lifecycle",
        "--no-ingest.enabled",
        "--limits.line-bytes=2MiB",
        "--limits.models=3",
        "--model.threshold=0.25",
        "--fields.time=ts",
        "--features.exclude=a,b",
        "--log.level",
        "debug",
    )
    assert settings.reference == ("a.json", "b.json")
    assert [str(window) for window in settings.windows] == ["1h", "24h", "500"]
    assert (settings.web.listen_address, settings.web.enable_lifecycle) == (("127.0.0.1", 0), True)
    assert settings.ingest.enabled is False
    assert (settings.limits.line_bytes, settings.limits.models) == (2**21, 3)
    assert (settings.model.threshold, settings.fields.names()["time"]) == (0.25, "ts")
    assert settings.features.exclude == ("a,b",)
    assert settings.log.level == "debug"


def test_the_flag_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    """Only what a flag names is taken from it."""
    file = tmp_path / "exporter.yaml"
    file.write_text("web: {max_requests: 5, enable_lifecycle: true}\nwindows: [2h]\nlog: {level: warn}\n")
    settings = run(f"--config.file={file}", "--log.level=error", "--no-web.enable-lifecycle", "--windows=3h")
    assert settings.web.max_requests == 5
    assert settings.web.enable_lifecycle is False
    assert [str(window) for window in settings.windows] == ["3h"]
    assert settings.log.level == "error"
    assert settings.log.format == "logfmt"


def test_log_arguments_replace_the_inputs_of_the_file(tmp_path: Path) -> None:
    """Arguments get names in their order; without arguments, the file's inputs stay."""
    file = tmp_path / "exporter.yaml"
    file.write_text("inputs: [{path: x.jsonl, name: x}]\n")
    assert run(f"--config.file={file}").inputs == (InputSettings("x.jsonl", "x"),)
    assert run(f"--config.file={file}", "a.jsonl", "-", "b*.csv").inputs == (
        InputSettings("a.jsonl", "log"),
        InputSettings("-", "stdin"),
        InputSettings("b*.csv", "log2"),
    )


def test_mistakes_of_file_flags_and_arguments_come_together(tmp_path: Path) -> None:
    """The file's problems come first, then the flags' under their own names, then the arguments'."""
    file = tmp_path / "exporter.yaml"
    file.write_text("webb: {}\n")
    assert mistakes(
        f"--config.file={file}", "--windows=1h,3", "--web.listen-address=9877", "--limits.models=0", "a", "a", ""
    ) == [
        f"{file}:1:1: unknown key webb; did you mean web?",
        (
            "--windows: a window of 3 records is out of range; "
            "write 10 to 100000 for records, or a unit for a duration, as in 3s"
        ),
        "--limits.models: 0 is below 1; write a whole number from 1 to 1000",
        '--web.listen-address: "9877" is not a listen address; write ":9877"',
        "LOG: the text is empty; name a file, a glob, or - for standard input",
        'LOG: two inputs read "a"; leave one of them out',
    ]


def test_a_flag_that_contradicts_the_file_is_named(tmp_path: Path) -> None:
    """Settings that do not go together are found after merging, and the place is the one that was written."""
    file = tmp_path / "exporter.yaml"
    file.write_text("model: {task: regression}\n")
    assert mistakes(f"--config.file={file}", "--model.threshold=0.5")[0].startswith(
        "--model.threshold: model.threshold has no meaning for a regression; leave threshold out"
    )


def test_a_missing_file_is_reported_with_the_flags_mistakes() -> None:
    """An unreadable file does not hide other mistakes."""
    found = mistakes("--config.file=nowhere.yaml", "--log.level=loud")
    assert found[0].startswith("nowhere.yaml: cannot be read")
    assert found[1].startswith("--log.level: ")


def help_text() -> str:
    """What ``--help`` prints."""

    @click.command(cls=SettingsCommand)
    @click.argument("logs", nargs=-1)
    def command(**_: object) -> None:
        """Does nothing."""

    result = CliRunner().invoke(command, ["--help"])
    assert result.exit_code == 0
    return result.output


def test_help_lists_every_flag_under_its_section_and_ends_with_the_default() -> None:
    """Each flag is there once, general ones first, and its text ends with the default."""
    output = " ".join(help_text().split())
    for setting in all_settings(Settings):
        if setting.flag:
            assert len(re.findall(rf"{re.escape(setting.flag)} ", output)) >= 1, setting.flag
    defaults = re.findall(r"\[default: [^]]*\]", output)
    assert len(defaults) == len(["--config.file", "--framing"]) + sum(
        1 for setting in all_settings(Settings) if setting.flag
    )
    assert output.index("--config.file") < output.index("--windows") < output.index("The HTTP server:")
    assert output.index("The HTTP server:") < output.index("--web.listen-address")
    assert "Address of the page and the metrics. [default: :9877]" in output
    assert "`" not in output


def test_inputs_and_mappings_have_no_flag() -> None:
    """What is not a scalar or a list of scalars is written in the file only."""
    output = help_text()
    assert "--inputs" not in output
    assert "--features.kinds" not in output


def test_labels_are_inputs_of_their_own() -> None:
    """Beside LOG arguments, or beside the inputs of the file; each has a name, and no path comes twice."""
    settings = run("--labels=a.jsonl", "--labels", "b-*.csv", "--labels.horizon=7d", "log.jsonl")
    assert [(each.name, each.path, each.contains) for each in settings.inputs] == [
        ("log", "log.jsonl", "auto"),
        ("labels", "a.jsonl", "labels"),
        ("labels2", "b-*.csv", "labels"),
    ]
    assert settings.labels.horizon == 7 * 86_400
    assert mistakes("--labels=a", "a") == ['--labels: two inputs read "a"; leave one of them out']
    assert mistakes("--labels=") == ["--labels: the text is empty; name a file, a glob, or - for standard input"]


def test_labels_are_added_to_the_inputs_of_the_file(tmp_path: Path) -> None:
    """They replace none."""
    file = tmp_path / "exporter.yaml"
    file.write_text("inputs: [{path: log.jsonl}, {path: truth.jsonl, contains: labels}]\n")
    found = [(each.name, each.contains) for each in run(f"--config.file={file}", "--labels=late.jsonl").inputs]
    assert found == [("log", "auto"), ("labels", "labels"), ("labels2", "labels")]


@pytest.mark.parametrize("arguments", [["kafka://broker/topic"], ["log.jsonl", "--labels=KAFKA://broker/topic"]])
def test_a_scheme_without_a_source_is_a_mistake(arguments: list[str]) -> None:
    """It says where it was written, which schemes there are, and how to read a file of that name."""
    with pytest.raises(ConfigurationError) as error:
        run(*arguments)
    (problem,) = map(str, error.value.problems)
    place = "--labels" if len(arguments) > 1 else "LOG"
    assert re.match(
        rf'{place}: "kafka://broker/topic": there is no source for kafka://; known are file:// and - for standard input; '
        r"of a file with such a name write \./kafka://broker/topic$",
        problem,
        re.IGNORECASE,
    )
    assert run("./kafka://broker/topic").inputs == (InputSettings("./kafka://broker/topic"),)


def test_a_scheme_without_a_file_is_a_mistake() -> None:
    """What is missing is said, and where; it ended in a traceback."""
    with pytest.raises(ConfigurationError) as caught:
        run("file://")
    assert [str(problem) for problem in caught.value.problems] == [
        'LOG: "file://" names no file; write file://FILE, or the path alone'
    ]


def test_the_scheme_of_files_may_be_left_out() -> None:
    """Both are the same input."""
    assert run("file:///var/log/a.jsonl").inputs == (InputSettings("/var/log/a.jsonl"),)
    assert run("stdin://").inputs == run("-").inputs
    with pytest.raises(ConfigurationError, match=r'two inputs read "a\.jsonl"'):
        run("a.jsonl", "file://a.jsonl")


@pytest.mark.parametrize("framing", ["auto", *FRAMINGS])
def test_a_framing_is_that_of_the_logs_on_the_command_line(framing: str) -> None:
    """Labels have one of their own, so that both kinds can be read together."""
    settings = run(f"--framing={framing}", "a.log", "b.log", "--labels=c.log")
    assert [each.framing for each in settings.inputs] == [framing, framing, "auto"]
    settings = run(f"--labels-framing={framing}", "a.log", "--labels=c.log", "--labels=d.log")
    assert [each.framing for each in settings.inputs] == ["auto", framing, framing]


def test_a_framing_needs_a_log_that_it_is_of(tmp_path: Path) -> None:
    """The inputs of a file have framings of their own there; all mistakes are told."""
    file = tmp_path / "exporter.yaml"
    file.write_text("inputs: [{path: a.log, framing: container}]\n")
    assert run(f"--config.file={file}").inputs[0].framing == "container"
    told = mistakes(f"--config.file={file}", "--framing=container", "--labels-framing=length")
    assert [each.partition(" on the command line that it could be of; ")[::2] for each in told] == [
        ("--framing: there is no LOG", "set framing of the inputs in the configuration file"),
        ("--labels-framing: there is no --labels", "set framing of the inputs in the configuration file"),
    ]
    (mistake,) = mistakes("--framing=containers", "a.log")
    assert mistake == (
        '--framing: "containers" is not one of auto, newline, container, container-both, length; did you mean container?'
    )
    (mistake,) = mistakes("--framing=container", "rows.parquet")
    assert mistake.startswith("LOG: input log: a Parquet file is read whole, so it has no framing")
