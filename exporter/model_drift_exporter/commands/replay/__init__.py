"""The verb ``replay``: logs that were written already, read to their end."""
