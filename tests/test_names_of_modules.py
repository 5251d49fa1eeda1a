"""The names in the package: nouns, and no two things of one name."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import model_drift_exporter

PACKAGE = Path(model_drift_exporter.__file__).parent
MODULES = [path for path in PACKAGE.rglob("*.py") if path.stem not in ("__init__", "__main__")]
ROOMS = [path.parent for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE]
NOUNS_IN_ING: dict[str, str] = {
    "commands/check/input_reading.py": "a reading, as of an instrument: what was read of an input",
    "labels/ripening.py": "the noun for growing mature: which predictions are old enough to have their label",
    "records/framing.py": "the field's noun for how messages are told apart in a stream of bytes",
}
SAME_MODULES = {
    "settings": "each room's own section of the settings",
    "columns": "columns of records, and those of evidence",
    "profile": "the verb `profile`, and the reference profile that it makes",
}
SAME_CLASSES: dict[str, str] = {}


def _by_name(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found = defaultdict(list)
    for name, place in pairs:
        found[name].append(place)
    return {name: places for name, places in found.items() if len(places) > 1}


def _gerunds(paths: list[Path]) -> set[str]:
    return {path.as_posix() for path in paths if path.stem.endswith("ing")}


def _inside(paths: list[Path]) -> list[Path]:
    return [path.relative_to(PACKAGE) for path in paths]


def test_no_module_is_called_by_a_gerund() -> None:
    """A module or a room is a thing, not what happens."""
    rooms_in_ing = {"joining", "reference/building", "statistics/betting"}  # disciplines, and the making of a reference
    assert _gerunds(_inside(MODULES + ROOMS)) == NOUNS_IN_ING.keys() | rooms_in_ing
    assert _gerunds([Path("labels/joining.py"), Path("labels/join.py")]) == {"labels/joining.py"}


def test_no_two_modules_have_one_name() -> None:
    """Who looks for a thing finds one place; exceptions are written down with their reason."""
    assert _by_name([(path.stem, path.as_posix()) for path in _inside(MODULES)]).keys() == SAME_MODULES.keys()
    assert _by_name([("clock", "a/clock.py"), ("clock", "b/clock.py"), ("rest", "b/rest.py")]).keys() == {"clock"}


def test_no_two_classes_have_one_name() -> None:
    """Neither public nor private ones."""
    classes = [
        (node.name, path.as_posix())
        for path in MODULES
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    ]
    assert _by_name(classes).keys() == SAME_CLASSES.keys()
