"""Dashboard Model, evidence: how near each alert is to firing, and when each one did."""

from __future__ import annotations

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.models import common as common_models

from prometheus.src.evidence import EVIDENCE as EVIDENCE_OF_ALERTS
from prometheus.src.evidence import USUAL

from ..alerts import NAMES, evidence, facts, judged, runbook, threshold
from ..colours import BLUE, ORANGE, SAND, TRANSPARENT, VERMILION, names, steps
from ..line_styles import by_thresholds, crossing, last_values
from ..panels import Panel, lines, panel, properties, states
from ..queries import over_time
from ..states import STATES
from ..variables import EXPORTED, MODEL

__all__ = ["EVIDENCE"]

_LARGEST = 150
_CANNOT_BE_JUDGED = 1
_NOTHING = -1
_USUAL_AGAIN = 5
_HEIGHT = 8
_NOT_JUDGED = f"min by (reason) (model_not_evaluable{{{EXPORTED}}})"


def _evidence() -> Panel:
    def share(severity: str) -> str:
        return f"clamp(100 * ({judged(severity)}) / {threshold()}, 0, {_LARGEST})"

    visualisation = (
        lines()
        .color_scheme(by_thresholds())
        .gradient_mode(common_models.GraphGradientMode.SCHEME)
        .thresholds(steps(BLUE, (100, VERMILION)))
        .thresholds_style(common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED))
        .override_by_query("B", properties(thresholds=crossing(BLUE, (100, ORANGE))))
        .legend(last_values())
        .min(0)
        .max(_LARGEST)
        .decimals(0)
    )
    for name, (text, _) in NAMES.items():
        visualisation = visualisation.override_by_name(name, properties(displayName=text))
    return panel(
        10,
        visualisation,
        [
            over_time(share("page"), "{{alert}}", ref_id="A", interval="1m"),
            over_time(share("ticket"), "{{alert}}", ref_id="B", interval="1m"),
        ],
        title="Evidence against thresholds",
        description="How strongly the data speak against 'all is as in the reference', as a share of what fires each "
        "alert. At 100 % it fires, and is held there until the data are back to usual. Good: low and "
        "flat. Evidence is counted in powers of ten, and half comes by itself within weeks; a line that "
        "climbs steadily will fire: look at the panels below for what moves. Drawn up to 150 %. No line: it cannot be "
        "judged.",
        unit="percent",
        empty="Nothing to judge by: see Cannot be judged below, or no exporter watches this model",
        width=14,
        height=_HEIGHT,
    )


def _alerts() -> Panel:
    none = f"absent_over_time({EVIDENCE_OF_ALERTS}{{{MODEL}}}[$__range] @ end())"

    def state(severity: str, code: int) -> str:
        unknown = f"({judged(severity, yes=False)}) * 0 + {_CANNOT_BE_JUDGED}"
        usual = f'{USUAL}{{{MODEL}, severity="{severity}"}} * 0 + {_USUAL_AGAIN}'
        return f"{usual} or {unknown} or ({evidence(severity)} >= bool {threshold()}) * {code}"

    shown = {**STATES, _USUAL_AGAIN: ("Held, usual again", SAND), _NOTHING: ("Nothing recorded", TRANSPARENT)}
    visualisation = states().mappings(names(shown))
    for identifier in ("A", "B", "C", "D"):  # the row that says why there is none has no runbook
        links = [runbook("${__field.labels.alert}")]
        visualisation = visualisation.override_by_query(identifier, properties(links=links))
    for name, (text, _) in NAMES.items():
        visualisation = visualisation.override_by_name(name, properties(displayName=text))
    return panel(
        11,
        visualisation,
        [
            over_time(state("page", 3), "{{alert}}", ref_id="A", interval="1m"),
            over_time(state("ticket", 2), "{{alert}}", ref_id="B", interval="1m"),
            over_time(facts(), "{{alert}}", ref_id="C", interval="1m"),
            over_time(
                f'label_replace(max({_NOT_JUDGED}) == {_CANNOT_BE_JUDGED}, "alert", "ModelDriftNotEvaluable", "", "")',
                "Cannot be judged",
                ref_id="D",
                interval="1m",
            ),
            # Grafana's timeline does not say why it is empty.
            over_time(
                f'label_replace({none} * {_NOTHING}, "alert", "No exporter watched this model", "", "")',
                "{{alert}}",
                ref_id="E",
                interval="1m",
            ),
        ],
        title="Alerts",
        description="When each alert fired: pages first, then tickets, then what is no matter of evidence, if it "
        "fired. Good: quiet throughout. Purple: cannot be judged; panel Cannot be judged says why, or nothing has "
        "come to judge by since a deploy. Sand: held although the latest are usual again; its text says for how many "
        "more. What began first is nearest to the cause. A click on a row leads to its runbook.",
        unit="none",
        empty="No evidence: no exporter watches this model",
        width=10,
        height=_HEIGHT,
    )


EVIDENCE = (_evidence(), _alerts())
"""Panels below the strip."""
