from __future__ import annotations

import signal
import tempfile
import threading
from pathlib import Path

import pytest

from model_drift_exporter.commands.demo import run_demo
from model_drift_exporter.errors import ConfigurationError, ListenError
from model_drift_exporter.web.server import listen


@pytest.mark.slow
def test_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Threads are joined, signal handlers are as before, the folder is gone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert run_demo(0.2, "127.0.0.1:0", "generated") == 0
    assert [thread.name for thread in threading.enumerate() if not thread.daemon] == ["MainThread"]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == handlers
    assert list(tmp_path.iterdir()) == []
    assert "The tour is over." in capsys.readouterr().out


@pytest.mark.slow
def test_a_taken_port_is_replaced_by_a_free_one(capsys: pytest.CaptureFixture[str]) -> None:
    """The demo runs beside an exporter that has the usual port, and says where."""
    taken = listen("127.0.0.1", 0)
    try:
        assert run_demo(0.2, f"127.0.0.1:{taken.port}", "generated") == 0
    finally:
        taken.close()
    first, second, *_ = capsys.readouterr().out.splitlines()
    port = first.rpartition(":")[2]
    assert second == f"(Port {taken.port} is taken, so the tour uses {port}.)"


@pytest.mark.slow
def test_without_the_flights_it_says_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`auto` falls back to the generated stream; asked for flights in so many words, it is a mistake."""
    monkeypatch.setattr("model_drift_exporter.commands.demo.tour.flights_available", lambda: False)
    assert run_demo(0.2, "127.0.0.1:0", "auto") == 0
    assert "pip install 'model-drift-exporter[flights]'" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(ConfigurationError, match=r"--stream: the flights are not installed; pip install"):
        run_demo(0.2, "127.0.0.1:0", "flights")


def test_an_address_that_cannot_be_used_is_an_error() -> None:
    """What is no address is a mistake of the caller; one of another machine cannot be replaced by a free port."""
    with pytest.raises(ConfigurationError, match=r"--web\.listen-address: .*9877"):
        run_demo(0.2, "9877", "generated")
    with pytest.raises(ListenError, match=r"cannot listen on 192\.0\.2\.1"):
        run_demo(0.2, "192.0.2.1:9877", "generated")
