"""Leads a person through the tour: what is going to happen, how things stand, what was found, where to go on."""

from __future__ import annotations

from datetime import UTC, datetime

from ...service.status import ExporterStatus, ModelStatus
from .demo_replay import DemoReplay
from .narration import Narrator, alert_line, psi_words, subject
from .scenario import Scenario
from .terminal import Terminal

__all__ = ["Guide"]

_PLAIN_STATUS_LOOKS = 5  # without a terminal, a line of status every so many looks


class Guide:
    """Talks to ``terminal`` about the replay, whose page is at ``url``. Times are seconds since the replay began."""

    def __init__(self, scenario: Scenario, replay: DemoReplay, url: str, terminal: Terminal) -> None:
        self._scenario, self._replay, self._url, self._terminal = scenario, replay, url, terminal
        self._narrator = Narrator(scenario.windows[0])
        self._revealed = False
        self._latched: set[str] = set()
        self._looks = self._records = 0
        self._last_look = 0.0

    def introduce(self, reference_rows: int) -> None:
        """Say what is going to happen."""
        seconds, hours = self._replay.seconds, self._replay.speed / 3600
        self._terminal.say(
            *self._scenario.introduction,
            "",
            f"From now on its predictions are written to {self._replay.path}, {hours:.2g} hours of them every second, and "
            "later what became of them. The exporter reads that file as it grows and compares the last "
            f"{int(self._scenario.windows[0]):,} predictions with the {reference_rows:,} of the reference.",
            "",
            f"After {seconds / 2:.0f} seconds something goes wrong on the way to the model: a number arrives in another "
            "unit, a category under another name. No request fails. The exporter is not told; see what it finds.",
            "",
        )

    def look(self, status: ExporterStatus, elapsed: float) -> None:
        """Say how things stand, and what there is to say about it."""
        if not status.models:
            return
        model = status.models[0]
        self._tell_alerts(model, elapsed)
        if paragraphs := self._narrator.look(model):
            self._tell(paragraphs, elapsed)
            if self._narrator.findings and not self._revealed:
                self._reveal()
                self._terminal.say(
                    "Now look at the page, and at what Prometheus would get:",
                    f"  {self._url}",
                    f"  curl -s {self._url}/metrics | grep '^model_feature_psi{{'",
                    "",
                )
        if self._terminal.interactive or self._looks % _PLAIN_STATUS_LOOKS == 0:
            self._terminal.status(self._standing(model, elapsed))
        self._looks += 1
        self._records, self._last_look = model.records, elapsed

    def _standing(self, model: ModelStatus, elapsed: float) -> str:
        rate = (model.records - self._records) / max(elapsed - self._last_look, 1e-9)
        moment = datetime.fromtimestamp(model.last_record_time or 0.0, UTC)
        window = model.windows[0]
        wanted = int(window.name)
        if window.observations < wanted or not window.columns:
            state = f"the window fills: {window.observations:,} of {wanted:,}"
        else:
            state = f"furthest: {subject(window.columns[0])}, {psi_words(window.columns[0])}"
        return f"{elapsed:3.0f} s  {moment:%d %b %H:%M}  {model.records:,} records, {rate:,.0f}/s  {state}"

    def _tell_alerts(self, model: ModelStatus, elapsed: float) -> None:
        """Say which alerts have begun to fire since the last look."""
        active = [alert for alert in model.alerts if alert.active]
        fresh = [alert_line(alert) for alert in active if alert.alert not in self._latched]
        self._latched = {alert.alert for alert in active}
        if fresh:
            self._tell(["The exporter is sure enough for an alert:", *fresh], elapsed)

    def _tell(self, paragraphs: list[str], elapsed: float) -> None:
        self._terminal.say("", f"After {elapsed:.0f} seconds:", *paragraphs, "")

    def _reveal(self) -> None:
        self._revealed = True
        if self._replay.incident_began:
            self._terminal.say(
                f"And this is what was done: {self._scenario.incident}. That wants a repair of the pipeline, not a new "
                "model; and that the inputs moved was seen without a single label.",
                "",
            )

    def end(self, status: ExporterStatus, elapsed: float, *, interrupted: bool) -> None:
        """Say what is left to say, whether every line was counted, and where to go on."""
        if not status.models:
            self._terminal.say("Stopped before the first record.")
            return
        model = status.models[0]
        if not interrupted:
            self._tell_alerts(model, elapsed)
            if paragraphs := self._narrator.look(model, last=True):
                self._tell(paragraphs, elapsed)
            if not self._narrator.findings:
                self._terminal.say("Nothing has moved far from the reference.", "")
            elif not self._revealed:
                self._reveal()
        errors = sum(status.errors.values())
        self._terminal.say(
            f"{'Stopped.' if interrupted else 'The tour is over.'} {self._replay.lines:,} lines were written, "
            f"{model.records + model.labels + errors:,} are accounted for: {model.records:,} records, "
            f"{model.labels:,} labels, {errors:,} errors.",
            "",
            "Now a log of your own:",
            "  model-drift-exporter check predictions.jsonl                    what would be read",
            "  model-drift-exporter profile accepted.jsonl -o reference.json   the reference",
            "  model-drift-exporter run predictions.jsonl --reference=reference.json",
            "What every metric means: docs/metrics.md. Every setting: docs/configuration.md.",
        )
