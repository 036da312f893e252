"""Who comes when, through what, and for how long: the planted arrivals, survival and attendance."""

from __future__ import annotations

from dataclasses import dataclass

from ospo_metrics.simulation import plan
from ospo_metrics.simulation.dice import Dice
from ospo_metrics.simulation.happenings import Attendance
from ospo_metrics.simulation.people import Person, Register, perhaps_change_employer
from ospo_metrics.simulation.plan import (
    DAY,
    HISTORY_FROM,
    PERIOD_FROM,
    PERIOD_UNTIL,
    Community,
    Event,
    Survival,
)

ALL_TIME = 10 * 365 * DAY
_NEVER_SEEN = "somewhere.test"
_NO_BOT = ("Tessa Marbot", "tmarbot")
"""A human being whom a simple pattern takes for a bot."""


@dataclass(frozen=True, slots=True)
class Membership:
    """One person's time in one community."""

    person: Person
    community: Community
    since: int
    until: int
    is_core: bool = False


class Arrivals:
    """Fills the register, and keeps who belongs to which community and who attended what."""

    def __init__(self, seed: int, scale: float) -> None:
        self.scale = scale
        self.register = Register(seed)
        self.members: list[Membership] = []
        self.attendance: dict[str, list[Attendance]] = {event.id: [] for event in plan.EVENTS}
        self._dice = Dice(seed, "arrivals")
        for community in plan.COMMUNITIES:
            self._core(community)
        for community in plan.COMMUNITIES:
            self._newcomers(community)
        for event in plan.EVENTS:
            self._audience(event)
        self.previews = self.register.machine("Orla Brin", "bot", "orlabrin", "", "behaviour")
        """A bot whom nothing but its behaviour gives away."""

    def _core(self, community: Community) -> None:
        """Those who are there from the beginning, ours and others, and do much of the work."""
        dice = self._dice
        own = max(2, round(community.own_core * self.scale))
        outside = max(3, round(community.outside_core * self.scale))
        ranks = dice.shuffled(range(own + outside))
        for place, rank in enumerate(ranks):
            is_own = place < own
            person = self.register.human(own=is_own)
            person.habit = "core"
            if person.git_habit == "noreply":
                person.git_habit = "mixed"
            person.in_mailmap = True
            person.core_weight = (rank + 1) ** -community.core_skew
            hired_later = is_own and place >= 2 and dice.chance(0.5)
            since = dice.between(HISTORY_FROM, PERIOD_UNTIL - 300 * DAY) if hired_later else HISTORY_FROM
            arrived = int(since + dice.between(2, 25) * DAY)
            self._join(person, community, arrived, HISTORY_FROM + ALL_TIME, channel="founder", is_core=True)
            if not is_own and place == own + 1 and community is plan.COMMUNITIES[0]:
                self.register.rename(person, *_NO_BOT)
            if is_own and place == 1:
                self.register.change_employer(person, plan.local(2026, 2, 1))
            if not is_own and place == own and person.employments:
                self.register.change_employer(person, plan.local(2025, 7, 1), to_own=True)

    def _newcomers(self, community: Community) -> None:
        """Poisson arrivals day by day; a campaign with effect multiplies them while it runs."""
        dice = self._dice
        for start in range(HISTORY_FROM, PERIOD_UNTIL - DAY, DAY):
            rate = community.arrivals_per_month / 30.4 * self.scale * _growth(start)
            for _ in range(dice.poisson(rate)):
                self._newcomer(community, start, "organic", plan.ORGANIC)
            for campaign in plan.CAMPAIGNS:
                if campaign.community == community.id and campaign.starts <= start < campaign.ends:
                    for _ in range(dice.poisson(rate * (campaign.factor - 1))):
                        self._newcomer(community, start, f"campaign:{campaign.id}", plan.FROM_CAMPAIGN)

    def _newcomer(self, community: Community, day: int, channel: str, survival: Survival) -> Person:
        dice = self._dice
        if channel == "organic" and day > PERIOD_FROM and dice.chance(0.07):
            other = dice.pick(self.members)
            busy = other.until > day + 30 * DAY and other.since < day
            if busy and not other.is_core and community.id not in other.person.communities:
                self._join(other.person, community, day + int(dice.between(8, 20) * plan.HOUR), other.until)
                return other.person
        habit = dice.pick_weighted(("coder", "reporter", "lister"), (4, 3, 3))
        has_login = habit != "lister" or dice.chance(0.08)
        person = self.register.human(has_login=has_login)
        person.habit = habit
        person.rate_per_month = min(8.0, dice.log_normal(0.75 if habit == "coder" else 0.5, 0.8))
        person.in_mailmap |= person.git_habit in ("mixed", "work") and person.rate_per_month > 0.5
        arrived = max(day + 300, weekday(dice, day) + self._working_hour(person))
        stays = 0.0 if dice.chance(survival.one_off_share) else dice.exponential(survival.mean_days)
        self._join(person, community, arrived, arrived + int(stays * DAY), channel=channel)
        person.is_ghost = has_login and habit == "reporter" and stays == 0 and dice.chance(0.06)
        perhaps_change_employer(person, self.register, dice)
        return person

    def _join(
        self,
        person: Person,
        community: Community,
        since: int,
        until: int,
        *,
        channel: str = "organic",
        is_core: bool = False,
    ) -> None:
        if not person.communities:
            person.channel = channel
            person.arrived_at, person.left_at = since, until
        person.communities.append(community.id)
        self.members.append(Membership(person, community, since, until, is_core))

    def _audience(self, event: Event) -> None:
        """Who registers: some who contribute already, some who begin afterwards, many who never will."""
        dice, community = self._dice, plan.community(event.community)
        seats = max(6, round(event.registered * self.scale))
        here = [each for each in self.members if each.community is community]
        regulars = [each for each in here if each.since < event.starts < each.until]
        for member in dice.shuffled(regulars)[: round(seats * 0.2)]:
            self._register_for(event, member.person, was_contributor=True)
        channel = f"event:{event.id}"
        if event.has_effect:
            for _ in range(round(seats * 0.36)):
                later = event.ends + int((1 + min(dice.exponential(7), 27)) * DAY)
                person = self._newcomer(community, later - later % DAY, channel, plan.FROM_EVENT_WITH_EFFECT)
                self._register_for(event, person, comes=True)
        else:
            window = (event.ends, event.ends + 45 * DAY)
            for member in here:
                came = member.person.channel == "organic" and window[0] < member.since < window[1]
                if came and member.since == member.person.arrived_at and dice.chance(0.8):
                    member.person.channel = channel
                    self._register_for(event, member.person, comes=True)
        while len(self.attendance[event.id]) < seats:
            visitor = self.register.human(own=dice.chance(0.05), has_login=False)
            visitor.habit, visitor.channel = "visitor", channel
            self._register_for(event, visitor)
        self.attendance[event.id] = dice.shuffled(self.attendance[event.id])

    def _register_for(
        self, event: Event, person: Person, *, comes: bool = False, was_contributor: bool = False
    ) -> None:
        dice = self._dice
        registered_at = event.starts - int(dice.between(0.2, 35) * DAY)
        status = "attended" if comes or dice.chance(event.show_up_share) else "no_show"
        if status == "no_show" and dice.chance(0.2):
            status = "cancelled"
        address = person.mail_address(event.starts)
        if dice.chance(0.2):
            address = address.split("@")[0] + "@" + _NEVER_SEEN
        consented = dice.chance(event.consent_share)
        self.attendance[event.id].append(
            Attendance(person, address, registered_at, status, consented, was_contributor)
        )

    def _working_hour(self, person: Person) -> int:
        return clock(self._dice, person.offset_minutes)


def clock(dice: Dice, offset_minutes: int) -> int:
    """Seconds after midnight UTC at which somebody of that time zone is busy, mostly in the daytime."""
    hour = min(max(dice.normal(14.5, 3.9), 0.1), 23.9)
    return int((hour * 60 - offset_minutes) * 60) % DAY


def weekday(dice: Dice, day: int) -> int:
    """The day, or for most of what falls on a weekend one of the next days."""
    midnight = day - day % DAY
    if (midnight // DAY + 3) % 7 >= 5 and dice.chance(0.55):
        midnight += (2 + dice.below(3)) * DAY
    return midnight


def _growth(day: int) -> float:
    if day < PERIOD_FROM:
        return 0.35 + 0.3 * (day - HISTORY_FROM) / (PERIOD_FROM - HISTORY_FROM)
    quiet = 0.75 if plan.month_of(day)[-2:] in ("08", "12") else 1.0
    return quiet * (0.85 + 0.35 * (day - PERIOD_FROM) / (PERIOD_UNTIL - PERIOD_FROM))
