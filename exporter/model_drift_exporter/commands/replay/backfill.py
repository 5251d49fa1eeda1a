"""History as OpenMetrics with timestamps, which ``promtool tsdb create-blocks-from openmetrics`` turns into blocks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import attrs

from ...atomic_file import replace_file
from ...errors import InputError
from ...metrics.metric import Metric, gauge
from ...metrics.renderer import header, lines_of_block
from ...metrics.samples import HistogramSeries, Samples, Series, escape_label_value

__all__ = ["INSTANCE", "JOB", "STEP", "UP", "Backfill", "step_problem"]

STEP = 60.0
"""Seconds between two samples unless said otherwise: the recording rules count over five minutes, which then hold five.

Two would do for them to find anything, but they would count the records of every other step only, twice.
"""

JOB, INSTANCE = "model-drift-exporter", "replay"
"""Labels of the target that samples are said to come from, unless another is named."""

_LARGEST_FILE = 1_000_000
_SMALLEST_FILE = 100_000
_LONGEST_GAP = round(7 * 86_400 / STEP)
_COUNTED_OVER = 300.0  # seconds: the shortest range that rules count over; also how long Prometheus looks for a sample
UP = gauge("up", "", "1 while the target could be scraped.", "")
"""Prometheus' own, of each target."""


@attrs.define(eq=False)
class Backfill:
    """Writes what a scrape at each multiple of ``step`` seconds of event time would have found.

    A file holds whole days, about 100,000 samples of them, and never more than a million, so that it can be made into blocks
    in little memory. Times are moved by
    ``shift`` seconds, also where they are values. Samples carry ``job`` and ``instance``, as a scrape adds them.
    """

    folder: Path
    step: float = STEP
    shift: float = 0.0
    job: str = JOB
    instance: str = INSTANCE
    files: int = 0
    samples: int = 0
    _next: float | None = None
    _groups: dict[Metric, dict[str, list[str]]] = attrs.field(factory=dict)
    _held: int = 0
    _day: int = 0
    _labelled: dict[str, str] = attrs.field(factory=dict)

    def due(self, now: float) -> list[float]:
        """The steps up to ``now`` (event time in seconds) that have not been written; the caller writes each.

        A long gap is not filled. Example: the first record has a wrong clock, years before the second. Then the first week
        of minutes is written, and the last step.
        """
        if self._next is None:
            self._next = math.floor(now / self.step) * self.step + self.step
            return []
        count = max(int((now - self._next) // self.step) + 1, 0)
        places = [*range(min(count, _LONGEST_GAP)), *([count - 1] if count > _LONGEST_GAP else [])]
        steps = [self._next + place * self.step for place in places]
        self._next += count * self.step
        return steps

    def write(self, time: float, blocks: Iterable[Samples]) -> None:
        """Add the samples of one step. Raises :class:`InputError` if a file cannot be written."""
        moment = time + self.shift
        limit = _LARGEST_FILE if int(moment // 86_400) == self._day else _SMALLEST_FILE
        if self._held >= limit:
            self.flush()
        self._day = int(moment // 86_400)
        stamp = f" {moment:.3f}".removesuffix(".000")
        for block in blocks:
            self._add(block, stamp)
        up = self._groups.setdefault(UP, {}).setdefault("", [])
        up.append(f"{self._with_target('up ')}1{stamp}")

    def _add(self, block: Samples, stamp: str) -> None:
        series = block.series
        if series.metric.name.endswith("_timestamp_seconds") and isinstance(series, Series):
            block = series.samples([float(value) + self.shift for value in block.values])
        groups = self._groups.setdefault(series.metric, {})
        histogram = isinstance(series, HistogramSeries)
        for line in lines_of_block(block):
            prefix, _, value = line.rpartition(" ")
            # All samples of a series stand together, those of a histogram by time.
            key = series.prefixes[-1] if histogram else prefix
            groups.setdefault(key, []).append(f"{self._with_target(prefix + ' ')}{value}{stamp}")
            self._held += 1

    def _with_target(self, prefix: str) -> str:
        found = self._labelled.get(prefix)
        if found is None:
            target = f'job="{escape_label_value(self.job)}",instance="{escape_label_value(self.instance)}"'
            name, brace, rest = prefix.partition("{")
            found = f"{name}{{{target},{rest}" if brace else f"{name.rstrip()}{{{target}}} "
            self._labelled[prefix] = found
        return found

    def flush(self) -> None:
        """Write what is held into a file of its own. Raises :class:`InputError` if that fails."""
        if not self._groups:
            return
        parts = []
        for metric, groups in self._groups.items():
            parts.append(header(metric, openmetrics=True))
            parts += [line for lines in groups.values() for line in lines]
        path = self.folder / f"{self.files:05d}.openmetrics"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            replace_file(path, "\n".join([*parts, "# EOF", ""]).encode("utf-8", "replace"))
        except OSError as error:
            raise InputError(f"--backfill: cannot write {path}: {error.strerror or error}") from error
        self.files += 1
        self.samples += self._held
        self._groups, self._held, self._labelled = {}, 0, {}


def step_problem(step: float) -> str:
    """What is lost with a step of so many seconds; empty where the recording rules find all that they need."""
    if step <= STEP:
        return ""
    if step <= _COUNTED_OVER / 2:
        return (
            "the recording rules count what lies between two samples within five minutes, and there are few of them; "
            "recorded PSI will be above its noise floor where nothing has changed"
        )
    hold, lost = ("never", "is empty") if step >= _COUNTED_OVER else ("not always", "has gaps")
    problem = (
        f"the recording rules count over five minutes, which will {hold} hold two samples; what they record of counts "
        f"{lost}: PSI and the other distances with their noise floors, shares of bins, of missing, invalid, unseen and "
        "out-of-range values, records a second"
    )
    if step > _COUNTED_OVER:
        problem += "; everything else has gaps, as Prometheus takes a sample for five minutes"
    return problem
