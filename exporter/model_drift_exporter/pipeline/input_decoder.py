"""From the chunks of all inputs to batches: the schema of each input, the decoder of each stream, the number of each line."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import attrs
import numpy as np

from ..formats import FORMATS, Decoder, HeadedDecoder, Schema, format_of
from ..records.batches import NO_POSITIONS, Decoded
from ..records.chunk import Chunk
from ..reference.profile import ReferenceProfile

__all__ = ["InputDecoder", "StreamDecoders"]

_STREAMS = 10_000
_Stream = tuple[str, str]
_Key = TypeVar("_Key")
_Item = TypeVar("_Item")


def _never(_decoded: Decoded) -> bool:
    return False


class InputDecoder:
    """Decodes chunks in the order in which they come.

    ``fields`` are the configured names of fields, ``include`` and ``exclude`` those of features. ``references`` are the
    profiles given, whose features are the only ones read, unless ``learns_from`` says of a batch that a model in it learns
    a reference. ``labels`` names the inputs that hold labels only.
    """

    def __init__(
        self,
        *,
        fields: Mapping[str, str | None] | None = None,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        references: Iterable[ReferenceProfile] = (),
        learns_from: Callable[[Decoded], bool] = _never,
        labels: Iterable[str] = (),
    ) -> None:
        self.fields = dict(fields or {})
        self.include, self.exclude = frozenset(include), frozenset(exclude)
        self.labels = frozenset(labels)
        self._references = tuple(references)
        self._learns_from = learns_from
        self._schemas: dict[str, Schema] = {}
        self._decoders = StreamDecoders()
        self._lines: Counter[str] = Counter()

    def schema(self, input_name: str) -> Schema:
        """What is known of the fields of one input."""
        schema = self._schemas.get(input_name)
        if schema is None:
            schema = self._schemas[input_name] = Schema()
            self._configure(input_name, schema)
        return schema

    def _configure(self, input_name: str, schema: Schema) -> None:
        closed = bool(self._references) or bool(self.include)
        schema.labels = input_name in self.labels
        schema.configure(self.fields, self.include, self.exclude, closed=closed)
        schema.add_features(self.include)
        numeric, categorical = set[str](), set[str]()
        for profile in self._references:
            schema.add_features(column.name for column in profile.features)
            for column in profile.features:
                (numeric if column.numeric else categorical).add(column.name)
        schema.numeric, schema.categorical = frozenset(numeric - categorical), frozenset(categorical - numeric)

    def decode(self, chunk: Chunk, source_format: str) -> Decoded:
        """What the chunk holds; its lines, the rejected ones included, are those of its input, over all of its streams.

        The lines that the source had to skip stand in front of the chunk, and are among the errors.
        """
        decoded = self._decode(chunk, source_format) if chunk.data else Decoded()
        first = self._lines[chunk.input]
        skipped = sum(chunk.errors.values())
        self._lines[chunk.input] += skipped + decoded.lines
        return _placed(decoded, first, skipped, Counter(chunk.errors) if skipped else None)

    def _decode(self, chunk: Chunk, source_format: str) -> Decoded:
        schema = self.schema(chunk.input)
        decoded, _ = self._decoders.decode(chunk, source_format, schema)
        if schema.closed and not self.include and self._learns_from(decoded):
            schema.open()
            decoded = self._decoders.decode_again(chunk, source_format, schema)
        return decoded

    def format_in_use(self, chunk: Chunk, source_format: str) -> str:
        """The format in which a chunk was decoded; empty if no line of its stream has come."""
        return self._decoders.format_in_use(chunk, source_format)

    def unknown_features(self) -> set[str]:
        """Features in the logs that nothing given knows."""
        return {name for schema in self._schemas.values() for name in schema.unknown} - self.exclude

    def same_fields(self, other: InputDecoder) -> bool:
        """Whether both take the same for fields and features."""
        own, others = ((each.fields, each.include, each.exclude) for each in (self, other))
        return own == others

    def take_over(self, old: InputDecoder) -> None:
        """Go on where another one stopped, as far as the settings of both agree."""
        self._schemas, self._lines = old._schemas, old._lines
        # A decoder with a header of its stream cannot start in the middle of it; the others begin again.
        self._decoders.take_over(old._decoders)
        for name, schema in self._schemas.items():
            self._configure(name, schema)

    def snapshot(self) -> dict[str, Any]:
        """Schemas and line numbers by input, as plain values."""
        schemas = {name: schema.snapshot() for name, schema in self._schemas.items()}
        return {"lines": dict(self._lines), "schemas": schemas}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot of one with the same settings."""
        self._lines = Counter({name: int(lines) for name, lines in state["lines"].items()})
        for name, saved in state["schemas"].items():
            self.schema(name).restore(saved)


def _placed(decoded: Decoded, first: int, skipped: int, errors: Counter[str] | None) -> Decoded:
    """A chunk in its input: it begins with line ``first``, the ``skipped`` ones before its own."""
    start = first + skipped
    records, labels = decoded.records, decoded.labels
    lines = [batch.position for batch in (records, labels) if batch is not None]
    rejected = np.arange(first, start) if skipped else NO_POSITIONS
    if sum(map(len, lines)) < decoded.lines:
        free = np.ones(decoded.lines, dtype=np.bool_)
        for taken in lines:
            free[taken] = False
        rejected = np.concatenate([rejected, start + np.flatnonzero(free)])
    return attrs.evolve(
        decoded,
        records=records and attrs.evolve(records, position=records.position + start),
        labels=labels and attrs.evolve(labels, position=labels.position + start),
        errors=decoded.errors if errors is None else errors + Counter(decoded.errors),
        lines=skipped + decoded.lines,
        rejected=rejected,
    )


class StreamDecoders:
    """The decoders of all streams and the formats found.

    Beyond 10,000 streams those least recently read are forgotten. A stream that is forgotten, or whose format another
    setting changes, goes on without its header.
    """

    def __init__(self) -> None:
        self._formats: OrderedDict[_Stream, str] = OrderedDict()
        self._empty: OrderedDict[_Stream, None] = OrderedDict()
        self._decoders: OrderedDict[tuple[str, str, str], Decoder] = OrderedDict()

    def take_over(self, old: StreamDecoders) -> None:
        """Go on with the formats and headers of others, so that a stream can be read on in its middle."""
        self._formats, self._empty = old._formats, old._empty
        self._decoders = OrderedDict(item for item in old._decoders.items() if FORMATS[item[0][1]].per_stream)

    def decode(self, chunk: Chunk, source_format: str, schema: Schema) -> tuple[Decoded, str]:
        """Decode the lines of a chunk, and say in which format (none while a stream has empty lines only).

        ``schema`` must be the same one for all chunks of an input.
        """
        stream = chunk.input, chunk.stream
        if stream in self._empty and not chunk.starts_stream:
            chunk = attrs.evolve(chunk, starts_stream=True)
        self._empty.pop(stream, None)
        if chunk.starts_stream and chunk.head is None and not chunk.data.strip():
            self._empty[stream] = None
            _keep_recent(self._empty, stream)
            return Decoded(), ""
        name = self._format(chunk, source_format)
        return self._decoder(chunk, name, schema).decode(chunk.data, chunk.attributes), name

    def format_in_use(self, chunk: Chunk, source_format: str) -> str:
        """The format in which a chunk was decoded; empty if no line of its stream has come."""
        if chunk.format or source_format != "auto":
            return chunk.format or source_format
        return self._formats.get((chunk.input, chunk.stream), "")

    def decode_again(self, chunk: Chunk, source_format: str, schema: Schema) -> Decoded:
        """Decode a chunk that has just been decoded, because the schema has changed: its stream does not start again."""
        return self.decode(attrs.evolve(chunk, starts_stream=False, head=None), source_format, schema)[0]

    def _format(self, chunk: Chunk, source_format: str) -> str:
        if chunk.format or source_format != "auto":
            return chunk.format or source_format
        stream = chunk.input, chunk.stream
        if stream not in self._formats or chunk.starts_stream:
            # In the middle of a stream nothing can be told from a line: values may look like names.
            known = chunk.starts_stream or chunk.head is not None
            first = (chunk.head or chunk.data).strip().partition(b"\n")[0] if known else b""
            self._formats[stream] = format_of(chunk.stream, first)
        _keep_recent(self._formats, stream)
        return self._formats[stream]

    def _decoder(self, chunk: Chunk, name: str, schema: Schema) -> Decoder:
        spec = FORMATS[name]
        # A format with a header needs a decoder for each stream, others share what they have learned about the input.
        key = (chunk.input, name, chunk.stream if spec.per_stream else "")
        decoder = self._decoders.get(key)
        known = decoder is not None
        if decoder is None or (spec.per_stream and chunk.starts_stream):
            decoder = self._decoders[key] = spec.make(schema)
        if isinstance(decoder, HeadedDecoder):
            if chunk.head is not None:
                decoder.begin(chunk.head)
            elif not known and not chunk.starts_stream:
                decoder.begin(b"")
        _keep_recent(self._decoders, key)
        return decoder


def _keep_recent(items: OrderedDict[_Key, _Item], key: _Key) -> None:
    items.move_to_end(key)
    if len(items) > _STREAMS:
        items.popitem(last=False)
