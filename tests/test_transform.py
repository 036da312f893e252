"""The models: their own unit tests, and the words that every metric owes its readers."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import duckdb
import pytest
from scipy.stats import chi2
from statsmodels.stats.proportion import proportion_confint

from ospo_metrics import catalog, transform
from ospo_metrics.progress import Quiet
from ospo_metrics.project import root
from ospo_metrics.settings import Workspace, open_workspace
from ospo_metrics.statistics import wilson_interval
from ospo_metrics.transform import BuildError
from ospo_metrics.warehouse import open_published, open_warehouse


@pytest.fixture(scope="module")
def manifest(published: Workspace) -> dict[str, dict[str, dict[str, object]]]:
    return json.loads(transform.manifest(published).read_text())


def test_every_unit_test_of_the_models_passes(published: Workspace, tmp_path: Path) -> None:
    """dbt runs the unit tests that stand beside the models, and none fails."""
    shutil.copytree(published.folder, tmp_path / "workspace")
    workspace = open_workspace(tmp_path / "workspace")

    errors = transform.dbt(workspace, ["test", "--select", "test_type:unit"], None)

    results = transform.run_results(workspace)
    assert errors == []
    assert len(results) >= 6
    assert {result["status"] for result in results} == {"pass"}


def test_every_metric_has_a_unit_test(manifest: dict[str, dict[str, dict[str, object]]]) -> None:
    """A metric comes with the rule that it protects."""
    metrics = {path.stem for path in (root() / "sql" / "models" / "metrics").glob("*.sql")}
    tested = {test["model"] for test in manifest["unit_tests"].values()}

    assert metrics - tested == set()


def test_every_metric_is_in_the_catalog_with_its_words(published: Workspace) -> None:
    """`metrics.metric_catalog` lists each metric with title, definition, unit and caveats."""
    metrics = {path.stem for path in (root() / "sql" / "models" / "metrics").glob("*.sql")}
    with open_published(published.database) as connection:
        rows = connection.execute(
            "select metric, title, definition, unit, caveats from metrics.metric_catalog order by metric"
        ).fetchall()
        listed = connection.execute("select distinct metric from metrics.metric_values").fetchall()

    assert {row[0] for row in rows} == {row[0] for row in listed} == metrics
    assert all(all(row) for row in rows)


def test_every_metric_owes_its_readers_the_same_words(
    manifest: dict[str, dict[str, dict[str, object]]],
) -> None:
    """Each says which vanity number it replaces and why, what its grain is, and where CHAOSS defines it."""
    for node in manifest["nodes"].values():
        path = str(node["path"])
        if node["resource_type"] != "model" or path.rpartition("/")[0] != "metrics":
            continue
        words: Any = node["config"]
        told = words["meta"]
        assert str(node["description"]).startswith("One row per "), node["name"]
        for word in ("title", "how_to_read", "interval", "sentence", "replaces", "replaces_why", "caveats"):
            assert told.get(word), (node["name"], word)
        assert bool(told.get("chaoss_name")) == bool(told.get("chaoss_url")), node["name"]
        assert told["direction"] in ("up", "down", "context")


def test_every_metric_has_one_shape(published: Workspace) -> None:
    """All tables of metrics have the same columns in the same order, and so has their union."""
    names = {metric.metric for metric in catalog.read(transform.manifest(published), "EUR").metrics}
    with open_published(published.database) as connection:
        shapes = connection.execute(
            "select table_name, list(column_name || ' ' || data_type order by column_index) from duckdb_columns() "
            "where schema_name = 'metrics' group by table_name"
        ).fetchall()

    told = {table: tuple(columns) for table, columns in shapes if table in names | {"metric_values"}}
    assert set(told) == names | {"metric_values"}
    assert len(set(told.values())) == 1


def test_every_number_has_what_its_kind_owes_or_a_reason(published: Workspace) -> None:
    """Shares have Wilson's interval and costs Garwood's, as others compute them; waiting times have k, n and a range.

    A number that is bounded only, because some cannot be looked for, has no value and both bounds.
    """
    words = {metric.metric: metric for metric in catalog.read(transform.manifest(published), "EUR").metrics}
    with open_published(published.database) as connection:
        result = connection.execute("select * from metrics.metric_values")
        names = [column[0] for column in result.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    assert {row["metric"] for row in rows} == set(words)
    for row in rows:
        name, kind, n, k = row["metric"], words[row["metric"]].kind, row["denominator"], row["numerator"]
        if row["status"] != "ok":
            assert str(row["reason"]).endswith("."), row
            assert row["value"] is None, row
            continue
        assert row["reason"] is None, row
        if kind == "proportion" and row["value"] is not None:
            assert row["value"] == pytest.approx(k / n), row
            bounds = proportion_confint(k, n, method="wilson")
            assert (row["lower"], row["upper"]) == pytest.approx(bounds, abs=1e-6), row
        elif kind == "proportion":
            assert 0 <= row["lower"] <= row["upper"] <= 1, row
        elif kind == "cost":
            assert row["lower"] == pytest.approx(k / (chi2.ppf(0.975, 2 * n + 2) / 2), rel=1e-3), row
            if n:
                assert row["value"] == pytest.approx(k / n, rel=1e-3), row
                assert row["upper"] == pytest.approx(k / (chi2.ppf(0.025, 2 * n) / 2), rel=1e-3), row
        elif kind == "duration":
            assert k is not None, row
            assert n is not None, row
            assert row["value"] is None or row["lower"] is not None, row
        elif kind in ("ratio", "difference", "score") and "None" not in words[name].interval:
            assert row["lower"] is not None, row


def test_the_wilson_macro_equals_the_library(published: Workspace) -> None:
    """The interval in SQL is the one in Python, for every proportion that is published."""
    with open_published(published.database) as connection:
        rows = connection.execute(
            "select numerator, denominator, lower, upper from metrics.newcomer_retention where status = 'ok'"
        ).fetchnumpy()

    lower, upper = wilson_interval(rows["numerator"], rows["denominator"])

    assert len(lower) > 20
    assert rows["lower"] == pytest.approx(lower, abs=1e-9)
    assert rows["upper"] == pytest.approx(upper, abs=1e-9)


def test_the_key_of_the_pseudonyms_is_for_its_owner_only(published: Workspace) -> None:
    """The key has 256 bits, mode 0600, and is made once."""
    path = published.pseudonym_key
    before = path.read_bytes()

    transform.ensure_key(published)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(bytes.fromhex(before.decode().strip())) == 32
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage", ["", "aa", "not hexadecimal at all"])
def test_a_damaged_key_stops_the_build(published: Workspace, tmp_path: Path, damage: str) -> None:
    """An empty key would let anybody find out who is who; it is named, and nothing is built with it."""
    shutil.copytree(published.folder, tmp_path / "workspace")
    workspace = open_workspace(tmp_path / "workspace")
    workspace.pseudonym_key.write_text(damage)

    with pytest.raises(BuildError, match="is damaged"):
        transform.ensure_key(workspace)


def test_a_lost_key_is_never_replaced_in_silence(published: Workspace, tmp_path: Path) -> None:
    """With another key everybody would be somebody else, so the build stops and says what to do."""
    shutil.copytree(published.folder, tmp_path / "workspace")
    workspace = open_workspace(tmp_path / "workspace")
    workspace.pseudonym_key.unlink()

    with pytest.raises(BuildError, match="Restore it from your backup"):
        transform.ensure_key(workspace)

    assert not workspace.pseudonym_key.exists()


def test_no_raw_address_is_a_persons_id(published: Workspace) -> None:
    """The ids of people in the published file are the pseudonyms that only the key can make."""
    with duckdb.connect(str(published.warehouse), read_only=True) as connection:
        ids = connection.execute("select distinct person_id from core.dim_people").fetchall()
        spelled = connection.execute("select identity_id from intermediate.int_identities").fetchall()

    assert all(len(person) == 32 and set(person) <= set("0123456789abcdef") for (person,) in ids)
    assert set(ids) <= set(spelled)


def test_a_broken_model_is_named(published: Workspace, tmp_path: Path) -> None:
    """A model that cannot be built ends the build with its name and the database's reason; its old table stays."""
    shutil.copytree(published.folder, tmp_path / "workspace")
    workspace = open_workspace(tmp_path / "workspace")
    count = "select count(*) from staging.stg_github__comments"
    with open_warehouse(workspace.warehouse) as connection:
        comments = connection.execute(count).fetchone()
        connection.execute("drop table raw.github__issue_comments")
        connection.execute("create table raw.github__issue_comments (wrong integer)")

    with pytest.raises(BuildError, match=r"the model stg_github__comments failed: .*Binder Error"):
        transform.build(workspace, progress=_Silent())

    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        assert connection.execute(count).fetchone() == comments


def test_a_model_that_became_a_table_takes_the_place_of_its_view(
    published: Workspace, tmp_path: Path
) -> None:
    """A warehouse of an older version may hold a view where a table is built now, and the other way round."""
    shutil.copytree(published.folder, tmp_path / "workspace")
    workspace = open_workspace(tmp_path / "workspace")
    kinds = (
        "select table_type from information_schema.tables "
        "where table_name in ('stg_github__labels', 'int_scopes') order by table_name"
    )
    with open_warehouse(workspace.warehouse) as connection:
        before = connection.execute(kinds).fetchall()
        connection.execute("drop table intermediate.int_scopes")
        connection.execute("create view intermediate.int_scopes as select 1 as one")
        connection.execute("drop view staging.stg_github__labels")
        connection.execute("create table staging.stg_github__labels as select 1 as one")

    errors = transform.dbt(workspace, ["run", "--select", "int_scopes stg_github__labels"], None)

    assert errors == []
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        assert connection.execute(kinds).fetchall() == before == [("BASE TABLE",), ("VIEW",)]


def test_models_that_were_installed_elsewhere_meanwhile_are_built(
    published: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another Python has another folder; what dbt remembers of the former one, such as where seeds lie, is not used."""
    shutil.copytree(published.folder, tmp_path / "workspace")
    workspace = open_workspace(tmp_path / "workspace")
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in ("sql", "data", "dashboards", "flows"):
        shutil.copytree(root() / folder, before / folder)
    seed = ["build", "--select", "countries"]
    monkeypatch.setattr("ospo_metrics.project.root", lambda: before)
    assert transform.dbt(workspace, seed, None) == []

    before.rename(after)
    monkeypatch.setattr("ospo_metrics.project.root", lambda: after)

    assert transform.dbt(workspace, seed, None) == []
    assert {node["status"] for node in transform.run_results(workspace)} <= {"success", "pass"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_full_disk_ends_a_build_and_says_so(published: Workspace, tmp_path: Path) -> None:
    """Where dbt's log cannot be written nobody waits for ever, and what went wrong is told all the same."""
    shutil.copytree(published.folder, tmp_path / "workspace")
    workspace = open_workspace(tmp_path / "workspace")
    log = workspace.private / "dbt" / "logs" / "dbt.log"
    log.unlink(missing_ok=True)
    log.symlink_to("/dev/full")
    with open_warehouse(workspace.warehouse) as connection:
        connection.execute("drop table raw.github__issue_comments")
        connection.execute("create table raw.github__issue_comments (wrong integer)")

    with pytest.raises(BuildError, match=r"the model stg_github__comments failed: .*Binder Error"):
        transform.build(workspace, progress=_Silent())


def test_an_error_of_a_full_disk_says_what_to_do(
    published: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever model the disk was full at, the sentence is about the disk."""
    told = [
        "3 of 9 ERROR creating sql table model",
        "Encountered an error:\n[Errno 28] No space left on device",
    ]
    monkeypatch.setattr(transform, "dbt", lambda *_: told)

    with pytest.raises(
        BuildError, match=r"the disk at .* is full\. Make room .* what is published stays as it is"
    ):
        transform.build(published, progress=_Silent())


class _Silent:
    def say(self, text: str) -> None:
        raise AssertionError(f"a build that fails has nothing to say: {text}")

    def count(self, label: str, done: int, total: int | None = None) -> None:
        assert done <= (total or done), label


def test_two_models_at_a_time_make_the_same_rows(
    published: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large warehouse is built two models at a time, and no number is another for it."""
    shutil.copytree(published.folder, tmp_path / "workspace")
    workspace = open_workspace(tmp_path / "workspace")
    before = _contents(workspace)
    monkeypatch.setattr(transform, "_LARGE", 0)

    built = transform.build(workspace, Quiet())

    assert built.models > 200
    assert transform.failures(workspace) == []
    assert _contents(workspace) == before


def _contents(workspace: Workspace) -> dict[str, tuple[Any, ...]]:
    """How many rows each table that was built has, and what they add up to; a mean to ten digits."""
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name, list((column_name, data_type) order by column_index) "
            "from duckdb_columns() where schema_name in ('core', 'intermediate', 'metrics') and not internal group by 1"
        ).fetchall()
        found = {}
        for table, columns in tables:
            told = ", ".join(
                f"""printf('%.10e', "{name}")""" if kind == "DOUBLE" else f'"{name}"'
                for name, kind in columns
            )
            row = connection.execute(
                f"select count(*), sum(hash(held)::hugeint) from (select {told} from {table}) as held"
            ).fetchone()
            assert row is not None
            found[table] = row
    return found
