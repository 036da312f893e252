"""A small published file with made-up numbers, for tests of what is drawn and written from it."""

from __future__ import annotations

import json
import random
import re
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
LIST = "core-dev"

HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">",
    "=cmd|' /C calc'!A0</script>&amp;{{ 7 * 7 }}",
    "\u202egnp.exe\u202c \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "x" * 10_000,
)


def manifest(folder: Path) -> Path:
    """Write a manifest as dbt would, from the words of the real metrics, of what stands behind them, and of pages."""
    models_folder = project.root() / "sql" / "models"
    models = [
        {
            "name": model["name"],
            "resource_type": "model",
            "path": file.relative_to(models_folder).with_suffix(".sql").as_posix(),
            "original_file_path": f"models/{file.relative_to(models_folder).with_suffix('.sql').as_posix()}",
            "patch_path": f"ospo_metrics://models/{file.relative_to(models_folder).as_posix()}",
            "description": model["description"],
            "config": model.get("config", {}),
            "raw_code": file.with_suffix(".sql").read_text(encoding="utf-8") + "-- </script>",
            "compiled_code": None,
        }
        for file in sorted((models_folder / "metrics").rglob("[!_]*.yml"))
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
    events: int = 4,
    locale: str = "en-GB",
) -> Path:
    """Write the published file; `names` are what the communities are called."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    known = catalog.read(manifest(path.parent), "EUR")
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
            "version varchar, audience varchar, timezone varchar, locale varchar",
            [(AS_OF, AS_OF, ospo_name, is_simulated, "0.1.0", "internal", "Europe/Berlin", locale)],
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
            [
                *((project_id, "repository", name, AS_OF) for project_id, name in projects),
                (LIST, "mailing_list", LIST, AS_OF),
            ],
        )
        _table(
            connection,
            "core.community_projects",
            "community_id varchar, project_id varchar",
            [
                *((f"community-{project_id.rpartition('-')[2]}", project_id) for project_id, _ in projects),
                ("community-1", LIST),
            ],
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
        _table(
            connection,
            "meta.evidence",
            ", ".join(f'"{name}" {kind}' for name, kind in catalog.EVIDENCE_COLUMNS.items()),
            catalog.evidence_rows(known),
        )
        _organizations(connection, communities)
        occasions = _occasions(connection, communities, events)
        scopes = [("program", "program", 1.0), *_scopes(communities)]
        scopes += [("project", project_id, 0.12) for project_id, _ in [*projects, (LIST, LIST)]]
        _table(
            connection,
            "metrics.metric_values",
            "metric varchar, scope_kind varchar, scope_id varchar, period_start date, period_end date, "
            "segment varchar, value double, lower double, upper double, numerator bigint, "
            "denominator bigint, sample_size bigint, status varchar, reason varchar",
            [
                *(row for scope in scopes for row in _numbers(*scope)),
                *(row for metric in known.metrics for row in _others(metric, scopes, occasions)),
            ],
        )
        _evidence(connection, occasions)
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


OWN = frozenset(
    {
        *("new_contributors", "contributors", "newcomer_retention", "first_response_time"),
        "contributor_absence_factor",
    }
)
"""The metrics whose numbers are made one by one; all others are made alike, by their kind."""

Occasion = tuple[str, str, date, date]


def _goals(connection: duckdb.DuckDBPyConnection, named: list[str]) -> None:
    """A goal of each fate: hit, missed, too early, and one that nobody can judge."""
    june, december = date(2026, 6, 30), date(2026, 12, 31)
    rows: list[tuple[Any, ...]] = [
        ("arrivals", "new_contributors", 1.0, june, []),
        ("answers", "first_response_time", 0.01, june, ["community-1"]),
        ("staying", "newcomer_retention", 0.5, december, []),
        ("wishes", None, None, None, []),
    ]
    _table(
        connection,
        "core.dim_goals",
        "goal_id varchar, goal varchar, audience varchar, message varchar, channels varchar[], metric varchar, "
        "target double, due_on date, community_ids varchar[]",
        [
            (key, f"More {named[0]}"[:20_000], f"Users of {named[0]}", named[-1], ["blog", named[0]], *rest)
            for key, *rest in rows
        ],
    )


def _occasions(
    connection: duckdb.DuckDBPyConnection, communities: list[tuple[str, str]], count: int
) -> list[Occasion]:
    """Events and campaigns of the communities, some of them called as the communities are."""
    events: list[Occasion] = []
    campaigns: list[Occasion] = []
    for number in range(1, count + 1):
        starts_on = AS_OF.date() - timedelta(days=20 + 997 * number % 700)
        events.append(("event", f"event-{number}", starts_on, starts_on + timedelta(days=number % 2)))
        if number % 2:
            begins = starts_on + timedelta(days=60)
            campaigns.append(("campaign", f"campaign-{number}", begins, begins + timedelta(days=20)))
    named = [community[1] for community in communities]
    _table(
        connection,
        "core.dim_events",
        "event_id varchar, name varchar, city varchar, venue varchar, starts_on date, ends_on date, role varchar, "
        "goal_id varchar",
        [
            (
                *(key, f"{named[at % len(named)]} Days {at + 1}"[:20_000], "Berlin", None, first, last),
                *("hosted", "arrivals"),
            )
            for at, (_, key, first, last) in enumerate(events)
        ],
    )
    _table(
        connection,
        "core.event_communities",
        "event_id varchar, community_id varchar",
        [(key, communities[at % len(communities)][0]) for at, (_, key, *_) in enumerate(events)],
    )
    _table(
        connection,
        "core.dim_campaigns",
        "campaign_id varchar, name varchar, starts_on date, ends_on date, channels varchar[], "
        "community_ids varchar[], goal_id varchar",
        [
            (
                key,
                f"{named[at % len(named)]} launch {at + 1}"[:20_000],
                first,
                last,
                ["blog"],
                [communities[0][0]],
                None,
            )
            for at, (_, key, first, last) in enumerate(campaigns)
        ],
    )
    _goals(connection, named)
    _table(
        connection,
        "core.dim_shocks",
        "kind varchar, starts_on date, ends_on date, scope_kind varchar, scope_id varchar, what varchar",
        [
            *(
                (kind, first, last, kind, key, "an event of ours")
                for kind, key, first, last in [*events, *campaigns]
            ),
            *(
                (
                    "release",
                    date(2025, month, 3),
                    date(2025, month, 3),
                    "project",
                    "example/core-1",
                    "a release",
                )
                for month in range(1, 13)
            ),
        ],
    )
    return [*events, *campaigns]


def _others(
    metric: catalog.Metric, scopes: list[tuple[str, str, float]], occasions: list[Occasion]
) -> Iterator[tuple[Any, ...]]:
    """Rows of a metric that has no numbers of its own here: over time, of events and campaigns, or both."""
    if metric.metric in OWN:
        return
    if re.search(r"scope|program|community|twelve months", metric.grain):
        for kind, scope_id, size in scopes:
            if kind == "project" and not re.match(r"scope(?! \(program or)", metric.grain):
                continue
            for period in _periods(metric.grain, kind):
                for segment in metric.segments:
                    chance = random.Random(f"{metric.metric} {scope_id} {segment} {period}")
                    yield (
                        metric.metric,
                        kind,
                        scope_id,
                        *period,
                        segment,
                        *_any(metric, size, chance, period[1]),
                    )
    for kind, key, first, last in occasions:
        if not re.search(rf"\b{kind}\b", metric.grain):
            continue
        for segment in metric.segments:
            chance = random.Random(f"{metric.metric} {key} {segment}")
            period = (first, last + timedelta(days=1))
            yield (metric.metric, kind, key, *period, segment, *_any(metric, 0.7, chance, period[1]))


def _periods(grain: str, kind: str) -> list[tuple[date, date]]:
    if "quarter" in grain:
        months = _months()
        return [(months[at][0], months[at + 2][1]) for at in range(0, len(months) - 2, 3)]
    years = _years()
    return years if kind == "project" or "month or" not in grain else [*_months(), *years]


def _any(metric: catalog.Metric, size: float, chance: random.Random, end: date) -> tuple[Any, ...]:
    """A number of the metric's kind, or sometimes a reason for none."""
    nothing = (None,) * 6
    luck = chance.random()
    if end > AS_OF.date() - timedelta(days=40):
        return (*nothing, "too_early", "Not enough time has passed since.")
    if luck < 0.06:
        return (*nothing, "refused", "The two rules do not agree, so no number is given.")
    if luck < 0.1:
        return (*nothing, "suppressed", f"Fewer than {SMALLEST_GROUP} people are behind this number.")
    n = max(8, round(chance.gauss(90, 15) * size))
    k = round(n * chance.uniform(0.1, 0.7))
    match metric.kind:
        case "proportion":
            lower, upper = wilson_interval(np.array([k]), np.array([n]))
            if luck > 0.97:
                return (None, float(lower[0]), float(upper[0]), k, n, n, "ok", None)
            return (k / n, float(lower[0]), float(upper[0]), k, n, n, "ok", None)
        case "duration":
            hours = chance.lognormvariate(4, 0.5)
            return (hours, hours / 1.6, hours * 1.7, k, n, n, "ok", None)
        case "cost":
            if luck > 0.95:
                return (None, 900.0, None, 12_000, 0, 0, "ok", None)
            return (12_000 / k, 12_000 / k / 2, 12_000 / k * 3, 12_000, k, k, "ok", None)
        case "ratio":
            ratio = chance.lognormvariate(0.3, 0.4)
            return (ratio, ratio / 1.5, ratio * 1.6, None, None, n, "ok", None)
        case "difference" | "score":
            unit = 0.01 if metric.unit == "percentage points" else 1.0
            value = chance.gauss(3, 8)
            return (value * unit, (value - 6) * unit, (value + 7) * unit, None, None, n, "ok", None)
        case "factor":
            return (float(k), None, None, None, None, n, "ok", None)
        case _:
            return (float(k), None, None, k, None, k, "ok", None)


def _organizations(connection: duckdb.DuckDBPyConnection, communities: list[tuple[str, str]]) -> None:
    """Who contributed how much, in the last two years: organizations are called what the communities are."""
    keys = "metric varchar, scope_kind varchar, scope_id varchar, period_start date, period_end date, segment varchar"
    _table(
        connection,
        "metrics.organization_shares",
        f"{keys}, organization_id varchar, contributions bigint, share double, effective_organizations double",
        [
            ("org_concentration", kind, key, *year, "with_unknown", name, 10 + at, (10 + at) / 100, 2.5)
            for kind, key, _ in [("program", "program", 1.0), *_scopes(communities)]
            for year in _years()[-2:]
            for at, (_, name) in enumerate(communities)
        ],
    )


def _evidence(connection: duckdb.DuckDBPyConnection, occasions: list[Occasion]) -> None:
    """What stands behind lifts and waiting times: days, ordinary dates and curves."""
    keys = "metric varchar, scope_kind varchar, scope_id varchar, period_start date, period_end date, segment varchar"
    segments = ("stars_month", "stars_week")
    lifts = [
        ("campaign_lift", kind, key, first, last + timedelta(days=1), segment)
        for kind, key, first, last in occasions
        for segment in segments
    ]
    chance = random.Random("evidence")
    _table(
        connection,
        "metrics.campaign_lift_estimates",
        f"{keys}, ratio double, p double, status varchar",
        [
            (*lift, chance.lognormvariate(0.4, 0.4), 0.3, "ok" if at % 2 else "refused")
            for at, lift in enumerate(lifts)
        ],
    )
    _table(
        connection,
        "metrics.campaign_lift_checks",
        f"{keys}, position integer, rule varchar, verdict varchar, sentence varchar",
        [
            (
                *lift,
                1,
                "beyond_chance" if at % 4 else "nothing_else",
                "passed" if at % 2 else "refused",
                "A check.",
            )
            for at, lift in enumerate(lifts)
        ],
    )
    _table(
        connection,
        "metrics.campaign_lift_days",
        f"{keys}, day integer, observed double, expected double, lower double, upper double",
        [
            (
                *lift,
                day,
                float(chance.randint(0, 20)),
                8.5,
                5.0 if day >= 0 else None,
                13.0 if day >= 0 else None,
            )
            for lift in lifts
            for day in range(-63, 28)
        ],
    )
    _table(
        connection,
        "metrics.campaign_lift_ordinary_dates",
        f"{keys}, position integer, ratio double",
        [(*lift, at, chance.lognormvariate(0, 0.3)) for lift in lifts for at in range(60)],
    )
    _table(
        connection,
        "metrics.survival_curves",
        f"{keys}, after_days double, share_not_yet double, lower double, upper double, at_risk bigint",
        [
            (
                "time_to_first_activity",
                kind,
                key,
                first,
                last + timedelta(days=1),
                segment,
                day,
                share,
                share - 0.1,
                min(1.0, share + 0.1),
                40,
            )
            for kind, key, first, last in occasions
            if kind == "event"
            for segment in ("new", "existing")
            for day, share in ((0.0, 0.9), (7.0, 0.7), (30.0, 0.6), (90.0, 0.45))
        ],
    )


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
