"""Polls a source step by step on a clock of its own, and keeps what came."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from model_drift_exporter.formats.parquet import lines_of
from model_drift_exporter.records.chunk import Chunk
from model_drift_exporter.sources import Source, SourceStatus


class Reading:
    """Everything a source has delivered; ``now`` only moves when a step is made."""

    def __init__(self, source: Source, now: float = 1_000_000.0) -> None:
        self.source = source
        self.now = now
        self.chunks: list[Chunk] = []
        self.errors: Counter[str] = Counter()

    def step(self, seconds: float = 0.25, *, draining: bool = False) -> list[bytes]:
        """Let time pass, poll until nothing comes, and return the lines that came."""
        self.now += seconds
        lines: list[bytes] = []
        while (chunk := self.source.poll(self.now, draining=draining)) is not None:
            data = chunk.data if chunk.rows is None else lines_of(chunk.data)
            assert not data or data.endswith(b"\n"), "a chunk holds whole lines"
            self.chunks.append(chunk)
            self.errors.update(chunk.errors)
            lines += data.split(b"\n")[:-1]
        return lines

    def to_end(self, limit: int = 10_000) -> list[bytes]:
        """Step until the source says that it is finished."""
        lines: list[bytes] = []
        for _ in range(limit):
            if self.source.finished:
                return lines
            lines += self.step()
        raise AssertionError("the source never finished")

    @property
    def status(self) -> SourceStatus:
        return self.source.status(self.now)


def append(path: Path, data: bytes) -> None:
    """Write to the end of a file in one system call, creating it where it is missing."""
    with path.open("ab", buffering=0) as file:
        file.write(data)


def open_files(path: Path) -> int:
    """How many descriptors of this process lead into a folder, deleted files included."""
    links = list(Path("/proc/self/fd").iterdir())
    return sum(str(path) in str(link.readlink()) for link in links if link.is_symlink())
