"""The edition for everybody: metrics and pages, nobody in it, and no small group."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from ospo_metrics import privacy, view_files
from ospo_metrics.catalog import read as read_catalog
from ospo_metrics.export import export
from ospo_metrics.folding import EARLIER_SUMS, PUBLIC_GROUP, SUMS, WITHIN
from ospo_metrics.publish import publish
from ospo_metrics.settings import Workspace, open_workspace
from ospo_metrics.transform import BuildError, manifest
from ospo_metrics.warehouse import open_warehouse


@pytest.fixture(scope="module")
def edition(published: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `export` makes of the simulated workspace."""
    folder = tmp_path_factory.mktemp("public") / "edition"
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from ospo_metrics.cli import app; app()", "export"),
            *("--audience", "public", "--output", str(folder), "--workspace", str(published.folder)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"holds [\d,]+ numbers for everybody; [\d,]+ more are folded", done.stdout)
    return folder


def test_it_holds_metrics_and_pages_only(edition: Path) -> None:
    """One database with metrics, their words, build and columns; the dashboards; no table about people or runs."""
    assert sorted(path.name for path in edition.iterdir()) == ["dashboards", "ospo.duckdb"]
    with duckdb.connect(str(edition / "ospo.duckdb"), read_only=True) as connection:
        tables = {
            f"{schema}.{name}"
            for schema, name in connection.execute(
                "select schema_name, table_name from duckdb_tables()"
            ).fetchall()
        }
        metrics = {
            name for (name,) in connection.execute("select metric from metrics.metric_catalog").fetchall()
        }
        assert connection.execute("select audience from meta.build").fetchall() == [("public",)]
    assert tables == {
        "meta.build", "meta.columns", "metrics.metric_values", "metrics.metric_catalog",
        *(f"metrics.{name}" for name in metrics),
    }  # fmt: skip
    pages = sorted((edition / "dashboards").glob("*.html"))
    assert len(pages) > 5
    assert "-weeks" not in (edition / "dashboards" / "newcomers.html").read_text(encoding="utf-8")
    for page in pages:
        assert "Public edition" in page.read_text()


def test_no_words_send_a_reader_to_a_table_that_stays_in_the_building(
    edition: Path, published: Workspace
) -> None:
    """What pages and catalog say of a metric names no table that the edition has not, and still says something."""
    built = json.loads(manifest(published).read_text())
    models = {node["name"] for node in built["nodes"].values() if node["resource_type"] == "model"}
    fields = (
        "definition, how_to_read, interval, replaces_why, chaoss_deviation, array_to_string(caveats, ' ')"
    )
    with duckdb.connect(str(edition / "ospo.duckdb"), read_only=True) as connection:
        rows = connection.execute(f"select metric, {fields} from metrics.metric_catalog").fetchall()
    gone = models - {metric for metric, *_ in rows}
    named = {
        (metric, name)
        for metric, *texts in rows
        for name in gone
        if re.search(rf"\b{name}\b", " ".join(texts))
    }

    assert {"timezone_hours", "reply_hours", "survival_curves", "fct_survey_answers"} <= gone
    assert named == set()
    assert [metric for metric, definition, how_to_read, *_ in rows if not (definition and how_to_read)] == []
    page = (edition / "dashboards" / "communities.html").read_text()
    assert "a clock is no country" in page
    assert "timezone_hours" not in re.sub(r"<pre.*?</pre>", "", page, flags=re.DOTALL)


def test_no_small_group_is_told(edition: Path) -> None:
    """No count, no numerator and no rest of a share from 1 to 9 stands in any row, and folded rows have no number.

    Weeks are not told, for with the months that they cut they would tell of days.
    """
    with duckdb.connect(str(edition / "ospo.duckdb"), read_only=True) as connection:
        small = connection.execute(
            """
            select v.* from metrics.metric_values as v join metrics.metric_catalog as c using (metric)
            where sample_size between 1 and $k - 1
                or (c.kind = 'proportion' and numerator between 1 and $k - 1)
                or (c.kind = 'proportion' and denominator - numerator between 1 and $k - 1)
                or (c.kind = 'count' and value between 1 and $k - 1)
                or (v.status <> 'ok' and coalesce(value, lower, upper, numerator, denominator, sample_size) is not null)
                or regexp_matches(v.reason, '(Only|only) (one|\\d+) ')
            """,
            {"k": PUBLIC_GROUP},
        ).fetchall()
        told = dict(
            connection.execute("select status, count(*) from metrics.metric_values group by all").fetchall()
        )
        projects = connection.execute(
            "select distinct scope_id from metrics.metric_values where scope_kind = 'project' and scope_id like '%/%'"
        ).fetchall()
        weeks = connection.execute(
            "select * from metrics.metric_values where period_end - period_start = 7 "
            "and scope_kind not in ('event', 'campaign')"
        ).fetchall()
    assert small == []
    assert weeks == []
    assert told["ok"] > 100
    assert told["suppressed"] > 100
    assert projects == []


def test_inside_no_other_metric_tells_a_folded_share_of_answers(published: Workspace) -> None:
    """A share of so few answers that it is folded does not follow from the waiting times of the same conversations.

    Neither a number, nor what two numbers leave, nor a reason tells how many there were; nor does any other reason.
    """
    with duckdb.connect(str(published.database), read_only=True) as connection:
        connection.execute(f"attach '{published.warehouse}' as warehouse (read_only)")
        folded = connection.execute(
            """
            select
                f.scope_kind, f.scope_id, f.period_start, f.period_end, f.segment, w.denominator as n,
                arg_max(t.denominator, t.segment) filter (t.segment = f.segment) as of_them,
                max(t.denominator) filter (t.segment = 'everyone')
                    - sum(t.denominator) filter (t.segment in ('newcomers', 'regulars')) as left_over,
                count(t.denominator) filter (t.segment in ('newcomers', 'regulars')) as others
            from metrics.answered_within_48h as f
            join warehouse.metrics.answered_within_48h as w
                using (scope_kind, scope_id, period_start, period_end, segment)
            join metrics.first_response_time as t using (scope_kind, scope_id, period_start, period_end)
            where f.status = 'suppressed' and w.denominator between 1 and $k - 1
            group by all
            """,
            {"k": published.settings.privacy.smallest_group},
        ).fetchall()
        told = connection.execute(
            "select reason from metrics.metric_values where regexp_matches(reason, '[Oo]nly (one|\\d+) [a-z]')"
        ).fetchall()
        numbers = connection.execute(
            "select * from metrics.metric_values where status <> 'ok' and sample_size is not null"
        ).fetchall()
    assert len(folded) > 3
    assert (told, numbers) == ([], [])
    for *_, segment, n, of_them, left_over, others in folded:
        assert of_them is None
        assert segment == "everyone" or others == 0 or left_over != n


def test_nobody_is_named(edition: Path, published: Workspace) -> None:
    """No handle and no name of anybody whom the warehouse knows stands in any byte of the edition."""
    with open_warehouse(published.warehouse, read_only=True) as connection:
        people = connection.execute(
            "select handle from core.dim_people where handle is not null "
            "union select name from intermediate.int_identity_mentions where contains(name, ' ') "
            "union select person_id from core.dim_people"
        ).fetchall()
    texts = "\n".join(text for _, text in view_files.texts(edition / "dashboards")).lower()
    words = set(re.findall(r"[\w-]+", texts))
    named = {name for (name,) in people if (name.lower() in texts if " " in name else name.lower() in words)}
    assert len(people) > 500
    assert named == set()
    content = (edition / "ospo.duckdb").read_bytes()
    assert [name for (name,) in people if len(name) > 8 and name.encode() in content] == []


def test_a_person_in_the_title_of_an_event_stops_the_export(published: Workspace, tmp_path: Path) -> None:
    """The gate says who is named where, in the title of one event and in the city of another; nothing is exported."""
    shutil.copytree(published.folder, tmp_path / "workspace")
    workspace = open_workspace(tmp_path / "workspace")
    (tmp_path / "edition").mkdir()
    with open_warehouse(workspace.warehouse) as connection:
        (one,), (other,) = connection.execute(
            "select distinct name from intermediate.int_identity_mentions "
            "where kind = 'address' and regexp_matches(name, '^[A-Z][a-z]+ [A-Z][a-z]+$') order by name limit 2"
        ).fetchall()
        connection.execute(
            "update core.dim_events set name = 'An evening with ' || $1, city = null "
            "where event_id = (select min(event_id) from core.dim_events)",
            [one],
        )
        connection.execute(
            "update core.dim_events set city = $1 where event_id = (select max(event_id) from core.dim_events)",
            [other],
        )

    with pytest.raises(privacy.PrivacyError, match=r"Nothing was exported") as caught:
        export(workspace, tmp_path / "edition")

    for name in (one, other):
        assert re.search(rf"'{name.lower()}' in [^ ]*\.(html|js)", str(caught.value))
    assert [path.name for path in tmp_path.iterdir() if "edition" in path.name] == ["edition"]


def test_an_address_stops_the_export(published: Workspace, tmp_path: Path) -> None:
    """The same gate as in front of what is published."""
    shutil.copytree(published.folder, tmp_path / "workspace")
    workspace = open_workspace(tmp_path / "workspace")
    with open_warehouse(workspace.warehouse) as connection:
        connection.execute("update core.dim_events set name = 'Write to canary@example.org'")
    with pytest.raises(privacy.PrivacyError) as caught:
        export(workspace, tmp_path / "edition")
    assert "canary" not in str(caught.value)


def test_a_cost_is_told_in_the_currency_in_which_it_was_added_up(
    published: Workspace, tmp_path: Path
) -> None:
    """In the edition for everybody as inside, and also where ospo.toml has named another currency since."""
    shutil.copytree(published.folder, tmp_path / "workspace")
    own = open_workspace(tmp_path / "workspace")
    with open_warehouse(own.warehouse) as connection:
        connection.execute("update config.ospo set currency = 'USD'")
    publish(own)
    export(own, tmp_path / "public")

    for file in (own.database, tmp_path / "public" / own.database.name):
        with duckdb.connect(str(file), read_only=True) as connection:
            units = connection.execute(
                "select distinct unit from metrics.metric_catalog where kind = 'cost'"
            ).fetchall()
        assert units == [("USD",)], file
    pages = (tmp_path / "public" / "dashboards" / "channels.html").read_text(encoding="utf-8")
    assert "USD" in pages
    assert "EUR" not in pages


def test_a_build_that_did_not_end_well_is_not_exported(published: Workspace, tmp_path: Path) -> None:
    """What speaks against publishing speaks against exporting."""
    shutil.copytree(published.folder, tmp_path / "workspace")
    workspace = open_workspace(tmp_path / "workspace")
    (workspace.private / "dbt" / "run_results.json").unlink()
    with pytest.raises(BuildError, match=r"nothing was exported, because of the last build: .* did not end"):
        export(workspace, tmp_path / "edition")
    assert not (tmp_path / "edition").exists()


def test_what_is_said_of_the_metrics_is_true(published: Workspace) -> None:
    """How numbers make up one another is told of metrics and segments that there are."""
    segments = {
        metric.metric: set(metric.segments) for metric in read_catalog(manifest(published), "EUR").metrics
    }
    for chain in (*WITHIN, *((total, *parts) for total, parts in (*SUMS, *EARLIER_SUMS))):
        for metric, segment, _ in chain:
            assert segment in segments[metric]


def test_the_numbers_do_hang_together_so(published: Workspace) -> None:
    """Months and segments add up in the real rows as the folding takes for granted, and groups are within others."""
    with open_warehouse(published.warehouse, read_only=True) as connection:
        wrong = connection.execute(
            """
            with told as (select * from metrics.first_response_time where status = 'ok')
            select a.* from told as a
            join told as n using (scope_kind, scope_id, period_start, period_end)
            join told as r using (scope_kind, scope_id, period_start, period_end)
            where a.segment = 'everyone' and n.segment = 'newcomers' and r.segment = 'regulars'
                and a.denominator <> n.denominator + r.denominator
            """
        ).fetchall()
        years = connection.execute(
            """
            with months as (
                select *, sum(value) over (
                    partition by scope_kind, scope_id, segment order by period_start rows 11 preceding
                ) as of_year
                from metrics.new_contributors where status = 'ok' and period_end - period_start between 28 and 31
            )
            select y.value, m.of_year from metrics.new_contributors as y
            join months as m using (scope_kind, scope_id, segment, period_end)
            where y.status = 'ok' and y.period_end - y.period_start > 31 and y.value <> m.of_year
            """
        ).fetchall()
        within = connection.execute(
            """
            select n.* from metrics.new_contributors as n
            join metrics.contributors as c using (scope_kind, scope_id, period_start, period_end, segment)
            where n.status = 'ok' and c.status = 'ok' and n.value > c.value
            """
        ).fetchall()
        parts = connection.execute(
            """
            with found as (
                select scope_id, segment, numerator as k, sum(numerator) over (partition by scope_id) as came,
                    sum(numerator) filter (segment in ('matched', 'not_found')) over (partition by scope_id) as measured
                from metrics.identity_match_rate where status = 'ok'
            )
            select o.scope_id, o.segment, o.numerator, o.denominator, f.came, f.measured
            from metrics.event_outcomes as o
            join found as f on o.scope_id = f.scope_id and f.segment = 'matched'
            where o.status = 'ok' and case o.segment
                when 'came' then o.numerator <> f.came else o.denominator <> f.measured end
            """
        ).fetchall()
        compared = connection.execute(
            "select count(*) from metrics.identity_match_rate where status = 'ok' and segment = 'matched'"
        ).fetchone()
    assert (wrong, years, within, parts) == ([], [], [], [])
    assert compared is not None
    assert compared[0] > 3


def test_nobody_is_ranked(published: Workspace, edition: Path) -> None:
    """No page and no table of a metric names a person, by handle or by id: there is no list of the best anywhere."""
    with duckdb.connect(str(published.database), read_only=True) as connection:
        people = connection.execute("select person_id, lower(handle) from core.dim_people").fetchall()
        ids = {person for person, _ in people}
        handles = {handle for _, handle in people if handle and not handle.isalpha()} | {
            handle for _, handle in people if handle and len(handle) > 6
        }
        tables = connection.execute(
            "select table_name, list(column_name) from duckdb_columns() where schema_name = 'metrics' group by all"
        ).fetchall()
        told: set[str] = set()
        for table, columns in tables:
            assert not {"person_id", "handle", "name", "login"} & set(columns)
            for column in columns:
                values = connection.execute(
                    f'select distinct lower("{column}"::varchar) from metrics.{table} where "{column}" is not null'
                ).fetchall()
                told |= {value for (value,) in values}
    assert len(handles) > 50
    assert not told & (ids | handles)
    for folder in (published.dashboards, edition / "dashboards"):
        for page, text in view_files.texts(folder):
            words = set(re.findall(r"[\w-]+", text.lower()))
            assert not words & (ids | handles), page
