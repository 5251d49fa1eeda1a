"""Reading the YAML configuration file: every mistake at once, each with its line, its column and what to write instead.

The nodes of the YAML tree are read against the declared settings. Structuring plain values first (cattrs, attrs'
validators) would lose the marks of keys, see only the last of two equal keys, and stop at a section's first bad value.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import attrs

from ..settings import declarations
from ..settings.declarations import all_settings, section_class
from ..settings.kinds import Kind, Mapped, Repeated, closest
from ..settings.values import SettingError
from .draft import Draft, InputDraft, Place
from .settings import InputSettings, Settings

if TYPE_CHECKING:
    import yaml

    Node = yaml.ScalarNode | yaml.SequenceNode | yaml.MappingNode

__all__ = ["read_configuration"]

_LARGEST_FILE = 2**20
_STANDARD_TAGS = "tag:yaml.org,2002:"
_NULL = _STANDARD_TAGS + "null"
_SYNTAX_HINTS = {
    "found character '\\t'": "indent with spaces, not with tabs",
    "mapping values are not allowed": 'indent keys of one section alike, and put text with ": " in quotes',
    "but found another document": "keep one document: remove the line ---",
    "but found '<block": "indent the keys of one section alike",
    "could not find expected ':'": "write key: value, with a space after the colon",
    "found undefined alias": "put text that starts with * in quotes",
}
_OTHER_SYNTAX_HINT = "put text with special characters in quotes"
_BAD = object()


def read_configuration(path: Path) -> Draft:
    """What the YAML file says and all its mistakes, to be merged with flags; raises nothing."""
    reader = _SectionReader(str(path))
    text = _read_text(path, reader)
    root = _compose(text, reader) if text is not None else None
    if root is not None:
        reader.read_section(root, Settings)
    return reader.draft


def _read_text(path: Path, reader: _SectionReader) -> str | None:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        reader.complain(Place(str(path)), f"cannot be read: {error.strerror or error}", "name a readable YAML file")
        return None
    if len(content) > _LARGEST_FILE:
        reader.complain(Place(str(path)), "is larger than 1 MiB", "name a configuration file, not a log")
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        reader.complain(_place_after(str(path), before), "is not UTF-8 here", "save the file as UTF-8")
        return None


def _place_after(name: str, before: str) -> Place:
    return Place(name, before.count("\n") + 1, len(before) - before.rfind("\n"))


def _compose(text: str, reader: _SectionReader) -> Node | None:
    import yaml  # 20 ms that a start without a file need not spend

    try:
        return cast("Node | None", yaml.compose(text, yaml.SafeLoader))
    except yaml.reader.ReaderError as error:
        place = _place_after(reader.name, text[: error.position])
        reader.complain(place, "a character that YAML does not allow", 'write it as "\\u...." in double quotes')
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(reader.name, mark.line + 1, mark.column + 1) if mark else Place(reader.name)
        problem = error.problem or error.context or "unknown reason"
        hint = next((hint for part, hint in _SYNTAX_HINTS.items() if part in problem), _OTHER_SYNTAX_HINT)
        reader.complain(place, f"not valid YAML: {problem}", hint)
    except RecursionError:
        reader.complain(Place(reader.name), "is nested too deeply", "write settings as in the example configuration")
    return None


class _SectionReader:
    """Walks over the nodes of one file and drafts the settings."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.draft = Draft()

    def complain(self, place: Place, message: str, hint: str) -> None:
        self.draft.problems.append(place.problem(message, hint))

    def read_section(self, node: Node, cls: type[Any], path: declarations.Path = ()) -> None:
        if node.tag == _NULL:
            return
        attributes = attrs.fields_dict(cls)
        for name, value in self._entries(node, ".".join(path), tuple(attributes)):
            here = (*path, name)
            inner = section_class(attributes[name])
            if inner is not None:
                self.read_section(value, inner, here)
            elif "items" in attributes[name].metadata:
                self._read_inputs(value)
            else:
                setting = self._read_setting(value, attributes[name], ".".join(here))
                if setting is not _BAD:
                    self.draft.put(here, setting, self._place(value))

    def _read_inputs(self, node: Node) -> None:
        if node.id != "sequence":
            self.complain(self._place(node), f"inputs: {_describe(node)}, not a list", 'write "- path: FILE" for each')
            return
        inputs = []
        attributes = attrs.fields_dict(InputSettings)
        for index, item in enumerate(node.value):
            key = f"inputs[{index}]"
            if item.id == "scalar" and item.tag != _NULL:
                self.complain(
                    self._place(item), f"{key}: {_describe(item)}, not a mapping", f'write "- path: {item.value}"'
                )
                continue
            draft = InputDraft(self._place(item), {}, {})
            problems = len(self.draft.problems)
            for name, value in self._entries(item, key, tuple(attributes)):
                setting = self._read_setting(value, attributes[name], f"{key}.{name}")
                draft.places[name] = self._place(value)
                if setting is not _BAD:
                    draft.values[name] = setting
            if "path" in draft.values:
                inputs.append(draft)
            elif len(self.draft.problems) == problems:
                self.complain(
                    draft.place, f"{key} has no path", 'write "path: FILE", a glob, or "-" for standard input'
                )
        self.draft.put_inputs(inputs, self._place(node))

    def _read_setting(self, node: Node, attribute: attrs.Attribute[Any], key: str) -> object:
        kind: Kind = attribute.metadata["kind"]
        left_out = attribute.default is None and attribute.metadata["unset"]  # "auto" is a text of its own
        if node.tag == _NULL and node.id == "scalar" and left_out:
            return None
        if isinstance(kind, Repeated):
            return self._read_list(node, kind, key)
        if isinstance(kind, Mapped):
            items = {
                name: self._read_scalar(value, kind.item, f"{key}.{name}") for name, _, value in self._pairs(node, key)
            }
            return _BAD if _BAD in items.values() else items
        return self._read_scalar(node, kind, key)

    def _read_list(self, node: Node, kind: Repeated, key: str) -> object:
        nodes = node.value if node.id == "sequence" else [node]
        scalars = [item for index, item in enumerate(nodes) if self._is_scalar(item, kind.item, f"{key}[{index}]")]
        values, mistakes = kind.parse_items([item.value for item in scalars])
        for index, mistake in mistakes:
            if index >= 0 or len(scalars) == len(nodes):
                place = self._place(scalars[index] if index >= 0 else node)
                self.complain(place, f"{key}: {mistake.message}", mistake.hint)
        return _BAD if mistakes or len(scalars) < len(nodes) else values

    def _read_scalar(self, node: Node, kind: Kind, key: str) -> object:
        if not self._is_scalar(node, kind, key):
            return _BAD
        try:
            return kind.parse(node.value)
        except SettingError as mistake:
            self.complain(self._place(node), f"{key}: {mistake.message}", mistake.hint)
            return _BAD

    def _is_scalar(self, node: Node, kind: Kind, key: str) -> bool:
        wanted = kind.title.replace("`", "")
        hint = f"write {wanted}"
        if node.id != "scalar" or node.tag == _NULL:
            self.complain(self._place(node), f"{key}: {_describe(node)}, not {wanted}", hint)
        elif not node.tag.startswith(_STANDARD_TAGS):
            self.complain(self._place(node), f"{key}: the tag {node.tag} has no meaning here", hint)
        elif getattr(node, "style", None) and not kind.quotable:
            self.complain(self._place(node), f"{key}: {_describe(node)} is text, not {wanted}", "remove the quotes")
        else:
            return True
        return False

    def _entries(self, node: Node, section: str, known: tuple[str, ...]) -> Iterator[tuple[str, Node]]:
        """The known keys of a section and their values."""
        for name, key, value in self._pairs(node, section, hyphens=True):
            if name in known:
                yield name, value
            else:
                shown = f"{section}.{key.value}" if section else key.value
                self.complain(self._place(key), f"unknown key {shown}", _hint_for_unknown(name, known))

    def _pairs(self, node: Node, section: str, hyphens: bool = False) -> Iterator[tuple[str, Node, Node]]:
        """The different keys of a mapping, with their nodes; ``hyphens`` stand for underscores."""
        if node.id != "mapping":
            where = section or "the configuration"
            self.complain(self._place(node), f"{where}: {_describe(node)}, not a mapping", 'write "key: value" lines')
            return
        lines: dict[str, int] = {}
        for key, value in node.value:
            if key.id != "scalar" or key.tag == _NULL:
                self.complain(self._place(key), f"{_describe(key)} is no key", "write a name before the colon")
                continue
            name = key.value.replace("-", "_") if hyphens else key.value
            if name in lines:
                shown = f"{section}.{key.value}" if section else key.value
                self.complain(self._place(key), f"{shown} is already on line {lines[name]}", "keep one of them")
                continue
            lines[name] = key.start_mark.line + 1
            yield name, key, value

    def _place(self, node: Node) -> Place:
        return Place(self.name, node.start_mark.line + 1, node.start_mark.column + 1)


def _describe(node: Node) -> str:
    if node.tag == _NULL:
        return "nothing"
    if node.id == "scalar":
        return f'"{node.value[:40]}"'
    return "a list" if node.id == "sequence" else "a mapping"


def _hint_for_unknown(name: str, known: tuple[str, ...]) -> str:
    guess = closest(name, known, similarity=0.85)
    elsewhere = [setting.path for setting in all_settings(Settings) if name in (setting.path[-1], setting.key)]
    if not guess and elsewhere and len(elsewhere[0]) > 1:
        return f"write {elsewhere[0][-1]} in the section " + " or ".join(path[0] for path in elsewhere)
    guess = guess or closest(name, known)
    return f"did you mean {guess}?" if guess else "known keys here are " + ", ".join(known)
