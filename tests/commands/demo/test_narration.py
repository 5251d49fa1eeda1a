from __future__ import annotations

import attrs
import pytest

from model_drift_exporter.commands.demo.narration import Narrator, alert_line, finding, psi_words
from model_drift_exporter.service.status import AlertStatus, BinStatus, ColumnStatus, ModelStatus, WindowStatus


def column(
    name: str, kind: str, bins: list[tuple[str, str, int, int]], psi: float = 1.25, *, role: str = "feature"
) -> ColumnStatus:
    return ColumnStatus(
        name=name,
        role=role,
        kind=kind,
        observations=sum(now for *_, now in bins),
        statistics={"psi": psi} | ({"wasserstein_ratio": 0.94} if kind == "numeric" else {}),
        noise_floors={"psi": 0.0123},
        missing_ratio=None,
        invalid_ratio=None,
        out_of_range_ratio=None,
        unseen_ratio=None,
        bins=tuple(BinStatus(*each) for each in bins),
    )


def distance(psi: float = 1.25, **special: int) -> ColumnStatus:
    rest = 1000 - sum(special.values())
    return column(
        "distance",
        "numeric",
        [
            ("__below__", "below 1", 0, special.get("below", 0)),
            ("b00", "1 to 5", 600, rest // 4),
            ("b01", "5 to 9", 400, rest - rest // 4),
            ("__above__", "above 9", 0, special.get("above", 0)),
            ("__missing__", "missing", 0, special.get("missing", 0)),
            ("__invalid__", "wrong type", 0, special.get("invalid", 0)),
        ],
        psi,
    )


def carrier(united: int, other: int, *, rare: int = 0) -> ColumnStatus:
    return column(
        "carrier",
        "categorical",
        [
            ("UA", "UA", 200, united),
            ("b__07", "DL", 800, 1000 - united - other),
            ("__other__", "other", rare, other),
            ("__missing__", "missing", 0, 0),
            ("__invalid__", "wrong type", 0, 0),
        ],
    )


def model(records: int, *columns: ColumnStatus, observations: int = 1000) -> ModelStatus:
    window = WindowStatus("1000", observations, columns)
    return ModelStatus(
        name="m",
        version="",
        task="classification",
        reference_fingerprint="",
        reference_rows=1000,
        reference_learned=False,
        reference_warnings=(),
        learning=None,
        records=records,
        labels=0,
        late=0,
        version_changes=0,
        last_record_time=0.0,
        records_per_second=0.0,
        windows=(WindowStatus("1h", 5, ()), window),
    )


def test_a_unit_that_changed_is_told_by_what_left_the_range() -> None:
    """Values above everything in the reference come first, then where the others went, and how far."""
    assert finding(distance(above=340)) == (
        "distance has moved, PSI 1.25 where 0.012 is noise (n 1,000): 34% are above everything in the reference; "
        "50% lie in 5 to 9, where the reference has 40%; its values lie 0.9 standard deviations from where they were."
    )


@pytest.mark.parametrize(
    ("special", "words"),
    [
        ("below", "are below everything in the reference"),
        ("missing", "are missing, which the reference did not know"),
        ("invalid", "are of the wrong type"),
    ],
)
def test_other_special_bins_have_their_words(special: str, words: str) -> None:
    """Each way in which a value can be out of place is named."""
    assert f": 12% {words};" in finding(distance(**{special: 120}))


def test_a_renamed_category_is_told_by_the_new_and_the_lost() -> None:
    """The share that the reference never had, and the category that is gone."""
    assert finding(carrier(0, 170)).endswith(": 17% are a category the reference never had; UA, 20% before, is gone.")


def test_a_category_without_a_bin_is_not_called_new_where_the_reference_had_some() -> None:
    """Rare categories share a bin; a growth of it is said with what it was."""
    assert ": 30% are a category without a bin of its own (9.1% in the reference);" in finding(
        carrier(100, 300, rare=100)
    )


def test_known_categories_are_told_with_both_shares() -> None:
    """Without anything unseen, the one that grew and the one that shrank."""
    assert finding(carrier(50, 0)).endswith(": DL went from 80% to 95%; UA went from 20% to 5.0%.")


def test_a_move_spread_thin_is_still_said() -> None:
    """Where no bin changed by a percentage point there is only the number."""
    same = column("zone", "categorical", [("a", "a", 500, 500), ("b", "b", 500, 500)])
    assert finding(same) == "zone has moved, PSI 1.25 where 0.012 is noise (n 1,000)."
    assert psi_words(attrs.evolve(same, statistics={"psi": 0.004})) == "PSI 0.004 where 0.012 is noise"


def test_an_alert_is_told_with_what_it_is_about_and_how_sure_it_is() -> None:
    """Features that are only suspected are not accused, and an alert may have none."""
    alert = AlertStatus("ModelFeatureDrift", "ticket", True, 5.0, 1.0, ("age", "plan"), "named", 12.34, 4.7)
    sure = ": evidence 10^12.3 where 10^4.7 is enough."
    assert alert_line(alert) == f"* ModelFeatureDrift (ticket) fires, because of age, plan{sure}"
    suspected = attrs.evolve(alert, certainty="suspected")
    assert alert_line(suspected) == f"* ModelFeatureDrift (ticket) fires, perhaps because of age, plan{sure}"
    assert alert_line(attrs.evolve(alert, features=())) == f"* ModelFeatureDrift (ticket) fires{sure}"


def test_it_gives_notice_first_and_tells_when_the_window_has_turned_over() -> None:
    """One short notice; then, 1,000 records on, everything that moved, features before outputs, each once."""
    narrator = Narrator("1000")
    score = attrs.evolve(distance(), name="score", role="score")
    assert narrator.look(model(5000, distance(0.01), carrier_quiet())) == []
    (notice,) = narrator.look(model(5100, score, distance(0.01)))
    assert notice.startswith("Something moves away from the reference: the score, PSI 1.25")
    assert narrator.look(model(5400, score, distance(above=300))) == []
    assert narrator.look(model(6200, score, distance(above=340))) == []
    lead, *bullets, rest = narrator.look(model(6400, score, distance(above=340), carrier_quiet()))
    assert lead.startswith("What has happened, as the exporter sees it in the last 1,000 records")
    assert [bullet.split(" has moved")[0] for bullet in bullets] == ["* distance", "* the score"]
    assert rest == "The other 1 of 2 inputs are where they were."
    assert narrator.findings == 2
    assert narrator.look(model(9000, score, distance(above=340)), last=True) == []


def carrier_quiet() -> ColumnStatus:
    return attrs.evolve(carrier(200, 0), statistics={"psi": 0.005})


def test_what_comes_back_by_itself_is_not_told() -> None:
    """A move that is over before the window turned over was none to talk about; a later one is."""
    narrator = Narrator("1000")
    assert narrator.look(model(5000, distance()))
    assert narrator.look(model(5500, distance(0.02))) == []
    assert narrator.look(model(6500, distance(0.02)), last=True) == []
    assert narrator.findings == 0
    assert narrator.look(model(7000, distance()))


def test_the_last_look_does_not_wait() -> None:
    """At the end of the tour what is moving is told as it stands."""
    narrator = Narrator("1000")
    told = narrator.look(model(5000, distance()), last=True)
    assert told[1].startswith("* distance has moved")


def test_a_window_that_is_not_full_says_nothing() -> None:
    """The first records of a day are not a day; neither is there anything to say without the window."""
    assert Narrator("1000").look(model(900, distance(), observations=900), last=True) == []
    assert Narrator("50").look(model(900, distance()), last=True) == []
