"""What people got: the notifications of a model, and their text as one reads it."""

from __future__ import annotations

import re
from typing import Any

import attrs

from tests.system.alertmanager.catching import Caught, Mail

__all__ = ["Notifications", "notified", "of_model", "paged", "readable"]

_TIMES = (
    (r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{1,2} \w{3} \d{2}:\d{2} UTC", "<wall clock>"),
    (r"\b\d{4}-\d{2}-\d{2} (?=\d{2}:\d{2} UTC)", "<date> "),
    (r", (\d+[dhms] ?)+ago", ", <duration> ago"),
    (r"\bfrom=\d{13}&", "from=<milliseconds>&"),
)


@attrs.frozen
class Notifications:
    """Those of one model, each kind in the order of arrival."""

    pagerduty: list[Any]
    slack: list[Any]
    mails: list[Mail]


def of_model(caught: Caught, model: str) -> Notifications:
    """All that anybody was told of a model."""
    return Notifications(
        [body for body in caught.at("/pagerduty") if f" {model}:" in body["payload"]["summary"]],
        [
            message
            for body in caught.at("/slack")
            for message in body["attachments"]
            if f" {model}:" in message["title"]
        ],
        [mail for mail in caught.mails if f" {model}:" in mail.subject],
    )


def paged(caught: Caught, model: str) -> Notifications:
    """Those of its pages: of what PagerDuty was told too."""
    told = of_model(caught, model)
    titles = {body["payload"]["summary"] for body in told.pagerduty}
    return Notifications(
        told.pagerduty,
        [message for message in told.slack if message["title"] in titles],
        [mail for mail in told.mails if mail.subject in titles],
    )


def notified(caught: Caught, model: str, word: str) -> bool:
    """Whether each way has told of the page (PAGE) or of its end (RESOLVED)."""
    told = paged(caught, model)
    titles = (
        [body["payload"]["summary"] for body in told.pagerduty],
        [message["title"] for message in told.slack],
        [mail.subject for mail in told.mails],
    )
    return all(any(title.startswith(word) for title in each) for each in titles)


def readable(caught: Caught, model: str) -> str:
    """The pages of a model and their ends as people read them, times that differ from run to run replaced."""
    told = paged(caught, model)
    pieces: list[tuple[str, list[str]]] = []
    for body in told.pagerduty:
        details = body["payload"]["custom_details"]
        links = [f"{link['text']}: {link['href']}" for link in body["links"]]
        text = details["firing"] or f"Over: {details['resolved']}"
        pieces.append(("PagerDuty", [f"{body['event_action']}: {body['payload']['summary']}", text, *links]))
    pieces += [("Slack", [f"{each['title']} -> {each['title_link']}", each["text"]]) for each in told.slack]
    pieces += [
        ("E-mail", [f"To: {', '.join(each.to)}", f"Subject: {each.subject}", "", each.text]) for each in told.mails
    ]
    written = "\n".join("\n".join([f"──── {way} ────", *lines, ""]) for way, lines in pieces)
    for pattern, word in _TIMES:
        written = re.sub(pattern, word, written)
    return written
