"""What stands behind numbers: the tables that pages show under a chart."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

import published_example
from ospo_metrics import behind, catalog, site_data
from ospo_metrics.behind import Behind
from ospo_metrics.catalog import Metric, Shown
from ospo_metrics.settings import Workspace
from ospo_metrics.warehouse import identifier, open_published, records

YEAR = (date(2025, 1, 1), date(2026, 1, 1))
OTHER = (date(2025, 2, 1), date(2026, 2, 1))
SHOWN = Shown(
    "shares",
    "Who contributed",
    "A note.",
    (("segment", "Counted", "segment"), ("who", "Organization", "name"), ("n", "Contributions", "count"),
     ("share", "Share", "share"), ("times", "Times", "decimal")),
    (("equal", "As concentrated as", "decimal"),),
    "n",
)  # fmt: skip


@pytest.fixture
def metric(tmp_path: Path) -> Metric:
    known = catalog.read(published_example.manifest(tmp_path), "EUR")
    return next(metric for metric in known.metrics if metric.metric == "org_concentration")


def row(**told: Any) -> dict[str, Any]:
    return {"segment": "with_unknown", "who": "acme", "n": 1, "share": 0.5, "times": 1.0, "equal": 2.0} | told


def test_a_table_is_in_words_with_the_largest_first(metric: Metric) -> None:
    """Ids have their names, no share reads 0, what is missing is a dash, and what is the same in all stands once."""
    rows = [row(), row(who="code_host", n=3000, share=0.0001, times=None)]
    table = behind.table(Behind(SHOWN, {YEAR: rows}), metric, YEAR, {"acme": "Acme"})

    assert table is not None
    assert table.rows == [
        [metric.segments["with_unknown"], "Code host", "3,000", "0.1\u00a0%", "–"],
        [metric.segments["with_unknown"], "Acme", "1", "50\u00a0%", "1.0"],
    ]
    assert table.whole == ["As concentrated as: 2.0."]
    assert table.is_name == [True, True, False, False, False]
    assert table.when == "In the 12 months to December 2025"


def test_a_table_is_of_the_numbers_period_or_of_the_newest_before_it(metric: Metric) -> None:
    """Rows of a later period than the number's are not shown beside it."""
    held = Behind(SHOWN, {YEAR: [row(n=1)], OTHER: [row(n=2)]})

    def shown(period: tuple[date, date]) -> str | None:
        table = behind.table(held, metric, period, {})
        return None if table is None else table.rows[0][2]

    assert shown(OTHER) == "2"
    assert shown(YEAR) == "1"
    assert shown((date(2025, 5, 1), date(2026, 5, 1))) == "2"
    assert shown((date(2026, 1, 1), date(2026, 2, 1))) == "2"
    assert shown((date(2024, 1, 1), date(2025, 1, 1))) is None


def test_a_long_table_says_how_many_rows_more_there_are(metric: Metric) -> None:
    """A page stays light; the rest is in the file."""
    table = behind.table(Behind(SHOWN, {YEAR: [row(n=n) for n in range(50)]}), metric, YEAR, {})

    assert table is not None
    assert (len(table.rows), table.more) == (behind.MOST_ROWS, 50 - behind.MOST_ROWS)


def test_what_is_shown_is_in_the_file(published: Workspace) -> None:
    """Each column that a page shows exists, each table is behind a metric, and what is told once is so in all rows."""
    with open_published(published.database) as connection:
        told = [catalog.shown_from_row(one) for one in records(connection, "from meta.evidence")]
        known = {
            name for (name,) in connection.execute("select metric from metrics.metric_catalog").fetchall()
        }
        filled = 0
        for shown in told:
            table = f"metrics.{identifier(shown.table)}"
            columns = {name for name, *_ in connection.execute(f"describe {table}").fetchall()}
            wanted = {name for name, _, _ in (*shown.columns, *shown.whole)} | ({shown.largest_first} - {""})
            assert wanted <= columns, shown.table
            metrics = {
                name for (name,) in connection.execute(f"select distinct metric from {table}").fetchall()
            }
            assert metrics <= known, shown.table
            filled += bool(metrics)
            for name, _, _ in shown.whole:
                differing = (
                    f"select scope_id from {table} group by scope_kind, scope_id, period_start, period_end "
                    f"having count(distinct {identifier(name)}) > 1"
                )
                assert connection.execute(differing).fetchall() == [], (shown.table, name)
    assert filled > 5


def test_the_three_rules_stand_on_the_page(published: Workspace) -> None:
    """Whoever reads the page of channels sees what each rule gives, also where no channel is ranked."""
    with open_published(published.database) as connection:
        expected = connection.execute(
            "select count(*) from metrics.attribution_rules where scope_kind = 'program' "
            "and period_end = (select max(period_end) from metrics.attribution_rules where scope_kind = 'program')"
        ).fetchone()
    page = (published.dashboards / "channels.html").read_text(encoding="utf-8")
    start = page.index('data-name="attribution_rules"')

    assert expected is not None
    assert page[start : page.index("</table>", start)].count("<tr>") == expected[0] + 1
    assert "First and last disagree about:" in page[start:]


@pytest.mark.parametrize(
    "change",
    ["drop table meta.evidence", "drop table metrics.organization_shares", "drop table core.dim_events"],
)
def test_without_a_table_there_is_none(tmp_path: Path, change: str) -> None:
    """An edition that leaves them out, or an older file, has pages all the same."""
    path = published_example.build(tmp_path / "ospo.duckdb")
    with duckdb.connect(str(path)) as connection:
        connection.execute(change)
    with open_published(path) as connection:
        found = site_data.read(connection).behind

    assert bool(found) is (change == "drop table core.dim_events")


def test_a_table_that_lacks_a_label_is_refused(tmp_path: Path) -> None:
    """Who adds one is told which file lacks what."""
    node = {
        "name": "shares", "original_file_path": "models/metrics/evidence/shares.sql", "patch_path": "",
        "resource_type": "model", "path": "metrics/evidence/shares.sql",
    }  # fmt: skip
    for columns, says in (
        ({"n": {"as": "count"}}, "a label"),
        ({"n": {"label": "N", "as": "pie"}}, "one of word, name"),
    ):
        shown = {"heading": "Shares", "note": "A note.", "columns": columns}
        path = tmp_path / "manifest.json"
        nodes = {"shares": node | {"config": {"meta": {"shown": shown}}}}
        path.write_text(json.dumps({"nodes": nodes, "exposures": {}}))
        with pytest.raises(catalog.CatalogError, match=f"evidence/shares.yml.*{says}"):
            catalog.read(path, "EUR")
