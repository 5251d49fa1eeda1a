"""What the cards hold, and which window is shown."""

from __future__ import annotations

import attrs

from model_drift_exporter.statistics import STATISTICS
from model_drift_exporter.web.page.page_view import chosen_window, model_view
from tests.support.page_statuses import NOW, column, exporter, model


def test_cards_are_the_outputs_and_the_features_in_their_order() -> None:
    """Prediction and score come first, features keep the order of the status: the furthest moved first."""
    view = model_view(model(features=25), "1h", folded=False, now=NOW)
    assert [card.name for card in view.outputs] == ["Prediction", "Score"]
    assert [card.name for card in view.features][:3] == ["distance", "carrier", "air_time"]
    assert len(view.features) == 25


def test_shares_stand_beside_the_reference() -> None:
    """What is missing now is compared with what was missing in the reference."""
    view = model_view(model(), "1h", folded=False, now=NOW)
    assert dict(view.features[0].shares)["missing"].replace("\u202f", " ") == "7.8 % (reference 2.0 %)"


def test_numbers_are_those_of_the_statistics_in_their_order() -> None:
    """Each that people can read stands beside its noise floor where there is one; what is not known is left out."""
    statistics = {each.name: 0.5 for each in STATISTICS if each.name != "ks_statistic"}
    floors = {"psi": 0.01, "total_variation": 0.02}
    given = attrs.evolve(column("x"), statistics=statistics, noise_floors=floors)
    window = attrs.evolve(model().windows[0], columns=(given,))
    view = model_view(attrs.evolve(model(), windows=(window,)), window.name, folded=False, now=NOW)
    assert view.features[0].statistics == (
        ("PSI", "0.5 (noise floor 0.01)"),
        ("Jensen–Shannon divergence", "0.5"),
        ("Wasserstein ratio", "0.5"),
        ("Total variation", "0.5 (noise floor 0.02)"),
        ("Chi-square z-score", "0.5"),
    )


def test_the_window_falls_back_to_one_with_records() -> None:
    """An unknown window is ignored, and an empty first window is not the default while another has records."""
    status = exporter(model(counts=(0, 500, 500)))
    assert chosen_window(status, "1000") == "1000"
    assert chosen_window(status, "nonsense") == "24h"
    assert chosen_window(exporter(), None) == ""
