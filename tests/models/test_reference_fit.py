from __future__ import annotations

import pytest

from model_drift_exporter.models.models import Models
from model_drift_exporter.models.reference_fit import RECORDS
from model_drift_exporter.records.batches import Decoded
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.settings.values import parse_window
from tests.sections import monitoring_settings
from tests.support.prediction_log import START, Row, batch_of, make_rows, profile_of

_SETTINGS = monitoring_settings((parse_window("1h"),), learn_records=5_000)


def _reference(model: str = "churn", features: int = 4) -> ReferenceProfile:
    return profile_of([batch_of(_rows(300, range(features)))], model=model)


def _rows(count: int, features: range, **fields: object) -> list[Row]:
    return [
        row | {"features": {f"f{number}": index * 7 % 11 + number for number in features}, **fields}
        for index, row in enumerate(make_rows(count))
    ]


def _give(models: Models, rows: list[Row]) -> None:
    models.process(Decoded(batch_of(rows)), START)
    models.give_gathered()


def test_a_reference_of_other_features_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """After the first hundred records, with the names and what to do; not again, nor after a reload."""
    models = Models(_SETTINGS, [_reference()])
    _give(models, _rows(RECORDS - 1, range(9, 10)))
    assert caplog.messages == []
    _give(models, _rows(RECORDS, range(9, 10)))
    models.finish()
    renewed = Models(_SETTINGS, [_reference()])
    renewed.take_over(models, same_fields=True)
    _give(renewed, _rows(RECORDS, range(9, 10)))
    (message,) = caplog.messages
    assert message.startswith(
        "model churn: the reference does not fit the log: 4 of its 4 features had no value in 199 records: f0, f1, f2, f3; "
    )
    assert "model-drift-exporter check" in message


@pytest.mark.parametrize(("present", "warned"), [(1, True), (2, False), (4, False)])
def test_few_features_are_as_bad_as_none(present: int, warned: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Where half of them or more have values, the metric and the page will do."""
    models = Models(_SETTINGS, [_reference()])
    _give(models, _rows(RECORDS, range(present)))
    assert [f"{4 - present} of its 4 features" in message for message in caplog.messages] == [True] * warned


def test_many_names_are_cut_short(caplog: pytest.LogCaptureFixture) -> None:
    """One line stays one that can be read."""
    models = Models(_SETTINGS, [_reference(features=14)])
    _give(models, _rows(RECORDS, range(20, 21)))
    (message,) = caplog.messages
    assert "f8, f9 and 4 more; " in message


def test_a_reference_without_records_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """It names the model of the reference, those of the records, and what to do."""
    models = Models(_SETTINGS, [_reference(), _reference("seldom")])
    _give(models, _rows(60, range(4), model="churn"))
    assert caplog.messages == []
    _give(models, _rows(60, range(4), model="other"))
    _give(models, _rows(60, range(4), model="other"))
    (message,) = caplog.messages
    assert message.startswith(
        "the reference of model seldom is not used: none of the 120 records so far is of that model, "
        "they are of churn, other; set model.name or fields.model"
    )


def test_a_short_input_is_judged_at_its_end(caplog: pytest.LogCaptureFixture) -> None:
    """Ten records that are all there is say enough; no record says nothing."""
    Models(_SETTINGS, [_reference()]).finish()
    models = Models(_SETTINGS, [_reference(), _reference("seldom")])
    _give(models, _rows(10, range(9, 10), model="churn"))
    assert caplog.messages == []
    models.finish()
    assert [message.partition(":")[0] for message in caplog.messages] == [
        "model churn",
        "the reference of model seldom is not used",
    ]


def test_nothing_is_said_where_all_fits(caplog: pytest.LogCaptureFixture) -> None:
    """Nor of a reference for all models, nor of one learned."""
    for references in ([_reference()], [_reference("default")], []):
        models = Models(_SETTINGS, references)
        _give(models, _rows(RECORDS, range(4), model="churn"))
        assert caplog.messages == []
