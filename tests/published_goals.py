"""Goals, events and campaigns for the small published file, and numbers that a test chooses itself."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb

import published_example

MONTHS = (date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1))
"""The first days of May, June and July 2026; the file tells up to 12 July."""


def build(path: Path, **more: Any) -> Path:
    """The example without any number, source or run, and with empty tables for what the team plans."""
    published_example.build(path, **more)
    with duckdb.connect(str(path)) as connection:
        for table in ("metrics.metric_values", "meta.sources", "meta.runs", "meta.reconciliation"):
            connection.execute(f"delete from {table}")
        connection.execute(
            "create or replace table core.dim_goals (goal_id varchar, goal varchar, audience varchar, message varchar, "
            "channels varchar[], metric varchar, target double, due_on date, community_ids varchar[])"
        )
        connection.execute(
            "create or replace table core.dim_events (event_id varchar, name varchar, goal_id varchar, city varchar, "
            "venue varchar, starts_on date, ends_on date, role varchar)"
        )
        connection.execute(
            "create or replace table core.dim_campaigns (campaign_id varchar, name varchar, goal_id varchar, "
            "starts_on date, ends_on date, channels varchar[], community_ids varchar[])"
        )
    return path


def add(path: Path, table: str, *rows: tuple[Any, ...]) -> None:
    """Put rows into a table of the file; columns at the end that a row lacks stay empty."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("set timezone = 'UTC'")
        names = [column[0] for column in connection.execute(f"from {table} limit 0").description or []]
        for row in rows:
            columns = ", ".join(names[: len(row)])
            connection.execute(
                f"insert into {table} ({columns}) values ({', '.join('?' * len(row))})", list(row)
            )


def number(
    metric: str,
    segment: str,
    period: tuple[date, date],
    value: float | None,
    lower: float | None = None,
    upper: float | None = None,
    *,
    about: tuple[str, str] = ("program", "program"),
    n: int | None = None,
    k: int | None = None,
    status: str = "ok",
    reason: str | None = None,
) -> tuple[Any, ...]:
    """One row of metrics.metric_values."""
    return (metric, *about, *period, segment, value, lower, upper, k, n, n, status, reason)


MAY, JUNE = (MONTHS[0], MONTHS[1]), (MONTHS[1], MONTHS[2])


def newcomers(period: tuple[date, date], value: int, **more: Any) -> tuple[Any, ...]:
    """So many new contributors, with a range that ten times as many or as few fall out of."""
    return number("new_contributors", "outside", period, value, value * 0.7, value * 1.4, **more)


def waiting(period: tuple[date, date], hours: float, **more: Any) -> tuple[Any, ...]:
    """A typical waiting time with its range, of 40 conversations of which 30 were answered."""
    row = {"k": 30, "n": 40} | more
    return number("first_response_time", "everyone", period, hours, hours * 0.8, hours * 1.25, **row)
