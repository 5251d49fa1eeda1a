"""The landing page's HTML: complete, escaped, self-contained, lean."""

from __future__ import annotations

import itertools
import math
import time
from html.parser import HTMLParser

import attrs
import pytest

from model_drift_exporter.service.status import ExporterStatus, LabelStatus
from model_drift_exporter.web.page.page import content_security_policy, render_fragment, render_page
from tests.support.page_statuses import HOSTILE, alert, column, exporter, finding, learning_model, model, source

_VOID = {"meta", "link", "input", "br", "img"}
_OPTIONAL_END = {"tr", "td", "th"}


class _Document(HTMLParser):
    """Start tags with their attributes, the text, and a check that every element that must be closed is."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID | _OPTIONAL_END:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\u202f", " ").split())


@pytest.fixture
def typical() -> ExporterStatus:
    """One model with 25 features and a few bad lines."""
    return exporter(model(warnings=("tailnum looks like an identifier",)), errors={(source().input, "not_json"): 3})


def test_everything_the_status_holds_is_on_the_page(typical: ExporterStatus) -> None:
    """Identity, traffic, cards, inputs and links are there, in words and numbers for people."""
    document = _Document(render_page(typical, "abc"))
    for words in (
        "model-drift-exporter 0.1.0", "3 of 25 features", "classification", "2026-01", "sha256:9f2c41d0", "50 000", "1.23 M",
        "83.2", "4 s ago", "98 000", "tailnum looks like an identifier", "distance", "moved far", "noise floor", "missing 7.8 %",
        "Kolmogorov", "Values per bin", "18 KiB", "not JSON 3", "up since 2025-12-31 03:03:05 UTC",
    ):  # fmt: skip
        assert words in document.text
    links = [each["href"] for each in document.all("a")]
    assert links == ["#main", "metrics", "-/healthy", "-/ready"]


def test_the_metrics_link_follows_the_configured_path(typical: ExporterStatus) -> None:
    """Another telemetry path is linked, relative to the page."""
    document = _Document(render_page(typical, "abc", metrics_path="/probe/metrics"))
    assert "probe/metrics" in [each["href"] for each in document.all("a")]


def test_the_page_is_self_contained_and_fits_its_policy(typical: ExporterStatus) -> None:
    """Style and script carry the nonce; no style attribute, no handler attribute and no address of another host."""
    html = render_page(typical, "n0nce")
    document = _Document(html)
    assert [each["nonce"] for each in document.all("style") + document.all("script")] == ["n0nce", "n0nce"]
    assert not [
        name for _, attributes in document.tags for name in attributes if name == "style" or name.startswith("on")
    ]
    assert "//" not in html.replace("http://www.w3.org/2000/svg", "").replace("// ", "")
    assert "'nonce-n0nce'" in content_security_policy("n0nce")
    assert "unsafe" not in content_security_policy("n0nce")


def test_headings_are_in_order_and_landmarks_exist(typical: ExporterStatus) -> None:
    """No level is skipped; one h1; header, main, nav and footer exist; every section has a name that exists."""
    document = _Document(render_page(typical, "abc"))
    levels = [int(tag[1]) for tag, _ in document.tags if tag in ("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert {"header", "main", "nav", "footer"} <= {tag for tag, _ in document.tags}
    identifiers = [attributes["id"] for _, attributes in document.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    assert {each["aria-labelledby"] for each in document.all("section")} <= set(identifiers)
    charts = [each for each in document.all("svg") if each.get("role") == "img"]
    assert len(charts) == 27
    assert all(each["aria-label"] for each in charts)


def test_hostile_names_stay_text() -> None:
    """Markup in names of models, versions, features, categories, inputs, warnings and problems never becomes markup."""
    hostile = column(HOSTILE, kind="categorical", categories=[HOSTILE, "b", ""])
    one = model(HOSTILE, features=14, warnings=(HOSTILE,))
    windows = tuple(attrs.evolve(each, columns=(hostile, *each.columns)) for each in one.windows)
    one = attrs.evolve(one, windows=windows, version=HOSTILE, task=HOSTILE, reference_fingerprint=HOSTILE[:15])
    status = exporter(
        one,
        learning_model(HOSTILE + "2"),
        inputs=(source(HOSTILE, up=False, problem=HOSTILE),),
        errors={(HOSTILE, HOSTILE): 1},
        reload_problem=HOSTILE,
    )
    document = _Document(render_page(status, "abc"))
    assert len(document.all("script")) == 1
    assert not document.all("img")
    assert HOSTILE in [each.get("data-name") for each in document.all("li")]
    assert document.text.count("alert(1)") > 8


def test_one_window_at_a_time_and_each_by_name(typical: ExporterStatus) -> None:
    """The asked window is checked and its numbers are shown; nonsense falls back to the first."""
    for wanted, shown, values in (("24h", "24h", "240 000 values"), ("zzz", "1h", "12 345 values")):
        document = _Document(render_fragment(typical, window=wanted))
        radios = [each for each in document.all("input") if each["type"] == "radio"]
        assert [each["value"] for each in radios] == ["1h", "24h", "1000"]
        assert [each["value"] for each in radios if "checked" in each] == [shown]
        assert values in document.text


def test_the_filter_comes_with_many_features() -> None:
    """Thirteen features have a filter, twelve need none."""
    assert 'id="filter"' in render_fragment(exporter(model(features=13)))
    assert 'id="filter"' not in render_fragment(exporter(model(features=12)))


def test_learning_shows_progress() -> None:
    """The bar has the numbers of the learning phase, and no window switch is offered yet."""
    document = _Document(render_page(exporter(learning_model()), "abc"))
    (bar,) = document.all("progress")
    assert (bar["value"], bar["max"]) == ("1840", "5000")
    assert not [each for each in document.all("input") if each["type"] == "radio"]


def test_a_learned_reference_is_called_one() -> None:
    """A reference that came from the traffic itself is not passed off as training data."""
    assert (
        "The reference was learned here from the first 50 000 records"
        in _Document(render_fragment(exporter(model(learned=True)))).text
    )
    assert "learned here" not in render_fragment(exporter(model()))


def test_trouble_is_at_the_top() -> None:
    """An unreadable input and a failed reload stand before the models."""
    text = _Document(
        render_fragment(
            exporter(model(), inputs=(source("a.jsonl", up=False, problem="No such file"),), reload_problem="line 3")
        )
    ).text
    assert text.index("Input a.jsonl cannot be read. No such file") < text.index("classification")
    assert text.index("The last reload failed; the earlier configuration stays in use. line 3") < text.index(
        "classification"
    )


def test_no_record_yet_explains_itself() -> None:
    """Without a model the page says what it waits for."""
    assert "nothing has been written to them yet" in render_page(exporter(inputs=(source(bytes_read=0),)), "abc")
    assert "list inputs in the configuration file" in render_page(exporter(inputs=()), "abc")


def test_several_models_have_a_jump_list() -> None:
    """Each model has a link to its section."""
    document = _Document(render_page(exporter(model("a", features=3), learning_model("b")), "abc"))
    targets = [str(each["href"]) for each in document.all("a") if str(each["href"]).startswith("#model-")]
    assert targets == ["#model-1", "#model-2"]
    assert {"model-1", "model-2"} <= {each.get("id") for each in document.all("section")}


@pytest.mark.slow
def test_twenty_models_of_two_hundred_features_show_one_in_full() -> None:
    """Above 240 cards only the chosen model has its cards; the others are a link away; all that is below 1 MB."""
    status = exporter(*(model(f"m{index}", features=200) for index in range(20)))
    first, chosen = render_page(status, "abc"), render_page(status, "abc", model="m7")
    assert len(chosen.encode()) < 1_000_000
    for html, folded in ((first, "m7"), (chosen, "m0")):
        document = _Document(html)
        assert len([each for each in document.all("li") if "data-name" in each]) == 200
        assert f"?model={folded}&window=1h" in [each["href"] for each in document.all("a")]


def test_two_hundred_features_are_lean() -> None:
    """The fragment of 200 features is below 800 kB and renders in 0.3 s of CPU even where ten times slower than usual."""
    status = exporter(model(features=200))
    assert len(render_fragment(status).encode()) < 800_000
    times = []
    for _ in range(5):
        start = time.process_time()
        render_fragment(status)
        times.append(time.process_time() - start)
    assert min(times) < 0.3


def test_findings_stand_before_everything_else_of_a_model() -> None:
    """The sentence once, how serious it is and since when; then the numbers. What does not fire is not mentioned."""
    text = f"Model {HOSTILE} gets broken input. About {HOSTILE}."
    note = finding("inputs_moved", severity="note", text="The inputs moved.", alert="", since=None, features=())
    alerts = (alert(features=(HOSTILE,)), alert("ModelConceptDrift", active=False))
    state = attrs.evolve(model(), alerts=alerts, findings=(finding(text=text), note))
    html = render_fragment(exporter(state), "1h")
    page = _Document(html)
    told = "page ModelInputBroken since 15 min ago fired 5 min ago evidence 10^8.2, threshold 10^7.0"
    assert f"{text} {told}" in page.text
    assert page.text.count(text) == page.text.count("The inputs moved.") == 1
    assert "The inputs moved. note" in page.text
    assert "<script>" not in html
    assert "ModelConceptDrift" not in page.text
    assert page.text.index(told) < page.text.index("records per second")


def test_it_says_what_the_reference_costs() -> None:
    """Where a loss is judged; one that is tolerated never pages."""
    for outcomes, words in ((637.2, "after about 637 labels"), (math.inf, "never")):
        page = _Document(render_fragment(exporter(attrs.evolve(model(), doubled_loss_outcomes=outcomes)), "1h"))
        assert f"a doubled error pages {words}" in page.text
    assert "a doubled error" not in _Document(render_fragment(exporter(model()), "1h")).text


def test_the_state_of_the_labels_is_a_line() -> None:
    """Only where there is something to say."""
    labels = LabelStatus(True, 98_000, 0, (("7d", 0.93),), None, ())
    state = attrs.evolve(model(), label_state=labels)
    assert (
        "Labels: 98 000 labels joined, 93.0 % of predictions up to 7d old have one."
        in _Document(render_fragment(exporter(state), "1h")).text
    )
    assert "Labels:" not in _Document(render_fragment(exporter(model()), "1h")).text
