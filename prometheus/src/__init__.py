"""The sources of the rule files: ``python -m prometheus.src`` writes them."""
