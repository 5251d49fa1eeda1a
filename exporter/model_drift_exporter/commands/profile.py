"""``profile``: rows of data to a reference profile file."""

from __future__ import annotations

import glob
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from ..array_spool import SpoolStore
from ..configuration.settings import InputSettings, Settings
from ..errors import ConfigurationError, InputError, Problem, ReferenceProfileError
from ..models.models import default_model
from ..models.router import by_model
from ..monitors import PARTS
from ..pipeline.assembly import make_intake, wait_for_more
from ..records.batches import RecordBatch
from ..reference.building.builder import ProfileBuilder
from ..reference.description import dependence_sentence, promise_sentence, season_sentence, why_not_backed
from ..reference.profile import ReferenceProfile
from ..reference.profile_file import save_profiles
from ..service.logs import configure_logging
from ..sources.files.discovery import is_pattern
from ..words import excerpt, joined
from .reference_cost import reference_cost

__all__ = ["build_profiles", "write_profile"]

Progress = Callable[[float], None]
_STEPS = 1_000
_SURVEYED, _COUNTED = 0.5, 0.95  # shares of the time after the first and the second pass over the rows, as measured
_MEMORY = 8 << 20  # of what is kept of rows, for all models together; the rest is in a temporary file
_LINE_CHARACTERS = 2_000
_SHOWN_CLASSES = 20


class _InputRows:
    """Reads the inputs, as often as asked, as ``run --once`` does; what was learned about the fields stays."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._intake = make_intake(settings)
        self.labels = 0
        self.records = 0

    @property
    def problems(self) -> list[str]:
        """Why nothing of a stream can be read."""
        return [f"{stream}: {problem}" for (_, stream), problem in self._intake.problems.items()]

    @property
    def errors(self) -> Counter[str]:
        """Rejected lines by reason."""
        found: Counter[str] = Counter()
        for (_, reason), count in self._intake.errors.items():
            found[reason] += count
        return found

    def read(self, progress: Progress) -> Iterator[RecordBatch]:
        self.labels = self.records = 0
        intake = self._intake = make_intake(self._settings, self._intake.decoding)
        try:
            for piece in intake.pieces(time.time, wait_for_more):
                decoded = piece.decoded
                self.labels += decoded.labels.size if decoded.labels else 0
                if decoded.records is not None:
                    self.records += decoded.records.size
                    yield decoded.records
                progress(intake.share(time.time()))
            for each, status in zip(self._settings.inputs, intake.statuses(time.time()), strict=True):
                if status.problem:
                    raise InputError(
                        status.problem if each.path in status.problem else f"{each.path}: {status.problem}"
                    )
            progress(1.0)
        finally:
            intake.close()


def _matches(path: str) -> list[str]:
    """The files that a path or a pattern names; none only for a pattern."""
    if not is_pattern(path):
        return [path]
    return sorted(glob.glob(path, recursive=True))  # noqa: PTH207 - a pattern may be absolute


def _advance_nothing(_share: float) -> None:
    """No progress is shown."""


def build_profiles(
    settings: Settings, progress: Progress = _advance_nothing
) -> tuple[list[ReferenceProfile], list[str]]:
    """Profiles of all models in the inputs, and notes about rows that were left out.

    ``progress`` is called with the share done, 0 to 1. Raises :class:`InputError` for a file that cannot be read and
    :class:`ReferenceProfileError` where no profile can be built.
    """
    rows = _InputRows(settings)
    with SpoolStore(_MEMORY) as counted:
        with SpoolStore(_MEMORY) as surveyed:
            builders = _survey(rows, settings, surveyed, lambda share: progress(share * _SURVEYED))
            for builder in builders.values():
                builder.fix_bins(counted)
        _count(rows, builders, settings, lambda share: progress(_SURVEYED + share * (_COUNTED - _SURVEYED)))
        profiles = _profiles(builders.values(), lambda share: progress(_COUNTED + share * (1 - _COUNTED)))
    notes = [*rows.problems]
    notes += [f"{count:,} lines rejected as {reason}" for reason, count in sorted(rows.errors.items())]
    if rows.labels:
        notes.append(f"{rows.labels:,} lines with a label only were left out: a reference row carries its label itself")
    # A rejected line does not say which model it is of: all models get the share of the inputs.
    rejected = rows.errors.total()
    lines = rows.records + rejected
    return [msgspec.structs.replace(each, lines=lines, rejected_lines=rejected) for each in profiles], notes


def _profiles(builders: Collection[ProfileBuilder], progress: Progress) -> list[ReferenceProfile]:
    total = sum(builder.rows for builder in builders)
    found: list[ReferenceProfile] = []
    done = 0
    for builder in builders:
        found.append(builder.profile(partial(_part_of, progress, done / total, builder.rows / total)))
        done += builder.rows
        progress(done / total)
    return found


def _part_of(progress: Progress, before: float, part: float, share: float) -> None:
    progress(before + part * share)


def _survey(rows: _InputRows, settings: Settings, store: SpoolStore, progress: Progress) -> dict[str, ProfileBuilder]:
    builders: dict[str, ProfileBuilder] = {}
    for batch in rows.read(progress):
        for label, own in by_model(batch, default_model(settings.model.name)).items():
            if label not in builders:
                if len(builders) >= settings.limits.models:
                    raise ReferenceProfileError(
                        f"more than {settings.limits.models} models in the rows; set fields.model to the right field, "
                        "or raise limits.models"
                    )
                builders[label] = ProfileBuilder(label, settings.build, parts=PARTS, store=store)
            builders[label].survey(own)
    if not builders:
        because = "".join(f"; {problem}" for problem in rows.problems)
        places = ", ".join(each.path for each in settings.inputs)
        raise ReferenceProfileError(f"no record with features in {places}{because}")
    return builders


def _count(rows: _InputRows, builders: Mapping[str, ProfileBuilder], settings: Settings, progress: Progress) -> None:
    """Count the rows that were surveyed, and no more: a file may have grown meanwhile."""
    left = {name: builder.rows for name, builder in builders.items()}
    for batch in rows.read(progress):
        for label, own in by_model(batch, default_model(settings.model.name)).items():
            if room := left.get(label, 0):
                counted = own if own.size <= room else own.take(range(room))
                left[label] -= counted.size
                builders[label].count(counted)


def write_profile(settings: Settings, output: Path) -> None:
    """Build the profiles of the inputs, save them, and say what they hold (on standard error).

    Raises :class:`ConfigurationError`, before anything is read, if the rows cannot be read twice, or if the profile cannot
    be written to ``output`` or would overwrite the rows; otherwise what :func:`build_profiles` raises.
    """
    configure_logging(settings.log.level, settings.log.format)
    if problems := [*_unreadable(settings.inputs), *_unwritable(output, settings.inputs)]:
        raise ConfigurationError(problems)
    with _progress_bar() as bar:
        profiles, notes = build_profiles(settings, _advance(bar))
    save_profiles(output, profiles, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    for profile in profiles:
        for line in describe(profile, settings):
            click.echo(line, err=True)
    for note in notes:
        click.echo(f"note: {note}", err=True)
    click.echo(f"wrote {output}; use it with: model-drift-exporter run --reference={output} LOG", err=True)


def _unreadable(inputs: Sequence[InputSettings]) -> Iterator[Problem]:
    for each in inputs:
        if each.path == "-" or Path(each.path).is_fifo():
            name = "standard input" if each.path == "-" else each.path
            hint = "write them into a file first"
            yield Problem("ROWS", f"profile reads its rows twice, which a pipe does not allow: {name}", hint)


def _unwritable(output: Path, inputs: Sequence[InputSettings]) -> Iterator[Problem]:
    if output.is_dir():
        yield Problem("--output", f"{output} is a directory", f'write "{output / "reference.json"}"')
    elif not output.parent.is_dir():
        yield Problem("--output", f"the directory {output.parent} does not exist", "make it first")
    elif output.exists():
        for each in inputs:
            paths = [path for path in _matches(each.path) if Path(path).exists()]
            if any(os.path.samefile(path, output) for path in paths):  # noqa: PTH121 - follows links
                yield Problem("--output", f"{output} is one of the files to read", "write the profile to another file")


def describe(profile: ReferenceProfile, settings: Settings) -> Sequence[str]:
    """A profile in a few lines, its warnings last; what would break a line or steer a terminal is escaped."""
    kinds = Counter(column.kind for column in profile.features)
    lines = [
        (
            f"model {profile.model}: {profile.rows:,} rows, {profile.task}, {kinds['numeric']} numeric and "
            f"{kinds['categorical']} categorical features, fingerprint {profile.fingerprint}"
        )
    ]
    if profile.classes:
        decision = f", positive {profile.positive_class} from a score of {profile.threshold:g}"
        classes = joined([name or "''" for name in profile.classes], _SHOWN_CLASSES)
        lines.append(f"  classes: {classes}" + (decision if profile.positive_class else ""))
    for loss, summary in profile.loss.items():
        lines.append(f"  reference {loss}: {summary.mean:.4g} on {summary.rows:,} labelled rows")
    lines += [f"  season: {season_sentence(profile)}", f"  dependence: {dependence_sentence(profile)}"]
    cost = reference_cost(profile, settings)
    lines += [f"  delay: {sentence}" for sentence in cost.sentences]
    promised = "warning: false alarms promised" if why_not_backed(profile) else "false alarms promised"
    lines.append(f"  {promised}: {promise_sentence(profile)}")
    lines += [f"  warning: {warning}" for warning in [*profile.warnings, *cost.warnings]]
    return [excerpt(line, _LINE_CHARACTERS) for line in lines]


def _progress_bar() -> AbstractContextManager[Any]:
    if not sys.stderr.isatty():
        return nullcontext()
    bar: AbstractContextManager[Any] = click.progressbar(length=_STEPS, label="profiling", file=sys.stderr)
    return bar


def _advance(bar: Any) -> Progress:
    def advance(share: float) -> None:
        if bar is not None:
            bar.update(max(int(share * _STEPS) - bar.pos, 0))

    return advance
