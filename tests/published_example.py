"""A small published file with made-up numbers, for tests of what is drawn and written from it."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import yaml

from ospo_metrics import catalog, project
from ospo_metrics.statistics import poisson_interval, wilson_interval

AS_OF = datetime(2026, 7, 12, 1, 30, tzinfo=UTC)
FIRST_MONTH, MONTHS = date(2024, 7, 1), 25
SEEN_UNTIL = {"mail": date(2025, 11, 1)}
SMALLEST_GROUP = 5

HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">",
    "=cmd|' /C calc'!A0</script>&amp;{{ 7 * 7 }}",
    "\u202egnp.exe\u202c \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "x" * 10_000,
)


def manifest(folder: Path) -> Path:
    """Write a manifest as dbt would, from the words of the real metrics and pages."""
    models = [
        {
            "name": model["name"],
            "resource_type": "model",
            "path": f"metrics/{file.stem}.sql",
            "original_file_path": f"models/metrics/{file.stem}.sql",
            "patch_path": f"ospo_metrics://models/metrics/{file.name}",
            "description": model["description"],
            "config": model["config"],
            "raw_code": file.with_suffix(".sql").read_text(encoding="utf-8") + "-- </script>",
            "compiled_code": None,
        }
        for file in sorted((project.root() / "sql" / "models" / "metrics").glob("*.yml"))
        for model in yaml.safe_load(file.read_text(encoding="utf-8"))["models"]
    ]
    exposures = [
        exposure
        | {
            "original_file_path": f"../dashboards/pages/{file.name}",
            "refs": [{"name": ref.split("'")[1]} for ref in exposure["depends_on"]],
        }
        for file in sorted((project.root() / "dashboards" / "pages").glob("*.yml"))
        for exposure in yaml.safe_load(file.read_text(encoding="utf-8"))["exposures"]
    ]
    path = folder / "manifest.json"
    nodes = {f"model.ospo_metrics.{model['name']}": model for model in models}
    pages = {f"exposure.ospo_metrics.{exposure['name']}": exposure for exposure in exposures}
    path.write_text(json.dumps({"nodes": nodes, "exposures": pages}), encoding="utf-8")
    return path


def build(
    path: Path,
    *,
    is_simulated: bool = True,
    names: tuple[str, ...] = ("Storage", "Networking", "Documentation"),
    ospo_name: str = "Example OSPO",
) -> Path:
    """Write the published file; `names` are what the communities are called."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    known = catalog.read(manifest(path.parent))
    communities = [(f"community-{number}", name) for number, name in enumerate(names, 1)]
    projects = [
        (f"example/{kind}-{number}", f"example/{kind}-{number} of {name}"[:20_000])
        for number, name in enumerate(names, 1)
        for kind in ("core", "docs")
    ]
    with duckdb.connect(str(path)) as connection:
        connection.execute("set timezone = 'UTC'")
        for schema in ("core", "metrics", "meta"):
            connection.execute(f"create schema {schema}")
        _table(
            connection,
            "meta.build",
            "as_of timestamptz, built_at timestamptz, ospo_name varchar, is_simulated boolean, "
            "version varchar, audience varchar, timezone varchar",
            [(AS_OF, AS_OF, ospo_name, is_simulated, "0.1.0", "internal", "Europe/Berlin")],
        )
        _table(
            connection,
            "core.dim_communities",
            "community_id varchar, name varchar, position integer",
            [(*community, position) for position, community in enumerate(communities)],
        )
        _table(
            connection,
            "core.dim_projects",
            "project_id varchar, kind varchar, name varchar, observed_until timestamptz",
            [(project_id, "repository", name, AS_OF) for project_id, name in projects],
        )
        _table(
            connection,
            "core.community_projects",
            "community_id varchar, project_id varchar",
            [(f"community-{int(project_id[-1])}", project_id) for project_id, _ in projects],
        )
        _table(
            connection,
            "metrics.metric_catalog",
            ", ".join(f'"{name}" {kind}' for name, kind in catalog.METRIC_COLUMNS.items()),
            catalog.metric_rows(known),
        )
        _table(
            connection,
            "meta.pages",
            ", ".join(f'"{name}" {kind}' for name, kind in catalog.PAGE_COLUMNS.items()),
            catalog.page_rows(known),
        )
        scopes = [("program", "program", 1.0), *_scopes(communities)]
        _table(
            connection,
            "metrics.metric_values",
            "metric varchar, scope_kind varchar, scope_id varchar, period_start date, period_end date, "
            "segment varchar, value double, lower double, upper double, numerator bigint, "
            "denominator bigint, sample_size bigint, status varchar, reason varchar",
            [row for scope in scopes for row in _numbers(*scope)],
        )
        _provenance(connection)
    return path


def _scopes(communities: list[tuple[str, str]]) -> Iterator[tuple[str, str, float]]:
    sizes = (0.55, 0.35, 0.06, 0.2)
    for index, (community_id, _) in enumerate(communities):
        yield "community", community_id, sizes[index % len(sizes)]


def _numbers(scope_kind: str, scope_id: str, size: float) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(f"{scope_id} {size}")
    periods = [*_months(), *_years()]
    for start, end in periods:
        head = (scope_kind, scope_id, start, end)
        span = round((end - start).days / 30.4)
        growth = 1 + (start - FIRST_MONTH).days / 1500
        weight = 0.4 if start == date(2026, 7, 1) else 1.0
        for segment, base in (("outside", 22), ("own", 7), ("bots", 2)):
            new = round(chance.gauss(base * 0.45, 2) * size * growth * span * weight)
            yield _count("new_contributors", head, segment, max(new, 0), with_interval=True)
            active = round(chance.gauss(base * 2.2, 4) * size * growth * span**0.6 * weight)
            yield _count("contributors", head, segment, max(active, 0), with_interval=False)
        yield _count("new_contributors", head, "agents", round(span / 12), with_interval=True)
        yield _count("contributors", head, "agents", round(1 + span / 6), with_interval=False)
        arrived = max(0, round(chance.gauss(10, 2) * size * growth * span))
        for segment, days, rate in (("day_90", 90, 0.44), ("day_180", 180, 0.31), ("day_365", 365, 0.22)):
            yield _share(head, segment, days, arrived, sum(chance.random() < rate for _ in range(arrived)))
        opened = max(1, round(chance.gauss(60, 8) * size * growth * span * weight))
        for segment, part, typical in (
            ("everyone", 1.0, 9.0),
            ("newcomers", 0.3, 14.0),
            ("regulars", 0.7, 7.0),
        ):
            yield _wait(head, segment, round(opened * part), typical * chance.lognormvariate(0, 0.18), size)
    for _, end in _months():
        year = (scope_kind, scope_id, end.replace(year=end.year - 1), end)
        for segment, base in (("commits", 7), ("conversations", 12)):
            yield _factor(year, segment, max(1, round(base * size + chance.gauss(0, 0.6))), size)


def _months() -> list[tuple[date, date]]:
    return list(pairwise(_month_after(FIRST_MONTH, number) for number in range(MONTHS + 1)))


def _years() -> list[tuple[date, date]]:
    return [(date(2025, 7, 1), date(2026, 7, 1)), (date(2024, 7, 1), date(2025, 7, 1))]


def _month_after(start: date, months: int) -> date:
    month = start.month - 1 + months
    return date(start.year + month // 12, month % 12 + 1, 1)


def _count(
    metric: str, head: tuple[Any, ...], segment: str, value: int, *, with_interval: bool
) -> tuple[Any, ...]:
    if 0 < value < SMALLEST_GROUP and head[0] == "community":
        reason = f"Fewer than {SMALLEST_GROUP} people are behind this number."
        return (metric, *head, segment, None, None, None, None, None, None, "suppressed", reason)
    lower, upper = (None, None)
    if with_interval:
        lows, highs = poisson_interval(np.array([value]))
        lower, upper = float(lows[0]), float(highs[0])
    return (metric, *head, segment, value, lower, upper, value, None, value, "ok", None)


def _share(head: tuple[Any, ...], segment: str, days: int, n: int, k: int) -> tuple[Any, ...]:
    metric, nothing = "newcomer_retention", (None,) * 6
    ready = head[3] + timedelta(days=days + 30)
    if ready > AS_OF.date():
        reason = f"The last of these newcomers can be judged on {ready.day} {ready:%B %Y}."
        return (metric, *head, segment, *nothing, "too_early", reason)
    if n == 0:
        return (metric, *head, segment, *nothing, "no_data", "Nobody arrived in this period.")
    if n < SMALLEST_GROUP and head[0] == "community":
        reason = (
            f"Fewer than {SMALLEST_GROUP} newcomers arrived, so that a share would be about single people."
        )
        return (metric, *head, segment, *nothing, "suppressed", reason)
    lower, upper = wilson_interval(np.array([k]), np.array([n]))
    return (metric, *head, segment, k / n, float(lower[0]), float(upper[0]), k, n, n, "ok", None)


def _wait(head: tuple[Any, ...], segment: str, opened: int, typical: float, size: float) -> tuple[Any, ...]:
    metric = "first_response_time"
    if head[1] == "community-2" and head[3] > SEEN_UNTIL["mail"]:
        reason = "The archive of the mailing list ends on 31 October 2025; what came after is not known."
        return (metric, *head, segment, *(None,) * 6, "no_data", reason)
    answered = round(opened * 0.86)
    if size < 0.1:
        return (metric, *head, segment, None, typical, None, opened // 3, opened, opened, "ok", None)
    spread = 1 + 1.6 / max(1, opened) ** 0.5
    lower, upper = typical / spread, typical * spread
    return (metric, *head, segment, typical, lower, upper, answered, opened, opened, "ok", None)


def _factor(head: tuple[Any, ...], segment: str, value: int, size: float) -> tuple[Any, ...]:
    metric = "contributor_absence_factor"
    if size < 0.1:
        reason = "With fewer than 100 contributions in 12 months the number would be an accident."
        return (metric, *head, segment, *(None,) * 6, "refused", reason)
    return (metric, *head, segment, value, None, None, value, None, 900, "ok", None)


def _provenance(connection: duckdb.DuckDBPyConnection) -> None:
    mail_end = datetime(2025, 10, 31, 22, 14, tzinfo=UTC)
    rows = [
        (
            "github",
            "example/core-1",
            stream,
            "example/core-1",
            "example/core-1",
            True,
            held,
            0,
            0,
            0,
            AS_OF,
            AS_OF,
            AS_OF,
            None,
        )
        for stream, held in (("issues", 1204), ("change_requests", 911), ("comments", 6310))
    ]
    rows += [
        (
            "git",
            "example/core-1",
            "commits",
            "example/core-1",
            "example/core-1",
            True,
            4120,
            0,
            0,
            0,
            AS_OF,
            AS_OF,
            AS_OF,
            None,
        ),
        (
            "mailing_lists",
            "core-dev",
            "messages",
            None,
            "core-dev",
            True,
            2204,
            0,
            12,
            3,
            mail_end,
            mail_end,
            AS_OF,
            None,
        ),
        (
            "calendars",
            "conf-2026",
            "talks",
            None,
            "conf-2026",
            True,
            0,
            0,
            0,
            0,
            None,
            None,
            None,
            "The file is not there.",
        ),
    ]
    _table(
        connection,
        "meta.sources",
        "source varchar, instance varchar, stream varchar, project_id varchar, name varchar, is_configured boolean, "
        "rows_held bigint, deleted bigint, duplicates bigint, rejects bigint, newest_item_at timestamptz, "
        "observed_until timestamptz, last_success_at timestamptz, detail varchar",
        rows,
    )
    _table(
        connection,
        "meta.runs",
        "run_id varchar, step varchar, started_at timestamptz, finished_at timestamptz, status varchar, "
        "detail varchar",
        [
            ("run-1", "collect github", AS_OF, AS_OF, "ok", "8,425 items"),
            ("run-1", "collect calendars", AS_OF, AS_OF, "failed", "The file is not there."),
            ("run-1", "build", AS_OF, AS_OF, "ok", "5 metrics"),
        ],
    )
    _table(
        connection,
        "meta.reconciliation",
        "source varchar, instance varchar, stream varchar, claimed bigint, how varchar, held bigint, "
        "duplicates bigint, rejects bigint, gap bigint, reason varchar, checked_at timestamptz",
        [
            ("github", "example/core-1", "issues", 1204, "open and closed", 1204, 0, 0, 0, None, AS_OF),
            (
                "mailing_lists",
                "core-dev",
                "messages",
                2221,
                "lines 'From '",
                2204,
                12,
                3,
                2,
                "unexplained",
                AS_OF,
            ),
        ],
    )


def _table(
    connection: duckdb.DuckDBPyConnection, table: str, columns: str, rows: list[tuple[Any, ...]]
) -> None:
    connection.execute(f"create table {table} ({columns})")
    batch = pa.table({str(number): list(values) for number, values in enumerate(zip(*rows, strict=True))})
    connection.register("batch", batch)
    connection.execute(f"insert into {table} select * from batch")
