"""The whole exposition of a small fixed log, line by line, and the agreement of exposition and catalogue."""

from __future__ import annotations

import gzip
import math
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import attrs
import msgspec
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from model_drift_exporter.configuration.settings import InputSettings, Settings, StateSettings
from model_drift_exporter.models.model import Model
from model_drift_exporter.monitors import MONITORS
from model_drift_exporter.reference.profile import Season
from model_drift_exporter.service.catalogue import CATALOGUE
from model_drift_exporter.service.exporter import Exporter
from model_drift_exporter.settings.values import parse_window
from tests.sections import monitoring_settings
from tests.support.accepted_metrics import newer_monitors, without
from tests.support.components import require
from tests.support.exposition import Exposition
from tests.support.golden_log import INPUTS, LABELS, LOGS, REFERENCES, write_golden_log
from tests.support.prediction_log import START, arrived, batch_of, make_rows, profile_of, write_jsonl
from tests.support.sidecar import run_command

_GOLDEN = Path(__file__).parent / "golden"
_ARGUMENTS = ("--windows=1h,24h,100", "--learn.records=100", "--limits.line-bytes=2KiB")
# What the wall clock decides.
_VOLATILE = re.compile(r"^model_drift_exporter_last_read_timestamp_seconds ")


@pytest.fixture(scope="module")
def golden_text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What ``run --once`` prints of the golden log."""
    folder = tmp_path_factory.mktemp("golden")
    for name in REFERENCES:
        finished = run_command("profile", _GOLDEN / name, "-o", folder / f"{name}.json")
        assert finished.returncode == 0, finished.stderr.decode()
    references = [f"--reference={folder / name}.json" for name in REFERENCES]
    logs = [_GOLDEN / name for name in LOGS]
    finished = run_command("run", "--once", *references, *_ARGUMENTS, f"--labels={_GOLDEN / LABELS}", *logs)
    assert finished.returncode == 0, finished.stderr.decode()
    return finished.stdout.decode()


def _stable(text: str) -> list[str]:
    return [line for line in text.splitlines() if not _VOLATILE.match(line)]


def test_the_golden_log_is_what_its_generator_writes(tmp_path: Path, rewrite_golden: bool) -> None:
    """The committed log can be made again, and is rewritten together with the metrics."""
    folder = _GOLDEN if rewrite_golden else tmp_path
    write_golden_log(folder)
    for name in INPUTS:
        assert (folder / name).read_bytes() == (_GOLDEN / name).read_bytes()


def test_metrics_of_the_golden_log(golden_text: str, rewrite_golden: bool) -> None:
    """Names, labels, order and help are those accepted before, and so are the values, but for the last digits.

    Monitors that came since may say more: what was accepted stays as it was.
    """
    path = _GOLDEN / "metrics.txt"
    found = _stable(golden_text)
    if rewrite_golden:
        path.write_text("\n".join(found) + "\n")
    accepted = path.read_text().splitlines()
    found = without(found, newer_monitors(accepted, MONITORS), MONITORS)
    names = [line if line.startswith("#") else line.rpartition(" ")[0] for line in found]
    assert names == [line if line.startswith("#") else line.rpartition(" ")[0] for line in accepted]
    moved = [
        (now, then)
        for now, then in zip(found, accepted, strict=True)
        if now != then and not math.isclose(_value(now), _value(then), rel_tol=1e-9, abs_tol=1e-12)
    ]
    assert moved == []


def _value(line: str) -> float:
    return float(line.rpartition(" ")[2])


def test_the_golden_log_holds_one_of_everything(golden_text: str) -> None:
    """The log behind the golden metrics exercises every reason, all kinds of models, each fate of a label, and an alert."""
    found = Exposition(golden_text)
    errors = found.by("reason", "model_drift_exporter_record_errors_total", input="log")
    wanted = {"not_json", "not_an_object", "no_features", "line_too_long", "invalid_utf8"}
    assert {reason for reason, count in errors.items() if count} == wanted
    assert found("model_drift_exporter_record_errors_total", input="log2", reason="not_csv") == 1
    lines = sum(bool(line.strip()) for line in (_GOLDEN / "predictions.jsonl").read_bytes().split(b"\n"))
    labels = sum(bool(line) for line in (_GOLDEN / LABELS).read_bytes().split(b"\n"))
    accounted = found("model_records_total", model="churn") + found("model_labels_total", model="churn") - labels
    assert accounted + sum(errors.values()) == lines
    assert found("model_records_total", model="deliveries") == 160
    for name in ("records_late", "records_future", "records_untimed", "version_changes", "labels"):
        assert found(f"model_{name}_total", model="churn") >= 1, name
    for name in ("__missing__", "__invalid__", "__above__", "__below__"):
        assert found("model_feature_observations_total", model="churn", feature="age", bin=name) >= 1
    assert found("model_feature_observations_total", model="churn", feature="country", bin="_b07") >= 1
    assert found("model_feature_observations_total", model="churn", feature="country", bin="__other__") >= 1
    assert found.by("window", "model_window_coverage_ratio", model="churn")["24h"] < 1
    rejected = found.by("reason", "model_labels_rejected_total", model="churn")
    assert {reason for reason, count in rejected.items() if count} == {
        "missing",
        "no_identifier",
        "unseen_class",
        "future",
    }
    for name in ("labels_joined_total", "labels_revised_total", "labels_repeated_total", "labels_waiting"):
        assert found(f"model_{name}", model="churn") >= 1, name
    active = found.by("alert", "model_alert_active", model="churn")
    broken = {"ModelInputBroken", "ModelFeatureDrift", "ModelFeatureMissingValues"}
    assert {alert for alert, latched in active.items() if latched} == broken
    assert set(found.by("class", "model_class_error_evidence_log10", model="payments")) == {"fine", "fraud"}
    assert found("model_loss_evidence_log10", model="claims", loss="bounded_absolute_error") < 2


def test_every_sample_of_the_golden_log_makes_sense(golden_text: str) -> None:
    """No sample is NaN or infinite, no share leaves 0 to 1, no value lies outside of its interval, no evidence its bounds."""
    found = {line.rpartition(" ")[0]: _value(line) for line in golden_text.splitlines() if not line.startswith("#")}
    shares = ("_ratio{", "_accuracy{", "_precision{", "_recall{", "_f1_score{", "_roc_auc{", "class_ratio{")
    for name, value in found.items():
        assert math.isfinite(value), name
        if any(share in name for share in shares) and "wasserstein" not in name:
            assert 0 <= value <= 1, name
        if "_lower_bound{" in name:
            value_name, upper_name = name.replace("_lower_bound{", "{"), name.replace("_lower_bound", "_upper_bound")
            assert value <= found[value_name] <= found[upper_name], name
        if "_log10{" in name:
            assert -300 <= value <= 300, name


def test_promtool_accepts_the_metrics(golden_text: str) -> None:
    """Prometheus' own linter has nothing to say."""
    checked = subprocess.run(
        [require("promtool"), "check", "metrics"], input=golden_text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def _live_text(folder: Path) -> str:
    """What a running exporter says with a model that learns, a damaged archive, and a snapshot."""
    log = write_jsonl(folder / "log.jsonl", make_rows(20))
    archive = folder / "damaged.jsonl.gz"
    archive.write_bytes(gzip.compress(log.read_bytes())[:-50])
    inputs = (InputSettings(str(log)), InputSettings(str(archive), name="damaged"))
    state = StateSettings(path=str(folder / "state"))
    exporter = Exporter(Settings(inputs=inputs, state=state), clock=lambda: START)
    while exporter.step():
        pass
    exporter.save_state()
    return Exposition.of(exporter.collect()).text


def _text_of_drift(model: str, step: float, shifts: Sequence[float], *, slots: int = 0) -> str:
    """What is said of a model with records in turns of 400, ``step`` seconds apart, shifted by so much each."""
    reference = profile_of([batch_of(make_rows(600, step=step))])
    if slots:
        counts = [count for column in reference.columns for count in column.counts.values()]
        season = Season(slots=slots, rows=[600] * slots, counts=[counts] * slots)
        reference = msgspec.structs.replace(reference, season=season, season_absent="")
    watched = Model(model, reference, monitoring_settings((parse_window("1h"),)))
    for turn, shift in enumerate(shifts):
        first = turn * 400
        rows = make_rows(400, seed=turn, start=START + first * step, step=step, shift=shift)
        watched.process(arrived(attrs.evolve(batch_of(rows), position=np.arange(first, first + 400))))
    return Exposition.of(watched.collect()).text


_LIVE_ONLY = frozenset(
    {
        "model_reference_learning_records",
        "model_reference_learning_records_needed",
        "model_drift_exporter_build_info",
        "model_drift_exporter_config_last_reload_successful",
        "model_drift_exporter_config_last_reload_success_timestamp_seconds",
        "model_drift_exporter_scrape_duration_seconds",
        "model_drift_exporter_snapshot_timestamp_seconds",
        "model_drift_exporter_snapshot_bytes",
        "model_drift_exporter_snapshot_errors_total",
        "model_drift_exporter_snapshot_restored",
        "process_start_time_seconds",
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
    }
)
"""Metrics that the golden log cannot show: of a model still learning, and of a process that serves and keeps its state."""
_OF_WEEKS = frozenset(
    {
        "model_alert_usual_observations",
        "model_alert_held_observations",
        "model_alert_held_until_timestamp_seconds",
        "model_reference_season_info",
        "model_season_unknown_slots_ratio",
        "model_traffic_usual_silence_seconds",
        "model_traffic_usual_records",
        "model_traffic_usual_records_lower_bound",
        "model_traffic_usual_records_upper_bound",
        "model_traffic_recent_usual_records",
        "model_traffic_recent_usual_records_deviation",
    }
)
"""Those of habits and seasons, and of alerts that are over: they take weeks."""


def test_exposition_and_catalogue_agree(golden_text: str, tmp_path: Path) -> None:
    """Every metric of the catalogue is exported, with its type, help and labels, and nothing else is."""
    exported: set[str] = set()
    for text in (
        golden_text,
        _live_text(tmp_path),
        _text_of_drift("hourly", 3_600.0, (0.0, 60.0, 0.0, 0.0), slots=24),
        _text_of_drift("busy", 0.3, (0.0, 60.0, *[0.0] * 5)),
    ):
        for family in text_string_to_metric_families(text):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            metric = CATALOGUE[name]
            assert family.samples, name
            exported.add(name)
            assert (family.type, family.documentation) == (metric.type, metric.help)
            for sample in family.samples:
                extra = ("le",) if sample.name.endswith("_bucket") else ()
                assert tuple(sample.labels) == (*metric.labels, *extra), sample.name
        if text is golden_text:
            assert set(CATALOGUE) - exported == _LIVE_ONLY | _OF_WEEKS
    assert exported == set(CATALOGUE)
