from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from model_drift_exporter.commands.run import run_once, serve
from model_drift_exporter.configuration.settings import Settings, WebSettings
from model_drift_exporter.errors import ConfigurationError
from model_drift_exporter.service.exporter import Exporter
from model_drift_exporter.settings.values import ListenAddress
from tests.support.exposition import Exposition
from tests.support.prediction_log import START, make_rows, write_jsonl
from tests.support.sidecar import Sidecar, eventually, fetch, run_command, sidecar


def _records(running: Sidecar) -> float:
    return running.metrics().total("model_records_total")


def test_follows_serves_reloads_and_stops(tmp_path: Path) -> None:
    """The sidecar follows a file that appears later, reloads on SIGHUP, and on SIGTERM ends with exit code 0."""
    log = tmp_path / "log.jsonl"
    configuration = tmp_path / "config.yml"
    configuration.write_text(f"inputs:\n  - path: {log}\nlearn:\n  records: 100\nwindows: [1h]\n")
    with sidecar(tmp_path, f"--config.file={configuration}") as running:
        assert fetch(f"{running.url}/-/healthy")[0] == fetch(f"{running.url}/-/ready")[0] == 200
        assert running.metrics()("model_drift_exporter_input_up", input="log") == 0
        write_jsonl(log, make_rows(120))
        assert eventually(lambda: _records(running) == 120)
        found = running.metrics()
        assert found("model_reference_learned", model="default") == 1
        assert set(found.by("window", "model_window_records", model="default")) == {"1h"}
        assert b"<html" in fetch(f"{running.url}/")[1]

        configuration.write_text(configuration.read_text().replace("[1h]", "[2h, 50]") + "log: {format: json}\n")
        running.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: running.said('"msg": "configuration reloaded"'))
        configuration.write_text("windows: [soon]\n")
        running.process.send_signal(signal.SIGHUP)
        gauge = "model_drift_exporter_config_last_reload_successful"
        assert eventually(lambda: running.metrics()(gauge) == 0)
        assert running.said("config.yml:1:11")

        with log.open("a") as file:
            file.write("".join(json.dumps(row) + "\n" for row in make_rows(30, seed=2, start=START + 1_200)))
        assert eventually(lambda: _records(running) == 150)
        assert fetch(f"{running.url}/-/reload", b"")[0] == 403
        assert running.stop() == 0
        assert running.said("stopped")
        assert not running.said("Traceback")


@pytest.mark.parametrize("packed", [False, True])
def test_ingest(tmp_path: Path, packed: bool) -> None:
    """NDJSON sent to /ingest, compressed or not, is taken with 202 and counted."""
    body = write_jsonl(tmp_path / "body", make_rows(25)).read_bytes()
    headers = {"Content-Type": "application/x-ndjson"} | ({"Content-Encoding": "gzip"} if packed else {})
    with sidecar(tmp_path) as running:
        assert fetch(f"{running.url}/ingest", gzip.compress(body) if packed else body, **headers)[0] == 202
        assert eventually(lambda: _records(running) == 25)
        found = running.metrics()
        assert found("model_drift_exporter_input_up", input="ingest") == 1
        assert found.total("model_drift_exporter_record_errors_total") == 0
        assert running.stop() == 0


def test_ingest_at_an_address_of_its_own(tmp_path: Path) -> None:
    """With its own address /ingest is there and not beside the metrics."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with sidecar(tmp_path, f"--ingest.listen-address=127.0.0.1:{port}") as running:
        row = json.dumps(make_rows(1)[0]).encode()
        headers = {"Content-Type": "application/json"}
        assert fetch(f"{running.url}/ingest", row, **headers)[0] == 404
        assert fetch(f"http://127.0.0.1:{port}/ingest", row, **headers)[0] == 202
        assert fetch(f"http://127.0.0.1:{port}/metrics")[0] == 404
        assert eventually(lambda: _records(running) == 1)


def test_what_is_left_is_read_before_the_end(tmp_path: Path) -> None:
    """Told to stop while it reads, it reads on to the end of the file, an unfinished line included."""
    log = write_jsonl(tmp_path / "log.jsonl", make_rows(50))
    with sidecar(tmp_path, log) as running:
        assert eventually(lambda: _records(running) == 50)
        os.truncate(log, log.stat().st_size)
        with log.open("a") as file:
            file.write('{"id": "bad')
        assert running.stop() == 0
        assert running.said("rejected a line of")


def test_a_port_in_use(tmp_path: Path) -> None:
    """One clear error with the flag to change, exit code 1, and nothing else on either stream."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        finished = run_command("run", f"--web.listen-address=127.0.0.1:{port}", tmp_path / "log.jsonl")
    assert (finished.returncode, finished.stdout) == (1, b"")
    (line,) = finished.stderr.decode().splitlines()
    assert line.startswith("error: ")
    assert all(part in line for part in (str(port), "already in use", "--web.listen-address"))


def test_a_bad_reference_ends_the_start(tmp_path: Path) -> None:
    """A reference that cannot be used is exit code 2 before anything listens."""
    finished = run_command("run", "--web.listen-address=127.0.0.1:0", f"--reference={tmp_path / 'no.json'}")
    assert (finished.returncode, finished.stdout) == (2, b"")
    assert b"cannot read the reference profile" in finished.stderr
    assert b"listening" not in finished.stderr


def test_the_end_of_standard_input_is_not_the_end_of_the_sidecar(tmp_path: Path) -> None:
    """With standard input closed the sidecar serves on."""
    with sidecar(tmp_path, "-") as running:
        assert eventually(lambda: running.metrics().get("model_drift_exporter_input_up", input="stdin") is not None)
        assert fetch(f"{running.url}/-/healthy")[0] == 200
        assert running.stop() == 0


def test_a_reader_that_fails_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sidecar that can read no more must not go on serving frozen numbers: its error ends the command."""

    def fail(_exporter: Exporter, _stop: threading.Event) -> None:
        raise RuntimeError("reading failed")

    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    monkeypatch.setattr(Exporter, "run", fail)
    monkeypatch.setattr("model_drift_exporter.commands.run.configure_logging", lambda *_: None)
    monkeypatch.setattr("model_drift_exporter.commands.run.tune_garbage_collection", lambda: None)
    settings = Settings(web=WebSettings(listen_address=ListenAddress("127.0.0.1", 0)))
    try:
        with pytest.raises(RuntimeError, match="reading failed"):
            serve(settings, lambda: settings)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def test_once_needs_something_to_read() -> None:
    """Without an input there is nothing to print."""
    with pytest.raises(ConfigurationError, match="nothing to read"):
        run_once(Settings())


def _damaged(folder: Path) -> Path:
    path = folder / "damaged.jsonl.gz"
    path.write_bytes(gzip.compress(write_jsonl(folder / "rows", make_rows(500)).read_bytes())[:-20])
    return path


@pytest.mark.parametrize("make", [lambda folder: folder / "no.jsonl", lambda folder: folder / "no-*", _damaged])
def test_once_says_once_what_it_cannot_read(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    """One line of the log, an error, names the file."""
    path = make(tmp_path)
    finished = run_command("run", "--once", path)
    assert finished.returncode == 1
    errors = [line for line in finished.stderr.decode().splitlines() if "level=error" in line]
    assert len(errors) == 1
    assert str(path) in errors[0]
    assert finished.stderr.decode().count(errors[0].partition("msg=")[2]) == 1


def test_once_prints_nothing_but_metrics(tmp_path: Path) -> None:
    """Standard output is one exposition, whatever the log says on standard error."""
    log = write_jsonl(tmp_path / "log.jsonl", make_rows(120))
    finished = run_command("run", "--once", "--log.level=debug", log)
    assert finished.returncode == 0
    assert Exposition(finished.stdout)("model_records_total", model="default") == 120
    assert finished.stdout.startswith(b"# HELP model_")
    assert b"learned a reference from 120 records" in finished.stderr
