"""The dashboard of one model."""
