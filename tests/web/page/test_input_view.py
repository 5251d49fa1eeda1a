"""What the page says about inputs."""

from __future__ import annotations

from model_drift_exporter.web.page.input_view import input_views, waiting_advice
from tests.support.page_statuses import exporter, source


def test_errors_stand_with_their_input_in_words() -> None:
    """Known reasons have words, unknown ones lose their underscores, and zero counts are left out."""
    status = exporter(
        errors={
            (source().input, "not_json"): 3,
            (source().input, "odd_thing"): 1,
            ("gone", "no_features"): 2,
            ("x", "y"): 0,
        }
    )
    first, gone = input_views(status)
    assert first.errors == (("not JSON", "3"), ("odd thing", "1"))
    assert (gone.name, gone.errors, gone.facts) == ("gone", (("no features found", "2"),), ())


def test_lag_is_in_bytes_and_seconds() -> None:
    """A caught-up input says so, and one that cannot be read does not claim it."""
    caught_up, behind, down = (
        dict(view.facts)
        for view in input_views(
            exporter(
                inputs=(
                    source("a", lag_bytes=0, lag_seconds=0.0),
                    source("b", lag_bytes=2048, lag_seconds=90.0, queue_bytes=1024, dropped=4),
                    source("c", up=False, lag_bytes=0, lag_seconds=0.0),
                )
            )
        )
    )
    assert caught_up["lag"] == "caught up"
    assert (behind["lag"], behind["lag in time"], behind["dropped"]) == ("2\u202fKiB", "1\u202fmin", "4")
    assert behind["waiting in the queue"] == "1\u202fKiB"
    assert down["lag"] == "not known"


def test_before_the_first_record_the_advice_fits_the_reason() -> None:
    """No input, an unreadable one, bad lines only, reading, and silence are told apart."""
    unread = source(bytes_read=0, lag_bytes=0, lag_seconds=0.0)
    advice = [
        waiting_advice(status)
        for status in (
            exporter(inputs=()),
            exporter(inputs=(source(up=False, problem="gone"),)),
            exporter(errors={("a", "not_json"): 1}),
            exporter(),
            exporter(inputs=(unread,)),
        )
    ]
    assert len(set(advice)) == len(advice)
    assert "run predictions.jsonl" in advice[0][1]
    assert "check LOG" in advice[2][1]
