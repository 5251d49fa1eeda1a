from __future__ import annotations

from pathlib import Path

import pytest

from grafana.src import __main__ as generator


def test_the_files_are_what_their_sources_say() -> None:
    """Nobody has edited a generated file, or forgotten to generate it."""
    assert generator.main(["--check"]) == 0
    names = {path.stem for path in (generator.FOLDER / "dashboards").glob("*.json")}
    assert names == {page.name for page in generator.PAGES}


def test_generating_twice_gives_the_same_text() -> None:
    """A page holds builders that could remember; the second text is that of the first."""
    assert generator.files() == generator.files()


@pytest.mark.slow
def test_generating_writes_what_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--check only tells; without it each file is written, once."""
    monkeypatch.setattr(generator, "FOLDER", tmp_path)
    assert generator.main(["--check"]) == 1
    assert "grafana/dashboards/fleet.json is out of date; run: make generate" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    assert generator.main([]) == 0
    assert capsys.readouterr().out.count("Wrote grafana/") == len(generator.files())
    assert generator.main([]) == 0
    assert not capsys.readouterr().out
    assert generator.main(["--check"]) == 0
