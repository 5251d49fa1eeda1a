"""A command with the flags of all settings, which are made when it is called: ``--version`` does not load what they need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

__all__ = ["SettingsCommand", "labels_option"]

Command = TypeVar("Command", bound="Callable[..., Any] | click.Command")


class SettingsCommand(click.Command):
    """Has ``--config.file`` and a flag for every setting; ``--help`` lists those of each section under its heading."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        from .flags import settings_parameters

        return [*settings_parameters(), *super().get_params(ctx)]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from .flags import SEPARATOR, headings

        groups: dict[str, list[tuple[str, str]]] = {"Options": []}
        names = headings()
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and record[1]:
                section, separator, _ = (parameter.name or "").partition(SEPARATOR)
                groups.setdefault(names[section] if separator else "Options", []).append(record)
        for heading, records in groups.items():
            with formatter.section(heading):
                formatter.write_dl(records)


def labels_option(command: Command) -> Command:
    """Adds ``--labels``, for the ``labels`` of ``settings_from``, and ``--labels-framing``."""
    framing = click.option(
        "--labels-framing", "labels_framing", metavar="VALUE", help="As --framing, of each --labels."
    )
    return click.option(
        "--labels",
        "labels",
        multiple=True,
        metavar="GLOB",
        help="Labels to join with the predictions: a file or a glob; an input of its own. Can be given again.",
    )(framing(command))
