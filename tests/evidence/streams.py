"""Streams of bins for the tests of evidence: references with exact counts, and records drawn from laws near them."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import msgspec
import numpy as np
from numpy.typing import NDArray

from model_drift_exporter.evidence.alarms import Alarms, Transition
from model_drift_exporter.evidence.columns import ColumnEvidence
from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.monitors import ALARMS
from model_drift_exporter.reference.binner import Binner
from model_drift_exporter.reference.profile import (
    FEATURE,
    PREDICTION,
    SCORE,
    Column,
    ReferenceProfile,
    Season,
    categorical_column,
    numeric_column,
)

__all__ = [
    "MISSING_CELL",
    "SHARES",
    "START",
    "Records",
    "Stream",
    "evidence_of",
    "follow",
    "profile",
    "shifted",
]

START = 1_760_000_400.0
"""A full hour."""

SHARES = np.array([0.0, 0.05, 0.15, 0.3, 0.3, 0.15, 0.05, 0.0, 0.0, 0.0])
"""A numeric column: below, six bins, above, missing, invalid."""
MISSING_CELL, _INVALID_CELL = 8, 9
_CATEGORY = np.array([0.5, 0.3, 0.2, 0.0, 0.0, 0.0])
_OUTPUT = np.array([0.6, 0.4, 0.0, 0.0, 0.0])


def shifted(*, missing: float = 0.0, out_of_range: float = 0.0, up: float = 0.0) -> NDArray[np.float64]:
    """The law of a numeric column with some values missing, above the range, or a share moved from low to high bins."""
    law = SHARES.copy()
    law[1:4] -= up / 3
    law[4:7] += up / 3
    law *= 1.0 - missing - out_of_range
    law[MISSING_CELL] += missing
    law[7] += out_of_range
    return law


def _numeric(name: str, role: str, rows: int, effect: float) -> Column:
    column = numeric_column(name, role, [*range(7)])
    counts = dict(zip(column.counts, np.round(SHARES * rows).astype(int).tolist(), strict=True))
    return msgspec.structs.replace(column, counts=counts, design_effect=effect, special_design_effect=effect)


def profile(features: int = 3, rows: int = 10_000, *, effect: float = 1.0, slots: int = 0) -> ReferenceProfile:
    """Numeric features ``n0`` ..., one categorical ``country``, a prediction and a score.

    With ``slots`` the numeric columns live in the lower bins in even slots and in the upper ones in odd slots.
    """
    country = categorical_column("country", FEATURE, ["de", "fr", "it"], accepts_numbers=False)
    prediction = categorical_column("prediction", PREDICTION, ["no", "yes"], accepts_numbers=False)
    columns = [
        *(_numeric(f"n{index}", FEATURE, rows, effect) for index in range(features)),
        _counted(country, _CATEGORY, rows, effect),
        _counted(prediction, _OUTPUT, rows, effect),
        _numeric("score", SCORE, rows, effect),
    ]
    season = None
    if slots:
        by_slot = [
            np.concatenate([_slot_law(column, slot) * (rows // slots) for column in columns]).astype(int).tolist()
            for slot in range(slots)
        ]
        season = Season(slots=slots, rows=[rows // slots] * slots, counts=by_slot)
    return ReferenceProfile(model="m", rows=rows, task="classification", columns=columns, season=season)


def _counted(column: Column, shares: NDArray[np.float64], rows: int, effect: float) -> Column:
    counts = dict(zip(column.counts, np.round(shares * rows).astype(int).tolist(), strict=True))
    return msgspec.structs.replace(column, counts=counts, design_effect=effect, special_design_effect=effect)


def _slot_law(column: Column, slot: int) -> NDArray[np.float64]:
    if not column.numeric:
        return np.array([*column.counts.values()]) / sum(column.counts.values())
    law = SHARES.copy()
    law[1:7] = 0.0
    law[1 + 3 * (slot % 2) : 4 + 3 * (slot % 2)] = (0.25, 0.5, 0.25)
    return law


def evidence_of(reference: ReferenceProfile, settings: EvidenceSettings | None = None) -> tuple[ColumnEvidence, Alarms]:
    """Evidence on a reference, with alarms of its own."""
    chosen = settings or EvidenceSettings()
    alarms = Alarms("m", chosen.budgets, ALARMS)
    return ColumnEvidence(reference, chosen, alarms), alarms


@attrs.frozen(eq=False)
class Records:
    """What evidence is told of records: ``cells`` [column, record], event time, the clock, the position of each line."""

    cells: NDArray[np.int64]
    time: NDArray[np.float64]
    now: NDArray[np.float64]
    position: NDArray[np.int64]

    @property
    def size(self) -> int:
        return len(self.time)

    def part(self, first: int, last: int) -> Records:
        """Some of them."""
        part = slice(first, last)
        return Records(self.cells[:, part], self.time[part], self.now[part], self.position[part])

    def add_to(self, evidence: ColumnEvidence) -> None:
        """Hand them over in one call."""
        evidence.add(self.cells, self.time, self.now, self.position)


@attrs.define(eq=False)
class Stream:
    """Draws records one after the other: ``step`` seconds apart, each column by its law in the reference.

    ``laws`` maps positions of columns to other laws.
    """

    reference: ReferenceProfile
    seed: int = 0
    step: float = 1.0
    time: float = START
    position: int = 0
    _chance: np.random.Generator = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._chance = np.random.default_rng(self.seed)

    def draw(self, records: int, laws: Mapping[int, NDArray[np.float64]] | None = None) -> Records:
        """The next records."""
        times = self.time + self.step * np.arange(records, dtype=np.float64)
        starts = Binner(self.reference).starts
        cells = np.empty((len(self.reference.columns), records), dtype=np.int64)
        for position, column in enumerate(self.reference.columns):
            counts = np.array([*column.counts.values()], dtype=np.float64)
            law = (laws or {}).get(position, counts / counts.sum())
            upper = np.cumsum(law / law.sum())
            upper[np.flatnonzero(law)[-1] :] = 1.0
            cells[position] = np.searchsorted(upper, self._chance.random(records), side="right") + starts[position]
        positions = self.position + np.arange(records)
        self.time += self.step * records
        self.position += records
        return Records(cells, times, times, positions)

    def draw_season(self, records: int) -> Records:
        """The next records, each by the law of its slot."""
        drawn = self.draw(records)
        season = self.reference.season
        assert season is not None
        for position, column in enumerate(self.reference.columns):
            if column.numeric:
                slots = (drawn.time // 3600 % season.slots).astype(int)
                start = int(Binner(self.reference).starts[position])
                drawn.cells[position] = (
                    start + 1 + 3 * (slots % 2) + self._chance.choice(3, records, p=(0.25, 0.5, 0.25))
                )
        return drawn


def follow(evidence: ColumnEvidence, alarms: Alarms, records: Records) -> list[Transition]:
    """The edges that records make."""
    records.add_to(evidence)
    evidence.flush()
    return alarms.drain()
