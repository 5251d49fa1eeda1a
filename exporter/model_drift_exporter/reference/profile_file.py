"""Reference profiles as a readable, versioned JSON file."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs
import msgspec

from .. import __version__
from ..atomic_file import replace_file
from ..errors import Problem, ReferenceProfileError
from ..words import excerpt
from .profile import ReferenceProfile, Season, fingerprint_of
from .seasons import SLOTS
from .time_zones import is_time_zone

__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "ReferenceFile",
    "load_profiles",
    "load_references",
    "read_references",
    "save_profiles",
]

FORMAT = "model-drift-exporter reference profile"
FORMAT_VERSION = 2
"""2 added design effects, the season and outcomes; files of earlier versions are read, what they lack is unknown."""

_NUMBERS = re.compile(rb"\[\n[-+.0-9eE,\s]+\]")  # texts hold no line feed, so this is no part of one


class _Head(msgspec.Struct):
    format: str = ""
    format_version: int = 0


class _ProfileFile(msgspec.Struct):
    format: str
    format_version: int
    created_by: str
    created: str
    models: list[ReferenceProfile]


def save_profiles(path: Path, profiles: Sequence[ReferenceProfile], created: str) -> None:
    """Write the profiles of one or several models, replacing the file at once.

    ``created`` is an RFC 3339 time. Raises :class:`ReferenceProfileError` if the file cannot be written.
    """
    content = _ProfileFile(FORMAT, FORMAT_VERSION, f"model-drift-exporter {__version__}", created, list(profiles))
    text = msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"
    text = _NUMBERS.sub(lambda found: b"".join(found[0].split()).replace(b",", b", "), text)
    try:
        replace_file(path, text)
    except OSError as error:
        raise ReferenceProfileError(f"{path}: cannot write the reference profile: {error.strerror or error}") from error


@attrs.frozen
class ReferenceFile:
    """One of several profile files: its profiles that can be used, and why it, or others of its profiles, cannot."""

    name: str
    profiles: Sequence[ReferenceProfile] = ()
    problems: Sequence[Problem] = ()


def read_references(names: Iterable[str]) -> list[ReferenceFile]:
    """The profiles of all files, in order, at most one of a model: that of the first file that has one."""
    files: list[ReferenceFile] = []
    owners: dict[str, str] = {}
    for name in names:
        path = Path(name)
        try:
            profiles = load_profiles(path)
        except ReferenceProfileError as error:
            problem = Problem(str(path), str(error).removeprefix(f"{path}: "))
            files.append(ReferenceFile(name, problems=[problem]))
            continue
        problems = [
            Problem(
                name, f"model {profile.model} has a reference in {owners[profile.model]} already", "give one of them"
            )
            for profile in profiles
            if profile.model in owners
        ]
        own = [profile for profile in profiles if profile.model not in owners]
        owners.update((profile.model, name) for profile in own)
        files.append(ReferenceFile(name, own, problems))
    return files


def load_references(names: Iterable[str]) -> list[ReferenceProfile]:
    """All profiles of all files. Raises :class:`ReferenceProfileError` for the first one that cannot be used."""
    files = read_references(names)
    if problems := [problem for file in files for problem in file.problems]:
        raise ReferenceProfileError(str(problems[0]))
    return [profile for file in files for profile in file.profiles]


def load_profiles(path: Path) -> list[ReferenceProfile]:
    """Read a profile file and check that it is whole.

    Raises :class:`ReferenceProfileError`, naming the file and what is wrong with it.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReferenceProfileError(
            f"{path}: cannot read the reference profile: {error.strerror or error}; make one with: "
            f"model-drift-exporter profile ROWS -o {path.name}"
        ) from error
    try:
        head = msgspec.json.decode(data, type=_Head)
        if head.format != FORMAT:
            raise ReferenceProfileError(
                f"{path}: no reference profile; make one from rows of data with: model-drift-exporter profile ROWS -o FILE"
            )
        if not 1 <= head.format_version <= FORMAT_VERSION:
            raise ReferenceProfileError(
                f"{path}: reference profile of version {head.format_version}, this exporter reads versions 1 to "
                f"{FORMAT_VERSION}; build it again with: model-drift-exporter profile"
            )
        profiles = msgspec.json.decode(data, type=_ProfileFile).models
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ReferenceProfileError(f"{path}: the reference profile is damaged: {error}; build it again") from error
    if not profiles:
        raise ReferenceProfileError(f"{path}: the reference profile has no model; build it again")
    seen: set[str] = set()
    for profile in profiles:
        _check(path, profile)
        if profile.model in seen:
            raise ReferenceProfileError(f"{path}: model {profile.model} is in the file twice; build it again")
        seen.add(profile.model)
    return profiles


def _check(path: Path, profile: ReferenceProfile) -> None:
    place = f"{path}: model {profile.model}"
    for column in profile.columns:
        ordered = all(low <= high for low, high in zip(column.edges, column.edges[1:], strict=False))
        bins = len(column.edges) + 3 if column.numeric else len(column.categories) + 3
        if not ordered or len(column.counts) != bins or (column.numeric and len(column.means) != len(column.edges) - 1):
            raise ReferenceProfileError(
                f"{place}: {column.role} {column.name}: edges, bins and means do not fit; build it again"
            )
    if not profile.features:
        raise ReferenceProfileError(f"{place}: the reference profile has no feature; build it again")
    if profile.fingerprint != fingerprint_of(profile):
        raise ReferenceProfileError(
            f"{place}: the fingerprint does not match the counts, the file was edited; build it again"
        )
    effects = [
        effect
        for column in profile.columns
        for effect in (column.design_effect, column.special_design_effect, column.unheard_design_effect)
    ]
    if not all(effect is None or 1 <= effect < math.inf for effect in effects):
        raise ReferenceProfileError(f"{place}: a design effect is below 1; build it again")
    if not 0 <= profile.rejected_lines <= profile.lines:
        raise ReferenceProfileError(f"{place}: more rejected lines than lines; build it again")
    if profile.season is not None and not is_time_zone(profile.season.time_zone):
        raise ReferenceProfileError(
            f"{place}: the season is in the time zone {excerpt(profile.season.time_zone)}, which is not known here; install "
            "the Python package tzdata, or build it again"
        )
    if profile.season is not None and not _fits(profile.season, profile):
        raise ReferenceProfileError(f"{place}: the season's slots do not fit the columns; build it again")


def _fits(season: Season, profile: ReferenceProfile) -> bool:
    """Whether a season has counts for every bin in every slot, which sum up to the profile's."""
    pooled = [count for column in profile.columns for count in column.counts.values()]
    if season.slots not in SLOTS or len(season.rows) != season.slots or len(season.counts) != season.slots:
        return False
    if any(len(counts) != len(pooled) for counts in season.counts):
        return False
    return [sum(counts) for counts in zip(*season.counts, strict=True)] == pooled and sum(season.rows) == profile.rows
