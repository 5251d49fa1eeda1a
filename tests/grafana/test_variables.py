from __future__ import annotations

from grafana.src import variables


def test_all_is_the_first_choice_where_several_are_possible() -> None:
    """And is asked for as any text, however many values there are."""
    built = variables.several("job", "Job", "label_values(up, job)").build()
    assert (built.multi, built.include_all, built.all_value) == (True, True, ".+")
    assert built.current is not None
    assert (built.current.text, built.current.value) == ("All", "$__all")


def test_one_is_chosen_where_all_would_mean_nothing() -> None:
    """One model, one feature, one window of the loss; on other pages any number of models."""
    for variable in (variables.model(), variables.feature(), variables.loss_window()):
        built = variable.build()
        assert not built.multi
        assert not built.include_all
    assert variables.model(many=True).build().multi


def test_the_windows_are_those_of_the_recorded_series() -> None:
    """The first is chosen, and Grafana 9.4 has them as a list: it makes none out of the text."""
    built = variables.window().build()
    assert built.query == "1h,6h,24h"
    assert [(each.value, each.selected) for each in built.options or []] == [
        ("1h", True),
        ("6h", False),
        ("24h", False),
    ]
    assert built.current is not None
    assert built.current.value == "1h"


def test_no_window_of_the_loss_is_saved() -> None:
    """So that Grafana chooses the first, which is that of the overview: the list is in the order of the answer."""
    built = variables.loss_window().build()
    assert built.current is None
    assert built.sort is not None
    assert int(built.sort) == 0


def test_the_default_data_source_is_the_first_choice() -> None:
    """And not the first by name, which may be another Prometheus."""
    current = variables.data_source().build().current
    assert current is not None
    assert (current.text, current.value) == ("default", "default")
