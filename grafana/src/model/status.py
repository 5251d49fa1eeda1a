"""Dashboard Model, status strip: the verdict, what fires and since when, and whether all is there to judge by."""

from __future__ import annotations

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.models import common as common_models

from ..alerts import WITHOUT_EXPORTER, mappings, runbook
from ..colours import BLUE, GREY, ORANGE, PURPLE, VERMILION, names, steps
from ..line_styles import crossing
from ..panels import Panel, number, panel, properties
from ..queries import now, rows
from ..states import STATES, UNWATCHED
from ..variables import EXPORTED, MODEL
from .loss import SHARES, TOLERATED, judged, named

__all__ = ["STATUS"]

_OF_MODEL = f"{{{MODEL}}}"
_RAW = f"{{{EXPORTED}}}"
_STRIP = 4


def _verdict() -> Panel:
    return panel(
        1,
        number().mappings(names(STATES)),
        [now(f"model:state:max{_OF_MODEL} or absent(model:state:max{_OF_MODEL}) * {UNWATCHED}")],
        title="Verdict",
        description="Good: quiet, nothing speaks against the model. Page: act now. Ticket: act today. Cannot be judged: "
        "the panel of that name says what, and why. Not watched: its exporter is gone or reads nothing; nobody "
        "would see harm.",
        unit="none",
        empty="No exporter watches",
        width=3,
        height=_STRIP,
    )


def _fires() -> Panel:
    unknown = f'label_replace(absent(model:state:max{_OF_MODEL}), "alert", "{WITHOUT_EXPORTER}", "", "")'
    visualisation = (
        number()
        .mappings(mappings())
        .reduce_options(common.ReduceDataOptions().values(True).fields("/^alert$/").limit(5))
        .text(common.VizTextDisplayOptions().value_size(16))
        .text_mode(common_models.BigValueTextMode.VALUE)
        .orientation(common_models.VizOrientation.HORIZONTAL)
        .override_by_name("alert", properties(links=[runbook("${__value.raw}")]))
    )
    return panel(
        2,
        visualisation,
        [rows(f"sort_desc(max by (alert) (model:alert_state:max{_OF_MODEL} or {unknown}))")],
        title="Firing",
        description="The alerts about this model, the worst first. Good: nothing fires. A click leads to what to do.",
        unit="string",
        empty="Nothing fires now",
        width=4,
        height=_STRIP,
    )


def _since() -> Panel:
    onset = f"min(model:state_since_timestamp_seconds:min{_OF_MODEL})"
    return panel(
        3,
        number()
        .color_mode(common_models.BigValueColorMode.NONE)
        .text_mode(common_models.BigValueTextMode.VALUE)
        .orientation(common_models.VizOrientation.HORIZONTAL)
        .text(common.VizTextDisplayOptions().value_size(18))
        .override_by_query("B", properties(unit="s", decimals=1)),
        [now(f"{onset} * 1000", ref_id="A"), now(f"time() - {onset}", ref_id="B")],
        title="Since",
        description="When the worst alert that fires began, and how long that is. Of evidence, that is when the data "
        "changed, before the alert. Good: nothing fires. Compare it with your list of deploys.",
        unit="time:D MMM HH:mm",
        empty="No alert is known",
        width=4,
        height=_STRIP,
    )


def _loss() -> Panel:
    loss = judged("model_loss_window:loss_mean:mean", f'{MODEL}, window="$loss_window"')
    least = f'model_loss_window:loss_mean_lower_bound:mean{{{MODEL}, window="$loss_window"}}'
    absolute = f'model_loss_window:loss_mean:mean{{{MODEL}, window="$loss_window", loss="absolute_error"}}'
    beyond = f"({loss}) and on (loss) {least} > on (loss) {TOLERATED}"
    visualisation = (
        number()
        .color_mode(common_models.BigValueColorMode.VALUE)
        .text_mode(common_models.BigValueTextMode.VALUE_AND_NAME)
        .orientation(common_models.VizOrientation.HORIZONTAL)
        .text(common.VizTextDisplayOptions().title_size(13).value_size(22))
        .thresholds(steps(BLUE))
        .override_by_regexp(SHARES, properties(unit="percentunit", decimals=1))
        .override_by_query("A", properties(displayName="now"))
        .override_by_query("B", properties(displayName="now", thresholds=crossing(VERMILION)))
        .override_by_query("C", properties(displayName="tolerated", thresholds=crossing(GREY)))
        .override_by_query("D", properties(displayName="mean"))
        .override_by_query("E", properties(displayName="mean", thresholds=crossing(VERMILION)))
    )
    return panel(
        4,
        visualisation,
        [
            now(named(f"({loss}) unless on (loss) ({beyond})"), "{{what}} now", ref_id="A"),
            now(named(beyond), "{{what}} now", ref_id="B"),
            now(f"{named(TOLERATED)} and on () ({loss})", "{{what}} tolerated", ref_id="C"),
            now(f"{absolute} and on () {TOLERATED} unless on () ({beyond})", "Mean error", ref_id="D"),
            now(f"{absolute} and on () ({beyond})", "Mean error", ref_id="E"),
        ],
        title="Loss now",
        description="How wrong the model is, over the loss window, beside what is tolerated. Good: below it. "
        "Red: beyond it with the whole interval; then look at Loss and Why the loss changed. Of numbers, also the mean "
        "error in their own unit.",
        unit="short",
        empty="No outcomes yet",
        width=4,
        height=_STRIP,
    )


def _traffic() -> Panel:
    return panel(
        5,
        number().color_mode(common_models.BigValueColorMode.NONE).decimals(0),
        [now(f"model:records:increase1h{_OF_MODEL}")],
        title="Per hour",
        description="Predictions in the last hour. Good: as many as usual at this time, see panel Traffic below. "
        "None, and there should be: runbook ModelTrafficStopped.",
        unit="short",
        empty="No exporter watches",
        width=3,
        height=_STRIP,
    )


def _newest_label() -> Panel:
    return panel(
        6,
        number()
        .color_mode(common_models.BigValueColorMode.NONE)
        .text_mode(common_models.BigValueTextMode.VALUE_AND_NAME)
        .text(common.VizTextDisplayOptions().title_size(14).value_size(22))
        .decimals(1),
        [now(f"time() - max(model_label_last_timestamp_seconds{_RAW})", "Newest")],
        title="Label",
        description="How old the newest known outcome is. Good: as old as usual, see panel Label delay. "
        "Older: the loss is of then, not of now; look whether the job that writes labels runs.",
        unit="s",
        empty="No labels yet",
        width=3,
        height=_STRIP,
    )


def _version() -> Panel:
    references = f'count(group by (reference) (model_info{{{EXPORTED}, reference!=""}}))'
    state = (
        f"({references} > 1) * 0 + 4"
        f" or (max(model_reference_learned{_RAW}) == 1) * 0 + 2"
        f" or min(model_reference_version_matches{_RAW})"
        f" or {references} * 0 + 3"
        f" or vector(5)"
    )
    texts = {
        0: ("Of another version", ORANGE),
        1: ("Fits its reference", BLUE),
        2: ("Reference learned live", BLUE),
        3: ("No version to compare", BLUE),
        4: ("Several references", ORANGE),
        5: ("No reference", PURPLE),
    }
    version = f"max by (version) (model_info{_RAW})"
    known = f'label_replace({version}, "version", "not named", "version", "")'
    visualisation = (
        number()
        .color_mode(common_models.BigValueColorMode.VALUE)
        .text_mode(common_models.BigValueTextMode.VALUE_AND_NAME)
        .text(common.VizTextDisplayOptions().title_size(14).value_size(15))
        .mappings(names(texts))
        .thresholds(steps(VERMILION))  # the text for no value has their colour, too
    )
    return panel(
        7,
        visualisation,
        [now(f"{known} * on () group_left () ({state})", "Version {{version}}")],
        title="Version",
        description="The version that answers, and whether the reference was made for it. Good: one version that fits. "
        "Two are there during a roll-out; if it stays so, see runbook ModelReferenceMismatch.",
        unit="none",
        empty="No exporter watches",
        width=3,
        height=_STRIP,
    )


STATUS = (_verdict(), _fires(), _since(), _loss(), _traffic(), _newest_label(), _version())
"""Panels of the strip on top."""
