"""The keeper of the state: when it saves, what it goes on from, and what it never does to the rest."""

from __future__ import annotations

import errno
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_drift_exporter.errors import ConfigurationError, StateError
from model_drift_exporter.service.snapshot_file import read_snapshot, write_snapshot
from model_drift_exporter.service.state import StateKeeper, state_keeper
from tests.support.exposition import Exposition


class Counter:
    """Something with a state."""

    def __init__(self) -> None:
        self.counts = np.zeros(3)
        self.on_disk: list[float] = []

    def snapshot(self) -> dict[str, Any]:
        return {"counts": self.counts}

    def saved(self, state: dict[str, Any]) -> None:
        self.on_disk.append(float(state["counts"][1]))

    def restore(self, state: Any) -> None:
        self.counts[0] = 7
        if state["counts"].shape != self.counts.shape:
            raise StateError("other counts")
        self.counts = state["counts"]


class Clock:
    """Wall-clock and stopwatch; a look at the stopwatch takes ``step`` seconds."""

    def __init__(self, step: float = 0.0) -> None:
        self.now = 0.0
        self.step = step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def test_a_state_is_gone_on_from(tmp_path: Path) -> None:
    """What one process has saved is what the next one has."""
    counter = Counter()
    counter.counts[1] = 5
    StateKeeper(tmp_path / "state", 30).save(counter, 1_000.0)
    keeper = StateKeeper(tmp_path / "state", 30)
    found = keeper.restore(Counter)
    assert found.counts.tolist() == [0, 5, 0]
    assert keeper.restored
    exposition = Exposition.of(keeper.collect())
    assert exposition("model_drift_exporter_snapshot_timestamp_seconds") == 1_000.0
    assert exposition("model_drift_exporter_snapshot_bytes") == (tmp_path / "state").stat().st_size
    assert exposition("model_drift_exporter_snapshot_restored") == 1


def test_the_first_start_has_nothing_to_go_on_from(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """That is no error, and nothing is said about it."""
    keeper = StateKeeper(tmp_path / "state", 30)
    keeper.restore(Counter)
    assert not keeper.restored
    assert not caplog.records
    exposition = Exposition.of(keeper.collect())
    assert exposition.get("model_drift_exporter_snapshot_timestamp_seconds") is None
    assert exposition("model_drift_exporter_snapshot_errors_total") == 0


def _foreign(path: Path) -> None:
    path.write_bytes(b"something else")


def _of_another_kind(path: Path) -> None:
    write_snapshot(path, ["a list"])


def _that_does_not_fit(path: Path) -> None:
    write_snapshot(path, {"state": {"counts": np.zeros(9)}})


@pytest.mark.parametrize("make", [_foreign, _of_another_kind, _that_does_not_fit])
def test_what_cannot_be_used_is_set_aside(tmp_path: Path, make: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The exporter starts anew, says so, and a person can look at the file; nothing of it is left in the state."""
    make(tmp_path / "state")
    keeper = StateKeeper(tmp_path / "state", 30)
    found = keeper.restore(Counter)
    assert not found.counts.any()
    assert (keeper.restored, keeper.errors) == (False, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["state.set-aside"]
    assert "starting without the old state" in caplog.text


def test_a_folder_that_may_not_be_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exporter starts all the same, and nothing is set aside: the file may be fine."""
    StateKeeper(tmp_path / "state", 30).save(Counter(), 0.0)

    def denied(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    keeper = StateKeeper(tmp_path / "state", 30)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", denied)
        assert not keeper.restore(Counter).counts.any()
    assert (keeper.restored, keeper.errors) == (False, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_it_is_saved_at_intervals(tmp_path: Path) -> None:
    """Not at the first look, then whenever the interval has passed; a clock set back does not end it."""
    keeper = StateKeeper(tmp_path / "state", 30, Clock())
    saved = []
    for now in (0.0, 29.0, 30.0, 31.0, 59.0, 60.0, -1e9, -1e9 + 10.0, -1e9 + 30.0):
        keeper.save_if_due(Counter(), now)
        saved.append(keeper.saved_at == now)
    assert saved == [False, False, True, False, False, True, True, False, True]


def test_saving_takes_a_hundredth_of_the_time_at_most(tmp_path: Path) -> None:
    """A large state on a slow disk is saved less often."""
    keeper = StateKeeper(tmp_path / "state", 30, Clock(step=2.0))
    keeper.save(Counter(), 0.0)
    keeper.save_if_due(Counter(), 199.0)
    assert keeper.saved_at == 0.0
    keeper.save_if_due(Counter(), 200.0)
    assert keeper.saved_at == 200.0


def test_a_full_disk_is_counted_and_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The last good state stays, reading goes on, and the end of the trouble is said as well."""
    caplog.set_level(logging.INFO)
    keeper = StateKeeper(tmp_path / "state", 30, Clock())
    keeper.save(Counter(), 0.0)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        keeper.save(Counter(), 30.0)
        keeper.save(Counter(), 60.0)
    assert (keeper.errors, keeper.saved_at) == (2, 0.0)
    assert caplog.text.count("No space left on device") == 1
    assert read_snapshot(tmp_path / "state")["saved"] == 0.0
    keeper.save(Counter(), 90.0)
    assert keeper.saved_at == 90.0
    assert "is saved in" in caplog.text
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_what_has_a_state_is_told_of_it_once_it_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the very state that was saved, after the file has been replaced; of one that cannot be written it hears nothing."""
    keeper, counter = StateKeeper(tmp_path / "state", 30, Clock()), Counter()

    def saved(state: dict[str, Any]) -> None:
        assert read_snapshot(tmp_path / "state")["state"]["counts"][1] == state["counts"][1]
        Counter.saved(counter, state)

    monkeypatch.setattr(counter, "saved", saved)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for number, broken in ((1, False), (2, True), (3, False)):
        counter.counts[1] = number
        with monkeypatch.context() as patch:
            if broken:
                patch.setattr("os.fsync", full)
            keeper.save(counter, 0.0)
    assert counter.on_disk == [1, 3]


def test_a_read_only_folder_is_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container whose file system is read-only."""

    def read_only(*_: Any) -> int:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("os.open", read_only)
    keeper = StateKeeper(tmp_path / "state", 30, Clock())
    keeper.save(Counter(), 0.0)
    assert (keeper.errors, keeper.saved_at) == (1, None)


def test_a_path_that_is_no_file_is_a_mistake(tmp_path: Path) -> None:
    """Nobody's folder or device is moved out of the way; a file that is not there yet is fine."""
    with pytest.raises(ConfigurationError, match="is no regular file; name a file in a folder"):
        state_keeper(str(tmp_path), 30)
    with pytest.raises(ConfigurationError, match="is no regular file"):
        state_keeper("/dev/null", 30)
    assert state_keeper(None, 30) is None
    keeper = state_keeper(str(tmp_path / "folder" / "state"), 30)
    assert keeper is not None
    assert keeper.path == tmp_path / "folder" / "state"
