"""The verb ``check``: what a configuration would do with the beginning of its inputs, without doing it."""
