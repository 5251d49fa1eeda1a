from __future__ import annotations

import subprocess
import sys


def test_importing_the_configuration_loads_no_yaml() -> None:
    """A start without a file does not pay for YAML, and the configuration needs no NumPy."""
    code = (
        "import sys, model_drift_exporter.configuration.settings, model_drift_exporter.configuration.yaml_file;"
        "print(sorted({'yaml', 'cattrs', 'numpy', 'difflib', 'click'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
