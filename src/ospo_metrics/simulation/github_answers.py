"""GitHub's answers about every repository, recorded as files: the nodes of its GraphQL API, a stream a file."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from ospo_metrics.simulation import plan, stars
from ospo_metrics.simulation.dice import Dice
from ospo_metrics.simulation.happenings import Commit, Conversation, Entry, Happenings
from ospo_metrics.simulation.people import Person
from ospo_metrics.simulation.plan import Community, Repository, iso

_WEB = "https://github.com"
_ASSIGNED = 0.3
"""The share of issues that somebody is assigned to."""
_REACTIONS = ("THUMBS_UP", "THUMBS_DOWN", "LAUGH", "HOORAY", "CONFUSED", "HEART", "ROCKET", "EYES")

Node = dict[str, Any]


def write(folder: Path, happenings: Happenings, seed: int) -> dict[str, Any]:
    """Write `github/` as the recorded answers' reader expects it; returns what is in it, by repository."""
    by_repository: dict[str, list[Conversation]] = {}
    for talk in happenings.conversations:
        if talk.kind != "mail_thread":
            by_repository.setdefault(talk.project, []).append(talk)
    found: dict[str, Any] = {}
    given = stars.imagine(seed)
    place = 0
    for community in plan.COMMUNITIES:
        for repository in community.repositories:
            place += 1
            talks = sorted(by_repository.get(repository.id, []), key=lambda talk: talk.number)
            target = folder / "github" / repository.id
            dice = Dice(seed, f"assignees of {repository.id}")
            recording = _Recording(repository, community, place, talks, given[repository.id], dice=dice)
            found[repository.id] = recording.write(target, happenings.commits[repository.id])
    (folder / "github" / "recorded_at.txt").write_text(iso(plan.RECORDED_AT) + "\n")
    return found


class _Recording:
    """One repository's answers; identifiers are taken from blocks that no other repository uses."""

    def __init__(
        self,
        repository: Repository,
        community: Community,
        place: int,
        talks: list[Conversation],
        given: stars.Stars,
        *,
        dice: Dice,
    ) -> None:
        self._stars, self._dice = given, dice
        self._repository, self._community, self._talks = repository, community, talks
        self._web = f"{_WEB}/{repository.id}"
        self._repository_id = 700_000_000 + place
        self._issue_id = 2_000_000_000 + place * 10_000_000
        self._change_request_id = 3_000_000_000 + place * 10_000_000
        self._next_comment_id = 4_000_000_000 + place * 20_000_000
        self._next_event_id = 6_000_000_000 + place * 20_000_000
        self._contributed: set[str] = set()

    def write(self, target: Path, commits: list[Commit]) -> dict[str, Any]:
        target.mkdir(parents=True, exist_ok=True)
        streams: dict[str, list[Node]] = {"issues": [], "change_requests": [], "labels": self._labels()}
        for thread in ("issue", "change_request"):
            for nested in ("comments", "events"):
                streams[f"{thread}_{nested}"] = []
        for talk in self._talks:
            comments = [self._comment(talk, entry) for entry in talk.entries]
            events = self._events(talk)
            streams[f"{talk.kind}s"].append(self._thread(talk, len(comments), len(events)))
            streams[f"{talk.kind}_comments"] += comments
            streams[f"{talk.kind}_events"] += events
        streams["commits"] = [_commit(commit) for commit in sorted(commits, key=lambda each: each.landed_at)]
        streams["star_history"] = stars.weeks(self._stars)
        issues, changes = streams["issues"], streams["change_requests"]
        comments = streams["issue_comments"] + streams["change_request_comments"]
        for name, nodes in (("repositories", [self._about(issues, changes)]), *streams.items()):
            _lines(target / f"{name}.jsonl", nodes)
        return {
            "issues_and_change_requests": len(issues) + len(changes),
            "issues": len(issues),
            "change_requests": len(changes),
            "change_requests_merged": sum(node["merged"] for node in changes),
            "comments": len(comments),
            "stars": sum(self._stars.given),
            "ghosts": sum(node["author"] is None for node in (*issues, *changes, *comments)),
        }

    def _thread(self, talk: Conversation, comments: int, events: int) -> Node:
        is_change = talk.kind == "change_request"
        identifier = talk.number + (self._change_request_id if is_change else self._issue_id)
        state = "OPEN" if talk.closed_at is None else "CLOSED"
        node = {
            "__typename": "PullRequest" if is_change else "Issue",
            "id": f"{'PR' if is_change else 'I'}_sim{identifier:x}",
            "fullDatabaseId": str(identifier),
            "number": talk.number,
            "url": self._page(talk),
            "title": talk.title,
            "body": talk.text,
            "state": state if talk.merged_at is None else "MERGED",
            "locked": False,
            "createdAt": iso(talk.opened_at),
            "updatedAt": iso(
                max([talk.opened_at, talk.closed_at or 0, *(entry.at for entry in talk.entries)])
            ),
            "closedAt": _or_none(talk.closed_at),
            "lastEditedAt": None,
            "author": _actor(talk.opener),
            "authorAssociation": self._association(talk.opener, talk.opened_at),
            "labels": {"nodes": [{"name": name} for name in talk.labels]},
            "milestone": None,
            "reactionGroups": [{"content": name, "reactors": {"totalCount": 0}} for name in _REACTIONS],
            "comments": {"totalCount": comments},
            "timelineItems": {"filteredCount": events},
        }
        if not is_change:
            assigned = {"totalCount": int(self._dice.chance(_ASSIGNED))}
            return node | {"stateReason": _upper(talk.closing_reason), "assignees": assigned}
        if talk.merged_at is not None:
            self._contributed.add(talk.opener.id)
        return node | {
            "isDraft": False,
            "merged": talk.merged_at is not None,
            "mergedAt": _or_none(talk.merged_at),
            "mergedBy": _actor(talk.merger) if talk.merger else None,
            "baseRefName": "main",
            "headRefName": f"change-{talk.number}",
            "isCrossRepository": True,
            "mergeCommit": _merge_commit(talk),
            "reviewDecision": None,
            "totalCommentsCount": comments,
            "reviews": {"totalCount": 0},
        }

    def _comment(self, talk: Conversation, entry: Entry) -> Node:
        self._next_comment_id += 1
        number = self._next_comment_id
        return {
            "number": talk.number,
            "id": f"IC_sim{number:x}",
            "fullDatabaseId": str(number),
            "url": f"{self._page(talk)}#issuecomment-{number}",
            "body": entry.text,
            "createdAt": iso(entry.at),
            "updatedAt": iso(entry.at),
            "lastEditedAt": None,
            "isMinimized": False,
            "author": _actor(entry.person),
            "authorAssociation": self._association(entry.person, entry.at),
        }

    def _events(self, talk: Conversation) -> list[Node]:
        """What closed or merged it, by whoever is known to have; GitHub tells of a merge as a closing too."""
        if talk.closed_at is None:
            return []
        closer = talk.merger or next(
            (entry.person for entry in talk.entries if entry.at == talk.closed_at), talk.first_responder
        )
        actor, at = _actor(closer) if closer else None, iso(talk.closed_at)
        fix = talk.fixed_by
        by = {"__typename": "Commit", "oid": fix.sha} if fix else None
        closed: Node = {"stateReason": _upper(talk.closing_reason), "closer": by}
        merged = [self._event(talk, "MergedEvent", at, actor)] if talk.merged_at is not None else []
        return [*merged, self._event(talk, "ClosedEvent", at, actor) | closed]

    def _event(self, talk: Conversation, kind: str, at: str, actor: Node | None) -> Node:
        self._next_event_id += 1
        identifier = f"{kind[0]}E_sim{self._next_event_id:x}"
        return {"number": talk.number, "__typename": kind, "id": identifier, "createdAt": at, "actor": actor}

    def _page(self, talk: Conversation) -> str:
        return f"{self._web}/{'pull' if talk.kind == 'change_request' else 'issues'}/{talk.number}"

    def _association(self, person: Person, at: int) -> str:
        if person.is_own(at):
            return "MEMBER"
        if person.habit == "core":
            return "COLLABORATOR"
        return "CONTRIBUTOR" if person.id in self._contributed else "NONE"

    def _labels(self) -> list[Node]:
        names = sorted({name for talk in self._talks for name in talk.labels})
        began = iso(plan.HISTORY_FROM)
        return [
            {
                "id": f"LA_sim{_invented(f'{self._repository.id} {name}')[:12]}",
                "name": name,
                "color": "c5def5",
                "description": None,
                "isDefault": False,
                "createdAt": began,
                "updatedAt": began,
            }
            for name in names
        ]

    def _about(self, issues: list[Node], changes: list[Node]) -> Node:
        pushed = iso(plan.PERIOD_UNTIL + 20 * 60)
        states = Counter(node["state"] for node in changes)
        return {
            "id": f"R_sim{self._repository_id:x}",
            "databaseId": self._repository_id,
            "nameWithOwner": self._repository.id,
            "url": self._web,
            "description": f"{self._repository.description} (simulated)",
            "createdAt": iso(plan.HISTORY_FROM),
            "updatedAt": pushed,
            "pushedAt": pushed,
            **dict.fromkeys(
                ("isArchived", "isEmpty", "isFork", "isDisabled", "isPrivate", "isMirror"), False
            ),
            "parent": None,
            "owner": {"__typename": "Organization", "login": self._repository.id.split("/")[0]},
            "primaryLanguage": {"name": self._repository.language},
            "licenseInfo": None,
            "codeOfConduct": None,
            "contributingGuidelines": None,
            "isSecurityPolicyEnabled": False,
            "issueTemplates": [],
            "pullRequestTemplates": [],
            "hasIssuesEnabled": True,
            "hasDiscussionsEnabled": False,
            "viewerPermission": "READ",
            "stargazerCount": sum(self._stars.given),
            "forkCount": 0,
            "watchers": {"totalCount": 0},
            "issues": {"totalCount": len(issues)},
            "openIssues": {"totalCount": sum(node["state"] == "OPEN" for node in issues)},
            "pullRequests": {"totalCount": len(changes)},
            "openPullRequests": {"totalCount": states["OPEN"]},
            "closedPullRequests": {"totalCount": states["CLOSED"]},
            "mergedPullRequests": {"totalCount": states["MERGED"]},
            "discussions": {"totalCount": 0},
            "releases": {"totalCount": 0},
            "labels": {"totalCount": len(self._labels())},
            "milestones": {"totalCount": 0},
            "newestIssue": _newest(issues),
            "newestPullRequest": _newest(changes),
            "newestDiscussion": {"nodes": []},
            "newestMilestone": {"nodes": []},
            "latestReleases": {"nodes": []},
            "defaultBranchRef": {"name": "main", "target": {"oid": _invented(f"{self._repository.id} head")}},
            "repositoryTopics": {"nodes": [{"topic": {"name": self._community.id}}]},
            "asOf": f"{iso(plan.RECORDED_AT)[:10]}T00:00:00Z",
        }


def _actor(person: Person) -> Node | None:
    """An account as GraphQL has it, whose bots' logins lack "[bot]"; nothing where the account is gone."""
    if person.is_ghost:
        return None
    login = person.login or ""
    return {
        "__typename": "Bot" if login.endswith("[bot]") else "User",
        "login": login.removesuffix("[bot]"),
        "databaseId": person.github_id,
    }


def _commit(commit: Commit) -> Node:
    """A commit with the accounts that GitHub takes its authors for: it knows the addresses that people told it."""
    authors = [
        _author(person, address) for person, address in [(commit.person, commit.address), *commit.co_authors]
    ]
    return {
        "oid": commit.sha,
        "authoredDate": iso(commit.author_at),
        "committedDate": iso(commit.landed_at),
        "author": authors[0] | {"date": _with_zone(commit.author_at, commit.person.offset_minutes)},
        "authors": {"totalCount": len(authors), "nodes": authors},
        "parents": {"totalCount": 2 if commit.is_merge else 1},
    }


def _author(person: Person, address: str) -> Node:
    account = {"login": person.login, "databaseId": person.github_id} if person.knows(address) else None
    return {"name": person.git_name, "email": address, "user": account}


def _with_zone(at: int, minutes: int) -> str:
    return datetime.fromtimestamp(at, timezone(timedelta(minutes=minutes))).isoformat()


def _merge_commit(talk: Conversation) -> Node | None:
    return {"oid": talk.commits[-1].sha} if talk.merged_at is not None and talk.commits else None


def _newest(nodes: list[Node]) -> Node:
    return {"nodes": [{"updatedAt": max(node["updatedAt"] for node in nodes)}] if nodes else []}


def _upper(reason: str | None) -> str | None:
    return reason and reason.upper()


def _or_none(at: int | None) -> str | None:
    return None if at is None else iso(at)


def _invented(text: str) -> str:
    """Forty hexadecimal digits that stand for a commit nobody has."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _lines(path: Path, rows: Iterable[Node]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
