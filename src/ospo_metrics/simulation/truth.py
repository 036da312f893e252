"""What is so in the simulated world, at the grain at which the pipeline is held against it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from statistics import NormalDist
from typing import Any

from ospo_metrics.identities import login_of
from ospo_metrics.simulation import office_hours, plan, registers
from ospo_metrics.simulation.happenings import Attendance, Contribution, Conversation, Happenings, projects
from ospo_metrics.simulation.people import Person
from ospo_metrics.simulation.plan import HOUR, Community, Survival, iso
from ospo_metrics.simulation.stars import Stars, imagine, ratio

_DEFINITIONS = {
    "contribution": "a commit authored (at its author date), an issue or change request opened, a comment, "
    "a message sent",
    "contributor": "a person with a contribution to the scope in the month, by the clock of the OSPO",
    "new_contributor": "a person whose first contribution ever to the scope falls in the month; in the "
    "first months of the recording that is left-truncated",
    "outside": "a human who does not work for us on the day of the contribution",
    "own": "a human who works for us on the day of the contribution",
    "people": "outside and own together, each human once",
    "as_told": "people as one sees them who joins equal addresses and all that a source says is one: GitHub's "
    "noreply address and its login, the addresses of .mailmap, an address and the login that GitHub takes it "
    "for, and what stands in the register for one person",
    "newcomer": "of a conversation: its opener does the first thing ever in that community with it",
    "ghost": "an account that is gone: what it wrote is there, but nobody can be counted for it",
    "first_response": "the first comment or message by another human; null where none came before the end",
    "fixed_by": "who made the commit that closed an issue, as GitHub tells it; null where it tells none",
    "contributor_absence_factor": "the fewest humans who made half of the contributions of twelve months; "
    "merge commits are left out",
}


def facts(happenings: Happenings, seed: int) -> dict[str, Any]:
    """Everything true that does not depend on how it was written to files."""
    contributions = sorted(
        happenings.contributions(), key=lambda each: (each.at, each.person.id, each.project)
    )
    seen = [each for each in contributions if each.identity]
    stars = imagine(seed)
    return {
        "definitions": _DEFINITIONS,
        "period": {
            "history_from": iso(plan.HISTORY_FROM),
            "from": iso(plan.PERIOD_FROM),
            "until": iso(plan.PERIOD_UNTIL),
            "recorded_at": iso(plan.RECORDED_AT),
            "timezone": plan.TIMEZONE,
            "months": plan.months(),
        },
        "own_organizations": [plan.OWN_ORGANIZATION],
        "own_domains": [plan.OWN_DOMAIN],
        "communities": [_community(each) for each in plan.COMMUNITIES],
        "entry_channels": _entry_channels(),
        "events": [_event(happenings, event) for event in plan.EVENTS],
        "office_hours": [
            {"id": name, "has_effect": False, "attendance": [_seat(seat, is_shown=True) for seat in seats]}
            for name, seats in office_hours.lists(happenings, seed).items()
        ],
        "campaigns": [_campaign(campaign, stars) for campaign in plan.CAMPAIGNS],
        "totals": _totals(happenings, contributions),
        "contributor_absence_factor": _absence_factors(happenings, seen),
        "namesakes": [list(pair) for pair in happenings.namesakes],
        "people": _people(happenings, contributions),
        "monthly": _monthly(happenings, seen, seed),
        "conversations": [_conversation(talk) for talk in happenings.conversations],
    }


def _community(community: Community) -> dict[str, Any]:
    response = community.response
    return {
        "id": community.id,
        "name": community.name,
        "projects": projects(community),
        "repositories": [each.id for each in community.repositories],
        "mailing_list": community.mailing_list,
        "planted": {
            "arrivals_per_month_at_scale_1": community.arrivals_per_month,
            "first_response": {
                "median_hours_if_answered": response.median_hours,
                "sigma": response.sigma,
                "never_answered_share": response.never_share,
                "newcomer_factor": response.newcomer_factor,
                "median_hours_regulars": _median(community, 1.0),
                "median_hours_newcomers": _median(community, response.newcomer_factor),
            },
        },
    }


def _median(community: Community, factor: float) -> float:
    """The median with the never answered in it: where the share that is answered by then reaches one half."""
    response = community.response
    point = NormalDist().inv_cdf(0.5 / (1 - response.never_share))
    return round(response.median_hours * factor * math.exp(response.sigma * point) + 60 / HOUR, 3)


def _entry_channels() -> dict[str, Any]:
    channels = {"organic": _survival(plan.ORGANIC, True)}
    for campaign in plan.CAMPAIGNS:
        if campaign.factor > 1:
            channels[f"campaign:{campaign.id}"] = _survival(plan.FROM_CAMPAIGN, True)
    for event in plan.EVENTS:
        survival = plan.FROM_EVENT_WITH_EFFECT if event.has_effect else plan.ORGANIC
        channels[f"event:{event.id}"] = _survival(survival, event.has_effect)
    return channels


def _survival(survival: Survival, brings_people: bool) -> dict[str, Any]:
    return {
        "one_off_share": survival.one_off_share,
        "mean_days": survival.mean_days,
        "brings_people": brings_people,
        "still_here": {
            f"day_{days}": round((1 - survival.one_off_share) * math.exp(-days / survival.mean_days), 4)
            for days in (90, 180, 365)
        },
    }


def _event(happenings: Happenings, event: plan.Event) -> dict[str, Any]:
    seats = happenings.attendance[event.id]
    return {
        "id": event.id,
        "title": event.title,
        "community": event.community,
        "starts_at": iso(event.starts),
        "ends_at": iso(event.ends),
        "tool": event.tool,
        "has_effect": event.has_effect,
        "registered": len(seats),
        "attended": sum(seat.status == "attended" for seat in seats),
        "consented": sum(seat.consented for seat in seats),
        "cost": event.cost,
        "attendance": [_seat(seat, is_shown=event.tool != "meetup") for seat in seats],
    }


def _seat(seat: Attendance, *, is_shown: bool) -> dict[str, Any]:
    """One registration; the address is null where the tool shows none."""
    return {
        "person": seat.person.id,
        "address": seat.address if is_shown else None,
        "registered_at": iso(seat.registered_at),
        "status": seat.status,
        "consented": seat.consented,
        "was_contributor": seat.was_contributor,
    }


def _campaign(campaign: plan.Campaign, stars: dict[str, Stars]) -> dict[str, Any]:
    repository = plan.community(campaign.community).repositories[0].id
    return {
        "id": campaign.id,
        "community": campaign.community,
        "starts_at": iso(campaign.starts),
        "ends_at": iso(campaign.ends),
        "has_effect": campaign.factor > 1,
        "arrivals_multiplied_by": campaign.factor,
        "repository": repository,
        "stars_multiplied_by": {
            str(days): round(ratio(stars[repository], campaign, days), 4) for days in (7, 28)
        },
    }


def _totals(happenings: Happenings, contributions: list[Contribution]) -> dict[str, Any]:
    return {
        "people": len(happenings.people),
        "contributors": len({each.person.id for each in contributions}),
        "contributions": len(contributions),
        "by_kind": dict(sorted(Counter(each.kind for each in contributions).items())),
        "conversations": dict(sorted(Counter(talk.kind for talk in happenings.conversations).items())),
    }


def _people(happenings: Happenings, contributions: list[Contribution]) -> list[dict[str, Any]]:
    made: dict[str, list[Contribution]] = defaultdict(list)
    for each in contributions:
        made[each.person.id].append(each)
    for event in plan.EVENTS:
        for seat in happenings.attendance[event.id]:
            made.setdefault(seat.person.id, [])
    return [_person(person, made[person.id]) for person in happenings.people if person.id in made]


def _person(person: Person, made: list[Contribution]) -> dict[str, Any]:
    sources: dict[tuple[str, str], set[str]] = defaultdict(set)
    names: dict[tuple[str, str], set[str]] = defaultdict(set)
    for each in made:
        identity = (each.identity_kind, each.identity)
        if each.identity:
            source = (
                "git"
                if each.kind == "commit_authored"
                else "mailing_lists"
                if each.kind == "message_sent"
                else "github"
            )
            sources[identity].add(source)
            names[identity].add(each.name)
    return {
        "id": person.id,
        "name": person.name,
        "kind": person.kind,
        "login": person.login if person.kind != "human" or person.login else None,
        "is_ghost": person.is_ghost,
        "told_by": person.told_by or None,
        "entry_channel": person.channel or None,
        "is_core": person.habit == "core",
        "communities": person.communities,
        "first_at": iso(made[0].at) if made else None,
        "last_at": iso(made[-1].at) if made else None,
        "planted_lifetime_days": None if not made or person.kind != "human" or person.habit == "core"
        else round((person.left_at - person.arrived_at) / plan.DAY, 2),
        "contributions": len(made),
        "utc_offset_minutes": person.offset_minutes,
        "is_in_mailmap": person.in_mailmap,
        "affiliations": [
            {
                "organization": job.organization,
                "from": None if job.since is None else iso(job.since),
                "until": None if job.until is None else iso(job.until),
                "address": job.address,
            }
            for job in person.employments
        ],
        "identities": [
            {"kind": kind, "value": value, "names": sorted(names[kind, value]), "sources": sorted(found)}
            for (kind, value), found in sorted(sources.items())
        ],
    }  # fmt: skip


def _monthly(
    happenings: Happenings, contributions: Iterable[Contribution], seed: int
) -> list[dict[str, Any]]:
    """One row per scope, month and segment with anybody in it, as it is and as the sources tell people apart."""
    community_of = {project: each.id for each in plan.COMMUNITIES for project in projects(each)}
    told = _Told(happenings, seed)
    active: dict[tuple[str, ...], tuple[set[str], ...]] = defaultdict(lambda: (set(), set()))
    new: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    known: set[tuple[str, str, int, str]] = set()
    whole = set(plan.months())
    for each in contributions:
        month = plan.month_of(each.at)
        names = (each.person.id, told.name(each.identity_kind, each.identity))
        for scope in (
            ("project", each.project),
            ("community", community_of[each.project]),
            ("program", "program"),
        ):
            keys = [(*scope, way, name) for way, name in enumerate(names)]
            first = [key not in known for key in keys]
            known.update(keys)
            for segment in _segments(each):
                row = (*scope, month, segment)
                for way, name in enumerate(names):
                    active[row][way].add(name)
                    new[row][way] += first[way]
    return [
        {
            "scope_kind": row[0],
            "scope_id": row[1],
            "month": row[2],
            "segment": row[3],
            **{f"contributors{way}": len(active[row][place]) for place, way in enumerate(_WAYS)},
            **{f"new_contributors{way}": new[row][place] for place, way in enumerate(_WAYS)},
        }
        for row in sorted(active)
        if row[2] in whole
    ]


_WAYS = ("", "_as_told")


class _Told:
    """Whom a reader takes for one person who believes all that the sources say of it, and nothing else."""

    def __init__(self, happenings: Happenings, seed: int) -> None:
        self._joined: dict[str, str] = {}
        for person, addresses in registers.known(happenings, seed):
            names = [_address(address) for address in addresses]
            names += [_login(person.login)] if person.login else []
            for name in names[1:]:
                self._join(names[0], name)
        for commits in happenings.commits.values():
            for commit in commits:
                for person, address in [(commit.person, commit.address), *commit.co_authors]:
                    is_mapped = person.in_mailmap and person is commit.person
                    if person.login and (is_mapped or person.knows(address)):
                        self._join(_address(address), _login(person.login))

    def name(self, kind: str, identity: str) -> str:
        """The same name for all identities of one person."""
        return self._top(_login(identity) if kind == "login" else _address(identity))

    def _join(self, one: str, other: str) -> None:
        low, high = sorted((self._top(one), self._top(other)))
        self._joined[high] = low

    def _top(self, name: str) -> str:
        while (above := self._joined.get(name, name)) != name:
            name = above
        return name


def _address(address: str) -> str:
    login = login_of(address)
    return _login(login) if login else address.lower()


def _login(login: str | None) -> str:
    return f"login {(login or '').lower()}"


def _segments(contribution: Contribution) -> tuple[str, ...]:
    person = contribution.person
    if person.kind != "human":
        return (f"{person.kind}s",)
    return ("people", "own" if person.is_own(contribution.at) else "outside")


def _absence_factors(happenings: Happenings, contributions: list[Contribution]) -> list[dict[str, Any]]:
    """For the last two years, per community and for the program, of humans and without merge commits."""
    commits = [
        (commit.author_at, project, commit.person, commit)
        for project, commits in happenings.commits.items()
        for commit in commits
        if not commit.is_merge
    ]
    shared = [
        (at, project, each, commit) for at, project, _, commit in commits for each, _ in commit.co_authors
    ]
    talks = [(each.at, each.project, each.person) for each in contributions if each.kind != "commit_authored"]
    authored = [each[:3] for each in commits]
    kinds = {
        "commits": authored,
        "commits_and_co_authors": authored + [each[:3] for each in shared],
        "conversations": talks,
        "all": authored + talks,
    }
    rows: list[dict[str, Any]] = []
    for year in (2025, 2026):
        start, end = plan.local(year - 1, 11, 1), plan.local(year, 11, 1)
        for community in (*plan.COMMUNITIES, None):
            wanted = {
                each for one in ([community] if community else plan.COMMUNITIES) for each in projects(one)
            }
            row: dict[str, Any] = {
                "scope_kind": "community" if community else "program",
                "scope_id": community.id if community else "program",
                "period_start": f"{year - 1}-11-01",
                "period_end": f"{year}-11-01",
            }
            for kind, made in kinds.items():
                there = [
                    (person.id, person.is_own(at))
                    for at, project, person in made
                    if person.kind == "human" and start <= at < end and project in wanted
                ]
                row[kind] = _absence_factor(who for who, _ in there)
                row[f"{kind}_outside"] = _absence_factor(who for who, is_own in there if not is_own)
            rows.append(row)
    return rows


def _absence_factor(people: Iterable[str]) -> int:
    counts = sorted(Counter(people).values(), reverse=True)
    reached, half = 0, sum(counts) / 2
    for place, count in enumerate(counts, 1):
        reached += count
        if reached >= half:
            return place
    return 0


def _conversation(talk: Conversation) -> dict[str, Any]:
    return {
        "key": talk.key,
        "kind": talk.kind,
        "project": talk.project,
        "community": talk.community,
        "opener": talk.opener.id,
        "opener_kind": talk.opener.kind,
        "is_ghost": talk.opener.is_ghost,
        "is_by_newcomer": talk.is_by_newcomer,
        "opened_at": iso(talk.opened_at),
        "first_response_at": None if talk.first_response_at is None else iso(talk.first_response_at),
        "first_responder": talk.first_responder.id if talk.first_responder else None,
        "closed_at": None if talk.closed_at is None else iso(talk.closed_at),
        "merged_at": None if talk.merged_at is None else iso(talk.merged_at),
        "replies": len(talk.entries),
        "labels": list(talk.labels),
        "closing_reason": talk.closing_reason,
        "fixed_by": talk.fixed_by.person.id if talk.fixed_by else None,
    }
