"""Recording rules that merge what replicas count, and what their references say, for each meaning of the bins."""

from __future__ import annotations

from .roles import ORDINALS, ROLES, VALID_BINS, Role
from .rule_files import Group, Record, rule_file

__all__ = ["EXPLANATION", "documentation", "groups"]

EXPLANATION = """\
Counts merged over replicas, for each reference: the same bin of two references has two meanings, and during a roll-out both
are there. Five minutes at a time: an hour is then the sum of twelve pieces that were merged while their replica was alive,
so that neither the end of a pod nor a new reference takes its last hour away or gives it to another reference. A restart
within five minutes is handled by increase(), which comes before the sum.

The interval of model-drift-counts must divide five minutes, and five minutes must hold two scrapes, better ten.
"""

_REFERENCE = """\
  * on (job, instance, model) group_left (reference)
    topk by (job, instance, model) (1, group by (job, instance, model, reference) (model_info{reference!=""}))"""


def documentation() -> str:
    """The text of the rule file."""
    return rule_file(EXPLANATION, groups())


def groups() -> list[Group]:
    """The groups of the rule file."""
    return [
        Group("model-drift-counts", [_pieces(role) for role in ROLES], interval="1m"),
        Group("model-drift-references", [rule for role in ROLES for rule in _reference(role)], interval="4m"),
    ]


def _pieces(role: Role) -> Record:
    return Record(
        role.of_cell("observations", "increase5m"),
        f"sum by ({role.cell}) (\n    increase(model_{role.name}_observations_total[5m])\n{_REFERENCE}\n)",
    )


def _reference(role: Role) -> list[Record]:
    counts = role.of_cell("reference_observations", "max")
    total = role.of_column("reference_observations", "sum")
    bins = role.of_column("bins", "count")
    return [
        Record(counts, _joined(role, "reference_observations")),
        Record(total, f"sum by ({role.column}) ({counts}) > 0"),
        Record(bins, f"count by ({role.column}) ({counts})"),
        Record(
            role.of_cell("reference_observations", "ratio"),
            f"  ({counts} + 0.5)\n/ on ({role.column}) group_left ()\n  ({total} + 0.5 * {bins})",
        ),
        Record(role.of_cell("reference_observations", "share"), f"{counts} / on ({role.column}) group_left () {total}"),
        *distribution(
            role,
            counts,
            role.of_column("reference_valid_observations", "sum"),
            role.of_cell("reference_distribution", "ratio"),
        ),
        Record(role.of_cell("reference_bin_mean", "max"), _joined(role, "reference_bin_mean")),
        Record(
            role.of_column("reference_standard_deviation", "max"),
            _joined(role, "reference_standard_deviation", cell=False),
        ),
        *_steps(role),
    ]


def _joined(role: Role, metric: str, *, cell: bool = True) -> str:
    by = role.cell if cell else role.column
    return f"max by ({by}) (\n    model_{role.name}_{metric}\n{_REFERENCE}\n)"


def distribution(role: Role, counts: str, valid: str, name: str) -> list[Record]:
    """The distribution function of valid numbers at the upper end of each bin, one rule for each.

    ``valid`` is the name under which the number of valid numbers is recorded.
    """
    rules = [Record(valid, f'sum by ({role.column}) ({counts}{{bin=~"{VALID_BINS}"}}) > 0')]
    for number, ordinal in enumerate(("__below__", *ORDINALS)):
        pattern = "|".join(("__below__", *ORDINALS[:number]))
        rules.append(Record(name, f'sum by ({role.column}) ({counts}{{bin=~"{pattern}"}}) / {valid}', {"bin": ordinal}))
    return rules


def _steps(role: Role) -> list[Record]:
    # From what stands for a bin to what stands for the next: its mean; the minimum and the maximum for those outside.
    mean = role.of_cell("reference_bin_mean", "max")
    deviation = role.of_column("reference_standard_deviation", "max")
    rules = []
    following = (*ORDINALS, "__above__")
    for ordinal, after in zip(("__below__", *ORDINALS), following, strict=True):
        higher = f'{mean}{{bin="{after}"}}'
        if after not in {"b00", "__above__"}:
            # A column with tied edges has fewer bins; the last one is followed by what is above the range.
            higher = f'({higher} or on ({role.column}) {mean}{{bin="__above__"}})'
        rules.append(
            Record(
                role.of_cell("reference_step", "ratio"),
                "clamp_min(\n"
                f'    ({higher} - on ({role.column}) {mean}{{bin="{ordinal}"}})\n'
                f"  / on ({role.column})\n"
                f"    ({deviation} > 0),\n"
                "  0\n"
                ")",
                {"bin": ordinal},
            )
        )
    return rules
