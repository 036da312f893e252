"""What the pages are made of, as the published file holds it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import duckdb

from ospo_metrics import behind, changes, charts, goals, methods_page, readings, words
from ospo_metrics.behind import Behind
from ospo_metrics.catalog import Metric, Page, metric_from_row, page_from_row
from ospo_metrics.changes import Changes
from ospo_metrics.curve_charts import Step
from ospo_metrics.lift_charts import Day, Lift
from ospo_metrics.marks import Mark
from ospo_metrics.methods_page import Methods
from ospo_metrics.periods import NO_WEEK
from ospo_metrics.warehouse import records
from ospo_metrics.words import Number

_LONGEST_DAYS = 31 * (charts.LONGEST_SERIES + 2)
_ROLES = {
    "hosted": "We hosted it.",
    "sponsored": "We sponsored it.",
    "spoke": "We spoke there.",
    "attended": "We were there.",
}
_LIFTS = {"stars": "stars", "new_contributors": "new contributors"}
"""What is counted, by how the segment of a lift begins."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a page can show: the whole program, one community, or one project."""

    kind: str
    id: str
    title: str
    inside: str
    """How it is called inside a sentence."""
    is_list: bool = False
    """Whether it is a mailing list on the page about them; among the projects of a community it is one of them."""

    @property
    def key(self) -> str:
        """What the address of a page says after the `#` to show this."""
        match self.kind:
            case "program":
                return "all"
            case "project":
                return f"{'list' if self.is_list else 'project'}={quote(self.id)}"
            case _:
                return f"community={quote(self.id)}"


@dataclass(frozen=True, slots=True)
class Occasion:
    """An event or a campaign of ours; `page` is the name of its own page."""

    kind: str
    id: str
    name: str
    starts_on: date
    ends_on: date
    page: str
    place: str = ""
    role: str = ""
    cost: str = ""
    communities: frozenset[str] = frozenset()
    goal: str = ""

    @property
    def when(self) -> str:
        return words.days(self.starts_on, self.ends_on)

    @property
    def month(self) -> str:
        return words.short_month(self.starts_on)


@dataclass(frozen=True, slots=True)
class Coverage:
    """One source over all its streams and instances; `whole_until` is that of the stream furthest behind."""

    source: str
    held: int
    rejects: int
    gap: int | None
    newest: datetime | None
    until: datetime | None
    whole_until: datetime | None
    instances: int


@dataclass(frozen=True, slots=True)
class Published:
    """Everything the pages are made of."""

    as_of: datetime
    ospo_name: str
    is_simulated: bool
    version: str
    audience: str
    timezone: str
    metrics: Mapping[str, Metric]
    pages: Sequence[Page]
    scopes: Sequence[Scope]
    numbers: Mapping[tuple[str, str, str], Sequence[Number]]
    coverage: Sequence[Coverage]
    problems: Sequence[str]
    methods: Methods = field(default_factory=lambda: Methods((), {}))
    projects: Mapping[str, Sequence[Scope]] = field(default_factory=dict)
    """The projects of each community."""
    lists: Sequence[Scope] = ()
    occasions: Sequence[Occasion] = ()
    """Events and campaigns, the newest first."""
    told: Mapping[str, Sequence[Occasion]] = field(default_factory=dict)
    """Those of them about which a metric says something."""
    marks: Mapping[str, Sequence[Mark]] = field(default_factory=dict)
    """What happened, by the key of the scope that it concerns."""
    lifts: Mapping[tuple[str, str, str, str], Lift] = field(default_factory=dict)
    """By metric, kind and id of the occasion, and segment."""
    curves: Mapping[tuple[str, str, str, date, date], Mapping[str, Sequence[Step]]] = field(
        default_factory=dict
    )
    """By metric, kind and id of the scope, and period; then by segment."""
    weeks: Mapping[tuple[str, str, str], Sequence[Number]] = field(default_factory=dict)
    """Of the main segment, by metric, kind and id of the scope; the edition for everybody has none."""
    behind: Mapping[tuple[str, str, str], Sequence[Behind]] = field(default_factory=dict)
    """By metric, kind and id of the scope: tables of what stands behind a number."""
    called: Mapping[str, str] = field(default_factory=dict)
    """What organizations, events and communities are called."""
    changes: Changes = field(default_factory=lambda: Changes(0, (), ()))
    goals: Sequence[goals.Answer] | None = None
    """What came of each goal; None where the file tells of no sheet of goals, as an edition for everybody does."""

    def scopes_of(self, page: Page) -> Sequence[Scope]:
        """What a page can show, the first at once."""
        return self.lists if page.about == "mailing_lists" else self.scopes

    @property
    def names(self) -> dict[str, str]:
        """What communities are called, for metrics that have them as segments."""
        return {scope.id: scope.title for scope in self.scopes if scope.kind == "community"}

    @property
    def today(self) -> date:
        """The day up to which the data tell, on the OSPO's own calendar."""
        return self.as_of.astimezone(ZoneInfo(self.timezone)).date()

    def of(self, metric: str, scope: Scope | Occasion) -> Sequence[Number]:
        return self.numbers.get((metric, scope.kind, scope.id), ())

    def occasions_of(self, metric: str, scope: Scope) -> list[Occasion]:
        """The events and campaigns of a scope about which a metric says something, the newest first."""
        told = self.told.get(metric, ())
        if scope.kind == "program":
            return list(told)
        return [] if scope.kind == "project" else [one for one in told if scope.id in one.communities]


def read(connection: duckdb.DuckDBPyConnection) -> Published:
    """Read what the pages need from a published file."""
    build = records(connection, "select * from meta.build")[0]
    metrics = [metric_from_row(row) for row in records(connection, "select * from metrics.metric_catalog")]
    known = {metric.metric for metric in metrics}
    tables = _tables(connection)
    communities = records(
        connection,
        "select community_id, name from core.dim_communities order by position, community_id",
    )
    projects = _projects(connection)
    lists = _lists(connection)
    pages = [
        page
        for row in records(connection, "select * from meta.pages order by position, page")
        if (page := page_from_row(row)) and (lists or page.about != "mailing_lists")
    ]
    wanted = known & {*(metric for page in pages for metric in page.metrics), *_of_occasions(connection)}
    as_of: datetime = build["as_of"] or build["built_at"]
    since = as_of.date() - timedelta(days=_LONGEST_DAYS)
    main = {(metric.metric, metric.headline_segment) for metric in metrics}
    numbers = _numbers(connection, sorted(wanted), since, NO_WEEK)
    weeks = _numbers(connection, sorted(wanted), since, f"not {NO_WEEK}")
    occasions = _occasions(connection, tables)
    return Published(
        as_of=as_of,
        ospo_name=words.name(build["ospo_name"]),
        is_simulated=build["is_simulated"],
        version=build["version"],
        audience=build["audience"],
        timezone=build["timezone"],
        metrics={metric.metric: metric for metric in metrics},
        pages=pages,
        scopes=[
            Scope("program", "program", "All communities together", "our communities"),
            *(
                Scope("community", row["community_id"], words.name(row["name"]), words.name(row["name"]))
                for row in communities
            ),
        ],
        numbers=numbers,
        coverage=_coverage(connection, as_of),
        problems=_problems(connection),
        methods=methods_page.read(connection),
        projects=_by_community(projects),
        lists=lists,
        occasions=occasions,
        told={
            metric: [one for one in occasions if (metric, one.kind, one.id) in numbers] for metric in wanted
        },
        marks=_marks(connection, tables, communities),
        lifts=_lifts(connection, tables, metrics),
        curves=_curves(connection, tables),
        weeks={
            key: [number for number in row if (key[0], number.segment) in main] for key, row in weeks.items()
        },
        behind=behind.read(connection, tables),
        called=behind.names(connection, tables),
        changes=changes.read(connection),
        goals=goals.answers(connection) if readings.has(connection, "core", "dim_goals") else None,
    )


def file_name(kind: str, name: str, taken: Iterable[str] = ()) -> str:
    """A name for the file of something that is called anything: `community-storage`; a number tells twins apart.

    Twins are also those that differ only in capitals, for some file systems do not tell them apart.
    """
    safe = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "-" for letter in name
    )
    stem = f"{kind}-{safe.strip('-')[:80] or 'x'}"
    known, number = {name.lower() for name in taken}, 2
    found = stem
    while found.lower() in known:
        found, number = f"{stem}-{number}", number + 1
    return found


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {
        f"{schema}.{name}"
        for schema, name in connection.execute(
            "select schema_name, table_name from duckdb_tables()"
        ).fetchall()
    }


def _of_occasions(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [
        name
        for (name,) in connection.execute(
            "select distinct metric from metrics.metric_values where scope_kind in ('event', 'campaign')"
        ).fetchall()
    ]


def _numbers(
    connection: duckdb.DuckDBPyConnection, metrics: Sequence[str], since: date, which: str
) -> dict[tuple[str, str, str], list[Number]]:
    numbers: dict[tuple[str, str, str], list[Number]] = defaultdict(list)
    cursor = connection.execute(
        f"""
        select
            metric, scope_kind, scope_id, period_start, period_end, segment, value, lower, upper,
            numerator, denominator, sample_size, status, reason
        from metrics.metric_values
        where list_contains($metrics, metric) and (scope_kind in ('event', 'campaign') or period_end >= $since)
            and {which}
        order by period_end, period_start
        """,  # noqa: S608 - a fixed text of ours
        {"metrics": list(metrics), "since": since},
    )
    while rows := cursor.fetchmany(20_000):
        for row in rows:
            numbers[row[:3]].append(Number(*row))
    return dict(numbers)


def _projects(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, Scope]]:
    """Every project with its community, or with none."""
    found = []
    for row in records(
        connection,
        """
        select community_id, project_id, name
        from core.dim_projects left join core.community_projects using (project_id)
        order by community_id, name, project_id
        """,
    ):
        title = words.name(row["name"] or row["project_id"])
        found.append((row["community_id"] or "", Scope("project", row["project_id"], title, title)))
    return found


def _lists(connection: duckdb.DuckDBPyConnection) -> list[Scope]:
    """Every mailing list, as the page about them shows it."""
    return [
        Scope("project", row["project_id"], words.name(row["name"]), words.name(row["name"]), is_list=True)
        for row in records(
            connection,
            "select project_id, name from core.dim_projects where kind = 'mailing_list' order by project_id",
        )
    ]


def _by_community(projects: Iterable[tuple[str, Scope]]) -> dict[str, list[Scope]]:
    found: dict[str, list[Scope]] = defaultdict(list)
    for community, scope in projects:
        found[community].append(scope)
    return dict(found)


def _occasions(connection: duckdb.DuckDBPyConnection, tables: set[str]) -> list[Occasion]:
    """The events and campaigns that some metric is about, the newest first."""
    found: list[Occasion] = []
    taken: set[str] = set()
    costs = _costs(connection, tables)
    rows: list[dict[str, Any]] = []
    about = "(select scope_id from metrics.metric_values where scope_kind = '{kind}')"
    goal = {name: _goal_column(connection, name) for name in ("dim_events", "dim_campaigns")}
    if "core.dim_events" in tables:
        communities = (
            "select list(community_id) from core.event_communities as c where c.event_id = e.event_id"
            if "core.event_communities" in tables
            else "select null::varchar[]"
        )
        rows += records(
            connection,
            f"""
            select
                'event' as kind, event_id as id, name, starts_on, ends_on, coalesce(city, venue) as place, role,
                {goal["dim_events"]} as goal_id, ({communities}) as communities
            from core.dim_events as e
            where starts_on is not null and event_id in {about.format(kind="event")}
            """,  # noqa: S608 - fixed texts of ours
        )
    if "core.dim_campaigns" in tables:
        rows += records(
            connection,
            f"""
            select
                'campaign' as kind, campaign_id as id, name, starts_on, ends_on,
                array_to_string(channels, ', ') as place, null as role, {goal["dim_campaigns"]} as goal_id,
                community_ids as communities
            from core.dim_campaigns
            where starts_on is not null and campaign_id in {about.format(kind="campaign")}
            """,  # noqa: S608 - fixed texts of ours
        )
    for row in sorted(rows, key=lambda row: (row["kind"], row["id"])):
        page = file_name(row["kind"], row["id"], taken)
        taken.add(page)
        found.append(
            Occasion(
                kind=row["kind"],
                id=row["id"],
                name=words.name(row["name"] or row["id"]),
                starts_on=row["starts_on"],
                ends_on=row["ends_on"] or row["starts_on"],
                page=page,
                place=words.name(row["place"]) if row["place"] else "",
                role=_ROLES.get(row["role"] or "", ""),
                cost=costs.get((row["kind"], row["id"]), ""),
                communities=frozenset(row["communities"] or ()),
                goal=row["goal_id"] or "",
            )
        )
    return sorted(found, key=lambda one: (one.starts_on, one.id), reverse=True)


def _goal_column(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """The column with the goal that an event or campaign was for; an edition for everybody is without it."""
    row = connection.execute(
        "select count(*) from duckdb_columns() where schema_name = 'core' and table_name = $1 "
        "and column_name = 'goal_id'",
        [table],
    ).fetchone()
    return "goal_id" if row and row[0] else "null"


def _costs(connection: duckdb.DuckDBPyConnection, tables: set[str]) -> dict[tuple[str, str], str]:
    if "core.fct_costs" not in tables:
        return {}
    rows = records(
        connection,
        """
        select
            object_kind as kind,
            object_id as id,
            sum(program_amount) as amount,
            any_value(program_currency) as currency,
            sum(staff_hours) as staff_hours,
            list({'amount': amount, 'currency': currency} order by amount)
                filter (amount > 0 and program_amount is null) as unrated
        from core.fct_costs
        where object_kind in ('event', 'campaign')
        group by all
        """,
    )
    return {(row["kind"], row["id"]): _cost(row) for row in rows}


def _cost(row: dict[str, Any]) -> str:
    unrated = [_money(one) for one in row["unrated"] or []]
    parts = [*([_money(row)] if row["amount"] else []), *unrated]
    hours = f"{words.count(round(row['staff_hours']))} hours of our people" if row["staff_hours"] else ""
    sentence = " and ".join([*parts, *([hours] if hours else [])])
    note = f" No rate is known for {', '.join(unrated)}, so it is not added." if unrated else ""
    return f"It cost {sentence}.{note}" if sentence else ""


def _money(row: Mapping[str, Any]) -> str:
    return f"{words.count(round(row['amount']))} {row['currency']}"


def _marks(
    connection: duckdb.DuckDBPyConnection, tables: set[str], communities: Sequence[Mapping[str, Any]]
) -> dict[str, list[Mark]]:
    """What happened, by scope: our events and campaigns, all and those for a community; releases of a project."""
    needed = ("dim_shocks", "dim_events", "dim_campaigns", "event_communities")
    if not {f"core.{name}" for name in needed} <= tables:
        return {}
    rows = records(
        connection,
        """
        select
            s.kind, coalesce(e.name, c.name) as name, s.scope_id, s.starts_on,
            coalesce(if(s.kind = 'campaign', c.ends_on, s.ends_on), s.starts_on) as ends_on,
            case s.kind
                when 'event' then (
                    select list(community_id) from core.event_communities as x where x.event_id = s.scope_id
                )
                when 'campaign' then c.community_ids
                else (select list(community_id) from core.community_projects as p where p.project_id = s.scope_id)
            end as communities
        from core.dim_shocks as s
        left join core.dim_events as e on s.kind = 'event' and s.scope_id = e.event_id
        left join core.dim_campaigns as c on s.kind = 'campaign' and s.scope_id = c.campaign_id
        where s.kind in ('event', 'campaign', 'release') and s.starts_on is not null
        order by s.starts_on, s.scope_id
        """,
    )
    found: dict[str, list[Mark]] = defaultdict(list)
    known = {row["community_id"] for row in communities}
    for row in rows:
        name = words.name(row["name"] or row["scope_id"])
        is_release = row["kind"] == "release"
        mark = Mark(
            row["kind"],
            f"Release of {name}" if is_release else name,
            row["starts_on"],
            row["ends_on"],
        )
        if is_release:
            found[f"project={quote(row['scope_id'])}"].append(mark)
        else:
            found["all"].append(mark)
        for community in known & set(row["communities"] or ()):
            found[f"community={quote(community)}"].append(mark)
    return dict(found)


def _lifts(
    connection: duckdb.DuckDBPyConnection, tables: set[str], metrics: Sequence[Metric]
) -> dict[tuple[str, str, str, str], Lift]:
    """Those lifts that may be shown: they have a number, or nothing but chance speaks against one."""
    evidence = {f"metrics.campaign_lift_{name}" for name in ("days", "ordinary_dates", "checks", "estimates")}
    if not evidence <= tables:
        return {}
    labels = {metric.metric: metric for metric in metrics}
    shown = records(
        connection,
        """
        select metric, scope_kind, scope_id, segment, ratio
        from metrics.campaign_lift_estimates as e
        where status = 'ok' or (status = 'refused' and ratio is not null and p is not null and not exists (
            from metrics.campaign_lift_checks as c
            where c.metric = e.metric and c.scope_kind = e.scope_kind and c.scope_id = e.scope_id
                and c.segment = e.segment and c.period_start = e.period_start and c.verdict = 'refused'
                and c.rule <> 'beyond_chance'
        ))
        """,
    )
    days: dict[tuple[str, ...], list[Day]] = defaultdict(list)
    for *whose, day, observed, expected, lower, upper in connection.execute(
        "select metric, scope_kind, scope_id, segment, day, observed, expected, lower, upper "
        "from metrics.campaign_lift_days order by day"
    ).fetchall():
        days[tuple(whose)].append(Day(day, observed, expected, lower, upper))
    ordinary: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for *whose, ratio in connection.execute(
        "select metric, scope_kind, scope_id, segment, ratio from metrics.campaign_lift_ordinary_dates "
        "where ratio is not null order by position"
    ).fetchall():
        ordinary[tuple(whose)].append(ratio)
    found = {}
    for row in shown:
        key = (row["metric"], row["scope_kind"], row["scope_id"], row["segment"])
        what = next((text for start, text in _LIFTS.items() if row["segment"].startswith(start)), "acts")
        if days.get(key) and row["metric"] in labels:
            label = words.label(labels[row["metric"]], row["segment"])
            found[key] = Lift(label, what, days[key], ordinary.get(key, []), row["ratio"])
    return found


def _curves(
    connection: duckdb.DuckDBPyConnection, tables: set[str]
) -> dict[tuple[str, str, str, date, date], dict[str, list[Step]]]:
    if "metrics.survival_curves" not in tables:
        return {}
    found: dict[tuple[str, str, str, date, date], dict[str, list[Step]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for metric, kind, scope, start, end, segment, after, *rest in connection.execute(
        """
        select
            metric, scope_kind, scope_id, period_start, period_end, segment,
            after_days, share_not_yet, lower, upper, at_risk
        from metrics.survival_curves
        where scope_kind <> 'project'
        order by after_days
        """
    ).fetchall():
        found[metric, kind, scope, start, end][segment].append(Step(round(after), *rest))
    return {key: dict(curves) for key, curves in found.items()}


def _coverage(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> list[Coverage]:
    """What each source holds; nothing is known beyond the instant up to which all is told."""
    found = records(
        connection,
        """
        with streams as (
            select
                source,
                sum(rows_held)::bigint as held,
                sum(sources.rejects)::bigint as rejects,
                sum(gap)::bigint as gap,
                max(newest_item_at) as newest,
                max(observed_until) as until,
                count(*) as instances
            from meta.sources as sources
            left join meta.reconciliation as claims using (source, instance, stream)
            group by source, stream
        )

        select
            source,
            sum(held)::bigint as held,
            sum(rejects)::bigint as rejects,
            sum(gap)::bigint as gap,
            max(newest) as newest,
            max(until) as until,
            min(until) filter (held > 0) as whole_until,
            max(instances) as instances
        from streams
        group by source
        order by source
        """,
    )
    ends = ("until", "whole_until")
    return [Coverage(**row | {end: min(row[end], as_of) for end in ends if row[end]}) for row in found]


def _named(row: Mapping[str, Any]) -> str:
    """A source and which of it; an edition for everybody does not say which."""
    source = words.lower_first(words.source_name(row["source"]))
    return f"{source} ‘{words.name(row['name'])}’" if row["name"] else source


def _problems(connection: duckdb.DuckDBPyConnection) -> list[str]:
    failed = records(
        connection,
        """
        select step, detail
        from meta.runs
        where run_id = (select run_id from meta.runs order by started_at desc, step desc limit 1)
            and status = 'failed'
        order by started_at, step
        """,
    )
    unread = records(
        connection,
        """
        select
            source, name, count(last_success_at) = 0 as is_unread,
            any_value(detail) filter (last_success_at is null) as detail
        from meta.sources
        group by source, name
        having count(last_success_at) = 0
            or count(*) filter (
                last_success_at is null
                and (source <> 'github' or stream in ('issues', 'change_requests', 'discussions', 'commits'))
            ) > 0
        order by is_unread desc, source, name
        limit 20
        """,
    )
    told = {row["step"].removeprefix("collect ") for row in failed}
    return [words.problem(f"the step ‘{row['step']}’ failed", row["detail"]) for row in failed] + [
        words.problem(
            _named(row)
            + (
                " has not been read yet"
                if row["is_unread"]
                else " is read in part only, and counts come out too low"
            ),
            row["detail"],
        )
        for row in unread
        if row["source"] not in told
    ]
