"""The front door: what the README shows works as it stands there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ospo_metrics.project import root
from ospo_metrics.settings import Settings, Workspace
from ospo_metrics.warehouse import open_published

README = Path(root() / "README.md").read_text(encoding="utf-8") if (root() / "README.md").is_file() else ""
QUERIES = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("sql", QUERIES, ids=[query.split("from ")[1].split()[0] for query in QUERIES])
def test_every_query_answers(published: Workspace, sql: str) -> None:
    """The worked queries run on the published file and find something."""
    with open_published(published.database) as connection:
        assert connection.execute(sql).fetchall()


def test_the_settings_shown_are_valid() -> None:
    """The examples of ospo.toml are accepted, parts of it together with the whole one."""
    whole, *parts = (tomllib.loads(text) for text in re.findall(r"```toml\n(.*?)```", README, re.DOTALL))

    assert Settings.model_validate(whole).communities[0].id == "storage"
    for part in parts:
        assert Settings.model_validate(whole | part | {"sources": whole["sources"] | part.get("sources", {})})


def test_the_commands_shown_run(tmp_path: Path) -> None:
    """Each command of the setup is understood; those that need your own settings say what is missing."""
    commands = re.findall(r"^\$ ospo-metrics (.*)$", README, re.MULTILINE)
    assert len(commands) >= 3

    for command in commands:
        done = subprocess.run(
            [sys.executable, "-c", "from ospo_metrics.cli import app; app()", *shlex.split(command)],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode in (0, 1), done.stderr
        assert "Traceback" not in done.stderr
        assert "Usage:" not in done.stderr


def test_every_table_of_the_schema_is_there(published: Workspace) -> None:
    """The schema in the README is the one in the file, in both directions."""
    section = README.split("## For analysts")[1].split("A metric's row")[0]
    with open_published(published.database) as connection:
        tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
    named = {
        name
        for row in re.findall(r"^\| `(?:core|meta)`.*$", section, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    real = {name for schema, name in tables if schema in ("core", "meta")}

    assert named - {"core", "meta"} == real


def test_every_metric_is_in_the_table(published: Workspace) -> None:
    """The README lists each metric of the catalog."""
    with open_published(published.database) as connection:
        metrics = {
            name for (name,) in connection.execute("select metric from metrics.metric_catalog").fetchall()
        }
    section = README.split("## The metrics")[1].split("##")[0]

    assert set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE)) == metrics


def test_nothing_is_left_to_fill_in() -> None:
    """No placeholder stands in the README."""
    assert (
        re.findall(
            r"\b[A-Z]{3,}_[A-Z]+\b",
            README.replace("GITHUB_TOKEN", "")
            .replace("SECOND_", "")
            .replace("OSPO_APP_KEY", "")
            .replace("OSPO_PSEUDONYM_KEY", "")
            .replace("PREFECT_API_URL", "")
            .replace("OSPO_METRICS_WORKSPACE", "")
            .replace("OSPO_SMTP_USER", "")
            .replace("OSPO_SMTP_PASSWORD", "")
            .replace("OSPO_WEBHOOK_URL", ""),
        )
        == []
    )
