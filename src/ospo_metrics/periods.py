"""Weeks among the periods of numbers: for whom reads the tables, and for nothing that is made of months."""

from __future__ import annotations

from datetime import date

_DAYS = 7

NO_WEEK = f"(scope_kind in ('event', 'campaign') or period_end - period_start <> {_DAYS})"
"""The SQL condition on rows of metrics that are not of a week; an event or a window after one may last as long."""


def is_week(scope_kind: str, start: date, end: date) -> bool:
    """Whether a number of this scope is one of a calendar week."""
    return scope_kind not in ("event", "campaign") and (end - start).days == _DAYS
