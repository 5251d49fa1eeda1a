"""Alarms in operation: copies, bursts, deploys, seasons, labels as they come; streams with nothing wrong, and with harm."""
