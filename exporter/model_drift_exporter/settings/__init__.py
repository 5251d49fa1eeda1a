"""How one setting is declared, parsed and checked."""
