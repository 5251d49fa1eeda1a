"""What a record costs that is posted by itself, while many clients post."""

from __future__ import annotations

import selectors
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count, cycle
from pathlib import Path
from statistics import median
from uuid import UUID

from .data import Stream, record_block, write_log
from .processes import Sidecar, build_reference, sidecar
from .report import Figure, Report, Scale, Table

__all__ = ["run"]

_CLIENTS = 32
_ACCEPTED = b"202"

METHOD = """\
`model-drift-exporter run` with a reference profile of 25 features. {clients} clients post one record of 25 features
at a time, each over a connection that it keeps, the next as soon as the answer is there, for {seconds} s; {rounds}
rounds. Each request has an `X-Request-Id` of its own, as proxies set it. CPU time of the exporter's process (all
threads), and records that it has counted; the clients share the machine with it."""


def run(scale: Scale) -> Report:
    seconds, rounds = scale.pick(10, 1), scale.pick(scale.rounds, 1)
    records = record_block(Stream(), 0, scale.pick(5_000, 200)).splitlines()
    costs, rates, refused = [], [], 0
    with tempfile.TemporaryDirectory() as folder:
        rows = write_log(Path(folder, "reference.jsonl"), scale.pick(10_000, 2_000), Stream(seed=2))
        reference = build_reference(rows, Path(folder, "reference.json"))
        with sidecar([f"--reference={reference}"]) as running:
            running.wait()
            requests = map(_request, cycle(records), count())
            _posted(running, requests, 1.0)  # the first record makes the model
            for _ in range(rounds):
                counted, busy = running.records(), running.cpu_seconds()
                began = time.perf_counter()
                answers = _posted(running, requests, seconds)
                took = time.perf_counter() - began
                running.wait_for_records(counted + answers[_ACCEPTED])
                costs.append((running.cpu_seconds() - busy) / answers[_ACCEPTED] * 1e6)
                rates.append(answers[_ACCEPTED] / took)
                refused += answers.total() - answers[_ACCEPTED]
    return Report(
        title="Posts",
        method=METHOD.format(clients=_CLIENTS, seconds=seconds, rounds=rounds),
        figures=[
            Figure(f"CPU time a record, posted by itself, {_CLIENTS} clients (median)", median(costs), "µs", 300),
            Figure("records a second (median)", median(rates), "/s", 1_000, at_least=True),
        ],
        tables=[
            Table(
                ("", "best", "median", "worst"),
                [
                    ("CPU time a record, µs", min(costs), median(costs), max(costs)),
                    ("records a second", max(rates), median(rates), min(rates)),
                ],
            )
        ],
        notes=[f"{refused:,} requests were refused because the queue was full."],
    )


def _request(record: bytes, number: int) -> bytes:
    head = (
        f"POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(record)}\r\n"
        f"X-Request-Id: {UUID(int=number)}\r\n\r\n"
    )
    return head.encode() + record


def _posted(running: Sidecar, requests: Iterator[bytes], seconds: float) -> Counter[bytes]:
    """Answers by their status."""
    answers: Counter[bytes] = Counter()
    clients = [socket.create_connection(running.address, timeout=30) for _ in range(_CLIENTS)]
    try:
        with selectors.DefaultSelector() as waiting:
            received = dict.fromkeys(clients, b"")
            for client in clients:
                waiting.register(client, selectors.EVENT_READ)
                client.sendall(next(requests))
            end = time.perf_counter() + seconds
            while waiting.get_map():
                for client in _ready(waiting):
                    received[client] += client.recv(1 << 16)
                    if not _complete(received[client]):
                        continue
                    answers[received[client].split(b" ", 2)[1]] += 1
                    received[client] = b""
                    if time.perf_counter() < end:
                        client.sendall(next(requests))
                    else:
                        waiting.unregister(client)
    finally:
        for client in clients:
            client.close()
    return answers


def _ready(waiting: selectors.BaseSelector) -> Sequence[socket.socket]:
    found = [key.fileobj for key, _ in waiting.select(30)]
    if not found:
        raise RuntimeError("the exporter does not answer any more")
    return [each for each in found if isinstance(each, socket.socket)]


def _complete(answer: bytes) -> bool:
    head, separator, body = answer.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return bool(separator) and len(body) >= int(length)
