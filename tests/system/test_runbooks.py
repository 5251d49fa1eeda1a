from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

from tests.support.components import require

from ..support.runbooks import PAGES, queries


def test_prometheus_can_parse_every_query(tmp_path: Path) -> None:
    """All queries of all pages, as rules, pass `promtool check rules`."""
    texts = [query for page in PAGES for query in queries(page)]
    recording = [{"record": f"query:{number}", "expr": text} for number, text in enumerate(texts)]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "runbooks", "rules": recording}]}))
    checked = subprocess.run([require("promtool"), "check", "rules", file], capture_output=True, text=True, check=False)
    assert len(texts) > 50
    assert checked.returncode == 0, checked.stdout + checked.stderr
