"""The population stability index to expect without any drift, in PromQL.

Smoothing adds half an observation to every bin, so bins that are empty, or nearly, have a share in it: the first order,
(B - 1)(1/n + 1/m), is up to three times the truth for two windows of forty records, and less than half of it for one of
them beside a large reference. So the floor is the expected index itself.

For Poisson counts x of mean a and y of mean b in a bin, Stein and Chen's identity makes the covariance of x and ln(x + 1/2)
that of a times a mean of ln((x + 3/2) / (x + 1/2)), which is 1 - 3^-a within 0.03. The expected index of two windows of n and m
observations and B bins, smoothed to A = n + B/2 and C = m + B/2, of a law of shares r, is then

    (B - 1 - sum of 3^-a) (1/A + 1/C) + 1/2 (1/A - 1/C) sum of (1 - B r) ln((r + 1/2n) / (r + 1/2m))

with a = n r for the smaller of them; the second term is what smoothing itself does to windows of two sizes. Only bins with
few observations have a part in either sum, and in the second only if the sizes differ: the rules look at no others, since
there are more than a dozen for each feature. Against simulations it is within 10 %, mostly 3 %, for sizes from 20 on.
"""

from __future__ import annotations

import attrs

from .roles import Role
from .rule_files import Record

__all__ = ["NoiseFloor"]

_RARE = 8
"""A bin with as many expected observations is beyond doubt: 3^-8 is nothing, and its logarithm 0.06."""

_UNEVEN = 1.5
"""Two windows whose sizes differ by this factor."""

_LN_3 = 1.0986123


@attrs.frozen
class NoiseFloor:
    """The floors of a window for one role: of ``observations``, which are ``counts`` by bin (names of series)."""

    role: Role
    window: str
    counts: str
    observations: str

    def records(self) -> list[Record]:
        """Bins that the floors look at: those rare in the reference, by their share, and the sum of two uneven windows."""
        share = self.role.of_cell("reference_observations", "share")
        n, m = self.observations, f"{self.observations} offset 1w"
        # Mostly there is none of these; then all that is said about them costs next to nothing.
        chosen = f"and on ({self.role.column}) {self._uneven}"
        return [
            Record(self._rare, f"{share} < {self._of_column} ({_RARE} / {n})"),
            Record(self._uneven, f"{n} and ({n} / {m} > {_UNEVEN} or {m} / {n} > {_UNEVEN})"),
            Record(self._uneven_bins, f"  ({self.counts} {chosen})\n+\n  ({self.counts} offset 1w {chosen})"),
        ]

    def against_reference(self) -> str:
        """Expected index of a window whose law is that of the reference."""
        sizes = self.observations, self.role.of_column("reference_observations", "sum")
        none = f" or {self._bins} * 0"  # a reference without rare bins
        empty = self._summed(f"3 ^ -({self._rare} * {self._of_column} {self.observations})")
        differences = self._differences(self._rare, sizes)
        return f"{self._covariance(sizes, f'({empty}{none})')}\n+\n{self._smoothing(sizes, f'({differences}{none})')}"

    def against_last_week(self) -> str:
        """Expected index of two windows of one law, estimated from both together.

        Of a count that is Poisson around a + b, c to its power is 3^-a on average for c = 1 - ln(3) a / (a + b); for the two
        windows alike it is near 1 - ln(3) / (n/m + m/n), where the smaller counts most.
        """
        n, before = self._uneven, f"{self.observations} offset 1w"
        m = f"({before} and {n})"
        base = f"(1 - {_LN_3} / ({n} / {m} + {m} / {n}))"
        uneven = self._summed(f"{base} ^ on ({self.role.column}) group_right () {self._uneven_bins}")
        differences = self._differences(f"({self._uneven_bins} / {self._of_column} ({n} + {m}))", (n, m))
        similar = self._summed(f"{1 - _LN_3 / 2:.7f} ^ ({self.counts} + {self.counts} offset 1w)")
        return (
            f"{self._covariance((n, m), uneven)}\n+\n{self._smoothing((n, m), differences)}\n"
            f"or\n{self._covariance((self.observations, before), similar)}"
        )

    @property
    def _rare(self) -> str:
        return self.role.of_cell("reference_observations", f"rare{self.window}")

    @property
    def _uneven(self) -> str:
        return self.role.of_column("observations", f"uneven{self.window}")

    @property
    def _uneven_bins(self) -> str:
        return self.role.of_cell("observations", f"uneven{self.window}")

    @property
    def _bins(self) -> str:
        return self.role.of_column("bins", "count")

    @property
    def _of_column(self) -> str:
        return f"on ({self.role.column}) group_left ()"

    def _summed(self, terms: str) -> str:
        return f"sum by ({self.role.column}) ({terms})"

    def _differences(self, share: str, sizes: tuple[str, str]) -> str:
        """The second sum; ``share`` is r by bin."""
        first, second = (f"({share} + {self._of_column} (0.5 / {size}))" for size in sizes)
        return self._summed(f"(1 - {share} * {self._of_column} {self._bins}) * ln({first} / {second})")

    def _covariance(self, sizes: tuple[str, str], empty: str) -> str:
        first, second = self._inverse(sizes)
        return f"({self._bins} - 1 - {empty}) * ({first} + {second})"

    def _smoothing(self, sizes: tuple[str, str], differences: str) -> str:
        first, second = self._inverse(sizes)
        return f"0.5 * ({first} - {second}) * {differences}"

    def _inverse(self, sizes: tuple[str, str]) -> tuple[str, ...]:
        return tuple(f"1 / ({size} + 0.5 * {self._bins})" for size in sizes)
