from __future__ import annotations

import subprocess

from tests.support.components import require
from tests.support.rule_series import RULES


def test_promtool_accepts_every_rule_file() -> None:
    """`promtool check rules` finds nothing to complain about."""
    command = [require("promtool"), "check", "rules", *map(str, sorted(RULES.glob("*.yml")))]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
