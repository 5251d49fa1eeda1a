"""Dashboard Exporter: do the watchers themselves work?"""

from __future__ import annotations

from ..annotations import mark
from ..colours import SAND
from ..page import Page, Row
from ..variables import data_source, instance, job, several
from .inputs import INPUTS, READING
from .process import PROCESS
from .state import STATE
from .status import STATUS
from .targets import TARGETS, of, selected

__all__ = ["EXPORTER"]

_STARTED = "process_start_time_seconds"
_START = selected(_STARTED)

EXPORTER = Page(
    name="exporter",
    title="Exporter",
    description="The watchers themselves: do they run, read, keep up, remember, and fit into their machines?",
    variables=[
        data_source(),
        job(),
        # As recorded and not as exported: with the models of exporters that are down, and those that have none yet.
        several("model", "Model", f'label_values({TARGETS}{{job=~"$job"}}, model)'),
        instance(),
    ],
    rows=[
        Row(STATUS),
        Row(INPUTS),
        Row(READING),
        Row(STATE, "State and configuration", 90),
        Row(PROCESS, "Process", 91),
    ],
    annotations=[
        # Also after it was down for up to an hour: what was before is what was known last.
        mark(
            "Starts",
            of(f"{_START} > last_over_time({selected(_STARTED, '[1h]')} offset $__interval)"),
            "Started again: {{instance}}",
            "",
            SAND,
        )
    ],
    since="now-6h",
)
