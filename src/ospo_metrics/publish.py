"""From the warehouse to the file that everyone opens: what may leave, the privacy gate, the atomic swap."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from ospo_metrics import __version__, catalog, folding, privacy, transform
from ospo_metrics.settings import Workspace
from ospo_metrics.warehouse import create, identifier, swap, take_away

_ABOUT_PEOPLE = {
    "dim_affiliations", "dim_people", "fct_activities", "fct_attendance", "fct_conversations", "fct_introductions",
    "fct_survey_answers", "fct_touches",
}  # fmt: skip
"""Left out of what is made for the public: who knows the archives could tell from the times who did what."""

_META = {
    # The file is swapped in only if this very step succeeds, so for its readers the step is done.
    "runs": f"""
        select run_id, step, started_at,
            case when step = 'publish' and status = 'running' then now() else finished_at end as finished_at,
            case when step = 'publish' and status = 'running' then 'done' else status end as status,
            {privacy.without_addresses("detail")} as detail
        from warehouse.meta.runs""",  # noqa: S608
    "sources": f"""
        select source, instance, stream, project_id, name, rows_held, deleted, duplicates, rejects,
            newest_item_at, observed_until, last_success_at, {privacy.without_addresses("detail")} as detail
        from warehouse.meta.sources where is_configured""",  # noqa: S608
    "reconciliation": """
        select r.* from warehouse.meta.reconciliation as r
        semi join warehouse.meta.sources as s
            on r.source = s.source and r.instance = s.instance and r.stream = s.stream and s.is_configured""",
    "spending": "select run_id, source, instance, what, requests, points from warehouse.meta.spending",
    "rejects": f"""
        select source, instance, stream, {privacy.without_addresses("location")} as location,
            {privacy.without_addresses("reason")} as reason, first_seen_at
        from warehouse.meta.rejects""",  # noqa: S608
}


def publish(workspace: Workspace) -> dict[str, int]:
    """Build the new published file beside the old one, check it, and swap it in; rows per table."""
    manifest = json.loads(transform.manifest(workspace).read_text(encoding="utf-8"))
    new = workspace.published / f".{workspace.database.name}.new"
    try:
        counts = _build(new, workspace, manifest)
        swap(new, workspace.database)
    finally:  # what the gate refused must not stay where others can read it
        take_away(new)
    return counts


def _build(new: Path, workspace: Workspace, manifest: dict[str, Any]) -> dict[str, int]:
    """Fill the new file, and look through all of it before anybody else may."""
    public = workspace.settings.privacy.audience == "public"
    with create(new) as connection:
        new.chmod(0o600)
        connection.execute(f"attach '{_quoted(workspace.warehouse)}' as warehouse (read_only)")
        words = words_of_the_build(connection, workspace)
        connection.execute("begin")
        for schema in ("core", "metrics", "meta"):
            connection.execute(f"create schema {schema}")
        _check_audience(connection, workspace)
        for name in sorted(set(_models(manifest, "core")) - (_ABOUT_PEOPLE if public else set())):
            _copy(connection, "core", name, order_by="all")
        metrics = [metric.metric for metric in words.metrics]
        smallest = workspace.settings.privacy.smallest_group
        k = max(folding.PUBLIC_GROUP, smallest) if public else smallest
        folding.fold(connection, words.metrics, k, "warehouse.", for_public=public)
        for name in metrics:
            _copy_folded(connection, name, folding.told_rows("warehouse.", for_public=public))
        for name in sorted(set(_models(manifest, "metrics")) - set(metrics)) if not public else ():
            _copy_evidence(connection, name)
        union = " union all ".join(f"select * from metrics.{identifier(name)}" for name in metrics)  # noqa: S608
        connection.execute(f"create table metrics.metric_values as {union}")
        _copy(connection, "metrics", "translation", order_by="position")
        fill(connection, "metrics.metric_catalog", catalog.METRIC_COLUMNS, catalog.metric_rows(words))
        fill(connection, "meta.pages", catalog.PAGE_COLUMNS, catalog.page_rows(words))
        if not public:
            fill(connection, "meta.evidence", catalog.EVIDENCE_COLUMNS, catalog.evidence_rows(words))
        for name, query in _META.items():
            connection.execute(f"create table meta.{name} as {query} order by all")
        write_build(connection, workspace, workspace.settings.privacy.audience)
        describe(connection, manifest)
        connection.execute("commit")
        connection.execute("detach warehouse")
        privacy.check_database(connection)
        counts = connection.execute(
            "select schema_name || '.' || table_name, estimated_size from duckdb_tables() order by all"
        ).fetchall()
    return {name: int(rows) for name, rows in counts}


def _check_audience(connection: duckdb.DuckDBPyConnection, workspace: Workspace) -> None:
    """What was built for readers inside the OSPO is not published for everybody."""
    wanted = workspace.settings.privacy.audience
    row = connection.execute("select audience from warehouse.config.ospo").fetchone()
    if row != (wanted,):
        raise privacy.PrivacyError(
            f"the last build was made for another audience than {wanted!r}. Run 'ospo-metrics build' first."
        )


def _copy(connection: duckdb.DuckDBPyConnection, schema: str, name: str, order_by: str | None = None) -> None:
    order = f" order by {order_by}" if order_by else ""
    connection.execute(
        f"create table {schema}.{identifier(name)} as select * from warehouse.{schema}.{name}{order}"  # noqa: S608
    )


def _copy_folded(connection: duckdb.DuckDBPyConnection, name: str, told: str) -> None:
    """A metric's table: the rows that are told, those on small groups without numbers."""
    numbers = ("value", "lower", "upper", "numerator", "denominator", "sample_size")
    is_told = "f.metric is null and m.status = 'ok'"
    replaced = ", ".join(f"case when {is_told} then m.{number} end as {number}" for number in numbers)
    connection.execute(
        f"""
        create table metrics.{identifier(name)} as
        select m.* replace (
            {replaced}, case when f.metric is null then m.status else 'suppressed' end as status,
            coalesce(f.why, m.reason) as reason
        )
        from warehouse.metrics.{name} as m
        left join folded as f using ({", ".join(folding.KEY)})
        where {told}
        order by all
        """  # noqa: S608
    )


def _copy_evidence(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """What stands behind numbers, a table of its own shape: without the rows of numbers that are folded."""
    connection.execute(
        f"""
        create table metrics.{identifier(name)} as
        select e.*
        from warehouse.metrics.{name} as e
        anti join folded as f using ({", ".join(folding.KEY)})
        order by all
        """  # noqa: S608
    )


def fill(
    connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, str], rows: list[tuple[Any, ...]]
) -> None:
    """Make a table of these rows."""
    described = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    connection.execute(f"create table {table} ({described})")
    for row in rows:
        connection.execute(
            f"insert into {table} values ({', '.join('?' * len(row))})",  # noqa: S608 - our own table names
            list(row),
        )


def words_of_the_build(connection: duckdb.DuckDBPyConnection, workspace: Workspace) -> catalog.Catalog:
    """What the models say of metrics and pages, in the currency in which the last build added up costs."""
    row = connection.execute("select currency from warehouse.config.ospo").fetchone()
    return catalog.read(
        transform.manifest(workspace), str(row[0]) if row else workspace.settings.ospo.currency
    )


def write_build(connection: duckdb.DuckDBPyConnection, workspace: Workspace, audience: str) -> None:
    """One row on the whole file: as of when, made when, for whom, and whether the data are simulated."""
    settings = workspace.settings
    connection.execute(
        """
        create table meta.build as
        select
            coalesce(max(observed_until) filter (project_id is not null), max(observed_until)) as as_of,
            $built_at::timestamptz as built_at, $name as ospo_name, $is_simulated as is_simulated,
            $version as version, $audience as audience, $timezone as timezone,
            $locale as locale
        from warehouse.meta.sources
        where is_configured
        """,
        {
            "built_at": datetime.now(UTC),
            "name": settings.ospo.name,
            "is_simulated": workspace.is_simulated,
            "version": __version__,
            "audience": audience,
            "timezone": settings.ospo.timezone,
            "locale": settings.ospo.locale,
        },
    )


def describe(connection: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> None:
    """Write the data dictionary: `meta.columns`, and the same words as comments on the columns.

    A column is described beside its model, or once for all tables by the doc block `column_<name>`.
    """
    connection.execute(
        "create table meta.columns (schema_name varchar, table_name varchar, column_name varchar, "
        "data_type varchar, description varchar)"
    )
    own: dict[tuple[str, str, str], str] = {}
    for node in [*manifest["nodes"].values(), *manifest["sources"].values()]:
        for column in node.get("columns", {}).values():
            own[node["schema"], node["name"], column["name"]] = column.get("description", "").strip()
    shared = {block["name"]: block["block_contents"].strip() for block in manifest["docs"].values()}
    columns = connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where not internal and database_name = current_database() order by schema_name, table_name, column_index"
    ).fetchall()
    for schema, table, column, kind in columns:
        words = own.get((schema, table, column)) or shared.get(f"column_{column}", "")
        connection.execute(
            "insert into meta.columns values (?, ?, ?, ?, ?)", [schema, table, column, kind, words]
        )
        if words:
            connection.execute(f"comment on column {schema}.{table}.\"{column}\" is '{_quoted(words)}'")


def _models(manifest: dict[str, Any], schema: str) -> list[str]:
    return [
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == schema
    ]


def _quoted(text: str | Path) -> str:
    return str(text).replace("'", "''")
