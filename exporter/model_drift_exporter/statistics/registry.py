"""Every effect size that is exported. A new one is a module with its ``Statistic``, and a line here.

Metrics, documentation, the page, the rules and the dashboards have them in this order.
"""

from __future__ import annotations

from .statistic import Statistic

__all__ = ["STATISTICS"]

STATISTICS: tuple[Statistic, ...] = (
    Statistic(
        "psi",
        "PSI",
        "Population stability index of the window against the baseline.",
        "Above its noise floor by 0.1: moved. By 0.25: moved far.",
        lambda comparison: comparison.statistics.population_stability_index,
        lambda null: null.floors.population_stability_index,
    ),
    Statistic(
        "ks_statistic",
        "Kolmogorov–Smirnov",
        "Kolmogorov-Smirnov statistic over the bin edges, valid numbers only.",
        "Numbers: 0.1 means 10 % of the values are on another side of some bound.",
        lambda comparison: comparison.statistics.kolmogorov_smirnov,
        lambda null: null.floors.kolmogorov_smirnov,
        numeric_only=True,
    ),
    Statistic(
        "js_divergence",
        "Jensen–Shannon divergence",
        "Jensen-Shannon divergence in nats.",
        "As PSI, but 0.69 at most: one emptied bin cannot make it large.",
        lambda comparison: comparison.statistics.jensen_shannon_divergence,
        lambda null: null.floors.jensen_shannon_divergence,
    ),
    Statistic(
        "wasserstein_ratio",
        "Wasserstein ratio",
        "Wasserstein-1 distance in standard deviations of the reference, valid numbers only.",
        "Numbers: how far they moved on average, in standard deviations.",
        lambda comparison: comparison.statistics.wasserstein_ratio,
        lambda null: null.floors.wasserstein_ratio,
        numeric_only=True,
    ),
    Statistic(
        "total_variation",
        "Total variation",
        "Total variation distance.",
        "Share of the values that would have to change bin to look as usual.",
        lambda comparison: comparison.statistics.total_variation,
        lambda null: null.floors.total_variation,
    ),
    Statistic(
        "chi2",
        "Chi-square",
        "Two-sample chi-square statistic (bins minus one degrees of freedom).",
        "",  # it grows with traffic and with the number of bins
        lambda comparison: comparison.statistics.chi2,
    ),
    Statistic(
        "chi2_zscore",
        "Chi-square z-score",
        "The chi-square statistic as a standard normal deviate (Wilson-Hilferty).",
        "With 1,000 values or more: about 0 by chance, above 4 hardly. With fewer it is too high.",
        lambda comparison: comparison.statistics.chi2_zscore,
    ),
)
