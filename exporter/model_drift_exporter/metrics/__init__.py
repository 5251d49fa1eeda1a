"""What a metric is, its samples, and the exposition formats."""
