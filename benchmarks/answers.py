"""How long a client waits for an answer on a connection that it keeps, as services and Prometheus keep theirs."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
import numpy as np

from .data import Stream, record_block, write_log
from .processes import ROOT, build_reference, sidecar
from .report import Figure, Report, Scale, Table, number

__all__ = ["run"]

_PATIENCE_SECONDS = 30.0
_HEADERS = {"Content-Type": "application/json"}

METHOD = """\
`model-drift-exporter run` with a reference profile of 25 features, and a bare server: uvicorn with the same parser, which
reads the body and answers 202, or the bytes of a scrape, at once. One client posts one record of 25 features at a time, or
scrapes (gzip), over one connection to each that it keeps, the next request as soon as the answer is there. {rounds} rounds in
turns of {posts:,} records, fewer than the queue holds, and {scrapes:,} scrapes; wall-clock time from sending to the end of the
answer, of all rounds together. The exporter takes in the records meanwhile, and those that wait before the scrapes."""


def run(scale: Scale) -> Report:
    posts, scrapes = scale.pick(800, 20), scale.pick(100, 2)
    records = record_block(Stream(), 0, scale.rounds * posts).splitlines()
    ours, bare = _Answers(), _Answers()
    busy = 0.0
    with tempfile.TemporaryDirectory() as folder:
        rows = write_log(Path(folder, "reference.jsonl"), scale.pick(10_000, 2_000), Stream(seed=2))
        reference = build_reference(rows, Path(folder, "reference.json"))
        with sidecar([f"--reference={reference}"]) as running:
            running.wait()
            answer = Path(folder, "answer")
            with contextlib.closing(running.connect()) as kept:
                for first in range(0, len(records), posts):
                    each = records[first : first + posts]
                    began = time.perf_counter()
                    ours.posts += _posted(kept, each)
                    running.wait_for_records(first + posts)
                    busy += time.perf_counter() - began
                    ours.scrapes += _scraped(kept, scrapes)
                    answer.write_bytes(running.scrape())
                    with _bare(answer) as ceiling:
                        bare.posts += _posted(ceiling, each)
                        bare.scrapes += _scraped(ceiling, scrapes)
    return Report(
        title="Answers",
        method=METHOD.format(rounds=scale.rounds, posts=posts, scrapes=scrapes),
        figures=[
            Figure("`POST /ingest` of one record on a kept connection, p50", _milliseconds(ours.posts, 0.5), "ms", 2),
            Figure("`GET /metrics` on a kept connection, p50", _milliseconds(ours.scrapes, 0.5), "ms"),
        ],
        tables=[
            Table(
                ("wall-clock time, ms", "best", "p50", "p99"),
                [
                    ("`POST /ingest`, one record", *_spread(ours.posts)),
                    ("the bare server, the same record", *_spread(bare.posts)),
                    ("`GET /metrics`", *_spread(ours.scrapes)),
                    ("the bare server, the same bytes", *_spread(bare.scrapes)),
                ],
            )
        ],
        notes=[
            f"Taken in, one record a request, beside a scrape every 50 ms: {number(len(records) / busy)} records a second."
        ],
    )


@attrs.define
class _Answers:
    """Seconds that each answer of a server took."""

    posts: list[float] = attrs.field(factory=list)
    scrapes: list[float] = attrs.field(factory=list)


def _spread(seconds: Sequence[float]) -> tuple[float, float, float]:
    return _milliseconds(seconds, 0.0), _milliseconds(seconds, 0.5), _milliseconds(seconds, 0.99)


def _milliseconds(seconds: Sequence[float], quantile: float) -> float:
    return float(np.quantile(seconds, quantile)) * 1e3


def _posted(connection: http.client.HTTPConnection, records: Sequence[bytes]) -> list[float]:
    return [_seconds(connection, "POST", "/ingest", each, _HEADERS) for each in records]


def _scraped(connection: http.client.HTTPConnection, scrapes: int) -> list[float]:
    headers = {"Accept-Encoding": "gzip"}
    return [_seconds(connection, "GET", "/metrics", None, headers) for _ in range(scrapes)]


def _seconds(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None,
    headers: dict[str, str],
) -> float:
    began = time.perf_counter()
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    response.read()
    took = time.perf_counter() - began
    if response.status != (http.HTTPStatus.ACCEPTED if body else http.HTTPStatus.OK) or response.will_close:
        raise RuntimeError(f"{method} {path} answered {response.status}, closing: {response.will_close}")
    return took


@contextlib.contextmanager
def _bare(answer: Path) -> Iterator[http.client.HTTPConnection]:
    """A kept connection to the bare server, which is ended on leaving."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    arguments = json.dumps({"port": port, "answer": str(answer)})
    command = [sys.executable, "-m", "benchmarks.worker", __name__, "serve_bare", arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                connection.connect()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        yield connection
    finally:
        connection.close()
        process.terminate()
        process.wait(_PATIENCE_SECONDS)


# What follows runs in a process of its own.


def serve_bare(port: int, answer: str) -> None:
    """Serves until it is ended: 202 to a body, the bytes of the file ``answer`` to a request without one."""
    import uvicorn
    from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

    scraped = Path(answer).read_bytes()

    async def application(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        while (await receive()).get("more_body"):
            pass
        posted = scope.get("method") == "POST"
        body, status = (b'{"status":"queued"}', 202) if posted else (scraped, 200)
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    uvicorn.run(
        application,
        host="127.0.0.1",
        port=port,
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        log_level="error",
        access_log=False,
    )
