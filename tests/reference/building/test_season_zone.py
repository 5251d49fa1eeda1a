from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from model_drift_exporter.records.batches import RecordBatch
from model_drift_exporter.reference.building.builder import ProfileBuilder
from model_drift_exporter.reference.building.season_zone import OffsetSurvey
from model_drift_exporter.reference.building.settings import BuildSettings, ModelSettings
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.reference.time_zones import utc_offsets
from model_drift_exporter.statistics import FloatArray

_DAY = 86_400.0
_SPRING = datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp()
_AUTUMN = datetime(2026, 10, 25, 1, tzinfo=UTC).timestamp()


def _times(change: float, days: int = 24, rate: int = 2_000) -> FloatArray:
    """Even in time: half of the days before a change of clocks, half behind it."""
    return np.linspace(change - days / 2 * _DAY, change + days / 2 * _DAY, days * rate, endpoint=False)


def _reference(times: FloatArray, clocks: FloatArray, chosen: str | None = None) -> ReferenceProfile:
    """Values follow the hour that these clocks show, with quieter weekends."""
    chance = np.random.default_rng(7)
    day = (clocks / _DAY + 3) % 7
    level = np.sin(2 * np.pi * clocks / _DAY) * np.where(day >= 5, 0.5, 1.0)
    rows = RecordBatch.of(
        size=len(times),
        features={
            "level": (2 * level + chance.standard_normal(len(times))).tolist(),
            "plain": chance.standard_normal(len(times)).tolist(),
            "device": np.where(chance.random(len(times)) < 0.5 + 0.3 * level, "phone", "desk").tolist(),
        },
        time=times.tolist(),
        prediction=np.where(level > 0, "yes", "no").tolist(),
        position=range(len(times)),
    )
    builder = ProfileBuilder("m", BuildSettings(model=ModelSettings(time_zone=chosen)))
    builder.survey(rows)
    builder.fix_bins()
    builder.count(rows)
    return builder.profile()


def _zone(reference: ReferenceProfile) -> tuple[str, str]:
    assert reference.season is not None
    return reference.season.time_zone, reference.season.time_zone_found


@pytest.mark.parametrize(
    ("place", "change", "found"),
    [
        ("Europe/Berlin", _SPRING, "Europe/Berlin"),
        ("Europe/Lisbon", _AUTUMN, "Europe/Berlin"),
        ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC).timestamp(), "America/New_York"),
        ("Australia/Melbourne", datetime(2026, 10, 3, 16, tzinfo=UTC).timestamp(), "Australia/Sydney"),
    ],
)
def test_a_change_of_clocks_that_the_rows_follow_shows_their_zone(place: str, change: float, found: str) -> None:
    """Or one where clocks change at the same time. The slots are hours there."""
    times = _times(change)
    assert _zone(_reference(times, times + utc_offsets(times, place))) == (found, "rows")


@pytest.mark.parametrize("change", [_SPRING, _AUTUMN])
@pytest.mark.parametrize("drift", [0.0, 220.0, -220.0])
def test_hours_of_utc_and_of_the_sun_show_no_zone(change: float, drift: float) -> None:
    """The sun's hours drift by less than four minutes a day in most places."""
    times = _times(change)
    assert _zone(_reference(times, times + drift * (times - change) / _DAY)) == ("UTC", "")


def test_rows_without_a_change_of_clocks_show_no_zone() -> None:
    """Nobody can know; the same where there is less than a week on one side."""
    for change in (datetime(2026, 2, 1, tzinfo=UTC).timestamp(), _SPRING - 6 * _DAY):
        times = _times(change)
        assert _zone(_reference(times, times + utc_offsets(times, "Europe/Berlin"))) == ("UTC", "")


def test_a_zone_that_is_set_is_taken() -> None:
    """Whatever the rows show."""
    times = _times(_SPRING)
    local = times + utc_offsets(times, "Europe/Berlin")
    for chosen in ("UTC", "America/New_York"):
        assert _zone(_reference(times, local, chosen)) == (chosen, "set")
    counts = _reference(times, local, "Europe/Berlin").season
    assert counts is not None
    assert max(counts.rows) - min(counts.rows) <= 1.1 * 2_000 / 24


def _written(place: str, first: str, days: int) -> list[str]:
    start = datetime.fromisoformat(first).replace(tzinfo=UTC).timestamp()
    return [
        datetime.fromtimestamp(start + 1_800.0 * step, ZoneInfo(place)).isoformat(timespec="seconds")
        for step in range(48 * days)
    ]


@pytest.mark.parametrize(
    ("place", "first", "found"),
    [
        ("Europe/Berlin", "2026-03-20", "Europe/Berlin"),
        ("Europe/London", "2026-10-20", "Europe/London"),
        ("America/Chicago", "2026-03-01", "America/Chicago"),
        ("Australia/Adelaide", "2026-03-30", "Australia/Adelaide"),
        ("Europe/Berlin", "2026-01-20", None),  # one offset only: many zones have it
        ("Asia/Kolkata", "2026-03-20", None),
    ],
)
def test_offsets_that_change_are_those_of_a_zone(place: str, first: str, found: str | None) -> None:
    """In any number of batches, written with a colon or without, and beside times that have none."""
    times = _written(place, first, 20)
    for texts in (times, [text[:-3] + text[-2:] for text in times], [*times, "2026-03-20T10:00:00Z", "noon"]):
        survey = OffsetSurvey()
        for start in range(0, len(texts), 100):
            survey.add(texts[start : start + 100])
        assert survey.zone() == found


def test_offsets_that_no_zone_has_show_none() -> None:
    """Logs of two places in one file, or dates of a wrong form."""
    survey = OffsetSurvey()
    survey.add([*_written("Europe/Berlin", "2026-03-20", 20), *_written("America/Chicago", "2026-03-20", 20)])
    assert survey.zone() is None
    survey = OffsetSurvey()
    survey.add(["2026-03-20", "01-02-2026", None, 12.5, "x+01:00", "2026-03-20T10:00:00"])
    assert survey.zone() is None
