from __future__ import annotations

import subprocess
import sys


def test_importing_the_server_loads_nothing_heavy() -> None:
    """Start to first scrape is budgeted: no template engine, no client library, no SciPy comes with the server."""
    code = "import sys, model_drift_exporter.web.app, model_drift_exporter.web.server; print(*sys.modules)"
    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"jinja2", "prometheus_client", "scipy", "pandas", "pyarrow", "httpx"} & set(listed)
