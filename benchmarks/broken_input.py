"""How soon a feature that is missing, or of another type, in every record is named: five references, three rates of traffic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .alarm_quality.broken_input import FAULTS, allowed_records
from .alarm_quality.sections import when_found
from .alarm_quality.tasks import Task, run_tasks
from .report import Figure, Report, Scale, Table, number

__all__ = ["report_of", "run"]

METHOD = """\
A model of eight features whose values and traffic have a day's and a week's season of one standard deviation each; one feature is
missing in 5 % of the records, one in 35 % of those at night. References of some days are built by the profile builder, live
records go through `Model` with the default options. After one to eight clean days of the same world the feature with the
season, which was never missing, is missing in every record, or apart from that a text in every record. Counted are records
and hours until `ModelInputBroken` names it, the slowest of {seeds} seeds. As many references see {days} clean days."""

_DAYS = (10, 14, 21, 35, 60)
_RATES = (300, 1_000, 5_000)
_CLEAN_DAYS = 20


def run(scale: Scale) -> Report:
    days, rates = (_DAYS[:1], _RATES[:1]) if scale.quick else (_DAYS, _RATES)
    seeds, clean_days = scale.pick(3, 1), scale.pick(_CLEAN_DAYS, 2)
    cases = [(day, rate) for day in days for rate in rates]
    tasks = [
        Task("broken_input", "broken_input", {"days": day, "rate": rate, "seed": seed, "clean_days": clean_days})
        for day, rate in cases
        for seed in range(1, seeds + 1)
    ]
    results = run_tasks(tasks)
    found = [results[first : first + seeds] for first in range(0, len(results), seeds)]
    return report_of(dict(zip(cases, found, strict=True)), clean_days)


def report_of(found: dict[tuple[int, int], Sequence[dict[str, Any]]], clean_days: int) -> Report:
    """The report of what was found by days of the reference and records a day, one entry a seed."""
    everything = [each for seeds in found.values() for each in seeds]
    late = {
        fault: sum(
            each["told"][fault]["records"] > allowed_records(rate)
            for (_, rate), seeds in found.items()
            for each in seeds
        )
        for fault in FAULTS
    }
    figures = [
        Figure(f"{fault} in every record: of {len(everything)} named later than asked, or never", late[fault], "", 0)
        for fault in FAULTS
    ]
    figures += [
        Figure(f"pages of {len(everything)} clean streams", sum(each["pages"] for each in everything), "", 0),
        Figure(f"tickets of {len(everything)} clean streams", sum(each["tickets"] for each in everything), ""),
    ]
    rows = [_row(days, rate, seeds) for (days, rate), seeds in found.items()]
    columns = ("days of the reference", "records a day", "season slots", "design effect of the values")
    told = [f"{fault}: records (hours)" for fault in FAULTS]
    return Report(
        title="Broken input",
        method=METHOD.format(seeds=len(next(iter(found.values()))), days=clean_days),
        figures=figures,
        tables=[Table((*columns, *told, "asked: records"), rows)],
    )


def _row(days: int, rate: int, seeds: Sequence[dict[str, Any]]) -> list[str | float]:
    slowest = [max((each["told"][fault] for each in seeds), key=lambda told: told["records"]) for fault in FAULTS]
    return [
        float(days),
        float(rate),
        float(max(each["slots"] for each in seeds)),
        max(each["design_effect"] for each in seeds),
        *(f"{when_found(told['records'])} ({when_found(told['hours'])})" for told in slowest),
        f"≤ {number(allowed_records(rate))}",
    ]
