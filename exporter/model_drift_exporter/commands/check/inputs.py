"""What ``check`` says of one input: its files, fields, times and bad lines."""

from __future__ import annotations

import re

import numpy as np

from ...formats import FIELD_CANDIDATES, FORMATS, REASONS
from ...records.fields import FIELDS
from ...records.times import parse_time, parse_times
from ...words import count_of, excerpt, joined, moment, percent, size_text
from .input_reading import InputReading
from .report import CheckReport, Table

__all__ = ["write_input"]

_BESIDE = {"score": "scores"}
_MAY_BE_EMPTY = ("label", "latency")
_SHOWN_FILES = 5
_PATH_LENGTH = 4_096
_DAY = 86_400.0
_WITH_ZONE = re.compile(r"(Z|z|UTC|[+-]\d\d(:?\d\d)?)$")
_WITH_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{8}T")
_CONSEQUENCES = {
    "time": "so records are taken at the moment they are read",
    "prediction": "so only the inputs are watched",
}


def write_input(report: CheckReport, reading: InputReading, now: float) -> None:
    """The section of one input, and what is wrong with it; ``now`` is wall-clock seconds."""
    each = reading.settings
    report.heading(f"input {each.name}: {'standard input' if each.path == '-' else excerpt(each.path, _PATH_LENGTH)}")
    _say_files(report, reading)
    if reading.problem:
        report.unreadable.append(reading.problem)
        report.say("problem", reading.problem)
    if not reading.lines:
        if not reading.problem:
            report.say("lines", "none yet")
            report.warn(each.path, "there is no line to check yet")
        return
    _say_lines(report, reading)
    for stream, problem in reading.streams.items():
        report.mistake(stream, problem, "correct the first line: one name for each column")
    if not reading.records and not reading.labels:
        _complain_of_all(report, reading)
        return
    if reading.seems:
        complain = report.mistake if FORMATS[reading.format].takes_any_text else report.warn
        complain(each.path, f"it looks like {reading.seems[0]}, but is read as {reading.format}", reading.seems[1])
    _say_fields(report, reading)
    _say_times(report, reading, now)


def _complain_of_all(report: CheckReport, reading: InputReading) -> None:
    path, container = reading.settings.path, reading.schema.configured.get("features")
    if container and reading.errors["no_features"]:
        hint = f"correct the name; fields are {joined([*reading.others])}" if reading.others else ""
        report.mistake(path, f"fields.features: no record has an object {container}", hint)
        return
    looks, hint = reading.seems or ("", "")
    looks = f"; it looks like {looks}" if looks else ""
    report.mistake(path, f"no line could be read as {reading.format or 'records'}{looks}", hint)


def _say_files(report: CheckReport, reading: InputReading) -> None:
    files = reading.files
    if not files:
        return
    shown = [
        f"{excerpt(path, _PATH_LENGTH)} ({size_text(size)}{', gzip' if path.endswith('.gz') else ''})"
        for path, size in files
    ]
    if len(files) == 1:
        report.say("file", shown[0])
        return
    report.say("files", f"{len(files):,} match, {size_text(sum(size for _, size in files))} in all")
    for text in shown[:_SHOWN_FILES]:
        report.say("", text)
    if len(files) > _SHOWN_FILES:
        report.say("", f"and {len(files) - _SHOWN_FILES:,} more")


def _say_lines(report: CheckReport, reading: InputReading) -> None:
    stopped = "" if reading.complete else f"; only the first {percent(reading.share)} was read"
    rejected = reading.errors.total()
    report.say(
        "lines",
        f"{reading.lines:,} = {count_of(reading.records, 'record')} + {count_of(reading.labels, 'label')} + "
        f"{count_of(rejected, 'error')}{stopped}",
    )
    if reading.settings.start == "end":
        report.say("", "`run` starts at the end of what is there (start: end)")
    for reason, count in sorted(reading.errors.items()):
        report.say("", f"{reason}: {count_of(count, 'line')}; {REASONS[reason]}")
        for bad in reading.examples.get(reason, ()):
            report.raw(f"  {bad.place}:")
            report.raw(f"    {bad.excerpt}")
    if rejected and reading.records + reading.labels:
        share = percent(rejected / reading.lines)
        report.warn(
            reading.settings.path, f"{count_of(rejected, 'line')} rejected ({share}): {joined(sorted(reading.errors))}"
        )


def _say_fields(report: CheckReport, reading: InputReading) -> None:
    schema = reading.schema
    container = schema.fields.get("features")
    where = "features beside the other fields" if reading.records else "labels only"
    where = f'features in the object "{container}"' if schema.nested else where
    report.say("format", f"{reading.format}, {where}")
    rows = [
        (field, *_field(report, reading, field))
        for field, spec in FIELDS.items()
        if (reading.records or spec.of_labels) and (field in schema.fields or not spec.optional)
    ]
    if "score" not in schema.fields and "scores" in schema.fields:
        rows = [row for row in rows if row[0] != "score"]
    report.show(Table(("field", "name", "for example"), rows))
    report.gap()
    if others := _not_used(reading):
        report.say("not used", joined(others))
    if reading.records:
        place, hint = "features.include", "correct the name or leave it out"
        seen = {name for name, value in reading.features.items() if value not in (None, "")}
        for name in sorted(schema.include - seen):
            report.mistake(place, f"no record of {reading.settings.path} has the feature {name}", hint)


def _field(report: CheckReport, reading: InputReading, field: str) -> tuple[str, str]:
    """Name of a field and an example, or what stands for them."""
    schema, path = reading.schema, reading.settings.path
    name = schema.fields.get(field)
    if name is None:
        if field in _CONSEQUENCES and reading.records:
            _warn_of_missing(report, reading, field)
        candidates = [each for key in (field, _BESIDE.get(field)) for each in FIELD_CANDIDATES.get(key or "", ())]
        return "not found", f"tried {joined(candidates, 3)}; set fields.{field}: NAME"
    example = _example(reading, name)
    if example is not None and FIELDS[field].holds == "secret":
        return excerpt(name, 24), "not shown: only a hash of it is kept"
    if example is not None:
        return excerpt(name, 24), excerpt(example, 60)
    if schema.configured.get(field) is not None and reading.records:
        complain = report.warn if field in _MAY_BE_EMPTY or FIELDS[field].optional else report.mistake
        others = _not_used(reading) if schema.nested else [*schema.features]
        hint = f"correct the name; other fields are {joined(others)}" if others else "correct the name"
        complain(path, f"fields.{field}: no record has a value for the field {name}", hint)
    return excerpt(name, 24), "no record has a value"


def _warn_of_missing(report: CheckReport, reading: InputReading, field: str) -> None:
    if field == "prediction" and {"score", "scores"} & reading.schema.fields.keys():
        return
    hint = f"set fields.{field} to its name"
    guess = _time_like(reading) if field == "time" else None
    if guess:
        hint = f"{guess} looks like one: set fields.time: {guess}"
    elif reading.schema.nested and (others := _not_used(reading)):
        hint += f"; fields not used are {joined(others)}"
    tried = ", ".join(FIELD_CANDIDATES[field])
    report.warn(reading.settings.path, f"no {field} found, {_CONSEQUENCES[field]}: tried {tried}", hint)


def _not_used(reading: InputReading) -> list[str]:
    used = {*reading.schema.fields.values(), *reading.schema.features}
    return [name for name in reading.others if name not in used]


def _example(reading: InputReading, name: str) -> str | None:
    value = reading.values.get(name)
    if value in (None, ""):
        return None
    return value if isinstance(value, str) else f"{value:.12g}" if isinstance(value, float) else str(value)


def _time_like(reading: InputReading) -> str | None:
    """The first feature whose first value is a date."""
    for name in reading.schema.features:
        value = reading.features.get(name)
        if isinstance(value, str) and _WITH_DATE.match(value) and np.isfinite(parse_time(value)):
            return name
    return None


def _say_times(report: CheckReport, reading: InputReading, now: float) -> None:
    raw = reading.times
    if not raw:
        return
    path = reading.settings.path
    times = parse_times(raw)
    readable = np.isfinite(times)
    if not readable.any():
        report.say("times", "none can be read")
        message = f"fields.time: {reading.schema.fields['time']} holds no times, such as {excerpt(str(raw[0]), 30)}"
        report.mistake(path, message, "log RFC 3339, such as 2026-11-03T09:14:07Z, or seconds since 1970")
        return
    known = times[readable]
    back = int((np.diff(known) < 0).sum())
    facts = [f"{moment(float(known.min()))} to {moment(float(known.max()))}"]
    facts.append(f"out of order {count_of(back, 'time')}" if back else "in order")
    if (share := len(known) / reading.records) < 1:
        facts.append(f"{percent(share)} can be read")
        pairs = zip(raw, readable.tolist(), strict=True)
        odd = next((value for value, good in pairs if not good and value not in (None, "")), None)
        such = f", such as {excerpt(str(odd), 30)}" if odd is not None else ""
        message = f"{percent(1 - share)} of the records have no readable time{such}"
        report.warn(path, message, "they are taken at the moment they are read")
    if naive := sum(map(_lacks_zone, raw)):
        facts.append("without a time zone")
        message = f"{percent(naive / len(raw))} of the times have no time zone and are read as UTC"
        report.warn(path, message, "log a Z or an offset")
    if future := int((known > now + _DAY).sum()):
        message = f"{count_of(future, 'time')} more than a day in the future, up to {moment(float(known.max()))}"
        report.warn(path, message, "is the field, its unit and its time zone right?")
    report.say("times", ", ".join(facts))


def _lacks_zone(value: object) -> bool:
    return isinstance(value, str) and bool(_WITH_DATE.match(value)) and not _WITH_ZONE.search(value[10:].strip())
