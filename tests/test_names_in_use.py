"""What the package defines is used by the product: not by its tests alone, and not by nobody."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_PACKAGE = _ROOT / "exporter" / "model_drift_exporter"
_USERS = [path for name in ("exporter", "benchmarks", "scripts") for path in sorted((_ROOT / name).rglob("*.py"))]
# What a library or a script calls, where this test cannot see it.
CALLED_BY_OTHERS: Mapping[str, str] = {
    "SettingsCommand.format_options": "click prints the help with it",
    "_QuietServer.capture_signals": "uvicorn enters it when it starts to serve",
    "_QuietServer.main_loop": "uvicorn waits in it while it serves",
    "_StandardErrorHandler.emit": "logging calls it for each line",
}


def _defined(body: Iterable[ast.stmt], cls: str = "") -> Iterator[str]:
    """Functions, classes, methods and constants; those aside that a decorator registers, and fields of records."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if not any(isinstance(each, ast.Call) for each in node.decorator_list):
                yield cls + node.name
        elif isinstance(node, ast.ClassDef):
            yield node.name
            yield from _defined(node.body, f"{node.name}.")
        elif isinstance(node, ast.Assign):
            names = [each for target in node.targets for each in ast.walk(target)]
            yield from (cls + each.id for each in names if isinstance(each, ast.Name))
        elif isinstance(node, ast.AnnAssign) and not cls:
            yield ast.unparse(node.target)


def _used(tree: ast.Module) -> set[str]:
    """Names and attributes that are read, and texts that may name one; imports and ``__all__`` use nothing."""
    lists = [each for each in tree.body if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "__all__"]
    exported = {id(each) for listed in lists for each in ast.walk(listed)}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and not isinstance(node.ctx, ast.Store):
            found.add(node.id if isinstance(node, ast.Name) else node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in exported:
            found.add(node.value)
    return found


def unused(defining: Iterable[str], using: Iterable[str]) -> set[str]:
    """Names that the modules of the one texts define and none of the other texts reads, methods with their class.

    A private one has to be read in its own module.
    """
    used = set[str]().union(*(_used(ast.parse(text)) for text in using))
    found = set()
    for text in defining:
        tree = ast.parse(text)
        here = _used(tree)
        for name in _defined(tree.body):
            short = name.rpartition(".")[2]
            if not short.startswith("__") and short not in (here if short.startswith("_") else used):
                found.add(name)
    return found


@pytest.mark.slow
def test_the_product_uses_what_the_package_defines() -> None:
    """What only tests called would be tested for nothing."""
    found = unused([path.read_text() for path in _PACKAGE.rglob("*.py")], [path.read_text() for path in _USERS])
    assert found == CALLED_BY_OTHERS.keys()


_MODULE = """
__all__ = ["LIMIT", "Thing", "called", "lonely"]
LIMIT, _REST = 1, 2
WIDTH: int = 3
class Thing:
    size: int
    def grow(self): ...
    @property
    def length(self): ...
@cli.command()
def verb(): ...
def lonely(): ...
def called(): ...
"""


def test_what_nobody_reads_is_found() -> None:
    """A constant, a method, a property, a function; what is called, named in a text or registered is in use."""
    assert unused([_MODULE], [_MODULE]) == {
        *("LIMIT", "_REST", "WIDTH", "Thing", "Thing.grow", "Thing.length", "lonely", "called")
    }
    others = "from module import lonely\nprint(LIMIT, _REST, WIDTH, Thing().length)\ngetattr(x, 'grow')\ncalled()\n"
    assert unused([_MODULE], [_MODULE, others]) == {"lonely", "_REST"}
    assert unused([_MODULE + others], [_MODULE + others]) == {"lonely"}
