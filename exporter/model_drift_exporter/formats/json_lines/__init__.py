"""One JSON value a line, or several records in one value."""
