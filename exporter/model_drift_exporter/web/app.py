"""The web applications: metrics, landing page, health, control, and the ingest endpoint."""

from __future__ import annotations

import asyncio
import secrets
import zlib

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, ExceptionHandler, Message, Receive, Scope, Send

from ..configuration.settings import IngestSettings, WebSettings
from ..metrics.renderer import render
from .api import ApiEndpoints
from .ingest_endpoint import IngestEndpoint
from .negotiation import OPENMETRICS, TEXT, accepts_gzip, accepts_openmetrics
from .service import Service

__all__ = ["create_app", "create_ingest_app"]

_INGEST = "/ingest"
_GZIP_WRAPPER = 16 + zlib.MAX_WBITS

_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
"""As the server interface has them: names in small letters."""


def create_app(service: Service, settings: WebSettings, ingest: IngestSettings) -> Starlette:
    """The application of the main listen addresses; it takes records where ``ingest`` has no address of its own."""
    endpoints, api = _Endpoints(service, settings), ApiEndpoints(service, settings)
    routes = [
        Route(settings.telemetry_path, endpoints.metrics),
        Route("/", endpoints.page),
        Route("/-/page", endpoints.fragment),
        Route("/-/healthy", endpoints.healthy),
        Route("/-/ready", endpoints.ready),
        Route("/-/reload", endpoints.reload, methods=["POST"]),
        Route("/api/v1/alerts", api.alerts),
        Route("/api/v1/findings", api.findings),
        Route("/api/v1/rearm", api.rearm, methods=["POST"]),
    ]
    if ingest.enabled and ingest.listen_address is None:
        routes.append(Route(_INGEST, IngestEndpoint(service, ingest).handle, methods=["POST"]))
    return _application(routes)


def create_ingest_app(service: Service, settings: WebSettings, ingest: IngestSettings) -> Starlette:
    """``/ingest`` and ``/-/healthy`` only, for a listen address that more clients can reach than the rest."""
    taking = Route(_INGEST, IngestEndpoint(service, ingest).handle, methods=["POST"])
    return _application([taking, Route("/-/healthy", _Endpoints(service, settings).healthy)])


class _Endpoints:
    """The handlers that need the service. They run on the event loop, so all work is left to worker threads."""

    def __init__(self, service: Service, settings: WebSettings) -> None:
        self._service = service
        self._settings = settings
        self._scrapes = 0
        self._reloading = asyncio.Lock()

    async def metrics(self, request: Request) -> Response:
        limit = self._settings.max_requests
        if limit <= self._scrapes:
            return _text(503, f"{limit} scrapes are being served already (--web.max-requests)", {"Retry-After": "1"})
        openmetrics = accepts_openmetrics(_joined(request, "accept"))
        gzip = accepts_gzip(_joined(request, "accept-encoding"))
        self._scrapes += 1
        try:
            body = await run_in_threadpool(self._exposition, openmetrics, gzip)
        finally:
            self._scrapes -= 1
        content_type = OPENMETRICS if openmetrics else TEXT
        return Response(body, headers={"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"} | _coding(gzip))

    def _exposition(self, openmetrics: bool, gzip: bool) -> bytes:
        text = render(self._service.collect(), openmetrics)
        return _compressed(text) if gzip else text

    async def page(self, request: Request) -> Response:
        gzip = accepts_gzip(_joined(request, "accept-encoding"))
        return await run_in_threadpool(self._page, request.query_params, gzip)

    def _page(self, query: QueryParams, gzip: bool) -> Response:
        # Imported here: the template engine is not needed before somebody opens the page.
        from .page.page import content_security_policy, render_page

        nonce = secrets.token_urlsafe(16)
        path = self._settings.telemetry_path
        html = render_page(self._service.status(), nonce, query.get("window"), query.get("model"), metrics_path=path)
        return _html(html, gzip, {"Content-Security-Policy": content_security_policy(nonce)})

    async def fragment(self, request: Request) -> Response:
        gzip = accepts_gzip(_joined(request, "accept-encoding"))
        return await run_in_threadpool(self._fragment, request.query_params, gzip)

    def _fragment(self, query: QueryParams, gzip: bool) -> Response:
        from .page.page import render_fragment

        return _html(render_fragment(self._service.status(), query.get("window"), query.get("model")), gzip)

    async def healthy(self, _: Request) -> Response:
        reason = self._service.healthy()  # never blocks, so it answers when every worker is busy
        return _text(200, "healthy") if reason is None else _text(503, reason)

    async def ready(self, _: Request) -> Response:
        reason = await run_in_threadpool(self._service.ready)
        return _text(200, "ready") if reason is None else _text(503, reason)

    async def reload(self, _: Request) -> Response:
        if not self._settings.enable_lifecycle:
            return _text(403, "reloading over HTTP is off; start with --web.enable-lifecycle, or send SIGHUP instead")
        async with self._reloading:
            problem = await run_in_threadpool(self._service.reload)
        return _text(200, "reloaded") if problem is None else _text(500, problem)


def _application(routes: list[Route]) -> Starlette:
    paths = "".join(f"  {' '.join(_methods(route)):<4} {route.path}\n" for route in routes)

    async def not_found(_: Request, __: Exception) -> Response:
        return PlainTextResponse(f"there is nothing here; the paths are\n{paths}", 404)

    async def wrong_method(_: Request, error: Exception) -> Response:
        headers = error.headers if isinstance(error, HTTPException) else None  # they say which methods are allowed
        return PlainTextResponse(f"this path does not take this method; the paths are\n{paths}", 405, headers=headers)

    handlers: dict[int | type[Exception], ExceptionHandler] = {404: not_found, 405: wrong_method}
    # They are tried in turn; where records are posted, nearly all requests are of them.
    tried = sorted(routes, key=lambda route: route.path != _INGEST)
    app = Starlette(routes=tried, middleware=[Middleware(_SecurityHeaders)], exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app


def _methods(route: Route) -> list[str]:
    return sorted((route.methods or set()) - {"HEAD"})


class _SecurityHeaders:
    """Adds to every response the headers that keep a browser from doing more with it than it must."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                present = {name for name, _ in headers}
                message["headers"] = [*headers, *(each for each in _SECURITY_HEADERS if each[0] not in present)]
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _joined(request: Request, name: str) -> str | None:
    """A list header that may come in several lines; ``None`` where it is absent."""
    return ", ".join(request.headers.getlist(name)) or None


def _compressed(text: bytes) -> bytes:
    compressor = zlib.compressobj(level=1, wbits=_GZIP_WRAPPER)
    return compressor.compress(text) + compressor.flush()


def _coding(gzip: bool) -> dict[str, str]:
    return {"Content-Encoding": "gzip"} if gzip else {}


def _html(text: str, gzip: bool, headers: dict[str, str] | None = None) -> Response:
    body = text.encode()
    own = {"Vary": "Accept-Encoding"} | _coding(gzip)
    return HTMLResponse(_compressed(body) if gzip else body, headers=own | (headers or {}))


def _text(status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(sentence + "\n", status_code=status, headers=headers)
