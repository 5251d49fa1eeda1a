"""The catalogue of metrics, their samples, and the exposition formats."""
