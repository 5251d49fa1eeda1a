"""CPU time of the whole path from a file to the monitors, beside that of decoding the same file and nothing else."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from model_drift_exporter.sources.files.tail import READ_BYTES

from .data import Stream, write_labels, write_log
from .processes import build_reference, measure, status_mebibytes
from .report import Figure, Report, Scale, Table

__all__ = ["run"]

_PROGRAMS = {
    "msgspec, a line at a time": ("decode_lines_one_by_one", "clean"),
    "msgspec, `decode_lines` of 1 MiB": ("decode_chunks", "clean"),
    "msgspec into structs of known types": ("decode_typed", "clean"),
    "the exporter": ("exporter", "clean"),
    "msgspec, a line at a time, mixed": ("decode_lines_one_by_one", "mixed"),
    "the exporter, mixed": ("exporter", "mixed"),
    "the exporter, a label in each record": ("exporter", "labelled"),
    "the exporter, labels in a log of their own": ("exporter", "clean"),
}
_READ_KIBIBYTES = (128, 256, 512, 1024, 2048)
_PLAIN, _OURS, _OURS_MIXED, _OWN_LABEL, _LABEL_LOG = (list(_PROGRAMS)[index] for index in (0, 3, 5, 6, 7))
_LABEL_DELAY = 20_000  # records

METHOD = """\
A log of {records:,} records ({megabytes:.0f} MB) with time, id, model, version, prediction, score, 20 numeric and 5
categorical features goes through file source, decoder, binning, three windows and every monitor, as `run --once` does it.
Each program reads the same file in a process of its own, in turns, {rounds} rounds; CPU time (user and system, all
threads) without start and imports. In the mixed log 5 % of the numbers are null, 5 % are integers, 2 % strings. With labels
all of the exporter is at work: the label join, realised performance, evidence on the loss. They stand in the records, or in a
log of their own that is read along by event time, each {delay:,} records after its prediction. Ratios are medians of the
ratios within a round."""


def run(scale: Scale) -> Report:
    records = scale.pick(200_000, 2_000)
    rounds = scale.pick(scale.rounds, 1)
    with tempfile.TemporaryDirectory() as folder:
        logs = {
            name: str(
                write_log(
                    Path(folder, f"{name}.jsonl"),
                    records,
                    Stream(mixed=name == "mixed", labelled=name == "labelled"),
                )
            )
            for name in ("clean", "mixed", "labelled")
        }
        labels = str(write_labels(Path(folder, "labels.jsonl"), records, min(_LABEL_DELAY, records // 2)))
        reference = _reference(Path(folder), scale)
        size = Path(logs["clean"]).stat().st_size
        times: dict[str, list[float]] = {name: [] for name in _PROGRAMS}
        sizes: dict[int, list[dict[str, float]]] = {kibibytes: [] for kibibytes in _READ_KIBIBYTES}
        stages: list[dict[str, float]] = []
        for _ in range(rounds):
            for name, (function, log) in _PROGRAMS.items():
                arguments: dict[str, Any] = {"reference": reference} if function == "exporter" else {}
                arguments |= {"labels": labels} if name == _LABEL_LOG else {}
                outcome = measure(__name__, function, path=logs[log], **arguments)
                _require(outcome["records"], records)
                times[name].append(outcome["seconds"])
            for kibibytes, outcomes in sizes.items():
                outcomes.append(
                    measure(__name__, "read_in_pieces", path=logs["clean"], reference=reference, kibibytes=kibibytes)
                )
            stages.append(measure(__name__, "stages", path=logs["clean"], reference=reference))
    plain, ours, mixed = times[_PLAIN], times[_OURS], times[_OURS_MIXED]
    rows = [
        (name, min(each) / records * 1e6, median(each) / records * 1e6, records / min(each), _ratio(each, plain))
        for name, each in times.items()
    ]
    whole = median([sum(each.values()) for each in stages])
    parts = [(name, median([each[name] for each in stages])) for name in stages[0]]
    return Report(
        title="Throughput",
        method=METHOD.format(records=records, megabytes=size / 1e6, rounds=rounds, delay=_LABEL_DELAY),
        figures=[
            Figure("CPU time beside the plain msgspec decode", _ratio(ours, plain), "×", 3.2),
            Figure("records a second on one core (best round)", records / min(ours), "/s"),
            Figure("mixed log beside the clean one", _ratio(mixed, ours), "×", 4 / 3),
            Figure(f"{_OWN_LABEL}, records a second", records / min(times[_OWN_LABEL]), "/s", 110_000, at_least=True),
            Figure(f"{_LABEL_LOG}, records a second", records / min(times[_LABEL_LOG]), "/s", 65_000, at_least=True),
        ],
        tables=[
            Table(("program", "best, µs a record", "median, µs a record", "best, records/s", "× plain decode"), rows),
            Table(
                ("stage of the exporter", "µs a record", "share"),
                [(name, each / records * 1e6, f"{each / whole:.0%}") for name, each in parts],
            ),
            Table(
                ("bytes a read", "best, µs a record", "median, µs a record", "peak memory, MiB"),
                [
                    (
                        f"{kibibytes} KiB{' (default)' if kibibytes * 1024 == READ_BYTES else ''}",
                        min(each["seconds"] for each in outcomes) / records * 1e6,
                        median([each["seconds"] for each in outcomes]) / records * 1e6,
                        median([each["peak"] for each in outcomes]),
                    )
                    for kibibytes, outcomes in sizes.items()
                ],
            ),
        ],
    )


def _reference(folder: Path, scale: Scale) -> str:
    rows = write_log(folder / "reference.jsonl", scale.pick(10_000, 2_000), Stream(seed=2, labelled=True))
    return str(build_reference(rows, folder / "reference.json"))


def _ratio(times: list[float], base: list[float]) -> float:
    return median([time / other for time, other in zip(times, base, strict=True)])


def _require(found: int, records: int) -> None:
    if found != records:
        raise RuntimeError(f"{found:,} of {records:,} records were read")


# What follows runs in processes of its own.


def _timed(program: Callable[[], int]) -> dict[str, float]:
    from model_drift_exporter.commands.run import tune_garbage_collection

    tune_garbage_collection()  # for all alike
    began = time.process_time()
    records = program()
    return {"records": records, "seconds": time.process_time() - began}


def decode_lines_one_by_one(path: str) -> dict[str, float]:
    def program() -> int:
        decode = msgspec.json.Decoder().decode
        records = 0
        with Path(path).open("rb") as file:
            for line in file:
                decode(line)
                records += 1
        return records

    return _timed(program)


def decode_chunks(path: str) -> dict[str, float]:
    return _timed(lambda: _decode_chunks(path, msgspec.json.Decoder()))


def decode_typed(path: str) -> dict[str, float]:
    features: list[tuple[str, Any, Any]] = [(f"num_{position:02d}", float | None, None) for position in range(20)]
    features += [(f"cat_{position}", str | None, None) for position in range(5)]
    text = ("ts", "id", "model", "model_version")
    record = msgspec.defstruct(
        "Record",
        [
            *((name, str) for name in text),
            ("features", msgspec.defstruct("Features", features, gc=False)),
            ("prediction", int),
            ("score", float),
        ],
        gc=False,
    )
    return _timed(lambda: _decode_chunks(path, msgspec.json.Decoder(record)))


def _decode_chunks(path: str, decoder: msgspec.json.Decoder[Any]) -> int:
    records = 0
    with Path(path).open("rb") as file:
        while lines := file.readlines(1 << 20):
            records += len(decoder.decode_lines(b"".join(lines)))
    return records


def exporter(path: str, reference: str, labels: str | None = None) -> dict[str, float]:
    from model_drift_exporter.configuration.settings import InputSettings, Settings
    from model_drift_exporter.pipeline.assembly import make_pipeline, open_sources

    inputs = [InputSettings(path)]
    if labels:
        inputs.append(InputSettings(labels, name="labels", contains="labels"))

    def program() -> int:
        settings = Settings(inputs=tuple(inputs), reference=(reference,))
        pipeline = make_pipeline(settings, open_sources(settings.inputs, settings, once=True))
        pipeline.read_to_end(time.time, lambda: None)
        return sum(model.traffic.records for model in pipeline.models.up_to_date().values())

    return _timed(program)


def read_in_pieces(path: str, reference: str, kibibytes: int) -> dict[str, float]:
    """The exporter with another size of its reads; also the process's peak memory in MiB."""
    from model_drift_exporter.configuration.settings import Settings
    from model_drift_exporter.pipeline.assembly import make_pipeline
    from model_drift_exporter.sources import FileSource

    def program() -> int:
        source = FileSource("log", path, once=True, read_bytes=kibibytes * 1024)
        pipeline = make_pipeline(Settings(reference=(reference,)), [source])
        pipeline.read_to_end(time.time, lambda: None)
        return sum(model.traffic.records for model in pipeline.models.up_to_date().values())

    return _timed(program) | {"peak": status_mebibytes("self", "VmHWM")}


def stages(path: str, reference: str) -> dict[str, float]:
    """CPU seconds of reading, decoding, and everything after."""
    from model_drift_exporter.commands.run import tune_garbage_collection
    from model_drift_exporter.configuration.settings import InputSettings, Settings
    from model_drift_exporter.formats import FORMATS
    from model_drift_exporter.pipeline.assembly import make_pipeline, open_sources

    settings = Settings(inputs=(InputSettings(path),), reference=(reference,))
    (source,) = open_sources(settings.inputs, settings, once=True)
    pipeline = make_pipeline(settings, [source])
    decoder = FORMATS["jsonl"].make(pipeline.intake.decoding.schema(source.input))
    tune_garbage_collection()
    spent = dict.fromkeys(("read", "decode", "bin, roll, count"), 0.0)
    now = time.time()
    while True:
        marks = [time.process_time()]
        chunk = source.poll(now, draining=True)
        marks.append(time.process_time())
        if chunk is None:
            if source.finished:
                pipeline.models.give_gathered()
                spent["bin, roll, count"] += time.process_time() - marks[-1]
                return spent
            continue
        decoded = decoder.decode(chunk.data)
        marks.append(time.process_time())
        pipeline.models.process(decoded, now)
        marks.append(time.process_time())
        for name, began, ended in zip(spent, marks, marks[1:], strict=False):
            spent[name] += ended - began
