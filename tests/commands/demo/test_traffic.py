from __future__ import annotations

import math
from pathlib import Path

import pytest
from click.testing import CliRunner

from model_drift_exporter.commands.demo.traffic import Traffic, main

from ...support.demo_traffic import NOON, records_of, traffic


def run(subject: Traffic, seconds: int, *, start: float = NOON) -> None:
    for second in range(1, seconds + 1):
        subject.step(start + second)


@pytest.mark.slow
def test_records_come_at_the_rate_asked_for_with_labels_later(tmp_path: Path) -> None:
    """At noon somewhat more than the day's average; labels follow when the meals are there."""
    output = tmp_path / "p.jsonl"
    run(traffic(output), 900)
    records = records_of(output)
    predictions = [record for record in records if "features" in record]
    labels = [record for record in records if "label" in record]
    assert 900 * 20 * 1.2 < len(predictions) < 900 * 20 * 1.9
    assert len(predictions) + len(labels) == len(records)
    identifiers = [record["id"] for record in predictions]
    assert len(set(identifiers)) == len(identifiers)
    assert 0 < len(labels) < len(predictions)
    assert {record["id"] for record in labels} <= set(identifiers)
    assert predictions[0]["ts"].startswith("2027-01-15T12:00:0")


@pytest.mark.slow
def test_labels_come_sooner_when_asked(tmp_path: Path) -> None:
    """At a speed of 20 those of an hour come in minutes; predictions are the same as without."""
    slow, fast = tmp_path / "slow.jsonl", tmp_path / "fast.jsonl"
    run(traffic(slow), 300)
    run(Traffic(fast, 20.0, math.inf, 10**9, started=NOON, label_speed=20.0), 300)
    without, records = records_of(slow), records_of(fast)
    assert [record for record in records if "features" in record] == without
    assert len(records) > 1.4 * len(without)


@pytest.mark.parametrize(("text", "seconds"), [("10m", 600.0), ("0s", 0.0), ("never", math.inf)])
def test_when_the_incident_comes_is_a_duration_or_never(text: str, seconds: float) -> None:
    """Both are accepted; without the option there is no incident."""
    with main.make_context("traffic", ["--output=p.jsonl", f"--incident-after={text}"]) as context:
        assert context.params["incident_after"] == seconds
    with main.make_context("traffic", ["--output=p.jsonl"]) as context:
        assert context.params["incident_after"] == math.inf
    refused = CliRunner().invoke(main, ["--output=p.jsonl", "--incident-after=soon"])
    assert refused.exit_code == 2
    assert '"soon" is not a duration; write whole numbers with units' in refused.output


def test_a_reference_that_cannot_be_written_ends_it_with_a_reason(tmp_path: Path) -> None:
    """One line that names the file and why, instead of a traceback."""
    result = CliRunner().invoke(main, ["--reference", "--output", str(tmp_path / "missing" / "p.jsonl")])
    assert result.exit_code == 1
    assert result.output.splitlines()[-1].startswith("Error: cannot write the reference: ")
    assert "No such file or directory" in result.output


def test_the_log_is_rotated_by_rename_and_two_files_are_kept(tmp_path: Path) -> None:
    """Both stay below the limit and hold whole lines; older ones are replaced."""
    output = tmp_path / "p.jsonl"
    run(traffic(output, rotate_bytes=60_000), 60)
    rotated = tmp_path / "p.jsonl.1"
    assert sorted(tmp_path.iterdir()) == [output, rotated]
    assert output.stat().st_size <= 60_000
    assert 40_000 < rotated.stat().st_size <= 60_000
    assert records_of(rotated, output)


def test_the_incident_begins_when_asked(tmp_path: Path) -> None:
    """Until then vehicles have their old names; from then on bicycles are bikes."""
    output = tmp_path / "p.jsonl"
    run(traffic(output, incident_at=NOON + 30), 60)
    by_name: dict[str, list[str]] = {"bicycle": [], "bike": []}
    for record in records_of(output):
        if "features" in record:
            by_name.setdefault(record["features"]["vehicle"], []).append(record["ts"])
    assert max(by_name["bicycle"]) <= "2027-01-15T12:00:30Z" <= min(by_name["bike"])


def test_after_a_pause_there_is_no_backlog(tmp_path: Path) -> None:
    """A machine that slept for a day goes on with the present, not with a day of orders at once."""
    output = tmp_path / "p.jsonl"
    subject = traffic(output)
    subject.step(NOON + 86_400)
    assert 0 < len(records_of(output)) < 10 * 20 * 3


def test_a_clock_that_was_set_back_does_not_silence_it(tmp_path: Path) -> None:
    """Orders go on at the new time, and each identifier is still given once."""
    output = tmp_path / "p.jsonl"
    subject = traffic(output)
    run(subject, 5)
    before = len(records_of(output))
    run(subject, 5, start=NOON - 3600)
    records = records_of(output)
    assert len(records) > before + 3 * 20
    assert len({record["id"] for record in records if "features" in record}) == len(records)


def test_it_goes_on_with_a_log_that_is_there(tmp_path: Path) -> None:
    """A restart appends, so that no reader loses its place."""
    output = tmp_path / "p.jsonl"
    output.write_bytes(b'{"old":1}\n')
    run(traffic(output), 5)
    assert records_of(output)[0] == {"old": 1}
    assert len(records_of(output)) > 1


def test_a_log_that_cannot_be_written_ends_it_with_a_reason(tmp_path: Path) -> None:
    """One line that names the file and why, instead of a traceback."""
    result = CliRunner().invoke(main, ["--output", str(tmp_path / "missing" / "p.jsonl"), "--rate", "1000"])
    assert result.exit_code == 1
    assert result.output.splitlines()[-1].startswith("Error: cannot write ")
    assert "No such file or directory" in result.output
