"""From a number back to its words, its SQL and the rows behind it; and the words beside the metrics."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ospo_metrics import documentation, explain_metric
from ospo_metrics.cli import app
from ospo_metrics.project import root
from ospo_metrics.settings import Workspace, open_workspace
from ospo_metrics.warehouse import open_published, open_warehouse


def ask(workspace: Workspace, sql: str) -> list[tuple[object, ...]]:
    with open_published(workspace.database) as connection:
        return connection.execute(sql).fetchall()


def test_every_metric_can_be_explained(published: Workspace) -> None:
    """For each metric of the catalog there are words, SQL, numbers of one scope and period, and rows behind them.

    Only behind numbers that are refused there may be none.
    """
    names = [
        str(name)
        for (name,) in ask(published, "select metric from metrics.metric_catalog where status <> 'no_data'")
    ]
    assert len(names) >= 8
    for name in names:
        found = explain_metric.metric(published, name)
        assert found.metric.metric == name
        assert found.metric.sql
        assert found.numbers
        assert len({(row["scope_id"], row["period_start"], row["period_end"]) for row in found.numbers}) == 1
        assert found.behind or all(row["status"] == "refused" for row in found.numbers), name


def test_the_rows_behind_a_number_are_those_it_counts(published: Workspace) -> None:
    """Of a month's newcomers there are as many rows behind as the number says; no more are shown than asked."""
    (scope, start, people), = ask(
        published,
        "select scope_id, period_start, value::integer from metrics.new_contributors where scope_kind = 'community' "
        "and segment = 'outside' and status = 'ok' and period_end - period_start between 28 and 31 "
        "order by value desc, scope_id, period_start limit 1",
    )  # fmt: skip
    assert isinstance(start, date)
    found = explain_metric.metric(published, "new_contributors", str(scope), f"{start:%Y-%m}", most=2)
    firsts = next(one for one in found.behind if one.model == "intermediate.int_first_contributions")
    with open_warehouse(published.warehouse, read_only=True) as connection:
        rows = connection.execute(
            "select segment from intermediate.int_first_contributions where scope_kind = 'community' and scope_id = ? "
            "and date_trunc('month', first_on) = ?",
            [scope, start],
        ).fetchall()
    assert firsts.total == len(rows)
    assert sum(segment == "outside" for (segment,) in rows) == people
    assert len(firsts.rows) == min(2, len(rows))
    assert firsts.description.startswith("One row per scope and person")


def test_a_week_is_explained_to_whoever_asks_for_it(published: Workspace) -> None:
    """Weeks have names of their own; without one, and by its last day, a longer period is meant."""
    week = explain_metric.metric(published, "new_contributors", "storage", "2026-W36").numbers
    assert {(row["period_start"], row["period_end"]) for row in week} == {
        (date(2026, 8, 31), date(2026, 9, 7))
    }
    for period in (None, "2026-09"):
        (days,) = {
            (row["period_end"] - row["period_start"]).days
            for row in explain_metric.metric(published, "new_contributors", "storage", period).numbers
        }
        assert days > 27
    with pytest.raises(explain_metric.UnknownMetricError, match="no period '2026-09-06'"):
        explain_metric.metric(published, "new_contributors", "storage", "2026-09-06")


def test_what_is_not_there_is_told_with_what_is(published: Workspace) -> None:
    """An unknown metric, scope or period is answered by those that there are."""
    for arguments, says in (
        (("nothing",), "there is no metric 'nothing'. There are .*new_contributors"),
        (("contributors", "nowhere"), "contributors has nothing of 'nowhere'. It has .*program"),
        (("contributors", None, "1999-01"), "no period '1999-01'. Its periods end in .*2026-10"),
    ):
        with pytest.raises(explain_metric.UnknownMetricError, match=says):
            explain_metric.metric(published, *arguments)


def test_explain_metric_prints_what_a_colleague_would_tell(published: Workspace) -> None:
    """Title, definition, SQL, a sentence for each segment, and the rows; a wrong name is one sentence and status 1."""
    asked = [
        "explain",
        "metric",
        "first_response_time",
        "--scope",
        "storage",
        "--period",
        "2026-09-30",
        "--rows",
        "1",
    ]
    told = CliRunner().invoke(app, [*asked, "--workspace", str(published.folder)])
    assert told.exit_code == 0, told.output
    for part in (
        "Will I get help? (first_response_time, duration in hours, one row per scope, period and segment)",
        "How to read it: A median", "Mind: Nights, weekends and holidays", "CHAOSS: Time to First Response, https://chaoss",
        "from measured", "community storage, in September 2026:", "  everyone: ", "conversations",
        "rows of intermediate.int_waits. One row per conversation", "project_id",
    ):  # fmt: skip
        assert part in told.output, part
    wrong = CliRunner().invoke(app, ["explain", "metric", "nothing", "--workspace", str(published.folder)])
    assert (wrong.exit_code, "Traceback" in wrong.output) == (1, False)


def test_each_vanity_number_is_translated_into_metrics_that_there_are(published: Workspace) -> None:
    """At least eighteen rows in order, each naming metrics of the catalog and saying why."""
    rows = ask(
        published,
        "select position, asked_for, report_instead, in_words, why from metrics.translation order by 1",
    )
    names = {name for (name,) in ask(published, "select metric from metrics.metric_catalog")}

    assert len(rows) >= 18
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    assert {name for row in rows for name in str(row[2]).split()} <= names
    assert all(str(row[3])[-1] not in ".!" and str(row[4]).endswith(".") for row in rows)


def test_the_documentation_is_written_once_and_again_when_words_change(
    published: Workspace, tmp_path: Path
) -> None:
    """One page holds the lineage; it stays as it is until a model or its words change."""
    shutil.copytree(published.folder, tmp_path / "workspace")
    own = open_workspace(tmp_path / "workspace")
    page = own.published / "docs" / "index.html"
    before = page.stat().st_mtime_ns
    text = page.read_text(encoding="utf-8")
    assert "model.ospo_metrics.new_contributors" in text
    assert "int_first_contributions" in text
    assert str(root()) not in text  # where it is installed is nobody's matter

    assert documentation.write(own) == page
    assert page.stat().st_mtime_ns == before
    (own.private / "dbt" / "docs" / "written").write_text("other", encoding="ascii")
    documentation.write(own)
    assert page.stat().st_mtime_ns > before
