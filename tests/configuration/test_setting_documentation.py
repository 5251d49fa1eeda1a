from __future__ import annotations

from pathlib import Path

from model_drift_exporter.configuration.setting_documentation import documentation
from model_drift_exporter.configuration.settings import InputSettings, Settings
from model_drift_exporter.settings.declarations import all_settings

FILE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_documentation_is_the_generated_one() -> None:
    """docs/configuration.md is up to date with the settings; `make generate` makes it so."""
    assert FILE.read_text(encoding="utf-8") == documentation()


def test_every_setting_has_a_row_of_five_cells() -> None:
    """No setting is missing, and no text breaks the table."""
    rows = [line for line in documentation().splitlines() if line.startswith("| `")]
    assert len(rows) == len([*all_settings(Settings), *all_settings(InputSettings)])
    assert all(len(row.replace("\\|", "").split("|")) == 7 for row in rows)


def test_a_row_shows_key_flag_value_default_and_meaning() -> None:
    """Defaults are shown as they are written; what has no flag says so."""
    text = documentation()
    assert (
        "| `ingest.max_body_bytes` | `--ingest.max-body-bytes` | a size from 1KiB to 1GiB | `8MiB` "
        "| Largest body of one request, after decompression. |"
    ) in text
    assert "| `features.kinds` | in the file only | a mapping from a name to one of `numeric`, `categorical` |" in text
