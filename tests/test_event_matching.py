"""One event that several places tell of is one event; what is doubtful is proposed and never merged."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ospo_metrics.event_matching import Mention, Proposal, match, own_name

DAY = date(2026, 1, 31)
SHEET = Mention("o", "outreach", "", "fosdem-2026", "FOSDEM 2026", "Brussels", None, DAY, date(2026, 2, 1))


def entry(
    title: str, venue: str | None = None, day: date = DAY, name: str = "entry", **more: object
) -> Mention:
    return Mention(f"c|{name}", "calendars", "team", name, title, None, venue, day, day, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("other", "rule"),
    [
        (
            Mention("s", "schedules", "fosdem-2026", "fosdem-2026", "FOSDEM", "Brussels", "ULB", DAY, DAY),
            "same_id",
        ),
        (Mention("a", "attendance", "", "fosdem-2026"), "same_id"),
        (entry("something else", name="fosdem-2026"), "same_id"),
        (entry("Fosdem", "ULB, Brussels, BE"), "same_name_place_and_dates"),
        (entry("FOSDEM 2026", None, date(2026, 2, 1)), "same_name_place_and_dates"),
    ],
)
def test_by_id_or_by_name_place_and_dates(other: Mention, rule: str) -> None:
    """The spreadsheet's id is the event's; the rule is told."""
    found = match([SHEET, other])
    assert found.event_ids == ["fosdem-2026", "fosdem-2026"]
    assert found.rules[1] == rule
    assert found.proposals == []


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (entry("FOSDEM", "Berlin"), "the same days and name, in other places"),
        (entry("FOSDEM fringe", "Brussels"), None),
        (entry("FOSDEMM", "Brussels"), "the same days and a similar name"),
        (entry("FOSDEM", "Brussels", date(2026, 2, 7)), "the same name, a few days apart"),
        (entry("FOSDEM", "Brussels", date(2026, 3, 7)), None),
        (entry("Lunch", "Brussels"), None),
        (entry("x", None, date(2026, 6, 1), "fosdem-2026"), "the same id on other days"),
    ],
)
def test_what_is_doubtful_is_proposed_and_left_apart(other: Mention, reason: str | None) -> None:
    """Two events stay two; a person sees the pair and why."""
    found = match([SHEET, other])
    mine = f"team.{other.name_in_source}"
    assert found.event_ids == ["fosdem-2026", mine]
    assert found.proposals == ([Proposal("fosdem-2026", mine, reason)] if reason else [])


def test_what_a_person_decided_overrules() -> None:
    """Yes puts together what no rule would; no keeps apart what a rule would join; neither is asked about again."""
    lunch, same = entry("Lunch", name="lunch"), entry("FOSDEM", "Brussels", name="same")
    found = match(
        [SHEET, lunch, same], [("fosdem-2026", "team.lunch", True), ("team.same", "fosdem-2026", False)]
    )
    assert found.event_ids == ["fosdem-2026", "fosdem-2026", "team.same"]
    assert (found.rules[1], found.proposals) == ("decided", [])


def test_two_rows_of_the_spreadsheet_are_never_one_event() -> None:
    """An entry that fits both goes to one of them, and the other is proposed."""
    other = Mention("o2", "outreach", "", "fosdem-booth", "FOSDEM", "Brussels", None, DAY, DAY)
    found = match([SHEET, other, entry("FOSDEM", "Brussels")])
    assert found.event_ids == ["fosdem-2026", "fosdem-booth", "fosdem-2026"]
    assert found.proposals == [
        Proposal("fosdem-2026", "fosdem-booth", "it matches two events of the spreadsheet")
    ]


def test_each_of_a_series_is_an_event_of_its_own() -> None:
    """Office hours of one calendar are told apart by their day, and none is proposed to be another."""
    days = [date(2026, 1, day) for day in (6, 13, 20)]
    series = [
        Mention(f"c|{day}", "calendars", "team", "office", "Office hour", None, None, day, day, True)
        for day in days
    ]
    found = match([SHEET, *series])
    assert found.event_ids == ["fosdem-2026", *(f"team.office.{day}" for day in days)]
    assert found.proposals == []


def test_a_series_in_two_calendars_is_not_one_event() -> None:
    """Each day of it is one event, told of by both, although all of them have one id."""
    days = [date(2026, 1, day) for day in (6, 13, 20, 27)]
    told = [
        Mention(f"{team}|{day}", "calendars", team, "office", "Office hour", None, None, day, day, True)
        for team in ("a", "b")
        for day in days
    ]
    found = match(told)
    assert found.event_ids == [f"a.office.{day}" for day in days] * 2
    assert found.proposals == []


def test_a_list_whose_event_nobody_tells_of_is_shown_with_the_nearest() -> None:
    """A typing error in the name of a list must not hide who came."""
    found = match([SHEET, Mention("a", "attendance", "", "fosdem-2062")])
    assert found.event_ids == ["fosdem-2026", "fosdem-2062"]
    assert found.proposals == [
        Proposal(
            "fosdem-2062",
            "fosdem-2026",
            "nobody tells when it was: add it to the sheet of events, or rename the list of attendees",
        )
    ]


SERIES = Mention("s", "schedules", "fosdem", "fosdem", "FOSDEM", "Brussels", None, DAY, DAY)
BEFORE = Mention(
    "o", "outreach", "", "fosdem", "FOSDEM", "Brussels", None, date(2025, 2, 1), date(2025, 2, 2)
)
LIST = Mention("a", "attendance", "", "fosdem")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (entry("A", name="1"), replace(entry("B", name="1", day=date(2026, 6, 1)), mention_id="c|1@b")),
        (entry("A", name="x" * 80 + "1"), entry("B", name="x" * 80 + "2", day=date(2026, 6, 1))),
        (Mention("a|京都", "attendance", "", "京都"), Mention("a|東京", "attendance", "", "東京")),
        (Mention("a|京都 1", "attendance", "", "京都 1"), Mention("a|東京 1", "attendance", "", "東京 1")),
        (SERIES, BEFORE),
    ],
)
def test_two_events_never_have_one_id(one: Mention, other: Mention) -> None:
    """Not by a UID of two sites, a long one, a script without Latin letters, nor by the same id in another year."""
    found = match([one, other])
    assert len(set(found.event_ids)) == 2
    assert match([other, one]).event_ids == found.event_ids[::-1]


def test_a_name_that_stands_alone_is_kept_and_one_id_is_read_in_any_case() -> None:
    """Only what would be mistaken for something else has more than its name, and what is cut always has."""
    kept = match([entry("A", name="1"), Mention("a", "attendance", "", "Days 2026"), LIST])
    assert kept.event_ids == ["team.1", "days-2026", "fosdem"]
    assert re.fullmatch(r"team\.x{80}-[0-9a-f]{10}", match([entry("A", name="x" * 90)]).event_ids[0])
    sheet = Mention("o", "outreach", "", "days-2026", "Days", None, None, DAY, DAY)
    found = match([sheet, Mention("a", "attendance", "", "Days 2026")])
    assert (found.event_ids, found.rules[1]) == (["days-2026", "days-2026"], "same_id")


def test_the_id_of_the_sheet_is_kept_letter_by_letter() -> None:
    """What else the sheet says of the event is found by it."""
    sheet = Mention("o", "outreach", "", "days-", "Days", None, None, DAY, DAY)
    assert match([sheet, Mention("a", "attendance", "", "days-")]).event_ids == ["days-", "days-"]


def test_the_same_id_in_another_year_is_proposed_and_decided() -> None:
    """The sheet keeps the plain id and the list that has no days; what a person says of the pair is obeyed."""
    found = match([LIST, BEFORE, SERIES])
    listed, sheet, schedule = found.event_ids
    assert (listed, sheet) == ("fosdem", "fosdem")
    assert re.fullmatch(r"fosdem-[0-9a-f]{10}", schedule)
    assert found.proposals == [Proposal("fosdem", schedule, "the same id on other days")]
    same = match([LIST, BEFORE, SERIES], [("fosdem", schedule, True)])
    assert (set(same.event_ids), same.proposals) == ({"fosdem"}, [])
    other = match([LIST, BEFORE, SERIES], [(schedule, "fosdem", False)])
    assert (other.event_ids, other.proposals) == (found.event_ids, [])


def test_a_no_holds_through_a_third_mention() -> None:
    """What was told apart is not put together because both are like something else, and is not asked about again."""
    one, other = entry("FOSDEM", "Brussels", name="one"), entry("FOSDEM", "Brussels", name="other")
    other = replace(other, instance="press")
    found = match([SHEET, one, other], [("team.one", "press.other", False)])
    assert found.event_ids == ["fosdem-2026", "fosdem-2026", "press.other"]
    assert found.proposals == []
    chain = [("fosdem-2026", "team.one", True), ("team.one", "press.other", True)]
    said = match([SHEET, one, other], [("fosdem-2026", "press.other", False), *chain])
    assert said.event_ids[0] != said.event_ids[2]


MENTIONS = st.lists(
    st.builds(
        Mention,
        mention_id=st.uuids().map(str),
        source=st.sampled_from(["outreach", "schedules", "attendance", "calendars"]),
        instance=st.sampled_from(["", "team"]),
        name_in_source=st.sampled_from(["a", "b", "c"]),
        title=st.one_of(st.none(), st.sampled_from(["FOSDEM", "FOSDEM 2026", "FOSDEMM", "Lunch"])),
        city=st.one_of(st.none(), st.sampled_from(["Gent", "Brussels"])),
        venue=st.none(),
        starts_on=st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2026, 2, 1))),
    ),
    max_size=10,
    unique_by=lambda mention: (mention.source, mention.name_in_source),
)


@settings(max_examples=200, deadline=None)
@given(MENTIONS)
def test_whatever_is_told_the_rules_hold(mentions: list[Mention]) -> None:
    """Every mention has an event; two rows of the sheet never share one; nobody is asked about what is one already."""
    found = match(mentions)
    sheets = [
        each for each, mention in zip(found.event_ids, mentions, strict=True) if mention.source == "outreach"
    ]
    assert len(found.event_ids) == len(mentions)
    assert len(sheets) == len(set(sheets))
    assert all(each.event != each.other for each in found.proposals)
    assert {each for pair in found.proposals for each in (pair.event, pair.other)} <= {*found.event_ids, ""}
    dated = {event for event, mention in zip(found.event_ids, mentions, strict=True) if mention.starts_on}
    undated = [each.event for each in found.proposals if each.reason.startswith("nobody tells when")]
    assert sorted(undated) == sorted(set(found.event_ids) - dated)
    assert match(mentions) == found


@settings(max_examples=200, deadline=None)
@given(MENTIONS, st.data())
def test_whatever_was_decided_no_is_kept_apart(mentions: list[Mention], data: st.DataObject) -> None:
    """A no to any two events that are proposed or joined leaves no event that has mentions of both."""
    names = sorted({own_name(mention) for mention in mentions})
    pairs = st.tuples(st.sampled_from(names or [""]), st.sampled_from(names or [""]), st.booleans())
    decided = [pair for pair in data.draw(st.lists(pairs, max_size=5)) if pair[0] != pair[1]]
    last = {frozenset(pair[:2]): pair[2] for pair in decided}
    found = match(mentions, decided)
    together = [
        frozenset((own_name(one), own_name(other)))
        for one, one_id in zip(mentions, found.event_ids, strict=True)
        for other, other_id in zip(mentions, found.event_ids, strict=True)
        if one_id == other_id
    ]
    assert not any(last.get(pair) is False for pair in together)
