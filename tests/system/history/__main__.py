"""``python -m tests.history --folder DIR --serve PORT``: a Prometheus full of history, to look at dashboards."""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path

from tests.support.components import require
from tests.system.history.backfilled import HOURS, build
from tests.system.history.evaluating import CONFIGURATION, OPTIONS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.history", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="a new folder for all of it")
    parser.add_argument("--scene", choices=("incident", "quiet"), default="incident")
    parser.add_argument("--hours", type=float, default=HOURS, help="how much of it to look at (default: %(default)s)")
    parser.add_argument("--step", type=int, default=150, help="seconds between two samples of a counter; divides 300")
    parser.add_argument("--serve", type=int, metavar="PORT", help="go on as a Prometheus on this port of 127.0.0.1")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("model_drift_exporter").setLevel(logging.WARNING)
    history = build(
        arguments.folder, incident=arguments.scene == "incident", hours=arguments.hours, step=arguments.step
    )
    if arguments.serve:
        _serve(history.folder, arguments.serve)


def _serve(folder: Path, port: int) -> None:
    """Become Prometheus."""
    file = folder / "prometheus.yml"
    file.write_text(CONFIGURATION)
    program = require("prometheus")
    options = [f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}", *OPTIONS, "--log.level=warn"]
    os.execv(program, [program, *options, f"--web.listen-address=127.0.0.1:{port}"])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
