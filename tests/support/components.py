"""Programs of other people that some tests need, such as Prometheus' promtool."""

from __future__ import annotations

import os
import shutil

import pytest

__all__ = ["require"]

PACKAGES = {"promtool": "prometheus", "amtool": "prometheus-alertmanager"}
"""Debian packages of programs that are not called like their package."""


def require(name: str) -> str:
    """The path of a program; without it the test is skipped, and in CI (the variable ``CI`` is set) it fails."""
    path = shutil.which(name)
    if path is not None:
        return path
    sentence = f"{name} is not installed (Debian has it in the package {PACKAGES.get(name, name)})"
    if os.environ.get("CI"):
        pytest.fail(f"{sentence}; tests that need it are not skipped in CI")
    pytest.skip(sentence)
