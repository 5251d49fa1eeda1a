"""Every error the exporter raises on purpose, and the exit code each one ends a command with.

ModelDriftExporterError                 exit code 1: something failed while running
├── ConfigurationError                  exit code 2: flags or the configuration file, all mistakes at once
├── ReferenceProfileError               exit code 2: a reference profile that cannot be used
├── InputError                          exit code 1: an input that cannot be read
├── ListenError                         exit code 1: an address that cannot be listened on
├── StateError                          exit code 1: a snapshot that cannot be read, or does not fit
└── TemporaryFileError                  exit code 1: a temporary file that cannot be written or read
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

__all__ = [
    "ConfigurationError",
    "InputError",
    "ListenError",
    "ModelDriftExporterError",
    "Problem",
    "ReferenceProfileError",
    "StateError",
    "TemporaryFileError",
]


@attrs.frozen
class Problem:
    """One mistake: where it is, what is wrong, and what to write instead.

    ``line`` and ``column`` count from 1; they are 0 where the place is not a file (a flag, say).
    """

    place: str
    message: str
    hint: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        where = f"{self.place}:{self.line}:{self.column}" if self.line else self.place
        return f"{where}: {self.message}" + (f"; {self.hint}" if self.hint else "")


class ModelDriftExporterError(Exception):
    """Base of all errors of this package; its text is meant for the person at the terminal."""

    exit_code = 1


class ConfigurationError(ModelDriftExporterError):
    """One or more mistakes in flags or the configuration file, in file order."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ReferenceProfileError(ModelDriftExporterError):
    """A reference profile that is unreadable, of another version, or damaged; or rows no profile can be built from."""

    exit_code = 2


class InputError(ModelDriftExporterError):
    """An input that cannot be opened or read; the text names the input and the reason."""


class ListenError(ModelDriftExporterError):
    """An address that cannot be listened on, such as a port in use."""


class StateError(ModelDriftExporterError):
    """A snapshot of the state that cannot be read, is damaged, or does not fit this model; the text says which."""


class TemporaryFileError(ModelDriftExporterError):
    """A temporary file that cannot be written or read; the text names the folder and how to choose another one."""
