"""The real Prometheus scrapes the real sidecar, which follows a growing log."""

from __future__ import annotations

import functools
import json
import math
from pathlib import Path

import numpy as np
import pytest

from tests.support.components import require
from tests.support.exposition import Exposition
from tests.support.prediction_log import START, Row, make_rows, write_jsonl
from tests.support.sidecar import Sidecar, eventually, fetch, run_command, sidecar
from tests.system.e2e.prometheus_server import Prometheus, prometheus

_CONFIGURATION = """
global:
  scrape_interval: 250ms
scrape_configs:
  - job_name: model
    static_configs:
      - targets: ["{target}"]
"""
# Both sides smoothed by half an observation a bin; a replica's own labels are summed away first.
_N = "sum by (model, feature, bin) (model_feature_observations_total)"
_M = "sum by (model, feature, bin) (model_feature_reference_observations)"
_SHARE = (
    "(({counts}) + 0.5) / on (model, feature) group_left () "
    "(sum by (model, feature) ({counts}) + 0.5 * count by (model, feature) ({counts}))"
)
_P, _Q = _SHARE.format(counts=_N), _SHARE.format(counts=_M)
_PSI = f"sum by (model, feature) ((({_P}) - ({_Q})) * ln(({_P}) / ({_Q})))"


def _reading(running: Sidecar, records: int) -> Exposition:
    """A scrape once so many records have been read."""

    def look() -> Exposition | None:
        found = running.metrics()
        return found if found.total("model_records_total") == records else None

    return eventually(look)


def _has(scraping: Prometheus, name: str, value: float) -> bool:
    return scraping.query(name) == {_MODEL: value}


def _psi(found: Exposition, feature: str) -> float:
    counts = found.by("bin", "model_feature_observations_total", model="default", feature=feature)
    reference = found.by("bin", "model_feature_reference_observations", model="default", feature=feature)
    assert list(counts) == list(reference)
    p, q = np.array([*counts.values()]) + 0.5, np.array([*reference.values()]) + 0.5
    p, q = p / p.sum(), q / q.sum()
    return float(((p - q) * np.log(p / q)).sum())


def _append(path: Path, rows: list[Row]) -> None:
    with path.open("a") as file:
        file.write("".join(json.dumps(row) + "\n" for row in rows))


_MODEL = frozenset({("model", "default")})


@pytest.mark.slow
def test_prometheus_has_what_the_sidecar_says(tmp_path: Path) -> None:
    """Prometheus holds the sidecar's statistics as they are, and finds the same PSI in its bin counters as NumPy."""
    require("prometheus")
    reference = tmp_path / "reference.json"
    rows = write_jsonl(tmp_path / "rows.jsonl", make_rows(2_500, seed=1))
    assert run_command("profile", rows, "-o", reference).returncode == 0
    log = tmp_path / "log.jsonl"
    with (
        sidecar(tmp_path, f"--reference={reference}", log) as running,
        prometheus(tmp_path, _CONFIGURATION.format(target=running.url.removeprefix("http://"))) as scraping,
    ):
        assert eventually(lambda: scraping.query("up") == {frozenset(): 1.0})
        for position, shift in enumerate((0.0, 8.0)):
            _append(log, make_rows(400, seed=2 + position, start=START + position * 4_000, shift=shift))
            records = 400 * (position + 1)
            found = _reading(running, records)
            assert eventually(functools.partial(_has, scraping, "model_records_total", records))
            for name in ("model_feature_psi", "model_score_ks_statistic", "model_confidence_bucket"):
                said = {labels: value for (own, labels), value in found.samples.items() if own == name}
                assert scraping.query(name) == said, name
            computed = scraping.query(_PSI)
            for feature in ("age", "country"):
                value = computed[_MODEL | {("feature", feature)}]
                assert math.isclose(value, _psi(found, feature), rel_tol=1e-9), feature
        moved = found("model_feature_psi", model="default", feature="age", window="1h", baseline="reference")
        assert moved > 0.2
        assert scraping.query("count by (job) (scrape_samples_scraped > 300)") == {frozenset(): 1.0}

        body = write_jsonl(tmp_path / "body", make_rows(30, seed=9, start=START + 8_000)).read_bytes()
        assert fetch(f"{running.url}/ingest", body, **{"Content-Type": "application/x-ndjson"})[0] == 202
        assert eventually(functools.partial(_has, scraping, "model_records_total", 830))
        assert running.stop() == 0
        assert eventually(lambda: scraping.query("up") == {frozenset(): 0.0})
