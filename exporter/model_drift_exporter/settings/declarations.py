"""Declaring settings as attrs fields, and walking over them as the file, the flags and the documentation do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import attrs

from .kinds import Kind, Mapped
from .values import SettingError

__all__ = ["Path", "Setting", "all_settings", "check_setting", "section", "section_class", "setting"]

T = TypeVar("T")

Path = tuple[str, ...]
"""Where a setting is: ``("web", "listen_address")``."""


@attrs.frozen
class Setting:
    """One declared setting. ``unset`` says what the default means where it is ``None`` or empty."""

    path: Path
    kind: Kind
    default: object
    help: str
    unset: str

    @property
    def key(self) -> str:
        return ".".join(self.path)

    @property
    def flag(self) -> str:
        """The option's name, or ``""`` where the setting can be written in the file only."""
        return "" if isinstance(self.kind, Mapped) else "--" + self.key.replace("_", "-")

    @property
    def shown_default(self) -> str:
        return self.unset or self.kind.write(self.default)


def check_setting(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    """Validates a setting for attrs; the ``SettingError`` names the attribute."""
    if value is None and attribute.default is None:
        return
    try:
        attribute.metadata["kind"].check(value)
    except SettingError as mistake:
        raise SettingError(f"{attribute.name}: {mistake.message}", mistake.hint) from None


def setting(default: T, kind: Kind, help_text: str, unset: str = "") -> T:
    """An attrs field that is a setting; a ``None`` default makes it optional."""
    value: T = attrs.field(
        default=default, validator=check_setting, metadata={"kind": kind, "help": help_text, "unset": unset}
    )
    return value


def section(cls: type[T]) -> T:
    """An attrs field that holds a section of settings, described by the docstring of ``cls``."""
    value: T = attrs.field(
        factory=cls, validator=attrs.validators.instance_of(cls), metadata={"section": cls, "help": cls.__doc__}
    )
    return value


def section_class(attribute: attrs.Attribute[Any]) -> type[Any] | None:
    """The class of the section that the attribute holds, if it holds one."""
    cls: type[Any] | None = attribute.metadata.get("section")
    return cls


def all_settings(cls: type[Any], path: Path = ()) -> Iterator[Setting]:
    """The settings of a section and of those within it, in order; lists of sections (``inputs``) are left out."""
    for attribute in attrs.fields(cls):
        here = (*path, attribute.name)
        inner = section_class(attribute)
        if inner is not None:
            yield from all_settings(inner, here)
        elif "kind" in attribute.metadata:
            yield Setting(
                here,
                attribute.metadata["kind"],
                attribute.default,
                attribute.metadata["help"],
                attribute.metadata["unset"],
            )
