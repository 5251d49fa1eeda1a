"""``python -m model_drift_exporter``."""

from __future__ import annotations

from .cli import main

main()
