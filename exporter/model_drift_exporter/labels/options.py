"""What a user may set about labels."""

from __future__ import annotations

from typing import Literal

import attrs

__all__ = ["LabelOptions"]


@attrs.frozen
class LabelOptions:
    """``capacity``: most predictions kept to wait. ``horizon``: seconds of event time that they are kept.

    ``maturity``: age in seconds from which an outcome counts, ``None`` to take it from the delays seen.
    ``delay_independent``: outcomes count when their label comes. ``expected``: whether a model without any label is at
    fault; with ``auto`` labels are expected once one was seen.
    """

    capacity: int = 1_000_000
    horizon: float = 90 * 86_400.0
    maturity: float | None = None
    delay_independent: bool = False
    expected: Literal["auto", "yes", "no"] = "auto"
