"""Tables of alerts and panels, and the settings of monitors, between marks of pages that are written by hand.

``python -m scripts.indexes`` writes them, or says with --check which are out of date.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from grafana.src.links import DASHBOARDS
from model_drift_exporter.monitors import MONITORS, MonitorSpec, alarms_of, sections_of
from model_drift_exporter.settings.declarations import all_settings
from prometheus.src import exporter_alerts, model_alerts
from prometheus.src.rule_files import Alert
from scripts.generated import between, generate

__all__ = ["FOLDER", "alarm_table", "alert_tables", "files", "main", "named_panels", "panel_table", "settings_example"]

FOLDER = Path(__file__).resolve().parents[1]
_RUNBOOKS = "docs/runbooks"
_SETTINGS = ("# Settings of monitors: written by scripts/indexes.py\n", "# end of settings of monitors\n")
_WIDTH = 100
_KINDS = {"page": "woken by (page)", "ticket": "in daylight (ticket)"}
_NAMED = re.compile(r"[Dd]ashboard \*(\w+)\*, panel \*([^*]+)\*")


def files(folder: Path = FOLDER, monitors: Sequence[MonitorSpec] = MONITORS) -> dict[str, str]:
    """Text of each page with such tables by its path, as it should be."""
    runbooks = folder / _RUNBOOKS
    index, readme = f"{_RUNBOOKS}/README.md", "README.md"
    text = _filled((folder / index).read_text(), "alerts", alert_tables(monitors))
    example = "docs/exporter.example.yaml"
    pages = (page.read_text() for page in sorted(runbooks.glob("*.md")) if page.stem != "README")
    return {
        readme: _filled((folder / readme).read_text(), "alarms", alarm_table(monitors)),
        index: _filled(text, "panels", panel_table(named_panels(pages))),
        example: between((folder / example).read_text(), *_SETTINGS, settings_example(monitors)),
    }


def alert_tables(monitors: Sequence[MonitorSpec]) -> str:
    """A table of runbooks for each severity that reaches a person, in the order of the rules."""
    alerts = [
        rule
        for group in (*model_alerts.groups(monitors), *exporter_alerts.groups())
        for rule in group.rules
        if isinstance(rule, Alert)
    ]
    return "\n".join(
        _table(
            (head, "in one line"),
            (
                (f"[{alert.name}]({alert.name}.md)", alert.annotations["summary"])
                for alert in alerts
                if alert.severity == severity
            ),
        )
        for severity, head in _KINDS.items()
    )


def alarm_table(monitors: Sequence[MonitorSpec]) -> str:
    """The alerts that the exporter decides."""
    return _table(
        ("alert", "severity", "fires when the evidence says"),
        (
            (f"[`{alarm.alert}`]({_RUNBOOKS}/{alarm.alert}.md)", alarm.severity, alarm.summary)
            for alarm in alarms_of(monitors)
        ),
    )


def named_panels(runbooks: Iterable[str]) -> dict[str, list[str]]:
    """The panels that the texts of runbooks name, by dashboard from the top down, each in the order of the alphabet."""
    named = {pair for text in runbooks for pair in _NAMED.findall(" ".join(text.split()))}
    return {
        name.capitalize(): panels
        for name in DASHBOARDS
        if (panels := sorted(panel for dashboard, panel in named if dashboard.lower() == name))
    }


def panel_table(named: Mapping[str, Sequence[str]]) -> str:
    """Panels by dashboard."""
    return _table(("dashboard", "panels"), ((name, ", ".join(panels)) for name, panels in named.items()))


def settings_example(monitors: Sequence[MonitorSpec]) -> str:
    """The sections of monitors in the example of a configuration, with their defaults, each with what it means."""
    parts = []
    for name, section in sections_of(monitors).items():
        lines = [f"\n# {(section.__doc__ or '').partition(chr(10))[0]}\n{name}:\n"]
        for setting in all_settings(section):
            value = f"  {setting.key}: {setting.shown_default}"
            lines += [*(f"  # {line}\n" for line in textwrap.wrap(setting.help, _WIDTH)), f"{value}\n"]
        parts.append("".join(lines))
    return "".join(parts) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _filled(text: str, name: str, table: str) -> str:
    return between(
        text, f"<!-- {name}: written by scripts/indexes.py -->\n", f"<!-- end of {name} -->\n", f"\n{table}\n"
    )


def main(arguments: list[str], folder: Path = FOLDER) -> int:
    """See :func:`scripts.generated.generate`."""
    return generate(arguments, "", folder, files(folder))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
