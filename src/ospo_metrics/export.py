"""The edition for everybody: metrics and pages in a folder of their own, with nobody in it.

It tells of the program, the communities, the mailing lists and the events, and of no repository alone: the fewer ways
there are to cut the same people, the less has to be folded.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ospo_metrics import catalog, folding, pages, privacy, project, transform, view_files
from ospo_metrics.publish import describe, fill, words_of_the_build, write_build
from ospo_metrics.settings import Workspace
from ospo_metrics.suppression import suppress
from ospo_metrics.warehouse import create, identifier, open_warehouse

_SHAPE = """
metric varchar, scope_kind varchar, scope_id varchar, period_start date, period_end date, segment varchar,
value double, lower double, upper double, numerator bigint, denominator bigint, sample_size bigint,
status varchar, reason varchar
"""

_BESIDE = {
    "core.dim_communities": "select community_id, name, position from warehouse.core.dim_communities",
    "core.community_projects": "select * from warehouse.core.community_projects",
    "core.dim_projects": "select * from warehouse.core.dim_projects where kind = 'mailing_list'",
    "core.dim_events": "select event_id, name, city, venue, starts_on, ends_on, role from warehouse.core.dim_events",
    "core.event_communities": "select * from warehouse.core.event_communities",
    "core.fct_costs": "select * from warehouse.core.fct_costs limit 0",
    "meta.runs": "select * from warehouse.meta.runs limit 0",
    "meta.sources": """
        select source, row_number() over (order by source, instance)::varchar as instance, stream, '' as name,
            rows_held, rejects, newest_item_at, observed_until, last_success_at, null::varchar as detail
        from warehouse.meta.sources where is_configured""",
    "meta.reconciliation": """
        select source, ''::varchar as instance, stream, sum(gap)::bigint as gap
        from warehouse.meta.reconciliation group by all""",
}
"""What the pages are made of besides the metrics; it does not leave the building."""

_WRITE_PAGES = (
    *("pages", "event_pages", "methods_page", "views", "view_files", "site_data", "words", "suppression"),
    *("quarter", "goals_page", "changes", "locales"),
    *(
        "charts",
        "chart_style",
        "cohort_charts",
        "curve_charts",
        "week_charts",
        "lift_charts",
        "row_charts",
        "scales",
        "marks",
    ),
)
_WORDS = re.compile(r"[\w][\w.'’-]*", re.UNICODE)
_MOST_WORDS_OF_A_NAME = 5


def export(workspace: Workspace, folder: Path) -> dict[str, int]:
    """Make the public edition in a folder, or leave what was there; the rows told and folded."""
    if broken := transform.failures(workspace):
        raise transform.BuildError(f"nothing was exported, because of the last build: {broken[0]}.")
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    try:
        with create(new / "pages.duckdb") as connection:
            connection.execute(
                f"attach '{str(workspace.warehouse).replace(chr(39), chr(39) * 2)}' as warehouse (read_only)"
            )
            words = _for_everybody(words_of_the_build(connection, workspace), workspace)
            for schema in ("core", "metrics", "meta"):
                connection.execute(f"create schema {schema}")
            counts = _tell(connection, workspace, words)
            for table, query in _BESIDE.items():
                connection.execute(f"create table {table} as {query}")
            fill(connection, "meta.pages", catalog.PAGE_COLUMNS, catalog.page_rows(words))
            _write(new / workspace.database.name, connection, workspace, words)
            connection.execute("detach warehouse")
            pages.write(connection, new / "dashboards")
        for name in ("pages.duckdb", "pages.duckdb.wal"):
            (new / name).unlink(missing_ok=True)
        _search(new, workspace, words)
        old = folder.with_name(f".{folder.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return counts


def _for_everybody(words: catalog.Catalog, workspace: Workspace) -> catalog.Catalog:
    """The same words without the sentences that send a reader to a table which stays in the building."""
    manifest: dict[str, Any] = json.loads(transform.manifest(workspace).read_text(encoding="utf-8"))
    models = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    kept = {metric.metric for metric in words.metrics}
    gone = re.compile(rf"\b({'|'.join(sorted(re.escape(name) for name in models - kept))})\b")

    def told(text: str) -> str:
        return " ".join(one for one in re.split(r"(?<=[.!?]) +", text) if not gone.search(one))

    return replace(
        words,
        metrics=tuple(
            replace(
                metric,
                definition=told(metric.definition),
                how_to_read=told(metric.how_to_read),
                interval=told(metric.interval),
                caveats=tuple(filter(None, map(told, metric.caveats))),
                replaces_why=told(metric.replaces_why),
                chaoss_deviation=told(metric.chaoss_deviation),
            )
            for metric in words.metrics
        ),
    )


def _tell(
    connection: duckdb.DuckDBPyConnection, workspace: Workspace, words: catalog.Catalog
) -> dict[str, int]:
    """The metrics with small groups folded, and their words."""
    names = [metric.metric for metric in words.metrics]
    told = folding.rows(connection, names, "warehouse.", for_public=True)
    k = max(folding.PUBLIC_GROUP, workspace.settings.privacy.smallest_group)
    structure = folding.structure(connection, words.metrics, "warehouse.")
    folded = suppress(told, k, structure, for_public=True)
    connection.execute(f"create table metrics.metric_values ({_SHAPE})")
    if folded:
        connection.register("folded", pa.Table.from_pylist(folded))
        connection.execute("insert into metrics.metric_values by name select * from folded order by all")
        connection.unregister("folded")
    for name in names:
        connection.execute(
            f"create table metrics.{identifier(name)} as select * from metrics.metric_values where metric = '{name}'"  # noqa: S608
        )
    fill(connection, "metrics.metric_catalog", catalog.METRIC_COLUMNS, catalog.metric_rows(words))
    write_build(connection, workspace, "public")
    return {
        "told": sum(row["status"] == "ok" for row in folded),
        "folded": sum(row["status"] == "suppressed" for row in folded),
    }


def _write(path: Path, made: duckdb.DuckDBPyConnection, workspace: Workspace, words: catalog.Catalog) -> None:
    """The file for analysts: metrics, catalog, build and columns, in a file in which nothing else ever was."""
    tables = ["metric_values", "metric_catalog", *(metric.metric for metric in words.metrics)]
    manifest: dict[str, Any] = json.loads(transform.manifest(workspace).read_text(encoding="utf-8"))
    with create(path) as connection:
        for schema in ("metrics", "meta"):
            connection.execute(f"create schema {schema}")
        for table in (*(f"metrics.{name}" for name in tables), "meta.build"):
            connection.register("made", made.execute(f"select * from {table} order by all").to_arrow_table())  # noqa: S608
            connection.execute(f"create table {table} as select * from made")  # noqa: S608
            connection.unregister("made")
        describe(connection, manifest)
        privacy.check_database(connection)


def _search(folder: Path, workspace: Workspace, words: catalog.Catalog) -> None:
    """Refuse the edition if anybody whom the warehouse knows is named in it, by address, handle or name."""
    privacy.check_files(folder)
    known = _everybody(workspace)
    ours = _our_words(workspace, words)
    found: dict[str, set[str]] = defaultdict(set)
    for where, text in _texts(folder, workspace.database.name):
        for name in _named(text, known - ours):
            found[name].add(where)
    if found:
        shown = ", ".join(
            f"{name!r} in {min(places)}" + (f" and {len(places) - 1} more" if len(places) > 1 else "")
            for name, places in sorted(found.items())[:5]
        )
        raise privacy.PrivacyError(
            f"somebody is named in what was to be for everybody: {shown}. Nothing was exported. Change the title or "
            "name of the event, list or community in which it stands."
        )


def _everybody(workspace: Workspace) -> set[str]:
    """Every handle and name that the sources tell, in small letters."""
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        there = {
            name
            for (name,) in connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'intermediate'"
            ).fetchall()
        }
        if "int_identity_mentions" not in there:
            return set()
        rows = connection.execute(
            "select lower(value) from intermediate.int_identity_mentions where kind = 'login' "
            "union select lower(name) from intermediate.int_identity_mentions where name is not null"
        ).fetchall()
    return {" ".join(_words(name)) for (name,) in rows} - {""}


def _our_words(workspace: Workspace, words: catalog.Catalog) -> set[str]:
    """Single words that stand in our own texts, in ospo.toml or in a date: they name nobody, whoever is called so."""
    settings = workspace.settings
    texts = [json.dumps([catalog.metric_rows(words), catalog.page_rows(words)], default=str)]
    written = [
        *(project.root() / "dashboards" / "theme").glob("*.j2"),
        *(project.root() / "sql").rglob("*.sql"),
        *(Path(__file__).with_name(f"{name}.py") for name in _WRITE_PAGES),
    ]
    texts += [path.read_text(encoding="utf-8") for path in written]
    texts += [settings.ospo.name, settings.ospo.timezone, settings.ospo.locale]
    for community in settings.communities:
        texts += [community.id, community.name, *community.projects, *community.mailing_lists]
    months = "january february march april may june july august september october november december"
    return {word for text in [*texts, months] for word in re.split(r"[^\w.'’-]|[._-]", text.lower())} | {
        word for text in texts for word in _WORDS.findall(text.lower())
    }


def _texts(folder: Path, database: str) -> Iterator[tuple[str, str]]:
    """Everything that can be read in the edition, but for the parts of every page that are the same everywhere."""
    for path, text in view_files.texts(folder / "dashboards"):
        yield path.name, text
    with duckdb.connect(str(folder / database), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() where not internal "
            "and database_name = current_database() and data_type like '%VARCHAR%' "
            "and table_name not in ('metric_catalog', 'columns')"
        ).fetchall()
        for schema, table, column in columns:
            values = connection.execute(
                f'select distinct "{column}"::varchar from "{schema}"."{table}" where "{column}" is not null'  # noqa: S608
            ).fetchall()
            yield f"{schema}.{table}.{column}", "\n".join(value for (value,) in values)


def _words(text: str) -> list[str]:
    return [word.strip(".-'’") for word in _WORDS.findall(text.lower())]


def _named(text: str, known: Iterable[str]) -> set[str]:
    """Those of the names that stand in a text as words of their own."""
    names = set(known)
    words = _words(text)
    found = set()
    for length in range(1, _MOST_WORDS_OF_A_NAME + 1):
        found |= names & {" ".join(words[at : at + length]) for at in range(len(words) - length + 1)}
    return found
