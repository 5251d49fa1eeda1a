"""How a reference profile is built from rows."""
