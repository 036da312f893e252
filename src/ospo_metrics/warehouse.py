"""The only module that opens DuckDB: the private warehouse, and the published file."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

Config = dict[str, str | bool | int | float | list[str]]

_CONFIG: Config = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_COMPRESSED: Config = {"storage_compatibility_version": "v1.4.0"}
"""A form of the file that holds raw payloads with zstd, in a tenth of the room, and texts at a quarter less time."""

_META = """
create schema if not exists raw;
create schema if not exists meta;
create table if not exists meta.cursors (
    source varchar not null, instance varchar not null, stream varchar not null,
    cursor json not null, updated_at timestamptz not null,
    primary key (source, instance, stream)
);
create table if not exists meta.rejects (
    source varchar not null, instance varchar not null, stream varchar not null,
    location varchar not null, reason varchar not null, excerpt varchar,
    first_seen_at timestamptz not null, run_id varchar not null,
    primary key (source, instance, stream, location, reason)
);
create table if not exists meta.duplicates (
    source varchar not null, instance varchar not null, stream varchar not null,
    location varchar not null, key varchar not null,
    primary key (source, instance, stream, location)
);
create table if not exists meta.sources (
    source varchar not null, instance varchar not null, stream varchar not null,
    project_id varchar, name varchar not null,
    is_configured boolean not null default true, is_counted boolean not null default true,
    rows_held bigint not null default 0, deleted bigint not null default 0,
    duplicates bigint not null default 0, rejects bigint not null default 0,
    newest_item_at timestamptz, observed_until timestamptz, last_success_at timestamptz, detail varchar,
    primary key (source, instance, stream)
);
create table if not exists meta.deletions (
    source varchar not null, instance varchar not null, stream varchar not null,
    key varchar not null, found_at timestamptz not null,
    primary key (source, instance, stream, key)
);
create table if not exists meta.sweeps (
    source varchar not null, instance varchar not null, stream varchar not null, began_at timestamptz not null,
    primary key (source, instance, stream)
);
create table if not exists meta.swept (
    source varchar not null, instance varchar not null, stream varchar not null, key varchar not null
);
create table if not exists meta.spending (
    run_id varchar not null, source varchar not null, instance varchar not null, what varchar not null,
    requests bigint not null, points bigint not null,
    primary key (run_id, source, instance, what)
);
create table if not exists meta.reconciliation (
    source varchar not null, instance varchar not null, stream varchar not null,
    claimed bigint not null, how varchar not null,
    held bigint not null, duplicates bigint not null, rejects bigint not null,
    gap bigint not null, reason varchar, checked_at timestamptz not null,
    primary key (source, instance, stream)
);
create table if not exists meta.tombstones (
    mark varchar primary key, kind varchar not null, erased_at timestamptz not null
);
create table if not exists meta.pseudonym_key (which integer primary key, fingerprint varchar not null);
create table if not exists meta.runs (
    run_id varchar not null, step varchar not null, started_at timestamptz not null,
    finished_at timestamptz, status varchar not null, detail varchar,
    primary key (run_id, step)
);
"""

SECONDS_TO_WAIT = 5


class WarehouseError(Exception):
    """The database cannot be opened; the sentence says why and what to do."""


@contextmanager
def open_warehouse(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse, made on first use; `WarehouseError` if another process is writing it."""
    if not read_only:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
    connection = _connect(path, read_only=read_only, config=_CONFIG | _COMPRESSED)
    try:
        if not read_only:
            connection.execute(_META)
        yield connection
    finally:
        connection.close()


def open_published(path: Path) -> duckdb.DuckDBPyConnection:
    """Open the published file for reading; many may do so at once, also while it is being replaced."""
    if not path.is_file():
        raise WarehouseError(f"nothing is published yet: there is no {path}. Run 'ospo-metrics run' first.")
    return _connect(path, read_only=True)


def records(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, object] | None = None
) -> list[dict[str, Any]]:
    """The answer to a question, each row by the names of its columns."""
    result = connection.execute(query, parameters)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def take_away(path: Path) -> None:
    """Delete a database file and its journal, which holds as much as the file."""
    for file in (path, path.with_name(path.name + ".wal")):
        file.unlink(missing_ok=True)


@contextmanager
def create(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Make a new database file, without what an interrupted attempt may have left at its place."""
    take_away(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = _connect(path, read_only=False)
    try:
        yield connection
        connection.execute("checkpoint")
    finally:
        connection.close()


@contextmanager
def rewriting(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Make the warehouse anew beside itself, and put the new file in its place at once when all went well.

    DuckDB keeps what was deleted in its file; only a new file is without it. The connection has the old one as `old`
    and nothing yet but empty tables in `meta` and `raw`; what dbt builds comes with the next build. Up to the
    exchange the old file stays as it was, whatever happens.
    """
    with open_warehouse(path) as connection:  # so that no journal of the old file is left beside the new one
        connection.execute("checkpoint")
        streams = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'raw'"
        ).fetchall()
    new = path.with_name(f".{path.name}.new")
    take_away(new)
    try:
        connection = _connect(new, read_only=False, config=_CONFIG | _COMPRESSED)
        try:
            connection.execute(_META)
            add_raw_tables(connection, [name for (name,) in streams])
            quoted = str(path).replace("'", "''")
            connection.execute(f"attach '{quoted}' as old (read_only)")
            connection.execute("begin")
            yield connection
            connection.execute("commit")
            connection.execute("detach old")
            connection.execute("checkpoint")
        finally:
            connection.close()
        swap(new, path, mode=path.stat().st_mode & 0o777)
    finally:
        take_away(new)


def swap(new: Path, old: Path, *, mode: int = 0o644) -> None:
    """Put the new file in the old one's place at once; who has the old one open keeps reading it."""
    with new.open("rb") as file:
        os.fsync(file.fileno())
    new.chmod(mode)
    new.replace(old)
    folder = os.open(old.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def add_raw_tables(connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    """Make sure that each stream has its raw table, `raw.<source>__<stream>`, empty or not."""
    for name in names:
        connection.execute(f"""
            create table if not exists raw.{identifier(name)} (
                instance varchar not null, key varchar not null, updated_at timestamptz,
                payload json not null using compression zstd, location varchar not null,
                fetched_at timestamptz not null, run_id varchar not null
            )""")


def identifier(name: str) -> str:
    """Check that a name may stand in SQL unquoted; `ValueError` if not."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", name):
        raise ValueError(f"{name!r} cannot be the name of a table")
    return name


def _connect(path: Path, *, read_only: bool, config: Config = _CONFIG) -> duckdb.DuckDBPyConnection:
    """Open a file; a writer waits a little for a reader that only had a look."""
    end = time.monotonic() + (0 if read_only else SECONDS_TO_WAIT)
    while True:
        try:
            return _opened(path, read_only=read_only, config=config)
        except WarehouseError as error:
            if "in use by process" not in str(error) or time.monotonic() >= end:
                raise
        time.sleep(0.1)


def _processors() -> int:
    """How many processors this process may use; DuckDB counts those of the machine, and the threads too many spin."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _opened(path: Path, *, read_only: bool, config: Config) -> duckdb.DuckDBPyConnection:
    try:
        connection = duckdb.connect(
            str(path), read_only=read_only, config=config | {"threads": _processors()}
        )
    except duckdb.IOException as error:
        text = str(error)
        if holder := re.search(r"PID (\d+)", text):
            raise WarehouseError(
                f"{path} is in use by process {holder[1]}. "
                "Another run is probably under way: wait for it, or stop that process."
            ) from None
        raise WarehouseError(
            f"{path} cannot be opened: {text.splitlines()[0].rstrip('.!')}. If the folder may be written and the disk "
            "is not full, the file is damaged: restore it from your backup, or move it away and run again; the sources "
            "are then read anew. Keep pseudonym.key."
        ) from None
    connection.execute("set timezone = 'UTC'")
    return connection
