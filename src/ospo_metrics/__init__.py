"""Outreach of an open source program office, measured honestly."""

__version__ = "0.1.0"
