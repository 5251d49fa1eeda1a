"""Kinds of setting values: how each is read from text, written back, checked and described.

The configuration file and the flags read every value as the text that was typed, so that ``positive_class: yes``
means "yes". A setting holds what the text means (seconds, a window), so that nobody parses it again. A new kind is one
class here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from .values import SettingError, parse_duration, parse_size, write_duration, write_size

__all__ = [
    "Choice",
    "Duration",
    "Integer",
    "Kind",
    "Mapped",
    "Number",
    "Parsed",
    "Repeated",
    "Size",
    "Switch",
    "Text",
    "closest",
]

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17}|[1-9][0-9]{0,2}(?:_[0-9]{3}){1,5})")
_LONGEST_TEXT = 4_096
_SWITCH_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _itself(item: Any) -> Hashable:
    found: Hashable = item
    return found


def closest(word: str, known: Sequence[str], similarity: float = 0.6) -> str | None:
    """The known word that ``word`` is most likely a misspelling of, if one is similar enough (1 is equal)."""
    import difflib  # only mistakes need it

    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=similarity)), None)


class Kind:
    """One kind of value. ``title`` describes it in the documentation, ``placeholder`` stands for it in ``--help``."""

    title = "text"
    placeholder = "TEXT"
    quotable = True
    """Whether a YAML value in quotes is one of this kind."""

    def parse(self, text: str) -> object:
        """The value that ``text`` means; raises ``SettingError``."""
        raise NotImplementedError

    def write(self, value: object) -> str:
        """Text that ``parse`` reads as ``value``."""
        return str(value)

    def check(self, value: object) -> None:
        """Raises ``SettingError`` for a value that no text means."""
        if self.parse(self.write(value)) != value:
            raise SettingError(
                f"{value!r} is of the type {type(value).__name__}", "give " + self.title.replace("`", "")
            )


class Text(Kind):
    """Text of one or more characters; ``pattern`` is a regular expression for all of it, ``hint`` explains it."""

    def __init__(self, title: str = "text", placeholder: str = "TEXT", pattern: str = "", hint: str = "") -> None:
        self.title = title
        self.placeholder = placeholder
        self._pattern = pattern
        self._hint = hint

    def parse(self, text: str) -> str:
        if not text:
            raise SettingError("the text is empty", self._hint or f"write {self.title}, or leave it out")
        if len(text) > _LONGEST_TEXT or not text.isprintable():
            wrong = "is too long" if len(text) > _LONGEST_TEXT else "has characters that cannot be printed"
            raise SettingError(f"{text[:40]!a} {wrong}", self._hint or f"write {self.title}")
        if self._pattern and re.fullmatch(self._pattern, text) is None:
            raise SettingError(f'"{text}" is not {self.title}', self._hint)
        return text


class Parsed(Kind):
    """What ``parser`` makes of a text, which ``writer`` turns back; other values than those of ``parser`` are refused."""

    def __init__(
        self, title: str, placeholder: str, parser: Callable[[str], object], writer: Callable[[Any], str] = str
    ) -> None:
        self.title = title
        self.placeholder = placeholder
        self._parser = parser
        self._writer = writer

    def parse(self, text: str) -> object:
        return self._parser(text)

    def write(self, value: object) -> str:
        try:
            return str(value) if isinstance(value, str | bool) else self._writer(value)
        except TypeError:  # a value of another type, which no text means
            return repr(value)


class Duration(Kind):
    """A duration from ``shortest`` to ``longest``, which are texts; the value is in seconds."""

    placeholder = "DURATION"

    def __init__(self, shortest: str, longest: str) -> None:
        self._bounds = (shortest, longest)
        self.title = f"a duration from {shortest} to {longest}"

    def parse(self, text: str) -> float:
        return parse_duration(text, self._bounds)

    def write(self, value: object) -> str:
        return write_duration(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


class Choice(Kind):
    """One of a few words."""

    def __init__(self, choices: Sequence[str]) -> None:
        self.choices = tuple(choices)
        self.title = "one of " + ", ".join(f"`{choice}`" for choice in choices)
        self.placeholder = "|".join(choices)

    def parse(self, text: str) -> str:
        if text not in self.choices:
            guess = closest(text.lower(), self.choices)
            known = "one of " + ", ".join(self.choices)
            raise SettingError(f'"{text}" is not {known}', f"did you mean {guess}?" if guess else f"write {known}")
        return text


class Integer(Kind):
    """A whole number from ``minimum`` to ``maximum``."""

    placeholder = "N"
    quotable = False

    def __init__(self, minimum: int, maximum: int) -> None:
        self._minimum, self._maximum = minimum, maximum
        self.title = f"a whole number from {self.write(minimum)} to {self.write(maximum)}"

    def parse(self, text: str) -> int:
        if _INTEGER.fullmatch(text) is None:
            raise SettingError(f'"{text}" is not a whole number', f"write {self.title}")
        return self._in_range(int(text), text)

    def _in_range(self, value: int, text: str) -> int:
        if not self._minimum <= value <= self._maximum:
            side, bound = ("below", self._minimum) if value < self._minimum else ("above", self._maximum)
            raise SettingError(f"{text} is {side} {self.write(bound)}", f"write {self.title}")
        return value


class Size(Integer):
    """A number of bytes, as an integer or with a unit."""

    placeholder = "SIZE"
    quotable = True

    def __init__(self, minimum: int, maximum: int) -> None:
        super().__init__(minimum, maximum)
        self.title = f"a size from {self.write(minimum)} to {self.write(maximum)}"

    def parse(self, text: str) -> int:
        return self._in_range(parse_size(text), text)

    def write(self, value: object) -> str:
        return write_size(value) if type(value) is int else str(value)


class Number(Kind):
    """A finite number from ``minimum`` to ``maximum``."""

    placeholder = "X"
    quotable = False

    def __init__(self, minimum: float, maximum: float) -> None:
        self._minimum, self._maximum = minimum, maximum
        self.title = f"a number from {minimum:g} to {maximum:g}"

    def parse(self, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not self._minimum <= value <= self._maximum:
            raise SettingError(f'"{text}" is not {self.title}', f"write {self.title}")
        return value


class Switch(Kind):
    """On or off, in the words YAML has for it."""

    title = "`true` or `false`"
    quotable = False

    def parse(self, text: str) -> bool:
        value = _SWITCH_WORDS.get(text.lower())
        if value is None:
            raise SettingError(f'"{text}" is neither true nor false', "write true or false")
        return value

    def write(self, value: object) -> str:
        return str(value).lower()


class Repeated(Kind):
    """A list (a tuple in Python) of at least ``minimum`` different items; two with the same ``identity`` are the same.

    ``separator`` splits one text into several items.
    """

    def __init__(
        self, item: Kind, minimum: int = 0, separator: str = "", identity: Callable[[Any], Hashable] = _itself
    ) -> None:
        self.item = item
        self.minimum = minimum
        self.separator = separator
        self._identity = identity
        self.title = f"a list of {item.title}"
        self.placeholder = item.placeholder

    def write(self, value: object) -> str:
        return ", ".join(map(self.item.write, value)) if isinstance(value, tuple) else str(value)

    def parse_items(self, texts: Sequence[str]) -> tuple[tuple[object, ...], list[tuple[int, SettingError]]]:
        """The good items, and each mistake with the index of its item; a list too short is a mistake at index -1."""
        items: list[object] = []
        seen: dict[Hashable, int] = {}
        mistakes: list[tuple[int, SettingError]] = []
        for index, text in enumerate(texts):
            try:
                item = self.item.parse(text)
            except SettingError as mistake:
                mistakes.append((index, mistake))
                continue
            first = seen.setdefault(self._identity(item), index)
            if first == index:
                items.append(item)
            else:
                repeated = f'"{text}" repeats "{texts[first]}"'
                mistakes.append((index, SettingError(repeated, "leave one of them out")))
        if len(texts) < self.minimum:
            mistakes.append((-1, SettingError(f"the list has {len(texts)} items", f"write {self.minimum} or more")))
        return tuple(items), mistakes

    def check(self, value: object) -> None:
        if not isinstance(value, tuple):
            raise SettingError(f"{value!r} is not a tuple", "give " + self.title.replace("`", ""))
        for item in value:
            self.item.check(item)
        for _, mistake in self.parse_items([*map(self.item.write, value)])[1]:
            raise mistake


class Mapped(Kind):
    """A mapping from any text to values of the kind ``item``; it can be written in the file only."""

    def __init__(self, item: Kind) -> None:
        self.item = item
        self.title = f"a mapping from a name to {item.title}"

    def write(self, value: object) -> str:
        return ", ".join(f"{name}: {item}" for name, item in value.items()) if isinstance(value, dict) else str(value)

    def check(self, value: object) -> None:
        if not isinstance(value, dict) or not all(isinstance(name, str) and name for name in value):
            raise SettingError(f"{value!r} is not a mapping from a name", "give " + self.title.replace("`", ""))
        for item in value.values():
            self.item.check(item)
