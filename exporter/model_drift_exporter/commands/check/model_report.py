"""What ``check`` says of one model: its task, its features, and whether reference and log fit each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ...configuration.settings import Settings
from ...errors import ReferenceProfileError
from ...formats.schema import OUTPUTS
from ...models.series_limit import ModelSeries
from ...monitors import LEARNED_PARTS
from ...records.batches import RecordBatch
from ...records.raw_values import text_of
from ...reference.binner import Binner
from ...reference.building.builder import ProfileBuilder
from ...reference.building.settings import BuildSettings
from ...reference.building.survey import FieldSurvey
from ...reference.coded_batch import count_cells
from ...reference.description import dependence_sentence, promise_sentence, season_sentence
from ...reference.profile import (
    ABOVE,
    BELOW,
    FEATURE,
    INVALID,
    MISSING,
    OTHER,
    PREDICTION,
    SCORE,
    Column,
    ReferenceProfile,
)
from ...words import count_of, excerpt, joined, percent
from ..reference_cost import reference_cost
from .fit import MOSTLY, WORTH_A_WARNING, Shares, judge, odd_value, quoted_numbers
from .report import CheckReport, Table

__all__ = ["survey_features", "why_no_reference", "write_model"]

Batches = Sequence[RecordBatch]
_SPECIAL_BINS = 3
_HEADER = ("feature", "kind", ">bins", ">missing", ">invalid", ">outside", "note")


def survey_features(batches: Batches, kinds: Mapping[str, str]) -> dict[str, FieldSurvey]:
    """What values each feature has; those without any are left out, since models in one log share their names."""
    surveys = {name: FieldSurvey(kinds.get(name)) for batch in batches for name in batch.features}
    for batch in batches:
        for name, survey in surveys.items():
            if name in batch.features:
                survey.observe(batch.features[name], text=batch.text)
            else:
                survey.missing += batch.size
    return {name: survey for name, survey in surveys.items() if survey.present or survey.invalid}


def why_no_reference(name: str, batches: Batches, settings: BuildSettings) -> str:
    """The reason that no reference can be learned from these records."""
    builder = ProfileBuilder(name, settings, learned=True, parts=LEARNED_PARTS)
    for batch in batches:
        builder.survey(batch)
    try:
        builder.fix_bins()
    except ReferenceProfileError as error:
        return str(error).removeprefix(f"model {name}: ")
    return "there was no record to learn from"


def write_model(
    report: CheckReport,
    name: str,
    batches: Batches,
    *,
    reference: ReferenceProfile | None,
    settings: Settings,
    series: ModelSeries,
    table: bool = True,
) -> None:
    """The section of one model, and what is wrong with it; ``reference`` is the given or the learned one."""
    records = sum(batch.size for batch in batches)
    versions = _versions(batches)
    report.heading(f"model {excerpt(name)}: {count_of(records, 'record')}")
    if versions:
        named = [f"{version} ({count_of(count, 'record')})" for version, count in versions.most_common()]
        report.say("version", named[0].split(" (")[0] if len(named) == 1 else joined(named))
    surveys = survey_features(batches, settings.features.kinds)
    if reference is None:
        why = why_no_reference(name, batches, settings.build)
        report.mistake(f"model {name}", f"no reference can be learned from its records: {why}")
        report.say("reference", "none can be learned; the records are counted only")
        return
    _say_reference(report, name, reference, records, settings)
    for warning in _warnings_of(reference, surveys, settings):
        report.warn(f"model {name}", warning)
    report.say("task", _task(reference, batches))
    report.say("season", season_sentence(reference))
    report.say("dependence", dependence_sentence(reference))
    _say_cost(report, reference, settings)
    report.say("promise", promise_sentence(reference))
    shares = _shares(reference, batches)
    if table:
        report.show(Table(_HEADER, [*_rows(reference, surveys, shares)]))
        report.gap()
    suppressed = f"; limits.series_per_model leaves out {len(series.suppressed)} features" if series.suppressed else ""
    report.say("series", f"{series.now:,} now, at most {series.most:,} when all windows hold records{suppressed}")
    if series.most > settings.limits.series_per_model:
        hint = f"set limits.series_per_model to {series.most:,} or more"
        report.warn(
            f"model {name}",
            f"up to {series.most:,} series are exported though no feature is: more than limits.series_per_model allows",
            hint,
        )
    if series.suppressed:
        hint = f"set limits.series_per_model to more than {settings.limits.series_per_model:,}, or exclude features"
        report.warn(f"model {name}", f"too many series, left out of /metrics: {joined(series.suppressed)}", hint)
    judge(report, f"model {name}", reference=reference, surveys=surveys, shares=shares, versions=[*versions])


def _say_cost(report: CheckReport, reference: ReferenceProfile, settings: Settings) -> None:
    """About how long changes would take. Of a learned reference only if it was learned from as many records as `run` does."""
    if reference.learned and reference.rows < settings.learn.records:
        return
    cost = reference_cost(reference, settings)
    for place, sentence in enumerate(cost.sentences):
        report.say("" if place else "delay", sentence)
    for warning in cost.warnings:
        report.warn(f"model {reference.model}", warning)


def _warnings_of(reference: ReferenceProfile, surveys: Mapping[str, FieldSurvey], settings: Settings) -> Iterator[str]:
    """What learning would warn of, less what is only so because of where this log ends or which models share it."""
    for warning in reference.warnings if reference.learned else ():
        if warning.startswith("only ") and reference.rows < settings.learn.records:
            continue
        # Models in one log share the names of their features: what the other's records have is not missing here.
        if not warning.startswith("feature ") or any(warning.startswith(f"feature {own}: ") for own in surveys):
            yield warning


def _versions(batches: Batches) -> Counter[str]:
    return Counter(text for batch in batches for value in batch.fields.get("version", ()) if (text := text_of(value)))


def _say_reference(
    report: CheckReport, name: str, reference: ReferenceProfile, records: int, settings: Settings
) -> None:
    if not reference.learned:
        version = f", version {reference.version}" if reference.version else ""
        named = f" (of model {reference.model})" if reference.model != name else ""
        report.say(
            "reference",
            f"given{named}: {count_of(reference.rows, 'row')}{version}, fingerprint {reference.fingerprint}",
        )
        return
    wanted = settings.learn.records
    report.say("reference", f"none given: `run` learns one from the first {wanted:,} records")
    if records < wanted:
        report.say("", f"there are {records:,} so far; what follows is as learned from these")


def _task(reference: ReferenceProfile, batches: Batches) -> str:
    if reference.learned and all(batch.fields.keys().isdisjoint(OUTPUTS) for batch in batches):
        return "not known: there is no prediction, so only the inputs are watched"
    if not reference.classes:
        return reference.task
    text = f"{reference.task}, {count_of(len(reference.classes), 'class', 'classes')}: {joined(reference.classes)}"
    if reference.positive_class:
        text += f"; positive is {excerpt(reference.positive_class, 40)}"
        if reference.column(SCORE) is not None:
            text += f", from a score of {reference.threshold:g}"
    return text


def _shares(reference: ReferenceProfile, batches: Batches) -> dict[int, Shares]:
    """Shares of special bins by position in the reference's columns."""
    binner = Binner(reference)
    counts = np.zeros(binner.size, dtype=np.int64)
    for batch in batches:
        counts += count_cells(binner.cells(batch)[0], binner.size)
    records = max(sum(batch.size for batch in batches), 1)
    found = {}
    for position, (column, start) in enumerate(zip(binner.columns, binner.starts.tolist(), strict=True)):
        own = dict(zip(column.bins, counts[start : start + len(column.counts)].tolist(), strict=True))
        outside = own.get(BELOW, 0) + own.get(ABOVE, 0) if column.numeric else own[OTHER]
        found[position] = Shares(own[MISSING] / records, own[INVALID] / records, outside / records)
    return found


def _rows(
    reference: ReferenceProfile, surveys: Mapping[str, FieldSurvey], shares: Mapping[int, Shares]
) -> Iterator[tuple[str, ...]]:
    for position, column in enumerate(reference.columns):
        outputs = {PREDICTION, SCORE} if shares[position].missing < 1 or not reference.learned else set()
        if column.role == FEATURE or column.role in outputs:
            share = shares[position]
            name = excerpt(column.name, 28) if column.role == FEATURE else f"({column.role})"
            bins = len(column.counts) - _SPECIAL_BINS - column.numeric
            note = _note(column, surveys.get(column.name), share, reference) if column.role == FEATURE else ""
            numbers = (percent(share.missing), percent(share.invalid), percent(share.outside))
            yield name, column.kind, str(bins), *numbers, note
    known = {column.name for column in reference.features}
    for name, survey in surveys.items():
        if name not in known:
            kind = "numeric" if survey.numeric else "categorical"
            note = _why_left_out(name, reference) if reference.learned else "not in the reference: not watched"
            rows = survey.present + survey.missing + survey.invalid
            yield excerpt(name, 28), kind, "", percent(survey.missing / max(rows, 1)), "", "", note


def _why_left_out(name: str, reference: ReferenceProfile) -> str:
    start = f"feature {name}: "
    reasons = [text.removeprefix(start).split(";")[0] for text in reference.warnings if text.startswith(start)]
    return reasons[0] if reasons else "left out of the reference"


def _note(column: Column, survey: FieldSurvey | None, share: Shares, reference: ReferenceProfile) -> str:
    if survey is None or share.missing == 1:
        return "absent in the log"
    odd = odd_value(column, survey) if share.invalid >= WORTH_A_WARNING else ""
    values = len(survey.categories) + survey.overflow
    notes = (
        (bool(odd), f"such as {odd}"),
        (share.outside >= MOSTLY, "mostly out of range" if column.numeric else "mostly unseen values"),
        (quoted_numbers(column, survey), "numbers in quotes"),
        (survey.constant, "constant"),
        (not column.numeric and share.outside > 0 and reference.learned, f"{values:,} different values"),
    )
    return next((note for applies, note in notes if applies), "")
