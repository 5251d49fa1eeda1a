"""Columns of both kinds, and a prediction, for tests of what is made of records."""

from __future__ import annotations

from model_drift_exporter.reference.binner import Binner
from model_drift_exporter.reference.profile import (
    FEATURE,
    PREDICTION,
    ReferenceProfile,
    categorical_column,
    numeric_column,
)

__all__ = ["BINNER", "COLUMNS"]

COLUMNS = [
    categorical_column("plan", FEATURE, ["free", "gold"], accepts_numbers=False),
    numeric_column("age", FEATURE, [0.0, 10.0, 20.0]),
    numeric_column("income", FEATURE, [0.0, 1.0]),
    categorical_column(PREDICTION, PREDICTION, ["no", "yes"], accepts_numbers=True),
]
BINNER = Binner(ReferenceProfile(model="m", rows=1, task="classification", columns=COLUMNS, classes=["no", "yes"]))
