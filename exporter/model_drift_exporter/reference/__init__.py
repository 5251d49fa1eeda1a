"""Reference profiles: what they hold, how they are built from rows, and their file."""

from __future__ import annotations
