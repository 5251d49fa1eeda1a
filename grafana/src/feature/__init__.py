"""The dashboard of one feature."""
