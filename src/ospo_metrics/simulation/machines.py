"""What bots and the agent do: updates, builds, reports and generated change requests."""

from __future__ import annotations

from typing import Protocol

from ospo_metrics.simulation import plan, texts
from ospo_metrics.simulation.dice import Dice
from ospo_metrics.simulation.happenings import Commit, Conversation, Entry
from ospo_metrics.simulation.people import Machines, Person
from ospo_metrics.simulation.plan import DAY, HISTORY_FROM, PERIOD_UNTIL, Community, Repository


class _World(Protocol):
    conversations: list[Conversation]
    commits: dict[str, list[Commit]]

    def open(
        self, kind: str, project: str, community: Community, opener: Person, at: int, *, title: str, text: str
    ) -> Conversation: ...

    def answer(self, talk: Conversation, community: Community) -> None: ...

    def settle(self, talk: Conversation, community: Community, repository: Repository) -> None: ...


def machines_work(seed: int, machines: Machines, previews: Person, world: _World) -> None:
    """Let every machine do its work in the world of the humans."""
    dice = Dice(seed, "machines")
    _remark(dice, machines, world.conversations)
    _show_previews(Dice(seed, "previews"), previews, world.conversations)
    for community in plan.COMMUNITIES:
        for repository in community.repositories:
            _updates(dice, machines.updates, community, repository, world)
            _generated_changes(dice, machines.agent, community, repository, world)
            _monthly_version(machines.builds, repository, world)
        _reports(dice, machines.reports, community, world)


def _remark(dice: Dice, machines: Machines, talks: list[Conversation]) -> None:
    """Builds and the agent speak within minutes below change requests, long before a human does."""
    for talk in talks:
        if talk.kind != "change_request":
            continue
        soon = talk.opened_at + 45 + dice.below(600)
        if soon < PERIOD_UNTIL and dice.chance(0.22):
            talk.entries.append(Entry(soon, machines.builds, texts.WELCOME))
        if plan.AGENTS_FROM < soon < PERIOD_UNTIL and dice.chance(0.2):
            talk.entries.append(Entry(soon + 30, machines.agent, texts.REVIEW))


def _show_previews(dice: Dice, bot: Person, talks: list[Conversation]) -> None:
    """Nothing but what it does gives this one away: the same text, seconds after a change request was opened."""
    for talk in talks:
        soon = talk.opened_at + 5 + dice.below(40)
        if talk.kind == "change_request" and soon < PERIOD_UNTIL and dice.chance(0.6):
            text = texts.PREVIEW.format(build=1000 + dice.below(9000), commit=dice.below(16**7))
            talk.entries.append(Entry(soon, bot, text))


def _updates(dice: Dice, bot: Person, community: Community, repository: Repository, world: _World) -> None:
    at = HISTORY_FROM + dice.exponential(60 * DAY)
    while at < PERIOD_UNTIL - DAY:
        minor = dice.below(40)
        title = (
            f"Bump lib{dice.pick(('tar', 'json', 'tls', 'yaml', 'event'))} from 1.{minor} to 1.{minor + 1}"
        )
        talk = world.open(
            "change_request",
            repository.id,
            community,
            bot,
            int(at),
            title=title,
            text="Release notes inside.",
        )
        talk.labels = ("dependencies",)
        world.answer(talk, community)
        world.settle(talk, community, repository)
        at += dice.exponential(60 * DAY)


def _generated_changes(
    dice: Dice, agent: Person, community: Community, repository: Repository, world: _World
) -> None:
    at = plan.AGENTS_FROM + dice.exponential(70 * DAY)
    while at < PERIOD_UNTIL - DAY:
        title = texts.change_title(dice, community.id)
        talk = world.open(
            "change_request", repository.id, community, agent, int(at), title=title, text="Generated change."
        )
        world.answer(talk, community)
        world.settle(talk, community, repository)
        at += dice.exponential(70 * DAY)


def _monthly_version(bot: Person, repository: Repository, world: _World) -> None:
    """On the first of each month, the last one included, so that the month before is seen to be complete."""
    for place, first in enumerate(_firsts()):
        at = first + 20 * 60
        commit = Commit(at, bot, bot.private_address, f"Version 1.{place}.0", at)
        world.commits[repository.id].append(commit)


def _reports(dice: Dice, bot: Person, community: Community, world: _World) -> None:
    for first in _firsts():
        for at in (first + 10 * 60, *(first + dice.below(28 * DAY) for _ in range(dice.below(3)))):
            if at < plan.RECORDED_AT and (at < PERIOD_UNTIL or at == first + 10 * 60):
                subject = (
                    "[report] nightly build: all is well"
                    if dice.chance(0.7)
                    else "[report] nightly build failed"
                )
                world.open(
                    "mail_thread",
                    community.mailing_list,
                    community,
                    bot,
                    at,
                    title=subject,
                    text=texts.WELCOME,
                )


def _firsts() -> list[int]:
    days = [plan.local(int(month[:4]), int(month[5:]), 1) for month in plan.months()]
    return [*days, PERIOD_UNTIL]
