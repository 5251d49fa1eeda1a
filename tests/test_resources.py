"""Files of the package that are no Python: where they stand, and that the wheel brings them along."""

from __future__ import annotations

from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

_ROOT = Path(__file__).parents[1]
_EXPORTER = _ROOT / "exporter"
_FOLDERS = {
    "model_drift_exporter/web/page/templates": (".j2", ".css", ".js"),  # the page reads its resources from there
    "model_drift_exporter": (".typed",),
}


def _files(folder: Path) -> set[Path]:
    """The files below a folder, those aside that Python or an installer made."""
    inside = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {path for path in inside if not any(part.endswith(("__pycache__", ".egg-info")) for part in path.parts)}


def _misplaced(files: set[Path]) -> list[str]:
    return sorted(
        path.as_posix()
        for path in files
        if path.suffix != ".py" and path.suffix not in _FOLDERS.get(path.parent.as_posix(), ())
    )


def _packaged(root: Path) -> set[Path]:
    """What a wheel of the project in ``root`` would hold, as pyproject.toml has it."""
    return {Path(file.distribution_path) for file in WheelBuilder(str(root)).recurse_included_files()}


def test_templates_styles_and_scripts_stand_in_the_folder_of_the_page() -> None:
    """Whatever else is no Python has a folder, too."""
    files = _files(_EXPORTER)
    assert _misplaced(files) == []
    assert {path.suffix for path in files} == {".py", *(suffix for each in _FOLDERS.values() for suffix in each)}
    elsewhere = {Path("model_drift_exporter/web/page.css"), Path("model_drift_exporter/web/page/templates/a.json")}
    assert _misplaced(elsewhere) == sorted(map(str, elsewhere))


def test_the_wheel_brings_every_file_of_the_package(tmp_path: Path) -> None:
    """By the configuration of the build, which leaves out what it does not name."""
    assert _packaged(_ROOT) == _files(_EXPORTER)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (tmp_path / name).write_bytes((_ROOT / name).read_bytes())
    templates = tmp_path / "exporter" / "model_drift_exporter" / "web" / "page" / "templates"
    templates.mkdir(parents=True)
    (templates / "page.css").write_text("a {}")
    (tmp_path / "exporter" / "model_drift_exporter" / "__init__.py").write_text('__version__ = "1"')
    assert Path("model_drift_exporter/web/page/templates/page.css") in _packaged(tmp_path)
    project = tmp_path / "pyproject.toml"
    wheel = "[tool.hatch.build.targets.wheel]\n"
    project.write_text(project.read_text().replace(wheel, f'{wheel}exclude = ["*.css"]\n'))
    assert _packaged(tmp_path) == {Path("model_drift_exporter/__init__.py")}
