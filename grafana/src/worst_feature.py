"""Evidence about single features, and how much of it brings a ticket: one meaning for all dashboards."""

from __future__ import annotations

from prometheus.src.evidence import THRESHOLD

from .variables import MODEL

__all__ = ["EVIDENCE", "LOUD", "NEEDED", "RISING"]

EVIDENCE = f"model_feature:drift_evidence:log10{{{MODEL}}}"
"""As log10, with the label ``feature``."""

NEEDED = f'(max({THRESHOLD}{{{MODEL}, alert="ModelFeatureDrift"}}) + log10(count({EVIDENCE})))'
"""Evidence of a single feature, as log10, that brings a ticket although no other feature has any.

A ticket is for the average over all features, so one alone needs their number times the threshold. The test that names
features asks the same of the first: S. Dandapanthula, A. Ramdas, *Multiple testing in multi-stream sequential change
detection* (2025).
"""

RISING = 0.75
"""Share of it from which a feature is worth a word; half of it comes by itself, in weeks."""

LOUD = 0.5
"""Noise floor from which a PSI says nothing: there are too few values, and the floor would dwarf what is of interest."""
