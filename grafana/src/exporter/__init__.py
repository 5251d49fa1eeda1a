"""The dashboard of the exporter itself."""
