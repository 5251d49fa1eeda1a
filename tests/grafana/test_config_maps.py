from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from grafana.src.config_maps import documentation
from tests.grafana.dashboard_file import DASHBOARDS, FOLDER, UIDS

_FILE = FOLDER.parent / "kubernetes" / "dashboards.yaml"
_MAPS: list[dict[str, Any]] = list(yaml.safe_load_all(_FILE.read_text()))
_LIMIT = 1024 * 1024
"""Bytes that Kubernetes takes in a ConfigMap."""
_ANNOTATION_LIMIT = 262_144
"""Bytes of all annotations; ``kubectl apply`` puts the whole object into one, unless it is told ``--server-side``."""


def test_each_dashboard_has_one() -> None:
    """In their order, top down."""
    assert [one["metadata"]["name"] for one in _MAPS] == [f"model-drift-dashboard-{name}" for name in UIDS]
    assert len(DASHBOARDS) == len(_MAPS)


@pytest.mark.parametrize("one", _MAPS, ids=lambda one: str(one["metadata"]["name"]))
class TestConfigMap:
    def test_kubernetes_takes_it(self, one: dict[str, Any]) -> None:
        """Kind and version are known, names are valid, and it is not too large."""
        assert (one["apiVersion"], one["kind"]) == ("v1", "ConfigMap")
        assert one.keys() == {"apiVersion", "kind", "metadata", "data"}
        assert re.fullmatch(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", one["metadata"]["name"])
        assert all(re.fullmatch(r"[-._a-zA-Z0-9]+", key) for key in one["data"])
        assert len(yaml.safe_dump(one, allow_unicode=True).encode()) < _LIMIT

    def test_kubectl_applies_it(self, one: dict[str, Any]) -> None:
        """It fits into the annotation, or the head of the file says how it is applied without one."""
        size = len(json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode())
        assert size < _ANNOTATION_LIMIT or "--server-side" in _FILE.read_text().partition("---\n")[0]

    def test_the_sidecar_finds_it(self, one: dict[str, Any]) -> None:
        """It has the label and the folder that Grafana's Helm chart looks for, both as text."""
        assert one["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert one["metadata"]["annotations"] == {"grafana_folder": "Model drift"}

    def test_it_holds_the_file(self, one: dict[str, Any]) -> None:
        """To the last byte, under a name of its own: the sidecar writes all dashboards into one folder."""
        [(key, text)] = one["data"].items()
        name = one["metadata"]["name"].removeprefix("model-drift-dashboard-")
        assert key == f"model-drift-{name}.json"
        assert text == (FOLDER / f"{name}.json").read_text()


def test_any_text_survives() -> None:
    """Also one with what means something in YAML."""
    text = '{\n  "a": "#: {{x}} – \\"|\\"",\n\n  "b": "  - "\n}\n'
    [found] = yaml.safe_load_all(documentation({"fleet": text}))
    assert found["data"] == {"model-drift-fleet.json": text}
