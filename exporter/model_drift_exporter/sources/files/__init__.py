"""Files as a source: found by pattern, followed through rotation, read on after a restart."""
