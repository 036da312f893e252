"""A small made-up repository in the form of recorded answers, for tests of everything that reads GitHub."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

NAME = "example/fastfs"
RECORDED_AT = "2024-06-01T00:00:00Z"
BUSY_ISSUE = 5
"""The issue that a third of the comments are about; the change request of this place has most that is nested."""
NOT_PLANNED = 4
"""The first issue that was closed because nobody will do it."""

Record = dict[str, Any]

_START = datetime(2023, 1, 1, tzinfo=UTC)
_LABELS = ("bug", "documentation", "good first issue", "help wanted", "question", "area/io", "später")


def write_example(
    folder: Path,
    name: str = NAME,
    issues: int = 130,
    pulls: int = 120,
    comments: int = 340,
    *,
    reviews: int = 260,
    review_comments: int = 200,
    discussions: int = 12,
    discussion_comments: int = 140,
    releases: int = 4,
    stars: int = 130,
    forks: int = 7,
    commits: int = 150,
    permission: str = "ADMIN",
) -> Path:
    """Write one repository with so many of everything, always the same; the counts are those of the streams.

    A third of the comments is on one issue and a third of what change requests have is on one of them, so that
    nested lists overflow a page. Pulls begin after the issues' numbers, discussions after the pulls'.
    """
    target = folder / name
    target.mkdir(parents=True, exist_ok=True)
    threads = issues + pulls
    streams: dict[str, list[Record]] = {
        "issues": [_issue(number, name) for number in range(1, issues + 1)],
        "change_requests": [_change_request(number, name) for number in range(issues + 1, threads + 1)],
        "discussions": [
            _discussion(number, name) for number in range(threads + 1, threads + discussions + 1)
        ],
        "releases": [_release(number, name) for number in range(releases)],
        "stars": [_star(number) for number in range(stars)],
        "forks": [_fork(number, name) for number in range(forks)],
        "commits": [_commit(number) for number in range(commits)],
        "labels": [_label(label, at, name) for at, label in enumerate(_LABELS)],
        "milestones": [_milestone(number, name) for number in range(1, 4)],
    }
    said = [_comment(at, _about(at, issues, threads), name) for at in range(comments)] if threads else []
    streams["issue_comments"] = [comment for comment in said if comment["number"] <= issues]
    streams["change_request_comments"] = [comment for comment in said if comment["number"] > issues]
    streams["issue_events"] = [e for thread in streams["issues"] for e in _events(thread)]
    streams["change_request_events"] = [e for thread in streams["change_requests"] for e in _events(thread)]
    streams["reviews"] = (
        [_review(at, _reviewed(at, issues, pulls), name) for at in range(reviews)] if pulls else []
    )
    streams["review_comments"] = [
        _review_comment(at, streams["reviews"], name)
        for at in range(review_comments if streams["reviews"] else 0)
    ]
    streams["discussion_comments"] = _discussion_comments(discussion_comments, streams["discussions"], name)
    _count(streams)
    streams["star_history"] = _weeks(streams["stars"])
    streams["traffic"] = _traffic(name)
    streams["people"] = [_profile(number) for number in (*range(40), *range(1_000, 1_000 + stars))]
    streams["repositories"] = [_repository(name, permission, streams)]
    for stream, records in streams.items():
        lines = [json.dumps(record, ensure_ascii=False) for record in records]
        (target / f"{stream}.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    (folder / "recorded_at.txt").write_text(RECORDED_AT + "\n")
    return target


def records_of(folder: Path, stream: str, name: str = NAME) -> list[Record]:
    """What a stream of the example holds."""
    text = (folder / name / f"{stream}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def actor(number: int) -> Record | None:
    """Somebody: every 17th is a deleted account, and two are bots, whose logins GraphQL writes without [bot]."""
    if number % 17 == 0:
        return None
    if number == 3:
        return {"__typename": "Bot", "login": "helper-3", "databaseId": 103}
    if number == 9:
        return {"__typename": "Bot", "login": "copilot-swe-agent", "databaseId": 109}
    return {"__typename": "User", "login": f"person-{number}", "databaseId": 100 + number}


def second(after: int) -> str:
    """A time so many seconds after the example's beginning."""
    return f"{_START + timedelta(seconds=after):%Y-%m-%dT%H:%M:%SZ}"


def _base(name: str) -> int:
    """Where the ids of a repository begin: no two repositories have one in common."""
    return 0 if name == NAME else (zlib.crc32(name.encode()) % 2_000 + 1) * 1_000_000


def _repository(name: str, permission: str, streams: dict[str, list[Record]]) -> Record:
    owner, _ = name.split("/")
    newest = max(
        (r["updatedAt"] for s in ("issues", "change_requests") for r in streams[s]), default=second(0)
    )
    head = streams["commits"][-1]["oid"] if streams["commits"] else None
    return {
        "id": f"R_kg{_base(name) + 1_000:06}",
        "databaseId": _base(name) + 1_000,
        "nameWithOwner": name,
        "url": f"https://github.com/{name}",
        "description": "A file system that is fast",
        "createdAt": second(0),
        "updatedAt": newest,
        "pushedAt": newest,
        "isArchived": False,
        "isEmpty": head is None,
        "isFork": False,
        "isDisabled": False,
        "isPrivate": False,
        "isMirror": False,
        "parent": None,
        "owner": {"__typename": "Organization", "login": owner},
        "primaryLanguage": {"name": "Rust"},
        "licenseInfo": {"spdxId": "Apache-2.0"},
        "codeOfConduct": {"key": "contributor_covenant"},
        "contributingGuidelines": {"url": f"https://github.com/{name}/blob/main/CONTRIBUTING.md"},
        "isSecurityPolicyEnabled": True,
        "issueTemplates": [{"name": "Bug report"}],
        "pullRequestTemplates": [{"filename": "pull_request_template.md"}],
        "hasIssuesEnabled": True,
        "hasDiscussionsEnabled": True,
        "viewerPermission": permission,
        "stargazerCount": len(streams["stars"]),
        "forkCount": len(streams["forks"]),
        "forks": {"totalCount": len(streams["forks"])},
        "watchers": {"totalCount": 21},
        "issues": {"totalCount": len(streams["issues"])},
        "openIssues": {"totalCount": sum(r["state"] == "OPEN" for r in streams["issues"])},
        "pullRequests": {"totalCount": len(streams["change_requests"])},
        "openPullRequests": {"totalCount": sum(r["state"] == "OPEN" for r in streams["change_requests"])},
        "closedPullRequests": {"totalCount": sum(r["state"] == "CLOSED" for r in streams["change_requests"])},
        "mergedPullRequests": {"totalCount": sum(r["state"] == "MERGED" for r in streams["change_requests"])},
        "discussions": {"totalCount": len(streams["discussions"])},
        "releases": {"totalCount": len(streams["releases"])},
        "labels": {"totalCount": len(streams["labels"])},
        "milestones": {"totalCount": len(streams["milestones"])},
        "newestIssue": _newest(streams["issues"]),
        "newestPullRequest": _newest(streams["change_requests"]),
        "newestDiscussion": _newest(streams["discussions"]),
        "newestMilestone": _newest(streams["milestones"]),
        "latestReleases": {
            "nodes": [
                {
                    **{
                        f: r[f] for f in ("databaseId", "tagName", "publishedAt", "updatedAt", "isPrerelease")
                    },
                    "releaseAssets": {
                        "nodes": [
                            {"name": asset["name"], "downloadCount": asset["downloadCount"]}
                            for asset in r["releaseAssets"]["nodes"]
                        ]
                    },
                }
                for r in streams["releases"][:-4:-1]
            ]
        },
        "defaultBranchRef": {"name": "main", "target": {"oid": head}} if head else None,
        "repositoryTopics": {"nodes": [{"topic": {"name": "storage"}}]},
        "asOf": RECORDED_AT,
    }


def _newest(records: list[Record]) -> Record:
    return {"nodes": [{"updatedAt": max(r["updatedAt"] for r in records)}] if records else []}


def _thread(number: int, name: str, kind: str) -> Record:
    closed_at = second(number * 3_600 + 1_800) if number % 3 else None
    labels = [{"name": _LABELS[(number + at) % len(_LABELS)]} for at in range(number % 3)]
    return {
        "id": f"{'I' if kind == 'Issue' else 'PR'}_kw{_base(name) + number:06}",
        "fullDatabaseId": str(_base(name) + (10_000 if kind == "Issue" else 50_000) + number),
        "number": number,
        "url": f"https://github.com/{name}/{'issues' if kind == 'Issue' else 'pull'}/{number}",
        "title": f"Thread {number} – “quoted”, ünïcode and 🐟",
        "body": f"body of {number}",
        "state": "CLOSED" if closed_at else "OPEN",
        "locked": number % 29 == 0,
        "createdAt": second(number * 3_600),
        "updatedAt": second(number * 3_600 + 1_800 + (number * 7_919) % 900_000),
        "closedAt": closed_at,
        "lastEditedAt": second(number * 3_600 + 60) if number % 10 == 0 else None,
        "author": actor(number % 23),
        "authorAssociation": "MEMBER" if number % 5 == 0 else "NONE",
        "labels": {"nodes": labels},
        "milestone": {"number": 1, "title": "1.0"} if number % 8 == 0 else None,
        "reactionGroups": [
            {"content": content, "reactors": {"totalCount": number % 4 if content == "THUMBS_UP" else 0}}
            for content in (
                "THUMBS_UP",
                "THUMBS_DOWN",
                "LAUGH",
                "HOORAY",
                "CONFUSED",
                "HEART",
                "ROCKET",
                "EYES",
            )
        ],
    }


def _issue(number: int, name: str) -> Record:
    issue = {"__typename": "Issue", **_thread(number, name, "Issue"), "assignees": {"totalCount": number % 3}}
    reason = "NOT_PLANNED" if number % 7 == NOT_PLANNED else "DUPLICATE" if number % 19 == 0 else "COMPLETED"
    return {**issue, "stateReason": reason if issue["closedAt"] else None}


def _change_request(number: int, name: str) -> Record:
    found = {"__typename": "PullRequest", **_thread(number, name, "PullRequest")}
    is_merged = bool(found["closedAt"]) and number % 2 == 1
    return {
        **found,
        "state": "MERGED" if is_merged else found["state"],
        "isDraft": number % 12 == 0,
        "merged": is_merged,
        "mergedAt": found["closedAt"] if is_merged else None,
        "mergedBy": actor(1) if is_merged else None,
        "additions": number * 3,
        "deletions": number,
        "changedFiles": number % 9 + 1,
        "baseRefName": "main",
        "headRefName": f"change-{number}",
        "isCrossRepository": number % 4 != 0,
        "mergeCommit": {"oid": f"{number:040x}"} if is_merged else None,
        "reviewDecision": "APPROVED" if is_merged else None,
    }


def _about(at: int, issues: int, threads: int) -> int:
    """The number of the thread that a comment stands in."""
    if at % 3 == 0:
        return min(BUSY_ISSUE, threads)
    if at % 3 == 1:
        return min(issues + BUSY_ISSUE, threads)
    return at % threads + 1


def _said(identifier: int, at: int, author: int) -> Record:
    return {
        "body": f"said {at}",
        "createdAt": second(at * 2_400),
        "updatedAt": second(at * 2_400 + at % 5),
        "lastEditedAt": second(at * 2_400 + at % 5) if at % 5 else None,
        "isMinimized": at % 31 == 30,
        "author": actor(author),
        "authorAssociation": "CONTRIBUTOR",
        "fullDatabaseId": str(identifier),
    }


def _comment(at: int, number: int, name: str) -> Record:
    identifier = _base(name) + 90_000 + at
    url = f"https://github.com/{name}/issues/{number}#issuecomment-{identifier}"
    return {"number": number, "id": f"IC_kw{identifier:06}", "url": url, **_said(identifier, at, at % 29)}


def _events(thread: Record) -> list[Record]:
    """What the timeline tells of a thread; the busy change request was labelled over and over."""
    number, opened = thread["number"], thread["createdAt"]
    is_change = thread["__typename"] == "PullRequest"
    by = {"__typename": "User", "login": "person-1"}
    found: list[Record] = []

    def add(kind: str, when: str, **more: Any) -> None:
        prefix = "".join(letter for letter in kind if letter.isupper())
        identifier = f"{prefix}_{thread['id']}{len(found):03}"
        found.append(
            {"number": number, "__typename": kind, "id": identifier, "createdAt": when, "actor": by, **more}
        )

    for label in thread["labels"]["nodes"]:
        add("LabeledEvent", opened, label={"name": label["name"]})
    if number % 11 == 0:
        add("LabeledEvent", opened, label={"name": "question"})
        add("UnlabeledEvent", second(number * 3_600 + 900), label={"name": "question"})
    if is_change and number % 6 == 0:
        add("ReadyForReviewEvent", second(number * 3_600 + 600))
        add("ReviewRequestedEvent", second(number * 3_600 + 700))
    if is_change and number % 12 == 0:
        add("ConvertToDraftEvent", second(number * 3_600 + 800))
    if not is_change and number % 13 == 0:
        add("ReopenedEvent", second(number * 3_600 + 1_000))
    if not is_change and number % 40 == 0:
        add("TransferredEvent", second(number * 3_600 + 1_100))
    if is_change and thread["mergedAt"]:
        add("MergedEvent", thread["mergedAt"])
    if thread["closedAt"]:
        commit = {"__typename": "Commit", "oid": f"{number:040x}"}
        by_what = commit if number % 2 else {"__typename": "PullRequest", "number": number + 1}
        closer = by_what if number % 5 == 0 and not is_change else None
        add("ClosedEvent", thread["closedAt"], stateReason=thread.get("stateReason"), closer=closer)
    if number % 125 == 10:
        for at in range(70):
            add("LabeledEvent" if at % 2 else "UnlabeledEvent", second(500_000 + at), label={"name": "bug"})
    return found


def _reviewed(at: int, issues: int, pulls: int) -> int:
    """The number of the change request that a review is of."""
    return issues + (min(BUSY_ISSUE, pulls) if at % 3 == 0 else at % pulls + 1)


def _review(at: int, number: int, name: str) -> Record:
    states = ("COMMENTED", "APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED")
    identifier = _base(name) + 200_000 + at
    return {
        "number": number,
        "id": f"PRR_kw{identifier:06}",
        "fullDatabaseId": str(identifier),
        "url": f"https://github.com/{name}/pull/{number}#pullrequestreview-{identifier}",
        "state": states[at % len(states)],
        "body": f"review {at}" if at % 4 else "",
        "createdAt": second(470_000 + at * 1_200),
        "submittedAt": second(470_000 + at * 1_200 + 60),
        "updatedAt": second(470_000 + at * 1_200 + 60),
        "author": actor(at % 13),
        "authorAssociation": "MEMBER",
    }


def _review_comment(at: int, reviews: list[Record], name: str) -> Record:
    """A third of them is in the first review, which is of the busy change request."""
    review = reviews[0] if at % 3 == 0 else reviews[at % len(reviews)]
    number = review["number"]
    identifier = _base(name) + 300_000 + at
    return {
        "number": number,
        "reviewId": review["fullDatabaseId"],
        "id": f"PRRC_kw{identifier:06}",
        "url": f"https://github.com/{name}/pull/{number}#discussion_r{identifier}",
        **_said(identifier, at + 200, at % 13),
        "path": f"src/part{at % 7}.rs",
        "replyTo": {"fullDatabaseId": str(identifier - 3)} if at % 9 == 3 else None,
    }


def _discussion(number: int, name: str) -> Record:
    is_answered = number % 4 == 0
    created = number * 3_700
    return {
        "id": f"D_kw{_base(name) + number:06}",
        "databaseId": _base(name) + 60_000 + number,
        "number": number,
        "url": f"https://github.com/{name}/discussions/{number}",
        "title": f"How do I {number}?",
        "body": f"question {number}",
        "createdAt": second(created),
        "updatedAt": second(created + 90_000),
        "closed": number % 6 == 0,
        "closedAt": second(created + 50_000) if number % 6 == 0 else None,
        "stateReason": "RESOLVED" if number % 6 == 0 else None,
        "isAnswered": is_answered if number % 3 else None,
        "answerChosenAt": None,
        "answerChosenBy": None,
        "answer": None,
        "upvoteCount": number % 5,
        "category": {"name": "Q&A" if number % 3 else "Ideas", "isAnswerable": bool(number % 3)},
        "author": actor(number % 23),
        "authorAssociation": "NONE",
        "labels": {"nodes": [{"name": "question"}]},
    }


def _discussion_comments(count: int, discussions: list[Record], name: str) -> list[Record]:
    """Comments, two of five in the first discussion; of five others two are replies to the newest before them."""
    found: list[Record] = []
    tops: dict[int, list[Record]] = {}
    for at in range(count if discussions else 0):
        discussion = discussions[0] if at % 5 < 2 else discussions[at % len(discussions)]
        number = discussion["number"]
        identifier = _base(name) + 400_000 + at
        said = _said(identifier, at + 380, at % 19)
        comment = {
            "number": number,
            "id": f"DC_kw{identifier:06}",
            "databaseId": int(said.pop("fullDatabaseId")),
            "url": f"https://github.com/{name}/discussions/{number}#discussioncomment-{identifier}",
            **said,
            "upvoteCount": at % 3,
            "isAnswer": False,
            "replyTo": None,
        }
        above = tops.setdefault(number, [])
        if above and at % 5 in (1, 3):
            comment["replyTo"] = {"databaseId": above[0]["databaseId"]}
        else:
            above.append(comment)
        found.append(comment)
    answered = [comment["replyTo"]["databaseId"] for comment in found if comment["replyTo"]]
    for comment in found:
        if not comment["replyTo"]:
            comment["replies"] = {"totalCount": answered.count(comment["databaseId"])}
    for discussion in discussions:
        if discussion["isAnswered"] and discussion["number"] in tops:
            answer = tops[discussion["number"]][0]
            answer["isAnswer"] = True
            discussion["answer"] = {"databaseId": answer["databaseId"]}
            discussion["answerChosenAt"] = answer["createdAt"]
            discussion["answerChosenBy"] = actor(1)
    return found


def _count(streams: dict[str, list[Record]]) -> None:
    """Write into threads and reviews how much stands beneath them."""
    for stream, nested, parent, field in (
        ("issues", "issue_comments", "number", "comments"),
        ("change_requests", "change_request_comments", "number", "comments"),
        ("change_requests", "reviews", "number", "reviews"),
        ("reviews", "review_comments", "reviewId", "comments"),
        ("discussions", "discussion_comments", "number", "comments"),
    ):
        beneath = [r[parent] for r in streams[nested] if not (stream == "discussions" and r["replyTo"])]
        for record in streams[stream]:
            key = record["fullDatabaseId"] if parent == "reviewId" else record["number"]
            record[field] = {"totalCount": beneath.count(key)}
    for stream, nested in (("issues", "issue_events"), ("change_requests", "change_request_events")):
        numbers = [event["number"] for event in streams[nested]]
        for record in streams[stream]:
            record["timelineItems"] = {"filteredCount": numbers.count(record["number"])}
    inside = [comment["number"] for comment in streams["review_comments"]]
    for record in streams["change_requests"]:
        record["totalCommentsCount"] = record["comments"]["totalCount"] + inside.count(record["number"])


def _release(number: int, name: str) -> Record:
    tag = f"v0.{number}.0"
    return {
        "databaseId": _base(name) + 70_000 + number,
        "id": f"RE_kw{_base(name) + number:06}",
        "url": f"https://github.com/{name}/releases/tag/{tag}",
        "tagName": tag,
        "name": f"Release {tag}",
        "createdAt": second(number * 400_000),
        "publishedAt": second(number * 400_000 + 60),
        "updatedAt": second(number * 400_000 + 60),
        "isDraft": False,
        "isPrerelease": number % 4 == 3,
        "author": actor(1),
        "releaseAssets": {
            "totalCount": 2,
            "nodes": [
                {
                    "name": f"fastfs-{tag}-{system}.tar.gz",
                    "downloadCount": 10 * number + 1,
                    "size": 1_000 + number,
                    "createdAt": second(number * 400_000),
                }
                for system in ("linux", "macos")
            ],
        },
    }


def _star(number: int) -> Record:
    person = {key: _profile(1_000 + number)[key] for key in ("__typename", "id", "login", "databaseId")}
    return {"starredAt": second(number * 50_000), "node": person}


def _weeks(stars: list[Record]) -> list[Record]:
    """Stars by week of their day, newest week first."""
    weeks: dict[int, list[int]] = {}
    for star in stars:
        day = datetime.fromisoformat(star["starredAt"]).replace(hour=0, minute=0, second=0)
        sunday = day - timedelta(days=(day.weekday() + 1) % 7)
        weeks.setdefault(int(sunday.timestamp()), [0] * 7)[(day - sunday).days] += 1
    return [
        {"week": week, "total": sum(days), "days": days} for week, days in sorted(weeks.items(), reverse=True)
    ]


def _fork(number: int, name: str) -> Record:
    return {
        "databaseId": _base(name) + 80_000 + number,
        "nameWithOwner": f"person-{number + 20}/{name.split('/')[1]}",
        "url": f"https://github.com/person-{number + 20}/{name.split('/')[1]}",
        "createdAt": second(number * 300_000),
        "owner": {"__typename": "User", "login": f"person-{number + 20}", "databaseId": 120 + number},
    }


def _commit(number: int) -> Record:
    """A commit; every fifth was merged by another, every seventh has a co-author, some authors have no account."""
    when = second(number * 9_000)
    author = _git_actor(number % 11, when)
    authors = [author, _git_actor(number % 5 + 12, when)] if number % 7 == 0 else [author]
    return {
        "oid": f"{0xC0FFEE + number:040x}",
        "authoredDate": when,
        "committedDate": second(number * 9_000 + (600 if number % 5 == 0 else 0)),
        "additions": number % 90,
        "deletions": number % 40,
        "author": author,
        "committer": _git_actor(1, second(number * 9_000 + 600)) if number % 5 == 0 else author,
        "authors": {
            "totalCount": len(authors),
            "nodes": [{key: a[key] for key in ("name", "email", "user")} for a in authors],
        },
        "parents": {"totalCount": 2 if number % 5 == 0 else min(number, 1)},
    }


def _git_actor(number: int, when: str) -> Record:
    has_account = number % 6 != 0
    return {
        "name": f"Person {number}",
        "email": f"person-{number}@example.org",
        "date": when,
        "user": {"login": f"person-{number}", "databaseId": 100 + number} if has_account else None,
    }


def _profile(number: int) -> Record:
    known = actor(number) or {"__typename": "User", "login": f"person-{number}", "databaseId": 100 + number}
    is_user = known["__typename"] == "User"
    return {
        "__typename": known["__typename"],
        "id": f"{known['__typename'][0]}_kg{known['databaseId']:06}",
        "databaseId": known["databaseId"],
        "login": known["login"],
        "name": f"Person {number}" if is_user and number % 2 else None,
        "company": "@example" if is_user and number % 4 == 1 else None,
        "location": "Kraków" if is_user and number % 6 == 1 else None,
        "createdAt": second(-number * 86_400),
    }


def _label(label: str, at: int, name: str) -> Record:
    return {
        "id": f"LA_kw{_base(name) + at:06}",
        "name": label,
        "color": f"{at:06x}",
        "description": None,
        "isDefault": at < 5,
        "createdAt": second(at),
        "updatedAt": second(at),
    }


def _milestone(number: int, name: str) -> Record:
    closed_at = second(2_000_000) if number == 1 else None
    return {
        "id": f"MI_kw{_base(name) + number:06}",
        "number": number,
        "title": f"{number}.0",
        "description": None,
        "state": "CLOSED" if closed_at else "OPEN",
        "createdAt": second(number),
        "updatedAt": closed_at or second(number),
        "closedAt": closed_at,
        "dueOn": None,
        "url": f"https://github.com/{name}/milestone/{number}",
    }


def _traffic(name: str) -> list[Record]:
    """Fourteen days before the recording, and the two lists of that day."""
    end = datetime.fromisoformat(RECORDED_AT)
    days = [f"{end - timedelta(days=back):%Y-%m-%dT%H:%M:%SZ}" for back in range(14, 0, -1)]
    found: list[Record] = [
        {"kind": kind, "timestamp": day, "count": (at + 3) * factor, "uniques": at + 2}
        for kind, factor in (("views", 7), ("clones", 2))
        for at, day in enumerate(days)
    ]
    referrers = [{"referrer": "Google", "count": 30, "uniques": 9}]
    paths = [{"path": f"/{name}", "title": name, "count": 44, "uniques": 12}]
    found.append({"kind": "referrers", "asOf": RECORDED_AT[:10], "list": referrers})
    found.append({"kind": "paths", "asOf": RECORDED_AT[:10], "list": paths})
    return found
