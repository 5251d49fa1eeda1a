"""A sidecar that reads a model's prediction log and exports drift metrics for Prometheus."""

__version__ = "0.1.0"
