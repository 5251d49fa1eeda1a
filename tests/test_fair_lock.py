from __future__ import annotations

import threading

import pytest

from model_drift_exporter.fair_lock import FairLock


def test_one_who_waits_goes_before_the_holder_comes_again() -> None:
    """A thread that takes the lock again and again cannot starve another."""
    lock = FairLock()
    order: list[str] = []

    def wait() -> None:
        with lock:
            order.append("waiter")

    waiter = threading.Thread(target=wait)
    with lock:
        waiter.start()
        while not lock._door.locked():
            pass
    with lock:
        order.append("holder")
    waiter.join(60)
    assert order == ["waiter", "holder"]


def test_an_error_releases_it() -> None:
    """As with any lock."""
    lock = FairLock()
    with pytest.raises(ValueError, match="inside"), lock:
        raise ValueError("inside")
    with lock:
        pass
