"""Servers on loopback that keep what Alertmanager sends: HTTP requests with JSON bodies, and e-mails."""

from __future__ import annotations

import base64
import contextlib
import email
import email.policy
import json
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import attrs

__all__ = ["Caught", "Mail", "catching"]


@attrs.frozen
class Mail:
    """One e-mail: its envelope's recipients, the credentials shown, and its parts."""

    to: tuple[str, ...]
    credentials: str
    subject: str
    text: str
    html: str


@attrs.define
class Caught:
    """What has come so far. Requests are kept by path, in the order of their arrival."""

    http_address: str = ""
    smtp_address: str = ""
    requests: dict[str, list[Any]] = attrs.field(factory=dict)
    mails: list[Mail] = attrs.field(factory=list)

    def at(self, path: str) -> list[Any]:
        """Bodies that were posted to a path."""
        return list(self.requests.get(path, []))


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    caught: Caught


class _HTTPHandler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        cast("_HTTPServer", self.server).caught.requests.setdefault(self.path, []).append(body)
        self.send_response(202 if self.path == "/pagerduty" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:
        """Silent: a test says what it saw."""


class _SMTPServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    caught: Caught


class _SMTPHandler(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as a client needs that authenticates in plain and sends one message."""

    def handle(self) -> None:
        recipients: list[str] = []
        credentials = ""
        self._say("220 catcher")
        while line := self.rfile.readline():
            command, _, argument = line.decode().strip().partition(" ")
            match command.upper():
                case "EHLO":
                    self._say("250-catcher", "250 AUTH PLAIN")
                case "AUTH":
                    credentials = base64.b64decode(argument.partition(" ")[2]).decode()
                    self._say("235 welcome")
                case "RCPT":
                    recipients.append(argument.partition(":")[2].split(">")[0].lstrip("<"))
                    self._say("250 ok")
                case "DATA":
                    self._say("354 go on")
                    self._keep(tuple(recipients), credentials)
                    self._say("250 kept")
                case "QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 ok")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def _keep(self, to: tuple[str, ...], credentials: str) -> None:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line[1:] if line.startswith(b"..") else line)
        message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        parts = {part.get_content_type(): part.get_content().replace("\r\n", "\n") for part in message.iter_parts()}
        mail = Mail(to, credentials, str(message["Subject"]), parts["text/plain"], parts["text/html"])
        cast("_SMTPServer", self.server).caught.mails.append(mail)


@contextlib.contextmanager
def catching() -> Iterator[Caught]:
    """Both servers, on free ports of this machine."""
    caught = Caught()
    with _HTTPServer(("127.0.0.1", 0), _HTTPHandler) as http, _SMTPServer(("127.0.0.1", 0), _SMTPHandler) as smtp:
        servers = (http, smtp)
        http.caught = smtp.caught = caught
        caught.http_address, caught.smtp_address = (f"127.0.0.1:{server.server_address[1]}" for server in servers)
        threads = [threading.Thread(target=server.serve_forever, args=(0.05,)) for server in servers]
        for thread in threads:
            thread.start()
        try:
            yield caught
        finally:
            for server, thread in zip(servers, threads, strict=True):
                server.shutdown()
                thread.join()
