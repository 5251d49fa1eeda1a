from __future__ import annotations

import gzip
import json
import logging
import threading
from pathlib import Path
from typing import Any
from unittest import mock

import attrs
import pytest

from model_drift_exporter.configuration.settings import (
    IngestSettings,
    InputSettings,
    LimitSettings,
    LogSettings,
    ModelSettings,
    Settings,
    StateSettings,
    WebSettings,
)
from model_drift_exporter.errors import ConfigurationError, Problem, ReferenceProfileError
from model_drift_exporter.formats import FORMATS
from model_drift_exporter.formats.json_lines.decoder import JsonLinesDecoder
from model_drift_exporter.models.model import Model
from model_drift_exporter.reference.profile_file import save_profiles
from model_drift_exporter.service.exporter import Exporter, FairLock
from model_drift_exporter.service.snapshot_file import read_snapshot
from model_drift_exporter.settings.values import parse_listen_address, parse_window
from tests.sections import field_settings
from tests.support.exposition import Exposition, series_lines
from tests.support.prediction_log import START, Row, batch_of, make_rows, profile_of, write_jsonl

from ..support.stepped_exporter import StillClock, log_settings, read_all


def _save_reference(path: Path, model: str = "default", seed: int = 9, rows: int = 300) -> Path:
    save_profiles(path, [profile_of([batch_of(make_rows(rows, seed=seed))], model=model)], "2026-01-01T00:00:00Z")
    return path


def _append(path: Path, rows: list[Row]) -> None:
    with path.open("a") as file:
        file.write("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize("wild", ["1e300", "-1e300", "1e999", "Infinity", "-Infinity", "1" + "0" * 400])
def test_a_wild_value_does_what_any_other_out_of_range_does(tmp_path: Path, wild: str) -> None:
    """From the line to the last statistic a value far out of range has the effect of one just out of range."""
    reference = _save_reference(tmp_path / "reference.json")
    texts = []
    for value in (wild, "-1000" if wild.startswith("-") else "1000"):
        path = write_jsonl(tmp_path / "log.jsonl", make_rows(400, seed=2))
        lines = path.read_text().splitlines(keepends=True)
        age = json.dumps(make_rows(400, seed=2)[390]["features"]["age"])
        lines[390] = lines[390].replace(f'"age": {age}', f'"age": {value}')
        assert value in lines[390]
        path.write_text("".join(lines))
        exporter = Exporter(log_settings(path, reference=(str(reference),)), clock=StillClock())
        texts.append([line for line in series_lines(read_all(exporter).text) if "input_bytes" not in line])
    assert texts[0] == texts[1]


def test_what_an_exporter_says_of_itself(tmp_path: Path) -> None:
    """Version, state of the configuration and the process are exported beside the models."""
    clock = StillClock()
    found = read_all(Exporter(log_settings(tmp_path / "log.jsonl"), clock=clock))
    assert len(found.select("model_drift_exporter_build_info")) == 1
    assert found("model_drift_exporter_config_last_reload_successful") == 1
    assert found("model_drift_exporter_config_last_reload_success_timestamp_seconds") == clock.now
    assert found("process_resident_memory_bytes") > 0
    assert found.get("model_drift_exporter_scrape_duration_seconds") is not None


def test_learning_ends_when_all_inputs_have_ended(tmp_path: Path) -> None:
    """A compressed archive ends; a model that still learns then takes what it has."""
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress(write_jsonl(tmp_path / "rows", make_rows(60)).read_bytes()))
    exporter = Exporter(log_settings(path), clock=StillClock())
    found = read_all(exporter)
    assert found("model_reference_learned", model="default") == 1
    assert found.total("model_feature_observations_total", model="default", feature="age") == 60


def test_ingested_records_are_read(tmp_path: Path) -> None:
    """What is offered is counted under the input ingest."""
    exporter = Exporter(log_settings(tmp_path / "log.jsonl"), clock=StillClock())
    body = write_jsonl(tmp_path / "body", make_rows(3)).read_bytes()
    assert exporter.offer(body, "application/x-ndjson", "identity")
    assert exporter.offer(b"[1]", "application/json", "identity")
    found = read_all(exporter)
    assert found("model_records_total", model="default") == 3
    assert found("model_drift_exporter_record_errors_total", input="ingest", reason="not_an_object") == 1
    off = Exporter(log_settings(tmp_path / "log.jsonl", ingest=IngestSettings(enabled=False)), clock=StillClock())
    assert not read_all(off).select("model_drift_exporter_input_up", input="ingest")


def test_status_is_what_the_page_shows(tmp_path: Path) -> None:
    """Inputs, errors and models, with the labels of each."""
    path = write_jsonl(tmp_path / "log.jsonl", make_rows(120))
    with path.open("a") as file:
        file.write('{"id": "0-1", "label": "yes"}\nbroken\n')
    exporter = Exporter(log_settings(path), clock=StillClock())
    read_all(exporter)
    status = exporter.status()
    assert [(model.name, model.records, model.labels) for model in status.models] == [("default", 120, 1)]
    assert {key: count for key, count in status.errors.items() if count} == {("log", "not_json"): 1}
    assert [each.input for each in status.inputs] == ["log", "ingest"]
    assert exporter.ready() is None


def test_a_failed_reader_is_neither_healthy_nor_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error ends reading, is raised, and is the reason that probes are given."""
    exporter = Exporter(log_settings(tmp_path / "log.jsonl"), clock=StillClock())
    assert (exporter.healthy(), exporter.ready()) == (None, None)
    monkeypatch.setattr(exporter.pipeline, "step", mock.Mock(side_effect=OSError("disk")))
    with pytest.raises(OSError, match="disk"):
        exporter.run(threading.Event())
    assert exporter.healthy() == exporter.ready() == "reading has failed: OSError: disk"


def test_what_fails_in_a_scrape_ends_the_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scrape gives a model what is gathered; the reader gives it again at once, whatever else it would have waited for."""
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps(make_rows(1)[0]) + "\n")
    exporter = Exporter(log_settings(path), clock=StillClock())
    while exporter.step():
        pass
    process = mock.Mock(side_effect=[OSError("a monitor"), OSError("a monitor")])
    monkeypatch.setattr(Model, "process", process)
    assert not exporter.step()
    assert process.call_count == 0
    with pytest.raises(OSError, match="a monitor"):
        exporter.collect()
    assert exporter.healthy() is None
    with pytest.raises(OSError, match="a monitor"):
        exporter.run(threading.Event())
    assert exporter.healthy() == exporter.ready() == "reading has failed: OSError: a monitor"


def test_an_input_that_is_missing_is_no_reason_to_be_not_ready(tmp_path: Path) -> None:
    """A log may appear later: the page and a metric say so, and traffic to the model is not held up by it."""
    exporter = Exporter(log_settings(tmp_path / "log.jsonl"), clock=StillClock())
    assert read_all(exporter)("model_drift_exporter_input_up", input="log") == 0
    assert exporter.ready() is None


def test_run_drains_at_the_end(tmp_path: Path) -> None:
    """Told to stop, it still reads what the file and the queue hold, an unfinished last line included."""
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in make_rows(150)))
    exporter = Exporter(log_settings(path), clock=StillClock())
    exporter.offer(write_jsonl(tmp_path / "body", make_rows(3)).read_bytes(), "application/x-ndjson", "identity")
    stop = threading.Event()
    stop.set()
    exporter.run(stop)
    assert Exposition.of(exporter.collect())("model_records_total", model="default") == 153
    assert not exporter.offer(b"{}", "application/json", "identity")


class _Stop(threading.Event):
    """Set from the second wait on, which takes no time."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        if len(self.waits) == 2:
            self.set()
        return self.is_set()


def test_requests_come_together(tmp_path: Path) -> None:
    """After the first that comes while nothing is to be read, the reader waits a moment for others."""
    exporter = Exporter(log_settings(tmp_path / "log.jsonl"), clock=StillClock())
    stop, steps = _Stop(), []
    body = write_jsonl(tmp_path / "body", make_rows(1)).read_bytes()
    step = exporter.step

    def offer_when_idle(*, draining: bool = False) -> bool:
        progress = step(draining=draining)
        steps.append(progress)
        if not progress and not stop.is_set():
            exporter.offer(body, "application/json", "identity")
        return progress

    exporter.step = offer_when_idle  # type: ignore[method-assign]
    exporter.run(stop)
    assert stop.waits == [0.02, 0.02]
    assert steps[:3] == [False, True, False]
    assert Exposition.of(exporter.collect())("model_records_total", model="default") == 2


class _Reloadable:
    """An exporter whose configuration can be changed between reloads."""

    def __init__(self, settings: Settings) -> None:
        self.settings: Settings | Exception = settings
        self.clock = StillClock()
        self.exporter = Exporter(settings, load_settings=self._load, clock=self.clock)

    def _load(self) -> Settings:
        if isinstance(self.settings, Exception):
            raise self.settings
        return self.settings

    def change(self, **changes: Any) -> str | None:
        """Reload with other settings."""
        assert isinstance(self.settings, Settings)
        self.settings = attrs.evolve(self.settings, **changes)
        return self.exporter.reload()


@pytest.fixture
def reloadable(tmp_path: Path) -> _Reloadable:
    """An exporter that has learned a reference and read 150 records of log.jsonl, one of them a label, one bad."""
    path = write_jsonl(tmp_path / "log.jsonl", make_rows(150, seed=2))
    with path.open("a") as file:
        file.write('{"id": "2-1", "label": "yes"}\nbroken\n')
    found = _Reloadable(log_settings(path))
    read_all(found.exporter)
    return found


def test_a_reload_of_the_same_settings_changes_nothing(reloadable: _Reloadable, tmp_path: Path) -> None:
    """Bins, windows, references, counters and positions in files stay; reading goes on."""
    before = series_lines(read_all(reloadable.exporter).text)
    reloadable.clock.now += 100
    assert reloadable.exporter.reload() is None
    after = read_all(reloadable.exporter)
    assert series_lines(after.text) == before
    assert after("model_drift_exporter_config_last_reload_success_timestamp_seconds") == reloadable.clock.now
    _append(tmp_path / "log.jsonl", make_rows(50, seed=3, start=START + 1_500))
    found = read_all(reloadable.exporter)
    assert found("model_records_total", model="default") == 200
    assert found.total("model_feature_observations_total", model="default", feature="age") == 200
    assert found.total("model_drift_exporter_record_errors_total") == 1


def test_other_limits_do_not_read_the_file_again(reloadable: _Reloadable) -> None:
    """A changed limit leaves the position in the file: no line is counted twice."""
    assert reloadable.change(limits=LimitSettings(series_per_model=500)) is None
    found = read_all(reloadable.exporter)
    assert found("model_records_total", model="default") == 150
    assert found("model_labels_total", model="default") == 1


def test_changed_windows_keep_what_the_bins_counted(reloadable: _Reloadable, tmp_path: Path) -> None:
    """The learned reference, its bin counters and the window that stays go on; a scrape still adds up."""
    before = read_all(reloadable.exporter)
    assert reloadable.change(windows=(parse_window("1h"), parse_window("2h"), parse_window("50"))) is None
    found = read_all(reloadable.exporter)
    for name in ("model_reference_rows", "model_info"):
        assert found.select(name, model="default") == before.select(name, model="default")
    _append(tmp_path / "log.jsonl", make_rows(30, seed=3, start=START + 1_500))
    found = read_all(reloadable.exporter)
    assert found.by("window", "model_window_records", model="default") == {"1h": 180, "2h": 30, "50": 30}
    for feature in ("age", "country"):
        assert found.total("model_feature_observations_total", model="default", feature=feature) == 180
    assert found("model_confidence_count", model="default") == found("model_records_total", model="default") == 180


def test_a_learned_reference_stays_when_another_model_gets_one(reloadable: _Reloadable, tmp_path: Path) -> None:
    """What is given for one model does not concern the others."""
    reference = _save_reference(tmp_path / "other.json", model="other")
    changes = {"reference": (str(reference),), "model": ModelSettings(name="default")}
    before = read_all(reloadable.exporter)
    assert reloadable.change(**changes) is None
    found = read_all(reloadable.exporter)
    assert found.select("model_info", model="default") == before.select("model_info", model="default")
    assert found.total("model_feature_observations_total", model="default", feature="age") == 150


def test_what_needs_a_restart_is_named(reloadable: _Reloadable, caplog: pytest.LogCaptureFixture) -> None:
    """As long as it is not in force, and nothing is said of what is."""
    caplog.set_level(logging.INFO)
    changes = {
        "web": WebSettings(listen_address=parse_listen_address(":1")),
        "ingest": IngestSettings(queue_bytes=2**20),
    }
    for _ in range(2):
        caplog.clear()
        assert reloadable.change(windows=(parse_window("1h"),), **changes) is None
        assert caplog.messages == [
            "configuration reloaded",
            "these settings changed and take effect only after a restart: web.listen_address, ingest.queue_bytes",
        ]
    caplog.clear()
    assert reloadable.change(web=WebSettings(), ingest=IngestSettings()) is None
    assert caplog.messages == ["configuration reloaded"]


def test_the_log_changes_at_once(reloadable: _Reloadable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Level and form of the log are set where they changed, and only there."""
    configured = mock.Mock()
    monkeypatch.setattr("model_drift_exporter.service.exporter.configure_logging", configured)
    assert reloadable.change(windows=(parse_window("2h"),)) is None
    assert reloadable.change(log=LogSettings(level="debug", format="json")) is None
    assert reloadable.exporter.reload() is None
    configured.assert_called_once_with("debug", "json")


def test_changed_windows_apply(reloadable: _Reloadable, tmp_path: Path) -> None:
    """New windows begin empty, totals go on."""
    assert reloadable.change(windows=(parse_window("2h"), parse_window("50"))) is None
    _append(tmp_path / "log.jsonl", make_rows(110, seed=3, start=START + 1_500))
    found = read_all(reloadable.exporter)
    assert set(found.by("window", "model_window_records", model="default")) == {"2h", "50"}
    assert found("model_records_total", model="default") == 260


def test_a_changed_reference_applies(reloadable: _Reloadable, tmp_path: Path) -> None:
    """A reference file replaces the learned one, then another file that; the fingerprint tells."""
    _save_reference(tmp_path / "one.json")
    assert reloadable.change(reference=(str(tmp_path / "one.json"),)) is None
    found = read_all(reloadable.exporter)
    assert found("model_reference_rows", model="default") == 300
    assert found("model_reference_learned", model="default") == 0
    _save_reference(tmp_path / "one.json", rows=400)
    assert reloadable.exporter.reload() is None
    assert read_all(reloadable.exporter)("model_reference_rows", model="default") == 400


def test_a_bad_configuration_keeps_the_old_one(reloadable: _Reloadable, tmp_path: Path) -> None:
    """Whatever is wrong, reading goes on under the old settings; the gauge and the page say so until it is mended."""
    good = reloadable.settings
    loaded = reloadable.clock.now
    reloadable.clock.now += 10
    reloadable.settings = ConfigurationError([Problem("config.yml", "unknown key", line=3, column=1)])
    assert reloadable.exporter.reload() == "config.yml:3:1: unknown key"
    assert isinstance(good, Settings)
    reloadable.settings = attrs.evolve(good, reference=(str(tmp_path / "no.json"),))
    assert "cannot read the reference profile" in (reloadable.exporter.reload() or "")
    _append(tmp_path / "log.jsonl", make_rows(50, seed=3, start=START + 1_500))
    found = read_all(reloadable.exporter)
    assert found("model_drift_exporter_config_last_reload_successful") == 0
    assert found("model_drift_exporter_config_last_reload_success_timestamp_seconds") == loaded
    assert found.total("model_feature_observations_total", model="default", feature="age") == 200
    assert "cannot read" in reloadable.exporter.status().reload_problem
    reloadable.settings = good
    assert reloadable.exporter.reload() is None
    assert read_all(reloadable.exporter)("model_drift_exporter_config_last_reload_successful") == 1


def test_inputs_come_and_go(reloadable: _Reloadable, tmp_path: Path) -> None:
    """A new input is read from its beginning, one that stays is read on, one that goes is closed."""
    other = write_jsonl(tmp_path / "other.jsonl", make_rows(20, seed=8, start=START + 1_500))
    old = InputSettings(str(tmp_path / "log.jsonl"))
    assert reloadable.change(inputs=(InputSettings(str(other), name="other"), old)) is None
    found = read_all(reloadable.exporter)
    assert found("model_records_total", model="default") == 170
    assert set(found.by("input", "model_drift_exporter_input_up")) == {"other", "log", "ingest"}
    assert reloadable.change(inputs=(InputSettings(str(other), name="other"),)) is None
    _append(tmp_path / "log.jsonl", make_rows(5))
    assert read_all(reloadable.exporter)("model_records_total", model="default") == 170


@pytest.mark.parametrize(
    "changes",
    [{"fields": field_settings(score="other")}, {"model": ModelSettings(task="regression")}],
    ids=["fields", "task"],
)
def test_changed_meaning_learns_anew(reloadable: _Reloadable, changes: dict[str, Any]) -> None:
    """Where what a record means changes, a learned reference is learned again."""
    assert reloadable.change(**changes) is None
    found = read_all(reloadable.exporter)
    assert found("model_reference_learning_records", model="default") == 0
    assert found("model_records_total", model="default") == 150


def test_records_being_learned_from_survive_a_reload(tmp_path: Path) -> None:
    """A reload in the middle of learning loses none of the records learned from so far."""
    path = write_jsonl(tmp_path / "log.jsonl", make_rows(60, seed=2))
    found = _Reloadable(log_settings(path))
    read_all(found.exporter)
    assert found.change(windows=(parse_window("2h"),)) is None
    _append(path, make_rows(40, seed=3, start=START + 600))
    exposition = read_all(found.exporter)
    assert exposition("model_reference_rows", model="default") == 100
    assert exposition.total("model_feature_observations_total", model="default", feature="age") == 100


def test_an_input_added_after_the_others_ended_ends_too(tmp_path: Path) -> None:
    """A model of it that still learns then takes what it has."""
    inputs = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.jsonl.gz"
        path.write_bytes(gzip.compress(write_jsonl(tmp_path / name, make_rows(60, model=name)).read_bytes()))
        inputs.append(InputSettings(str(path), name=name))
    found = _Reloadable(Settings(inputs=(inputs[0],)))
    assert read_all(found.exporter).by("model", "model_reference_learned") == {"one": 1}
    assert found.change(inputs=tuple(inputs)) is None
    assert read_all(found.exporter).by("model", "model_reference_learned") == {"one": 1, "two": 1}


def test_without_a_loader_a_reload_keeps_the_settings(tmp_path: Path) -> None:
    """There is nothing to read again but the references."""
    exporter = Exporter(log_settings(write_jsonl(tmp_path / "log.jsonl", make_rows(120))), clock=StillClock())
    before = series_lines(read_all(exporter).text)
    assert exporter.reload() is None
    assert series_lines(read_all(exporter).text) == before


def test_a_bad_reference_stops_the_start(tmp_path: Path) -> None:
    """A reference that cannot be used is an error before anything is read."""
    (tmp_path / "r.json").write_text("{}")
    with pytest.raises(ReferenceProfileError, match="no reference profile"):
        Exporter(log_settings(tmp_path / "log.jsonl", reference=(str(tmp_path / "r.json"),)))


def test_a_person_releases_alerts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Of one model or of all; what fires and what is released is said in the log, and on the page."""
    caplog.set_level(logging.INFO)
    log = write_jsonl(tmp_path / "log.jsonl", make_rows(400))
    exporter = Exporter(log_settings(log), clock=StillClock())
    exporter.step()
    for row in make_rows(100, start=START + 4_000, step=60.0):  # an hour or more of it: a shorter burst is one event
        with log.open("a") as file:
            file.write("broken\n" * 20)
        _append(log, [row])
    read_all(exporter)
    (state,) = exporter.status().models
    assert [alert.alert for alert in state.alerts if alert.active] == ["ModelInputBroken"]
    assert exporter.rearm("nobody") is None
    assert exporter.rearm("default") == {"default": ["ModelInputBroken"]}
    assert exporter.rearm(None) == {}
    (state,) = exporter.status().models
    assert not any(alert.active for alert in state.alerts)
    said = [message.partition(" at ")[0].partition(", which")[0] for message in caplog.messages if "page" in message]
    assert said == ["model default: ModelInputBroken (page) fires", "model default: ModelInputBroken (page) resolved"]


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


def test_a_source_is_told_when_a_snapshot_with_its_checkpoint_is_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that was saved, not a later one; of a snapshot that cannot be written it hears nothing."""
    path = write_jsonl(tmp_path / "log.jsonl", make_rows(10))
    exporter = Exporter(log_settings(path, state=StateSettings(str(tmp_path / "state"))), clock=StillClock())
    source = exporter.pipeline.sources[0]
    told: list[Any] = []
    monkeypatch.setattr(source, "acknowledge", told.append)
    read_all(exporter)
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", mock.Mock(side_effect=OSError(28, "No space left on device")))
        exporter.save_state()
    assert told == []
    exporter.save_state()
    checkpoint = source.checkpoint()
    assert told == [checkpoint]
    assert read_snapshot(tmp_path / "state")["state"]["sources"]["log"] == checkpoint
    state = exporter.snapshot()
    write_jsonl(path, make_rows(20))
    read_all(exporter)
    assert source.checkpoint() != checkpoint
    exporter.saved(state)
    assert told == [checkpoint, checkpoint]


@pytest.mark.parametrize("read", [(), ("ce-id",)])
def test_the_headers_that_a_format_reads_come_with_its_records(tmp_path: Path, read: tuple[str, ...]) -> None:
    """To the decoder, and to nothing that is exported."""
    spec = attrs.evolve(FORMATS["jsonl"], attributes=read)
    body = write_jsonl(tmp_path / "body", make_rows(3)).read_bytes()
    with (
        mock.patch("model_drift_exporter.pipeline.assembly.format_of_body", return_value=spec),
        mock.patch.object(JsonLinesDecoder, "decode", autospec=True, side_effect=JsonLinesDecoder.decode) as decode,
    ):
        exporter = Exporter(log_settings(tmp_path / "log.jsonl"), clock=StillClock())
        assert exporter.offer(body, "application/json", "identity", {"ce-id": "secret-7", "ce-type": "request"})
        found = read_all(exporter)
    (_, _, attributes), _ = decode.call_args
    assert attributes == {**dict.fromkeys(read, "secret-7"), "media_type": "application/json"}
    assert "secret-7" not in found.text
