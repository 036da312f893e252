"""Lists of attendees of every tool: who came arrives, no address does, and a bad row costs itself only."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import SHARED
from ospo_metrics.items import Checkpoint, Claim, Context, Instance, Item, Reject, SourceError
from ospo_metrics.pseudonyms import KEY_FILE, pseudonym
from ospo_metrics.sources import attendance
from ospo_metrics.sources._attendance_forms import FORMS, Described
from ospo_metrics.sources._tables import rows

NOW = datetime(2026, 6, 1, tzinfo=UTC)
KEY = bytes(range(32))
PYMC = SHARED / "G_outreach" / "data-umbrella-pymc2022" / "2022_07_du_pymc.csv"
HEADERS = SHARED / "C_events" / "attendee-export-headers"
TOOLS = {
    "pretix": "pretix", "eventbrite": "Eventbrite", "luma": "Luma", "meetup": "Meetup", "zoom": "Zoom webinar",
    "tito": "Ti.to", "plain": "plain",
}  # fmt: skip


def read(folder: Path, cursor: dict[str, Any] | None = None, **options: Any) -> list[Any]:
    """Everything that the lists in a workspace's folder give."""
    (folder / KEY_FILE).parent.mkdir(exist_ok=True)
    (folder / KEY_FILE).write_text(KEY.hex() + "\n")
    (folder / KEY_FILE).chmod(0o600)
    lists = attendance.Lists("outreach/attendance", **{"timezone": "Europe/Berlin", **options})
    instance = Instance("outreach", None, lists)
    return list(attendance.read(instance, "registrations", Context(folder, NOW, cursor or {})))


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / "outreach" / "attendance" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def seats(handed: list[Any]) -> list[dict[str, Any]]:
    return [json.loads(one.payload) for one in handed if isinstance(one, Item)]


def rejects(handed: list[Any]) -> list[Reject]:
    return [one for one in handed if isinstance(one, Reject)]


def address(text: str) -> str:
    return pseudonym(KEY, "address", text)


def test_every_form_is_in_the_simulated_workspace(simulated: Path) -> None:
    """Whoever tries the demo sees each form that is known read."""
    told = json.loads((simulated / "truth.json").read_text())["files"]["attendance"]
    assert {TOOLS[export["tool"]] for export in told.values()} == {form.name for form in FORMS}


def test_a_country_is_kept_of_those_who_agreed(tmp_path: Path) -> None:
    """Only where the answer was yes, and only what can be the name of a country."""
    put(
        tmp_path,
        "days.csv",
        "email,status,consent,country\na@x.org,attended,yes,Côte d'Ivoire\nb@x.org,attended,no,Ghana\n"
        "c@x.org,attended,,Ghana\nd@x.org,attended,yes,me@x.org\ne@x.org,attended,yes,\n",
    )
    assert [seat["country"] for seat in seats(read(tmp_path))] == ["Côte d'Ivoire", None, None, None, None]


@pytest.mark.parametrize("tool", [tool for tool in TOOLS if tool != "plain"])
def test_what_was_generated_comes_back(simulated: Path, tmp_path: Path, tool: str) -> None:
    """Round trip: person, status, time of registration and consent of every row equal what was written."""
    truth = json.loads((simulated / "truth.json").read_text())
    events = [event for event in truth["events"] if event["tool"] == tool]
    assert events
    for event in events:
        put(
            tmp_path,
            f"{event['id']}.csv",
            (simulated / truth["files"]["attendance"][event["id"]]["location"]).read_bytes(),
        )
    handed = read(tmp_path)

    def who(event: dict[str, Any], seat: dict[str, Any]) -> str:
        if event["tool"] == "meetup":
            return pseudonym(KEY, "member", f"meetup {550_000_000 + int(seat['person'][1:])}")
        return address(seat["address"])

    def moment(text: str) -> str:
        at = datetime.fromisoformat(text).astimezone(UTC)
        return f"{at:%Y-%m-%d %H:%M}"

    written = Counter(
        (event["id"], who(event, seat), seat["status"], moment(seat["registered_at"]), seat["consented"])
        for event in events
        for seat in event["attendance"]
    )
    read_back = Counter(
        (
            seat["event"],
            seat["attendee_id"],
            "no_show" if seat["status"] == "registered" else seat["status"],
            moment(seat["registered_at"]),
            seat["consent"],
        )
        for seat in seats(handed)
        if seat["role"] == "attendee" or tool == "meetup"
    )
    assert rejects(handed) == []
    assert read_back == written
    assert {seat["form"] for seat in seats(handed)} == {TOOLS[tool]}


def test_the_plain_form_comes_back(tmp_path: Path) -> None:
    """Every column of the form that is ours, as the README describes it."""
    put(
        tmp_path,
        "days.csv",
        "email,status,role,registered_at,checked_in_at,consent,heard,github,guests,contributed,campaign\n"
        "Ann@Example.org,attended,speaker,2026-01-05 10:00,2026-02-01T09:30:00+00:00,yes,a friend,@ann,1,yes,"
        "spring-news\n"
        "bob@example.org,no-show,,2026-01-06,,no,,,,,\n",
    )
    ann, bob = seats(read(tmp_path, own_domains=("example.org",)))
    assert ann == {
        "event": "days",
        "list": "outreach/attendance/days.csv",
        "form": "plain",
        "attendee_id": address("ann@example.org"),
        "attendee_kind": "address",
        "login_id": pseudonym(KEY, "login", "ann"),
        "is_own": True,
        "is_buyers_address": False,
        "status": "attended",
        "role": "speaker",
        "registered_at": "2026-01-05T10:00:00+01:00",
        "checked_in_at": "2026-02-01T09:30:00+00:00",
        "timezone": "Europe/Berlin",
        "minutes": None,
        "guests": 1,
        "consent": True,
        "channels": ["word_of_mouth"],
        "tracking_code": "spring-news",
        "has_contributed": True,
        "country": None,
    }
    assert (bob["status"], bob["role"], bob["consent"]) == ("no_show", "attendee", False)


def test_no_address_and_no_name_is_handed_over(simulated: Path, tmp_path: Path) -> None:
    """Whatever leaves the source holds a pseudonym and nothing that the list said of the person."""
    truth = json.loads((simulated / "truth.json").read_text())
    for path in sorted((simulated / "outreach" / "attendance").iterdir()):
        put(tmp_path, path.name, path.read_bytes())
    handed = repr(read(tmp_path))
    names = {person["id"]: person["name"] for person in truth["people"]}
    for event in truth["events"]:
        for seat in event["attendance"]:
            assert names[seat["person"]] not in handed
            assert not seat["address"] or seat["address"] not in handed
    assert "@" not in handed


@pytest.mark.skipif(not HEADERS.is_dir(), reason=f"the real headers are not in {HEADERS}")
def test_real_headers_are_recognised(tmp_path: Path) -> None:
    """Eventbrite's report with ten questions, and Luma's header behind its byte-order mark."""
    put(tmp_path, "a.csv", (HEADERS / "eventbrite_attendees.csv").read_bytes())
    put(tmp_path, "b.csv", (HEADERS / "luma_guests_header.csv").read_bytes())
    handed = read(tmp_path)
    assert rejects(handed) == []
    assert [
        (seat["form"], seat["status"], seat["registered_at"], seat["consent"]) for seat in seats(handed)
    ] == [
        ("Eventbrite", "registered", "2024-11-29T22:28:00+01:00", None),
        ("Eventbrite", "registered", "2024-11-29T22:54:00+01:00", None),
    ]


@pytest.mark.skipif(not PYMC.is_file(), reason=f"the real sign-ups are not at {PYMC}")
def test_the_sprint_of_2022_that_ospo_toml_describes(tmp_path: Path) -> None:
    """76 signed up, 38 came to a session, 24 sent a change request; what they heard of it by is a channel."""
    put(tmp_path, "sprint-2022.csv", PYMC.read_bytes())
    form = Described(
        "sprint-form",
        attended=("pre_oh", "session_1", "session_2", "session_3", "post_oh"),
        registered_at="Timestamp",
        dates="month first",
        heard="learn_of_sprint",
        contributed="submitted_pr",
    )
    handed = read(tmp_path, described=(form,))
    found = seats(handed)
    channels = Counter(channel for seat in found for channel in seat["channels"])
    assert rejects(handed) == []
    assert len(found) == 76
    assert sum(seat["status"] == "attended" for seat in found) == 38
    assert sum(bool(seat["has_contributed"]) for seat in found) == 24
    with PYMC.open(encoding="utf-8-sig", newline="") as file:
        answers = [row["learn_of_sprint"].lower() for row in csv.DictReader(file)]
    assert channels["meetup"] == sum("meetup" in answer for answer in answers)
    assert channels["word_of_mouth"] == sum("word of mouth" in answer for answer in answers)
    assert channels["invitation"] == sum("invitation" in answer for answer in answers)
    assert all(seat["channels"] for seat in found)
    assert all(seat["registered_at"].startswith(("2022-06", "2022-07", "2022-08")) for seat in found)


def test_an_unknown_header_is_not_guessed_at(tmp_path: Path) -> None:
    """The reject shows the header, the three closest forms with what they lack, and what to do."""
    put(
        tmp_path,
        "odd.csv",
        "Order #,Order Date,First Name,Last Name,Email,Seat\n1,1/2/26,A,B,a@example.org,4\n",
    )
    handed = read(tmp_path)
    (reject,) = rejects(handed)
    assert seats(handed) == []
    assert reject.location == "outreach/attendance/odd.csv:1"
    assert (
        "its header is none that we know: order #, order date, first name, last name, email and 1 column that no "
        "form has." in reject.reason
    )
    assert (
        "Closest are Eventbrite (lacks attendee #, attendee status, ticket type); plain (lacks status); "
        in reject.reason
    )
    assert reject.reason.count("(lacks") == 3
    assert "[[sources.outreach.attendance_forms]] in ospo.toml" in reject.reason


def test_somebodys_row_is_not_shown_as_a_header(tmp_path: Path) -> None:
    """A list without a header begins with a person, who must not stand in any reject."""
    put(tmp_path, "bare.csv", "Jane Canary,jane.canary@example.org,Yes\nJoe Canary,joe@example.org,No\n")
    put(tmp_path, "names.csv", "Jane Canary,Canary Corp,Yes\nJoe Canary,Canary Corp,No\n")
    put(tmp_path, "answers.csv", "Jane Canary,Status,Vegan canary\nJoe Canary,Name,No\n")
    found = rejects(read(tmp_path))
    assert len(found) == 3
    assert "canary" not in repr(found).lower()
    assert all("its first row is no header" in reject.reason for reject in found)


def test_what_else_stands_in_a_header_is_counted_and_not_shown(tmp_path: Path) -> None:
    """A name between known columns is no column of ours; upper case and spaces make none of another."""
    put(tmp_path, "odd.csv", "First  Name,EMAIL,Jane Canary,Canary Corp,Vegan\n")
    (reject,) = rejects(read(tmp_path))
    assert "none that we know: first name, email and 3 columns that no form has. Closest" in reject.reason
    assert "canary" not in repr(reject).lower()


def test_a_list_that_breaks_the_reader_costs_itself_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong in one list, the others are read, and the file and the kind of error are named."""
    put(tmp_path, "a.csv", "email,status\nbad@example.org,attended\n")
    put(tmp_path, "b.csv", "email,status\ngood@example.org,attended\n")
    add = attendance._List._add

    def breaks(self: Any, found: Any) -> None:
        add(self, found)
        if "/a.csv" in self._name:
            raise TypeError("bad@example.org")

    monkeypatch.setattr(attendance._List, "_add", breaks)
    handed = read(tmp_path)
    assert [seat["event"] for seat in seats(handed)] == ["b"]
    assert rejects(handed) == [
        Reject("outreach/attendance/a.csv:0", "it cannot be read (TypeError); export it again")
    ]
    assert handed[-1].count == 2


def test_a_cell_that_is_too_long_costs_its_row(tmp_path: Path) -> None:
    """A cell of more characters than the reader takes is named by its row; the rows around it arrive."""
    put(
        tmp_path,
        "days.csv",
        f"email,status,notes\na@example.org,attended,\nb@example.org,attended,{'x' * 131_073}\n"
        "c@example.org,attended,\n",
    )
    handed = read(tmp_path)
    assert len(seats(handed)) == 2
    assert [(one.location, one.reason) for one in rejects(handed)] == [
        ("outreach/attendance/days.csv:3", "row 3: it has a cell of more than 131,072 characters")
    ]


def test_an_answer_of_meetup_whose_parts_are_no_objects_is_read(tmp_path: Path) -> None:
    """The event as a plain name: the answer counts, on the clock of UTC; a member as a name is nobody."""
    answers = [
        {"member": {"id": 1, "event_context": "none"}, "response": "yes", "event": "Meetup", "created": 1767600000000},
        {"member": "Jane Canary", "response": "yes"},
    ]  # fmt: skip
    put(tmp_path, "days.json", json.dumps(answers))
    handed = read(tmp_path)
    assert [(seat["role"], seat["registered_at"]) for seat in seats(handed)] == [
        ("attendee", "2026-01-05T08:00:00+00:00")
    ]
    assert [one.reason for one in rejects(handed)] == ["row 2: it names no member"]


def test_of_a_list_that_is_too_large_nothing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size is asked for first; the other lists arrive."""
    put(tmp_path, "large.csv", "email,status\n" + "a@example.org,attended\n" * 50_000)
    put(tmp_path, "small.csv", "email,status\na@example.org,attended\n")
    monkeypatch.setattr(attendance, "LARGEST_LIST", 1 << 20)
    read_bytes = Path.read_bytes

    def reads(path: Path) -> bytes:
        assert path.name != "large.csv"
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", reads)
    handed = read(tmp_path)
    assert [seat["event"] for seat in seats(handed)] == ["small"]
    assert [one.reason for one in rejects(handed)] == [
        "it is larger than 1 MB, which no list of attendees is"
    ]


def test_a_table_of_zoom_that_is_not_known_is_not_lost(tmp_path: Path) -> None:
    """Who joined by telephone stands in a table without addresses: each row is named, and counted."""
    put(
        tmp_path,
        "webinar.csv",
        "Attendee Report,\nTopic,Webinar ID\nEdge,1\n"
        "Host Details,\nUser Name,Email,Join Time,Leave Time,Time in Session (minutes)\n"
        "Host,host@example.org,2026-03-28 08:00,2026-03-28 09:00,60\n"
        "Other Attended,\nUser Name,Join Time,Leave Time,Time in Session (minutes)\n"
        "Jane Canary,2026-03-28 08:00,2026-03-28 09:00,60\nJoe Canary,2026-03-28 08:00,2026-03-28 09:00,60\n",
    )
    handed = read(tmp_path)
    assert len(seats(handed)) == 1
    assert [one.reason for one in rejects(handed)] == [
        f"row {line}: it stands in a table whose header is not known" for line in (9, 10)
    ]
    assert handed[-1].count == 3


def test_seats_without_a_name_are_not_the_buyers_own(tmp_path: Path) -> None:
    """Two seats of one order under one address and without names: nobody is looked for by it."""
    header = "Order code,Attendee name,Product,Price,Checked in,Secret,E-mail,Order date,Order time,Status"
    put(
        tmp_path,
        "days.csv",
        f"{header}\n"
        "AAA,,Ticket,0,,s1,ann@example.org,2026-01-05,10:00:00,Paid\n"
        "AAA,,Ticket,0,,s2,Ann@example.org,2026-01-05,10:00:00,Paid\n"
        "BBB,,Ticket,0,,s3,cid@example.org,2026-01-05,10:00:00,Paid\n",
    )
    assert [(seat["attendee_id"], seat["is_buyers_address"]) for seat in seats(read(tmp_path))] == [
        (None, True),
        (None, True),
        (address("cid@example.org"), False),
    ]


def test_the_buyer_is_not_the_attendee(tmp_path: Path) -> None:
    """One address for several names of an order is the buyer's: the seats count, and nobody is looked for by it."""
    header = "Order code,Attendee name,Product,Price,Checked in,Secret,E-mail,Order date,Order time,Status"
    put(
        tmp_path,
        "days.csv",
        f"{header}\n"
        "AAA,Ann Example,Ticket,0,,s1,ann@example.org,2026-01-05,10:00:00,Paid\n"
        "AAA,Bob Example,Ticket,0,,s2,ann@example.org,2026-01-05,10:00:00,Paid\n"
        "BBB,Cid Example,Ticket,0,,s3,cid@example.org,2026-01-05,10:00:00,Paid\n",
    )
    assert [(seat["attendee_id"], seat["is_buyers_address"]) for seat in seats(read(tmp_path))] == [
        (None, True),
        (None, True),
        (address("cid@example.org"), False),
    ]


def test_who_joined_again_came_once_for_longer(tmp_path: Path) -> None:
    """Zoom's rows of one address are one person; hosts and panel have their own tables and roles."""
    put(
        tmp_path,
        "webinar.csv",
        'Attendee Report,,\nReport Generated:,"Apr 09, 2026 8:50 PM",\n'
        "Topic,Webinar ID,Actual Start Time\nEdge,1,2\n"
        "Host Details,\n"
        "Attended,User Name (Original Name),Email,Join Time,Leave Time,Time in Session (minutes),Is Guest\n"
        'Yes,Host,host@example.org,"Mar 28, 2026 08:07:27","Mar 28, 2026 17:14:45",548,No\n'
        "Panelist Details,\n"
        "Attended,User Name (Original Name),Email,Join Time,Leave Time,Time in Session (minutes),Is Guest\n"
        'Yes,Panel,panel@example.org,"Mar 28, 2026 08:07:27","Mar 28, 2026 17:14:45",548,No\n'
        "Attendee Details,\n"
        "Attended,User Name (Original Name),First Name,Last Name,Email,Registration Time,Approval Status,Join Time,"
        "Leave Time,Time in Session (minutes)\n"
        'Yes,A,A,X,a@example.org,"Mar 15, 2026 11:23:29",approved,03/28/2026 10:00:00 AM,03/28/2026 10:30:00 AM,30\n'
        'Yes,A,A,X,a@example.org,"Mar 15, 2026 11:23:29",approved,03/28/2026 09:00:00 AM,03/28/2026 09:05:00 AM,5\n'
        'No,B,B,Y,b@example.org,"Mar 15, 2026 11:24:57",approved,--,--,--\n',
    )
    handed = read(tmp_path)
    assert rejects(handed) == []
    assert [
        (seat["role"], seat["status"], seat["minutes"], seat["checked_in_at"]) for seat in seats(handed)
    ] == [
        ("organiser", "attended", 548, "2026-03-28T08:07:27+01:00"),
        ("speaker", "attended", 548, "2026-03-28T08:07:27+01:00"),
        ("attendee", "attended", 35, "2026-03-28T09:00:00+01:00"),
        ("attendee", "no_show", None, None),
    ]


def test_a_ticket_that_is_nobodys_yet_is_not_the_buyers(tmp_path: Path) -> None:
    """Ti.to's unassigned ticket has an order with an address, and no attendee."""
    put(
        tmp_path,
        "days.csv",
        "Number,Ticket Created Date,Ticket,Ticket Full Name,Ticket Email,Void Status,Ticket Reference,Order Email\n"
        "1,2026-01-05 10:00:00 UTC,Speaker,Zoë Å,zoe@example.org,,AAAA-1,buyer@example.org\n"
        "2,2026-01-05 10:00:00 UTC,Standard,,,,AAAA-2,buyer@example.org\n"
        "3,2026-01-05 10:00:00 UTC,Standard,Lee,lee@example.org,true,AAAA-3,buyer@example.org\n",
    )
    assert [(seat["attendee_id"], seat["role"], seat["status"]) for seat in seats(read(tmp_path))] == [
        (address("zoe@example.org"), "speaker", "registered"),
        (None, "attendee", "registered"),
        (address("lee@example.org"), "attendee", "cancelled"),
    ]


def test_a_row_taken_out_is_taken_out_and_a_list_thrown_away_is_kept(tmp_path: Path) -> None:
    """What was erased from a list is marked; when the whole list is deleted, as it should be, nothing changes."""
    text = "email,status\na@example.org,attended\nb@example.org,attended\n"
    path = put(tmp_path, "days.csv", text)
    first = read(tmp_path)
    (cursor,) = (json.loads(json.dumps(one.cursor)) for one in first if isinstance(one, Checkpoint))
    again = read(tmp_path, cursor)
    assert [type(one) for one in again] == [Checkpoint, Claim]
    path.write_text(text.replace("b@example.org,attended\n", ""))
    after = read(tmp_path, cursor)
    (erased,) = [one for one in after if isinstance(one, Item) and "is_taken_out" in one.payload]
    assert erased.key == [one for one in first if isinstance(one, Item)][1].key
    assert after[-1].count == 2
    path.unlink()
    (cursor,) = (json.loads(json.dumps(one.cursor)) for one in after if isinstance(one, Checkpoint))
    assert [(type(one), getattr(one, "count", None)) for one in read(tmp_path, cursor)] == [
        (Checkpoint, None),
        (Claim, 2),
    ]


def test_a_renamed_list_is_not_two_events(tmp_path: Path) -> None:
    """The same list under the right name takes the place of the wrong one."""
    path = put(tmp_path, "dayz.csv", "email,status\na@example.org,attended\n")
    first = read(tmp_path)
    (cursor,) = (json.loads(json.dumps(one.cursor)) for one in first if isinstance(one, Checkpoint))
    path.rename(path.with_name("days.csv"))
    after = [
        (one.key.split(":")[0], "is_taken_out" in one.payload)
        for one in read(tmp_path, cursor)
        if isinstance(one, Item)
    ]
    assert sorted(after) == [("days", False), ("dayz", True)]


def test_without_a_key_no_list_is_read(tmp_path: Path) -> None:
    """A pseudonym without a key could be undone by anybody, so nothing is read."""
    put(tmp_path, "days.csv", "email,status\na@example.org,attended\n")
    instance = Instance("outreach", None, attendance.Lists("outreach/attendance"))
    with pytest.raises(SourceError, match=r"no whole key in private/pseudonym\.key"):
        list(attendance.read(instance, "registrations", Context(tmp_path, NOW)))


BROKEN = (
    ("{n},attended,attendee,2026-01-05,extra,cells,here", "cells"),
    ("broken-{n}@example.org,perhaps,attendee,2026-01-05", "status"),
    ("broken-{n}@example.org,attended,attendee,05/01/2026", "registered_at"),
    ("broken-{n}@example.org,attended,attendee,2026-02-30", "registered_at"),
    ("broken-{n}@example.org,attended,king,2026-01-05", "role"),
    ("no address {n},attended,attendee,2026-01-05", "address"),
    ('"broken-{n}@example.org,attended,attendee,2026-01-05', "quotation mark"),
    ("alone-{n}", "single cell"),
)


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_each_bad_row_is_named_and_every_good_one_arrives(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever the encoding, the line ends and the mark between cells: good rows and bad rows both are counted."""
    kinds = data.draw(
        st.lists(st.one_of(st.just(-1), st.integers(0, len(BROKEN) - 1)), min_size=1, max_size=25)
    )
    mark = data.draw(st.sampled_from([",", ";", "\t"]))
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
    name = data.draw(st.sampled_from(["Zoë", "O'Neill", 'Bob "B" Ex', "Ørsted, jr", "two\nlines"]))
    lines, good, bad, place = ["email,status,role,registered_at,notes".replace(",", mark)], [], [], 2
    for number, kind in enumerate(kinds):
        if kind < 0:
            row = io.StringIO()
            cells = [f"good-{number}@example.org", "attended", "attendee", "2026-01-05", name]
            csv.writer(row, delimiter=mark, lineterminator="\n").writerow(cells)
            written = row.getvalue().removesuffix("\n")
            good.append(address(f"good-{number}@example.org"))
            lines.append(written.replace("\n", end))
            place += written.count("\n") + 1
        else:
            text, why = BROKEN[kind]
            lines.append(text.format(n=number).replace(",", mark))
            bad.append((place, why))
            place += 1
    folder = tmp_path_factory.mktemp("property")
    put(folder, "days.csv", (end.join(lines) + end).encode(encoding))
    handed = read(folder)
    assert sorted(seat["attendee_id"] for seat in seats(handed)) == sorted(good)
    found = {int(reject.location.rsplit(":", 1)[1]): reject.reason for reject in rejects(handed)}
    assert [(line, True) for line, _ in bad] == [(line, why in found.get(line, "")) for line, why in bad]
    assert len(found) == len(bad)
    assert handed[-1].count == len(good) + len(bad)
    assert "broken-" not in repr(rejects(handed))


@settings(max_examples=200, deadline=None)
@given(
    table=st.lists(
        st.lists(
            st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\r")),
            min_size=2,
            max_size=4,
        ),
        max_size=8,
    )
)
def test_what_a_spreadsheet_program_writes_is_read_as_it_is(table: list[list[str]]) -> None:
    """Cells with quotation marks, commas and line ends come back, with the line on which their row begins."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(table)
    found = list(rows(text.getvalue(), ","))
    if all(cell.count("\n") < 30 for row in table for cell in row):
        assert [list(row.cells) for row in found] == [[cell.strip() for cell in row] for row in table]


def test_times_keep_the_clock_of_the_list(tmp_path: Path) -> None:
    """A list without zones is on the OSPO's clock, summer and winter; a zone that is written counts."""
    put(
        tmp_path,
        "days.csv",
        "email,status,registered_at\na@example.org,attended,2026-07-05 10:00\nb@example.org,attended,2026-01-05 10:00\n"
        "c@example.org,attended,2026-01-05T10:00:00-08:00\n",
    )
    found = [seat["registered_at"] for seat in seats(read(tmp_path))]
    assert found == ["2026-07-05T10:00:00+02:00", "2026-01-05T10:00:00+01:00", "2026-01-05T10:00:00-08:00"]
    assert (
        datetime.fromisoformat(found[0]).utcoffset()
        == datetime(2026, 7, 5, tzinfo=ZoneInfo("Europe/Berlin")).utcoffset()
    )
