"""What was measured on: the machine and the versions that a figure depends on."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from model_drift_exporter import __version__

__all__ = ["describe", "versions"]

_PACKAGES = ("numpy", "msgspec", "starlette", "uvicorn")


def describe() -> str:
    """One line: date, processor, operating system, versions."""
    found = versions(_PACKAGES)
    packages = ", ".join(f"{name} {version}" for name, version in found.items())
    return (
        f"{datetime.now(UTC).date()}, {_processor()}, {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}, model-drift-exporter {__version__}, {packages}"
    )


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions of the packages that are installed."""
    found = {}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
