"""Dashboard Model, harm: the realised loss against what is tolerated, and where its change comes from."""

from __future__ import annotations

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.models import common as common_models

from ..colours import BLUE, GREY, SKY, VERMILION
from ..line_styles import coloured, dashed
from ..panels import Panel, lines, panel, properties
from ..queries import over_time
from ..variables import MODEL

__all__ = ["LOSS", "SHARES", "TOLERATED", "judged", "named"]

SHARES = "/^(Error rate|Bounded error)/"
"""Names of the losses that are shares."""

TOLERATED = f"model_loss:loss_tolerated_mean:max{{{MODEL}}}"
"""The largest loss that is tolerated, of the one loss of a model that is judged."""

_REFERENCE = f"model_loss:loss_reference_mean:max{{{MODEL}}} and on (loss) {TOLERATED}"
_HEIGHT = 7
_WITHOUT = "No outcomes yet: labels have not come, or are not old enough to count"


def judged(name: str, matchers: str) -> str:
    """Of a series by loss, the loss that is judged; without labels in the reference, the one that would be."""
    return (
        f"{name}{{{matchers}}} and on (loss) {TOLERATED}"
        f' or {name}{{{matchers}, loss=~"zero_one|absolute_error"}} unless on () {TOLERATED}'
    )


def named(expression: str) -> str:
    """A vector by loss with the label ``what``: what this loss is called. Only the mean error has no share as its unit."""
    for loss, name in ((".+", "Mean error"), ("zero_one", "Error rate"), ("bounded_absolute_error", "Bounded error")):
        expression = f'label_replace({expression}, "what", "{name}", "loss", "{loss}")'
    return expression


def _loss() -> Panel:
    def bound(name: str) -> str:
        return named(judged(f"model_loss_window:loss_mean_{name}_bound:mean", f'{MODEL}, window="$loss_window"'))

    loss = judged("model_loss_window:loss_mean:mean", f'{MODEL}, window="$loss_window"')
    visualisation = lines().min(0).override_by_regexp(SHARES, properties(unit="percentunit"))
    for what in ("Error rate", "Bounded error", "Mean error"):
        visualisation = visualisation.override_by_name(
            f"{what}, upper end",
            coloured(BLUE, custom__fillBelowTo=f"{what}, lower end", custom__fillOpacity=20, custom__lineWidth=0),
        ).override_by_name(f"{what}, lower end", coloured(BLUE, custom__lineWidth=0))
    visualisation = (
        visualisation.override_by_regexp("/ end$/", properties(custom__hideFrom=_out_of_legend()))
        .override_by_query("A", coloured(BLUE))
        .override_by_query("D", dashed(GREY))
        .override_by_query("E", dashed(VERMILION))
    )
    return panel(
        20,
        visualisation,
        [
            over_time(named(loss), "{{what}} now", ref_id="A", interval="1m"),
            over_time(bound("lower"), "{{what}}, lower end", ref_id="B", interval="1m"),
            over_time(bound("upper"), "{{what}}, upper end", ref_id="C", interval="1m"),
            over_time(named(_REFERENCE), "{{what}} in the reference", ref_id="D", interval="1m"),
            over_time(named(TOLERATED), "{{what}} tolerated", ref_id="E", interval="1m"),
        ],
        title="Loss",
        description="How wrong the model is on the outcomes of the loss window, with its 95 % interval. Good: below "
        "the red dashed line, the most that is tolerated. The whole band above it: act. Harm shows late, "
        "by as long as labels take. Bounded error: that of numbers, as a share of a large one, which one in "
        "twenty exceeded in the reference.",
        unit="short",
        empty=_WITHOUT,
        width=14,
        height=_HEIGHT,
    )


def _why() -> Panel:
    def part(name: str) -> str:
        return judged(f"model_loss_window:loss_change_from_{name}:mean", f'{MODEL}, window="$loss_window"')

    # Grafana stacks a line either up or down: of one that changes its sign it would draw one side only.
    def worse(name: str) -> str:
        return f"clamp_min({part(name)}, 0)"

    def better(name: str) -> str:
        return f"({part(name)}) < 0"

    visualisation = (
        lines()
        .fill_opacity(70)
        .line_width(0)
        .stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL).group("A"))
        .override_by_regexp(SHARES, properties(unit="percentunit"))
        .override_by_query("A", coloured(BLUE))
        .override_by_query("B", coloured(SKY))
        .override_by_query("D", coloured(BLUE, custom__hideFrom=_out_of_legend()))
        .override_by_query("E", coloured(SKY, custom__hideFrom=_out_of_legend()))
        .override_by_query(
            "C", dashed(VERMILION, custom__stacking={"mode": "none", "group": "A"}, custom__fillOpacity=0)
        )
    )
    return panel(
        21,
        visualisation,
        [
            over_time(named(worse("inputs")), "{{what}}: other cases came in", ref_id="A", interval="1m"),
            over_time(named(worse("relation")), "{{what}}: the relation moved", ref_id="B", interval="1m"),
            over_time(named(better("inputs")), "{{what}}: easier cases came in", ref_id="D", interval="1m"),
            over_time(named(better("relation")), "{{what}}: the relation got better", ref_id="E", interval="1m"),
            over_time(
                named(f"{TOLERATED} - on (loss) ({_REFERENCE})"),
                "{{what}}: rise tolerated",
                ref_id="C",
                interval="1m",
            ),
        ],
        title="Why the loss changed",
        description="The rise of the loss over the reference, in two parts. Other cases came in: more of those that "
        "the model always found hard; look at Features. The relation moved: the same score now ends "
        "otherwise; look at Labels first, then retrain. Good: together below the dashed line. Below zero: what "
        "made it better.",
        unit="short",
        empty=_WITHOUT,
        width=10,
        height=_HEIGHT,
    )


def _out_of_legend() -> dict[str, bool]:
    return {"legend": True, "tooltip": False, "viz": False}


LOSS = (_loss(), _why())
"""Panels about harm."""
