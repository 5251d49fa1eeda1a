"""What goes wrong half-way: one number arrives in another unit, and one category under another name."""

from __future__ import annotations

import attrs
import numpy as np

from .requests import Requests

__all__ = ["KILOMETRES_PER_MILE", "Incident"]

KILOMETRES_PER_MILE = 1.609344


@attrs.frozen
class Incident:
    """A change upstream of the model: nobody tells the model, and no record is rejected for it."""

    number: str
    factor: float
    category: str
    old: str
    new: str

    def __str__(self) -> str:
        """What was done, as a clause."""
        renamed = f'{self.category} "{self.old}" is called "{self.new}"'
        return f"{self.number} arrives multiplied by {self.factor:.4g}, and {renamed}"

    def befall(self, requests: Requests, start: float) -> Requests:
        """The requests as they arrive when the change was made at the event time ``start`` (seconds)."""
        after = requests.time >= start
        if not after.any():
            return requests
        numbers, categories = requests.numeric[self.number], requests.categorical[self.category]
        return attrs.evolve(
            requests,
            numeric={**requests.numeric, self.number: np.where(after, numbers * self.factor, numbers)},
            categorical={
                **requests.categorical,
                self.category: np.where(after & (categories == self.old), self.new, categories),
            },
        )
