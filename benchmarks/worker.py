"""Runs one function of a benchmark for ``processes.measure``: ``python -m benchmarks.worker MODULE FUNCTION ARGUMENTS``."""

from __future__ import annotations

import importlib
import json
import sys


def main(module: str, function: str, arguments: str) -> None:
    result = getattr(importlib.import_module(module), function)(**json.loads(arguments))
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
