"""The same file through the exporter, through whylogs, and through a plain prometheus_client exporter."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from .data import Stream, write_log
from .processes import ROOT, build_reference, measure
from .report import Figure, Report, Scale, Table

__all__ = ["run"]

_OURS = "model-drift-exporter"

METHOD = """\
A log of {records:,} records with 20 numeric and 5 categorical features. Each program reads, decodes and takes in the same
file in a process of its own, in turns, {rounds} rounds; CPU time without start and imports. whylogs logs the features as
one row dictionary a record, or as a pandas frame of 4,096 records at a time, into one profile. The prometheus_client
exporter observes each number into a `Histogram` with 13 buckets and counts each category in a `Counter`, children looked
up once. Peers run with {versions}."""

_NO_PEERS = """\
The peers were not measured: whylogs is not installed. It needs NumPy 1 and so an environment of its own:
`python3 -m venv .venv/peers && .venv/peers/bin/pip install -r benchmarks/requirements-peers.txt`, or another one with
`--peers-python`."""

_DIFFERENCES = f"""\
They do not do the same: {_OURS} bins against a reference, keeps three windows and takes in prediction and
score too; whylogs keeps sketches (quantiles, distinct and frequent values) of everything since its start; the
prometheus_client exporter keeps counters only and compares with nothing."""

_PEERS = {
    "prometheus_client, decoded with msgspec": "prometheus_client_msgspec",
    "prometheus_client, decoded with json": "prometheus_client_json",
    "whylogs, pandas frames": "whylogs_frames",
    "whylogs, row dictionaries": "whylogs_rows",
}


def run(scale: Scale) -> Report:
    records = scale.pick(20_000, 500)
    rounds = scale.pick(max(3, scale.rounds - 2), 1)
    python = scale.peers_python or str(ROOT / ".venv" / "peers" / "bin" / "python")
    versions = _versions(python)
    times: dict[str, list[float]] = {"msgspec decode and nothing else": [], _OURS: []}
    plain = next(iter(times))
    times |= {name: [] for name in _PEERS} if versions else {}
    with tempfile.TemporaryDirectory() as folder:
        log = str(write_log(Path(folder, "predictions.jsonl"), records, Stream()))
        rows = write_log(Path(folder, "reference.jsonl"), scale.pick(10_000, 2_000), Stream(seed=2))
        reference = build_reference(rows, Path(folder, "reference.json"))
        edges = _edges(reference)
        throughput = "benchmarks.throughput"
        for _ in range(rounds):
            times[plain].append(measure(throughput, "decode_lines_one_by_one", path=log)["seconds"])
            times[_OURS].append(measure(throughput, "exporter", path=log, reference=str(reference))["seconds"])
            for name, function in _PEERS.items():
                if name in times:
                    arguments = {"edges": edges} if function.startswith("prometheus") else {}
                    seconds = measure("benchmarks.peer_programs", function, python=python, path=log, **arguments)
                    times[name].append(seconds)
    table = [
        (
            name,
            min(each) / records * 1e6,
            median(each) / records * 1e6,
            records / min(each),
            median([time / ours for time, ours in zip(each, times[_OURS], strict=True)]),
        )
        for name, each in times.items()
    ]
    columns = ("program", "best, µs a record", "median, µs a record", "best, records/s", f"× {_OURS}")
    return Report(
        title="Peers",
        method=METHOD.format(records=records, rounds=rounds, versions=versions or "nothing: they are not installed"),
        figures=[Figure(f"{_OURS}, CPU time a record (best round)", min(times[_OURS]) / records * 1e6, "µs")],
        tables=[Table(columns, table)],
        notes=[
            *([] if versions else [_NO_PEERS.replace("\n", " ")]),
            _DIFFERENCES.replace("\n", " "),
        ],
    )


def _versions(python: str) -> str:
    """Versions of the peers in that environment, empty if they are not there."""
    program = (
        "import importlib.metadata as m; import whylogs, prometheus_client;"
        "print(', '.join(f'{n} {m.version(n)}' for n in ('whylogs', 'prometheus_client', 'msgspec', 'pandas', 'numpy')))"
    )
    try:
        done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"no peers in {python}: {error}", file=sys.stderr)
        return ""
    return done.stdout.strip()


def _edges(reference: Path) -> list[float]:
    columns = json.loads(reference.read_text(encoding="utf-8"))["models"][0]["columns"]
    edges: list[float] = next(column["edges"] for column in columns if column["role"] == "feature")
    return edges[1:-1]
