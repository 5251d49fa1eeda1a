"""The exporter's history, thinned: what is written is what ``replay --backfill`` writes."""

from __future__ import annotations

from pathlib import Path

import attrs

from tests.support.sidecar import run_command
from tests.system.history.lending import fraud, lending
from tests.system.history.sampling import Density, sample_history
from tests.system.history.times import Interval

END = 1_800_000_000.0
COUNTED = "model_feature_observations_total"


def _samples(folder: Path) -> set[str]:
    return {line for file in folder.glob("*.openmetrics") for line in file.read_text().splitlines() if line[:1] != "#"}


def _time(line: str) -> int:
    return int(line.rpartition(" ")[2])


def test_a_thinned_history_is_a_part_of_the_whole_one(tmp_path: Path) -> None:
    """All gauges every five minutes, counters twice as often, and before that only what is demanded."""
    asked, before = Interval(END - 1_800, END), Interval(END - 7_200, END - 5_400)
    target = lending(tmp_path / "log", [before, asked], False)
    density = Density(asked, {COUNTED: [before, asked]})
    sample_history(tmp_path / "thin", attrs.evolve(target, instance="replay"), density)
    ran = run_command(
        *("replay", "--backfill", tmp_path / "whole", "--backfill.step=150s", "--windows=1h", "--windows=24h"),
        *(f"--reference={target.settings.reference[0]}", target.log),
    )
    assert ran.returncode == 0, ran.stderr.decode()
    written, whole = _samples(tmp_path / "thin"), _samples(tmp_path / "whole")
    assert max(map(_time, written)) == END
    ends = max(map(_time, whole))
    assert END - ends < 900  # the pause between two records
    thin = {line for line in written if _time(line) <= ends}
    expected = set()
    for line in whole:
        counter = "_total{" in line or "_bucket{" in line or "_sum{" in line or "_count{" in line or line[:2] == "up"
        due = _time(line) % 300 == 0 or counter
        if due and (_time(line) in asked or (line.startswith((COUNTED, "up{")) and _time(line) in before)):
            expected.add(line)
    assert thin == expected
    assert len(thin) > 1_000


def test_nothing_is_scraped_while_the_target_does_not_answer(tmp_path: Path) -> None:
    """But that it does not answer; afterwards counters go on from where they were."""
    asked = Interval(END - 3_600, END)
    target = fraud(tmp_path / "log", [asked], True)
    assert target.down is not None
    target = attrs.evolve(target, down=Interval(END - 1_800, END - 900))
    sample_history(tmp_path / "thin", target, Density(asked, {COUNTED: [asked]}))
    written = _samples(tmp_path / "thin")
    up = {_time(line): line.split()[-2] for line in written if line.startswith("up{")}
    assert {time: value for time, value in up.items() if value != "1"} == dict.fromkeys(
        range(int(END) - 1_800, int(END) - 899, 150), "0"
    )
    others = {_time(line) for line in written if not line.startswith("up{")}
    assert others == {time for time, value in up.items() if value == "1"}
