"""The gate in front of everything that is published: no e-mail address passes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import duckdb

ADDRESS = r"[^\s@＠<>()]+[@＠](?:[\p{L}\p{M}\p{N}-]+(?:\.[\p{L}\p{M}\p{N}-]+)*\.\p{L}{2,}|\[[0-9A-Fa-f.:]+\])"
"""What an e-mail address looks like in any script, for DuckDB's regular expressions."""

_HOST = r"[@＠](?:[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}|\[[0-9A-Fa-f.:]+\])"
_ADDRESS = re.compile(rf"[^\s@＠<>()]+{_HOST}")
"""The same, for Python's."""

_END_OF_ADDRESS = re.compile(rf"(?<=[^\s@＠<>()]){_HOST}")
"""Whether there is any, found from its `@`: a script without spaces would be searched from each of its letters."""
_READABLE = {".html", ".md", ".csv", ".json", ".txt", ".svg", ".css", ".js"}


class PrivacyError(Exception):
    """Something about to be published holds an address; the text says where, not which."""


def without_addresses(column: str) -> str:
    """The SQL for a text with every e-mail address taken out."""
    return f"regexp_replace({column}, '{ADDRESS}', '[address removed]', 'g')"


def addresses_taken_out(text: str) -> str:
    """A text with every e-mail address taken out."""
    return _ADDRESS.sub("[address removed]", text)


def check_database(connection: duckdb.DuckDBPyConnection) -> None:
    """Refuse a database in any of whose texts, however nested, an e-mail address stands."""
    columns = connection.execute(
        """
        select table_schema, table_name, column_name
        from information_schema.columns
        where table_catalog = current_database()
            and (data_type like '%VARCHAR%' or data_type like '%JSON%' or data_type like '%BLOB%')
        order by all
        """
    ).fetchall()
    found = []
    for schema, table, column in columns:
        text, place = f'"{column}"::varchar', f'"{schema}"."{table}"'
        # Preparing the pattern takes longer than reading most columns, so its sign is looked for first.
        has_sign = _count(connection, place, f"contains({text}, '@') or contains({text}, '＠')")
        rows = _count(connection, place, f"regexp_matches({text}, $1)", [ADDRESS]) if has_sign else 0
        if rows:
            found.append(f"{schema}.{table}.{column} ({rows:,} rows)")
    _refuse(found)


def check_files(folder: Path) -> None:
    """Refuse a folder in any of whose readable files an e-mail address stands."""
    _refuse(
        [
            f"{path.relative_to(folder)}"
            for path in sorted(folder.rglob("*"))
            if path.suffix in _READABLE
            and _END_OF_ADDRESS.search(path.read_text(encoding="utf-8", errors="replace"))
        ]
    )


def _count(
    connection: duckdb.DuckDBPyConnection, place: str, condition: str, values: Sequence[str] = ()
) -> int:
    row = connection.execute(
        f"select count(*) from {place} where {condition}",  # noqa: S608 - names come from the database itself
        values,
    ).fetchone()
    return int(row[0]) if row else 0


def _refuse(found: list[str]) -> None:
    if found:
        raise PrivacyError(
            f"an e-mail address stands in {', '.join(found[:5])}{' and elsewhere' if len(found) > 5 else ''}. "
            "Nothing was published; yesterday's numbers stay. Take the address out at its source, "
            "or report this as a defect of the models."
        )
