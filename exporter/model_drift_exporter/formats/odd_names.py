"""Names that msgspec takes for no field, under other names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

__all__ = ["Aliases"]

_MARK = "\ue000"  # of the private use area: an alias is no name that has a meaning elsewhere


class Aliases:
    """Other names for those that JSON has to escape, which msgspec refuses as field names.

    False if there are none: then whole chunks can be decoded at once. Otherwise records are decoded to dictionaries,
    renamed and converted one by one, which takes about twice as long. ``container`` is the object of features.
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
        """A record with aliases instead of odd names, in its object of features too; what is no object stays as it is."""
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
