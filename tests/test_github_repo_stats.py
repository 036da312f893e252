"""Whoever used github-repo-stats keeps every day of it, and the nightly run goes on where it ended."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import SHARED
from ospo_metrics import transform
from ospo_metrics.collect import collect
from ospo_metrics.items import (
    Checkpoint,
    Claim,
    Context,
    Instance,
    Item,
    Reject,
    SourceError,
    Stream,
    as_json,
)
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import SettingsError, Workspace, open_workspace
from ospo_metrics.sources import github_repo_stats
from ospo_metrics.warehouse import add_raw_tables, open_warehouse

NOW = datetime(2026, 6, 1, tzinfo=UTC)
REAL = SHARED / "B_github" / "github-repo-stats-A"
needs_real_files = pytest.mark.skipif(
    not REAL.is_dir(), reason=f"the real files of the tool are not in {REAL}"
)

SETTINGS = """
[ospo]
name = "Test"

[[communities]]
id = "c"
name = "C"
projects = ["example/fastfs"]

[[sources.github_repo_stats]]
project = "example/fastfs"
location = "imports/ghrs-data"
"""
HEADER = "time_iso8601,clones_total,clones_unique,views_total,views_unique\n"
AGGREGATE = "views_clones_aggregate.csv"
FRAGMENT = "snapshots/2021-11-24_231835_views_clones_series_fragment.csv"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "ospo.toml").write_text(SETTINGS)
    (tmp_path / "imports" / "ghrs-data" / "snapshots").mkdir(parents=True)
    return open_workspace(tmp_path)


def write(workspace: Workspace, name: str, text: str | bytes) -> Path:
    path = workspace.folder / "imports" / "ghrs-data" / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(workspace: Workspace, stream: str = "traffic", cursor: dict[str, Any] | None = None) -> list[Any]:
    (instance,) = github_repo_stats.instances(workspace.settings, workspace.folder)
    return list(github_repo_stats.read(instance, stream, Context(workspace.folder, NOW, cursor or {})))


def items(handed: list[Any]) -> dict[str, Any]:
    return {one.key: json.loads(one.payload) for one in handed if isinstance(one, Item)}


def rejects(handed: list[Any]) -> list[tuple[str, str]]:
    return [(one.location.rpartition("/")[2], one.reason) for one in handed if isinstance(one, Reject)]


def last_cursor(handed: list[Any]) -> dict[str, Any]:
    return json.loads(json.dumps([one.cursor for one in handed if isinstance(one, Checkpoint)][-1]))


def ask(workspace: Workspace, sql: str) -> list[tuple[Any, ...]]:
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_days_look_as_github_tells_them(workspace: Workspace) -> None:
    """Views and clones of each UTC day; a fragment says when it was read; an empty cell is nothing told, not zero."""
    write(workspace, AGGREGATE, HEADER + "2021-11-23 00:00:00+00:00,30,12,89,22\n")
    write(workspace, FRAGMENT, HEADER + "2021-11-23 00:00:00+00:00,30.0,12.0,90,23\n2021-11-24,,,99,20\n")

    handed = read(workspace)

    day, read_at = "2021-11-23T00:00:00Z", "2021-11-24T23:18:35Z"
    fragment = FRAGMENT.removeprefix("snapshots/")
    assert items(handed) == {
        f"views 2021-11-23 {AGGREGATE}": {"kind": "views", "timestamp": day, "count": 89, "uniques": 22},
        f"clones 2021-11-23 {AGGREGATE}": {"kind": "clones", "timestamp": day, "count": 30, "uniques": 12},
        f"views 2021-11-23 {fragment}": {
            "kind": "views", "timestamp": day, "count": 90, "uniques": 23, "asOf": read_at,
        },
        f"clones 2021-11-23 {fragment}": {
            "kind": "clones", "timestamp": day, "count": 30, "uniques": 12, "asOf": read_at,
        },
        f"views 2021-11-24 {fragment}": {
            "kind": "views", "timestamp": "2021-11-24T00:00:00Z", "count": 99, "uniques": 20, "asOf": read_at,
        },
    }  # fmt: skip
    assert handed[0].updated_at == datetime(2021, 11, 23, tzinfo=UTC)
    assert handed[0].location == f"imports/ghrs-data/{AGGREGATE}:2"
    assert handed[-1] == Claim(
        5, "days of views, days of clones, and lists of referrers and paths in the files"
    )


def test_lists_look_as_github_tells_them(workspace: Workspace) -> None:
    """One list for each file, as of the instant in its name, whichever release of the tool named the columns."""
    write(workspace, "snapshots/2020-12-14_165621_top_referrers_snapshot.csv",
          'referrer,views_total,views_unique\nGoogle,116,59\n"a, b",3,1\n')  # fmt: skip
    write(workspace, "snapshots/2020-12-14_165621_top_paths_snapshot.csv",
          "path,count_total,count_unique\n/example/fastfs,582,189\n")  # fmt: skip

    assert items(read(workspace)) == {
        "referrers 2020-12-14T16:56:21Z": {
            "kind": "referrers",
            "asOf": "2020-12-14T16:56:21Z",
            "list": [
                {"referrer": "Google", "count": 116, "uniques": 59},
                {"referrer": "a, b", "count": 3, "uniques": 1},
            ],
        },
        "paths 2020-12-14T16:56:21Z": {
            "kind": "paths",
            "asOf": "2020-12-14T16:56:21Z",
            "list": [{"path": "/example/fastfs", "count": 582, "uniques": 189}],
        },
    }


@pytest.mark.parametrize("stars", ["stars.csv", "stargazers.csv"])
@pytest.mark.parametrize("snapshots", ["stars-snapshots.csv", "stargazer-snapshots.csv"])
def test_stars_and_forks_are_counted_in_all(workspace: Workspace, stars: str, snapshots: str) -> None:
    """Each instant with how many there were by then, in UTC."""
    write(workspace, stars, "time_iso8601,stars_cumulative\n2021-01-14 17:41:02+00:00,1\n")
    write(
        workspace,
        snapshots,
        "time_iso8601,stargazers_cumulative_snapshot\n2020-01-01 13:37:37+01:00,50\n\n\n",
    )
    write(workspace, "forks.csv", "time_iso8601,forks_cumulative\n2021-01-22 23:08:44+00:00,1\n")

    assert list(items(read(workspace, "counts")).values()) == [
        {"kind": "stars", "timestamp": "2021-01-14T17:41:02Z", "count": 1},
        {"kind": "stars", "timestamp": "2020-01-01T12:37:37Z", "count": 50},
        {"kind": "forks", "timestamp": "2021-01-22T23:08:44Z", "count": 1},
    ]


def test_a_bad_row_is_set_aside_and_the_others_go_on(workspace: Workspace) -> None:
    """Each with its line and the reason; of a row of which a part is good, that part is kept."""
    rows = [
        "2021-11-01 00:00:00+00:00,1,1,2,1",
        "yesterday,1,1,2,1",
        "2021-11-03 00:00:00+00:00,x,1,2,1",
        "2021-11-04 00:00:00+00:00,1,-1,2,3",
        "2021-11-05 00:00:00+00:00,1,1,2",
        '2021-11-06 00:00:00+00:00,"1,1,2,1',
        "2021-11-07 03:00:00+00:00,1,1,2,1",
        "2031-11-08 00:00:00+00:00,1,1,2,1",
        "1999-11-09 00:00:00+00:00,1,1,2,1",
        "2021-11-10 00:00:00+00:00,1,,2,1",
        "0001-01-01 00:00:00+14:00,1,1,2,1",
        "",
        "2021-11-11 00:00:00+00:00,1,1,2,1",
    ]
    write(workspace, AGGREGATE, HEADER + "\n".join(rows) + "\n")

    handed = read(workspace)

    assert [key.removesuffix(f" {AGGREGATE}") for key in items(handed)] == [
        "views 2021-11-01", "clones 2021-11-01", "views 2021-11-03", "views 2021-11-10", "views 2021-11-11",
        "clones 2021-11-11",
    ]  # fmt: skip
    assert rejects(handed) == [
        (f"{AGGREGATE}:3", "time_iso8601 'yesterday' is no time such as 2026-11-22 00:00:00+00:00"),
        (f"{AGGREGATE}:4", "clones_total 'x' is no count"),
        (f"{AGGREGATE}:5", "views_unique 3 is more than views_total 2; clones_unique '-1' is no count"),
        (f"{AGGREGATE}:6", "4 columns, where the header has 5"),
        (f"{AGGREGATE}:7", "no CSV: unexpected end of data"),
        (f"{AGGREGATE}:8", "time_iso8601 '2021-11-07 03:00:00+00:00' is not the beginning of a UTC day"),
        (f"{AGGREGATE}:9", "time_iso8601 '2031-11-08 00:00:00+00:00' lies after the file was written"),
        (f"{AGGREGATE}:10", "time_iso8601 '1999-11-09 00:00:00+00:00' lies before GitHub"),
        (f"{AGGREGATE}:11", "clones_unique '' is no count"),
        (
            f"{AGGREGATE}:12",
            "time_iso8601 '0001-01-01 00:00:00+14:00' is no time such as 2026-11-22 00:00:00+00:00",
        ),
    ]
    assert handed[-1].count == 6 + 10


def test_what_is_no_list_is_set_aside(workspace: Workspace) -> None:
    """A file whose name has no time, and a row without a name; a list of which nothing can be read is no empty list."""
    header = "referrer,views_total,views_unique\n"
    write(workspace, "snapshots/new_top_referrers_snapshot.csv", header + "Google,1,1\n")
    write(workspace, "snapshots/2021-13-01_000000_top_referrers_snapshot.csv", header + "Google,1,1\n")
    write(workspace, "snapshots/2021-11-01_000000_top_referrers_snapshot.csv", header + ",1,1\n")
    write(workspace, "snapshots/2021-11-02_000000_top_referrers_snapshot.csv", header)

    handed = read(workspace)

    assert list(items(handed)) == ["referrers 2021-11-02T00:00:00Z"]
    no_time = "the name of the file has to begin with when the list was read, such as 2026-11-22_033000_"
    assert rejects(handed) == [
        (
            "2021-11-01_000000_top_referrers_snapshot.csv:2",
            "a cell is empty, and referrer, views_total and views_unique are needed",
        ),
        ("2021-13-01_000000_top_referrers_snapshot.csv:0", no_time),
        ("new_top_referrers_snapshot.csv:0", no_time),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "it has no header"),
        ("2021-11-01,1,1,1,1\n", "it begins with '2021-11-01,1,1,1,1'"),
        ("time_iso8601,views_total,views_unique\n", "it begins with 'time_iso8601,views_total,views_unique'"),
        (HEADER.replace("\n", ",bots_total\n"), f"it begins with '{HEADER.strip()},bots_total'"),
    ],
)
def test_an_unknown_header_is_told_with_the_one_expected(workspace: Workspace, text: str, found: str) -> None:
    """The error names file, line and columns; what stands in the other files is kept, and read once."""
    write(workspace, AGGREGATE, text)
    write(workspace, FRAGMENT, HEADER + "2021-11-23,1,1,1,1\n")

    first = collect(workspace, github_repo_stats, "run", Quiet())
    second = collect(workspace, github_repo_stats, "run", Quiet())

    assert first.failures == second.failures == [
        f"github-repo-stats of 'example/fastfs': imports/ghrs-data/{AGGREGATE}, line 1: {found}, and a header with "
        "time_iso8601, clones_total, clones_unique, views_total, views_unique was expected. "
        "Put the file right, or take it out of the folder."
    ]  # fmt: skip
    assert (first.added, second.added) == (2, 0)


def test_a_header_may_stand_in_another_order_and_behind_a_mark(workspace: Workspace) -> None:
    """Excel writes a byte order mark and Windows its line ends; columns are found by their names."""
    write(workspace, AGGREGATE,
          b"\xef\xbb\xbfviews_unique,views_total,time_iso8601,clones_unique,clones_total\r\n"
          b"1,2,2021-11-23,3,4\r\n")  # fmt: skip

    assert [(one["count"], one["uniques"]) for one in items(read(workspace)).values()] == [(2, 1), (4, 3)]


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("imports/nowhere", "imports/nowhere is no folder. Name the folder that the tool calls ghrs-data"),
        ("ospo.toml", "ospo.toml is no folder."),
        ("imports", "imports has none of the tool's files."),
        ("https://example.org/data", "is a web address, and the files are read from disk. Clone it."),
    ],
)
def test_a_wrong_folder_is_told(workspace: Workspace, location: str, expected: str) -> None:
    """What is wrong with 'location', and which folder is meant."""
    instance = Instance("example/fastfs", None, github_repo_stats.Folder(location))

    with pytest.raises(SourceError) as error:
        list(github_repo_stats.read(instance, "traffic", Context(workspace.folder, NOW)))

    assert expected in str(error.value)


def test_only_what_changed_is_read_again(workspace: Workspace) -> None:
    """A second run hands over nothing; a longer aggregate is read; a fragment that was deleted stays counted."""
    write(workspace, AGGREGATE, HEADER + "2021-11-22,1,1,1,1\n")
    fragment = write(workspace, FRAGMENT, HEADER + "2021-11-23,1,1,1,1\n")

    first = read(workspace)
    second = read(workspace, cursor=last_cursor(first))
    fragment.unlink()
    write(workspace, AGGREGATE, HEADER + "2021-11-22,1,1,1,1\n2021-11-23,1,1,1,1\n")
    third = read(workspace, cursor=last_cursor(second))

    assert [len(items(handed)) for handed in (first, second, third)] == [4, 0, 4]
    assert [handed[-1].count for handed in (first, second, third)] == [4, 4, 6]


def test_an_interrupted_reading_goes_on(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """From every checkpoint on, what was handed over before and after it is everything, and the claim is the same."""
    monkeypatch.setattr(github_repo_stats, "FILES_A_CHECKPOINT", 1)
    for day in range(10, 15):
        write(workspace, f"snapshots/2021-11-{day}_231835_views_clones_series_fragment.csv",
              HEADER + f"2021-11-{day - 1},1,1,{day},1\n")  # fmt: skip
    whole = read(workspace)

    for place, one in enumerate(whole):
        if isinstance(one, Checkpoint):
            rest = read(workspace, cursor=json.loads(json.dumps(one.cursor)))
            assert items(whole[:place]) | items(rest) == items(whole)
            assert rest[-1] == whole[-1]
    assert sum(isinstance(one, Checkpoint) for one in whole) == 6


def test_what_two_files_say_of_one_day_is_kept_beside_each_other(workspace: Workspace) -> None:
    """Both versions are in the log, also from one file that has a day twice; nothing is appended a second time."""
    write(workspace, AGGREGATE, HEADER + "2021-11-23,,,89,22\n2021-11-23,,,88,23\n")
    write(workspace, FRAGMENT, HEADER + "2021-11-23,,,90,21\n")

    added = []
    for _ in range(3):
        added.append(collect(workspace, github_repo_stats, "run", Quiet()).added)
        write(workspace, AGGREGATE, HEADER + "2021-11-23,,,89,22\n2021-11-23,,,88,23\n\n" + "\n" * len(added))

    assert added == [3, 0, 0]
    assert ask(
        workspace,
        "select (payload ->> '$.count')::int, (payload ->> '$.uniques')::int "
        "from raw.github_repo_stats__traffic order by all",
    ) == [(88, 23), (89, 22), (90, 21)]
    assert ask(workspace, "select claimed, held, gap from meta.reconciliation where stream = 'traffic'") == [
        (3, 3, 0)
    ]


@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([
    b"2021-11-23,1,1,2,1", b"2021-11-23 00:00:00+00:00,,,3,1", b"2021-11-23,1.0,1,2,1", b'"', b"\x00", b",,,,", b"\r",
]))))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_whatever_stands_in_a_file_is_counted(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    """No content stops the reading, and items and rejects add up to the claim."""
    folder = tmp_path_factory.mktemp("any")
    (folder / AGGREGATE).write_bytes(HEADER.encode() + b"\n".join(lines))
    instance = Instance("example/fastfs", None, github_repo_stats.Folder(str(folder)))

    handed = list(github_repo_stats.read(instance, "traffic", Context(folder, NOW)))

    found = [one for one in handed if isinstance(one, Item | Reject)]
    assert handed[-1].count == len(found)
    assert len({one.key for one in found if isinstance(one, Item)}) == sum(
        isinstance(one, Item) for one in found
    )


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        (
            "example/fastsf",
            "project 'example/fastsf' belongs to no community; did you mean 'example/fastfs'?",
        ),
        ("example/*", "a folder of github-repo-stats needs one project, not 'example/*'."),
    ],
)
def test_a_folder_belongs_to_one_project_of_a_community(tmp_path: Path, project: str, expected: str) -> None:
    """What nobody would ever see in a number is a mistake, not a silence."""
    (tmp_path / "ospo.toml").write_text(
        SETTINGS.replace('project = "example/fastfs"', f'project = "{project}"')
    )

    with pytest.raises(SettingsError) as error:
        open_workspace(tmp_path)

    assert str(error.value) == f"{tmp_path / 'ospo.toml'}, line 11: {expected}"


def test_two_folders_of_a_project_are_told_apart(workspace: Workspace) -> None:
    """A project may have been watched twice; each folder keeps its own place."""
    second = '\n[[sources.github_repo_stats]]\nproject = "example/fastfs"\nlocation = "imports/older"\n'
    workspace.settings_file.write_text(SETTINGS + second)
    settings_of_both = open_workspace(workspace.folder).settings

    assert [
        (one.id, one.project_id) for one in github_repo_stats.instances(settings_of_both, workspace.folder)
    ] == [("example/fastfs", "example/fastfs"), ("example/fastfs (imports/older)", "example/fastfs")]


# The real folder, and the nights after it

Numbers = tuple[int, int]
"""Total and unique."""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace into which the real folder was imported, twice; copy it before you change it."""
    folder = tmp_path_factory.mktemp("imported") / "workspace"
    shutil.copytree(REAL, folder / "imports" / "ghrs-data")
    (folder / "ospo.toml").write_text(SETTINGS)
    workspace = open_workspace(folder)
    added = [collect(workspace, github_repo_stats, f"import-{n}", Quiet()) for n in range(2)]
    assert [(one.added, one.failures) for one in added] == [(2 * 359 + 58 + 64 + 3 + 16, []), (0, [])]
    return workspace


def real_days() -> dict[date, dict[str, Numbers]]:
    """What the aggregate says, read without any of our code."""
    with (REAL / AGGREGATE).open() as file:
        return {
            date.fromisoformat(row["time_iso8601"][:10]): {
                kind: (int(row[f"{kind}_total"]), int(row[f"{kind}_unique"])) for kind in ("views", "clones")
            }
            for row in csv.DictReader(file)
        }


def build(workspace: Workspace) -> None:
    """Build the traffic models and what stands before them, with the tests of their data."""
    with open_warehouse(workspace.warehouse) as connection:
        add_raw_tables(connection, ["github__traffic"])
    transform.write_config(workspace)
    transform.ensure_key(workspace)
    models = ["+fct_traffic_daily", "+fct_traffic_sources", "stg_github_repo_stats__counts"]
    errors = transform.dbt(
        workspace, ["build", "--select", *models, "--exclude-resource-type", "unit_test"], None
    )
    assert errors == []
    results = transform.run_results(workspace)
    assert {result["status"] for result in results} <= {"success", "pass"}
    assert sum(result["unique_id"].startswith("test.") for result in results) >= 15


class GitHub:
    """A repository's visits, and what GitHub tells of them at an instant: the last 14 days, to the minute."""

    def __init__(self, before: dict[date, dict[str, Numbers]]) -> None:
        self._visits: dict[tuple[str, date], list[tuple[datetime, int]]] = {}
        for number in range(60):
            day = date(2021, 11, 1) + timedelta(days=number)
            for kind in ("views", "clones"):
                total, unique = before.get(day, {}).get(kind, (40 + number % 7, 11 + number % 5))
                seen = timedelta(hours=23) if day in before else timedelta(days=1)
                began = datetime.combine(day, time(), UTC)
                visits = [(began + seen * ((i + 0.5) / total), i % unique) for i in range(total)]
                if day == max(
                    before
                ):  # what came in the last minutes of the tool's last day, after it had read
                    visits += [(began + timedelta(hours=23, minutes=30 + i), 1_000 + i) for i in range(5)]
                self._visits[kind, day] = visits

    def whole(self, kind: str, day: date) -> Numbers:
        return self._numbers(self._visits[kind, day])

    def told(self, at: datetime) -> dict[tuple[str, date], Numbers]:
        found = {}
        for place, visits in self._visits.items():
            seen = [one for one in visits if at - timedelta(days=14) <= one[0] <= at]
            if seen:
                found[place] = self._numbers(seen)
        return found

    @staticmethod
    def _numbers(visits: list[tuple[datetime, int]]) -> Numbers:
        return len(visits), len({visitor for _, visitor in visits})


def fetch_nightly(workspace: Workspace, github: GitHub, nights: list[datetime]) -> None:
    """Collect as the github source does, each night; then say in the log that it was that night."""
    for number, at in enumerate(nights):
        run_id = f"night-{number}"
        handed: list[Any] = []
        for (kind, day), (count, uniques) in github.told(at).items():
            payload = {"kind": kind, "timestamp": f"{day}T00:00:00Z", "count": count, "uniques": uniques}
            handed.append(Item(f"{kind} {day}", as_json(payload)))
        listed = [{"referrer": "Google", "count": number + 2, "uniques": 2}]
        handed.append(
            Item(
                f"referrers {at.date()}",
                as_json({"kind": "referrers", "asOf": str(at.date()), "list": listed}),
            )
        )

        def hand_over(*_: Any, handed: list[Any] = handed) -> Iterator[Any]:
            yield from handed

        source: Any = SimpleNamespace(
            NAME="github",
            STREAMS=(Stream("traffic", versions=True),),
            instances=lambda *_: [Instance("4711", "example/fastfs")],
            read=hand_over,
        )
        assert collect(workspace, source, run_id, Quiet()).failures == []
        with open_warehouse(workspace.warehouse) as connection:
            connection.execute("update raw.github__traffic set fetched_at = ? where run_id = ?", [at, run_id])


@needs_real_files
def test_the_359_days_of_a_real_folder(imported: Workspace) -> None:
    """Every day with the numbers of the file, the lists of 58 files, and a claim that is met."""
    workspace = imported
    build(workspace)

    days = real_days()
    assert len(days) == 359
    assert ask(workspace, "from core.fct_traffic_daily order by day") == [
        (
            "example/fastfs",
            day,
            *said["views"],
            *said["clones"],
            "github_repo_stats",
            day in (min(days), max(days)),
        )
        for day, said in sorted(days.items())
    ]
    assert ask(
        workspace, "select source, stream, claimed, held, rejects, gap from meta.reconciliation order by all"
    ) == [
        ("github_repo_stats", "counts", 83, 83, 0, 0),
        ("github_repo_stats", "traffic", 2 * 359 + 58, 2 * 359 + 58, 0, 0),
    ]
    listed = []
    for path in (REAL / "snapshots").glob("*.csv"):
        kind = "referrer" if "referrers" in path.name else "path"
        with path.open() as file:
            for row in csv.reader(list(file)[1:]):
                listed.append((date.fromisoformat(path.name[:10]), kind, row[0], int(row[1]), int(row[2])))
    assert ask(
        workspace,
        "select as_of, kind, name, views, unique_visitors from core.fct_traffic_sources order by all",
    ) == sorted(listed)
    counts = "select kind, max(total), count(*) from staging.stg_github_repo_stats__counts group by kind"
    assert ask(workspace, f"{counts} order by kind") == [("forks", 16, 16), ("stars", 1_100, 67)]


@needs_real_files
@pytest.mark.parametrize(
    ("first_night", "partial", "missing"),
    [
        # The night after the tool's last day: the day that was not over for the tool is whole now.
        (datetime(2021, 11, 25, 3, 30, tzinfo=UTC), set(), set()),
        # The last night on which the window still reaches back to the tool's last day, but cuts it.
        (datetime(2021, 12, 8, 3, 30, tzinfo=UTC), {date(2021, 11, 24)}, set()),
        # Two nights too late: a day is lost, the next is cut, and no number is made up.
        (
            datetime(2021, 12, 10, 3, 30, tzinfo=UTC),
            {date(2021, 11, 24), date(2021, 11, 26)},
            {date(2021, 11, 25)},
        ),
    ],
)
def test_the_import_is_continued_nightly_without_a_seam(
    imported: Workspace, tmp_path: Path, first_night: datetime, partial: set[date], missing: set[date]
) -> None:
    """Each day once, with the largest that either ever told; a day at the window's edge lowers no number."""
    shutil.copytree(imported.folder, tmp_path / "workspace")
    workspace = open_workspace(tmp_path / "workspace")
    days = real_days()
    github = GitHub(days)
    nights = [first_night + timedelta(days=n) for n in range(18)]

    fetch_nightly(workspace, github, nights)
    collect(workspace, github_repo_stats, "again", Quiet())
    build(workspace)

    told = {(day, kind): [("import", said)] for day, kinds in days.items() for kind, said in kinds.items()}
    for at in nights:
        for (kind, day), said in github.told(at).items():
            told.setdefault((day, kind), []).append(("github", said))
    last = nights[-1].date()
    first = min(days)
    every_day = {first + timedelta(days=n) for n in range((last - first).days + 1)} - missing

    expected = []
    for day in sorted(every_day):
        numbers: list[int] = []
        tellers = {"import", "github"}
        for kind in ("views", "clones"):
            largest = tuple(max(said[place] for _, said in told[day, kind]) for place in (0, 1))
            numbers += largest
            by = {
                teller: tuple(
                    max((said[place] for who, said in told[day, kind] if who == teller), default=None)
                    for place in (0, 1)
                )
                for teller in tellers
            }
            tellers = {teller for teller in tellers if by[teller] == largest}
        source = "github" if "github" in tellers else "github_repo_stats" if tellers else "both"
        expected.append(("example/fastfs", day, *numbers, source, day in partial | {first, last}))
    assert ask(workspace, "from core.fct_traffic_daily order by day") == expected

    # What every day of the overlap and after it has is what GitHub would tell of the whole day.
    for _, day, views, visitors, clones, cloners, _, is_partial in expected:
        if day > date(2021, 11, 1) and not is_partial:
            assert (views, visitors) == github.whole("views", day)
            assert (clones, cloners) == github.whole("clones", day)
    oldest = last - timedelta(days=14)
    cut = github.told(nights[-1])["views", oldest]
    assert [True] == [cut < row[2:4] for row in expected if row[1] == oldest]
    assert ask(
        workspace, "select count(*), max(as_of) from core.fct_traffic_sources where as_of > '2021-11-24'"
    ) == [(len(nights), last)]
