"""Decisions on history: what is printed, what is written, and that it is what ``run`` decides."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import Phase, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from model_drift_exporter.commands.replay.replay import (
    LINES_A_LOOK,
    BackfillOptions,
    Replay,
    backfill_options,
    replay_logs,
)
from model_drift_exporter.commands.replay.reports import JsonReport
from model_drift_exporter.configuration.settings import InputSettings, Settings
from model_drift_exporter.errors import ConfigurationError
from model_drift_exporter.pipeline.assembly import make_pipeline
from model_drift_exporter.pipeline.intake import Intake
from model_drift_exporter.pipeline.merge import in_blocks
from model_drift_exporter.records.batches import Decoded
from model_drift_exporter.records.times import parse_time
from model_drift_exporter.sources import StdinSource
from tests.support.incident_log import STEP, incident_lines
from tests.support.prediction_log import START, write_jsonl

from ...support.replayed import incident_settings, replayed


@pytest.fixture(name="settings")
def _settings(tmp_path: Path) -> Settings:
    return incident_settings(tmp_path)


def test_edges_and_a_summary_are_printed(settings: Settings) -> None:
    """Broken input pages and resolves, then the loss does; times are event times, records lines of the log."""
    *lines, last = replayed(settings)
    edges = [line for line in lines if "alert" in line]
    pages = [edge for edge in edges if edge["severity"] == "page"]
    assert [(edge["alert"], edge["state"]) for edge in pages] == [
        ("ModelInputBroken", "firing"),
        ("ModelInputBroken", "resolved"),
        ("ModelLossIncreased", "firing"),
    ]
    broken, mended, loss = pages
    assert broken["features"] == ["age"]
    assert broken["certainty"] == "named"
    assert 1_500 < broken["record"] < 1_950
    assert parse_time(broken["time"]) == START + STEP * broken["record"]
    assert START + STEP * 1_450 <= parse_time(broken["onset"]) <= START + STEP * 1_550
    assert 2_200 < mended["record"] < 4_300
    assert broken["value"] >= broken["threshold"]
    assert loss["record"] > 4_300
    assert last == {
        "summary": {
            "records": 6_000,
            "labels": 6_000,
            "pages": 2,
            "tickets": last["summary"]["tickets"],
            "not_evaluable": [],
            "held": [],
        }
    }
    assert last["summary"]["tickets"] == sum(
        edge["severity"] == "ticket" and edge["state"] == "firing" for edge in edges
    )


def test_findings_begin_and_end(settings: Settings) -> None:
    """That of an alarm with its latch, right behind its line; what monitors say at the next look."""
    *lines, _ = replayed(settings)
    for before, line in pairwise(lines):
        if "alert" in before:
            assert (line["kind"], line["time"], line["record"]) == (
                "_".join(re.findall("[A-Z][a-z]+", before["alert"])[1:]).lower(),
                before["time"],
                before["record"],
            )
            assert line["finding"] == {"firing": "begins", "resolved": "ends"}[before["state"]]
            assert (line["features"], line["since"]) == (before["features"], before["onset"])
    notes = [line for line in lines if line.get("severity") == "note"]
    begun = {line["kind"]: line for line in notes if line["finding"] == "begins"}
    assert {"loss_above_tolerated", "relation_moved"} <= begun.keys()
    (loss,) = (line for line in lines if line.get("alert") == "ModelLossIncreased")
    above = begun["loss_above_tolerated"]
    assert loss["record"] <= above["record"] <= loss["record"] + LINES_A_LOOK
    assert above["figures"]["loss_mean"] > above["figures"]["loss_tolerated_mean"]
    standing: list[str] = []
    for line in lines:
        if line.get("finding") == "begins":
            assert line["kind"] not in standing
            standing.append(line["kind"])
        elif line.get("finding") == "ends":
            standing.remove(line["kind"])
    # What stands at the end has begun and not ended; the broken input was mended.
    assert {"loss_increased", "relation_moved"} <= {*standing}
    assert "input_broken" not in standing


def _replayed_in_pieces(settings: Settings, sizes: Sequence[int]) -> list[dict[str, Any]]:
    """The lines of a replay whose logs are read in pieces of these sizes in turn, however they would be read otherwise."""
    batches = Intake._batches

    def cut(intake: Intake, *arguments: Any) -> Iterator[Decoded]:
        turns = cycle(sizes)
        for decoded in batches(intake, *arguments):
            yield from in_blocks(decoded, 0, next(turns))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Intake, "_batches", cut)
        return replayed(settings)


@pytest.fixture(name="logs", scope="module")
def _logs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Settings]:
    """Labels in a log of their own; among the predictions, with lines that are none; predictions of two replicas."""
    apart = incident_settings(tmp_path_factory.mktemp("apart"))
    folder = tmp_path_factory.mktemp("together")
    lines = incident_lines()
    (folder / "log.jsonl").write_text("".join(lines))
    for replica in range(2):
        (folder / f"{replica}.jsonl").write_text("".join(lines[replica::2]))
    return {
        "apart": apart,
        "together": attrs.evolve(apart, inputs=(InputSettings(str(folder / "log.jsonl")),)),
        "replicas": attrs.evolve(
            apart, inputs=tuple(InputSettings(str(folder / f"{each}.jsonl"), f"log-{each}") for each in range(2))
        ),
    }


def test_a_pipe_that_stays_open_holds_no_alert_back(tmp_path: Path) -> None:
    """Its edges are there with the lines that made them, long before the next look at what monitors say."""
    settings = attrs.evolve(incident_settings(tmp_path), inputs=(InputSettings("-"),))
    lines = incident_lines()[: LINES_A_LOOK - 100]
    unwritten = [lines[first : first + 100] for first in range(0, len(lines), 100)]  # each fits into a pipe
    read, write = os.pipe()
    told = io.StringIO()
    while_open: list[list[dict[str, Any]]] = []
    with os.fdopen(read, "rb") as reader, os.fdopen(write, "wb", buffering=0) as writer:

        def wait() -> None:
            while_open.append([json.loads(line) for line in told.getvalue().splitlines()])
            if unwritten:
                writer.write("".join(unwritten.pop(0)).encode())
            else:
                writer.close()

        pipeline = make_pipeline(settings, [StdinSource(stream=reader)])
        Replay(pipeline, JsonReport(told), lambda: START, wait).run()
    assert ("page", "firing") in [(line["severity"], line.get("state")) for line in while_open[-1]]
    path = tmp_path / "log.jsonl"
    path.write_text("".join(lines))
    whole = replayed(attrs.evolve(settings, inputs=(InputSettings(str(path)),)))
    assert [json.loads(line) for line in told.getvalue().splitlines()] == whole
    for edge in (line for line in whole if "alert" in line):
        written = next(100 * pieces for pieces, printed in enumerate(while_open) if edge in printed)
        assert edge["record"] < written <= edge["record"] + 200


@pytest.mark.slow
@pytest.mark.parametrize("name", ["apart", "together", "replicas"])
@given(st.lists(st.integers(9, 3_000), min_size=1, max_size=5))
@settings_of_hypothesis(max_examples=4, phases=(Phase.explicit, Phase.reuse, Phase.generate), deadline=None)
def test_the_same_lines_come_however_the_log_is_read(logs: Mapping[str, Settings], name: str, sizes: list[int]) -> None:
    """Findings, too: their lines, order and figures, to the last digit."""
    expected = replayed(logs[name])
    assert {line["finding"] for line in expected if line.get("severity") == "note"} >= {"begins"}
    assert _replayed_in_pieces(logs[name], sizes) == expected


def test_labels_may_stand_in_the_log_itself(tmp_path: Path, settings: Settings) -> None:
    """Merged into one file by time they give the same decisions, at other lines."""
    rows = [json.loads(line) for each in settings.inputs for line in Path(each.path).read_text().splitlines()]
    rows.sort(key=lambda row: row["ts"])
    one = Settings(
        reference=settings.reference, inputs=(InputSettings(str(write_jsonl(tmp_path / "one.jsonl", rows))),)
    )

    def told(edges: list[dict[str, Any]]) -> list[Any]:
        return [[edge["time"], edge["alert"], edge["state"], edge["onset"]] for edge in edges if "alert" in edge]

    assert told(replayed(one)) == told(replayed(settings))


@pytest.mark.slow
def test_the_past_is_written_as_it_would_have_been_scraped(tmp_path: Path, settings: Settings) -> None:
    """At each step the state of just before it; the end is moved to the time asked for."""
    end = START + 1e8
    replayed(settings, BackfillOptions(tmp_path / "history", step=600.0, end=end))
    samples: dict[str, list[tuple[float, float]]] = {}
    for path in sorted((tmp_path / "history").iterdir()):
        for line in path.read_text().splitlines():
            if line.startswith(("model_records_total{", "model_alert_active{")):
                series, value, time = line.rsplit(" ", 2)
                samples.setdefault(series, []).append((float(time), float(value)))
    (records,) = (found for series, found in samples.items() if "records_total" in series)
    assert end - 600 <= records[-1][0] <= end + 600
    assert {later - earlier for (earlier, _), (later, _) in pairwise(records)} == {600.0}
    # Behind the last prediction labels come for another hour.
    counted = [value for _, value in records if value < 6_000]
    assert {later - earlier for earlier, later in pairwise(counted)} == {600 / STEP}
    assert records[-1][1] == 6_000
    (broken,) = (found for series, found in samples.items() if "ModelInputBroken" in series)
    assert {value for _, value in broken} == {0.0, 1.0}


def test_mistakes_in_options_are_said_together(tmp_path: Path) -> None:
    """Each with its flag and what to write instead."""
    with pytest.raises(ConfigurationError) as caught:
        backfill_options(None, "5x", "yesterday")
    assert [problem.place for problem in caught.value.problems] == [
        "--backfill.end",
        "--backfill.step",
        "--backfill.end",
    ]
    assert backfill_options(tmp_path, "1h", "2026-01-31T00:00:00Z") == BackfillOptions(
        tmp_path, 3_600.0, parse_time("2026-01-31T00:00:00Z")
    )
    assert backfill_options(None, "5m", None) is None
    now = backfill_options(tmp_path, "5m", "now")
    assert now is not None
    assert now.end is not None


def test_what_cannot_be_replayed_is_said(tmp_path: Path) -> None:
    """Labels alone are nothing to replay, and standard input is read once only."""
    labels = InputSettings(str(tmp_path / "labels"), contains="labels")
    with pytest.raises(ConfigurationError, match="nothing to read"):
        replay_logs(Settings(inputs=(labels,)), JsonReport(io.StringIO()))
    with pytest.raises(ConfigurationError, match="cannot be read twice"):
        replay_logs(
            Settings(inputs=(InputSettings("-"),)), JsonReport(io.StringIO()), BackfillOptions(tmp_path, end=0.0)
        )
