"""What labels say of an issue, and the changes that closed it: planted last, so that nothing else changes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from ospo_metrics.simulation.dice import Dice
from ospo_metrics.simulation.happenings import Commit, Conversation
from ospo_metrics.simulation.plan import DAY

AREAS = ("area/packaging", "area/command line", "area/small machines")
_AREA_WEIGHTS = (6, 3, 1)
_AREA_SHARE = 0.8
"""Of the issues that ask for a feature, how many say of what."""
FIXED_SHARE = 0.7
"""Of the issues that were completed, how many a change closed, where there was one meanwhile."""
NEW_DAYS = 30
"""For how long after their first commit to a project its author is new there."""
OFFER = "good first issue"
OFFERED_SHARE = 0.5
"""Of the issues without a label during which somebody new made a change, how many were offered to newcomers."""
BY_NEW_SHARE = 0.8
"""Of the offered issues that a change closed, how many were closed by somebody new, where there was one."""


def plant(seed: int, conversations: list[Conversation], commits: dict[str, list[Commit]]) -> None:
    """Say of some issues what they are about, and of some by which commit they were closed."""
    dice = Dice(seed, "labels")
    issues = [talk for talk in conversations if talk.kind == "issue"]
    for talk in issues:
        if "enhancement" in talk.labels and dice.chance(_AREA_SHARE):
            talk.labels = (*talk.labels, dice.pick_weighted(AREAS, _AREA_WEIGHTS))
    made = {project: _by_humans(each) for project, each in commits.items()}
    times = {project: [commit.landed_at for commit in each] for project, each in made.items()}
    first = {project: _first_at(each) for project, each in made.items()}
    for talk in issues:
        if talk.closed_at is None or talk.closing_reason != "completed" or not dice.chance(FIXED_SHARE):
            continue
        at = times[talk.project]
        meanwhile = made[talk.project][bisect_left(at, talk.opened_at) : bisect_right(at, talk.closed_at)]
        since = first[talk.project]
        new = [each for each in meanwhile if each.author_at - since[each.person.id] <= NEW_DAYS * DAY]
        if new and not talk.labels and dice.chance(OFFERED_SHARE):
            talk.labels = (OFFER,)
        if OFFER in talk.labels and new and dice.chance(BY_NEW_SHARE):
            meanwhile = new
        if meanwhile:
            talk.fixed_by = meanwhile[-1]


def _by_humans(commits: list[Commit]) -> list[Commit]:
    made = [commit for commit in commits if commit.person.kind == "human" and not commit.is_merge]
    return sorted(made, key=lambda commit: commit.landed_at)


def _first_at(commits: list[Commit]) -> dict[str, int]:
    first: dict[str, int] = {}
    for commit in commits:
        for person in (commit.person, *(each for each, _ in commit.co_authors)):
            first[person.id] = min(first.get(person.id, commit.author_at), commit.author_at)
    return first
