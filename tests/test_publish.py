"""Publishing: whole or not at all, never in a reader's way, and never with an address in it."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import duckdb
import pytest

from ospo_metrics import privacy, steps
from ospo_metrics.progress import Quiet
from ospo_metrics.publish import publish
from ospo_metrics.settings import Workspace, open_workspace
from ospo_metrics.warehouse import open_published, open_warehouse


@pytest.fixture
def workspace(published: Workspace, tmp_path: Path) -> Workspace:
    """A published workspace of one's own."""
    shutil.copytree(published.folder, tmp_path / "workspace")
    return open_workspace(tmp_path / "workspace")


def _numbers(workspace: Workspace) -> list[tuple[object, ...]]:
    with open_published(workspace.database) as connection:
        return connection.execute("select * from metrics.metric_values order by all").fetchall()


def test_eight_readers_read_on_through_ten_publishes(workspace: Workspace) -> None:
    """Whoever queries the published file, while it is replaced or after, never sees an error or a half."""
    expected = len(_numbers(workspace))
    stop, errors, answers = threading.Event(), [], [0] * 8

    def read(reader: int) -> None:
        while not stop.is_set():
            try:
                with open_published(workspace.database) as connection:
                    for _ in range(5):
                        rows = connection.execute("select count(*) from metrics.metric_values").fetchone()
                        assert rows == (expected,)
                        connection.execute(
                            "select kind, count(*) from core.fct_activities group by kind"
                        ).fetchall()
                        answers[reader] += 1
                        stop.wait(0.01)
            except Exception as error:
                errors.append(error)

    readers = [threading.Thread(target=read, args=(reader,)) for reader in range(8)]
    inodes = set()
    for reader in readers:
        reader.start()
    for _ in range(10):
        publish(workspace)
        inodes.add(workspace.database.stat().st_ino)
    stop.set()
    for reader in readers:
        reader.join()

    assert errors == []
    assert all(answers)
    assert len(inodes) > 1


def test_an_open_reader_keeps_the_old_file(workspace: Workspace) -> None:
    """Who opened yesterday's file goes on reading yesterday's numbers; who opens now reads today's."""
    with open_published(workspace.database) as old:
        with open_warehouse(workspace.warehouse) as connection:
            connection.execute("delete from metrics.contributors")
        publish(workspace)
        count = "select count(*) from metrics.contributors"

        assert old.execute(count).fetchone() != (0,)
        with duckdb.connect(":memory:") as other:
            other.execute(f"attach '{workspace.database}' as new (read_only)")
            assert other.execute("select count(*) from new.metrics.contributors").fetchone() == (0,)


@pytest.mark.parametrize("place", ["core.dim_projects", "core.fct_talks"])
def test_an_address_anywhere_stops_the_publishing(workspace: Workspace, place: str) -> None:
    """The gate says where an address stands, does not repeat it, and yesterday's file stays."""
    before = workspace.database.read_bytes()
    column = {"core.dim_projects": "name", "core.fct_talks": "title"}[place]
    with open_warehouse(workspace.warehouse) as connection:
        connection.execute(f"update {place} set {column} = 'write to canary@example.org'")

    with pytest.raises(privacy.PrivacyError, match=f"{place}.{column}") as caught:
        publish(workspace)

    assert "canary" not in str(caught.value)
    assert workspace.database.read_bytes() == before


def test_addresses_are_found_in_nested_values_and_files(tmp_path: Path) -> None:
    """Lists, structs and JSON are looked into as well, and so are pages and CSV files."""
    with duckdb.connect() as connection:
        connection.execute("create table t as select [{'a': 'x@example.org'}] as deep, '{}'::json as fine")
        with pytest.raises(privacy.PrivacyError, match=r"main\.t\.deep \(1 rows\)"):
            privacy.check_database(connection)
    for text in ("<p>x@example.org</p>", "&lt;ada@müller.example&gt;"):
        (tmp_path / "page.html").write_text(text)
        with pytest.raises(privacy.PrivacyError, match=r"page\.html"):
            privacy.check_files(tmp_path)
    (tmp_path / "page.html").write_text("<p>@handle and actions/checkout@v4 and 3 @ 2.50</p>")
    privacy.check_files(tmp_path)


def test_addresses_in_the_log_of_runs_and_rejects_are_taken_out(workspace: Workspace) -> None:
    """A file that is named like an address, or an error that quotes one, does not stop the publishing."""
    with open_warehouse(workspace.warehouse) as connection:
        connection.execute(
            "insert into meta.rejects values ('mailing_lists', 'fastfs-dev', 'messages', "
            "'dev@lists.example.org.mbox:0', 'no sender', '', now(), 'r')"
        )
        connection.execute(
            "update meta.sources set detail = 'git@example.org:x/y.git is gone' where source = 'git'"
        )

    publish(workspace)

    with open_published(workspace.database) as connection:
        assert connection.execute(
            "select count(*) from meta.rejects where location = '[address removed]:0'"
        ).fetchone() == (1,)


@pytest.mark.parametrize("became", ["nothing", "error", "skipped"])
def test_a_build_that_did_not_end_is_never_published(workspace: Workspace, became: str) -> None:
    """After a build that was killed or failed, `publish` says so and yesterday's file stays."""
    results = workspace.private / "dbt" / "run_results.json"
    if became == "nothing":
        results.unlink()
    else:
        told = json.loads(results.read_text())
        told["results"][3]["status"] = became
        results.write_text(json.dumps(told))
    before = workspace.database.stat().st_ino

    result = steps.run(workspace, lambda step: step.do(Quiet()), ["check", "publish"])

    assert (result.ok, workspace.database.stat().st_ino) == (False, before)
    assert "check failed" in result.message


def test_a_failed_test_of_the_data_publishes_nothing(workspace: Workspace) -> None:
    """When the data break a rule, the run says which one, and yesterday's numbers stay."""
    before = workspace.database.stat().st_ino
    with open_warehouse(workspace.warehouse) as connection:
        connection.execute(
            "insert into raw.github__issues select instance, key || 'x', updated_at, "
            "json_merge_patch(payload, '{\"number\": 1}'), location, fetched_at, run_id from raw.github__issues"
        )

    result = steps.run(workspace, lambda step: step.do(Quiet()), ["build", "check", "publish", "report"])

    assert not result.ok
    assert result.message.startswith("check failed: ")
    assert "conversation_id" in result.message
    assert workspace.database.stat().st_ino == before


def test_what_is_for_the_public_tells_of_nobody(workspace: Workspace) -> None:
    """For the public there are numbers, events and costs, and no row about a person and none about a repository alone.

    What was built for inside is not published as public.
    """
    settings = workspace.settings_file
    settings.write_text(settings.read_text().replace('audience = "internal"', 'audience = "public"'))
    public = open_workspace(workspace.folder)

    with pytest.raises(privacy.PrivacyError, match="Run 'ospo-metrics build' first"):
        publish(public)
    result = steps.run(public, lambda step: step.do(Quiet()), ["build", "check", "publish", "report"])

    assert result.ok, result.message
    with open_published(public.database) as connection:
        tables = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
        scopes = connection.execute(
            "select distinct p.kind from metrics.metric_values as v "
            "join core.dim_projects as p on v.scope_kind = 'project' and v.scope_id = p.project_id"
        ).fetchall()
    people = {"dim_people", "fct_activities", "fct_conversations", "fct_attendance", "fct_touches"}
    assert not tables & {*people, "fct_introductions", "fct_survey_answers"}
    assert {"metric_values", "dim_projects", "dim_events", "fct_costs", "fct_content", "fct_talks"} <= tables
    assert scopes == [("mailing_list",)]
    assert (public.dashboards / "event-storage-sprint-2025.html").is_file()


def test_what_the_gate_refused_does_not_stay(workspace: Workspace) -> None:
    """The half-made file with the address in it is gone from the folder that others read."""
    before = sorted(workspace.published.rglob("*"))
    with open_warehouse(workspace.warehouse) as connection:
        connection.execute("update core.dim_projects set name = 'canary@example.org'")

    with pytest.raises(privacy.PrivacyError):
        publish(workspace)

    assert workspace.database in before
    assert sorted(workspace.published.rglob("*")) == before


def test_what_a_full_disk_stopped_does_not_stay(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal of the new file holds as much as the file, and has passed no gate either."""
    before = sorted(workspace.published.rglob("*"))

    def stopped(new: Path, *_: object) -> dict[str, int]:
        for file in (new, new.with_name(f"{new.name}.wal")):
            file.write_bytes(b"canary@example.org")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ospo_metrics.publish._build", stopped)
    with pytest.raises(OSError, match="No space left"):
        publish(workspace)

    assert sorted(workspace.published.rglob("*")) == before


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org",
        "josé@example.org",
        "ada@münchen.example",
        '"ada l"@example.org',
        "ada@[192.0.2.7]",
        "ada＠example.org",
    ],
)
def test_an_address_in_any_script_is_seen_and_taken_out(address: str) -> None:
    """The gate and the scrubber know the same addresses, also those that are not written in ASCII."""
    with duckdb.connect() as connection:
        connection.execute("create table t as select ? as text", [f"write to {address}, please"])
        with pytest.raises(privacy.PrivacyError):
            privacy.check_database(connection)
        connection.execute(f"update t set text = {privacy.without_addresses('text')}")
        privacy.check_database(connection)


def test_nothing_private_is_published(published: Workspace) -> None:
    """No excerpt of a reject, no raw payload, no schema but the three that are promised."""
    with open_published(published.database) as connection:
        schemas = connection.execute(
            "select distinct schema_name from duckdb_tables() order by all"
        ).fetchall()
        columns = connection.execute("select column_name from duckdb_columns() where not internal").fetchall()

    assert schemas == [("core",), ("meta",), ("metrics",)]
    assert not {"payload", "excerpt", "value_of_identity", "address"} & {name for (name,) in columns}


def test_every_column_is_documented(published: Workspace) -> None:
    """The data dictionary has a sentence for every column of every published table."""
    with open_published(published.database) as connection:
        missing = connection.execute(
            "select table_name, column_name from meta.columns where description = '' order by all"
        ).fetchall()
        real = connection.execute(
            "select count(*) from duckdb_columns() where not internal and table_name <> 'columns'"
        ).fetchone()
        told = connection.execute(
            "select count(*) from meta.columns where table_name <> 'columns'"
        ).fetchone()

    assert missing == []
    assert told == real
