"""The running exporter: its thread and lock, reloads, state, log and status."""
