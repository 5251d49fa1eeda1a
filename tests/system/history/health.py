"""What an exporter says about itself, as history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

from model_drift_exporter.service.catalogue import CATALOGUE
from tests.support.sidecar import eventually, sidecar
from tests.system.history.scenes import DAY, REJECTED, Target
from tests.system.history.times import Interval

__all__ = ["health_history"]

_TAIL = 3_000
_STEP = 150
_SAVED_EVERY = 300
_AGE = 9 * DAY
_OWN = ("model_drift_exporter_", "process_")
_ONCE = ("process_start_time_seconds", "model_drift_exporter_config_last_reload_success_timestamp_seconds")


def health_history(folder: Path, target: Target, asked: Interval) -> Path:
    """A file with the samples of one real scrape, as if every scrape of ``asked`` had found them.

    Replay has no inputs, no snapshots and no process to tell of, so this is not the exporter's own history: a sidecar reads
    the end of the log and is scraped once. Counters are then made as large as for the whole log and spread evenly over the
    time, but for rejected lines, which rise while the target rejects lines; times are those of the last few minutes. While
    it does not answer there is nothing, and then it has started anew.
    """
    own = folder / "sidecar"
    own.mkdir(parents=True)
    lines = target.log.read_bytes().splitlines(keepends=True)
    log = own / "predictions.jsonl"
    log.write_bytes(b"".join([*lines[-_TAIL:], *(line for line in lines[:-_TAIL] if line == REJECTED)]))
    arguments = [f"--reference={reference}" for reference in target.settings.reference]
    arguments += [f"--state.path={own / 'state'}", "--state.interval=1s"]
    with sidecar(own, *arguments, log) as running:
        eventually(lambda: running.metrics().total("model_drift_exporter_input_bytes_total") >= log.stat().st_size)
        eventually(lambda: running.metrics().total("model_drift_exporter_snapshot_timestamp_seconds") > 0)
        scraped = running.metrics().samples
    past = _Past(target, asked, max(len(lines) / _TAIL, 1.0))
    written = [
        line
        for (name, labels), value in scraped.items()
        if name.startswith(_OWN)
        for line in past.lines(name, dict(labels), value)
    ]
    file = folder / "health.openmetrics"
    file.write_text("\n".join([*written, "# EOF", ""]))
    return file


@attrs.frozen
class _Past:
    """What one value is made into; ``larger`` is how much larger counters of the whole log are."""

    target: Target
    asked: Interval
    larger: float

    def lines(self, name: str, labels: Mapping[str, str], value: float) -> Iterator[str]:
        pairs = {"job": "model-drift-exporter", "instance": self.target.instance, **labels}
        series = name + "{" + ",".join(f'{label}="{text}"' for label, text in pairs.items()) + "}"
        for moment in filter(self.target.answers, self.asked.steps(_STEP)):
            yield f"{series} {self._value(name, value, moment)!r} {moment}"

    def _value(self, name: str, value: float, moment: int) -> float:
        if name == "model_drift_exporter_record_errors_total":
            return value if self.target.rejected is None else value * self.target.rejected.share(moment)
        if name in _ONCE:
            down = self.target.down
            return self.asked.start - _AGE if down is None or moment < down.start else down.end
        if name.endswith("_timestamp_seconds"):
            return moment - moment % _SAVED_EVERY
        if CATALOGUE[name].type == "counter":
            return round(value * self.larger * self.asked.share(moment), 3)
        return value
