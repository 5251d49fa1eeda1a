"""The command line. Each command imports what it needs, so that none pays for another."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from . import __version__
from .configuration.settings_command import SettingsCommand, labels_option
from .errors import ConfigurationError, ModelDriftExporterError

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="model-drift-exporter")
def cli() -> None:
    """Turns a model's prediction log into drift metrics for Prometheus."""


@cli.command(cls=SettingsCommand)
@labels_option
@click.option("--once", is_flag=True, help="Read to the end, print the metrics on standard output, and stop.")
@click.argument("logs", metavar="[LOG ...]", nargs=-1)
def run(once: bool, logs: tuple[str, ...], labels: tuple[str, ...], **flags: Any) -> None:
    """Follow prediction logs and serve drift metrics.

    LOG is a JSONL or CSV file, compressed or not, a glob in quotes, or - for standard input. Without --reference the
    first records of each model serve as its reference.
    """
    from .commands.run import run_once, serve
    from .configuration.flags import settings_from

    settings = settings_from(flags, logs, labels)
    if once:
        sys.exit(run_once(settings))
    serve(settings, lambda: settings_from(flags, logs, labels))


@cli.command(cls=SettingsCommand)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="File to write the profile to.")
@click.argument("rows", metavar="ROWS ...", nargs=-1, required=True)
def profile(output: Path, rows: tuple[str, ...], **flags: Any) -> None:
    """Build a reference profile from rows of inputs and predictions.

    ROWS are JSONL, CSV or Parquet files, compressed or not, that the model was accepted on: not its training rows. With
    a label in them the profile holds the reference loss too.
    """
    from .commands.profile import write_profile
    from .configuration.flags import settings_from

    write_profile(settings_from(flags, rows), output)


@cli.command(cls=SettingsCommand)
@labels_option
@click.option("--format", "kind", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--backfill",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the metrics of the past there, as OpenMetrics for: promtool tsdb create-blocks-from openmetrics FILE.",
)
@click.option(
    "--backfill.step",
    "step",
    default="1m",
    show_default=True,
    metavar="DURATION",
    help="Time between two samples. The recording rules count over five minutes and need some samples in them: with 5m or "
    "more, recorded PSI is empty. A file is as many times smaller as the step is longer.",
)
@click.option("--backfill.end", "end", metavar="TIME", help="Move the end of history to this time: RFC 3339, or now.")
@click.option("--backfill.job", "job", help="Label job of the samples.  [default: model-drift-exporter]")
@click.option(
    "--backfill.instance",
    "instance",
    help="Label instance of the samples; another one for the log of each replica.  [default: replay]",
)
@click.argument("logs", metavar="LOG ...", nargs=-1, required=True)
def replay(logs: tuple[str, ...], labels: tuple[str, ...], **flags: Any) -> None:
    """Make the decisions of run on history, and print each alert that would have fired.

    Predictions and labels are merged by their event times, on a virtual clock, as fast as the machine can. The exit code is
    0 whether or not anything fired.
    """
    from .commands.replay.replay import backfill_options, replay_logs
    from .commands.replay.reports import REPORTS
    from .configuration.flags import settings_from
    from .service.logs import configure_logging

    settings = settings_from(flags, logs, labels)
    target = {name: flags[name] for name in ("job", "instance") if flags[name]}
    backfill = backfill_options(flags["folder"], flags["step"], flags["end"], **target)
    configure_logging(settings.log.level, settings.log.format)
    sys.exit(replay_logs(settings, REPORTS[flags["kind"]](sys.stdout), backfill))


@cli.command(cls=SettingsCommand)
@labels_option
@click.argument("logs", metavar="[LOG ...]", nargs=-1)
def check(logs: tuple[str, ...], labels: tuple[str, ...], **flags: Any) -> None:
    """Say what would be read, and every mistake.

    Validates the configuration; given a LOG, tells its fields, the kinds of its features, its first bad lines, and how many
    series it would export.
    """
    from .commands.check.check import check_settings
    from .configuration.flags import settings_from

    sys.exit(check_settings(settings_from(flags, logs, labels)))


@cli.command()
@click.option(
    "--seconds", type=click.FloatRange(10, 3600), default=100.0, show_default=True, help="How long to replay."
)
@click.option("--web.listen-address", "address", default="127.0.0.1:9877", show_default=True, metavar="HOST:PORT")
@click.option("--stream", type=click.Choice(["auto", "flights", "generated"]), default="auto", show_default=True)
def demo(seconds: float, address: str, stream: str) -> None:
    """Watch drift happen: a model's traffic is replayed, with an incident half-way."""
    from .commands.demo import run_demo

    sys.exit(run_demo(seconds, address, stream))


def main() -> None:
    """Entry point: errors of ours become one text on standard error and their exit code."""
    # NumPy is not imported yet. Its linear algebra is not used here, and idle threads of it cost start-up time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        cli(prog_name="model-drift-exporter")
    except ModelDriftExporterError as error:
        problems = error.problems if isinstance(error, ConfigurationError) else ()
        if len(problems) > 1:
            for problem in problems:
                click.echo(str(problem), err=True)
            click.echo(f"error: {len(problems)} mistakes in the configuration", err=True)
        else:
            click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
