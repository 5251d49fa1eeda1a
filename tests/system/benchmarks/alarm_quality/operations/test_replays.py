from __future__ import annotations

import json
from pathlib import Path

import attrs

from benchmarks.alarm_quality.operations import deliveries, faults, labels
from benchmarks.alarm_quality.operations.faults import after
from benchmarks.alarm_quality.operations.kind import Kind, Reference, make_case
from benchmarks.alarm_quality.operations.replays import decisions_of_both, write_case

_SHORT = Reference(3.0)


def test_files_hold_what_the_model_gets(tmp_path: Path) -> None:
    """Records and rejected lines in their order, values of a wrong type as texts, labels in a log of their own."""
    kind = Kind(
        "a",
        reference=_SHORT,
        labels=labels.corrected_later(),
        inputs=(after(0.0, faults.wrong_type("dist")),),
        live=(deliveries.burst_of_garbage(20, every=43_200.0), faults.daily_versions),
    )
    case = make_case(kind, 1, 2.0)
    write_case(tmp_path, case)
    lines = (tmp_path / "predictions.jsonl").read_text().splitlines()
    assert len(lines) == case.live.size + len(case.live.garbage)
    records = [json.loads(line) for line in lines if "no record" not in line]
    assert [record["ts"] for record in records] == case.live["time"].tolist()
    assert {record["features"]["dist"] for record in records} == {"n/a"}
    assert {record["model_version"] for record in records} == {"v0", "v1"}
    known = {record["id"] for record in records}
    told = [json.loads(line) for line in (tmp_path / "labels.jsonl").read_text().splitlines()]
    assert told
    assert {label["id"] for label in told} <= known
    assert len((tmp_path / "reference.jsonl").read_text().splitlines()) == case.reference.size


def test_the_command_line_decides_what_is_decided_without_files() -> None:
    """The same alerts at the same records; a kind whose reference is large is left out."""
    kind = Kind("a", reference=_SHORT, live=(deliveries.copied(5),), labels=labels.in_record)
    found = decisions_of_both(kind, seed=1, days=4.0)
    assert found["here"]
    assert found["here"] == found["replayed"]
    assert decisions_of_both(attrs.evolve(kind, reference=Reference(130.0)), seed=1, days=1.0) == {}
