"""Whether a reference and a log fit each other, feature by feature: what ``check`` calls a mistake or warns of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from ...reference.building.survey import FieldSurvey
from ...reference.profile import FEATURE, PREDICTION, SCORE, Column, ReferenceProfile
from ...words import count_of, excerpt, joined, percent
from .report import CheckReport

__all__ = ["MOSTLY", "WORTH_A_WARNING", "Shares", "judge", "odd_value", "quoted_numbers"]

MOSTLY = 0.5
WORTH_A_WARNING = 0.01


@attrs.frozen
class Shares:
    """Shares of one column's values, 0 to 1; ``outside`` are those out of range or in no category."""

    missing: float
    invalid: float
    outside: float


def quoted_numbers(column: Column, survey: FieldSurvey) -> bool:
    """Whether a categorical feature holds nothing but strings that are numbers."""
    return (
        not column.numeric
        and not survey.numbers
        and bool(survey.categories)
        and all(map(_is_number, survey.categories))
    )


def odd_value(column: Column, survey: FieldSurvey) -> str:
    """The most frequent value that is not of the column's kind, as JSON would show it."""
    if not column.numeric:
        return f"{survey.maximum:g}" if survey.maximum >= survey.minimum else ""
    ranked = [name for name, _ in survey.categories.most_common(1_000)]
    odd = next((name for name in ranked if not _is_number(name)), ranked[0] if ranked else "")
    return f'"{excerpt(odd, 30)}"' if odd not in ("true", "false", "") else odd


def _leading_zeros(survey: FieldSurvey) -> str:
    """A value with a zero in front, as postal codes have; only text keeps it."""
    return next((name for name in survey.categories if name.isdecimal() and name[0] == "0" and len(name) > 1), "")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def judge(
    report: CheckReport,
    place: str,
    *,
    reference: ReferenceProfile,
    surveys: Mapping[str, FieldSurvey],
    shares: Mapping[int, Shares],
    versions: Sequence[str],
) -> None:
    """Report what does not fit; ``shares`` are by position in the reference's columns, ``surveys`` by feature."""
    absent = []
    for position, column in enumerate(reference.columns):
        if column.role in (FEATURE, PREDICTION, SCORE):
            survey = surveys.get(column.name) if column.role == FEATURE else None
            if shares[position].missing == 1:
                absent.append(column)
            else:
                _judge_values(report, place, column, survey, share=shares[position], learned=reference.learned)
    if reference.learned:
        return
    for role, title in ((FEATURE, "features"), (PREDICTION, "the prediction"), (SCORE, "the score")):
        names = [column.name for column in absent if column.role == role]
        if names:
            what = f"{count_of(len(names), 'feature')} of the reference: {joined(names)}" if role == FEATURE else title
            hint = "does this reference fit this log?" if role == FEATURE else f"set fields.{role} to its name"
            report.mistake(place, f"no record has {what}", hint)
    known = {column.name for column in reference.features}
    if unknown := [name for name in surveys if name not in known]:
        hint = "build the reference again to watch them, or list them in features.exclude"
        number = count_of(len(unknown), "feature")
        report.warn(place, f"{number} of the log not in the reference, not watched: {joined(unknown)}", hint)
    if reference.version and versions and set(versions) != {reference.version}:
        message = f"the reference is of version {reference.version}, the records are of {joined(versions)}"
        report.warn(place, message, "build a reference for the version that runs")


def _judge_values(
    report: CheckReport, place: str, column: Column, survey: FieldSurvey | None, *, share: Shares, learned: bool
) -> None:
    if share.invalid >= WORTH_A_WARNING:
        _judge_invalid(report, place, column, survey, share=share, learned=learned)
    elif share.outside > MOSTLY:
        _judge_outside(report, place, column, survey, share=share, learned=learned)
    elif survey is not None and quoted_numbers(column, survey) and share.outside > 0:
        message = f"feature {column.name}: its values are numbers in quotes, counted as categories"
        report.warn(place, message, "log them without quotes, or list it in features.exclude")
    elif survey is not None and column.numeric and (code := _leading_zeros(survey)):
        message = f"feature {column.name}: numeric, but values such as {code} look like codes"
        report.warn(place, message, f"set features.kinds: {{{column.name}: categorical}}")


def _judge_invalid(
    report: CheckReport, place: str, column: Column, survey: FieldSurvey | None, *, share: Shares, learned: bool
) -> None:
    title = f"feature {column.name}" if column.role == FEATURE else column.name
    odd = odd_value(column, survey) if survey is not None else ""
    such = f" (such as {odd})" if odd else ""
    other = "numbers" if not column.numeric else "no numbers"
    if share.invalid >= MOSTLY and not learned:
        message = (
            f"{title}: {column.kind} in the reference, but {percent(share.invalid)} of its values are {other}{such}"
        )
        hint = f"build the reference again with features.kinds: {{{column.name}: categorical}}"
        if column.numeric:
            hint = "log numbers without quotes, or build the reference again"
        report.mistake(place, message, hint)
        return
    quoted = column.numeric and _is_number(odd.strip('"'))
    hint = "log numbers without quotes" if quoted else "log one type, and null where there is no value"
    report.warn(place, f"{title}: {percent(share.invalid)} of its values are {other}{such}, counted as invalid", hint)


def _judge_outside(
    report: CheckReport, place: str, column: Column, survey: FieldSurvey | None, *, share: Shares, learned: bool
) -> None:
    title = f"feature {column.name}" if column.role == FEATURE else column.name
    if column.numeric:
        message = f"{title}: {percent(share.outside)} of its values are outside the reference's range"
        if survey is not None:
            message += (
                f": {survey.minimum:.6g} to {survey.maximum:.6g} here, "
                f"{column.edges[0]:.6g} to {column.edges[-1]:.6g} there"
            )
        report.warn(place, message, "probably another unit or scale")
        return
    if learned:
        hint = "raise limits.categories, or list it in features.exclude"
        report.warn(place, f"{title}: {percent(share.outside)} of its values are in no category of their own", hint)
        return
    message = f"{title}: {percent(share.outside)} of its values are no category of the reference"
    hint = "probably another encoding or another model"
    if survey is not None:
        names = [name for name, _ in survey.categories.most_common() if name not in column.categories]
        message += f": {joined(names, 3)} here, {joined(column.categories, 3)} there"
        folded = {category.strip().casefold() for category in column.categories}
        if names and all(name.strip().casefold() in folded for name in names[:3]):
            hint = "they differ in upper and lower case or in blanks only"
    report.warn(place, message, hint)
