"""From one configuration to the next while the exporter runs, and what only a restart can change."""

from __future__ import annotations

import attrs

from ..configuration.settings import Settings
from ..pipeline.assembly import make_pipeline, open_sources
from ..pipeline.pipeline import Pipeline
from ..sources.source import Source

__all__ = ["needing_restart", "reloaded"]

_FIXED_SECTIONS = ("web", "ingest", "state")
_FIXED_KEYS = ("limits.line_bytes",)


def needing_restart(running: Settings, wanted: Settings) -> list[str]:
    """Keys of settings that differ and take effect only at a start; ``running`` are those of the last one."""
    fixed = [
        f"{section}.{field.name}"
        for section in _FIXED_SECTIONS
        for field in attrs.fields(type(getattr(wanted, section)))
    ]
    return [key for key in (*fixed, *_FIXED_KEYS) if _value(running, key) != _value(wanted, key)]


def _value(settings: Settings, key: str) -> object:
    section, _, name = key.partition(".")
    return getattr(getattr(settings, section), name)


def reloaded(pipeline: Pipeline, old: Settings, new: Settings, always: Source) -> Pipeline:
    """A pipeline under new settings that goes on where the old one is; that one must not be used again.

    An input that stays is read on where it was, one that went is closed. ``always`` is a source that no setting names: it
    stays if it is there. Raises :class:`ReferenceProfileError`, and the old pipeline can be used as before.
    """
    kept = {each: source for each, source in zip(old.inputs, pipeline.sources, strict=False) if each in new.inputs}
    added = [each for each in new.inputs if each not in kept]
    sources_by_input = kept | dict(zip(added, open_sources(added, new), strict=True))
    sources = [sources_by_input[each] for each in new.inputs]
    if always in pipeline.sources:
        sources.append(always)
    successor = make_pipeline(new, sources)
    successor.take_over(pipeline)
    for source in pipeline.sources:
        if source not in sources:
            source.close()
    return successor
