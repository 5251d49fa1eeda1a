"""What decides an alert: bets against the reference, when they are made, alarms and their recovery."""
