"""``replay``: the same decisions on history, on a virtual clock, as fast as the machine can."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs

from ...configuration.settings import Settings
from ...errors import ConfigurationError, Problem
from ...evidence.settings import PAGE, TICKET
from ...models.finding_edges import FindingsSeen, edge_of_alarm
from ...models.model import Model
from ...models.model_findings import usual_again
from ...pipeline.assembly import make_pipeline, open_sources, wait_for_more
from ...pipeline.merge import in_blocks, size_of
from ...pipeline.pipeline import Pipeline
from ...records.times import parse_time
from ...settings.values import SettingError, parse_duration
from .backfill import INSTANCE, JOB, STEP, Backfill, step_problem
from .reports import ReplayReport

__all__ = ["BackfillOptions", "Replay", "backfill_options", "replay_logs"]

_log = logging.getLogger(__name__)

LINES_A_LOOK = 5_000
"""Lines, labels included, from one look at what monitors say to the next: at the same lines however a log is cut when it is read.

Looks at every thousandth line made a replay take 1.8 times as long.
"""


@attrs.frozen
class BackfillOptions:
    """``step`` is in seconds. ``end`` is the time, in seconds since the epoch, that the end of history is moved to.

    ``job`` and ``instance`` are labels of all that is written: those of the target whose past it is.
    """

    folder: Path
    step: float = STEP
    end: float | None = None
    job: str = JOB
    instance: str = INSTANCE


def backfill_options(
    folder: Path | None,
    step: str,
    end: str | None,
    job: str = JOB,
    instance: str = INSTANCE,
) -> BackfillOptions | None:
    """The options by their flags; ``None`` without a folder. Raises :class:`ConfigurationError` with all mistakes."""
    problems = []
    seconds, moment = STEP, None
    if folder is None and end is not None:
        problems.append(
            Problem("--backfill.end", "nothing is written without --backfill", "give --backfill=DIR as well")
        )
    try:
        seconds = parse_duration(step, ("1s", "1d"))
    except SettingError as error:
        problems.append(Problem("--backfill.step", error.message, error.hint))
    if end is not None:
        moment = time.time() if end == "now" else parse_time(end)
        if not math.isfinite(moment):
            problems.append(
                Problem("--backfill.end", f"{end!r} is no time", "write now, or for instance 2026-01-31T00:00:00Z")
            )
    if problems:
        raise ConfigurationError(problems)
    return None if folder is None else BackfillOptions(folder, seconds, moment, job, instance)


def replay_logs(settings: Settings, report: ReplayReport, backfill: BackfillOptions | None = None) -> int:
    """Replay the inputs of the settings; the exit code is 1 if one of them cannot be read.

    Raises :class:`ConfigurationError` if there is nothing to read, or standard input would have to be read twice.
    """
    if not any(each.contains != "labels" for each in settings.inputs):
        raise ConfigurationError([Problem("replay", "nothing to read", "give a LOG of predictions")])

    def pipeline() -> Pipeline:
        return make_pipeline(settings, open_sources(settings.inputs, settings, once=True))

    writer = None
    if backfill is not None:
        if problem := step_problem(backfill.step):
            _log.warning("--backfill.step is longer than %g s: %s", STEP, problem)
        shift = 0.0
        if backfill.end is not None:
            if any(each.path == "-" for each in settings.inputs):
                problem = "standard input cannot be read twice, to find the end of history first"
                raise ConfigurationError([Problem("--backfill.end", problem, "write it into a file")])
            shift = float(round(backfill.end - _end(pipeline(), backfill.step)))
        writer = Backfill(backfill.folder, backfill.step, shift, backfill.job, backfill.instance)
    reading = pipeline()
    Replay(reading, report, time.time, wait_for_more, writer).run()
    # Each source has said in the log what it could not read.
    return 1 if any(status.problem for status in reading.statuses(time.time())) else 0


def _end(pipeline: Pipeline, step: float) -> float:
    """The step in which history ends."""
    end = -math.inf
    for piece in pipeline.merged(time.time, wait_for_more, step):
        end = max(end, piece.time)
    return (end // step + 1) * step if math.isfinite(end) else time.time()


class Replay:
    """Reads all inputs of a pipeline in the order of their event times, through the code that ``run`` uses.

    ``wait`` is called where nothing has come and something may still come, as through a pipe; ``clock`` is the wall clock,
    which stands for the time of records only where none has one. With ``backfill`` the metrics of each of its steps are written.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        report: ReplayReport,
        clock: Callable[[], float],
        wait: Callable[[], None],
        backfill: Backfill | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._report = report
        self._clock = clock
        self._wait = wait
        self._backfill = backfill
        self._fired: Counter[str] = Counter()
        self._seen: dict[str, FindingsSeen] = {}
        self._lines = 0

    def run(self) -> dict[str, Any]:
        """Replay to the end; returns the summary, which the report got as well."""
        step = self._backfill.step if self._backfill is not None else None
        for piece in self._pipeline.merged(self._clock, self._tell_and_wait, step):
            if self._backfill is not None and math.isfinite(piece.time):
                # Before the lines of a step, what a scrape at its beginning would have found.
                self._write_steps(self._backfill, piece.time)
            for part in in_blocks(piece.decoded, self._lines, LINES_A_LOOK):
                self._pipeline.apply(part, piece.input, self._clock())
                self._lines += size_of(part)
                if self._lines % LINES_A_LOOK == 0:
                    self._report_transitions()
                    self._look()
        self._pipeline.models.finish()
        self._report_transitions()
        self._look()
        if self._backfill is not None:
            self._finish(self._backfill)
        summary = self._summary()
        self._report.summary(summary)
        return summary

    def _tell_and_wait(self) -> None:
        """Say what is known before more is waited for: a pipe may stay open."""
        self._report_transitions()
        self._wait()

    def _report_transitions(self) -> None:
        """Report the edges of latches since the last call, each with that of its finding."""
        models = self._pipeline.models
        for transition in models.drain_transitions():
            self._fired[transition.severity] += transition.firing
            self._report.transition(transition)
            self._report.finding(edge_of_alarm(transition, models.by_name[transition.model]))

    def _look(self) -> None:
        """Report what monitors say now beside the alarms, and no longer say."""
        for name, model in self._pipeline.models.up_to_date().items():
            for edge in self._seen.setdefault(name, FindingsSeen()).look(model):
                self._report.finding(edge)

    def _write_steps(self, backfill: Backfill, now: float) -> None:
        for step in backfill.due(now):
            backfill.write(step, self._pipeline.models.collect())

    def _finish(self, backfill: Backfill) -> None:
        clocks = [
            model.times.now for model in self._pipeline.models.up_to_date().values() if model.times.now is not None
        ]
        if clocks:
            self._write_steps(backfill, max(clocks) + backfill.step)
        backfill.flush()

    def _summary(self) -> dict[str, Any]:
        models = self._pipeline.models
        reasons = {reason for model in models.up_to_date().values() for reason in model.not_evaluable}
        return {
            "records": sum(model.traffic.records for model in models.up_to_date().values()),
            "labels": sum(models.labels().values()),
            "pages": self._fired[PAGE],
            "tickets": self._fired[TICKET],
            "not_evaluable": sorted(reasons),
            "held": [each for model in models.up_to_date().values() for each in _held(model)],
        }


def _held(model: Model) -> Iterator[dict[str, Any]]:
    """The alerts of a model that are latched at the end although the latest records or outcomes are usual again."""
    for spec in model.alarms.specs:
        usual = model.alarms[spec.alert].usual
        if usual is not None:
            text = usual_again(usual, spec.counted)
            yield {"model": model.name, "alert": spec.alert, "severity": spec.severity, "text": text}
