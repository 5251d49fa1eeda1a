"""All settings together: their sections, the YAML file, the flags, the documentation."""
