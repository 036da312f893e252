"""How long the log may know who somebody is; applied every night, before anything is built."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from ospo_metrics.erasure import Eraser, Named, Row
from ospo_metrics.items import as_json
from ospo_metrics.pseudonyms import normalise, read_key
from ospo_metrics.rewriting import Changes, changes, fresh, rewrite
from ospo_metrics.settings import Workspace
from ospo_metrics.tombstones import Scrub, kept_names, keyed, stand_in
from ospo_metrics.warehouse import open_warehouse

_WHO = ("attendee_id", "attendee_kind", "login_id")


@dataclass(frozen=True, slots=True)
class Retained:
    """What was too old tonight: registrations that lost their pseudonym, people who became nobody, rows changed."""

    registrations: int = 0
    people: int = 0
    rows: int = 0

    def sentence(self, workspace: Workspace) -> str:
        """What happened, with how long who is kept."""
        if not (self.registrations or self.people):
            return f"Nothing is older than it may be: {terms(workspace)}."
        return (
            f"{self.registrations:,} registrations lost their pseudonym and {self.people:,} people became nobody, "
            f"in {self.rows:,} rows; {terms(workspace)}."
        )


def terms(workspace: Workspace) -> str:
    """How long who somebody is may be known, as ospo.toml says it."""
    privacy = workspace.settings.privacy
    people = (
        f"{privacy.keep_people_days:,} days after the last act" if privacy.keep_people_days else "without end"
    )
    return f"registrations are matched for {privacy.keep_attendance_days:,} days, people are known {people}"


def apply(workspace: Workspace, now: datetime) -> Retained:
    """Take out of the log who may no longer be known in it.

    An old registration keeps its event, status and role and is counted, never matched. Whoever did nothing for too
    long becomes nobody, as by an erasure but without a tombstone: who comes back is somebody new.
    """
    key = read_key(workspace.folder, workspace.settings.privacy.key_env)
    if key is None or not workspace.warehouse.is_file():
        return Retained()
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        registrations = _old_registrations(connection, workspace, now)
        people = _gone_quiet(connection, workspace, now)
        named = frozenset(one for ones in people.values() for one in ones)
        named = keyed(named, key)
        eraser = Eraser(named, stand_in(key), kept_names(connection))
    if not (registrations or named):
        return Retained()

    def changed(connection: duckdb.DuckDBPyConnection) -> Changes:
        found: Changes = {}
        if named:
            scrub = _scrub(connection, named, key, eraser.numbers)
            found = changes(connection, named, scrub, "old.")
        if registrations:
            found["attendance__registrations"] = {
                **found.get("attendance__registrations", {}),
                **_old_registrations(connection, workspace, now, "old."),
            }
        return found

    told = rewrite(workspace.warehouse, changed, eraser)
    return Retained(
        len({row.key for row in registrations.values()}),
        len(people),
        sum(told.changed.values()) + sum(told.deleted.values()),
    )


def _old_registrations(
    connection: duckdb.DuckDBPyConnection, workspace: Workspace, now: datetime, catalog: str = ""
) -> dict[int, Row]:
    """Registrations that still say who, though all their dates, or without one their first reading, are too old."""
    if not connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'raw' and table_name = 'attendance__registrations'"
    ).fetchone():
        return {}
    told = ", ".join(
        f"try_cast(payload ->> '$.{name}' as timestamptz)" for name in ("registered_at", "checked_in_at")
    )
    rows = connection.execute(
        f"""
        select rowid, key, payload::varchar, location
        from {catalog}raw.attendance__registrations
        where coalesce((payload ->> '$.attendee_id'), (payload ->> '$.login_id')) is not null
        window same as (partition by instance, key)
        qualify coalesce(max(greatest({told})) over same, min(fetched_at) over same) < $1
        """,  # noqa: S608
        [now - timedelta(days=workspace.settings.privacy.keep_attendance_days)],
    ).fetchall()
    return {
        number: Row(key, as_json(json.loads(payload) | dict.fromkeys(_WHO) | {"is_let_go": True}), location)
        for number, key, payload, location in rows
    }


def _gone_quiet(
    connection: duckdb.DuckDBPyConnection, workspace: Workspace, now: datetime
) -> dict[str, set[Named]]:
    """The identities of each person whose last act is too old, as the last build knew them; who is back is not gone."""
    days = workspace.settings.privacy.keep_people_days
    built = connection.execute(
        "select max(finished_at) from meta.runs where step = 'build' and status = 'done'"
    ).fetchone()
    tables = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = 'intermediate' "
        "and table_name in ('int_identities', 'int_people')"
    ).fetchone()
    if not (days and built and built[0] and tables == (2,)):
        return {}
    people: dict[str, set[Named]] = {}
    for person, kind, value in connection.execute(
        "select person_id, kind, value from intermediate.int_identities semi join ("
        "select person_id from intermediate.int_people where last_seen_at < $1) using (person_id) "
        "where value is not null",
        [now - timedelta(days=days)],
    ).fetchall():
        people.setdefault(person, set()).add(Named(kind, normalise(kind, value)))
    named = frozenset(one for ones in people.values() for one in ones)
    if not named:
        return {}
    back = fresh(connection, _scrub(connection, named, bytes(32), set()), built[0])
    return {person: ones for person, ones in people.items() if not ones & back}


def _scrub(
    connection: duckdb.DuckDBPyConnection, named: frozenset[Named], key: bytes, numbers: set[str]
) -> Scrub:
    return Scrub(
        connection,
        lambda found: named & frozenset(found),
        stand_in(key),
        kept_names(connection),
        {one.kind for one in named},
        numbers,
    )
