"""Random schedules of what writers and log rotation do to files, against what must and what may be delivered."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from model_drift_exporter.sources import FileSource
from tests.support.source_reader import Reading, append

PADDING = st.sampled_from([0, 3, 40, 700, 3000])


class Rotation(RuleBasedStateMachine):
    """One log under one path.

    Every line is unique. ``owed`` must come, ``excused`` may: written to a file that was truncated, or that came and went
    between two polls. An unfinished line may come in whole or as it stood, or not at all.
    """

    pattern = "app.log"

    @initialize(read_bytes=st.sampled_from([1000, 1 << 18]))
    def open_source(self, read_bytes: int) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "app.log"
        self.read_bytes = read_bytes
        self.reading = Reading(self.new_source())
        self.reading.step()
        self.number = 0
        self.renamed = 0
        self.unfinished = b""
        self.delivered: Counter[bytes] = Counter()
        self.owed: set[bytes] = set()
        self.excused: set[bytes] = set()
        self.unseen: set[bytes] = set()  # in the file now at the path, which the source may not have opened yet
        self.opened = False

    def new_source(self) -> FileSource:
        pattern = str(self.folder / self.pattern)
        return FileSource("log", pattern, read_bytes=self.read_bytes, scan_seconds=1.0)

    def teardown(self) -> None:
        if not hasattr(self, "reading"):
            return
        try:
            self.poll(7.0)
            self.poll(7.0)
            self.delivered.update(self.reading.step(draining=True))
            self.check_all_owed_came()
            self.nothing_comes_twice_or_from_nowhere()
        finally:
            self.reading.source.close()
            shutil.rmtree(self.folder)

    def check_all_owed_came(self) -> None:
        assert not {line[:20] for line in self.owed - set(self.delivered)}

    def has_opened(self) -> bool:
        return self.path.exists()

    def new_line(self, padding: int) -> bytes:
        self.number += 1
        return b"%d:" % self.number + (b"%d " % self.number * padding)[:padding]

    def write(self, data: bytes) -> None:
        append(self.path, data)
        *lines, rest = (self.unfinished + data).split(b"\n")
        self.unfinished = rest
        for line in lines:
            self.excused.discard(line)
            self.unseen.add(line)
            self.owed.add(line)
        if rest:
            self.excused.add(rest)

    def excuse_unseen(self) -> None:
        lost = self.unseen - set(self.delivered)
        self.owed -= lost
        self.excused |= lost

    def leave_file(self) -> None:
        """The file at the path loses its name; what it holds is still owed if it is open."""
        if not self.opened:
            self.excuse_unseen()
        self.unseen = set()
        self.unfinished = b""
        self.opened = False

    @rule(paddings=st.lists(PADDING, min_size=1, max_size=4))
    def append_lines(self, paddings: list[int]) -> None:
        self.write(b"".join(self.new_line(padding) + b"\n" for padding in paddings))

    @rule(padding=PADDING)
    def append_part(self, padding: int) -> None:
        self.write(self.new_line(padding))

    @precondition(lambda self: self.path.exists())
    @rule()
    def rename(self) -> None:
        self.renamed += 1
        self.path.rename(self.folder / f"app.log.{self.renamed}")
        self.leave_file()

    @precondition(lambda self: self.path.exists())
    @rule()
    def delete(self) -> None:
        self.path.unlink()
        self.leave_file()

    @rule()
    def create(self) -> None:
        self.path.touch()

    @precondition(lambda self: self.path.exists())
    @rule()
    def truncate(self) -> None:
        self.excuse_unseen()
        self.unseen = set()
        self.unfinished = b""
        self.path.write_bytes(b"")

    @rule(seconds=st.sampled_from([0.0, 0.25, 2.0, 7.0]))
    def poll(self, seconds: float) -> None:
        self.delivered.update(self.reading.step(seconds))
        self.opened = self.has_opened()

    @rule()
    def restart(self) -> None:
        """The process is killed and goes on from its checkpoint: what still has a name and was being read is not lost."""
        state = msgspec.msgpack.decode(msgspec.msgpack.encode(self.reading.source.checkpoint()))
        now = self.reading.now
        self.reading.source.close()
        self.reading = Reading(self.new_source(), now)
        self.reading.source.resume(state)
        self.excuse_what_only_the_process_held(state)
        self.opened = False

    def excuse_what_only_the_process_held(self, state: dict[str, list[dict[str, int]]]) -> None:
        """A deleted file, and under a single path a renamed one of which no line had come yet."""
        begun = {file["inode"] for file in state["files"]}
        reachable = b"".join(
            path.read_bytes()
            for path in self.folder.iterdir()
            if path == self.path or "*" in self.pattern or path.stat().st_ino in begun
        )
        here = set(reachable.split(b"\n"))
        lost = {line for line in self.owed - set(self.delivered) if line not in here}
        self.owed -= lost
        self.excused |= lost

    @invariant()
    def nothing_comes_twice_or_from_nowhere(self) -> None:
        if hasattr(self, "delivered"):
            assert not {line[:20]: count for line, count in self.delivered.items() if count > 1}
            assert not {line[:20] for line in set(self.delivered) - self.owed - self.excused}


class RotationWithinPattern(Rotation):
    """The same with a pattern that matches the rotated names too; then a renamed file is never lost."""

    pattern = "app.log*"

    def has_opened(self) -> bool:
        return self.opened or not self.unseen.isdisjoint(self.delivered)  # a pattern is not looked at in every poll

    def leave_file(self) -> None:
        self.unseen = set()
        self.unfinished = b""
        self.opened = False

    @precondition(lambda self: self.path.exists())
    @rule()
    def delete(self) -> None:
        if not self.opened:
            self.excuse_unseen()
        self.path.unlink()
        self.leave_file()

    @precondition(lambda self: self.path.exists())
    @rule()
    def copy_and_truncate(self) -> None:
        """As logrotate does; the copy holds all lines, so none that was whole may be missing."""
        self.renamed += 1
        shutil.copy(self.path, self.folder / f"app.log.{self.renamed}")
        self.path.write_bytes(b"")
        self.unseen = set()
        self.unfinished = b""


TestRotation = Rotation.TestCase
TestRotation.settings = settings(
    max_examples=100, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestRotationWithinPattern = RotationWithinPattern.TestCase
TestRotationWithinPattern.settings = TestRotation.settings
