"""One event that several places tell of is one event; what is doubtful is proposed and never merged."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ospo_metrics.event_matching import Mention, Proposal, match

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
