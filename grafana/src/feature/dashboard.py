"""The dashboard about one feature of one model."""

from __future__ import annotations

from .. import variables
from ..annotations import ANNOTATIONS
from ..page import Page, Row
from .bins import LAST_WEEK, NOW, OVER_TIME, SHARES
from .statistics import EVIDENCE, PSI, PSI_LAST_WEEK, SPECIAL
from .status import STATUS
from .tables import REPLICAS, STATISTICS

__all__ = ["FEATURE"]

FEATURE = Page(
    name="feature",
    title="Feature",
    description="One input of a model: what it looks like now, in the reference, and a week ago.",
    variables=(
        variables.data_source(),
        variables.job(),
        variables.model(),
        variables.feature(),
        variables.window(),
    ),
    annotations=ANNOTATIONS,
    rows=(
        Row(STATUS),
        Row((NOW, OVER_TIME)),
        Row((SPECIAL, PSI, EVIDENCE)),
        Row((SHARES,)),
        Row((STATISTICS,)),
        Row((LAST_WEEK, PSI_LAST_WEEK)),
        Row(REPLICAS, title="By replica", identifier=50, collapsed=True),
    ),
)
