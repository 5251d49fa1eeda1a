"""The lines of decoded JSON records, and aliases for field names that msgspec refuses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import msgspec
import numpy as np

__all__ = ["Aliases", "DecodedRows", "is_braced", "non_empty_lines", "one_a_line"]

_LINE_BREAK, _OPENING, _CLOSING = b"\n{}"
_MARK = "\ue000"  # from Unicode's private use area; a real name that begins with it gets an alias as well


@attrs.frozen(eq=False)
class DecodedRows:
    """Structs decoded from a chunk of ``total`` non-empty lines: ``rows``, all of the kind ``structs``.

    ``lines`` are the lines of the structs if the chunk had to be split. ``places`` are the indexes of these lines;
    ``None`` means that every line has a struct.
    """

    rows: list[Any]
    total: int
    lines: list[bytes] | None = None
    places: list[int] | None = None
    structs: Any = None

    def indexes(self, positions: Sequence[int]) -> Sequence[int] | None:
        """The line indexes of the rows at ``positions``; ``None`` if they are 0, 1, 2 and so on."""
        found = positions if self.places is None else [self.places[position] for position in positions]
        return None if not found or found[-1] == len(found) - 1 else found


def non_empty_lines(data: bytes) -> list[bytes]:
    """The lines that hold more than blanks."""
    return [line for line in data.split(b"\n") if line and not line.isspace()]


def one_a_line(data: bytes, rows: int) -> bool:
    """Whether ``rows``, the number of rows decoded from ``data``, is one row for each line."""
    # The decoder ignores line breaks. But "}", a line break and "{" follow each other only between two objects. So if
    # all line breaks are of this kind, and there is one row more than line breaks, each line is one row.
    characters = np.frombuffer(data, np.uint8)
    breaks = np.flatnonzero(characters[:-1] == _LINE_BREAK)
    if rows != len(breaks) + 1 or not data.startswith(b"{"):
        return False
    return bool((characters[breaks - 1] == _CLOSING).all() and (characters[breaks + 1] == _OPENING).all())


def is_braced(line: bytes) -> bool:
    """Whether a line begins and ends like an object."""
    text = line.strip()
    return text.startswith(b"{") and text.endswith(b"}")


class Aliases:
    """Aliases for names that JSON has to escape, because msgspec refuses these as field names.

    An instance is false if no name needs an alias. Whole chunks can then be decoded at once. Otherwise records are
    decoded to dictionaries, renamed and converted one by one, which takes about twice as long. ``container`` names the
    object of features.
    """

    def __init__(self, names: Iterable[str], container: str | None) -> None:
        self._aliases = {name: _MARK + name.encode("utf-8", "surrogatepass").hex() for name in names if _is_odd(name)}
        self._container = container

    def __bool__(self) -> bool:
        return bool(self._aliases)

    def struct(self, name: str, fields: Sequence[tuple[str, Any, Any]], names: Mapping[str, str]) -> type[Any]:
        """A struct class whose fields are called ``names`` in JSON."""
        rename = {field: self._aliases.get(given, given) for field, given in names.items()}
        return msgspec.defstruct(name, fields, rename=rename, gc=False)

    def rename(self, record: Any) -> Any:
        """A record with aliases, also in its object of features. A value that is not an object is returned unchanged."""
        if not self._aliases or not isinstance(record, dict):
            return record
        renamed = {self._aliases.get(key, key): value for key, value in record.items()}
        container = self._aliases.get(self._container or "", self._container)
        features = renamed.get(container)
        if isinstance(features, dict):
            renamed[container] = {self._aliases.get(key, key): value for key, value in features.items()}
        return renamed


def _is_odd(name: str) -> bool:
    return name.startswith(_MARK) or any(
        character in '\\"' or character < " " or "\ud800" <= character <= "\udfff" for character in name
    )
