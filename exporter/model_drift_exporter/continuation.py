"""Whether what was counted of a model goes on when the configuration is read again."""

from __future__ import annotations

from .reference.profile import ReferenceProfile
from .tracking import ModelTrack, TrackOptions

__all__ = ["why_new_bins"]


def why_new_bins(track: ModelTrack, given: ReferenceProfile | None, options: TrackOptions, *, same_fields: bool) -> str:
    """Why what ``track`` has counted into bins means nothing under the new settings; empty where it goes on.

    ``given`` is the reference that the model has now; without one a learned reference stays as long as another would not be
    learned. ``same_fields``: what the fields and features of a record are has not changed.
    """
    own = track.reference if track.reference is not None and not track.reference.learned else None
    learns_otherwise = (options.build, options.learn_records) != (track.options.build, track.options.learn_records)
    if not same_fields:
        return "fields, features.include or features.exclude changed"
    if own is not None and given is None:
        return "no reference is given for it any more: it learns one"
    if own is not None and given is not None and own.fingerprint != given.fingerprint:
        return f"its reference changed from {own.fingerprint} to {given.fingerprint}"
    if own is None and given is not None:
        return f"a reference is given for it now: {given.fingerprint}"
    if own is None and learns_otherwise:
        return "settings changed that its reference was learned with: it learns another"
    return ""
