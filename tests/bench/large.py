"""A workspace many times as large: the raw log of a simulated one, again and again with other people and projects."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

from ospo_metrics.settings import open_workspace
from ospo_metrics.warehouse import open_warehouse

_TEXTS = {
    "git": {'email":"': 'email":"g{n}.', 'name":"': 'name":"G{n} '},
    "github": {
        '"login":"': '"login":"g{n}-',
        '"databaseId":90': '"databaseId":9{n}90',
        '"email":"': '"email":"g{n}.',
        '"nameWithOwner":"example/': '"nameWithOwner":"example/g{n}-',
        '"oid":"': '"oid":"{n}c',
    },
    "mailing_lists": {
        'from_address":"': 'from_address":"g{n}.',
        'from_name":"': 'from_name":"G{n} ',
        "@lists.": "@g{n}.lists.",
    },
}
"""What of a payload becomes somebody or something else; `{n}` is the number of the copy."""

_NAMES = {
    "git": "replace(instance, 'example/', 'example/g' || n || '-')",
    "github": "(instance::bigint + n * 1000)::varchar",
    "mailing_lists": "'g' || n || '-' || instance",
}
_KEYS = {
    "git": "key",
    "github": "case when key = instance then {instance} when starts_with(key, 'U_') then key || '-g' || n else key end",
    "mailing_lists": "case when starts_with(key, 'sha256:') then key || '-g' || n "
    "else replace(key, '@lists.', '@g' || n || '.lists.') end",
}
_PROJECT = (
    "case when project_id like 'example/%' then replace(project_id, 'example/', 'example/g' || n || '-') "
    "else 'g' || n || '-' || project_id end"
)


def peak_of_dbt(folder: Path) -> int:
    """The most memory that dbt took in the last build of a workspace, in kB, as it tells at the end of its log."""
    log = folder / "private" / "dbt" / "logs" / "dbt.log"
    return int(re.findall(r'process_mem_max_rss"?: "?(\d+)', log.read_text())[-1])


def multiply(folder: Path, copies: int) -> None:
    """Add so many copies of all repositories and lists of a collected workspace, with people of their own."""
    workspace = open_workspace(folder)
    with open_warehouse(workspace.warehouse) as connection:
        connection.execute("begin")
        connection.execute("create temp table copies as select unnest(range(1, ? + 1)) as n", [copies])
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'raw' and estimated_size > 0"
        ).fetchall()
        for (table,) in tables:
            source = str(table).split("__")[0]
            if source not in _TEXTS:
                continue
            payload = "payload"
            for before, after in _TEXTS[source].items():
                told = after.replace("{n}", "' || n || '")
                payload = f"replace({payload}, '{before}', '{told}')"
            instance = _NAMES[source]
            key = _KEYS[source].replace("{instance}", instance)
            if str(table).endswith("__commits"):  # one commit in two repositories would be made once only
                key = "n || 'c' || key"
            connection.execute(
                f"insert into raw.{table} select held.* replace ({instance} as instance, {key} as key, "
                f"{payload} as payload) from raw.{table} as held, copies"
            )
        for source, instance in _NAMES.items():
            connection.execute(
                f"insert into meta.sources select held.* replace ({instance} as instance, {_PROJECT} as "
                "project_id) from meta.sources as held, copies where source = ? and project_id is not null",
                [source],
            )
        connection.execute("commit")
    _settle(workspace.settings_file, copies)


def _settle(settings: Path, copies: int) -> None:
    """Fifteen times the communities, with the projects of the copies spread over them."""
    text = settings.read_text(encoding="utf-8")
    first, last = text.index("[[communities]]"), text.index("[sources.github]")
    told = []
    for block in re.findall(r"\[\[communities\]\]\n.*?(?=\n\n|\Z)", text[first:last], re.DOTALL):
        for place in range(15):
            mine = range(place, copies + 1, 15)

            def all_of(match: re.Match[str], mine: range = mine) -> str:
                names = re.findall(r'"([^"]+)"', match[2])
                copied = [_named(name, n) for n in mine for name in names]
                return f"{match[1]} = {json.dumps(copied)}"

            block_of_copy = re.sub(
                r"^(projects|mailing_lists) = \[(.*)\]$", all_of, block, flags=re.MULTILINE
            )
            if place:  # the first keeps the name by which the sheets know it
                block_of_copy = re.sub(
                    r'^(id|name) = "(.*)"$', rf'\1 = "\2-{place}"', block_of_copy, flags=re.MULTILINE
                )
            told.append(block_of_copy)
    lists = re.findall(r'^\[\[sources.mailing_lists\]\]\nid = "(.*)"$', text, flags=re.MULTILINE)
    for name in (_named(each, n) for n in range(1, copies + 1) for each in lists):
        told.append(f'[[sources.mailing_lists]]\nid = "{name}"\nlocation = "archives/{name}/*.txt.gz"')
    settings.write_text(text[:first] + "\n\n".join(told) + "\n\n" + text[last:], encoding="utf-8")


def _named(name: str, n: int) -> str:
    if n == 0:
        return name
    return name.replace("example/", f"example/g{n}-") if "/" in name else f"g{n}-{name}"


_NEW_NAMES = {
    "git__commits": "'9' || key",
    "github__commits": "'9' || key",
    "github__issues": "key || '9'",
    "github__issue_comments": "key || '9'",
    "github__change_request_comments": "key || '9'",
    "github__issue_events": "key || '-9'",
    "github__change_request_events": "key || '-9'",
    "mailing_lists__messages": "'next.' || key",
}
"""What of the newest day happens again on the day after it, under which keys."""


def another_day(folder: Path) -> None:
    """Let the newest day of every project happen again a day later: one night's worth of new items."""
    workspace = open_workspace(folder)
    with open_warehouse(workspace.warehouse) as connection:
        connection.execute("begin")
        row = connection.execute("select max(updated_at)::date from raw.git__commits").fetchone()
        assert row is not None
        day = row[0]
        for table, key in _NEW_NAMES.items():
            payload = f"replace(replace(payload, '{day}T', '{day + timedelta(1)}T'), key, {key})"
            if table == "github__issues":  # they have a number each, by which everything else names them
                payload = f"""regexp_replace({payload}, '"number":([0-9]+)', '"number":9\\1')"""
            connection.execute(
                f"insert into raw.{table} select * replace ({key} as key, updated_at + interval 1 day as updated_at, "
                f"{payload} as payload, fetched_at + interval 1 day as fetched_at) from raw.{table} "
                "where updated_at::date = ?",
                [day],
            )
        connection.execute(
            "update meta.sources set observed_until = observed_until + interval 1 day, "
            "newest_item_at = newest_item_at + interval 1 day, last_success_at = last_success_at + interval 1 day"
        )
        connection.execute("commit")
