"""GitHub's answers about every repository, recorded as files: the shapes of its REST API."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ospo_metrics.simulation import plan
from ospo_metrics.simulation.happenings import Conversation, Entry, Happenings
from ospo_metrics.simulation.people import Person
from ospo_metrics.simulation.plan import Community, Repository, iso

_API = "https://api.github.com"
_WEB = "https://github.com"
_REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def write(folder: Path, happenings: Happenings) -> dict[str, Any]:
    """Write `github/` as the recorded answers' reader expects it; returns what is in it, by repository."""
    by_repository: dict[str, list[Conversation]] = {}
    for talk in happenings.conversations:
        if talk.kind != "mail_thread":
            by_repository.setdefault(talk.project, []).append(talk)
    found: dict[str, Any] = {}
    place = 0
    for community in plan.COMMUNITIES:
        for repository in community.repositories:
            place += 1
            talks = sorted(by_repository.get(repository.id, []), key=lambda talk: talk.number)
            target = folder / "github" / repository.id
            found[repository.id] = _Recording(repository, community, place, talks).write(target)
    (folder / "github" / "recorded_at.txt").write_text(iso(plan.RECORDED_AT) + "\n")
    return found


class _Recording:
    """One repository's answers; identifiers are taken from blocks that no other repository uses."""

    def __init__(
        self, repository: Repository, community: Community, place: int, talks: list[Conversation]
    ) -> None:
        self._repository, self._community, self._talks = repository, community, talks
        self._api = f"{_API}/repos/{repository.id}"
        self._web = f"{_WEB}/{repository.id}"
        self._repository_id = 700_000_000 + place
        self._issue_id = 2_000_000_000 + place * 10_000_000
        self._pull_id = 3_000_000_000 + place * 10_000_000
        self._next_comment_id = 4_000_000_000 + place * 20_000_000
        self._contributed: set[str] = set()

    def write(self, target: Path) -> dict[str, Any]:
        target.mkdir(parents=True, exist_ok=True)
        issues, pulls, comments = [], [], []
        for talk in self._talks:
            issues.append(self._issue(talk))
            if talk.kind == "change_request":
                pulls.append(self._pull(talk))
            comments += [self._comment(talk, entry) for entry in talk.entries]
        comments.sort(key=lambda comment: (comment["created_at"], comment["id"]))
        (target / "repository.json").write_text(
            json.dumps(self._about(issues), ensure_ascii=False, indent=1) + "\n"
        )
        for name, rows in (("issues", issues), ("pulls", pulls), ("comments", comments)):
            _lines(target / f"{name}.jsonl", rows)
        return {
            "issues_and_change_requests": len(issues),
            "issues": len(issues) - len(pulls),
            "change_requests": len(pulls),
            "change_requests_merged": sum(pull["merged_at"] is not None for pull in pulls),
            "comments": len(comments),
            "ghosts": sum(row["user"] is None for row in (*issues, *comments)),
        }

    def _issue(self, talk: Conversation) -> dict[str, Any]:
        api = f"{self._api}/issues/{talk.number}"
        is_change = talk.kind == "change_request"
        row: dict[str, Any] = {
            "url": api,
            "repository_url": self._api,
            "labels_url": f"{api}/labels{{/name}}",
            "comments_url": f"{api}/comments",
            "events_url": f"{api}/events",
            "html_url": f"{self._web}/{'pull' if is_change else 'issues'}/{talk.number}",
            "id": self._issue_id + talk.number,
            "node_id": f"I_sim{self._issue_id + talk.number:x}",
            **self._shared(talk),
            "comments": len(talk.entries),
            "body": talk.text,
            "reactions": {"url": f"{api}/reactions", "total_count": 0, **dict.fromkeys(_REACTIONS, 0)},
            "timeline_url": f"{api}/timeline",
            "state_reason": talk.closing_reason,
        }
        if is_change:
            web = row["html_url"]
            row |= {
                "draft": False,
                "pull_request": {
                    "url": f"{self._api}/pulls/{talk.number}",
                    "html_url": web,
                    "diff_url": f"{web}.diff",
                    "patch_url": f"{web}.patch",
                    "merged_at": _or_none(talk.merged_at),
                },
            }
        return row

    def _pull(self, talk: Conversation) -> dict[str, Any]:
        api, web = f"{self._api}/pulls/{talk.number}", f"{self._web}/pull/{talk.number}"
        owner = self._repository.id.split("/")[0]
        login = talk.opener.login or "ghost"
        branch = [commit for commit in talk.commits if not commit.is_merge]
        is_kept = self._repository.merges == "merge" and branch
        head = branch[-1].sha if is_kept else _invented(f"{talk.key} head")
        return {
            "url": api,
            "id": self._pull_id + talk.number,
            "node_id": f"PR_sim{self._pull_id + talk.number:x}",
            "html_url": web,
            "diff_url": f"{web}.diff",
            "patch_url": f"{web}.patch",
            "issue_url": f"{self._api}/issues/{talk.number}",
            **self._shared(talk),
            "body": talk.text,
            "merged_at": _or_none(talk.merged_at),
            "merge_commit_sha": talk.commits[-1].sha if talk.commits else None,
            "requested_reviewers": [],
            "requested_teams": [],
            "draft": False,
            "commits_url": f"{api}/commits",
            "review_comments_url": f"{api}/comments",
            "comments_url": f"{self._api}/issues/{talk.number}/comments",
            "statuses_url": f"{self._api}/statuses/{head}",
            "head": {"label": f"{login}:change-{talk.number}", "ref": f"change-{talk.number}", "sha": head},
            "base": {"label": f"{owner}:main", "ref": "main", "sha": _invented(f"{talk.key} base")},
            "auto_merge": None,
        }

    def _shared(self, talk: Conversation) -> dict[str, Any]:
        last = max([talk.opened_at, talk.closed_at or 0, *(entry.at for entry in talk.entries)])
        association = self._association(talk.opener, talk.opened_at)
        if talk.merged_at is not None:
            self._contributed.add(talk.opener.id)
        return {
            "number": talk.number,
            "title": talk.title,
            "user": _user(talk.opener),
            "labels": [self._label(name) for name in talk.labels],
            "state": "open" if talk.closed_at is None else "closed",
            "locked": False,
            "assignee": None,
            "assignees": [],
            "milestone": None,
            "created_at": iso(talk.opened_at),
            "updated_at": iso(last),
            "closed_at": _or_none(talk.closed_at),
            "author_association": association,
            "active_lock_reason": None,
        }

    def _comment(self, talk: Conversation, entry: Entry) -> dict[str, Any]:
        self._next_comment_id += 1
        number = self._next_comment_id
        page = "pull" if talk.kind == "change_request" else "issues"
        return {
            "url": f"{self._api}/issues/comments/{number}",
            "html_url": f"{self._web}/{page}/{talk.number}#issuecomment-{number}",
            "issue_url": f"{self._api}/issues/{talk.number}",
            "id": number,
            "node_id": f"IC_sim{number:x}",
            "user": _user(entry.person),
            "created_at": iso(entry.at),
            "updated_at": iso(entry.at),
            "body": entry.text,
            "author_association": self._association(entry.person, entry.at),
        }

    def _association(self, person: Person, at: int) -> str:
        if person.is_own(at):
            return "MEMBER"
        if person.habit == "core":
            return "COLLABORATOR"
        return "CONTRIBUTOR" if person.id in self._contributed else "NONE"

    def _label(self, name: str) -> dict[str, Any]:
        number = int(_invented(f"{self._repository.id} {name}")[:7], 16)
        url = f"{self._api}/labels/{name.replace(' ', '%20')}"
        return {"id": number, "node_id": f"LA_sim{number:x}", "url": url, "name": name, "color": "c5def5",
                "default": False, "description": None}  # fmt: skip

    def _about(self, issues: list[dict[str, Any]]) -> dict[str, Any]:
        owner, name = self._repository.id.split("/")
        pushed = iso(plan.PERIOD_UNTIL + 20 * 60)
        return {
            "id": self._repository_id,
            "node_id": f"R_sim{self._repository_id:x}",
            "name": name,
            "full_name": self._repository.id,
            "private": False,
            "owner": {"login": owner, "id": 80_000_001, "type": "Organization"},
            "html_url": self._web,
            "description": f"{self._repository.description} (simulated)",
            "fork": False,
            "url": self._api,
            "created_at": iso(plan.HISTORY_FROM),
            "updated_at": pushed,
            "pushed_at": pushed,
            "homepage": None,
            "stargazers_count": 0,
            "watchers_count": 0,
            "forks_count": 0,
            "language": self._repository.language,
            "has_issues": True,
            "archived": False,
            "open_issues_count": sum(issue["state"] == "open" for issue in issues),
            "default_branch": "main",
            "topics": [self._community.id],
            "visibility": "public",
        }


def _user(person: Person) -> dict[str, Any] | None:
    """A simple user, or nothing where the account is gone."""
    if person.is_ghost:
        return None
    return {
        "login": person.login,
        "id": person.github_id,
        "type": "Bot" if _has_bot_account(person) else "User",
    }


def _has_bot_account(person: Person) -> bool:
    return person.login is not None and person.login.endswith("[bot]")


def _or_none(at: int | None) -> str | None:
    return None if at is None else iso(at)


def _invented(text: str) -> str:
    """Forty hexadecimal digits that stand for a commit nobody has."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
