"""What happens, in order of time, each conversation answered or not as planted: pure and seeded."""

from __future__ import annotations

from collections.abc import Callable

from ospo_metrics.simulation import labels, plan, texts
from ospo_metrics.simulation.arrivals import Arrivals, Membership, clock, weekday
from ospo_metrics.simulation.dice import Dice
from ospo_metrics.simulation.happenings import Commit, Conversation, Entry, Happenings, assign_keys
from ospo_metrics.simulation.machines import machines_work
from ospo_metrics.simulation.people import Person
from ospo_metrics.simulation.plan import DAY, HOUR, PERIOD_UNTIL, Community, Repository

_LAST = PERIOD_UNTIL - 600
"""The last instant at which a human does something."""


def imagine(seed: int, scale: float) -> Happenings:
    """Everything that is so in the world of this seed and scale."""
    arrivals = Arrivals(seed, scale)
    world = _World(seed, arrivals)
    world.humans_act()
    machines_work(seed, arrivals.register.machines, arrivals.previews, world)
    world.keep_mailmaps()
    labels.plant(seed, world.conversations, world.commits)
    assign_keys(world.conversations)
    register = arrivals.register
    return Happenings(
        register.people, register.namesakes, world.conversations, world.commits, arrivals.attendance
    )


class _World:
    def __init__(self, seed: int, arrivals: Arrivals) -> None:
        self.conversations: list[Conversation] = []
        self.commits: dict[str, list[Commit]] = {
            repository.id: [] for each in plan.COMMUNITIES for repository in each.repositories
        }
        self._dice = Dice(seed, "world")
        self._arrivals = arrivals
        self._recent: dict[str, list[Conversation]] = {}
        self._first_at: dict[tuple[str, str], int] = {}
        self._span = max(20, round(40 * arrivals.scale))
        self._core = {
            each.id: [member for member in arrivals.members if member.is_core and member.community is each]
            for each in plan.COMMUNITIES
        }
        self._agent = arrivals.register.machines.agent

    def humans_act(self) -> None:
        """Play everybody's sessions, the earliest first."""
        planned = [
            (at, position)
            for position, member in enumerate(self._arrivals.members)
            for at in self._sessions(member)
        ]
        for at, position in sorted(planned):
            member = self._arrivals.members[position]
            self._first_at.setdefault((member.person.id, member.community.id), at)
            self._act(member, at)

    def keep_mailmaps(self) -> None:
        """One of our people writes down late in each repository who has several addresses."""
        for community in plan.COMMUNITIES:
            keeper = self._core[community.id][0].person
            for repository in community.repositories:
                at = plan.local(2026, 10, 15, 11) + self._dice.below(5 * HOUR)
                address = keeper.git_address(at, self._dice)
                self.commits[repository.id].append(Commit(at, keeper, address, "Update .mailmap", at))

    def open(
        self, kind: str, project: str, community: Community, opener: Person, at: int, *, title: str, text: str
    ) -> Conversation:
        """Begin a conversation; who answers, and what becomes of it, is decided at once."""
        talk = Conversation(kind, project, community.id, opener, at, title, text)
        if kind == "mail_thread":
            talk.address = opener.mail_address(at)
        self.conversations.append(talk)
        return talk

    def answer(self, talk: Conversation, community: Community) -> None:
        """Give a conversation its planted first response, or leave it for ever without one."""
        dice, planted = self._dice, community.response
        if dice.chance(planted.never_share):
            return
        median = planted.median_hours * (planted.newcomer_factor if talk.is_by_newcomer else 1.0)
        at = talk.opened_at + 60 + int(dice.log_normal(median, planted.sigma) * HOUR)
        responder = self._responder(community, talk.opener, at)
        if at >= _LAST or responder is None:
            return
        talk.first_response_at, talk.first_responder = at, responder
        self._reply(talk, responder, at, texts.reply(dice))
        if talk.opener.is_ghost:
            return
        while dice.chance(0.3) and len(talk.entries) < 6:
            at += int(dice.log_normal(9, 1.1) * HOUR) + 60
            if at >= _LAST or at > talk.first_response_at + 14 * DAY:
                break
            is_back = talk.opener.kind == "human" and dice.chance(0.5)
            speaker = (
                talk.opener
                if is_back and at < talk.opened_at + 20 * DAY
                else self._responder(community, None, at)
            )
            if speaker is not None:
                self._reply(talk, speaker, at, texts.reply(dice))

    def settle(self, talk: Conversation, community: Community, repository: Repository) -> None:
        """Close or merge what gets so far before the end."""
        dice, answered = self._dice, talk.first_response_at
        if answered is None:
            if talk.kind == "issue" and dice.chance(0.3):
                at = talk.opened_at + 120 * DAY
                if at < _LAST:
                    talk.closed_at, talk.closing_reason = at, "not_planned"
                    machine = self._arrivals.register.machines.builds
                    talk.entries.append(Entry(at, machine, texts.STALE))
            return
        at = answered + int(dice.log_normal(30 if talk.kind == "change_request" else 130, 1.0) * HOUR) + 300
        if at >= _LAST:
            return
        if talk.kind == "issue":
            if dice.chance(0.75):
                talk.closed_at = at
                talk.closing_reason = "completed" if dice.chance(0.8) else "not_planned"
            return
        merged = dice.chance(0.6 if talk.is_by_newcomer else 0.82)
        if merged:
            self._merge(talk, community, repository, at)
        elif dice.chance(0.6):
            talk.closed_at = at

    def _sessions(self, member: Membership) -> list[int]:
        dice, person = self._dice, member.person
        offset = person.offset_minutes
        if member.is_core:
            weights = sum(each.person.core_weight for each in self._core[member.community.id])
            rate = (
                member.community.core_sessions_per_month * self._arrivals.scale * person.core_weight / weights
            )
        else:
            rate = person.rate_per_month
        found, at = [member.since], float(member.since)
        if member.until <= member.since and dice.chance(0.25):
            found.append(member.since + int(dice.between(2, 40) * HOUR))
        while True:
            at += dice.exponential(30.4 * DAY / rate)
            if at >= min(member.until, _LAST):
                return [moment for moment in found if moment < _LAST]
            found.append(max(member.since + 60, weekday(dice, int(at)) + clock(dice, offset)))

    def _act(self, member: Membership, at: int) -> None:
        dice, person = self._dice, member.person
        is_first = self._first_at[person.id, member.community.id] == at
        kind = _KINDS[person.habit](dice)
        if kind.startswith("mail") and person.habit == "coder" and person.git_habit == "noreply":
            kind = "issue" if kind == "mail_thread" else "comment"
        if person.login is None:
            kind = "mail_reply" if kind in ("comment", "mail_reply") else "mail_thread"
        if is_first and kind in ("comment", "mail_reply") and (person.is_ghost or dice.chance(0.7)):
            kind = "issue" if kind == "comment" else "mail_thread"
        if kind in ("comment", "mail_reply"):
            if self._join_in(member, at, kind == "mail_reply"):
                return
            kind = "issue" if kind == "comment" else "mail_thread"
        if kind == "commit":
            self._commit(member, at)
        elif kind == "mail_thread":
            self._start_thread(member, at)
        else:
            self._open_on_forge(member, at, kind)

    def _open_on_forge(self, member: Membership, at: int, kind: str) -> None:
        dice, person, community = self._dice, member.person, member.community
        repository = self._repository(member)
        if kind == "change_request":
            title = texts.change_title(dice, community.id)
        else:
            title = texts.issue_title(dice, community.id)
        text = texts.opening(dice)
        talk = self.open(kind, repository.id, community, person, at, title=title, text=text)
        talk.is_by_newcomer = self._is_newcomer(member, at)
        if dice.chance(0.45):
            talk.labels = (dice.pick(texts.LABELS),)
        self.answer(talk, community)
        self.settle(talk, community, repository)
        self._recent.setdefault(repository.id, []).append(talk)

    def _start_thread(self, member: Membership, at: int) -> None:
        dice, community = self._dice, member.community
        subject, text = texts.thread_subject(dice, community.id), texts.opening(dice)
        project, opener = community.mailing_list, member.person
        talk = self.open("mail_thread", project, community, opener, at, title=subject, text=text)
        talk.is_by_newcomer = self._is_newcomer(member, at)
        self.answer(talk, community)
        self._recent.setdefault(community.mailing_list, []).append(talk)

    def _join_in(self, member: Membership, at: int, on_list: bool) -> bool:
        """Say something in a recent conversation that has its first response already."""
        dice = self._dice
        project = member.community.mailing_list if on_list else self._repository(member).id
        recent = self._recent.get(project, [])[-self._span :]
        for _ in range(6):
            if not recent:
                return False
            talk = dice.pick(recent)
            answered = talk.first_response_at
            if (
                answered is not None
                and answered < at < talk.opened_at + 60 * DAY
                and not talk.opener.is_ghost
            ):
                self._reply(talk, member.person, at, texts.reply(dice))
                return True
        return False

    def _commit(self, member: Membership, at: int) -> None:
        dice, person = self._dice, member.person
        title = texts.change_title(dice, member.community.id)
        commit = Commit(at, person, person.git_address(at, dice), title, at)
        self._perhaps_assisted(commit)
        self.commits[self._repository(member).id].append(commit)

    def _merge(self, talk: Conversation, community: Community, repository: Repository, at: int) -> None:
        dice, author = self._dice, talk.opener
        merger = talk.first_responder
        if merger is None or all(merger is not each.person for each in self._core[community.id]):
            return
        talk.closed_at = talk.merged_at = at
        talk.merger = merger
        count = 1
        while dice.chance(0.3) and count < 5:
            count += 1
        if repository.merges == "squash":
            moments = [at]
        else:
            since = self._first_at.get((author.id, community.id), 0) - 20 * 60
            earliest = max(since, talk.opened_at - int(dice.between(0.1, 30) * HOUR))
            step = (talk.opened_at - earliest) // count
            moments = [max(earliest + step * place, plan.HISTORY_FROM + 60 * place) for place in range(count)]
        for place, moment in enumerate(moments):
            title = talk.title if place == 0 else f"{talk.title} ({place + 1})"
            commit = Commit(moment, author, author.git_address(moment, dice), title, at + place)
            month, answered = plan.month_of(moment), talk.first_response_at
            if dice.chance(0.08) and answered is not None and plan.month_of(answered) == month:
                commit.co_authors.append((merger, merger.noreply))
            self._perhaps_assisted(commit)
            talk.commits.append(commit)
        if repository.merges == "merge":
            address = merger.git_address(at, dice)
            landed = at + len(talk.commits)
            talk.commits.append(Commit(at, merger, address, "", landed, is_merge=True))
            self._reply(talk, merger, at, texts.MERGED)
        elif dice.chance(0.4):
            self._reply(talk, merger, at, texts.MERGED)
        self.commits[repository.id].extend(talk.commits)

    def _reply(self, talk: Conversation, person: Person, at: int, text: str) -> None:
        address = person.mail_address(at) if talk.kind == "mail_thread" else ""
        talk.entries.append(Entry(at, person, texts.with_an_aside(text, at), address))

    def _responder(self, community: Community, but_not: Person | None, at: int) -> Person | None:
        there = [
            each.person
            for each in self._core[community.id]
            if each.since <= at and each.person is not but_not
        ]
        return self._dice.pick_weighted(there, [each.core_weight for each in there]) if there else None

    def _repository(self, member: Membership) -> Repository:
        """The one a person mostly works on, or now and then another of the community."""
        repositories = member.community.repositories
        if self._dice.chance(0.75):
            home = int(member.person.id[1:]) * 7 % sum(int(each.weight) for each in repositories)
            for each in repositories:
                home -= int(each.weight)
                if home < 0:
                    return each
        return self._dice.pick_weighted(repositories, [each.weight for each in repositories])

    def _is_newcomer(self, member: Membership, at: int) -> bool:
        return at == self._first_at[member.person.id, member.community.id]

    def _perhaps_assisted(self, commit: Commit) -> None:
        if commit.author_at >= plan.AGENTS_FROM and commit.person.kind == "human" and self._dice.chance(0.09):
            commit.is_agent_assisted = True
            commit.co_authors.append((self._agent, self._agent.private_address))


def _kinds(options: tuple[str, ...], weights: tuple[float, ...]) -> Callable[[Dice], str]:
    return lambda dice: dice.pick_weighted(options, weights)


_KINDS: dict[str, Callable[[Dice], str]] = {
    "core": _kinds(
        ("commit", "change_request", "issue", "comment", "mail_thread", "mail_reply"), (40, 18, 10, 17, 5, 10)
    ),
    "coder": _kinds(("change_request", "issue", "comment", "mail_thread", "mail_reply"), (48, 20, 22, 4, 6)),
    "reporter": _kinds(("issue", "comment"), (65, 35)),
    "lister": _kinds(("mail_thread", "mail_reply", "issue"), (42, 50, 8)),
}
