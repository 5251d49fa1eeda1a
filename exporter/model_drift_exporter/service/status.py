"""What the exporter knows right now, as plain values: the landing page and ``check`` read it; no HTTP, no rendering here."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..evidence.recovery import Usual
from ..sources.source import SourceStatus

__all__ = [
    "AlertStatus",
    "BinStatus",
    "ColumnStatus",
    "ExporterStatus",
    "FindingStatus",
    "LabelStatus",
    "LearningStatus",
    "ModelStatus",
    "PromiseStatus",
    "WindowStatus",
]


@attrs.frozen
class BinStatus:
    """One bin of a column: counts in the reference and in the shown window. ``label`` is for people (a range, a category)."""

    name: str
    label: str
    reference: int
    current: int


@attrs.frozen
class ColumnStatus:
    """One feature, the prediction or the score in one window, against the reference.

    Ratios are 0 to 1. ``statistics`` and ``noise_floors`` are by name, in the order of ``STATISTICS``, and have what can be
    told only: nothing without observations, and no statistic of numbers for categories.
    """

    name: str
    role: str
    kind: str
    observations: int
    statistics: Mapping[str, float]
    noise_floors: Mapping[str, float]
    missing_ratio: float | None
    invalid_ratio: float | None
    out_of_range_ratio: float | None
    unseen_ratio: float | None
    bins: tuple[BinStatus, ...]

    @property
    def psi(self) -> float | None:
        """How far it has moved: the statistic that columns are sorted by and sentences are about."""
        return self.statistics.get("psi")

    @property
    def psi_noise_floor(self) -> float | None:
        """What is to be expected of it without drift."""
        return self.noise_floors.get("psi")


@attrs.frozen
class WindowStatus:
    """One rolling window; ``columns`` are sorted by how far they have moved, the furthest first."""

    name: str
    observations: int
    columns: tuple[ColumnStatus, ...]


@attrs.frozen
class LearningStatus:
    """How far a model without a reference profile has come in learning one."""

    records: int
    needed: int


@attrs.frozen
class AlertStatus:
    """One alarm. Evidence and threshold are log10; ``since`` and ``onset`` seconds of event time since the epoch.

    ``rise`` counts the rises since the latch was open. ``usual``: it is held although the latest records are back to usual.
    """

    alert: str
    severity: str
    active: bool
    since: float | None
    onset: float | None
    features: tuple[str, ...]
    certainty: str
    evidence: float
    threshold: float
    rise: int = 0
    usual: Usual | None = None


@attrs.frozen
class FindingStatus:
    """Something found about a model, in a sentence with its figures. ``severity`` is page, ticket or note.

    ``since`` is in seconds of event time since the epoch, ``None`` where it is not known. ``alert`` is the latched alert that
    this is, empty for what a monitor says beside the alerts.
    """

    kind: str
    severity: str
    text: str
    features: tuple[str, ...]
    since: float | None
    figures: Mapping[str, float]
    alert: str = ""


@attrs.frozen
class LabelStatus:
    """The join of labels. ``coverage`` maps an age of predictions to the share with a label; ``maturity`` is in seconds.

    ``reasons`` say why the model cannot be judged by labels, as in ``model_not_evaluable``.
    """

    seen: bool
    joined: int
    waiting: int
    coverage: tuple[tuple[str, float], ...]
    maturity: float | None
    reasons: tuple[str, ...]


@attrs.frozen
class PromiseStatus:
    """What the promise of false alarms ``about`` inputs, or the loss, rests on: ``basis`` is reference, live or not_yet.

    ``since`` is event time in seconds since the epoch, for live records. ``why`` says why the reference is not the basis.
    """

    about: str
    basis: str
    since: float | None
    why: str


@attrs.frozen
class ModelStatus:
    """One model: identity, traffic, its windows (empty while it learns), its alarms and its labels.

    ``findings`` are in the order in which a person should read them. ``doubled_loss_outcomes``: about how many outcomes it
    takes until a doubled loss pages, infinite if it never does, ``None`` where no loss is judged.
    """

    name: str
    version: str
    task: str
    reference_fingerprint: str
    reference_rows: int
    reference_learned: bool
    reference_warnings: tuple[str, ...]
    learning: LearningStatus | None
    records: int
    labels: int
    late: int
    version_changes: int
    last_record_time: float | None
    records_per_second: float
    windows: tuple[WindowStatus, ...]
    alerts: tuple[AlertStatus, ...] = ()
    findings: tuple[FindingStatus, ...] = ()
    label_state: LabelStatus | None = None
    doubled_loss_outcomes: float | None = None
    promises: tuple[PromiseStatus, ...] = ()


@attrs.frozen
class ExporterStatus:
    """The whole exporter at one moment. ``errors`` maps (input, reason) to a count; times are seconds since the epoch."""

    version: str
    started: float
    now: float
    inputs: tuple[SourceStatus, ...]
    errors: dict[tuple[str, str], int]
    models: tuple[ModelStatus, ...]
    reload_successful: bool
    reload_problem: str
