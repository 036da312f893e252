"""Events from registration to a year later, against the truth of the simulated world."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ospo_metrics import steps, transform, view_files
from ospo_metrics.collect import collect
from ospo_metrics.progress import Quiet
from ospo_metrics.settings import Workspace, open_workspace
from ospo_metrics.sources import discover
from ospo_metrics.statistics import wilson_interval
from ospo_metrics.transform import BuildError
from ospo_metrics.warehouse import open_published, open_warehouse

OURS = ("attendance", "calendars", "feeds", "outreach")


@pytest.fixture(scope="module")
def truth(published: Workspace) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((published.folder / "truth.json").read_text())
    return found


def ask(workspace: Workspace, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with open_published(workspace.database) as connection:
        return connection.execute(sql, parameters).fetchall()


def test_everybody_who_registered_is_there_with_what_became_of_it(
    published: Workspace, truth: dict[str, Any]
) -> None:
    """Per event and status as many as the world says; the webinar's host is one more, and no attendee."""
    held = ask(
        published,
        "select event_id, status, count(*) from core.fct_attendance "
        "where not (form = 'Zoom webinar' and role = 'organiser') group by all",
    )
    expected = {
        (event, status, count)
        for event, export in truth["files"]["attendance"].items()
        for status, count in export["by_status"].items()
    }
    assert set(held) == expected


def test_attending_starts_when_the_event_does(published: Workspace, truth: dict[str, Any]) -> None:
    """Never when the ticket was bought, and not at the door either."""
    starts = {event["id"]: datetime.fromisoformat(event["starts_at"]) for event in truth["events"]}
    rows = ask(
        published,
        "select distinct event_id, attended_at from core.fct_attendance where status = 'attended' and form <> 'plain'",
    )
    touched = ask(
        published, "select distinct event_id, touched_at from core.fct_touches where kind = 'attended'"
    )
    assert dict(rows) == starts
    assert {event: at for event, at in touched if event in starts} == {
        event: at for event, at in starts.items() if event in dict(touched)
    }
    assert ask(published, "select count(*) from core.fct_attendance where registered_at >= attended_at") == [
        (0,)
    ]


def test_only_who_agreed_is_matched_and_only_by_the_same_address(
    published: Workspace, truth: dict[str, Any]
) -> None:
    """As many people are found as agreed under an address that git or mail shows too; nobody else has a name."""
    seen = {
        identity["value"].lower()
        for person in truth["people"]
        for identity in person["identities"]
        if identity["kind"] == "address"
    }
    expected = Counter(
        (event["id"], seat["address"].lower() in seen)
        for event in truth["events"]
        if event["tool"] != "meetup"
        for seat in event["attendance"]
        if seat["consented"]
    )
    held = ask(
        published,
        "select event_id, person_id is not null, count(*) from core.fct_attendance "
        "where has_consented and form not in ('Meetup', 'plain') group by all",
    )
    assert {(event, found): count for event, found, count in held} == dict(expected)
    assert sum(count for (_, found), count in expected.items() if found) > 10
    assert ask(
        published,
        "select count(*) from core.fct_attendance where has_consented is not true and "
        "(person_id is not null or attendee_key is not null)",
    ) == [(0,)]


def test_a_matched_person_is_the_one_who_was_there(published: Workspace, truth: dict[str, Any]) -> None:
    """The pseudonym leads to the identities of the very person who registered."""
    with open_warehouse(published.warehouse, read_only=True) as connection:
        identities = dict(
            connection.execute(
                "select lower(value), person_id from intermediate.int_identities where kind = 'address'"
            ).fetchall()
        )
    expected = Counter(
        (event["id"], identities[seat["address"].lower()])
        for event in truth["events"]
        if event["tool"] != "meetup"
        for seat in event["attendance"]
        if seat["consented"] and seat["address"].lower() in identities
    )
    held = ask(
        published,
        "select event_id, person_id, count(*) from core.fct_attendance "
        "where person_id is not null and form <> 'plain' group by all",
    )
    assert {(event, person): count for event, person, count in held} == dict(expected)


def test_no_address_and_no_name_of_an_attendee_lands_anywhere(
    published: Workspace, truth: dict[str, Any]
) -> None:
    """Nobody who is known from lists of attendees alone stands in the warehouse or in what is published."""
    known = {person["id"]: person for person in truth["people"]}
    seen = {
        identity["value"].lower()
        for person in truth["people"]
        for identity in person["identities"]
        if identity["kind"] == "address"
    }
    addresses, names = set(), set()
    for event in truth["events"]:
        for seat in event["attendance"]:
            person = known[seat["person"]]
            if seat["address"] and seat["address"].lower() not in seen:
                addresses.add(seat["address"].lower())
            if not person["identities"] and person["login"] is None:
                names.add(person["name"].lower())
    talkers = (published.folder / "schedules").glob("*.xml")
    spoken = "".join(path.read_text() for path in talkers).lower()
    names = {
        name
        for name in names
        if name not in spoken and name not in {n[0].lower() for n in truth["namesakes"]}
    }
    assert len(addresses) > 20
    assert len(names) > 20
    for path in (published.warehouse, published.database):
        with duckdb.connect(str(path), read_only=True) as connection:
            columns = connection.execute(
                "select schema_name, table_name, column_name from duckdb_columns() "
                "where not internal and (data_type like '%VARCHAR%' or data_type like '%JSON%')"
            ).fetchall()
            for schema, table, column in columns:
                texts = connection.execute(
                    f'select distinct lower("{column}"::varchar) from {schema}."{table}" where "{column}" is not null'
                ).fetchall()
                whole = "\n".join(text for (text,) in texts)
                assert not [one for one in addresses if one in whole], (schema, table, column)
                if (schema, table) == ("raw", "attendance__registrations") or path == published.database:
                    assert not [one for one in names if one in whole], (schema, table, column)
    logs = "".join(path.read_text(errors="replace") for path in published.private.rglob("*.log")).lower()
    pages = "".join(text for _, text in view_files.texts(published.dashboards)).lower()
    assert not [one for one in addresses if one in logs or one in pages]


def test_each_step_of_an_event_is_what_a_plain_count_gives(published: Workspace) -> None:
    """Came, 30, 90 and 180 days, and a year: k, n and the interval, counted here once more without SQL's help."""
    seats = ask(
        published,
        "select a.event_id, a.status, a.match_status, a.person_id, e.starts_on from core.fct_attendance as a "
        "join core.dim_events as e using (event_id) where a.role = 'attendee' and not a.is_own",
    )
    did: dict[str, list[Any]] = {}
    for person, day in ask(
        published,
        "select person_id, occurred_on from core.fct_activities where level in ('D1', 'D2') and project_id is not null "
        "and person_id is not null and not is_bot and not is_own and kind not in "
        "('change_request_merged', 'change_request_closed', 'issue_closed', 'talk_given')",
    ):
        did.setdefault(person, []).append(day)
    windows = {"day_30": (0, 30), "day_90": (0, 90), "day_180": (0, 180), "year": (335, 395)}
    numbers = {
        (event, segment): (k, n, lower, upper)
        for event, segment, k, n, lower, upper in ask(
            published,
            "select scope_id, segment, numerator, denominator, lower, upper from metrics.event_outcomes "
            "where status = 'ok'",
        )
    }
    assert {segment for _, segment in numbers} == {"came", *windows}
    for (event, segment), (k, n, lower, upper) in numbers.items():
        mine = [seat for seat in seats if seat[0] == event]
        if segment == "came":
            expected = (sum(seat[1] == "attended" for seat in mine), len(mine))
        else:
            first, last = windows[segment]
            there = [
                seat for seat in mine if seat[1] == "attended" and seat[2] in ("same_address", "unmatched")
            ]
            hits = {
                seat[3]
                for seat in there
                for day in did.get(seat[3], ())
                if seat[4] + timedelta(days=first) <= day <= seat[4] + timedelta(days=last)
            }
            expected = (len(hits), len(there))
        low, high = wilson_interval(*expected)
        assert (k, n) == expected, (event, segment)
        assert (lower, upper) == pytest.approx((float(low), float(high)), abs=1e-9)


def test_what_is_too_early_says_so(published: Workspace, truth: dict[str, Any]) -> None:
    """A year after the hack day of April 2026 lies beyond the data; a list without addresses finds nobody."""
    told = {
        (event, segment): (status, reason)
        for event, segment, status, reason in ask(
            published,
            "select scope_id, segment, status, reason from metrics.event_outcomes where status <> 'ok'",
        )
    }
    late = told["edge-hackday-2026", "year"]
    assert late[0] == "too_early"
    assert late[1].endswith("reach to 12 May 2027.")
    assert told["observability-meetup-2025", "day_90"] == (
        "no_data",
        "The list has no addresses, so nobody can be looked for.",
    )
    page = (published.dashboards / "event-edge-hackday-2026.html").read_text()
    assert "It can be told once the data" in page


def test_what_keeps_several_numbers_from_us_is_said_once_of_an_event(published: Workspace) -> None:
    """Nine boxes with one sentence tell a reader less than one box below nine questions."""
    box = re.compile(r'<div class="state.*?</div>', re.DOTALL)
    questions = 0
    for path in sorted(published.dashboards.glob("event-*.html")):
        page, _, silent = path.read_text().partition('aria-labelledby="silent"')
        alone = [
            found
            for section in page.split("<section")
            if "<figure" not in section and 'class="facts"' not in section
            for found in box.findall(section)
        ]
        together = box.findall(silent)
        questions += silent.count('<li id="')
        assert len({*alone, *together}) == len([*alone, *together]), path.name
        assert silent.count('<li id="') >= 2 * len(together), path.name
    assert questions > 10


def test_every_event_with_attendees_has_a_page(published: Workspace, truth: dict[str, Any]) -> None:
    """Each with its five steps and its cost; the list leads to all of them."""
    overview = (published.dashboards / "events.html").read_text()
    for event in truth["events"]:
        page = (published.dashboards / f"event-{event['id']}.html").read_text()
        assert f'href="event-{event["id"]}.html"' in overview
        for label in (
            "Came",
            "within 30 days",
            "within 90 days",
            "within 180 days",
            "Still here after a year",
        ):
            assert label in page
        assert f"{event['cost']:,} EUR" in page
    assert 'href="events.html"' in (published.dashboards / "index.html").read_text()
    assert (
        "No rate is known for 900 CHF" in (published.dashboards / "event-edge-hackday-2026.html").read_text()
    )


def test_an_event_in_calendar_schedule_spreadsheet_and_list_is_one(
    published: Workspace, truth: dict[str, Any]
) -> None:
    """Eight events of the sheet, a picnic that was cancelled, and nineteen office hours; each knows who tells of it."""
    events = {row[0]: row[1:] for row in ask(
        published, "select event_id, is_cancelled, is_recurring, known_from, role from core.dim_events"
    )}  # fmt: skip
    assert len(events) == 8 + 1 + 19
    for event in truth["events"]:
        assert events[event["id"]][:3] == (False, False, ["attendance", "calendars", "outreach"])
    for conference in truth["files"]["calendars"]:
        assert events[conference][2:] == (["attendance", "calendars", "outreach", "schedules"], "spoke")
    assert events["outreach.edge-picnic-2026"] == (True, False, ["calendars"], None)
    assert sum(is_recurring for _, is_recurring, *_ in events.values()) == 19
    with (published.private / "event_proposals.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["event", "other", "same", "reason"]]


def test_our_talks_are_found_each_with_the_reason(published: Workspace, truth: dict[str, Any]) -> None:
    """All of ours and no decoy, about the right project; the spreadsheet adds what no schedule shows."""
    expected = Counter(
        (conference, talk["project"], "has the project's name in its title"
         if talk["told_by"] == "project name in the title" else "links to the repository")
        for conference, schedule in truth["files"]["calendars"].items()
        for talk in schedule["our_talks"]
    )  # fmt: skip
    expected[
        "observability-workshop-2025", "example/tracewell", "the spreadsheet says so; no schedule shows it"
    ] += 1
    held = ask(
        published,
        "select event_id, project_id, match_reason, count(*) from core.fct_talks where is_ours group by all",
    )
    assert {row[:3]: row[3] for row in held} == dict(expected)
    assert ask(
        published, "select count(*) from core.fct_talks where not is_ours and match_reason is not null"
    ) == [(0,)]


def test_money_keeps_its_currency(published: Workspace) -> None:
    """Dollars at the rate of their day, francs without a rate shown and not added."""
    assert ask(
        published,
        "select object_kind, object_id, what, amount, currency, rate, program_amount, program_currency "
        "from core.fct_costs where currency <> 'EUR' order by all",
    ) == [
        ("campaign", "fastfs-2-launch", "video production", 2100.0, "USD", 0.92, 1932.0, "EUR"),
        ("event", "edge-hackday-2026", "printing", 900.0, "CHF", None, None, "EUR"),
    ]


def test_content_of_sheet_and_feed_is_counted_once(published: Workspace) -> None:
    """Six of the sheet, three of the feed, one of them in both."""
    rows = ask(
        published,
        "select source, made_by, count(*), count(project_id) from core.fct_content group by all order by all",
    )
    assert rows == [("feeds", "us", 2, 1), ("outreach", "community", 3, 3), ("outreach", "us", 3, 3)]


def test_goals_campaigns_and_introductions_arrive_whole(published: Workspace, truth: dict[str, Any]) -> None:
    """As many as there are; the number of a consent stays private."""
    sheets = truth["files"]["outreach"]["spreadsheets"]
    for table, sheet in (
        ("dim_goals", "goals"),
        ("dim_campaigns", "campaigns"),
        ("fct_introductions", "introductions"),
    ):
        assert ask(published, f"select count(*) from core.{table}") == [(sheets[sheet],)]
    assert ask(
        published,
        "select metric, window_days, about, community_ids from core.dim_campaigns where campaign_id = 'trace-week'",
    ) == [("stars", 28, ["example/tracewell"], ["observability"])]
    assert "c-001" not in repr(ask(published, "from core.fct_introductions"))


def test_the_days_on_which_no_lift_is_claimed(published: Workspace) -> None:
    """Holidays of the region, campaigns with their window, events of ours, and known breaks of the sources."""
    found = dict(ask(published, "select kind, count(*) from core.dim_shocks group by kind"))
    assert (found["campaign"], found["event"]) == (4, 8)
    assert ask(
        published,
        "select scope_id, what from core.dim_shocks where kind = 'holiday' and starts_on = date '2026-10-03'",
    ) == [("DE", "German Unity Day")]
    assert ask(
        published,
        "select ends_on::varchar from core.dim_shocks where scope_id = 'trace-week' and kind = 'campaign'",
    ) == [("2026-03-29",)]


def test_how_people_heard_of_it_is_a_channel(published: Workspace) -> None:
    """The channel of a touch, dated by the registration; what they wrote is nowhere."""
    heard = dict(
        ask(published, "select channel, count(*) from core.fct_touches where kind = 'heard' group by all")
    )
    assert set(heard) == {"word_of_mouth", "mailing_list", "newsletter", "web_site", "social_media"}
    with open_warehouse(published.warehouse, read_only=True) as connection:
        assert connection.execute(
            "select count(*) from raw.attendance__registrations where payload::varchar ilike '%a friend%'"
        ).fetchone() == (0,)


def test_nothing_is_left_unexplained(published: Workspace) -> None:
    """What the files hold is what we hold, and every column is described."""
    gaps = ask(
        published,
        "select source, gap, rejects from meta.reconciliation where list_contains($1, source) "
        "and (gap <> 0 or rejects <> 0)",
        [list(OURS)],
    )
    assert gaps == []
    assert (
        ask(
            published, "select table_name, column_name from meta.columns where coalesce(description, '') = ''"
        )
        == []
    )


def test_a_second_collection_brings_nothing_and_a_bad_row_is_shown(
    published: Workspace, tmp_path: Path
) -> None:
    """Unchanged files add no row; a row that goes wrong tonight is named, and goes when it is right."""
    shutil.copytree(published.folder, tmp_path / "workspace")
    workspace = open_workspace(tmp_path / "workspace")
    sources = discover()
    assert [collect(workspace, sources[name], "run-2", Quiet()).added for name in OURS] == [0, 0, 0, 0]
    sheet = workspace.folder / "outreach" / "events.csv"
    right = sheet.read_text()
    sheet.write_text(right.replace("hosted", "hostd", 1))
    again = collect(workspace, sources["outreach"], "run-3", Quiet())
    # The row that can no longer be read is taken out, and the reject says why.
    assert (again.added, again.rejects, again.failures) == (1, 1, [])
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        ((location, reason),) = connection.execute(
            "select location, reason from meta.rejects where source = 'outreach'"
        ).fetchall()
        assert connection.execute(
            "select sum(gap) from meta.reconciliation where source = 'outreach'"
        ).fetchone() == (0,)
    assert location.startswith("outreach/events.csv:row ")
    assert reason.endswith("column 'role': 'hostd' is none of the words known here; did you mean 'hosted'?")
    sheet.write_text(right)
    assert collect(workspace, sources["outreach"], "run-4", Quiet()).rejects == 0


def test_what_a_list_says_now_counts_whatever_dates_stand_in_it(published: Workspace, tmp_path: Path) -> None:
    """Erased, the check-in undone, cancelled afterwards: also over rows that an older version read with their dates."""
    shutil.copytree(published.folder, tmp_path / "workspace")
    workspace = open_workspace(tmp_path / "workspace")
    path = workspace.folder / "outreach" / "attendance" / "dated.csv"
    header = "ticket_id,email,status,registered_at,checked_in_at"
    came = "attended,2026-01-05 10:00,2026-02-01 09:00"
    path.write_text(
        f"{header}\n1,a@example.org,{came}\n2,b@example.org,{came}\n3,c@example.org,{came}\n4,d@example.org,{came}\n"
    )
    source = discover()["attendance"]
    assert collect(workspace, source, "run-2", Quiet()).added == 4
    with open_warehouse(workspace.warehouse) as connection:
        assert connection.execute(
            "select count(*) from raw.attendance__registrations where updated_at is not null"
        ).fetchone() == (0,)
        connection.execute(
            "update raw.attendance__registrations set updated_at = timestamptz '2026-02-01 09:00:00Z'"
        )
    path.write_text(
        f"{header}\n2,b@example.org,registered,2026-01-05 10:00,\n3,c@example.org,cancelled,2026-01-05 10:00,\n"
        f"4,d@example.org,{came}\n"
    )
    assert collect(workspace, source, "run-3", Quiet()).added == 3
    transform.dbt(workspace, ["run", "--select", "stg_attendance__registrations"], None)
    with open_warehouse(workspace.warehouse, read_only=True) as connection:
        assert connection.execute(
            "select status from staging.stg_attendance__registrations where event_name = 'dated' order by status"
        ).fetchall() == [("attended",), ("cancelled",), ("registered",)]


def test_a_lost_key_stops_the_lists_before_anybody_becomes_somebody_else(
    published: Workspace, tmp_path: Path
) -> None:
    """With a new key every attendee would be a stranger; the sentence says what to restore."""
    shutil.copytree(published.folder, tmp_path / "workspace")
    workspace = open_workspace(tmp_path / "workspace")
    workspace.pseudonym_key.unlink()
    (step,) = [step for step in steps.collecting(workspace, "run-2") if step.part == "attendance"]
    with pytest.raises(BuildError, match="is gone, and with a new one everybody would be somebody else"):
        step.do(Quiet())
    assert not workspace.pseudonym_key.exists()
