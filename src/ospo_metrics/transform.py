"""Run dbt: from the raw log to metrics, and what its tests found."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ospo_metrics import privacy, project, proposals, pseudonyms
from ospo_metrics.children import ending_with_us
from ospo_metrics.collect import prepare
from ospo_metrics.progress import Teller
from ospo_metrics.settings import Workspace
from ospo_metrics.warehouse import open_warehouse

_CONFIG = """
create schema if not exists config;
create or replace table config.ospo (
    name varchar, timezone varchar, smallest_group integer, audience varchar, is_simulated boolean, currency varchar,
    hour_rate double
);
create or replace table config.holiday_regions (region varchar);
create or replace table config.feeds (feed_id varchar, kind varchar, made_by varchar, community_ids varchar[]);
create or replace table config.communities (community_id varchar, name varchar, position integer);
create or replace table config.project_patterns (community_id varchar, kind varchar, pattern varchar);
create or replace table config.own_domains (domain varchar);
create or replace table config.own_organizations (position integer, name varchar);
"""

_LARGE = 500_000_000
"""Bytes of a warehouse from which on it pays to build two models at a time; below, dbt's own work is most of it."""


class BuildError(Exception):
    """A model could not be built, or a test of the data failed; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Built:
    """How many models were built, and how many tests of the data passed."""

    models: int
    tests: int


def build(workspace: Workspace, progress: Teller) -> Built:
    """Bring every table up to date; `BuildError` if a model fails; for failed tests of the data see `failures`."""
    prepare(workspace)
    write_config(workspace)
    ensure_key(workspace)
    threads = "2" if workspace.warehouse.stat().st_size > _LARGE else "1"
    errors = dbt(workspace, ["build", "--exclude-resource-type", "unit_test", "--threads", threads], progress)
    if any(os.strerror(errno.ENOSPC) in error for error in errors):
        raise BuildError(
            f"the disk at {workspace.folder} is full. Make room ('ospo-metrics check' says how much) and run again; "
            "what is published stays as it is."
        )
    nodes = run_results(workspace)
    broken = [node for node in nodes if node["status"] == "error"]
    if broken:
        raise BuildError(_first_sentence(broken[0]))
    if errors and not any(node["status"] == "fail" for node in nodes):
        raise BuildError(
            f"dbt could not start: {_joined(errors[0])} The whole log is {_log(_target(workspace))}."
        )
    proposals.write(workspace)
    passed = [node for node in nodes if node["status"] in ("success", "pass", "warn")]
    return Built(
        models=sum(node["unique_id"].startswith(("model.", "seed.")) for node in passed),
        tests=sum(node["unique_id"].startswith("test.") for node in passed),
    )


def failures(workspace: Workspace) -> list[str]:
    """What speaks against publishing the last build, a phrase each: tests that failed, models that are missing."""
    nodes = run_results(workspace)
    if not nodes:
        return ["the last build did not end; run 'ospo-metrics build'"]
    return [_failure(node) for node in nodes if node["status"] not in ("success", "pass", "warn", "no-op")]


def manifest(workspace: Workspace) -> Path:
    """Where dbt wrote what it knows of the models: the catalog of metrics and pages."""
    return _target(workspace) / "manifest.json"


def ensure_key(workspace: Workspace) -> bytes:
    """The 256-bit key of the pseudonyms: from the variable that ospo.toml names, or from a file made on first use.

    `BuildError` when it cannot be used, is another than before, or is gone although people are known by it: another
    key would make everybody another person, and an empty one would let anybody find out who is who.
    """
    key_env = workspace.settings.privacy.key_env
    key = _key(workspace)
    if key is None and _knows_people(workspace):
        raise BuildError(
            f"the key of the pseudonyms, {key_env or workspace.pseudonym_key}, is gone, and with a new one everybody "
            "would be somebody else. Restore it from your backup; if there is none, "
            f"move {workspace.warehouse} away and collect anew."
        )
    if key is None and key_env:
        raise BuildError(
            f"the variable {key_env}, named by 'key_env' in {workspace.settings_file}, is empty. Export the key of "
            "the pseudonyms in it: 64 hexadecimal digits, a new one from 'openssl rand -hex 32'. Keep a copy."
        )
    key = key or _new_key(workspace.pseudonym_key)
    _recognise(workspace, key)
    return key


def _key(workspace: Workspace) -> bytes | None:
    try:
        return pseudonyms.read_key(workspace.folder, workspace.settings.privacy.key_env)
    except pseudonyms.KeyUnusableError as error:
        raise BuildError(str(error)) from None


def _new_key(path: Path) -> bytes:
    key = secrets.token_bytes(32)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    return key


def _recognise(workspace: Workspace, key: bytes) -> None:
    """See that the key is the one by which people are known, and remember it by its fingerprint."""
    mark = pseudonyms.fingerprint(key)
    with open_warehouse(workspace.warehouse) as connection:
        known = connection.execute("select fingerprint from meta.pseudonym_key").fetchone()
    if known == (mark,):
        return
    if known and _knows_people(workspace):
        raise BuildError(
            "the key of the pseudonyms is another than the one by which people are known, and with it everybody "
            "would be somebody else. Restore the former one from your backup; if there is none, "
            f"move {workspace.warehouse} away and collect anew."
        )
    with open_warehouse(workspace.warehouse) as connection:
        connection.execute("insert or replace into meta.pseudonym_key values (1, ?)", [mark])


def _knows_people(workspace: Workspace) -> bool:
    if not workspace.warehouse.is_file():
        return False
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where table_name in ('int_identities', 'attendance__registrations', 'tombstones')"
        ).fetchall()
        return any(connection.execute(f"from {name} limit 1").fetchone() is not None for (name,) in tables)


def write_config(workspace: Workspace) -> None:
    """Write what the models need to know of ospo.toml into the schema `config`."""
    settings = workspace.settings
    patterns = [
        (community.id, kind, pattern)
        for community in settings.communities
        for kind, names in (("repository", community.projects), ("mailing_list", community.mailing_lists))
        for pattern in names
    ]
    with open_warehouse(workspace.warehouse) as connection:
        connection.execute("begin")
        connection.execute(_CONFIG)
        connection.execute(
            "insert into config.ospo values (?, ?, ?, ?, ?, ?, ?)",
            [
                settings.ospo.name,
                settings.ospo.timezone,
                settings.privacy.smallest_group,
                settings.privacy.audience,
                workspace.is_simulated,
                settings.ospo.currency,
                settings.ospo.hour_rate,
            ],
        )
        for table, rows in (
            ("communities", [(c.id, c.name, position) for position, c in enumerate(settings.communities)]),
            ("project_patterns", patterns),
            ("own_domains", [(domain.lower(),) for domain in settings.ospo.own_domains]),
            ("own_organizations", list(enumerate(settings.ospo.own_organizations))),
            ("holiday_regions", [(region,) for region in settings.ospo.holidays]),
            ("feeds", [(one.id, one.kind, one.by, one.communities) for one in settings.sources.feeds]),
        ):
            for row in rows:
                connection.execute(
                    f"insert into config.{table} values ({', '.join('?' * len(row))})",  # noqa: S608
                    list(row),
                )
        connection.execute("commit")


def dbt(
    workspace: Workspace, arguments: list[str], progress: Teller | None, target: Path | None = None
) -> list[str]:
    """Run one dbt command and return the errors it told; none where it succeeded.

    It is a process of its own, so that its lock on the warehouse ends with it. What it leaves is put into `target`.
    """
    root = project.root()
    target = target or _target(workspace)
    target.mkdir(parents=True, exist_ok=True)
    (target / "run_results.json").unlink(missing_ok=True)
    errors: list[str] = []
    variables = {"audience": workspace.settings.privacy.audience, "place": _short(str(root))}
    command = [
        *("ospo_metrics.dbt_process", str(_log(target))),
        *("--no-use-colors", "--no-version-check", *arguments),
        *("--project-dir", str(root / "sql"), "--profiles-dir", str(root / "sql")),
        *("--target-path", str(target), "--vars", json.dumps(variables)),
    ]
    allowed = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH", "TZ")
    environment = {name: os.environ[name] for name in allowed if name in os.environ} | {
        # Without a folder: what dbt has parsed is then good for a copy of this workspace, or for one that moved.
        "OSPO_METRICS_WAREHOUSE": workspace.warehouse.name,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }
    if key := _key(workspace):  # neither on the command line nor in a file, which dbt might repeat
        environment[pseudonyms.HANDED_OVER] = key.hex()
    with subprocess.Popen(
        ending_with_us(command),
        env=environment,
        cwd=workspace.warehouse.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            for line in process.stdout:
                errors += _tell(line, progress)
        except BaseException:
            process.terminate()
            raise
    return errors or ([f"it ended with status {process.returncode}."] if process.returncode else [])


def _short(text: str) -> str:
    """What dbt has parsed is good for one place of the models only: it remembers the folder of each seed."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def run_results(workspace: Workspace) -> list[dict[str, Any]]:
    """What dbt says became of each node in its last command."""
    path = _target(workspace) / "run_results.json"
    if not path.is_file():
        return []
    results: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["results"]
    return results


def _tell(line: str, progress: Teller | None) -> list[str]:
    """Pass on how far dbt has come; what it says in anger is returned."""
    if not line.startswith("{"):
        return [line] if "Error" in line else []
    said = json.loads(line)
    if progress and "total" in said:
        progress.count("models and tests", said["index"], said["total"])
    return [said["error"]] if "error" in said else []


def _first_sentence(node: dict[str, Any]) -> str:
    return f"the model {node['unique_id'].split('.')[-1]} failed: {_joined(node.get('message') or '')}"


def _joined(text: str) -> str:
    """On one line, and without addresses: an error of the database may quote the row at which it happened."""
    joined = " ".join(line.strip() for line in text.splitlines() if line.strip())
    return privacy.addresses_taken_out(joined)[:600]


def _failure(node: dict[str, Any]) -> str:
    name = node["unique_id"].split(".")[2]
    if node["status"] == "fail":
        return f"{name}: {node.get('failures') or 'some'} rows break the rule"
    return f"{name}: {node['status']}"


def _target(workspace: Workspace) -> Path:
    return workspace.private / "dbt"


def _log(target: Path) -> Path:
    return target / "logs" / "dbt.log"
