"""Labels: the join of predictions with labels that come later, and what can be said about them."""
