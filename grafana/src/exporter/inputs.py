"""Dashboard Exporter, inputs: which can be read, how far behind they are, what was rejected, and how much comes."""

from __future__ import annotations

from ..colours import BLUE, ORANGE, PURPLE, SAND, names
from ..line_styles import coloured
from ..panels import Panel, lines, panel, states
from ..queries import over_time
from .lines import alike, beside
from .targets import EMPTY, HOURLY, RATE, WHOLE, ever, selected, worst

__all__ = ["INPUTS", "READING"]

_STATES = {
    0: ("Read", BLUE),
    1: ("Started again", SAND),
    2: ("Cannot be read", PURPLE),
    3: ("Exporter down", ORANGE),
    4: ("No exporter", PURPLE),
}
_ROWS = 15
_HEIGHT = 9
_INPUT = "job, instance, input"
_NAMED = "{{instance}} {{input}}"
_UP = "model_drift_exporter_input_up"


def _shown() -> str:
    """The worst inputs of the time range, with the share of it in which each was read. Prometheus finds them once."""
    read = f"avg_over_time({selected(_UP, WHOLE)} @ end())"
    up = f"avg_over_time({selected('up', WHOLE)} @ end())"
    share = f"max by ({_INPUT}) ({ever(read)}) * on (job, instance) group_left () ({up})"
    return f"bottomk({_ROWS}, {share})"


def _state() -> str:
    """A code of ``_STATES`` for each input that is shown, also while its exporter is down."""
    readable = f"max by ({_INPUT}) ({selected(_UP)} and on ({_INPUT}) {_shown()})"
    begun = f"changes({selected('process_start_time_seconds', RATE)}) > 0"
    down = f"{selected('up')} == 0"
    return (
        f"({readable} == 1 and on (job, instance) {begun})"
        f" or (1 - {readable}) * 2"
        f" or ({_shown()} and on (job, instance) {down}) * 0 + 3"
    )


def _order() -> str:
    """1 for each input that is shown, with a label ``_order``: the share of the time in which it was read, and 100."""
    # Of count_values by three labels, Prometheus 2.42 loses some after the first step; without none it keeps all.
    return f'count_values without () ("_order", 100 + round(100 * {_shown()}))'


def _inputs() -> Panel:
    known = selected(_UP, WHOLE)
    nothing = f'4 * label_replace(absent_over_time({known} @ end()), "instance", "None was scraped", "", "")'
    return panel(
        10,
        states().mappings(names(_STATES)),
        [
            over_time(f"({_state()}) * on ({_INPUT}) group_left (_order) {_order()}", _NAMED, interval="1m"),
            # Grafana's timeline does not say why it is empty.
            over_time(nothing, "{{instance}}", ref_id="B", interval="1m"),
        ],
        title="Inputs",
        description=f"A row for each exporter and input, the worst on top ({_ROWS} of them). Good: read throughout. "
        "Cannot be read: see its path in the exporter's log. Exporter down: start it. Started again, several times within "
        "an hour: see its last log lines, and panel Memory. All of them at once: it is the network or Prometheus.",
        unit="none",
        empty=EMPTY,
        width=24,
        height=9,
    )


def _lag() -> Panel:
    seconds, left = "model_drift_exporter_input_lag_seconds", "model_drift_exporter_input_lag_bytes"
    visualisation = alike(600).override_by_query("B", beside("bytes", "Not read yet"))
    return panel(
        11,
        visualisation,
        [
            over_time(worst(seconds, _INPUT, count=5), _NAMED, interval="1m"),
            over_time(worst(left, _INPUT, most=seconds, count=5), _NAMED, ref_id="B", interval="1m"),
        ],
        title="Lag",
        description="How long since each input was last caught up with, and how much is not read yet (axis on the right). "
        "Good: seconds. From 10 minutes on (dashed) it is a ticket. Bytes shrink: wait, it is catching up. Bytes grow: "
        "give the exporter more CPU.",
        unit="s",
        empty="No exporter answers",
        width=12,
        height=_HEIGHT,
    )


def _hourly(by: str, metric: str) -> str:
    """PromQL of how often a counter rose in an hour; where it did, which makes it quick."""
    return f"{HOURLY} * sum{by} ({ever(f'rate({selected(metric, RATE)}) > 0')})"


def _rejected() -> Panel:
    visualisation = (
        lines()
        .min(0)
        .axis_label("Rejected per hour")
        .override_by_query("A", coloured(BLUE))
        .override_by_query("B", beside("short", "Without a time, per hour"))
    )
    return panel(
        12,
        visualisation,
        [
            over_time(
                _hourly(" by (input, reason)", "model_drift_exporter_record_errors_total"),
                "{{reason}} in {{input}}",
                interval="2m",
            ),
            over_time(_hourly("", "model_records_untimed_total"), "Without a time", ref_id="B", interval="2m"),
        ],
        title="Rejected lines",
        description="Lines per hour that could not be read, by reason. Good: none. not_json, no_features: the log's format "
        "changed, or something else writes to it; look at three lines of it. On the right: records without a readable time, "
        "which count at the time before. The strip on top has the share of rejected lines.",
        unit="short",
        empty="No line was rejected, or nothing was read",
        width=12,
        height=_HEIGHT,
    )


def _throughput() -> Panel:
    def total(metric: str) -> str:
        return f"{HOURLY} * sum({ever(f'rate({selected(metric, RATE)})')})"

    visualisation = (
        lines()
        .min(0)
        .axis_label("Records per hour")
        .override_by_name("Records", coloured(BLUE, custom__fillOpacity=15))
        .override_by_name("Bytes", beside("bytes", "Bytes per hour"))
    )
    return panel(
        13,
        visualisation,
        [
            over_time(total("model_records_total"), "Records", interval="1m"),
            over_time(total("model_drift_exporter_input_bytes_total"), "Bytes", ref_id="B", interval="1m"),
        ],
        title="Throughput",
        description="What the chosen exporters read per hour: records, and bytes (axis on the right). Good: as the models' "
        "traffic. Bytes without records: lines are rejected, or they are labels. Neither: the models are silent, or inputs "
        "unreadable.",
        unit="short",
        empty="Nothing was read in this time",
        width=12,
        height=_HEIGHT,
    )


def _queue() -> Panel:
    visualisation = alike().override_by_query(
        "B", coloured(ORANGE, custom__axisPlacement="right", custom__axisLabel="Refused per hour", unit="short")
    )
    refused = _hourly(f" by ({_INPUT})", "model_drift_exporter_input_dropped_total")
    return panel(
        22,
        visualisation,
        [
            over_time(worst("model_drift_exporter_input_queue_bytes", _INPUT), _NAMED, interval="1m"),
            over_time(refused, _NAMED, ref_id="B", interval="1m"),
        ],
        title="Queue",
        description="What was sent by HTTP and waits to be read; requests that were refused (axis on the right) because the "
        "queue was full. Good: near 0, none refused. Refused: senders must try again; give the exporter more CPU.",
        unit="bytes",
        empty="No exporter answers, or none takes records by HTTP",
        width=12,
        height=_HEIGHT,
    )


INPUTS = (_inputs(),)
"""The timeline of inputs."""

READING = (_lag(), _rejected(), _throughput(), _queue())
"""Panels below it."""
