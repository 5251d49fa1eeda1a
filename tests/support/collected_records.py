from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import attrs
from hypothesis import strategies as st

from model_drift_exporter.formats import REASONS, Decoder
from model_drift_exporter.records.batches import Decoded, LabelBatch, RecordBatch
from model_drift_exporter.records.fields import FIELDS


@attrs.define
class Collected:
    """All that a decoder made of some chunks; a feature absent from a batch is missing in each of its records."""

    records: int = 0
    labels: int = 0
    errors: Counter[str] = attrs.field(factory=Counter)
    features: dict[str, list[object]] = attrs.field(factory=dict)
    fields: dict[str, list[object]] = attrs.field(factory=dict)
    label_values: list[object] = attrs.field(factory=list)
    record_lines: list[int] = attrs.field(factory=list)
    label_lines: list[int] = attrs.field(factory=list)

    @property
    def lines(self) -> int:
        return self.records + self.labels + self.errors.total()

    def add_records(self, batch: RecordBatch, first: int) -> None:
        assert batch.size > 0
        for name, values in batch.features.items():
            assert len(values) == batch.size
            self.features.setdefault(name, [None] * self.records).extend(values)
        for name in FIELDS:
            self.fields.setdefault(name, []).extend(batch.fields.get(name, [None] * batch.size))
        self.record_lines += lines_of(batch, first)
        self.records += batch.size
        for values in self.features.values():
            values.extend([None] * (self.records - len(values)))


def lines_of(batch: RecordBatch | LabelBatch, first: int = 0) -> list[int]:
    """The line of each record or label, where the chunk begins with line ``first``."""
    lines = batch.position.tolist()
    assert len(lines) == batch.size
    return [first + line for line in lines]


def _check_partition(decoded: Decoded) -> None:
    """Lines of records, lines of labels and rejected lines are all lines, each once."""
    found = [lines_of(batch) for batch in (decoded.records, decoded.labels) if batch is not None]
    assert all(low < high for lines in found for low, high in pairwise(lines))
    taken = [line for lines in found for line in lines]
    assert len(set(taken)) == len(taken)
    assert set(taken) <= set(range(decoded.lines))
    assert decoded.lines - len(taken) == sum(decoded.errors.values())


def collect(decoder: Decoder, chunks: Iterable[bytes]) -> Collected:
    found = Collected()
    for chunk in chunks:
        decoded = decoder.decode(chunk)
        _check_partition(decoded)
        first = found.lines
        assert set(decoded.errors) <= {*REASONS}
        assert all(count > 0 for count in decoded.errors.values())
        found.errors.update(decoded.errors)
        if decoded.labels is not None:
            assert decoded.labels.size == len(decoded.labels.labels) > 0
            found.labels += decoded.labels.size
            found.label_lines += lines_of(decoded.labels, first)
            found.label_values += decoded.labels.labels
        if decoded.records is not None:
            found.add_records(decoded.records, first)
    return found


def cut(lines: Sequence[bytes], places: Iterable[int]) -> list[bytes]:
    """Chunks of whole lines, each line with its newline."""
    bounds = sorted({0, len(lines), *(place for place in places if place < len(lines))})
    return [b"".join(line + b"\n" for line in lines[first:last]) for first, last in pairwise(bounds)]


def non_empty(lines: Iterable[bytes]) -> int:
    return sum(bool(line.strip()) for line in lines)


CUTS = st.lists(st.integers(0, 40), max_size=5)
"""Places where a log is cut into chunks."""
