"""The warehouse without certain people: each row of the log as it may stay, written into a new file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ospo_metrics.erasure import GONE, Eraser, Named, Row
from ospo_metrics.reconciliation import Reconciliation
from ospo_metrics.sources import discover
from ospo_metrics.tombstones import IN_ONE_PLACE, Scrub, place_of
from ospo_metrics.warehouse import identifier, open_warehouse, rewriting

Changes = dict[str, dict[int, Row]]
"""What becomes of which row of which raw table, by its number."""

_MOST_LOOKED_FOR = 40
"""So many names are looked for in every row; of more, everybody whom a row names is looked up."""

_CHANGES = pa.schema(
    [
        ("number", pa.int64()),
        ("key", pa.string()),
        ("payload", pa.string()),
        ("location", pa.string()),
    ]
)


@dataclass
class Rewritten:
    """How many rows of which table were changed and deleted."""

    changed: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)

    def count(self, table: str, changed: int, deleted: int = 0) -> None:
        """Add to what became of the rows of a table."""
        for counts, number in ((self.changed, changed), (self.deleted, deleted)):
            if number:
                counts[table] = counts.get(table, 0) + number


def changes(
    connection: duckdb.DuckDBPyConnection, named: frozenset[Named], scrub: Scrub, catalog: str = ""
) -> Changes:
    """Every row of the log that names one of these people, as it is without them."""
    found: Changes = {}
    for source, stream, table in streams(connection, catalog):
        condition = ""
        if len(named) <= _MOST_LOOKED_FOR:
            text = "lower(payload::varchar || chr(10) || key || chr(10) || location)"
            looked_for = _needles(named, source)
            condition = " or ".join(f"contains({text}, '{_quoted(one)}')" for one in looked_for) or "false"
            condition = f" where {condition}"
        rows = scrub.rows(
            f"(select rowid as number, * from {catalog}raw.{table}{condition})",  # noqa: S608
            "number",
            source,
            stream,
            _places(connection, source, catalog),
        )
        if rows:
            found[table] = rows
    return found


def fresh(connection: duckdb.DuckDBPyConnection, scrub: Scrub, since: datetime) -> frozenset[Named]:
    """Who of those that are looked for is named in a row that came in after an instant."""
    found = frozenset[Named]()
    for source, _, table in streams(connection):
        rows = f"(select rowid as number, * from raw.{table} where fetched_at > '{since.isoformat()}')"  # noqa: S608
        found |= scrub.named(rows, "number", source, _places(connection, source, ""))
    return found


def streams(connection: duckdb.DuckDBPyConnection, catalog: str = "") -> list[tuple[str, str, str]]:
    """Source, stream and raw table of everything in the log."""
    tables = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'raw' "
        "and database_name = coalesce(nullif($1, ''), current_database()) order by all",
        [catalog.removesuffix(".")],
    ).fetchall()
    return [(*table.split("__", 1), identifier(table)) for (table,) in tables]


def rewrite(
    warehouse: Path,
    changed: Callable[[duckdb.DuckDBPyConnection], Changes],
    eraser: Eraser,
    tombstones: Iterable[tuple[str, str]] = (),
) -> Rewritten:
    """Write the warehouse anew: the rows of the log as they are to be, and `meta` without these people.

    `changed` is asked with the old warehouse attached as `old`. `tombstones` are the marks to leave, with their kinds.
    """
    told = Rewritten()
    with rewriting(warehouse) as connection:
        found = changed(connection)
        for _, _, table in streams(connection, "old."):
            rows = found.get(table, {})
            _copy(connection, table, rows)
            gone = sum(row.payload == GONE for row in rows.values())
            told.count(f"raw.{table}", len(rows) - gone, gone)
        for (table,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'meta' and database_name = 'old' order by all"
        ).fetchall():
            _copy_meta(connection, identifier(table), eraser, told)
        for mark, kind in tombstones:
            connection.execute("insert or ignore into meta.tombstones values (?, ?, now())", [mark, kind])
        for table in found:
            source, stream = table.split("__", 1)
            connection.execute(
                "update meta.sources set is_counted = false where source = ? and stream = ?", [source, stream]
            )
    _count_again(warehouse, {table.split("__", 1)[0] for table in found})
    return told


def _copy(connection: duckdb.DuckDBPyConnection, table: str, rows: dict[int, Row]) -> None:
    lines = [
        {"number": number, "key": row.key, "payload": row.payload, "location": row.location}
        for number, row in rows.items()
    ]
    connection.register("changes", pa.Table.from_pylist(lines, schema=_CHANGES))
    try:
        connection.execute(
            f"""
            insert into raw.{table} by name
            select o.* replace (
                coalesce(c.key, o.key) as key, coalesce(c.payload::json, o.payload) as payload,
                coalesce(c.location, o.location) as location
            )
            from old.raw.{table} as o
            left join changes as c on o.rowid = c.number
            """  # noqa: S608 - the table's name is checked
            if rows
            else f"insert into raw.{table} by name select * from old.raw.{table}"  # noqa: S608
        )
    finally:
        connection.unregister("changes")


def _copy_meta(connection: duckdb.DuckDBPyConnection, table: str, eraser: Eraser, told: Rewritten) -> None:
    """A table of `meta` with every text as it may stay; keys of rows are named as the rows are now."""
    columns = connection.execute(
        "select column_name, data_type from duckdb_columns() where database_name = 'old' and schema_name = 'meta' "
        "and table_name = ? order by column_index",
        [table],
    ).fetchall()
    texts = [name for name, kind in columns if kind in ("VARCHAR", "JSON")]
    listed = ", ".join(f'"{name}"::varchar' for name in texts) or "null"
    rows = connection.execute(f"select rowid, {listed} from old.meta.{table}").fetchall()  # noqa: S608
    changed: dict[int, dict[str, str]] = {}
    for number, *cells in rows:
        new = {
            name: _without(eraser, table, name, cell)
            for name, cell in zip(texts, cells, strict=False)
            if cell is not None
        }
        if new != {name: cell for name, cell in zip(texts, cells, strict=False) if cell is not None}:
            changed[number] = new
    told.count(f"meta.{table}", len(changed))
    schema = pa.schema([("number", pa.int64()), *((f"new_{name}", pa.string()) for name in texts)])
    lines = [
        {"number": n} | {f"new_{name}": text for name, text in row.items()} for n, row in changed.items()
    ]
    connection.register("changes", pa.Table.from_pylist(lines, schema=schema))
    replaced = ", ".join(f'coalesce(c."new_{name}", o."{name}"::varchar) as "{name}"' for name in texts)
    is_keyed = connection.execute(
        "select count(*) from duckdb_constraints() where database_name = 'old' and schema_name = 'meta' "
        "and table_name = ? and constraint_type = 'PRIMARY KEY'",
        [table],
    ).fetchone() != (0,)
    try:
        connection.execute(
            f"insert {'or ignore ' if is_keyed else ''}into meta.{table} by name "  # noqa: S608
            f"select o.* {f'replace ({replaced})' if replaced else ''} "
            f"from old.meta.{table} as o left join changes as c on o.rowid = c.number"
        )
    finally:
        connection.unregister("changes")


def _without(eraser: Eraser, table: str, column: str, text: str) -> str:
    """A cell of `meta` without these people; of an excerpt that names one of them nothing stays."""
    if table in ("tombstones", "pseudonym_key"):
        return text
    if column == "key":
        return eraser.key(text, eraser.numbers)
    if column == "cursor":
        return json.dumps(_walked(eraser, json.loads(text)), ensure_ascii=False)
    new = eraser.text(text)
    if column == "excerpt":
        is_named = any(one.value.split(" ", 1)[-1] in text.lower() for one in eraser.named)
        return "" if new != text or is_named else text
    return new


def _walked(eraser: Eraser, value: Any) -> Any:
    """A cursor in which keys of rows are named as the rows are now."""
    match value:
        case dict():
            return {eraser.key(name, eraser.numbers): _walked(eraser, one) for name, one in value.items()}
        case list():
            return [_walked(eraser, one) for one in value]
        case str():
            return eraser.key(value, eraser.numbers)
    return value


def _count_again(warehouse: Path, sources: set[str]) -> None:
    known = discover()
    with open_warehouse(warehouse) as connection:
        for name in sorted(sources & known.keys()):
            Reconciliation(connection, name, known[name].STREAMS, "").settle()


def _needles(named: Iterable[Named], source: str) -> list[str]:
    """What stands, in small letters, in each row that names one of these people, also where JSON escapes letters."""
    kind = IN_ONE_PLACE.get(source)
    found = set[str]()
    for one in named:
        if one.kind in ("address", "login", "pseudonym"):
            found |= {one.value, one.value.replace("@", "%40"), one.value.replace("@", "＠")}
        elif one.kind == kind:
            found.add(one.value.split(" ", 1)[-1])
    return sorted({form for text in found for form in (text, json.dumps(text)[1:-1].lower())})


def _places(connection: duckdb.DuckDBPyConnection, source: str, catalog: str) -> dict[str, str]:
    rows = connection.execute(
        f"select distinct instance, project_id from {catalog}meta.sources where source = ?",  # noqa: S608
        [source],
    ).fetchall()
    return {instance: place_of(source, instance, project_id) for instance, project_id in rows} or {"-": "-"}


def _quoted(text: str) -> str:
    return text.replace("'", "''")
