"""Reference profiles as a readable, versioned JSON file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from .. import __version__
from ..errors import ReferenceProfileError
from .profile import ReferenceProfile, fingerprint_of

__all__ = ["FORMAT", "FORMAT_VERSION", "load_profiles", "save_profiles"]

FORMAT = "model-drift-exporter reference profile"
FORMAT_VERSION = 1


class _Head(msgspec.Struct):
    format: str = ""
    format_version: int = 0


class _File(msgspec.Struct):
    format: str
    format_version: int
    created_by: str
    created: str
    models: list[ReferenceProfile]


def save_profiles(path: Path, profiles: Sequence[ReferenceProfile], created: str) -> None:
    """Write the profiles of one or several models, replacing the file at once.

    ``created`` is an RFC 3339 time. Raises :class:`ReferenceProfileError` if the file cannot be written.
    """
    content = _File(FORMAT, FORMAT_VERSION, f"model-drift-exporter {__version__}", created, list(profiles))
    text = msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(text)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise ReferenceProfileError(f"{path}: cannot write the reference profile: {error.strerror or error}") from error


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
        if head.format_version != FORMAT_VERSION:
            raise ReferenceProfileError(
                f"{path}: reference profile of version {head.format_version}, this exporter reads version {FORMAT_VERSION}; "
                "build it again with: model-drift-exporter profile"
            )
        profiles = msgspec.json.decode(data, type=_File).models
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
