"""From inputs to models: chunks are decoded, merged by time, and handed on."""
