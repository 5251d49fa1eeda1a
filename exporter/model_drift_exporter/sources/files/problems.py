"""Current problems with the files of one input, each logged once."""

from __future__ import annotations

import logging
from collections.abc import Collection

__all__ = ["Problems"]

logger = logging.getLogger(__name__)


class Problems:
    """Current problems by path, logged when they begin or change. ``str`` gives the first, and the number of others.

    ``count`` is the number of counted reports since start. A repeated report of the same problem counts once.
    """

    def __init__(self, input: str) -> None:
        self.count = 0
        self._input = input
        self._texts: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._texts)

    def __str__(self) -> str:
        texts = list(self._texts.values())
        if len(texts) <= 1:
            return "".join(texts)
        return f"{texts[0]} (and {len(texts) - 1} more)"

    def report(self, path: str, text: str, *, counted: bool, lost: bool = False) -> None:
        """Note a problem with a path.

        Set ``counted`` for an error, not for a file to wait for. Set ``lost`` for an error that is counted elsewhere.
        """
        if self._texts.get(path) == text:
            return
        self._texts[path] = text
        self.count += counted
        logger.log(logging.ERROR if counted or lost else logging.WARNING, "input %s: %s", self._input, text)

    def clear(self, path: str) -> None:
        """Note that a path can be read."""
        if self._texts.pop(path, None) is not None:
            logger.info("input %s: %s can be read", self._input, path)

    def keep_only(self, paths: Collection[str]) -> None:
        """Forget the problems of paths that are gone."""
        self._texts = {path: text for path, text in self._texts.items() if path in paths}
