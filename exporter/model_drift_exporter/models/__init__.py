"""The models that are watched: each with its traffic, its reference and its monitors."""
