"""Several logs in the order of their event times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.pipeline.merge import Log, in_blocks, merged, size_of
from model_drift_exporter.records.batches import Decoded, LabelBatch, RecordBatch

START = 1_700_000_000.0


def predictions(times: Sequence[float | None], cuts: Sequence[int] = (), rejected: Sequence[int] = ()) -> Log:
    """A log of predictions; the lines in ``rejected`` are none."""
    return Log("log", partial(next, _chunks(times, cuts, rejected, labels=False), None))


def labels(times: Sequence[float | None], cuts: Sequence[int] = (), rejected: Sequence[int] = ()) -> Log:
    """A log of labels."""
    return Log("labels", partial(next, _chunks(times, cuts, rejected, labels=True), None), labels=True)


def _chunks(
    times: Sequence[float | None], cuts: Sequence[int], rejected: Sequence[int], *, labels: bool
) -> Iterator[Decoded]:
    bounds = [0, *sorted(min(cut, len(times)) for cut in cuts), len(times)]
    for first, last in pairwise(bounds):
        kept = [line for line in range(first, last) if line not in rejected]
        lost = np.array([line for line in range(first, last) if line in rejected], dtype=np.int64)
        column = [times[line] for line in kept]
        records = RecordBatch.of(len(kept), {"a": kept}, time=column, position=kept) if kept and not labels else None
        given_labels = (
            LabelBatch.of(len(kept), time=column, label=[f"l{line}" for line in kept], position=kept)
            if kept and labels
            else None
        )
        yield Decoded(records, given_labels, lines=last - first, rejected=lost)


def told(*logs: Log, step: float | None = None) -> list[str]:
    """What comes, in order: p, l and r for a prediction, a label and a rejected line, with its line."""
    found: list[str] = []
    for piece in merged(logs, step):
        found += events_of(piece.decoded)
    return found


def events_of(decoded: Decoded) -> list[str]:
    """The lines of a piece, in order, as in :func:`told`."""
    events: list[tuple[int, int, str]] = []
    if decoded.records is not None:
        events += [(int(line), 0, f"p{line}") for line in decoded.records.position]
    events += [(int(line), 0, f"r{line}") for line in decoded.rejected]
    if decoded.labels is not None:
        pairs = zip(decoded.labels.position.tolist(), decoded.labels.labels, strict=True)
        events += [(line, 1 + place, str(label)) for place, (line, label) in enumerate(pairs)]
    return [text for _, _, text in sorted(events)]


def test_labels_come_between_the_predictions() -> None:
    """A label stands behind the last prediction before it, however the logs come in chunks."""
    times = [START + 10 * step for step in range(4)]
    for cuts in ((), (1,), (2, 3), (1, 2, 3)):
        found = told(predictions(times, cuts), labels([START + 15, START + 15, START + 99], cuts))
        assert found == ["p0", "p1", "l0", "l1", "p2", "p3", "l2"]


def test_labels_may_come_first() -> None:
    """Before any prediction their line is the one before the first."""
    found = [*merged([predictions([START + 5]), labels([START, START + 9])])]
    labels_first = found[0].decoded.labels
    assert labels_first is not None
    assert labels_first.position.tolist() == [-1]
    assert told(predictions([START + 5]), labels([START, START + 9])) == ["l0", "p0", "l1"]


def test_a_prediction_is_before_a_label_of_its_own_time() -> None:
    """A label at once finds its prediction."""
    assert told(labels([START]), predictions([START])) == ["p0", "l0"]


def test_several_logs_of_predictions_are_read_by_turns() -> None:
    """Lines are numbered through both."""
    found = told(predictions([START, START + 20]), predictions([START + 10, START + 30]), labels([START + 15]))
    assert found == ["p0", "p1", "l0", "p2", "p3"]


def test_lines_without_a_time_go_with_those_before_them() -> None:
    """Rejected lines as well; those of a log of labels concern no model."""
    found = told(predictions([START, None, START + 20, None], rejected=[1]), labels([START + 15, None], rejected=[1]))
    assert found == ["p0", "r1", "l0", "p2", "p3"]


def test_a_wrong_clock_does_not_hold_up_the_others() -> None:
    """A time that nothing supports is not waited for."""
    times = [START + step for step in range(20)]
    wild = [*times[:17], START + 1e8, *times[18:]]
    found = told(predictions(wild), labels([START + 18.5]))
    assert found.index("l0") == 19


def test_nothing_is_nothing() -> None:
    """Empty logs end at once."""
    assert told(predictions([]), labels([])) == []


_TIMES = st.lists(st.integers(0, 40), max_size=25).map(lambda steps: [START + step for step in sorted(steps)])
_CUTS = st.lists(st.integers(0, 25), max_size=4)


def test_no_piece_goes_beyond_a_step() -> None:
    """Whoever looks between two pieces sees the state at the step, not one of later."""
    times = [START + 7 * step for step in range(30)]
    pieces = [*merged([predictions(times), labels(times)], step=60.0)]
    found = [
        (piece.time, [*piece.decoded.records.fields["time"]]) for piece in pieces if piece.decoded.records is not None
    ]
    assert [time for _, column in found for time in column] == times
    for first, column in found:
        assert {float(str(time)) // 60 for time in column} == {first // 60}


_LOGS = st.tuples(_TIMES, _CUTS)


@given(_LOGS, _LOGS, st.sets(st.integers(0, 25), max_size=4), st.sampled_from([None, 3.0, 7.5]))
def test_every_line_comes_once_in_order(
    log: tuple[list[float], list[int]],
    of_labels: tuple[list[float], list[int]],
    rejected: set[int],
    step: float | None,
) -> None:
    """By time, and each log in its own order; chunks make no difference to that."""
    (first, first_cuts), (second, second_cuts) = log, of_labels
    found = told(predictions(first, first_cuts, [*rejected]), labels(second, second_cuts), step=step)
    times = {"l": second, "p": first}
    kept = [text for text in found if text[0] != "r"]
    happened = [times[text[0]][int(text[1:])] for text in kept]
    assert happened == sorted(happened)
    for kind, lines in (("p", set(range(len(first))) - rejected), ("l", set(range(len(second))))):
        assert [int(text[1:]) for text in kept if text[0] == kind] == sorted(lines)
    # A rejected line has no time to be judged by; it stays in the order of its log.
    own = [int(text[1:]) for text in found if text[0] != "l"]
    assert own == [*range(len(first))]


def test_logs_that_interleave_make_one_piece() -> None:
    """However often they take turns: what reads the pieces has a cost for each of them."""
    times = [START + step for step in range(100)]
    pieces = [*merged([predictions(times[::2]), predictions(times[1::2]), labels([START + 50.5, START + 200])])]
    assert len(pieces) <= 4
    numbers = [piece.decoded.records.position for piece in pieces if piece.decoded.records is not None]
    assert np.concatenate(numbers).tolist() == [*range(100)]
    assert [name for name, _ in pieces[0].decoded.parts] == ["log", "log"]
    stands = [piece.decoded.labels.position.tolist() for piece in pieces if piece.decoded.labels is not None]
    assert stands == [[50], [99]]


@given(
    st.lists(st.integers(0, 40), max_size=30),
    st.lists(st.integers(0, 40), max_size=30),
    st.sets(st.integers(0, 29)),
    st.integers(0, 100),
    st.integers(1, 12),
)
def test_blocks_end_at_the_same_lines(
    predicted: list[int], labelled: list[int], rejected: set[int], before: int, size: int
) -> None:
    """All lines come in their order, and no part goes beyond a multiple of the size, labels and rejected lines counted."""
    logs = (
        predictions([START + each for each in sorted(predicted)], (), [*rejected]),
        labels([START + each for each in sorted(labelled)]),
    )
    for piece in merged(logs):
        parts = [*in_blocks(piece.decoded, before, size)]
        assert [text for part in parts for text in events_of(part)] == events_of(piece.decoded)
        total = size_of(piece.decoded)
        ends = [end - before for end in range(before + 1, before + total) if end % size == 0]
        assert [size_of(part) for part in parts] == [last - first for first, last in pairwise([0, *ends, total])]
        before += total


def test_blocks_keep_the_inputs_apart() -> None:
    """Of each part the lines of each input, by which rejected lines find their model."""
    logs = [predictions([START + each for each in range(0, 10, 2)], (), [2]) for _ in range(2)]
    logs[1].name = "other"
    joined = [piece.decoded for piece in merged(logs) if piece.decoded.parts]
    assert joined
    for decoded in joined:
        parts = [*in_blocks(decoded, 0, 3)]
        assert len(parts) > 1
        assert [sum(size_of(own) for _, own in part.parts) for part in parts] == [*map(size_of, parts)]
        assert {name for part in parts for name, _ in part.parts} == {"log", "other"}
