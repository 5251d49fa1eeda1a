"""Made-up models with many features: their reference, and as many binned records as are wanted, from fixed seeds.

Every value is a 16-bit level put through a quantile table, so that each of 65,536 levels is binned once, by the exporter's
own Binner, and a record is a draw of levels. Reference and records have exactly the same law.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from statistics import NormalDist

import attrs
import numpy as np
from numpy.typing import NDArray

from model_drift_exporter.evidence.alarms import Alarms
from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.monitors import ALARMS, PARTS
from model_drift_exporter.monitors.monitor import MonitorContext
from model_drift_exporter.records.batches import RecordBatch
from model_drift_exporter.reference.binner import Binner
from model_drift_exporter.reference.building.builder import ProfileBuilder
from model_drift_exporter.reference.coded_batch import CodedBatch
from model_drift_exporter.reference.profile import ReferenceProfile

__all__ = [
    "LEVELS",
    "START",
    "Law",
    "MadeUpModel",
    "blocks",
    "categorical",
    "context_of",
    "counts",
    "mixed_laws",
    "normal",
    "profile_of",
]

LEVELS = 1 << 16
START = 1_767_571_200.0
"""Event time of the first record: a Monday, 0:00 UTC."""
_CHUNK = 1 << 13
_MODEL = "made-up"


@attrs.frozen(eq=False)
class Law:
    """A feature: the raw value of each level, ``None`` where it is missing."""

    values: tuple[object, ...]

    @property
    def numeric(self) -> bool:
        """Whether values are numbers."""
        return not any(isinstance(value, str) for value in self.values[-64:])

    def numbers(self) -> NDArray[np.float64]:
        """The number of each level, NaN where missing."""
        return np.array([math.nan if value is None else value for value in self.values], dtype=np.float64)


def normal(*, shift: float = 0.0, scale: float = 1.0, missing: float = 0.0) -> Law:
    """Normal numbers; the leading share ``missing`` of the levels has no value."""
    law = NormalDist(shift, scale)
    absent = round(missing * LEVELS)
    present = LEVELS - absent
    return Law((*[None] * absent, *(law.inv_cdf((level + 0.5) / present) for level in range(present))))


def counts(mean: float) -> Law:
    """Poisson numbers: whole, with many ties."""
    values: list[object] = []
    number, term, cumulated = 0, math.exp(-mean), 0.0
    while len(values) < LEVELS:
        cumulated += term
        last = LEVELS if term < 1 / LEVELS and number > mean else round(cumulated * LEVELS)
        values += [float(number)] * (last - len(values))
        number += 1
        term *= mean / number
    return Law(tuple(values))


def categorical(categories: int, decay: float) -> Law:
    """Categories, each ``decay`` times as frequent as the one before."""
    shares = np.cumsum(decay ** np.arange(categories))
    ends = np.round(shares / shares[-1] * LEVELS).astype(int)
    values: list[object] = []
    for position, end in enumerate(ends.tolist()):
        values += [f"c{position:02d}"] * (end - len(values))
    return Law(tuple(values))


def mixed_laws(features: int) -> list[Law]:
    """Clean features of many kinds: two thirds plain numbers, the rest with gaps, ties or categories."""
    plain, gaps = normal(), normal(missing=0.05)
    kinds = [plain, plain, plain, plain, plain, plain, gaps, counts(2.0), categorical(2, 0.25), categorical(3, 0.5)]
    kinds += [plain, plain, plain, plain, plain, plain, gaps, counts(0.3), categorical(8, 0.7), categorical(25, 0.75)]
    return [kinds[position % len(kinds)] for position in range(features)]


class MadeUpModel:
    """A model with these features, whose score is uniform and whose prediction is 1 above a half.

    Its reference has ``rows`` rows of the same laws, with labels that are wrong in a tenth of them.
    """

    def __init__(self, laws: list[Law], rows: int, seed: int) -> None:
        self.laws = laws
        self._random = np.random.default_rng([seed, 1])
        self.reference_levels = self._draw(rows)
        wrong = self._random.random(rows) < 0.10
        self.reference = profile_of(self._records(laws, self.reference_levels, wrong))
        self._binner = Binner(self.reference)

    def _draw(self, size: int) -> NDArray[np.uint16]:
        return self._random.integers(0, LEVELS, (len(self.laws) + 1, size), dtype=np.uint16)

    @staticmethod
    def _records(laws: list[Law], levels: NDArray[np.uint16], wrong: NDArray[np.bool_] | None = None) -> RecordBatch:
        features = {
            f"f{position:03d}": [law.values[level] for level in row.tolist()]
            for position, (law, row) in enumerate(zip(laws, levels[:-1], strict=True))
        }
        score = (levels[-1] + 0.5) / LEVELS
        predicted = score >= 0.5
        label = None if wrong is None else [str(int(value)) for value in (predicted ^ wrong).tolist()]
        return RecordBatch.of(
            size=levels.shape[1],
            features=features,
            model=[_MODEL] * levels.shape[1],
            prediction=[str(int(value)) for value in predicted.tolist()],
            score=score.tolist(),
            label=label,
        )

    def table(self, laws: list[Law] | None = None) -> NDArray[np.int32]:
        """[column, level]: the cell that the exporter puts each level into, were the features of these laws."""
        binner = Binner(self.reference)
        parts = []
        for first in range(0, LEVELS, _CHUNK):
            levels = np.tile(np.arange(first, first + _CHUNK, dtype=np.uint16), (len(self.laws) + 1, 1))
            parts.append(binner.cells(self._records(laws or self.laws, levels))[0].astype(np.int32))
        return np.concatenate(parts, axis=1)

    def levels(self, size: int) -> NDArray[np.uint16]:
        """The next records, [feature, record]; the last row is the score's."""
        return self._draw(size)

    def cells(self, table: NDArray[np.int32], levels: NDArray[np.uint16]) -> NDArray[np.int64]:
        """[column, record] cells of the records of these levels."""
        features = len(self.laws)
        rows = [*range(features), *[features] * (len(table) - features)]
        cells = np.empty((len(table), levels.shape[1]), dtype=np.int64)
        for column, row in enumerate(rows):
            cells[column] = table[column].take(levels[row])
        return cells

    def binned(self, cells: NDArray[np.int64], first: int, seconds: float) -> CodedBatch:
        """Records of these cells, ``seconds`` of event time apart; the first is number ``first`` of its log."""
        size = cells.shape[1]
        line = np.arange(first, first + size)
        time = START + seconds * (line + 1.0)
        timely = np.ones(size, dtype=np.bool_)
        return CodedBatch(self._binner, size, cells, time, time, timely, {}, line, RecordBatch.of(size, {}))


def profile_of(batch: RecordBatch) -> ReferenceProfile:
    """The reference that ``profile`` would build from these rows."""
    builder = ProfileBuilder(_MODEL, parts=PARTS)
    builder.survey(batch)
    builder.fix_bins()
    builder.count(batch)
    return builder.profile()


def context_of(reference: ReferenceProfile, options: EvidenceSettings | None = None) -> MonitorContext:
    """What monitors of a model with this reference are made from."""
    options = options or EvidenceSettings()
    columns: Mapping[str, object] = dict.fromkeys(column.name for column in reference.columns)
    alarms = Alarms(_MODEL, options.budgets, ALARMS)
    return MonitorContext(_MODEL, reference, Binner(reference), (), range(len(columns)), alarms, options)


def blocks(records: int, size: int) -> Iterator[tuple[int, int]]:
    """The first record and the size of each block."""
    for first in range(0, records, size):
        yield first, min(size, records - first)
