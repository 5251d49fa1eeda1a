from __future__ import annotations

import subprocess
import sys


def _loaded(modules: str, names: set[str]) -> str:
    code = f"import sys, {modules}; print(sorted({names} & set(sys.modules)))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_importing_the_configuration_loads_no_yaml() -> None:
    """A start without a file does not pay for YAML. NumPy is there: settings are declared by the monitors that they are of."""
    modules = "model_drift_exporter.configuration.settings, model_drift_exporter.configuration.yaml_file"
    assert _loaded(modules, {"yaml", "cattrs", "scipy", "pandas", "difflib", "click"}) == "[]"


def test_the_command_line_loads_no_settings() -> None:
    """Its version and its verbs are told at once."""
    assert _loaded("model_drift_exporter.cli", {"numpy", "yaml", "model_drift_exporter.configuration.settings"}) == "[]"
