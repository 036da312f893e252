"""Who calls in to the office hour each month: the same regulars again and again, and what it changes is nothing."""

from __future__ import annotations

from datetime import datetime

from ospo_metrics.simulation import plan
from ospo_metrics.simulation.dice import Dice
from ospo_metrics.simulation.happenings import Attendance, Happenings

_KEEN, _COMES_IF_KEEN, _COMES_ELSE = 0.4, 0.6, 0.06
_CONSENTS, _SHOWS_UP = 0.95, 0.9


def lists(happenings: Happenings, seed: int) -> dict[str, list[Attendance]]:
    """Who said that they would call in, for each office hour of which a list was kept; nobody does more for it."""
    dice = Dice(seed, "office hours")
    people = [each for each in happenings.people if each.kind == "human" and each.communities]
    keen = {each.id for each in people if dice.chance(_KEEN)}
    agreed = {each.id for each in people if dice.chance(_CONSENTS)}
    found: dict[str, list[Attendance]] = {}
    for day in plan.OFFICE_HOURS:
        at = plan.local(day.year, day.month, day.day, 16)
        found[name(at)] = [
            Attendance(
                person,
                person.mail_address(at),
                at - int(dice.between(0.1, 6) * plan.DAY),
                "attended" if dice.chance(_SHOWS_UP) else "no_show",
                person.id in agreed,
                True,
            )
            for person in people
            if person.arrived_at < at - 20 * plan.DAY
            and at < person.left_at
            and dice.chance(_COMES_IF_KEEN if person.id in keen else _COMES_ELSE)
        ]
    return found


def name(at: int) -> str:
    """What the list of an office hour is called; the calendar calls it otherwise."""
    return f"office-hour-{datetime.fromtimestamp(at, plan.ZONE):%Y-%m}"
