"""Recording rules for whole models: their traffic, and what a fleet's overview shows."""

from __future__ import annotations

from .fleet import LOSS_STATES, STATES, fleet_records
from .rule_files import Group, Record, rule_file

__all__ = ["MISSING", "SILENCE", "USUAL_SILENCE", "documentation", "groups"]

MISSING = "model:records_missing:min"
SILENCE, USUAL_SILENCE = "model:record_age_seconds:min", "model:usual_silence_seconds:min"
"""How old the newest record of a model is, and how old it may be."""

_BUSY = "model:records_busy:ratio1h"
_BLIND = (
    "unless on (model)\n"
    '  (model:exporters:count{state="input_unreadable"} unless on (model) model:exporters:count{state="watching"})'
)

_EXPLANATION = f"""\
Traffic of each model, how much of it was to be expected, and what an overview of many models shows.

model:state:max is {"; ".join(f"{code}: {meaning}" for code, meaning in STATES.items())}.
model:loss_state:max is {"; ".join(f"{code}: {meaning}" for code, meaning in LOSS_STATES.items())}.
"""


def documentation() -> str:
    """The text of the rule file."""
    return rule_file(_EXPLANATION, groups())


def groups() -> list[Group]:
    """The groups of the rule file."""
    return [
        Group("model-drift-traffic", _traffic(), interval="1m"),
        Group("model-drift-overview", fleet_records(), interval="1m"),
    ]


def _traffic() -> list[Record]:
    hour, day = "model:records:increase1h", "model:records:increase24h"
    return [
        Record("model:records:rate5m", "sum by (model) (rate(model_records_total[5m]))"),
        # While no input can be read, no records is no news.
        Record(hour, f"  sum by (model) (increase(model_records_total[1h]))\n{_BLIND}"),
        Record(day, f"sum_over_time({hour}[24h:1h] offset 1ms)"),
        # What came at the same time a day and a week before, the smaller of the two, so that a night or a weekend
        # without traffic is expected; for what is too young for that, the most of its first day.
        _expected(hour, "1h", "1d:5m"),
        _expected(day, "24h", "1d:1h"),
        Record(_BUSY, "avg_over_time((model:records:rate5m > bool 0)[1h:5m])"),
        Record(SILENCE, f"time() - max by (model) (model_last_record_timestamp_seconds)\n{_BLIND}"),
        # The smallest: a replica that is silent for longer than it ever is has stopped, and so have all that are as silent.
        Record(USUAL_SILENCE, "min by (model) (last_over_time(model_traffic_usual_silence_seconds[5m]))"),
        # Of a model whose exporters have been watching for too short a time to know its habit. 20 records were to come and
        # none did: by chance this happens once in 500 million times (a Poisson law), if records come one by one. A batch is no
        # such case: it may come an hour later. So the hour counts only where records come throughout.
        Record(
            MISSING,
            "(\n"
            f"    (model:records_expected:min1h >= 20 and on (model) {_BUSY} offset 1d >= 0.75\n"
            f"      and on (model) {_BUSY} offset 1w >= 0.75 unless on (model) {hour} > 0)\n"
            "  or on (model)\n"
            f"    (model:records_expected:min24h >= 20 and on (model) {day} offset 1w\n"
            f"      unless on (model) sum_over_time({hour}[26h:1h]) > 0)\n"
            ")\n"
            f"unless on (model) {USUAL_SILENCE}",
        ),
    ]


def _expected(records: str, window: str, first_day: str) -> Record:
    return Record(
        f"model:records_expected:min{window}",
        "  min by (model) (\n"
        f'      label_replace({records} offset 1d, "before", "1d", "", "")\n'
        "    or\n"
        f'      label_replace({records} offset 1w, "before", "1w", "", "")\n'
        "  )\n"
        "or on (model)\n"
        f"  max_over_time({records}[{first_day}])",
    )
