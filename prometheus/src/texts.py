"""What an alert says. The pieces are Go templates as Prometheus expands them, each a line of the description or part of one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from model_drift_exporter.evidence.alarm_spec import Counted, Shown

from .addresses import PANELS, Place, dashboard_url, panel_url
from .evidence import HELD, UNTIL, USUAL

__all__ = ["PIECES", "RUNBOOKS", "describe", "evidence", "finding", "held", "onset", "promise", "rise"]

RUNBOOKS = "https://github.com/model-drift-exporter/model-drift-exporter/blob/main/docs/runbooks"
_SHOWN = 5


def describe(
    alert: str, summary: str, description: str, dashboard: str = "model", place: Place | None = None
) -> dict[str, str]:
    """All annotations of an alert; ``dashboard`` is fleet, model, feature or exporter, ``place`` that in PANELS if not given."""
    place = place or PANELS[alert]
    return {
        "summary": summary,
        "description": description.strip(),
        "runbook_url": f"{RUNBOOKS}/{alert}.md",
        "dashboard_url": dashboard_url(alert, place, dashboard),
        "panel_url": panel_url(alert, place),
    }


def _asked(expression: str) -> str:
    """A query about the alert's model: ``%q`` in the expression stands for its quoted name, once."""
    return f"query (printf `{expression}` $labels.model)"


def evidence(alert: str, severity: str) -> str:
    """How sure this is: the evidence beside its threshold, and the budget of false alarms in words."""
    threshold = _asked(f'model:alert_evidence_threshold:log10{{model=%q,alert="{alert}"}}')
    minutes, unit = (525_600, "years") if severity == "page" else (1_440, "days")
    budget = _asked(f'max(10 ^ model_drift_evidence_threshold_log10{{model=%q,severity="{severity}"}}) / {minutes}')
    return (
        '\nEvidence {{ $value | printf "1e%.1f" }}'
        f', {severity} from {{{{ range {threshold} }}}}{{{{ .Value | printf "1e%.1f" }}}}{{{{ end }}}}'
        f'{{{{ range {budget} }}}} (at most one false {severity} of this model in {{{{ .Value | printf "%.3g" }}}} {unit})'
        "{{ end }}."
    )


def promise(about: str, severity: str) -> str:
    """What the promise about false alarms rests on, where that is not the reference."""
    basis = _asked(f'max by (basis) (model_{about}_promise_basis{{model=%q,basis!="reference"}}) == 1')
    since = _asked(f"min(model_{about}_promise_since_timestamp_seconds{{model=%q}})")
    return (
        f'{{{{ range {basis} }}}}\n{{{{ if eq .Labels.basis "live" }}}}'
        f"The reference does not show how records depend on one another; live records do{{{{ range {since} }}}}, since "
        '{{ (.Value | toTime).Format "2006-01-02" }}{{ end }}.'
        f"{{{{ else }}}}That false {severity}s are so rare is not promised yet: neither the reference nor eight days of live "
        "records show how records depend on one another.{{ end }}{{ end }}"
    )


def onset(alert: str) -> str:
    """Since when."""
    series = f'model:alert_onset_timestamp_seconds:min{{model=%q,alert="{alert}"}}'
    return (
        f"{{{{ range {_asked(series)} }}}}\n"
        'Began at about {{ (.Value | toTime).Format "2006-01-02 15:04 MST" }}'
        f"{{{{ range {_asked(f'time() - {series} >= 60')} }}}}, {{{{ .Value | humanizeDuration }}}} ago{{{{ end }}}}."
        "{{ end }}"
    )


def rise() -> str:
    """That it has risen before, and was not over yet."""
    return (
        "{{ with $labels.rise }}\nThis is rise {{ . }}: it had been back to usual while the alert was held for the one before."
        "{{ end }}"
    )


def held(alert: str, counted: Counted) -> str:
    """How many of the latest records or outcomes are usual, and how long the alert is held nevertheless."""
    own = f'{{model=%q,alert="{alert}"}}'
    more = _asked(f"{HELD}{own} > 0")
    until = _asked(f"{UNTIL}{own} > time()")
    return (
        f"{{{{ range {_asked(f'{USUAL}{own}')} }}}}\n"
        f'The last {{{{ .Value | printf "%.0f" }}}} {counted} are usual again'
        f'{{{{ range {more} }}}}; the alert is held until {{{{ .Value | printf "%.0f" }}}} more '
        "{{ if eq .Value 1.0 }}is{{ else }}are{{ end }}{{ end }}"
        f"{{{{ range {until} }}}}; it is not over before "
        '{{ (.Value | toTime).Format "2006-01-02 15:04 MST" }}{{ end }}.{{ end }}'
    )


def finding(kind: str, meaning: str) -> str:
    """What a finding means, while one of its kind stands."""
    stands = _asked(f'max(model_finding{{model=%q,kind="{kind}"}}) == 1')
    return f"{{{{ range {stands} }}}}\n{meaning}{{{{ end }}}}"


def _listed(item: str, separator: str = ", ") -> str:
    """The first few of the current query's samples; ``item`` is the template of one, ``$sample``."""
    return (
        f"{{{{ range $index, $sample := . }}}}{{{{ if lt $index {_SHOWN} }}}}"
        f"{{{{ if $index }}}}{separator}{{{{ end }}}}{item}{{{{ end }}}}{{{{ end }}}}"
        f"{{{{ if gt (len .) {_SHOWN} }}}} and {{{{ len (slice . {_SHOWN}) }}}} more{{{{ end }}}}"
    )


def _by_evidence(alert: str, item: str, none: str = "") -> str:
    def ordered(certainty: str) -> str:
        series = f'model_feature:alert_feature_evidence:log10{{model=%q,alert="{alert}",certainty="{certainty}"}}'
        return _asked(f"sort_desc({series})")

    return (
        f"{{{{ with {ordered('named')} }}}}\nFeatures: {_listed(item)}."
        f"{{{{ else }}}}{{{{ with {ordered('suspected')} }}}}\nThis alert names no feature; suspected: {_listed(item)}."
        f"{none and '{{ else }}'}{none}{{{{ end }}}}{{{{ end }}}}"
    )


def _features(alert: str, none: str = "") -> str:
    """The features that a latched alert is about, those with the most evidence first; ``none`` is said if there are none."""
    return _by_evidence(alert, '{{ $sample.Labels.feature }} (evidence {{ $sample.Value | printf "1e%.1f" }})', none)


def _features_by_share(alert: str, ratios: str, bins: str, words: str) -> str:
    """The same, each with the share of such values in the window where it is highest, and in the reference.

    ``ratios`` are the exporter's shares over its windows, joined by `or` where a feature has one of them and by `+` where it has
    all; ``bins`` is a pattern. The windows are of the time of the records and of the same scrape as the evidence: they show
    what made it grow even if it came in a burst a second ago.
    """
    own = "model=%q,feature=%q"
    shares = re.sub(r"\w+_ratio", lambda ratio: f"model_feature_{ratio[0]}{{{own}}}", ratios)
    observed = f"(model_feature_window_observations{{{own}}} > 0)"
    highest = f"topk(1, sum by (window) (({shares}) * {observed}) / sum by (window) ({observed}))"
    rows = "model_feature_reference_observations"
    accepted = f'sum({rows}{{{own},bin=~"{bins}"}}) / (sum({rows}{{{own}}}) > 0)'

    def share(expression: str) -> str:
        return f"query (printf `{expression}`{' $labels.model $sample.Labels.feature' * expression.count(own)})"

    return _by_evidence(
        alert,
        f"{{{{ $sample.Labels.feature }}}}{{{{ range {share(highest)} }}}} ({{{{ .Value | humanizePercentage }}}} {words} over "
        f"the last {_window('records', of='')}"
        f"{{{{ range {share(accepted)} }}}}, {{{{ .Value | humanizePercentage }}}} in the reference{{{{ end }}}}){{{{ end }}}}",
    )


def _window(counted: str, *, of: str) -> str:
    """A window in words: a time such as 1h, or so many of what is counted; ``of`` is the sample, nothing where it is the dot."""
    name = f"{of}.Labels.window"
    return f'{{{{ {name} }}}}{{{{ if match "^[0-9]+$" {name} }}}} {counted}{{{{ end }}}}'


def _mean(value: str) -> str:
    """A mean of the loss ``$loss``: an error rate is a percentage."""
    return (
        f'{{{{ if eq $loss.Labels.loss "zero_one" }}}}{{{{ {value} | humanizePercentage }}}}'
        f'{{{{ else }}}}{{{{ {value} | printf "%.4g" }}}}{{{{ end }}}}'
    )


def _loss() -> str:
    """The loss now against the reference and what is tolerated."""
    now = "query (printf `sort_desc(model_loss_window:loss_mean:mean{model=%q,loss=%q})` $labels.model .Labels.loss)"
    reference = "query (printf `model_loss:loss_reference_mean:max{model=%q,loss=%q}` $labels.model $loss.Labels.loss)"
    window = _window("outcomes", of="$sample")
    return (
        f"{{{{ range $loss := {_asked('model_loss:loss_tolerated_mean:max{model=%q}')} | sortByLabel `loss` }}}}\n"
        '{{ if eq .Labels.loss "zero_one" }}Error rate{{ else }}Mean {{ reReplaceAll "_" " " .Labels.loss }}{{ end }}'
        f"{{{{ with {now} }}}} now: "
        + _listed(f"{_mean('$sample.Value')} over the last {window}")
        + f"{{{{ end }}}};{{{{ range {reference} }}}} in the reference {_mean('.Value')},{{{{ end }}}}"
        f" tolerated up to {_mean('.Value')}."
        "{{ end }}"
    )


def _relation() -> str:
    """Whether the inputs moved, or the relation of inputs and outcome, or both."""
    return (
        f"{{{{ range {_asked('model:loss_change_from_relation:ratio{model=%q}')} }}}}\n"
        "{{ if ge .Value 0.667 }}The relation moved: with the same score, outcomes are no longer what they were in the "
        "reference"
        "{{ else if le .Value 0.333 }}The inputs moved: more of those cases come in which the model was always worse"
        "{{ else }}Both moved: the inputs, and what follows from them{{ end }}"
        " ({{ .Value | humanizePercentage }} of the rise is there at equal scores).{{ end }}"
    )


def _rejected_lines() -> str:
    """How many lines could not be read, by reason."""
    rejected = _asked(
        "sort_desc(sum by (reason) (increase(model_drift_exporter_record_errors_total[15m]) * on "
        "(job, instance) group_left () group by (job, instance) (model_info{model=%q})) >= 1)"
    )
    return (
        f"{{{{ with {rejected} }}}}\nLines rejected in the last 15 minutes: {{{{ range $index, $sample := . }}}}"
        '{{ if $index }}, {{ end }}{{ $sample.Labels.reason }} {{ $sample.Value | printf "%.0f" }}{{ end }}.{{ end }}'
    )


def _outputs() -> str:
    texts = []
    for role, words in (("prediction", "predictions"), ("score", "score")):
        gathered = f"query (printf `log10(avg(10 ^ model_{role}_drift_evidence_log10{{model=%q}}))` $labels.model)"
        # Minutes after the onset an hour holds too little of it: below its floor the number would contradict the evidence.
        above = (
            f"model_reference:{role}_psi:reference1h{{model=%q}} > model_reference:{role}_psi_noise_floor:reference1h"
        )
        psi = f"query (printf `max({above})` $labels.model)"
        floor = f"query (printf `max(model_reference:{role}_psi_noise_floor:reference1h{{model=%q}})` $labels.model)"
        texts.append(
            f'{{{{ range {gathered} }}}}\nThe {words}: evidence {{{{ .Value | printf "1e%.1f" }}}}'
            f'{{{{ range {psi} }}}}, PSI over the last hour {{{{ .Value | printf "%.2f" }}}}'
            f'{{{{ range {floor} }}}} (about {{{{ .Value | printf "%.2f" }}}} without drift){{{{ end }}}}{{{{ end }}}}.'
            "{{ end }}"
        )
    return "".join(texts)


def _broken_features(alert: str) -> str:
    return _features_by_share(alert, "missing_ratio + invalid_ratio", "__missing__|__invalid__", "missing or invalid")


def _unknown_features(alert: str) -> str:
    return _features_by_share(
        alert, "out_of_range_ratio or unseen_ratio", "__below__|__above__|__other__", "out of range or unseen"
    )


def _traffic() -> str:
    """How many records have come since the onset, and how many are usual: the sums over replicas."""

    def figure(name: str, text: str) -> str:
        return f"{{{{ range {_asked(f'sum(model_traffic_recent_{name}{{model=%q}})')} }}}}{text}{{{{ end }}}}"

    number = '{{ .Value | printf "%.0f" }}'
    seconds = _asked("max(model_traffic_recent_seconds{model=%q})")
    return (
        f"{{{{ range {seconds} }}}}\nPredictions in {{{{ .Value | humanizeDuration }}}}{{{{ end }}}}"
        + figure("records", f": {number}")
        + figure("usual_records", f"; usual at this time: {number}")
        + figure("usual_records_deviation", f", give or take {number}.")
    )


PIECES: Mapping[Shown, Callable[[str], str]] = {
    "loss": lambda _: _loss(),
    "relation": lambda _: _relation(),
    "features": _features,
    "suspected_features": lambda alert: _features(alert, "\nNo feature is suspected."),
    "broken_features": _broken_features,
    "unknown_features": _unknown_features,
    "rejected_lines": lambda _: _rejected_lines(),
    "outputs": lambda _: _outputs(),
    "traffic": lambda _: _traffic(),
}
"""What an alarm may show, by the name that it gives to it: the text for its alert."""
