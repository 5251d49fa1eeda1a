"""What the landing page says about models, as finished text and markup: the templates only lay it out."""

from __future__ import annotations

import attrs
from markupsafe import Markup, escape

from ...service.status import ColumnStatus, ExporterStatus, ModelStatus
from ...statistics import STATISTICS
from ...words import count, counted, share, significant, window_words
from .charts import distribution_chart, psi_scale, shares
from .finding_view import FindingView, finding_views
from .label_sentence import label_sentence
from .movement import Movement, biggest_changes, bin_words, movement, noise_limit
from .promise_sentence import promise_sentence
from .sentences import caution, furthest_moved, model_state, window_named

__all__ = ["CardView", "ModelView", "chosen_window", "model_view", "window_names"]

_MOVEMENT_WORDS: dict[Movement, str] = {
    "unknown": "nothing to compare",
    "within": "within its noise",
    "little": "moved a little",
    "moved": "moved",
    "far": "moved far",
}
_SHARES = (
    ("missing", "missing_ratio", ("__missing__",)),
    ("invalid", "invalid_ratio", ("__invalid__",)),
    ("out of range", "out_of_range_ratio", ("__below__", "__above__")),
    ("unseen categories", "unseen_ratio", ("__other__",)),
)


@attrs.frozen
class CardView:
    """One column's card. ``table`` holds the rows of its bins."""

    key: str
    name: str
    role: str
    kind: str
    observations: str
    movement: Movement
    movement_words: str
    psi: str
    noise_floor: str
    changes: str
    shares: tuple[tuple[str, str], ...]
    statistics: tuple[tuple[str, str], ...]
    chart: Markup
    scale: Markup
    table: Markup


@attrs.frozen
class ModelView:
    """One model's section; without ``cards`` while ``notice`` says why, or because another model is on the page."""

    model: ModelStatus
    heading: str
    sentence: str
    detail: str
    notice: str
    advice: str
    caution: str
    window: str
    findings: tuple[FindingView, ...] = ()
    labels: str = ""
    promise: str = ""
    outputs: tuple[CardView, ...] = ()
    features: tuple[CardView, ...] = ()
    folded: bool = False


def window_names(status: ExporterStatus) -> list[str]:
    """Every window any model has, in the order of their first appearance."""
    return list(dict.fromkeys(window.name for model in status.models for window in model.windows))


def chosen_window(status: ExporterStatus, wanted: str | None) -> str:
    """The wanted window where it exists; otherwise the first that holds records, or simply the first; or nothing."""
    names = window_names(status)
    if wanted in names:
        return str(wanted)
    filled = {window.name for model in status.models for window in model.windows if window.observations}
    return next((name for name in names if name in filled), names[0] if names else "")


def _table(column: ColumnStatus) -> Markup:
    """Rows of the bins: bin, count, share now, share in the reference (end tags that HTML lets go are left out)."""
    current, reference = shares(column.bins)
    return Markup(  # noqa: S704 (each text is escaped)
        "".join(
            f"<tr><th scope=row>{escape(bin_words(each))}<td>{count(each.current)}"
            f"<td>{escape(share(now))}<td>{escape(share(was))}"
            for each, now, was in zip(column.bins, current, reference, strict=True)
        )
    )


def _special_shares(column: ColumnStatus) -> tuple[tuple[str, str], ...]:
    """What is missing, invalid, out of range or unseen, where it is above 0, beside its share in the reference."""
    total = sum(each.reference for each in column.bins)
    rows = []
    for words, field, names in _SHARES:
        value = getattr(column, field)
        if value is None or value <= 0:
            continue
        before = share(sum(each.reference for each in column.bins if each.name in names) / total if total else None)
        now = share(value)
        rows.append((words, now if before == now else f"{now} (reference {before})"))
    return tuple(rows)


def _statistics(column: ColumnStatus) -> tuple[tuple[str, str], ...]:
    """Every statistic that says something to people, beside its noise floor where it has one."""
    rows = []
    for statistic in STATISTICS:
        value, floor = column.statistics.get(statistic.name), column.noise_floors.get(statistic.name)
        if statistic.reading and value is not None:
            beside = "" if floor is None else f" (noise floor {significant(floor)})"
            rows.append((statistic.title, f"{significant(value)}{beside}"))
    return tuple(rows)


def _card(column: ColumnStatus) -> CardView:
    state = movement(column)
    changes = biggest_changes(column.bins)
    spoken = f"{column.name}: shares per bin, now against the reference; {changes or 'no bin changed much'}."
    title = {"prediction": "Prediction", "score": "Score"}.get(column.role, "")
    return CardView(
        key=f"{column.role}:{column.name}",
        name=title or column.name,
        role=column.role,
        kind=column.kind,
        observations=counted(column.observations, "value"),
        movement=state,
        movement_words=_MOVEMENT_WORDS[state],
        psi=significant(column.psi),
        noise_floor=significant(column.psi_noise_floor),
        changes=changes if state in ("little", "moved", "far") else "",
        shares=_special_shares(column),
        statistics=_statistics(column),
        chart=distribution_chart(column.bins, column.kind, spoken),
        scale=Markup("") if column.psi is None else psi_scale(column.psi, column.psi_noise_floor, noise_limit(column)),
        table=_table(column),
    )


def model_view(model: ModelStatus, window_name: str, *, folded: bool, now: float) -> ModelView:
    """One model in one window, ``now`` in seconds since the epoch; ``folded`` leaves its cards out."""
    sentence, notice, advice = model_state(model, window_name)
    window = window_named(model, window_name)
    view = ModelView(
        model=model,
        heading=model.name or "(model without a name)",
        sentence=sentence,
        notice=notice,
        advice=advice,
        detail=furthest_moved(window) if window is not None and not notice else "",
        caution=caution(window) if window is not None and not notice else "",
        window=window_words(window_name) if window_name else "",
        findings=finding_views(model.findings, model.alerts, now),
        labels=label_sentence(model.label_state),
        promise=promise_sentence(model.promises),
        folded=folded and not notice,
    )
    if notice or folded or window is None:
        return view
    outputs = sorted((column for column in window.columns if column.role != "feature"), key=lambda each: each.role)
    return attrs.evolve(
        view,
        outputs=tuple(_card(column) for column in outputs),
        features=tuple(_card(column) for column in window.columns if column.role == "feature"),
    )
