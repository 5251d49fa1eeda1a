"""Bets against the reference: the evidence of a change, from counts and from scores."""
