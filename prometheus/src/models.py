"""Recording rules for whole models: their traffic, and what a fleet's overview shows."""

from __future__ import annotations

from .fleet import LOSS_STATES, STATES, fleet_records
from .rule_files import Group, Record, rule_file

__all__ = ["documentation", "groups"]

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
        Record(
            hour,
            "  sum by (model) (increase(model_records_total[1h]))\n"
            "unless on (model)\n"
            '  (model:exporters:count{state="input_unreadable"} unless on (model) '
            'model:exporters:count{state="watching"})',
        ),
        Record(day, f"sum_over_time({hour}[24h:1h] offset 1ms)"),
        # What came at the same time a day and a week before, the smaller of the two, so that a night or a weekend
        # without traffic is expected; for what is too young for that, the most of its first day.
        _expected(hour, "1h", "1d:5m"),
        _expected(day, "24h", "1d:1h"),
        # 20 records were to come and none did: by chance this happens once in 500 million times (a Poisson law), if
        # records come one by one.
        Record(
            "model:records_missing:min",
            f"  (model:records_expected:min1h >= 20 unless on (model) {hour} > 0)\n"
            "or on (model)\n"
            f"  (model:records_expected:min24h >= 20 unless on (model) {day} > 0)",
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
