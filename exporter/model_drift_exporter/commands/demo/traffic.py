"""An endless prediction log: ``python -m model_drift_exporter.commands.demo.traffic --output predictions.jsonl``.

Stands for a model that writes down its predictions, where there is none, as in docker-compose.yml.
"""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from pathlib import Path
from types import FrameType

import attrs
import click
import numpy as np

from ...errors import ReferenceProfileError
from ...settings.values import SettingError, parse_duration
from .demo_replay import write_reference
from .generated import Orders, generated_scenario
from .prediction_log import PredictionLog

__all__ = ["Traffic", "main"]

_STEP_SECONDS = 0.2
_LONGEST_GAP_SECONDS = 10.0


@attrs.define(eq=False)
class Traffic:
    """Writes orders as they come, about ``rate`` a second on a day's average, and their labels when the meals are there.

    A file that has reached ``rotate_bytes`` is renamed to ``….1``, replacing the one before. ``incident_at`` is the time
    (seconds since the epoch) from which the incident changes what arrives. With a ``label_speed`` of 20 a label that
    takes 40 minutes in life is there after two.
    """

    output: Path
    rate: float
    incident_at: float
    rotate_bytes: int
    started: float
    seed: int = 1
    label_speed: float = 1.0
    _orders: Orders = attrs.field(init=False)
    _log: PredictionLog = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._log = PredictionLog(generated_scenario(), self.incident_at)
        random = np.random.default_rng([self.seed, int(self.started)])
        self._orders = Orders(random, self.rate * 3600, self.started)

    def step(self, now: float) -> None:
        """Write what has come since the last step.

        After a sleep of the machine there is no backlog, and no silence after a clock was set back.
        """
        if abs(now - self._orders.since) > _LONGEST_GAP_SECONDS:
            self._orders.since = now - _LONGEST_GAP_SECONDS
        placed = self._orders.until(now)
        outcome_time = placed.time + (placed.outcome_time - placed.time) / self.label_speed
        self._log.answer(attrs.evolve(placed, outcome_time=outcome_time))
        if not (data := self._log.due(now)):
            return
        with contextlib.suppress(FileNotFoundError):
            if self.output.stat().st_size + len(data) > self.rotate_bytes:
                self.output.replace(self.output.with_name(f"{self.output.name}.1"))
        with self.output.open("ab") as file:
            file.write(data)


def _incident_after(_context: click.Context, _parameter: click.Parameter, text: str) -> float:
    try:
        return math.inf if text == "never" else parse_duration(text)
    except SettingError as error:
        raise click.BadParameter(str(error)) from error


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The log to write.")
@click.option("--rate", type=click.FloatRange(0.1, 5_000), default=50.0, show_default=True, help="Records a second.")
@click.option(
    "--incident-after",
    metavar="DURATION|never",
    callback=_incident_after,
    default="never",
    show_default=True,
    help="When something goes wrong, such as 10m.",
)
@click.option(
    "--rotate-bytes", type=click.IntRange(10_000), default=32 * 2**20, show_default=True, help="Size to rotate at."
)
@click.option(
    "--label-speed",
    type=click.FloatRange(1, 1_000),
    default=1.0,
    show_default=True,
    help="How many times sooner than in life labels come, and with them what is judged by labels.",
)
@click.option(
    "--reference",
    is_flag=True,
    help="First write what the model was accepted on beside the log: reference.jsonl, and its profile reference.json.",
)
def main(
    *,
    output: Path,
    rate: float,
    incident_after: float,
    rotate_bytes: int,
    label_speed: float,
    reference: bool,
) -> None:
    """Write a generated prediction log until SIGTERM or Ctrl-C."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    if reference:
        try:
            write_reference(generated_scenario(), output.parent)
        except (OSError, ReferenceProfileError) as error:
            raise click.ClickException(f"cannot write the reference: {error}") from error
    now = time.time()
    traffic = Traffic(output, rate, now + incident_after, rotate_bytes, started=now, label_speed=label_speed)
    click.echo(f"writing about {rate:g} records a second to {output}", err=True)
    try:
        while not stop.wait(_STEP_SECONDS):
            traffic.step(time.time())
    except OSError as error:
        raise click.ClickException(f"cannot write {output}: {error.strerror}") from error


if __name__ == "__main__":
    main(prog_name="python -m model_drift_exporter.commands.demo.traffic")
