"""The HTTP surface: metrics, the landing page, health, ingest."""
