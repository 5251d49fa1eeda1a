from __future__ import annotations

import numpy as np

from model_drift_exporter.reference.losses import bounded_losses
from model_drift_exporter.reference.outcome_batch import OutcomeLayout


def test_labels_of_other_classes_say_nothing() -> None:
    """An outcome whose label is none of the reference's classes is no error of the model; a prediction of none is."""
    layout = OutcomeLayout(True, ("a", "b"), None, 0)
    losses = bounded_losses(layout, 0.0, np.array([0.0, 1, 2, 0, 2]), np.array([0.0, 0, 0, 2, 2]))
    np.testing.assert_array_equal(losses, [0, 1, 1, np.nan, np.nan])
