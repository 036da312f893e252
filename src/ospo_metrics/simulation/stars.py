"""Stars that the repositories are given day by day, with what the campaigns add to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ospo_metrics.simulation import plan
from ospo_metrics.simulation.dice import Dice
from ospo_metrics.simulation.plan import DAY

FIRST_DAY = datetime(2023, 11, 5, tzinfo=UTC)
"""The first Sunday of the history, for GitHub tells stars by weeks that begin then."""

DAYS = (int(plan.PERIOD_UNTIL) - int(FIRST_DAY.timestamp())) // (7 * DAY) * 7
_WEEKEND = 0.7
_MEMORY = 0.9
_COMMON, _OWN, _DAILY = 0.18, 0.15, 0.3
_FADES_IN_DAYS = 6.0


@dataclass(frozen=True, slots=True)
class Stars:
    """One repository: how many were to be expected on each day without any campaign, and how many came."""

    expected: Sequence[float]
    given: Sequence[int]


def imagine(seed: int) -> dict[str, Stars]:
    """Every repository's stars from `FIRST_DAY` on, for `DAYS` days.

    Interest rises and falls slowly, for all repositories together and for each on its own, is lower at weekends, and
    varies from day to day more than a Poisson count does.
    """
    everywhere = _waves(Dice(seed, "stars everywhere"), _COMMON)
    found = {}
    for community in plan.COMMUNITIES:
        for repository in community.repositories:
            dice = Dice(seed, f"stars of {repository.id}")
            level, own = dice.log_normal(4.0, 0.5), _waves(dice, _OWN)
            expected = [
                level * math.exp(everywhere[day] + own[day]) * (_WEEKEND if day % 7 in (0, 6) else 1.0)
                for day in range(DAYS)
            ]
            given = [
                dice.poisson(
                    mean * factor(repository.id, day) * math.exp(dice.normal(-(_DAILY**2) / 2, _DAILY))
                )
                for day, mean in enumerate(expected)
            ]
            found[repository.id] = Stars(expected, given)
    return found


def factor(repository_id: str, day: int) -> float:
    """What the campaigns multiply a day's stars with: most on their first day, fading within weeks."""
    product = 1.0
    for campaign in plan.CAMPAIGNS:
        since = day - first_day(campaign)
        if (
            plan.community(campaign.community).repositories[0].id == repository_id
            and 0 <= since < campaign.days
        ):
            product *= 1 + (campaign.stars_factor - 1) * math.exp(-since / _FADES_IN_DAYS)
    return product


def first_day(campaign: plan.Campaign) -> int:
    """The day on which a campaign begins, counted from `FIRST_DAY`."""
    begins = datetime.fromtimestamp(campaign.starts, plan.ZONE).date()
    return (begins - FIRST_DAY.date()).days


def ratio(stars: Stars, campaign: plan.Campaign, days: int) -> float:
    """How many times as many stars as without the campaign were to be expected in its first days."""
    repository = plan.community(campaign.community).repositories[0].id
    window = range(first_day(campaign), first_day(campaign) + days)
    expected = sum(stars.expected[day] for day in window)
    return sum(stars.expected[day] * factor(repository, day) for day in window) / expected


def weeks(stars: Stars) -> list[dict[str, Any]]:
    """What GitHub's history of stars says, the newest week first."""
    began = int(FIRST_DAY.timestamp())
    return [
        {
            "week": began + day * DAY,
            "total": sum(stars.given[day : day + 7]),
            "days": list(stars.given[day : day + 7]),
        }
        for day in range(DAYS - 7, -1, -7)
    ]


def _waves(dice: Dice, deviation: float) -> list[float]:
    height, waves = dice.normal(0, deviation), []
    for _ in range(DAYS):
        waves.append(height)
        height = _MEMORY * height + dice.normal(0, deviation * math.sqrt(1 - _MEMORY**2))
    return waves
