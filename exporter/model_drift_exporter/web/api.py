"""The programming interface: which alerts fire, what is found about models, and a person's word that it is over."""

from __future__ import annotations

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ..configuration.settings import WebSettings
from ..service.finding_fields import finding_fields
from .service import Service

__all__ = ["ApiEndpoints"]

_LARGEST_BODY = 4_096


class _Rearm(msgspec.Struct, forbid_unknown_fields=True):
    model: str | None = None


class ApiEndpoints:
    """The handlers below ``/api/v1``. All work is left to worker threads."""

    def __init__(self, service: Service, settings: WebSettings) -> None:
        self._service = service
        self._settings = settings

    async def alerts(self, _: Request) -> Response:
        """Every alarm of every model, firing or not; evidence and thresholds are log10, times seconds since the epoch."""
        status = await run_in_threadpool(self._service.status)
        return _json({"models": {model.name: model.alerts for model in status.models}})

    async def findings(self, request: Request) -> Response:
        """What is found now, of all models or of the one named in the query; since when as RFC 3339."""
        if unknown := sorted(set(request.query_params) - {"model"}):
            return _text(
                400, f"{', '.join(unknown)}: there is no such parameter; give model=NAME, or nothing for all models"
            )
        wanted = request.query_params.get("model")
        status = await run_in_threadpool(self._service.status)
        models = [model for model in status.models if wanted is None or model.name == wanted]
        if wanted is not None and not models:
            return _unknown_model(wanted)
        return _json(
            {"findings": [{"model": model.name, **finding_fields(each)} for model in models for each in model.findings]}
        )

    async def rearm(self, request: Request) -> Response:
        """Release the latches of the model named in the query or the JSON body, else of all; says which were closed."""
        if not self._settings.enable_lifecycle:
            return _text(403, "re-arming over HTTP is off; start with --web.enable-lifecycle")
        if unknown := sorted(set(request.query_params) - {"model"}):
            return _text(
                400, f"{', '.join(unknown)}: there is no such parameter; all latches of a model open, give model=NAME"
            )
        model = request.query_params.get("model")
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > _LARGEST_BODY:
                return _text(413, f"the body is larger than {_LARGEST_BODY} bytes")
        if body.strip():
            try:
                model = msgspec.json.decode(body, type=_Rearm).model or model
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                return _text(400, f'the body is not {{"model": "NAME"}}: {error}')
        released = await run_in_threadpool(self._service.rearm, model)
        if released is None:
            return _unknown_model(model)
        return _json({"released": released})


def _unknown_model(name: str | None) -> Response:
    return _text(404, f"there is no model {name!r} here; GET /api/v1/alerts lists them")


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value) + b"\n", media_type="application/json")


def _text(status: int, sentence: str) -> Response:
    return PlainTextResponse(sentence + "\n", status_code=status)
