"""The outreach team's spreadsheets: every row arrives or is named by sheet, row and column."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from ospo_metrics.items import Checkpoint, Claim, Context, Instance, Item, Reject, SourceError
from ospo_metrics.project import root
from ospo_metrics.pseudonyms import KEY_FILE, pseudonym
from ospo_metrics.sources import outreach
from ospo_metrics.sources._sheets import SHEETS

NOW = datetime(2026, 6, 1, tzinfo=UTC)
KEY = bytes(range(32))
EVENTS = "event_id,name,starts_on,ends_on,city,country,role,communities,goal_id,cost,currency,staff_hours"
GOOD = "days-2026,Storage Days,2026-03-28,2026-03-29,Gent,BE,hosted,storage; edge,,1200.50,EUR,40"


def read(folder: Path, stream: str = "events", cursor: dict[str, Any] | None = None) -> list[Any]:
    instance = Instance("outreach", None, outreach.Folder("outreach", ("storage", "edge")))
    return list(outreach.read(instance, stream, Context(folder, NOW, cursor or {})))


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / "outreach" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def found(handed: list[Any]) -> list[dict[str, Any]]:
    return [json.loads(one.payload) for one in handed if isinstance(one, Item)]


def wrong(handed: list[Any]) -> list[tuple[str, str]]:
    return [(one.location, one.reason) for one in handed if isinstance(one, Reject)]


def workbook(**sheets: list[list[Any]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for title, table in sheets.items():
        sheet = book.create_sheet(title)
        for row in table:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def _key(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).parent.mkdir()
    (tmp_path / KEY_FILE).write_text(KEY.hex())
    (tmp_path / KEY_FILE).chmod(0o600)


@pytest.mark.parametrize("name", SHEETS)
def test_the_example_of_every_template_is_read_once_it_is_no_comment(name: str, tmp_path: Path) -> None:
    """What `init` shows works: the header is right, the comment is left out, and the example is a good row."""
    template = (root() / "data" / "workspace" / "outreach" / f"{name}.csv").read_text()
    put(tmp_path, f"{name}.csv", template)
    assert (found(read(tmp_path, name)), wrong(read(tmp_path, name))) == ([], [])
    put(tmp_path, f"{name}.csv", template.replace("# example: ", ""))
    handed = read(tmp_path, name)
    (row,) = found(handed)
    assert wrong(handed) == []
    assert list(row) == list(SHEETS[name].columns) == template.splitlines()[0].split(",")
    assert any(row.values())


def test_every_sheet_has_a_template() -> None:
    """`init` makes each sheet that is read, and no other."""
    made = {path.stem for path in (root() / "data" / "workspace" / "outreach").glob("*.csv")}
    assert made == set(SHEETS)


def test_what_is_kept_of_an_event(tmp_path: Path) -> None:
    """The whole row, lists as lists and numbers as numbers."""
    put(tmp_path, "events.csv", f"{EVENTS}\n{GOOD}\n")
    handed = read(tmp_path)
    assert found(handed) == [
        {
            "event_id": "days-2026",
            "name": "Storage Days",
            "starts_on": "2026-03-28",
            "ends_on": "2026-03-29",
            "city": "Gent",
            "country": "BE",
            "role": "hosted",
            "communities": ["storage", "edge"],
            "goal_id": None,
            "cost": 1200.5,
            "currency": "EUR",
            "staff_hours": 40.0,
        }
    ]
    assert (handed[-1].count, handed[-1].how) == (1, "rows of the sheet, and those that were taken out of it")


@pytest.mark.parametrize(
    ("old", "new", "column", "what"),
    [
        ("2026-03-28", "28.03.2026", "starts_on", "'28.03.2026' is no date; write it as 2026-01-31"),
        ("2026-03-28", "", "starts_on", "is empty, and a row needs it"),
        ("2026-03-28", "1026-03-28", "starts_on", "'1026-03-28' lies outside of the years 1970 to 2200"),
        ("2026-03-29", "2026-03-27", "ends_on", "2026-03-27 is before starts_on, 2026-03-28"),
        ("hosted", "hostd", "role", "'hostd' is none of the words known here; did you mean 'hosted'?"),
        (
            "storage; edge",
            "storage; egde",
            "communities",
            "'egde' is no community of ospo.toml; did you mean 'edge'?",
        ),
        ("1200.50", '"1.200,50"', "cost", "'1.200,50' is no number; write it as 1200.50"),
        ("1200.50", "-3", "cost", "'-3' is no amount that can be; write a number of 0 or more"),
        (
            "1200.50",
            "1" + "0" * 20,
            "cost",
            "is more than any amount that can be; was a cell or a point lost?",
        ),
        ("EUR", "euros", "currency", "'EUROS'"),
        ("EUR", "", "currency", "is empty although there is a cost; write three letters, such as EUR"),
        ("days-2026", "Days 2026", "event_id", "'Days 2026' is no id"),
    ],
)
def test_a_bad_cell_is_named_and_the_rest_taken(
    tmp_path: Path, old: str, new: str, column: str, what: str
) -> None:
    """File, sheet, row, column, what is wrong, and what to write; the rows around it arrive."""
    before, after = (GOOD.replace("days-2026", name) for name in ("first", "last"))
    put(
        tmp_path,
        "events.csv",
        f"{EVENTS}\n# a comment, with a comma\n{before}\n{GOOD.replace(old, new, 1)}\n\n{after}\n",
    )
    handed = read(tmp_path)
    ((location, reason),) = wrong(handed)
    assert [row["event_id"] for row in found(handed)] == ["first", "last"]
    assert location == "outreach/events.csv:row 4"
    assert reason.startswith(f"sheet events, row 4, column '{column}': ")
    assert what.casefold() in reason.casefold()
    assert handed[-1].count == 3


def test_an_id_stands_once(tmp_path: Path) -> None:
    """The second row with an id is named with the place of the first, across files too."""
    put(tmp_path, "events.csv", f"{EVENTS}\n{GOOD}\n")
    put(tmp_path, "plans.xlsx", workbook(Events=[EVENTS.split(","), GOOD.split(",")]))
    handed = read(tmp_path)
    assert wrong(handed) == [
        (
            "outreach/plans.xlsx:Events row 2",
            "sheet events, row 2, column 'event_id': 'days-2026' was there before, in outreach/events.csv row 2; "
            "a row stands once",
        )
    ]


def test_a_workbook_gives_its_sheets_with_dates_and_numbers_of_its_own(tmp_path: Path) -> None:
    """A date that the spreadsheet program holds as a date is one; a sheet that belongs nowhere is named."""
    table = [EVENTS.split(","), ["days-2026", "Storage Days", date(2026, 3, 28), datetime(2026, 3, 29), None, None,
             "hosted", "storage", None, 1200, "EUR", 40]]  # fmt: skip
    put(tmp_path, "plans.xlsx", workbook(events=table, gaols=[["goal_id", "goal"], ["a", "b"]]))
    (row,) = found(read(tmp_path))
    assert (row["starts_on"], row["ends_on"], row["cost"], row["city"]) == (
        "2026-03-28",
        "2026-03-29",
        1200.0,
        None,
    )
    assert wrong(read(tmp_path, "goals")) == [
        (
            "outreach/plans.xlsx:gaols 0",
            "sheet 'gaols': 'gaols' is none of the sheets that are read; did you mean 'goals'?",
        )
    ]


def test_a_workbook_that_is_none_is_named_once(tmp_path: Path) -> None:
    """A file that was cut off is set aside by the sheet that it is called after, and stops nothing."""
    put(tmp_path, "events.xlsx", workbook(events=[EVENTS.split(",")])[:-200])
    put(tmp_path, "goals.csv", "goal_id,goal\ng,More\n")
    told = {name: wrong(read(tmp_path, name)) for name in SHEETS}
    assert told.pop("events") == [
        ("outreach/events.xlsx:0", "it cannot be read as a workbook (BadZipFile); save it again")
    ]
    assert set(map(tuple, told.values())) == {()}
    assert len(found(read(tmp_path, "goals"))) == 1


def test_a_file_of_an_unknown_name_is_named(tmp_path: Path) -> None:
    """A typing error in the name of a file does not make a year of plans vanish."""
    put(tmp_path, "evnts.csv", f"{EVENTS}\n{GOOD}\n")
    assert wrong(read(tmp_path)) == [
        ("outreach/evnts.csv:0", "'evnts' is none of the sheets that are read; did you mean 'events'?")
    ]


def test_a_header_that_lacks_what_a_row_needs_is_told(tmp_path: Path) -> None:
    """Which columns are missing, and which there are; a column too many is named and left out."""
    put(tmp_path, "goals.csv", "goal_id,gaol\ng,More\n")
    assert wrong(read(tmp_path, "goals")) == [
        (
            "outreach/goals.csv:row 1",
            "sheet goals, row 1: the header lacks goal; the columns are goal_id, goal, audience, message, channels, "
            "metric, target, by, communities",
        )
    ]
    put(tmp_path, "goals.csv", "goal_id,goal,chanels\ng,More,blog\n")
    handed = read(tmp_path, "goals")
    assert wrong(handed) == [
        (
            "outreach/goals.csv:row 1",
            "sheet goals, row 1, column 'chanels': no such column; did you mean 'channels'?",
        )
    ]
    assert [row["goal"] for row in found(handed)] == ["More"]


def test_a_row_that_was_taken_out_is_taken_out(tmp_path: Path) -> None:
    """What the team deletes is gone tomorrow, and what was wrong goes when it was put right."""
    path = put(tmp_path, "events.csv", f"{EVENTS}\n{GOOD}\n{GOOD.replace('days-2026', 'Bad Id')}\n")
    first = read(tmp_path)
    (cursor,) = (json.loads(json.dumps(one.cursor)) for one in first if isinstance(one, Checkpoint))
    assert [type(one) for one in read(tmp_path, cursor=cursor)] == [Checkpoint, Claim]
    path.write_text(f"{EVENTS}\n")
    after = read(tmp_path, cursor=cursor)
    assert [(one.key, one.payload) for one in after if isinstance(one, Item)] == [
        ("days-2026", '{"is_taken_out":true}')
    ]
    assert (wrong(after), after[-1].count) == ([], 1)


def changed_part(raw: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """A workbook with one of its parts changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(buffer, "w") as new:
        for part in old.namelist():
            new.writestr(part, change(old.read(part)) if part == name else old.read(part))
    return buffer.getvalue()


def test_a_workbook_with_a_damaged_sheet_costs_itself_only(tmp_path: Path) -> None:
    """XML that stops in the middle is named by the kind of the error, and the other files are read."""
    raw = workbook(events=[EVENTS.split(","), GOOD.split(",")])
    put(tmp_path, "events.xlsx", changed_part(raw, "xl/worksheets/sheet1.xml", lambda xml: xml[:-60]))
    put(tmp_path, "events.csv", f"{EVENTS}\n{GOOD}\n")
    handed = read(tmp_path)
    assert len(found(handed)) == 1
    ((location, reason),) = wrong(handed)
    assert location == "outreach/events.xlsx:0"
    assert re.fullmatch(r"it cannot be read as a workbook \(\w*Error\); save it again", reason)


def test_a_file_that_breaks_the_reader_costs_itself_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it held before it broke counts for nothing, not even as the first place of an id."""
    put(tmp_path, "events.csv", f"{EVENTS}\n{GOOD}\n")
    put(tmp_path, "plans.xlsx", workbook(events=[EVENTS.split(","), GOOD.split(",")]))
    read_page = outreach._read_page

    def breaks(page: Any, *rest: Any) -> None:
        read_page(page, *rest)
        if page.file.endswith(".csv"):
            raise OverflowError

    monkeypatch.setattr(outreach, "_read_page", breaks)
    handed = read(tmp_path)
    assert [one.location for one in handed if isinstance(one, Item)] == ["outreach/plans.xlsx:events row 2"]
    assert wrong(handed) == [("outreach/events.csv:0", "it cannot be read (OverflowError); save it again")]


def test_a_cell_that_is_too_long_costs_its_row(tmp_path: Path) -> None:
    """The rows around it arrive."""
    put(tmp_path, "goals.csv", f"goal_id,goal\na,{'x' * 131_073}\nb,More\n")
    handed = read(tmp_path, "goals")
    assert [row["goal_id"] for row in found(handed)] == ["b"]
    assert [reason for _, reason in wrong(handed)] == [
        "sheet goals, row 2: it has a cell of more than 131,072 characters"
    ]


def test_what_a_workbook_says_of_its_size_is_not_believed(tmp_path: Path) -> None:
    """Some programs write that the sheet has one cell; all rows of it are read."""
    raw = workbook(goals=[["goal_id", "goal"], ["a", "More"], ["b", "Less"]])
    small = changed_part(
        raw, "xl/worksheets/sheet1.xml", lambda xml: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', xml)
    )  # fmt: skip
    assert small != raw
    put(tmp_path, "plans.xlsx", small)
    assert [row["goal_id"] for row in found(read(tmp_path, "goals"))] == ["a", "b"]


@pytest.mark.parametrize(
    ("limit", "value", "what"),
    [
        ("LARGEST_UNPACKED", 1 << 10, "unpacked it is larger than 0 MB"),
        ("MOST_ROWS", 2, "it has more than 2 rows or 2,000,000 cells, which no sheet of ours has"),
        ("MOST_CELLS", 5, "it has more than 100,000 rows or 5 cells, which no sheet of ours has"),
        ("_LAST_ROW", 4, "a sheet has more than 4 rows, which no workbook can have"),
    ],
)
def test_a_workbook_that_is_too_large_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, what: str
) -> None:
    """However small it is packed; blank rows cost nothing, and the other files are read."""
    book = workbook(goals=[["goal_id", "goal"], ["a", "More"], [], [], ["b", "Less"]])
    put(tmp_path, "goals.xlsx", book)
    assert len(found(read(tmp_path, "goals"))) == 2
    put(tmp_path, "goals.csv", "goal_id,goal\nc,Other\n")
    monkeypatch.setattr(outreach, limit, value)
    handed = read(tmp_path, "goals")
    assert [row["goal_id"] for row in found(handed)] == ["c"]
    assert wrong(handed) == [("outreach/goals.xlsx:0", what)]


def test_of_a_file_that_is_too_large_nothing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size is asked for first."""
    put(tmp_path, "goals.csv", "goal_id,goal\n" + "# more\n" * 200_000)
    monkeypatch.setattr(outreach, "LARGEST_SHEET", 1 << 20)
    monkeypatch.setattr(Path, "read_bytes", None)
    assert wrong(read(tmp_path, "goals")) == [("outreach/goals.csv:0", "it is larger than 1 MB")]


def test_nobody_of_the_introductions_is_repeated(tmp_path: Path) -> None:
    """What is wrong is published: the cell is named by row and column, and what stands in it is not shown."""
    put(
        tmp_path,
        "introductions.csv",
        "made_on,consent_id,to,event_id,outcome_on,Jane Canary\nJane Canary,c-1,x,Jane Canary,Canary Corp,\n",
    )
    told = wrong(read(tmp_path, "introductions"))
    assert [reason for _, reason in told] == [
        "sheet introductions, row 1: column 6 is none that is read; it is left out",
        "sheet introductions, row 2, column 'made_on': the cell is no date; write it as 2026-01-31",
        "sheet introductions, row 2, column 'event_id': the cell is no id; write small letters, digits and hyphens, "
        "such as fosdem-2026",
        "sheet introductions, row 2, column 'outcome_on': the cell is no date; write it as 2026-01-31",
    ]


def test_nothing_comes_of_an_introduction_before_it_was_made(tmp_path: Path) -> None:
    """Such a day is a slip of the pen, and would count as in time; the day itself is not too early."""
    put(
        tmp_path,
        "introductions.csv",
        "made_on,consent_id,outcome,outcome_on\n"
        "2026-03-20,c-1,trial,2025-03-21\n2026-03-20,c-2,trial,2026-03-20\n2026-03-20,c-3,,\n",
    )
    handed = read(tmp_path, "introductions")
    assert [row["consent_id"] for row in found(handed)] == ["c-2", "c-3"]
    assert [reason for _, reason in wrong(handed)] == [
        "sheet introductions, row 2, column 'outcome_on': the cell is before made_on"
    ]


def test_money_is_worth_something_and_not_everything(tmp_path: Path) -> None:
    """With a rate of zero every cost in that currency would be none, and an event that was dear would look free."""
    put(
        tmp_path,
        "rates.csv",
        "currency,rate,from\nUSD,0,2026-01-01\nCHF,0.01,2026-01-01\nUSD,920000000,2026-01-02\n",
    )
    handed = read(tmp_path, "rates")
    assert [row["currency"] for row in found(handed)] == ["CHF"]
    assert [reason for _, reason in wrong(handed)] == [
        f"sheet rates, row {row}, column 'rate': '{rate}' is no rate; write what one unit is worth in your own "
        "currency, such as 0.92"
        for row, rate in ((2, "0"), (4, "920000000"))
    ]


def test_of_a_survey_only_the_channels_are_kept(tmp_path: Path) -> None:
    """What people write about who told them is read and let go; equal answers of two people are two."""
    put(
        tmp_path,
        "survey.csv",
        "survey_id,answered_on,communities,recommend,heard_from,invited\n"
        "spring,2026-05-04,storage; edge,9,my friend Jane Canary and your blog,400\n"
        "spring,2026-05-04,,0,--,\nspring,2026-05-04,,0,--,\nspring,2026-05-05,,,Jane Canary,\n",
    )
    handed = read(tmp_path, "survey")
    row = {"survey_id": "spring", "answered_on": "2026-05-04", "communities": None, "invited": None}
    assert found(handed) == [
        row | {"communities": ["storage", "edge"], "recommend": 9, "heard_from": ["word_of_mouth", "blog"],
               "invited": 400},
        row | {"recommend": 0, "heard_from": []},
        row | {"recommend": 0, "heard_from": []},
        row | {"answered_on": "2026-05-05", "recommend": None, "heard_from": ["other"]},
    ]  # fmt: skip
    assert (wrong(handed), "Canary" in repr(handed)) == ([], False)


def test_what_is_wrong_with_an_answer_is_not_repeated(tmp_path: Path) -> None:
    """Somebody may have written a name anywhere; row and column are told, and what to write."""
    put(
        tmp_path,
        "survey.csv",
        "survey_id,answered_on,communities,recommend,heard_from,invited\n"
        "spring,Canary,,11,,0\nspring,2026-05-04,Canary,2.5,,Canary\nspring,2026-05-04,Canary,2,,\n",
    )
    assert [reason for _, reason in wrong(read(tmp_path, "survey"))] == [
        "sheet survey, row 2, column 'answered_on': the cell is no date; write it as 2026-01-31",
        "sheet survey, row 2, column 'recommend': the cell is no answer from 0 to 10; write a whole number",
        "sheet survey, row 2, column 'invited': the cell is no number of people; write a whole number such as 400",
        "sheet survey, row 3, column 'recommend': the cell is no answer from 0 to 10; write a whole number",
        "sheet survey, row 3, column 'invited': the cell is no number; write it as 1200.50",
        "sheet survey, row 4, column 'communities': the cell names no community of ospo.toml; known are storage, edge",
    ]


def test_who_is_named_in_a_sheet_becomes_a_pseudonym(tmp_path: Path) -> None:
    """An address, a login or a name that is decided about is never kept as it stands, also when it is bad.

    Nothing at all is kept of a question that nobody has answered.
    """
    put(
        tmp_path,
        "same_person.csv",
        "left,right,same,reason\nCanary@Example.org,@Canary-L,yes,\nmail_name:fastfs-dev Jane Canary,canary-l,no,\n"
        "Jane Canary,x,yes,\nCanary@Example.org,@Canary-L,no,\na@b.example,@ab,,\n",
    )
    put(tmp_path, "identity-proposals.csv", "left,right,same,reason\nc@d.example,@cd,no,the names differ\n")
    handed = read(tmp_path, "same_person")
    ids = {
        name: {"kind": kind, "id": pseudonym(KEY, kind, value)}
        for name, kind, value in [
            ("address", "address", "canary@example.org"), ("login", "login", "canary-l"),
            ("name", "mail_name", "fastfs-dev jane canary"), ("c", "address", "c@d.example"), ("cd", "login", "cd"),
        ]
    }  # fmt: skip
    assert [
        {"left": ids["c"], "right": ids["cd"], "same": False, "reason": "the names differ"},
        {"left": ids["address"], "right": ids["login"], "same": True, "reason": None},
        {"left": ids["name"], "right": ids["login"], "same": False, "reason": None},
    ] == found(handed)
    assert [
        "sheet same_person, row 4, column 'left': the cell is nobody; write an e-mail address, or a GitHub login such "
        "as @ada",
        "sheet same_person, row 5, column 'left': it was there before, in outreach/same_person.csv row 2; a row stands "
        "once",
    ] == [reason for _, reason in wrong(handed)]
    assert "anary" not in repr(handed)


def test_without_a_key_nobody_is_read(tmp_path: Path) -> None:
    """A sheet that names people needs the key, the others do not."""
    (tmp_path / KEY_FILE).unlink()
    put(tmp_path, "kinds.csv", "person,kind\n@x,bot\n")
    put(tmp_path, "organizations.csv", "organization,domains\nA,example.com; @example.org\nB,example\n")
    with pytest.raises(SourceError, match=r"outreach: there is no whole key in private/pseudonym\.key"):
        read(tmp_path, "kinds")
    handed = read(tmp_path, "organizations")
    assert [["example.com", "example.org"]] == [row["domains"] for row in found(handed)]
    assert [
        "sheet organizations, row 3, column 'domains': 'example' holds something that is no domain; write them as "
        "example.com; example.org"
    ] == [reason for _, reason in wrong(handed)]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """What, where, and what to do."""
    with pytest.raises(
        SourceError, match=r"there is no folder outreach\. Check 'folder' under \[sources\.outreach\]"
    ):
        read(tmp_path)


BAD = (
    ("2026-01-20,x,travel,12,EU R,0", "currency"),
    ("2026-13-01,x,travel,12,EUR,0", "paid_on"),
    ("2026-01-20,x,travel,twelve,EUR,0", "amount"),
    ("2026-01-20,x,travel,12,EUR,many", "staff_hours"),
    ("2026-01-20,X Y,travel,12,EUR,0", "object_id"),
    ("2026-01-20,x,travel,nan,EUR,0", "amount"),
    ("2026-01-20,x,,12,EUR,0", "what"),
)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_each_bad_row_is_named_and_every_good_one_arrives(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Costs in any order, encoding and form of file: sums and rejects are what was written."""
    kinds = data.draw(st.lists(st.one_of(st.just(-1), st.integers(0, len(BAD) - 1)), min_size=1, max_size=20))
    amounts = [data.draw(st.integers(0, 10**6)) / 100 for _ in kinds]
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252", "xlsx"]))
    mark = data.draw(st.sampled_from([",", ";"]))
    table = [["paid_on", "object_id", "what", "amount", "currency", "staff_hours"]]
    for kind, amount in zip(kinds, amounts, strict=True):
        good = ["2026-01-20", "fosdem-2026", 'Fahrt über "Köln"', f"{amount:.2f}", "EUR", "0"]
        table.append(good if kind < 0 else BAD[kind][0].split(","))
    folder = tmp_path_factory.mktemp("property")
    if encoding == "xlsx":
        put(folder, "costs.xlsx", workbook(costs=table))
    else:
        text = io.StringIO()
        csv.writer(text, delimiter=mark).writerows(table)
        put(folder, "costs.csv", text.getvalue().encode(encoding))
    handed = read(folder, "costs")
    expected = [amount for kind, amount in zip(kinds, amounts, strict=True) if kind < 0]
    assert sorted(row["amount"] for row in found(handed)) == sorted(expected)
    named = {int(location.rsplit(" ", 1)[1]): reason for location, reason in wrong(handed)}
    assert {line: True for line, kind in enumerate(kinds, 2) if kind >= 0} == {
        line: f"column '{BAD[kinds[line - 2]][1]}'" in reason for line, reason in named.items()
    }
    assert handed[-1].count == len(kinds)
