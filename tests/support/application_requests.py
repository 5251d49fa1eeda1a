"""Requests to the web application, without a server."""

from __future__ import annotations

import asyncio

import httpx
from starlette.applications import Starlette

from model_drift_exporter.configuration.settings import IngestSettings, WebSettings
from model_drift_exporter.web.app import create_app
from tests.support.fake_service import FakeService


def client_of(app: Starlette) -> httpx.AsyncClient:
    """A client that has no wishes of its own about formats and codings."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test", headers={"Accept-Encoding": ""}
    )


def ask(
    service: FakeService,
    method: str,
    path: str,
    section: WebSettings | IngestSettings | None = None,
    **arguments: object,
) -> httpx.Response:
    """One request to the main application, under defaults but for one section."""
    web = section if isinstance(section, WebSettings) else WebSettings()
    ingest = section if isinstance(section, IngestSettings) else IngestSettings()

    async def request() -> httpx.Response:
        async with client_of(create_app(service, web, ingest)) as client:
            return await client.request(method, path, **arguments)  # type: ignore[arg-type]

    return asyncio.run(request())
