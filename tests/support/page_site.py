"""A loopback server of the landing page for tests in a real browser."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from model_drift_exporter.service.status import ExporterStatus
from model_drift_exporter.web.page.page import content_security_policy, render_fragment, render_page
from tests.support.page_statuses import exporter

__all__ = ["Site"]

_NONCE = "test-nonce"


class Site:
    """A loopback server of one status, which a test may replace."""

    def __init__(self) -> None:
        self.status: ExporterStatus = exporter()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                address = urlsplit(self.path)
                query = dict(parse_qsl(address.query))
                window, chosen = query.get("window"), query.get("model")
                if address.path == "/-/page":
                    html = render_fragment(site.status, window, chosen)
                else:
                    html = render_page(site.status, _NONCE, window, chosen)
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", content_security_policy(_NONCE))
                self.end_headers()
                self.wfile.write(html.encode())

            def log_message(self, *_: object) -> None:
                """Nothing: the tests look at what the browser asked for."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
