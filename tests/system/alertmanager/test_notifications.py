"""The real Alertmanager, with the shipped configuration, sends to receivers on loopback."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from tests.support.sidecar import eventually
from tests.system.alertmanager.catching import Caught, Mail, catching
from tests.system.alertmanager.examples import (
    END,
    START,
    Alert,
    alert,
    drift,
    exporter_down,
    feature_drift,
    input_broken,
    loss_increased,
)
from tests.system.alertmanager.running import FOLDER, Alertmanager, alertmanager, configuration

_GOLDEN = Path(__file__).parent / "golden"


def summaries(caught: Caught, model: str) -> list[str]:
    """What the pager was told of a model, in order."""
    told = [body["payload"]["summary"] for body in caught.at("/pagerduty")]
    return [summary for summary in told if f" {model}:" in summary]


def slack_titles(caught: Caught, model: str) -> list[str]:
    titles = [body["attachments"][0]["title"] for body in caught.at("/slack")]
    return [title for title in titles if f" {model}:" in title]


def mails(caught: Caught, model: str) -> list[Mail]:
    return [mail for mail in caught.mails if f" {model}:" in mail.subject]


def compare(name: str, told: object, rewrite: bool) -> None:
    text = told if isinstance(told, str) else json.dumps(told, indent=2, ensure_ascii=False) + "\n"
    file = _GOLDEN / name
    if rewrite:
        file.write_text(text)
    assert text == file.read_text()


def test_a_page_is_sent_as_it_is_on_record(running: Alertmanager, caught: Caught, rewrite_golden: bool) -> None:
    """PagerDuty, Slack and e-mail get the same page, each in its own form, and its end."""
    model = "sent-model"
    running.post(input_broken(model), since=START)
    pages = eventually(lambda: [body for body in caught.at("/pagerduty") if model in body["payload"]["summary"]])
    messages = eventually(lambda: [body for body in caught.at("/slack") if model in body["attachments"][0]["title"]])
    [mail] = eventually(lambda: mails(caught, model))
    assert pages[0]["routing_key"] == "a routing key"
    assert len(pages[0].pop("dedup_key")) == 64
    compare("sent_pagerduty.json", pages[0], rewrite_golden)
    compare("sent_slack.json", messages[0], rewrite_golden)
    assert mail.to == ("model-oncall@example.com",)
    assert mail.credentials == "\0model-alerts@example.com\0a secret"
    compare("sent_mail.txt", f"Subject: {mail.subject}\n\n{mail.text}\n", rewrite_golden)
    compare("sent_mail.html", mail.html, rewrite_golden)

    running.post(input_broken(model, resolved=True), since=START)
    eventually(lambda: f"RESOLVED {model}: input broken: income" in slack_titles(caught, model))
    over = eventually(
        lambda: [body for body in caught.at("/pagerduty") if body["event_action"] == "resolve" and model in str(body)]
    )
    assert over[0]["payload"]["custom_details"]["resolved"].startswith(f"{model}: input broken, ")
    assert eventually(lambda: [mail for mail in mails(caught, model) if mail.subject.startswith("RESOLVED")])


def test_pagerduty_gets_no_empty_link(running: Alertmanager, caught: Caught) -> None:
    """Without a runbook and with a dashboard on no host, an incident has no links at all."""
    bare = input_broken("bare-model")
    del bare["annotations"]["runbook_url"]
    bare["annotations"]["dashboard_url"] = bare["annotations"]["panel_url"] = "/d/model"
    running.post(bare)
    [page] = eventually(lambda: [body for body in caught.at("/pagerduty") if "bare-model" in str(body)])
    assert not page.get("links")


def test_forty_features_are_one_notification(running: Alertmanager, caught: Caught) -> None:
    """Forty alerts about features of a model come as one message and one e-mail, each feature in it."""
    model = "forty"
    features = [f"feature_{number:02}" for number in range(40)]
    running.post(*(feature_drift(feature, model) for feature in features))
    first = eventually(lambda: [body for body in caught.at("/slack") if model in body["attachments"][0]["title"]])
    eventually(lambda: mails(caught, model))
    assert all(feature in first[0]["attachments"][0]["text"] for feature in features)
    # What is told of another model afterwards comes after anything more of this one would have.
    running.post(drift(model=f"{model}-after"))
    eventually(lambda: mails(caught, f"{model}-after") and slack_titles(caught, f"{model}-after"))
    assert len(slack_titles(caught, model)) == len(mails(caught, model)) == 1


def test_another_exporter_that_fails_opens_its_own_incident(running: Alertmanager, caught: Caught) -> None:
    """While the incident of one model's exporter is open, that of another model wakes again, by chat and e-mail too."""
    first, second = "watched-one", "watched-two"
    running.post(exporter_down(first))
    eventually(lambda: summaries(caught, first) == [f"PAGE {first}: exporter down"])
    running.post(exporter_down(second))
    eventually(lambda: summaries(caught, second) == [f"PAGE {second}: exporter down"])
    keys = {body["dedup_key"] for body in caught.at("/pagerduty") if "watched-" in body["payload"]["summary"]}
    assert len(keys) == 2
    eventually(lambda: slack_titles(caught, second) and mails(caught, second))


def test_another_kind_of_page_opens_its_own_incident(running: Alertmanager, caught: Caught) -> None:
    """Input that breaks while a loss page is open gets an incident of its own: the open one would wake nobody again."""
    model = "twice"
    running.post(loss_increased(model))
    eventually(lambda: summaries(caught, model) == [f"PAGE {model}: loss increased"])
    running.post(input_broken(model))
    eventually(lambda: f"PAGE {model}: input broken: income" in summaries(caught, model))
    keys = {body["dedup_key"] for body in caught.at("/pagerduty") if f" {model}:" in body["payload"]["summary"]}
    assert len(keys) == 2


def _again(one: Alert, rise: str) -> Alert:
    """The alert of a later rise; Prometheus resolves the one before at the same time."""
    return {**one, "labels": {**one["labels"], "rise": rise}}


def test_a_second_rise_wakes_again(running: Alertmanager, caught: Caught) -> None:
    """The page is held all the time. The rise opens an incident of its own, and is told by chat and e-mail."""
    model = "risen"
    running.post(loss_increased(model), since=START)
    eventually(lambda: summaries(caught, model) == [f"PAGE {model}: loss increased"])
    running.post(_again(loss_increased(model), "2"), loss_increased(model, resolved=True), since=START)
    again = f"PAGE {model}: loss increased (rise 2)"
    eventually(lambda: again in summaries(caught, model) and again in slack_titles(caught, model))
    eventually(lambda: again in [mail.subject for mail in mails(caught, model)])
    own = [body for body in caught.at("/pagerduty") if f" {model}:" in body["payload"]["summary"]]
    assert len({body["dedup_key"] for body in own if body["event_action"] == "trigger"}) == 2
    eventually(lambda: f"RESOLVED {model}: loss increased" in slack_titles(caught, model))


def test_a_second_rise_of_a_ticket_is_told_again(running: Alertmanager, caught: Caught) -> None:
    """In the group of the model's tickets, with the end of the first."""
    model = "risen-ticket"
    first = drift(model=model)
    running.post(first, since=START)
    eventually(lambda: len(mails(caught, model)) == 1)
    running.post(_again(first, "2"), {**first, "endsAt": END}, since=START)
    mail = eventually(lambda: [mail for mail in mails(caught, model) if "(rise 2)" in mail.subject])[0]
    assert "Over:\n" in mail.text


def test_the_watchdog_reaches_nobody_but_the_switch(running: Alertmanager, caught: Caught) -> None:
    """The dead man's switch gets Alertmanager's JSON, and no person hears of it."""
    watchdog = alert("Watchdog", "none", model="__none__", annotations={"summary": "Always firing."})
    running.post(watchdog)
    [body, *_] = eventually(lambda: caught.at("/dead-mans-switch"))
    assert body["status"] == "firing"
    assert [one["labels"]["alertname"] for one in body["alerts"]] == ["Watchdog"]
    running.post(alert("Surprise", "critical", model="after-watchdog", annotations={}))
    eventually(lambda: slack_titles(caught, "after-watchdog") and mails(caught, "after-watchdog"))
    everything = json.dumps([caught.at("/slack"), caught.at("/pagerduty"), [mail.subject for mail in caught.mails]])
    assert "atchdog:" not in everything.replace("after-watchdog:", "")


def test_tickets_wait_for_working_hours_and_are_not_lost(tmp_path: Path) -> None:
    """Outside of them a ticket is mailed at once and told to the chat when they begin; a page is not held."""
    with catching() as caught:
        closed = configuration(tmp_path, caught, working_hours=False)
        with alertmanager(tmp_path, closed) as night:
            lag = alert("ModelExporterLag", "ticket", model="night-lag", annotations={"summary": "Behind."})
            night.post(drift(model="night-ticket"), lag, input_broken("night-page"))
            eventually(
                lambda: mails(caught, "night-ticket") and mails(caught, "night-lag") and summaries(caught, "night-page")
            )
            eventually(lambda: slack_titles(caught, "night-page"))
            assert not slack_titles(caught, "night-ticket")
            assert not slack_titles(caught, "night-lag")
            assert mails(caught, "night-ticket")[0].to == ("model-tickets@example.com",)
            night.reload(configuration(tmp_path, caught, working_hours=True))
            eventually(lambda: slack_titles(caught, "night-ticket") and slack_titles(caught, "night-lag"))
            assert slack_titles(caught, "night-ticket") == ["TICKET night-ticket: feature drift: age, income, term …"]


def test_a_webhook_of_ones_own_is_told_of_everything(tmp_path: Path) -> None:
    """With the route of the README a webhook gets the JSON of each alert, and the others are told as before."""
    snippet = (FOLDER / "README.md").read_text().partition("```yaml\n")[2].partition("```")[0]
    with catching() as caught:
        derived = configuration(tmp_path, caught, working_hours=True)
        derived["route"]["routes"] = yaml.safe_load(snippet) + derived["route"]["routes"]
        webhook = {"url": f"http://{caught.http_address}/webhook", "send_resolved": True}
        derived["receivers"].append({"name": "webhook", "webhook_configs": [webhook]})
        with alertmanager(tmp_path, derived) as started:
            started.post(alert("Watchdog", "none", model="__none__", annotations={}), input_broken("hooked"))
            [body] = eventually(lambda: caught.at("/webhook"))
            [one] = body["alerts"]
            assert one["labels"]["model"] == "hooked"
            assert one["annotations"]["description"].startswith("Model hooked gets broken input")
            eventually(lambda: summaries(caught, "hooked") and caught.at("/dead-mans-switch"))


def test_one_way_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    """A page without its PagerDuty key, which nobody wrote into the file, still comes by chat and e-mail."""
    with catching() as caught:
        derived = configuration(tmp_path, caught, working_hours=True)
        (tmp_path / "pagerduty_routing_key").unlink()
        with alertmanager(tmp_path, derived) as started:
            started.post(input_broken("half"))
            eventually(lambda: slack_titles(caught, "half") and mails(caught, "half"))
            assert not caught.at("/pagerduty")
