"""Files as a source: found by pattern, followed through rotation, continued after a restart."""
