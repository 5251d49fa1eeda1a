"""Alarm quality: false alarms, delays and decisions on real streams, beside what people use today.

Nothing is imported here: the peers' programs run in an environment without the exporter.
"""
