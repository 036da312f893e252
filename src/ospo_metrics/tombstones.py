"""What the log may no longer hold of somebody: who was erased is recognised in what comes in, and taken out of it.

A tombstone is keyed twice over: without the key of the pseudonyms it says nothing, and with it only whether somebody
whom one can name was erased. Where there is none, nothing is looked at.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb
import pyarrow as pa

from ospo_metrics.erasure import CANDIDATES, Eraser, Named, Row, candidates
from ospo_metrics.items import Reject
from ospo_metrics.pseudonyms import KeyUnusableError, normalise, pseudonym, pseudonyms, read_key
from ospo_metrics.settings import Workspace

Recognise = Callable[[Iterable[Named]], frozenset[Named]]
"""Which of these are to be nobody."""

IN_ONE_PLACE = {"mailing_lists": "mail_name", "git": "git_name", "calendars": "speaker"}
"""Sources that know people by a name which means something in one place only, and what that is called."""

_REMEMBERED = 500_000


def mark(key: bytes, named: Named) -> str:
    """The tombstone of an identity."""
    known = named.value if named.kind == "pseudonym" else pseudonym(key, named.kind, named.value)
    return pseudonym(key, "tombstone", known)


def stand_in(key: bytes) -> Callable[[str], str]:
    """What stands for a key that named somebody: always the same, so that a thing read again is the same thing."""
    return lambda text: f"erased-{pseudonym(key, 'erased key', text)[:20]}"


def place_of(source: str, instance: str, project_id: str | None) -> str:
    """Where a name is one person's: within a schedule, else within a project or list."""
    return instance if source == "calendars" else project_id or instance


def kept_names(connection: duckdb.DuckDBPyConnection, catalog: str = "") -> frozenset[str]:
    """The names of all projects that are watched, also of those on somebody's own account."""
    rows = connection.execute(
        f"select distinct lower(project_id) from {catalog}meta.sources where project_id is not null"  # noqa: S608
    )
    return frozenset(name for (name,) in rows.fetchall())


def scrub_of(connection: duckdb.DuckDBPyConnection, workspace: Workspace) -> Scrub | None:
    """What takes erased people out of what is collected; None where nobody was erased."""
    marks = dict(connection.execute("select mark, kind from meta.tombstones").fetchall())
    if not marks:
        return None
    key = read_key(workspace.folder, workspace.settings.privacy.key_env)
    if key is None:
        raise KeyUnusableError(
            "the key of the pseudonyms is gone, and without it people who were erased would come back. "
            "Restore it from your backup."
        )
    return Scrub(
        connection, Tombstones(key, marks), stand_in(key), kept_names(connection), set(marks.values())
    )


def keyed(named: frozenset[Named], key: bytes) -> frozenset[Named]:
    """The identities with the pseudonyms by which lists and sheets know them."""
    return named | {
        Named("pseudonym", pseudonym(key, one.kind, one.value)) for one in named if one.kind != "pseudonym"
    }


class Tombstones:
    """Recognises who was erased by the marks that were left."""

    def __init__(self, key: bytes, marks: dict[str, str]) -> None:
        self._key, self._marks = key, set(marks)
        self._others: set[Named] = set()

    def __call__(self, named: Iterable[Named]) -> frozenset[Named]:
        by_kind: dict[str, list[Named]] = defaultdict(list)
        for one in named:
            if one not in self._others:
                by_kind[one.kind].append(one)
        found = set()
        for kind, ones in by_kind.items():
            values = [one.value for one in ones]
            known = values if kind == "pseudonym" else pseudonyms(self._key, kind, values)
            marks = pseudonyms(self._key, "tombstone", known)
            found |= {one for one, found_mark in zip(ones, marks, strict=True) if found_mark in self._marks}
            if len(self._others) < _REMEMBERED:
                self._others.update(ones)
        self._others -= found
        return frozenset(found)


@dataclass
class Scrub:
    """Takes those whom `recognise` knows out of rows, many at a time."""

    connection: duckdb.DuckDBPyConnection
    recognise: Recognise
    stand_in: Callable[[str], str]
    kept: frozenset[str]
    kinds: set[str]
    numbers: set[str] = field(default_factory=set)

    def table(self, source: str, stream: str, place: str, table: pa.Table) -> pa.Table:
        """A batch of the raw log without them; its rows keep their position."""
        self.connection.register("to_scrub", table)
        try:
            found = self.rows("to_scrub", "position", source, stream, {"": place})
        finally:
            self.connection.unregister("to_scrub")
        if not found:
            return table
        lines = []
        for line in table.to_pylist():
            row = found.get(line["position"], Row(line["key"], line["payload"], line["location"]))
            lines.append(line | {"key": row.key, "payload": row.payload, "location": row.location})
        return _as_table(lines, table.schema)

    def rows(
        self, table: str, number: str, source: str, stream: str, places: dict[str, str]
    ) -> dict[int, Row]:
        """The rows of a table or view that have to change, by their number, as they are to be.

        `places` is where each instance belongs; with a single one named '' the table has no instances.
        """
        named, texts = self._named_in(table, number, source, places)
        erased = self.recognise(named)
        if not erased:
            return {}
        eraser = Eraser(erased, self.stand_in, self.kept, self.numbers)
        self.connection.register(
            "hits", pa.table({"text": pa.array([t for t, who in texts.items() if who & erased], pa.string())})
        )
        instance = "''" if "" in places else "instance"
        try:
            rows = self.connection.execute(
                f"select {number}, {instance}, key, payload::varchar, location from {table} "  # noqa: S608
                f"where {number} in (select number from named_in join hits using (text))"
            ).fetchall()
        finally:
            self.connection.unregister("hits")
        changed: dict[int, Row] = {}
        for position, where, *cells in rows:
            row = Row(*cells)
            new = eraser.row(source, stream, places.get(where, where), row)
            if new != row:
                changed[position] = new
        return changed

    def named(self, table: str, number: str, source: str, places: dict[str, str]) -> frozenset[Named]:
        """Who of those that are looked for is named in a table."""
        named, _ = self._named_in(table, number, source, places)
        return self.recognise(named)

    def reject(self, reject: Reject) -> Reject:
        """A reject without them; of an excerpt that names one of them nothing stays."""
        texts = (reject.location, reject.reason, reject.excerpt)
        found = self.connection.execute(f"select {_extracted('$1')}", ["\n".join(texts)]).fetchone()
        erased = self.recognise(candidates(found[0] if found else []))
        if not erased:
            return reject
        eraser = Eraser(erased, self.stand_in, self.kept)
        location, reason, excerpt = (eraser.text(text) for text in texts)
        is_theirs = excerpt != reject.excerpt or any(one.value in reject.excerpt.lower() for one in erased)
        return replace(reject, location=location, reason=reason, excerpt="" if is_theirs else excerpt)

    def _named_in(
        self, table: str, number: str, source: str, places: dict[str, str]
    ) -> tuple[set[Named], dict[str, set[Named]]]:
        """Everybody whom the rows of a table may name, and by which texts; `named_in` has the rows of each text."""
        instance = "''" if "" in places else "instance"
        self.connection.execute(
            f"create or replace temp table named_in as select {number} as number, "  # noqa: S608
            f"unnest({_extracted('payload::varchar || chr(10) || key || chr(10) || location')}) as text from {table}"
        )
        texts = {
            text: candidates([text])
            for (text,) in self.connection.execute("select distinct text from named_in").fetchall()
        }
        kind = IN_ONE_PLACE.get(source)
        if kind in self.kinds:
            for position, text, name in self._names(table, number, source, instance, places):
                self.connection.execute("insert into named_in values (?, ?)", [position, text])
                texts.setdefault(text, set()).add(Named(kind, name))
        return {one for named in texts.values() for one in named}, texts

    def _names(
        self, table: str, number: str, source: str, instance: str, places: dict[str, str]
    ) -> Iterator[tuple[int, str, str]]:
        """The names that stand for somebody in one place, of rows in which one may be meant."""
        kind = IN_ONE_PLACE[source]
        seen: dict[tuple[str, str], bool] = {}
        for position, where, payload in self.connection.execute(
            f"select {number}, {instance}, payload::varchar from {table}"  # noqa: S608
        ).fetchall():
            for name in _names_told(source, json.loads(payload)):
                place = places.get(where, where)
                if (place, name) not in seen:
                    value = normalise(kind, f"{place} {name}")
                    seen[place, name] = bool(self.recognise([Named(kind, value)]))
                if seen[place, name]:
                    yield position, f"{place} {name}", normalise(kind, f"{place} {name}")


def _names_told(source: str, payload: Any) -> list[str]:
    if not isinstance(payload, dict):
        return []
    match source:
        case "mailing_lists":
            name = payload.get("from_name") or payload.get("from_address_masked")
            return [name] if name and not payload.get("from_address") else []
        case "git":
            people = [payload.get("author"), payload.get("committer")]
            told = [one for one in people if isinstance(one, dict) and not one.get("email")]
            return [name for one in told if (name := one.get("mapped_name") or one.get("name"))]
        case _:
            persons = payload.get("persons")
            return [str(one.get("id")) for one in persons or [] if isinstance(one, dict)]


def _extracted(text: str) -> str:
    """The SQL for everything in a text that may name somebody."""
    parts = ", ".join(f"regexp_extract_all({text}, '{pattern}', {group})" for pattern, group in CANDIDATES)
    return f"list_distinct(flatten([{parts}]))"


def _as_table(lines: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows as a table again; a payload of Arrow's type json becomes text, which is checked once more."""
    plain = pa.schema([(one.name, pa.string() if one.name == "payload" else one.type) for one in schema])
    return pa.Table.from_pylist(lines, schema=plain)
