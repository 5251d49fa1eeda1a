"""Runs all parts of alarm quality, at default options, and puts what was found beside what was asked."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.processes import ROOT
from benchmarks.report import Report, Scale

from . import sections
from .delays import CHANGES, PAGE_UPDATES
from .dependence import PROCESSES
from .errors import CHANGE, write_clean, write_doubled
from .operations.section import operations
from .peer_sections import peers
from .sizes import FULL, QUICK, Sizes
from .streams import found_streams
from .tasks import Task, run_tasks

__all__ = ["SECTIONS", "run"]

SECTIONS = ("nulls", "delays", "dependence", "cost", "streams", "peers", "operations")
"""What ``--only`` may name."""

METHOD = """\
Everything runs with the default options but where it is said, from fixed seeds, through the code that `run` uses: references
are built by the profile builder, evidence is that of `DriftMonitor` and `LossMonitor`. Where there are millions of records
with 200 features, these are made as bins (each of 65,536 levels is binned once, by the exporter's own `Binner`) and not as
JSON; the dependent streams go through `Model` with their labels, the real streams through `replay` from their files. A
clean model has 200 features: numbers, numbers with gaps or ties, categories; its reference has 10,000 rows.

Operations are streams as people have them, from generators that know what is true: a loss page is false if the mean
expected loss of all records from its onset to the page, copies counted once, is within what the reference tolerates; a page on
inputs is false in all of them. Tickets have the promise of one a week. A harm is told by the first alarm that names it, and by
the first page: hours of event time and records after it began, medians over seeds. Single kinds and harms:
`python -m benchmarks alarm_quality --only=operations --kinds='storm*,sudden*'`.

With the real streams and with river: `python -m benchmarks alarm_quality --streams=FOLDER --peers-python=PYTHON`."""

_NO_STREAMS = (
    "The real streams were left out: they are no part of the project. `--streams=FOLDER` names a folder that holds one folder "
    "a stream, with `reference.jsonl.gz`, `predictions.jsonl.gz`, `labels.jsonl.gz` and `truth.json`."
)
_NO_RIVER = (
    "river's detectors were not measured: it is not installed. `python3 -m venv .venv/peers && .venv/peers/bin/pip install -r "
    "benchmarks/requirements-peers.txt`, or another environment with `--peers-python`."
)


def run(scale: Scale, sizes: Sizes | None = None) -> Report:
    sizes = sizes or (QUICK if scale.quick else FULL)
    wanted = scale.only or SECTIONS
    parts: list[sections.Part] = []
    notes: list[str] = []
    if {*wanted} - {"operations"}:
        parts, notes = _laboratory(scale, sizes, wanted)
    if "operations" in wanted:
        parts += operations(sizes, scale.kinds)
    return Report(
        title="Alarm quality",
        method=METHOD,
        figures=[figure for part in parts for figure in part.figures],
        tables=[table for part in parts for table in part.tables],
        notes=[*(note for part in parts for note in part.notes), *notes],
    )


def _laboratory(scale: Scale, sizes: Sizes, wanted: Sequence[str]) -> tuple[list[sections.Part], list[str]]:
    """The sections but operations, and what was left out. What peers are measured on is made by the other sections."""
    peered = "peers" in wanted
    streams = [str(Path(scale.streams, name)) for name in found_streams(Path(scale.streams))] if scale.streams else []
    python = scale.peers_python or str(ROOT / ".venv" / "peers" / "bin" / "python")
    river = _river(python) if peered else ""
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder)
        tasks = {**_made_up(sizes, files), "streams": _replays(streams, files)}
        found = _run_all({name: each for name, each in tasks.items() if peered or _SECTION_OF[name] in wanted})
        found["river"] = (
            dict(zip(_inputs(sizes, files, streams), _rivers(sizes, files, streams, python), strict=True))
            if river
            else {}
        )
    makers: dict[str, Callable[[], sections.Part]] = {
        "nulls": lambda: sections.nulls(found["nulls"]),
        "delays": lambda: sections.delays(found["features"], found["errors"]),
        "dependence": lambda: sections.dependence(found["dependence"]),
        "cost": lambda: sections.cost(found["cost"][0]),
        "streams": lambda: sections.streams(found["streams"]),
        "peers": lambda: peers(found),
    }
    notes = [] if streams or "streams" not in wanted else [_NO_STREAMS]
    if peered:
        notes += [f"river {river}, each detector as its constructor makes it."] if river else [_NO_RIVER]
    return [make() for name, make in makers.items() if name in wanted], notes


_SECTION_OF = {
    "nulls": "nulls",
    "features": "delays",
    "errors": "delays",
    "dependence": "dependence",
    "cost": "cost",
    "streams": "streams",
}
"""The section that is made of each part's results."""


def _made_up(sizes: Sizes, files: Path) -> dict[str, list[Task]]:
    """The parts that need nothing but their seeds."""
    nulls = [
        Task(
            "nulls",
            "null_stream",
            {
                "seed": seed,
                "records": sizes.records,
                "features": sizes.features,
                "windows": sizes.windows if seed == 1 else 0,
            },
        )
        for seed in range(1, sizes.seeds + 1)
    ]
    dependent = [
        Task(
            "dependence",
            "dependent_streams",
            {
                "setting": setting,
                "seed": 1,
                "streams": sizes.streams,
                "live_days": sizes.live_days,
                "errors": str(files / f"{_file_name(setting)}.npy"),
                "error_streams": sizes.error_streams,
            },
        )
        for setting in PROCESSES
    ]
    features = [
        Task("delays", "feature_delays", {"seed": seed, "change": change, "features": sizes.features})
        for change in CHANGES
        for seed in range(1, sizes.delay_seeds + 1)
    ]
    errors = [
        Task("delays", "error_delays", {"seed": 1, "trials": sizes.error_trials, "page_budget": budget})
        for budget in (PAGE_UPDATES / 2, PAGE_UPDATES)
    ]
    cost = [Task("cost", "cost_of_updates", {"features": sizes.features, "updates": sizes.updates})]
    return {"cost": cost, "nulls": nulls, "dependence": dependent, "features": features, "errors": errors}


def _replays(streams: Sequence[str], files: Path) -> list[Task]:
    return [
        Task("streams", "replay_stream", {"folder": stream, "errors": str(files / f"stream-{Path(stream).name}.npy")})
        for stream in streams
    ]


def _file_name(setting: str) -> str:
    return "".join(character if character.isalnum() else "-" for character in setting)


def _inputs(sizes: Sizes, files: Path, streams: Sequence[str]) -> dict[str, Path]:
    """Errors for the peers, by what they are."""
    return {
        "clean": write_clean(files / "clean.npy", sizes.peer_labels),
        "doubled": write_doubled(files / "doubled.npy", sizes.peer_trials),
        **{setting: files / f"{_file_name(setting)}.npy" for setting in PROCESSES},
        **{Path(stream).name: files / f"stream-{Path(stream).name}.npy" for stream in streams},
    }


def _rivers(sizes: Sizes, files: Path, streams: Sequence[str], python: str) -> list[Any]:
    return run_tasks(
        [
            Task("river_program", "delays", {"path": str(path), "change": CHANGE}, python)
            if name == "doubled"
            else Task("river_program", "detect", {"path": str(path)}, python)
            for name, path in _inputs(sizes, files, streams).items()
        ]
    )


def _run_all(parts: Mapping[str, Sequence[Task]]) -> dict[str, Any]:
    results = iter(run_tasks([task for tasks in parts.values() for task in tasks]))
    found: dict[str, Any] = {}
    for name, tasks in parts.items():
        outcomes = [next(results) for _ in tasks]
        if name == "features":
            by_change: dict[str, list[float]] = {}
            for task, outcome in zip(tasks, outcomes, strict=True):
                by_change.setdefault(task.arguments["change"], []).extend(outcome)
            found[name] = by_change
        elif name == "dependence":
            found[name] = {
                task.arguments["setting"]: each["streams"] for task, each in zip(tasks, outcomes, strict=True)
            }
        else:
            found[name] = outcomes
    return found


def _river(python: str) -> str:
    """The version of river in that environment, empty if it is not there."""
    program = "import river; print(river.__version__)"
    try:
        done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"no river in {python}: {error}", file=sys.stderr)
        return ""
    return done.stdout.strip()
