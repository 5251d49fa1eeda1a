"""Dashboard Exporter, the process: memory, CPU, scrapes and series."""

from __future__ import annotations

from ..colours import ORANGE
from ..line_styles import coloured
from ..links import data_link
from ..panels import Panel, panel, properties
from ..queries import over_time
from ..variables import CHOSEN_MODELS
from .lines import alike
from .targets import RATE, WHOLE, ever, selected, worst

__all__ = ["PROCESS"]

_HEIGHT = 9
_EMPTY = "No exporter answers"


def _memory() -> Panel:
    return panel(
        23,
        alike(),
        [over_time(worst("process_resident_memory_bytes"), "{{instance}}", interval="1m")],
        title="Memory",
        description="Resident memory of the exporters that take most. Good: flat, and well below the limit; 128 MiB are enough "
        "for most. Falling to nothing again and again: it is killed for memory (exit code 137); raise the limit.",
        unit="bytes",
        empty=_EMPTY,
        width=12,
        height=_HEIGHT,
    )


def _cpu() -> Panel:
    used = "process_cpu_seconds_total"
    most = f"topk(10, {ever(f'rate({selected(used, WHOLE)} @ end())')})"
    now = f"rate({selected(used, RATE)}) and on (job, instance) {most}"
    return panel(
        24,
        alike(),
        [over_time(f"max by (job, instance) ({now})", "{{instance}}", interval="1m")],
        title="CPU",
        description="Cores in use, of the exporters that take most. Good: a few hundredths; one core reads more than 100,000 "
        "records a second. At its limit, and panel Lag grows: raise the limit.",
        unit="suffix: cores",
        empty=_EMPTY,
        width=12,
        height=_HEIGHT,
    )


def _scrapes() -> Panel:
    return panel(
        25,
        alike(),
        [over_time(worst("model_drift_exporter_scrape_duration_seconds"), "{{instance}}", interval="1m")],
        title="Scrapes",
        description="How long collecting the metrics takes, where it takes longest. Good: far below a second. Above 1 s: too "
        "many series; lower limits.series_per_model, or scrape less often.",
        unit="s",
        empty=_EMPTY,
        width=12,
        height=_HEIGHT,
    )


def _series() -> Panel:
    exported = worst("model_drift_exporter_series", "model", also=CHOSEN_MODELS)
    suppressed = worst("model_drift_exporter_series_suppressed", "model", also=CHOSEN_MODELS)
    link = data_link("Open this model", "model", model="${__field.labels.model:percentencode}")
    visualisation = (
        alike().override_by_regexp("/.*/", properties(links=[link])).override_by_query("B", coloured(ORANGE))
    )
    return panel(
        26,
        visualisation,
        [
            over_time(exported, "{{model}}", interval="1m"),
            over_time(f"({suppressed}) > 0", "{{model}}, suppressed", ref_id="B", interval="1m"),
        ],
        title="Series",
        description="Time series of one exporter for each model, most first. Good: flat, none suppressed. Suppressed: some "
        "features have no series, though alerts still cover them; raise limits.series_per_model if Prometheus can take it.",
        unit="short",
        empty=_EMPTY,
        width=12,
        height=_HEIGHT,
    )


PROCESS = (_memory(), _cpu(), _scrapes(), _series())
"""Panels of the row."""
