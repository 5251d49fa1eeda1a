"""CPU time where a piece of a source holds few records of a model: 20 models in one log, an archive; and CSV."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from statistics import median

from .data import Stream, write_csv, write_log
from .processes import build_reference, measure
from .report import Figure, Report, Scale, Table

__all__ = ["run"]

_MODELS = 20
_PLAIN, _CLEAN, _ARCHIVE, _CSV = "msgspec, a line at a time", "one model", "one model, `.gz`", "one model, CSV"
_MANY, _MANY_ARCHIVE = f"{_MODELS} models", f"{_MODELS} models, `.gz`"

METHOD = """\
The log of *Throughput* ({records:,} records), as it is, compressed with gzip, and as CSV; and one in which each
record is of one of {models} models at random, each with a reference of its own, as it is and compressed. Read as `run
--once` does it, each in a process of its own, in turns, {rounds} rounds; CPU time (user and system, all threads)
without start and imports, but with what a model costs when its first record comes. Ratios to the plain decode of the
uncompressed log of one model are medians of the ratios within a round."""


def run(scale: Scale) -> Report:
    records = scale.pick(200_000, 2_000)
    rounds = scale.pick(scale.rounds, 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one = write_log(folder / "one.jsonl", records, Stream())
        many = write_log(folder / "many.jsonl", records, Stream(models=_MODELS))
        logs = {
            _CLEAN: (one, _reference(folder, "one", scale.pick(10_000, 2_000), 1)),
            _ARCHIVE: (_compressed(one), folder / "one.json"),
            _CSV: (write_csv(folder / "one.csv", one), folder / "one.json"),
            _MANY: (many, _reference(folder, "many", scale.pick(40_000, 4_000), _MODELS)),
            _MANY_ARCHIVE: (_compressed(many), folder / "many.json"),
        }
        times: dict[str, list[float]] = {program: [] for program in (_PLAIN, *logs)}
        for _ in range(rounds):
            plain = measure("benchmarks.throughput", "decode_lines_one_by_one", path=str(one))
            times[_PLAIN].append(plain["seconds"])
            for program, (log, reference) in logs.items():
                outcome = measure("benchmarks.throughput", "exporter", path=str(log), reference=str(reference))
                if outcome["records"] != records:
                    raise RuntimeError(f"{program}: {outcome['records']:,} of {records:,} records were read")
                times[program].append(outcome["seconds"])
    ratio = {program: _ratio(each, times[_PLAIN]) for program, each in times.items()}
    return Report(
        title="Small pieces",
        method=METHOD.format(records=records, models=_MODELS, rounds=rounds),
        figures=[
            Figure(f"{_MANY} in one log beside the plain msgspec decode", ratio[_MANY], "×", 10),
            Figure("a log as `.gz` beside the plain msgspec decode", ratio[_ARCHIVE], "×", 5),
            Figure(
                "CSV, records a second on one core (best round)",
                records / min(times[_CSV]),
                "/s",
                70_000,
                at_least=True,
            ),
        ],
        tables=[
            Table(
                ("log", "best, µs a record", "median, µs a record", "best, records/s", "× plain decode"),
                [
                    (
                        program,
                        min(each) / records * 1e6,
                        median(each) / records * 1e6,
                        records / min(each),
                        ratio[program],
                    )
                    for program, each in times.items()
                ],
            )
        ],
    )


def _reference(folder: Path, name: str, rows: int, models: int) -> Path:
    log = write_log(folder / f"{name}-reference.jsonl", rows, Stream(seed=2, labelled=True, models=models))
    return build_reference(log, folder / f"{name}.json")


def _compressed(log: Path) -> Path:
    path = log.with_suffix(log.suffix + ".gz")
    path.write_bytes(gzip.compress(log.read_bytes(), 6, mtime=0))
    return path


def _ratio(times: list[float], base: list[float]) -> float:
    return median([time / other for time, other in zip(times, base, strict=True)])
