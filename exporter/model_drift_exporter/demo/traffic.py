"""An endless prediction log: ``python -m model_drift_exporter.demo.traffic --output predictions.jsonl``.

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

from .generated import Orders, generated_scenario
from .prediction_log import PredictionLog

__all__ = ["Traffic", "main"]

_STEP_SECONDS = 0.2
_LONGEST_GAP_SECONDS = 10.0


@attrs.define(eq=False)
class Traffic:
    """Writes orders as they come, about ``rate`` a second on a day's average, and their labels when the meals are there.

    A file that has reached ``rotate_bytes`` is renamed to ``….1``, replacing the one before. ``incident_at`` is the time
    (seconds since the epoch) from which the incident changes what arrives.
    """

    output: Path
    rate: float
    incident_at: float
    rotate_bytes: int
    started: float
    seed: int = 1
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
        self._log.answer(self._orders.until(now))
        if not (data := self._log.due(now)):
            return
        with contextlib.suppress(FileNotFoundError):
            if self.output.stat().st_size + len(data) > self.rotate_bytes:
                self.output.replace(self.output.with_name(f"{self.output.name}.1"))
        with self.output.open("ab") as file:
            file.write(data)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The log to write.")
@click.option("--rate", type=click.FloatRange(0.1, 5_000), default=50.0, show_default=True, help="Records a second.")
@click.option("--incident-after", type=click.FloatRange(0), metavar="SECONDS", help="When something goes wrong; never.")
@click.option(
    "--rotate-bytes", type=click.IntRange(10_000), default=32 * 2**20, show_default=True, help="Size to rotate at."
)
def main(output: Path, rate: float, incident_after: float | None, rotate_bytes: int) -> None:
    """Write a generated prediction log until SIGTERM or Ctrl-C."""
    stop = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    now = time.time()
    incident_at = math.inf if incident_after is None else now + incident_after
    traffic = Traffic(output, rate, incident_at, rotate_bytes, started=now)
    click.echo(f"writing about {rate:g} records a second to {output}", err=True)
    try:
        while not stop.wait(_STEP_SECONDS):
            traffic.step(time.time())
    except OSError as error:
        raise click.ClickException(f"cannot write {output}: {error.strerror}") from error


if __name__ == "__main__":
    main(prog_name="python -m model_drift_exporter.demo.traffic")
