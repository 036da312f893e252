"""Which mentions are of one event: pure rules, no input or output.

An event that stands in a calendar, a schedule and a spreadsheet is one event: by its id, else by its name, place and
dates. What is doubtful is proposed and never merged; what a person decided overrules every rule.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from difflib import SequenceMatcher, get_close_matches
from typing import Any

SIMILAR = 0.8
"""How alike two names must be to be proposed, between 0 and 1."""
NEAR = timedelta(days=14)
_RANK = {"outreach": 0, "schedules": 1, "attendance": 2, "calendars": 3}


@dataclass(frozen=True, slots=True)
class Mention:
    """One place that tells of an event; `name_in_source` is what it is called there."""

    mention_id: str
    source: str
    instance: str
    name_in_source: str
    title: str | None = None
    city: str | None = None
    venue: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    is_recurring: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """Two events that may be one, and why."""

    event: str
    other: str
    reason: str


@dataclass(frozen=True, slots=True)
class Matched:
    """For each mention its event and the rule, and what is left for a person to decide."""

    event_ids: list[str]
    rules: list[str]
    proposals: list[Proposal]


def from_rows(rows: Iterable[Mapping[str, Any]]) -> list[Mention]:
    """Mentions from rows that may have more columns."""
    names = [field.name for field in fields(Mention)]
    return [Mention(**{name: row[name] for name in names}) for row in rows]


def match(mentions: Sequence[Mention], decided: Iterable[tuple[str, str, bool]] = ()) -> Matched:
    """Put mentions together by what was decided, by id, and by name, place and dates, in this order."""
    names = [own_name(mention) for mention in mentions]
    whole_names = [_apart(name, mention) for name, mention in zip(names, mentions, strict=True)]
    verdicts = {frozenset((left, right)): same for left, right, same in decided}
    group = list(range(len(mentions)))
    rules = ["alone"] * len(mentions)
    doubts: dict[tuple[int, int], str] = {}
    on_other_days: set[tuple[int, int]] = set()

    def verdict(left: int, right: int) -> bool | None:
        """What was decided of two mentions; a name that only one of them has is looked up first."""
        if not verdicts:
            return None
        pairs_of_names = (
            frozenset((one, other))
            for one in (whole_names[left], names[left])
            for other in (whole_names[right], names[right])
        )
        return next((verdicts[pair] for pair in pairs_of_names if pair in verdicts), None)

    def members_of(number: int) -> list[int]:
        return [place for place, own in enumerate(group) if own == number]

    def are_parted(one: int, other: int) -> bool:
        """Whether a person said no to any pair of these groups."""
        return bool(verdicts) and any(
            verdict(left, right) is False for left in members_of(one) for right in members_of(other)
        )

    def together(left: int, right: int, rule: str) -> None:
        low, high = sorted((group[left], group[right]))
        if low == high or are_parted(low, high):
            return
        if rule != "decided" and any(
            {group[one], group[other]} == {low, high} and verdict(one, other) is None
            for one, other in on_other_days
        ):
            return
        members = members_of(low) + members_of(high)
        sheets = [place for place in members if mentions[place].source == "outreach"]
        if len(sheets) > 1 and rule != "decided":
            doubts[left, right] = "it matches two events of the spreadsheet"
            return
        for place, number in enumerate(group):
            if number == high:
                group[place] = low
        for place in (left, right):
            rules[place] = rule if rules[place] == "alone" else rules[place]

    pairs = list(_pairs(mentions))
    places: dict[str, int] = {}
    for place in sorted(range(len(mentions)), key=lambda place: _order(mentions[place])):
        places.setdefault(names[place], place)
        places[whole_names[place]] = place
    for pair, same in verdicts.items():
        found = [places[name] for name in sorted(pair) if name in places]
        if same and len(found) > 1:
            together(found[0], found[1], "decided")
    of_one_id = [
        (left, right)
        for left, right in pairs
        if verdict(left, right) is None and _id_in_source(mentions[left]) == _id_in_source(mentions[right])
    ]
    recurring = {place for place, mention in enumerate(mentions) if mention.is_recurring}
    of_one_id = [
        (left, right)
        for left, right in of_one_id
        if recurring.isdisjoint((left, right)) or _are_near(mentions[left], mentions[right], timedelta())
    ]
    for left, right in of_one_id:
        if not _are_near(mentions[left], mentions[right], NEAR):
            doubts[left, right] = "the same id on other days"
            on_other_days.add((left, right))
    # what has no days of its own is the spreadsheet's before it is another's
    for left, right in sorted(of_one_id, key=lambda pair: min(_order(mentions[place])[0] for place in pair)):
        if (left, right) not in on_other_days:
            together(left, right, "same_id")
    for left, right in pairs:
        if verdict(left, right) is None and group[left] != group[right]:
            said = _by_name(mentions[left], mentions[right])
            if said == "":
                together(left, right, "same_name_place_and_dates")
            elif said:
                doubts[left, right] = said
    ids = _ids(mentions, group, names)
    proposals = {
        (min(ids[left], ids[right]), max(ids[left], ids[right])): why
        for (left, right), why in doubts.items()
        if ids[left] != ids[right] and not are_parted(group[left], group[right])
    }
    return Matched(
        ids,
        rules,
        [*(Proposal(*pair, why) for pair, why in sorted(proposals.items())), *_without_a_day(mentions, ids)],
    )


def own_name(mention: Mention) -> str:
    """What an event is called that nobody else tells of: its id, or calendar and entry, with the day of a series."""
    if mention.source == "outreach":
        return mention.name_in_source
    name = re.sub(r"[^a-z0-9_.]+", "-", mention.name_in_source.casefold()).strip("-.")
    if not name:
        name = _apart("event", mention)
    if mention.source != "calendars":
        return name
    when = f".{mention.starts_on}" if mention.is_recurring else ""
    whole = f"{mention.instance}.{name[:80]}{when}"
    return whole if len(name) <= 80 else _apart(whole, mention)


def _apart(name: str, mention: Mention) -> str:
    """A name that no other mention has."""
    return f"{name}-{hashlib.sha256(mention.mention_id.encode()).hexdigest()[:10]}"


def _id_in_source(mention: Mention) -> str:
    """The id as it is compared: in any script, whatever the case, with a dash for what stands between words."""
    return re.sub(r"[^\w.]+", "-", mention.name_in_source.casefold()).strip("-.") or mention.name_in_source


def _ids(mentions: Sequence[Mention], group: Sequence[int], names: Sequence[str]) -> list[str]:
    """What each group is called: as the spreadsheet calls it, else the schedule, the list, the calendar.

    Of groups that want one name the spreadsheet's has it, and the others have a name that no other mention has.
    """
    best: dict[int, int] = {}
    for place, number in enumerate(group):
        first = best.setdefault(number, place)
        if _order(mentions[place]) < _order(mentions[first]):
            best[number] = place
    wanted = Counter(names[place] for place in best.values())
    ids: dict[int, str] = {}
    taken: set[str] = set()
    for number, place in sorted(best.items(), key=lambda item: _order(mentions[item[1]])):
        name = names[place]
        is_the_sheets = mentions[place].source == "outreach" and name not in taken
        ids[number] = name if wanted[name] == 1 or is_the_sheets else _apart(name, mentions[place])
        taken.add(ids[number])
    return [ids[number] for number in group]


def _without_a_day(mentions: Sequence[Mention], ids: Sequence[str]) -> list[Proposal]:
    """Events of which nobody tells the day, each with the event whose id is nearest."""
    dated = {event for mention, event in zip(mentions, ids, strict=True) if mention.starts_on is not None}
    return [
        Proposal(
            event,
            next(iter(get_close_matches(event, sorted(dated), 1)), ""),
            "nobody tells when it was: add it to the sheet of events, or rename the list of attendees",
        )
        for event in sorted(set(ids) - dated)
    ]


def _pairs(mentions: Sequence[Mention]) -> Iterable[tuple[int, int]]:
    """Pairs from different sources whose ids are equal or whose days are near, each once and in order."""
    found: set[tuple[int, int]] = set()
    by_name: dict[str, list[int]] = {}
    for place, mention in enumerate(mentions):
        if not mention.is_recurring:
            by_name.setdefault(_id_in_source(mention), []).append(place)
    for places in by_name.values():
        found.update((a, b) for a in places for b in places if a < b)
    dated = sorted(
        (mention.starts_on, place) for place, mention in enumerate(mentions) if mention.starts_on is not None
    )
    for position, (day, place) in enumerate(dated):
        for other_day, other in dated[position + 1 :]:
            if other_day - day > NEAR + timedelta(days=14):
                break
            found.add((min(place, other), max(place, other)))
    return sorted(
        (a, b)
        for a, b in found
        if (mentions[a].source, mentions[a].instance) != (mentions[b].source, mentions[b].instance)
    )


def _by_name(left: Mention, right: Mention) -> str | None:
    """Empty where two mentions are of one event, a reason where they may be, None where they are not."""
    if not (left.title and right.title and left.starts_on and right.starts_on):
        return None
    one, other = _plain(left.title), _plain(right.title)
    is_same_name = one == other and bool(one)
    is_like = is_same_name or SequenceMatcher(None, one, other).ratio() >= SIMILAR
    if not is_like:
        return None
    is_same_time = _are_near(left, right, timedelta())
    place = _are_in_one_place(left, right)
    if is_same_name and is_same_time and place is not False:
        return ""
    if is_same_time:
        return "the same days and " + ("name, in other places" if is_same_name else "a similar name")
    if (left.is_recurring or right.is_recurring) or not _are_near(left, right, NEAR):
        return None
    return "the same name, a few days apart" if is_same_name and place is not False else None


def _are_near(left: Mention, right: Mention, gap: timedelta) -> bool:
    """Whether the days of two mentions meet, or lie no further apart; true where one has none."""
    if left.starts_on is None or right.starts_on is None:
        return True
    left_end, right_end = left.ends_on or left.starts_on, right.ends_on or right.starts_on
    return left.starts_on <= right_end + gap and right.starts_on <= left_end + gap


def _are_in_one_place(left: Mention, right: Mention) -> bool | None:
    """Whether a city of one stands in the place of the other; None where one says no place."""
    one = _plain(" ".join(filter(None, (left.city, left.venue))), keep_years=True)
    other = _plain(" ".join(filter(None, (right.city, right.venue))), keep_years=True)
    if not one or not other:
        return None
    cities = [_plain(city, keep_years=True) for city in (left.city, right.city) if city]
    if not cities:
        return one == other or None
    return any(f" {city} " in f" {one} " and f" {city} " in f" {other} " for city in cities)


def _plain(text: str, *, keep_years: bool = False) -> str:
    folded = unicodedata.normalize("NFKD", text).casefold()
    words = re.findall(r"[^\W_]+", "".join(mark for mark in folded if not unicodedata.combining(mark)))
    return " ".join(word for word in words if keep_years or not re.fullmatch(r"(19|20)\d\d", word))


def _order(mention: Mention) -> tuple[int, str]:
    return _RANK[mention.source], mention.mention_id
