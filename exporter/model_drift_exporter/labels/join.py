"""Joins labels with predictions, a batch at a time, with the same result as one event at a time."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from .events import Events
from .label_store import COUNTED, LABEL, PREDICTION, SURPLUS, UNINDEXED, LabelStore

__all__ = ["JoinTally", "Joins", "Revisions", "join", "join_alone"]

Array = NDArray[np.float64]
Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]

_NEVER = np.iinfo(np.int64).max
_BEFORE = -1


@attrs.define
class JoinTally:
    """Counts of events by what happened to them. ``unmatched`` labels expired without a prediction."""

    joined: int = 0
    revised: int = 0
    labels_repeated: int = 0
    unmatched: int = 0
    stored: int = 0
    predictions_repeated: int = 0


@attrs.frozen(eq=False)
class Joins:
    """Predictions and labels that met, in the order of the events with which they met. Arrays are [join].

    ``event`` is the position of that event, ``row`` the entry in the store, ``time`` and ``label_time`` the event times of
    prediction and label, and ``label`` the label at that moment.
    """

    event: Positions
    row: Positions
    time: Array
    label_time: Array
    label: Array

    @classmethod
    def in_order(cls, *parts: Joins) -> Joins:
        """All parts as one, in the order of events. Joins of one event keep the order of the parts."""
        columns = [np.concatenate([getattr(part, field.name) for part in parts]) for field in attrs.fields(cls)]
        order = np.argsort(columns[0], kind="stable")
        return cls(*(column[order] for column in columns))

    @classmethod
    def none(cls) -> Joins:
        """No joins."""
        places, numbers = np.empty(0, dtype=np.int64), np.empty(0)
        return cls(places, places, numbers, numbers, numbers)


@attrs.frozen(eq=False)
class Revisions:
    """Changed labels of joined predictions, in the order of events. Arrays are [revision]."""

    event: Positions
    row: Positions
    old: Array
    new: Array
    time: Array


def join(
    store: LabelStore, events: Events, time: Array, admitted: Mask, *, watermark: float, tally: JoinTally
) -> tuple[Joins, Revisions | None, Positions]:
    """Take the ``admitted`` events into the store, where entries older than ``watermark`` have expired.

    All events of one identifier are processed together. Its first prediction counts; others are repeats. Each label is
    compared with the label before it. Prediction and label meet at the later one of the two. Returns the joins, the
    revisions or ``None`` if there are none, and the first events of new entries, in the order of their rows.

    Most identifiers have a single event here: their first one, or the label of a prediction that waits. These two need
    no comparison, so they are taken in by themselves.
    """
    picked = np.flatnonzero(admitted)
    if not len(picked):
        return Joins.none(), None, picked
    known = store.size
    rows, first = store.find_or_append(events.key[picked])
    if first.all():
        return _open(store, events, time, picked, rows, watermark=watermark, tally=tally), None, picked
    others = np.flatnonzero(~first)
    again = rows[others]
    repeated = np.zeros(store.size - known, dtype=np.bool_)
    repeated[again[again >= known] - known] = True
    opening = first.copy()
    opening[first] = ~repeated[rows[first] - known]
    answering = np.zeros(len(picked), dtype=np.bool_)
    answering[others] = events.is_label[picked[others]] & _waits(store, again, known, watermark)
    remaining = ~(opening | answering)
    parts = [
        _open(store, events, time, picked[opening], rows[opening], watermark=watermark, tally=tally),
        _answer(store, events, time, picked[answering], rows[answering], tally=tally),
    ]
    revisions = None
    if remaining.any():
        joins, revisions = _compare(
            store, events, time, picked[remaining], rows[remaining], watermark=watermark, tally=tally
        )
        parts.append(joins)
    return Joins.in_order(*parts), revisions, picked[first]


def _waits(store: LabelStore, rows: Positions, known: int, watermark: float) -> Mask:
    """Which rows, of those below ``known``, occur once and hold a prediction without a label that has not expired."""
    inside = np.minimum(rows, max(known - 1, 0))
    found: Mask = (rows < known) & (store.columns["flags"][inside] & ~np.uint8(SURPLUS) == PREDICTION)
    found &= store.columns["time"][inside] >= watermark
    ordered = np.sort(rows)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(twice):
        found &= ~np.isin(rows, twice)
    return found


def _open(
    store: LabelStore,
    events: Events,
    time: Array,
    places: Positions,
    rows: Positions,
    *,
    watermark: float,
    tally: JoinTally,
) -> Joins:
    """Write the first and only event of each identifier into its new row. Predictions with a label of their own are joins."""
    if not len(places):
        return Joins.none()
    is_label, label = events.is_label[places], events.label[places]
    labelled = ~np.isnan(label)
    own = time[places]
    columns = store.columns
    if not is_label.any():
        columns["time"][rows], columns["flags"][rows] = own, PREDICTION
        _write_predictions(store, rows, events, places)
        tally.stored += len(rows)
    else:
        predicted = np.flatnonzero(~is_label)
        columns["time"][rows] = np.where(is_label, np.maximum(own, watermark), own)
        columns["flags"][rows] = np.where(is_label, np.uint8(0), np.uint8(PREDICTION))
        _write_predictions(store, rows[predicted], events, places[predicted])
        tally.stored += len(predicted)
    if not labelled.any():
        return Joins.none()
    columns["flags"][rows[labelled]] |= LABEL
    store.put("label", rows, label)
    joined = np.flatnonzero(labelled & ~is_label)
    tally.joined += len(joined)
    own = own[joined]
    return Joins(places[joined], rows[joined], own, own, label[joined])


def _answer(
    store: LabelStore, events: Events, time: Array, places: Positions, rows: Positions, *, tally: JoinTally
) -> Joins:
    """Write the labels at ``places`` into the rows of their predictions, which had none."""
    label = events.label[places]
    store.put("label", rows, label)
    store.columns["flags"][rows] |= LABEL
    tally.joined += len(rows)
    return Joins(places, rows, store.columns["time"][rows], time[places], label)


def _compare(
    store: LabelStore,
    events: Events,
    time: Array,
    picked: Positions,
    row: Positions,
    *,
    watermark: float,
    tally: JoinTally,
) -> tuple[Joins, Revisions | None]:
    """Take in events, [event], of the entries in some rows, [event], with all that can happen to an identifier."""
    order = np.argsort(row, kind="stable")
    picked, row = picked[order], row[order]
    first = np.ones(len(row), dtype=np.bool_)
    first[1:] = row[1:] != row[:-1]
    starts = np.flatnonzero(first)
    entries = _Entries.found(store, row[starts], watermark, tally)

    is_label = events.is_label[picked]
    places = np.where(is_label, len(picked), np.arange(len(picked)))
    earliest = np.minimum.reduceat(places, starts)
    arriving = ~entries.known & (earliest < len(picked))
    opening = picked[np.where(arriving, earliest, 0)]
    known_from = np.where(entries.known, _BEFORE, np.where(arriving, opening, _NEVER))
    stored = int(arriving.sum())
    tally.stored += stored
    tally.predictions_repeated += len(picked) - int(is_label.sum()) - stored

    changes = _Changes.of(events.label[picked], np.cumsum(first) - 1, picked, entries, tally)
    labelled_from = np.where(entries.labelled, _BEFORE, _NEVER)
    labelled_from[changes.group[changes.opening]] = changes.event[changes.opening]
    met_at = np.maximum(known_from, labelled_from)
    meets = (met_at < _NEVER) & ~(entries.known & entries.labelled)

    label, label_time = changes.latest(met_at, entries, time)
    predicted_at = np.where(arriving, time[opening], entries.time)
    revising = changes.revised & (changes.event > met_at[changes.group])
    final, final_time = changes.latest(np.full(len(starts), _NEVER), entries, time)

    rows, columns = entries.rows, store.columns
    store.put("label", rows, final)
    predicted = entries.known | arriving
    columns["time"][rows] = np.where(predicted, predicted_at, np.maximum(final_time, watermark))
    flags = predicted * np.uint8(PREDICTION) | ~np.isnan(final) * np.uint8(LABEL)
    flags |= entries.flags & np.uint8(COUNTED | SURPLUS)
    columns["flags"][rows] = flags
    _write_predictions(store, rows[arriving], events, opening[arriving])

    groups = np.flatnonzero(meets)
    tally.joined += len(groups)
    joins = Joins(met_at[groups], rows[groups], predicted_at[groups], label_time[groups], label[groups])
    return joins, changes.revisions(revising, rows, time)


def join_alone(
    store: LabelStore, events: Events, time: Array, alone: Mask, *, keys: NDArray[np.uint64], tally: JoinTally
) -> Joins:
    """Store predictions that come with their label, so that no other label can find them. Returns their joins."""
    places = np.flatnonzero(alone)
    rows = store.append(keys[places], hidden=True)
    columns, label = store.columns, events.label[places]
    columns["flags"][rows] = PREDICTION | LABEL | UNINDEXED
    columns["time"][rows] = time[places]
    store.put("label", rows, label)
    _write_predictions(store, rows, events, places)
    tally.joined += len(rows)
    return Joins(places, rows, time[places], time[places], label)


def _write_predictions(store: LabelStore, rows: Positions, events: Events, places: Positions) -> None:
    """Write the values of the predictions at ``places`` into ``rows``, which are flagged as such."""
    store.put("predicted", rows, events.predicted[places])
    columns = store.columns
    columns["flags"][rows] |= events.surplus[places] * np.uint8(SURPLUS)
    columns["version"][rows] = events.version[places]
    if "score" in columns:
        store.put_scores(rows, events.score[places])
        columns["score_cell"][rows] = events.score_cell[places]
    if "probabilities" in columns and events.probabilities is not None:
        columns["probabilities"][rows] = events.probabilities[places]


@attrs.frozen(eq=False)
class _Entries:
    """What the store knows of identifiers before these events. Arrays are [identifier]."""

    rows: Positions
    flags: NDArray[np.uint8]
    known: Mask
    labelled: Mask
    label: Array
    time: Array

    @classmethod
    def found(cls, store: LabelStore, rows: Positions, watermark: float, tally: JoinTally) -> _Entries:
        """Those in some rows, [identifier]; a new row has flags 0."""
        flags, time = store.columns["flags"][rows], store.columns["time"][rows]
        expired = (flags != 0) & (time < watermark)
        if expired.any():
            state = flags & (PREDICTION | LABEL | COUNTED)
            tally.unmatched += int(np.count_nonzero(state[expired] == LABEL))
            # An outcome that has not been counted yet keeps its entry. The other rows are used again.
            unfinished = expired & (state == PREDICTION | LABEL)
            rows[unfinished], _ = store.supersede(store.columns["key"][rows[unfinished]])
            flags[expired] = 0
        labelled = flags & LABEL != 0
        return cls(
            rows, flags, flags & PREDICTION != 0, labelled, np.where(labelled, store.get("label", rows), np.nan), time
        )


@attrs.frozen(eq=False)
class _Changes:
    """Labels that differ from the one before, by identifier and then by event. ``opening``: an identifier's first label."""

    group: Positions
    event: Positions
    old: Array
    new: Array
    opening: Mask
    revised: Mask

    @classmethod
    def of(cls, label: Array, group: Positions, event: Positions, entries: _Entries, tally: JoinTally) -> _Changes:
        given = np.flatnonzero(~np.isnan(label))
        label, group, event = label[given], group[given], event[given]
        old = np.empty(len(label))
        old[1:] = label[:-1]
        leading = np.ones(len(label), dtype=np.bool_)
        leading[1:] = group[1:] != group[:-1]
        old[leading] = entries.label[group[leading]]
        new = old != label
        opening = np.isnan(old)
        tally.labels_repeated += len(label) - int(new.sum())
        tally.revised += int((new & ~opening).sum())
        return cls(group[new], event[new], old[new], label[new], opening[new], ~opening[new])

    def latest(self, limit: Positions, entries: _Entries, time: Array) -> tuple[Array, Array]:
        """The label of each identifier just after the event at its ``limit``, and the time of that label."""
        early = self.event <= limit[self.group]
        label, label_time = entries.label.copy(), entries.time.copy()
        # Where an index occurs several times, NumPy keeps the last value.
        label[self.group[early]] = self.new[early]
        label_time[self.group[early]] = time[self.event[early]]
        return label, label_time

    def revisions(self, revising: Mask, rows: Positions, time: Array) -> Revisions | None:
        if not revising.any():
            return None
        chosen = np.flatnonzero(revising)
        chosen = chosen[np.argsort(self.event[chosen], kind="stable")]
        event = self.event[chosen]
        return Revisions(event, rows[self.group[chosen]], self.old[chosen], self.new[chosen], time[event])
