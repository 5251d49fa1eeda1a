"""The reference of all settings, rendered from their declarations as ``docs/configuration.md``."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ..settings.declarations import Setting, all_settings, section_class
from .settings import InputSettings, Settings

__all__ = ["documentation"]

_INTRODUCTION = """\
<!-- Generated from the settings by `make generate`; edit exporter/model_drift_exporter/configuration/settings.py instead. -->

# Configuration

Every setting has a default: `model-drift-exporter run predictions.jsonl` works without a configuration. A setting is
written in a YAML file, given by `--config.file`, or as a flag; the flag wins. LOG arguments on the command line replace
the `inputs` of the file. [exporter.example.yaml](exporter.example.yaml) is a commented file to begin with, and
`model-drift-exporter check --config.file=FILE` reports all mistakes at once, each with its line and column.

* A section is a mapping in the file and the first part of a flag: `web.listen_address` is `listen_address` under
  `web:`, and `--web.listen-address`. Keys can be written with hyphens too.
* A list has one flag for each item: `--reference=a.json --reference=b.json`. In the file, a list of one item can be
  written as the item alone. `--windows` takes several separated by commas.
* A switch is turned off by `--no-`: `--no-ingest.enabled`.
* Durations are whole numbers with units, the largest first: `250ms`, `90s`, `1h30m`, `7d`.
* Sizes are bytes, `512KiB`, `8MiB` or `1GiB`.
* Values are read as they are typed: `positive_class: yes` is the class "yes".
"""


def documentation() -> str:
    """The text of ``docs/configuration.md``."""
    parts = [_INTRODUCTION]
    own = [setting for setting in all_settings(Settings) if len(setting.path) == 1]
    parts.append(_table("General", "", own))
    inputs = [attrs.evolve(setting, path=("inputs[]", *setting.path)) for setting in all_settings(InputSettings)]
    parts.append(_table("`inputs`", "The logs to follow, a list; in the file only.", inputs, in_file_only=True))
    for attribute in attrs.fields(Settings):
        section = section_class(attribute)
        if section is not None:
            text = attribute.metadata["help"].replace("``", "`")
            parts.append(_table(f"`{attribute.name}`", text, all_settings(section, (attribute.name,))))
    return "\n".join(parts)


def _table(title: str, text: str, settings: Iterable[Setting], in_file_only: bool = False) -> str:
    lines = [f"## {title}", ""]
    if text:
        lines += [text, ""]
    lines += ["| key | flag | value | default | meaning |", "| --- | --- | --- | --- | --- |"]
    for setting in settings:
        flag = f"`{setting.flag}`" if setting.flag and not in_file_only else "in the file only"
        default = setting.unset or f"`{setting.shown_default}`"
        cells = (f"`{setting.key}`", flag, setting.kind.title, default, setting.help)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
