"""What the last runs did, how fresh each source is, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb

from ospo_metrics import proposals
from ospo_metrics.retention import terms
from ospo_metrics.settings import Workspace
from ospo_metrics.sources import discover
from ospo_metrics.warehouse import WarehouseError, open_published, open_warehouse

_RUNS = """
select run_id, min(started_at) as started_at, max(finished_at) as finished_at,
    case when bool_or(status = 'failed') then 'failed'
        when bool_or(status = 'running') then 'unfinished' else 'done' end as status,
    string_agg(step || ': ' || coalesce(detail, 'was interrupted'), '; ' order by started_at)
        filter (status <> 'done') as trouble,
    count(*) as steps
from meta.runs group by run_id order by run_id desc limit 5
"""

_SOURCES = """
select source, name, stream, rows_held, deleted, duplicates, rejects, newest_item_at, last_success_at, detail
from meta.sources {where} order by source, name, stream
"""

_REJECTS = """
select source, coalesce(name, instance) as name, reason, count(*) as n, min(location) as example
from meta.rejects left join meta.sources using (source, instance, stream)
group by source, coalesce(name, instance), reason order by n desc, reason limit 10
"""

_GAPS = """
select source, coalesce(name, instance) as name, stream, claimed, how, gap, reason
from meta.reconciliation left join meta.sources using (source, instance, stream) where gap <> 0 order by all
"""

_SPENDING = """
select source, what, count(distinct instance) as instances, sum(requests)::bigint as requests,
    sum(points)::bigint as points
from meta.spending where run_id = (select max(run_id) from meta.spending)
group by source, what order by points desc, what
"""

_BEHAVIOUR = """
select count(*), list(handle order by last_seen_at desc) filter (handle is not null)
from core.dim_people where kind_rule = 'behaviour'
"""


_RETAINED = """
select detail from meta.runs where step = 'retain' and status = 'done' and detail not like 'Nothing%'
order by run_id desc limit 1
"""


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that `status` prints; `missing` holds sentences on what to see to."""

    runs: list[tuple[Any, ...]]
    sources: list[tuple[Any, ...]]
    rejects: list[tuple[Any, ...]]
    gaps: list[tuple[Any, ...]]
    spending: list[tuple[Any, ...]]
    missing: list[str]
    kept: list[str] = field(default_factory=list)
    """How long who somebody is may be known, and what became of it last time."""

    def by_instance(self) -> list[tuple[Any, ...]]:
        """The sources with their streams put together: a line a repository, list or schedule."""
        lines: dict[tuple[str, str], list[Any]] = {}
        for source, name, _, *counts, newest, read_at, _ in self.sources:
            line = lines.setdefault((source, name), [0, 0, 0, 0, None, read_at])
            line[:4] = [have + more for have, more in zip(line[:4], counts, strict=True)]
            line[4] = max((at for at in (line[4], newest) if at), default=None)
            line[5] = min((at for at in (line[5], read_at) if at), default=None)
        return [(*name, *line) for name, line in lines.items()]


def status(workspace: Workspace) -> Status:
    """Read what is known of runs and sources; from the published file while a run holds the warehouse."""
    if not workspace.warehouse.is_file():
        return Status([], [], [], [], [], ["Nothing was collected yet. Run 'ospo-metrics run'."])
    missing: list[str] = []
    try:
        with open_warehouse(workspace.warehouse, read_only=True) as connection:
            answers = [
                connection.execute(query).fetchall()
                for query in (_RUNS, _SOURCES.format(where="where is_configured"), _REJECTS, _GAPS, _SPENDING)
            ]
            missing += _contradictions(connection)
            judged = _taken_for_bots(connection)
            retained = connection.execute(_RETAINED).fetchone()
    except WarehouseError as error:
        missing.append(f"This is what was last published, for {error}")
        published = open_published(workspace.database)
        try:
            answers = [
                published.execute(query).fetchall()
                for query in (_RUNS, _SOURCES.format(where=""), _REJECTS, _GAPS, _SPENDING)
            ]
            judged = _taken_for_bots(published)
            retained = published.execute(_RETAINED).fetchone()
        finally:
            published.close()
    runs, sources, rejects, gaps, spending = answers
    missing += [*_missing(workspace, runs, sources), *judged]
    return Status(runs, sources, rejects, gaps, spending, missing, _kept(workspace, retained))


def _contradictions(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Decisions on who is who that do not hold, each with its place."""
    try:
        rows = connection.execute(
            "select location from intermediate.int_identity_conflicts order by all limit 5"
        ).fetchall()
    except duckdb.CatalogException:  # nothing was built yet
        return []
    return [
        f"{place} does not hold, because other rows say the contrary. Correct one of them."
        for (place,) in rows
    ]


def _missing(workspace: Workspace, runs: list[tuple[Any, ...]], sources: list[tuple[Any, ...]]) -> list[str]:
    found = []
    if runs and runs[0][3] != "done":
        found.append(f"The last run is {runs[0][3]}. {_sentence(runs[0][4])}")
    known = {row[0] for row in sources}
    for name in discover():
        if getattr(workspace.settings.sources, name, None) and name not in known:
            found.append(f"{name} is in ospo.toml and was never read. Run 'ospo-metrics run'.")
    told = {(source, name) for source, name, *_, detail in sources if detail}
    for source, name, stream, *_, last_success_at, detail in sources:
        if detail:
            found.append(_sentence(detail))
        elif (source, name) in told:
            continue  # what comes after a stream that failed was not tried
        elif last_success_at is None:
            found.append(f"{source} {name} {stream} was never read to its end.")
        elif (age := datetime.now(UTC) - last_success_at).days >= 2:
            found.append(f"{source} {name} {stream} was last read {age.days} days ago.")
    return [*found, *_unpublished(workspace), *_undecided(workspace)]


def _kept(workspace: Workspace, retained: tuple[Any, ...] | None) -> list[str]:
    """How long who somebody is may be known, and what was last let go."""
    words = terms(workspace)
    return [f"{words[:1].upper()}{words[1:]}.", *([f"Last let go: {retained[0]}"] if retained else [])]


def _unpublished(workspace: Workspace) -> list[str]:
    found = []
    if not workspace.database.is_file():
        found.append("Nothing is published yet.")
    elif not (workspace.dashboards / "index.html").is_file():
        found.append("There are no dashboards yet. Run 'ospo-metrics report'.")
    elif (workspace.dashboards / "index.html").stat().st_mtime < workspace.database.stat().st_mtime:
        found.append("The dashboards are older than the published file. Run 'ospo-metrics report'.")
    return found


def _taken_for_bots(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Who counts as a bot for nothing but what they do, so that a person can say otherwise."""
    try:
        ((count, handles),) = connection.execute(_BEHAVIOUR).fetchall()
    except (duckdb.CatalogException, duckdb.BinderException):  # nothing was built yet, or by an older version
        return []
    if not count:
        return []
    accounts = "1 account is taken for a bot" if count == 1 else f"{count:,} accounts are taken for bots"
    shown = (handles or [])[:5]
    named = f" ({', '.join(shown)}{', …' if count > len(shown) else ''})" if shown else ""
    return [
        f"{accounts} by behaviour alone{named}: core.dim_people says why. "
        "Whoever is none is put into outreach/kinds.csv as human."
    ]


def _undecided(workspace: Workspace) -> list[str]:
    found = []
    if workspace.settings.sources.outreach is None and any((workspace.folder / "outreach").glob("**/*.*")):
        found.append("The files in outreach/ are not read. Add [sources.outreach] to ospo.toml.")
    if doubtful := proposals.open_questions(events := proposals.events_file(workspace)):
        found.append(
            f"{doubtful} {'event waits' if doubtful == 1 else 'events wait'} for you to decide: see {events}, "
            "and copy what you decide into outreach/event_matches.csv with yes or no."
        )
    if doubtful := proposals.open_questions(people := proposals.people_file(workspace)):
        pairs, them = ("pair", "it") if doubtful == 1 else ("pairs", "them")
        found.append(f"{doubtful} {pairs} of people may be one: write yes or no behind {them} in {people}.")
    return found


def _sentence(text: str | None) -> str:
    text = (text or "").strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
