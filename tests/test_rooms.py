"""The plan of the house: which room of the package may import which. ``python -m tests.test_rooms`` draws it in the docs."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs
import pytest

_ROOT = Path(__file__).parents[1]
_PACKAGE = _ROOT / "exporter" / "model_drift_exporter"
_DESIGN = _ROOT / "docs" / "design.md"
_BEGIN, _END = "<!-- the house: drawn by tests/test_rooms.py -->\n", "<!-- end of the house -->\n"


@attrs.frozen
class Room:
    """A folder of the package, or a module beside them: what it holds and, in words, which rooms it may import."""

    name: str
    holds: str
    imports: str = ""

    @property
    def below(self) -> tuple[str, ...]:
        return tuple(self.imports.split())


_BYTES = "records errors"
_NUMBERS = "reference metrics settings statistics errors"

# From top to bottom; a room imports only from rooms that stand below it in this table.
HOUSE: Mapping[str, tuple[Room, ...]] = {
    "People": (
        Room("cli", "the command line", "commands service configuration errors"),
        Room(
            "commands",
            "one verb each",
            "web service pipeline models configuration monitors evidence reference formats sources metrics settings words "
            "atomic_file array_spool " + _BYTES,
        ),
        Room(
            "web",
            "HTTP, and the page in page/",
            "service configuration formats sources metrics statistics errors words",
        ),
        Room(
            "service",
            "the running exporter: thread, lock, state",
            "pipeline models configuration monitors labels evidence reference formats sources metrics atomic_file "
            + _BYTES,
        ),
    ),
    "Models": (
        Room(
            "pipeline",
            "inputs to models: decode, merge, hand on",
            "configuration models reference formats sources metrics sorted_rows array_spool " + _BYTES,
        ),
        Room(
            "configuration",
            "all settings together",
            "models monitors labels evidence reference formats sources settings " + _BYTES,
        ),
        Room(
            "models",
            "one model, all models",
            "monitors labels evidence records words reference metrics settings errors",
        ),
    ),
    "Numbers": (
        Room("monitors", "one module a monitor", "evidence windows words " + _NUMBERS),
        Room("labels", "predictions and labels to outcomes", "joining evidence records " + _NUMBERS),
        Room("evidence", "what decides: bets, schedule, alarms", _NUMBERS),
        Room("windows", "counts and outcomes over time", "reference records settings statistics errors"),
        Room(
            "reference",
            "what was accepted: profile, bins, losses",
            "settings statistics words atomic_file sorted_rows array_spool " + _BYTES,
        ),
    ),
    "Bytes": (
        Room("formats", "bytes to records", "records"),
        Room("sources", "where bytes come from", "metrics " + _BYTES),
        Room("joining", "what belongs together by an identifier", _BYTES),
        Room("sorted_rows", "any number of rows in order, in little memory", "array_spool"),
        Room("records", "records, labels, event times, raw values", "errors"),
        Room("array_spool", "long arrays in little memory", "errors"),
    ),
    "Ground": (
        Room("metrics", "a metric, its samples, the exposition"),
        Room("settings", "how one setting is declared and parsed"),
        Room("statistics", "pure functions on counts, bets among them"),
        Room("errors", "what is told to a person"),
        Room("words", "numbers and names in sentences"),
        Room("atomic_file", "replaces a file whole"),
    ),
}
ROOMS = {room.name: room for rooms in HOUSE.values() for room in rooms}

# Imports inside a function, each module's by name: the sidecar starts fast and stays small, or the package is optional.
LATE_IMPORTS: Mapping[str, tuple[str, set[str]]] = {
    "reference/time_zones.py": (
        "only who has a time zone pays for the database",
        {"zoneinfo.ZoneInfo", "zoneinfo.ZoneInfoNotFoundError", "zoneinfo.available_timezones"},
    ),
    "cli.py": (
        "a verb does not load the others",
        {
            ".commands.check.check.check_settings",
            ".commands.demo.run_demo",
            ".commands.profile.write_profile",
            ".commands.replay.replay.backfill_options",
            ".commands.replay.replay.replay_logs",
            ".commands.replay.reports.REPORTS",
            ".commands.run.run_once",
            ".commands.run.serve",
            ".configuration.flags.settings_from",
            ".service.logs.configure_logging",
        },
    ),
    "commands/demo/__init__.py": (
        "the process that writes the demo's traffic needs nothing of its tour",
        {".tour.run_tour"},
    ),
    "commands/run.py": (
        "`run --once` serves nothing",
        {"..web.app.create_app", "..web.app.create_ingest_app", "..web.server.Server", "..web.server.listen"},
    ),
    "configuration/flags.py": ("a start without a file does not load YAML", {".yaml_file.read_configuration"}),
    "configuration/settings_command.py": (
        "`--version` and the list of verbs load no settings, and so no monitors",
        {".flags.SEPARATOR", ".flags.headings", ".flags.settings_parameters"},
    ),
    "configuration/yaml_file.py": ("a start without a file does not load YAML", {"yaml"}),
    "formats/parquet.py": ("pyarrow is optional", {"pyarrow", "pyarrow.compute", "pyarrow.parquet"}),
    "settings/kinds.py": ("difflib is for mistakes only", {"difflib"}),
    "web/app.py": (
        "the template engine waits for the first visitor",
        {".page.page.content_security_policy", ".page.page.render_fragment", ".page.page.render_page"},
    ),
}
# What looks modules up by name: what each module imports and uses for that.
DYNAMIC_IMPORTS: Mapping[str, tuple[str, set[str]]] = {
    "commands/demo/flights.py": (
        "finds the data of an optional package, of which nothing is run",
        {"importlib.util", "importlib.util.find_spec"},
    ),
    "web/page/page.py": ("reads templates and styles of the package", {"importlib.resources.files"}),
    "web/server.py": (
        "asks whether httptools is there, which has no wheel for some machines",
        {"importlib.util", "importlib.util.find_spec"},
    ),
}
# The one idea of each module of more than 400 lines.
LARGE_MODULES: Mapping[str, str] = {}
_LARGEST_SHARE = 0.15
_MOST_LINES = 400
_LOOK_UPS = {"importlib", "__import__", "pkgutil", "runpy", "import_module", "exec", "eval", "compile"}


@attrs.frozen
class Import:
    """An import of the package's own code: where it stands, as a path below the package, and the room that it is from."""

    module: str
    line: int
    room: str


@attrs.define
class Imports:
    """What a package imports: ``own`` modules; in each ``late`` inside functions, ``dynamic`` by name, ``absolute`` own ones."""

    own: list[Import] = attrs.field(factory=list)
    late: dict[str, set[str]] = attrs.field(factory=dict)
    dynamic: dict[str, set[str]] = attrs.field(factory=dict)
    absolute: dict[str, set[str]] = attrs.field(factory=dict)

    @property
    def arrows(self) -> dict[str, set[str]]:
        """Room to rooms; a room's imports of itself and of the package's version aside."""
        found: dict[str, set[str]] = {}
        for each in self.own:
            start = room_of(each.module)
            if each.room not in (start, "__version__"):
                found.setdefault(start, set()).add(each.room)
        return found


def modules_of(package: Path) -> dict[str, str]:
    """The text of each module by its path below the package."""
    return {path.relative_to(package).as_posix(): path.read_text() for path in sorted(package.rglob("*.py"))}


def room_of(module: str) -> str:
    return module.partition("/")[0].removesuffix(".py")


def imports_of(modules: Mapping[str, str], package: str = "model_drift_exporter") -> Imports:
    """All imports of some modules, wherever in them they stand."""
    found = Imports()
    for module, text in modules.items():
        tree = ast.parse(text)
        late, dynamic, absolute = set[str](), set[str](), set[str]()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                found.own += _own(module, node)
                names = _names(node)
                absolute |= {name for name in names if name.partition(".")[0] == package}
                dynamic |= {name for name in names if name.partition(".")[0] in _LOOK_UPS}
                late |= set[str]() if node in tree.body else names
        dynamic |= {name for name in _uses(tree) if name.partition(".")[0] in _LOOK_UPS}
        for kind, of_module in ((found.late, late), (found.dynamic, dynamic), (found.absolute, absolute)):
            if of_module:
                kind[module] = of_module
    return found


def _names(node: ast.Import | ast.ImportFrom) -> set[str]:
    """What an import names: modules, or with their module and the dots before it what is taken from it."""
    if isinstance(node, ast.Import):
        return {each.name for each in node.names}
    module = "." * node.level + (f"{node.module}." if node.module else "")
    return {module + each.name for each in node.names}


def _uses(tree: ast.Module) -> Iterator[str]:
    """Names that are used, with the attributes of them that are."""
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        text = ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""
        if text.replace(".", "").isidentifier() and id(node) not in inner:
            yield text


def _own(module: str, node: ast.Import | ast.ImportFrom) -> Iterator[Import]:
    if isinstance(node, ast.Import) or not node.level:
        return
    folders = module.split("/")[:-1]
    base = folders[: len(folders) - node.level + 1] + (node.module.split(".") if node.module else [])
    for alias in node.names:
        yield Import(module, node.lineno, (base or [alias.name])[0])


def floors(rooms: Mapping[str, Room]) -> dict[str, int]:
    """The floor of each room, 1 at the bottom: one above the highest of those that it imports."""
    found: dict[str, int] = {}
    for name in reversed([*rooms]):
        found[name] = 1 + max((found[below] for below in rooms[name].below), default=0)
    return found


def picture() -> str:
    """The house as text: a row for each room, a column for each that is imported, a dot where the one imports the other."""
    order = [*ROOMS]
    floor = floors(ROOMS)
    width = max(map(len, order))
    holds = max(len(room.holds) for room in ROOMS.values())
    lines = []
    for name, rooms in HOUSE.items():
        lines.append(f"{name}")
        for room in rooms:
            place = order.index(room.name)
            dots = ["●" if other in room.below else "·" for other in order[:place:-1]][::-1]
            row = "  " * place + "╲ " + " ".join(dots)
            lines.append(f"{floor[room.name]:>4}  {room.name:<{width}}  {room.holds:<{holds}}  {row}".rstrip())
    return "```\n" + "\n".join(lines) + "\n```\n"


def drawn(text: str) -> str:
    """The page with the picture between its marks as the table has it."""
    pattern = re.compile(f"(?<={re.escape(_BEGIN)}).*(?={re.escape(_END)})", re.DOTALL)
    found, number = pattern.subn(lambda _: f"\n{picture()}\n", text)
    if number != 1:
        raise ValueError("the marks of the picture are not there, or there more than once")
    return found


_IMPORTS = imports_of(modules_of(_PACKAGE))


def test_every_room_is_in_the_plan() -> None:
    """And nothing else is."""
    entries = {path.stem for path in _PACKAGE.iterdir() if path.name not in ("__pycache__", "py.typed")}
    assert entries - {"__init__", "__main__"} == set(ROOMS)


def test_rooms_stand_on_what_is_below_them() -> None:
    """In the plan itself no import runs back up, so that there is no circle either."""
    order = [*ROOMS]
    assert [
        (room.name, below)
        for room in ROOMS.values()
        for below in room.below
        if order.index(below) <= order.index(room.name)
    ] == []


def test_no_room_imports_what_it_may_not() -> None:
    """The arrows of the plan are those of the code: none more, and none that nobody needs any more."""
    arrows = _IMPORTS.arrows
    assert arrows.pop("__main__") == {"cli"}
    unplanned = [
        f"{each.module}:{each.line} imports {each.room}"
        for each in _IMPORTS.own
        for start in [room_of(each.module)]
        if start in ROOMS and each.room not in ("__version__", start, *ROOMS[start].below)
    ]
    assert unplanned == []
    assert {name: {*room.below} for name, room in ROOMS.items() if room.below} == arrows


def test_the_house_can_be_overlooked() -> None:
    """Its size is that of the plan it was built by."""
    assert len(ROOMS) <= 25
    assert sum(len(room.below) for room in ROOMS.values()) <= 145
    assert max(floors(ROOMS).values()) <= 14


def test_imports_are_relative_and_at_the_top() -> None:
    """Others have a reason."""
    assert _IMPORTS.absolute == {}
    assert _IMPORTS.late == {module: names for module, (_, names) in LATE_IMPORTS.items()}


def test_no_import_is_dynamic() -> None:
    """What a module needs can be read in it."""
    assert _IMPORTS.dynamic == {module: names for module, (_, names) in DYNAMIC_IMPORTS.items()}


def test_no_room_is_much_larger_than_the_others() -> None:
    """Where one grows beyond that, it holds two things."""
    lines: dict[str, int] = {}
    for module, text in modules_of(_PACKAGE).items():
        lines[room_of(module)] = lines.get(room_of(module), 0) + text.count("\n")
    total = sum(lines.values())
    assert {name: number / total for name, number in lines.items() if number > _LARGEST_SHARE * total} == {}


def test_large_modules_have_one_idea() -> None:
    """It is written down."""
    large = {module for module, text in modules_of(_PACKAGE).items() if text.count("\n") > _MOST_LINES}
    assert large == set(LARGE_MODULES)


def test_the_picture_is_that_of_the_plan() -> None:
    """docs/design.md begins with it."""
    text = _DESIGN.read_text()
    assert drawn(text) == text
    assert text.index(_BEGIN) < text.index("\n## ", text.index("\n## ") + 1)


def test_the_ways_through_the_house_are_walked_on_modules_that_there_are() -> None:
    """Each in five steps; what they name is there."""
    chapter = _DESIGN.read_text().partition(_END)[2].partition("\n## ")[0]
    ways = re.findall(r"^\*\*(.+?)\*\*", chapter, re.MULTILINE)
    steps = re.findall(r"^(\d)\. ", chapter, re.MULTILINE)
    assert (ways, steps) == (["A line", "A label", "A setting", "A scrape"], [*"12345"] * 4)
    named = [name.partition("#")[0] for name in re.findall(r"`([a-z_]+/[a-z_/]*(?:\.py)?)`", chapter)]
    assert named
    assert [name for name in named if not (_PACKAGE / name).exists()] == []


_MADE_UP = {
    "__init__.py": "",
    "top.py": "from . import __version__\nfrom .low import thing\nfrom .low.deep.module import other\n",
    "low/deep/module.py": "from ... import top\nfrom ..beside import this\nfrom ...top import that\n",
    "low/beside.py": "import json\n",
}


def test_imports_are_found_wherever_they_lead() -> None:
    """Up, down and to a neighbour, from any depth."""
    assert imports_of(_MADE_UP).arrows == {"top": {"low"}, "low": {"top"}}
    back = [(each.line, each.room) for each in imports_of(_MADE_UP).own if each.module == "low/deep/module.py"]
    assert back == [(1, "top"), (2, "low"), (3, "top")]


@pytest.mark.parametrize(
    ("text", "kind", "names"),
    [
        ("def f():\n    from . import low\n", "late", {".low"}),
        ("def f():\n    from ..low.deep import a, b as c\n", "late", {"..low.deep.a", "..low.deep.b"}),
        (
            "def f():\n    import json, re\n\ndef g():\n    import json.decoder\n",
            "late",
            {"json", "re", "json.decoder"},
        ),
        ("if True:\n    import json\n", "late", {"json"}),
        ("try:\n    import json\nexcept ImportError:\n    json = None\n", "late", {"json"}),
        ("import importlib.util\n", "dynamic", {"importlib.util"}),
        (
            "import importlib.util\nimportlib.util.find_spec('a')\nimportlib.import_module('a').b\n",
            "dynamic",
            {"importlib.util", "importlib.util.find_spec", "importlib.import_module"},
        ),
        ("from importlib import import_module\n", "dynamic", {"importlib.import_module"}),
        ("__import__('json')\n", "dynamic", {"__import__"}),
        ("exec('import json')\n", "dynamic", {"exec"}),
        ("import model_drift_exporter.low\n", "absolute", {"model_drift_exporter.low"}),
        ("from model_drift_exporter.low import thing\n", "absolute", {"model_drift_exporter.low.thing"}),
    ],
)
def test_other_imports_are_found(text: str, kind: str, names: set[str]) -> None:
    """Each by its name as what it is, and as nothing else."""
    found = imports_of({"top.py": "import re\nfrom .low import thing\nre.compile('a')\n" + text})
    kinds = {name: getattr(found, name) for name in ("late", "dynamic", "absolute")}
    assert {name: of_kind for name, of_kind in kinds.items() if of_kind} == {kind: {"top.py": names}}


if __name__ == "__main__":
    _before = _DESIGN.read_text()
    if drawn(_before) != _before:
        if sys.argv[1:] == ["--check"]:
            sys.exit(f"{_DESIGN.relative_to(_ROOT)}: the picture of the house is out of date; run: make generate")
        _DESIGN.write_text(drawn(_before))
        print(f"Wrote {_DESIGN.relative_to(_ROOT)}")  # noqa: T201
