"""A dump of a repository, as IETF working groups keep it, turned into recorded answers of GitHub's GraphQL API."""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

COMMENTS = 10**12
"""Where the ids of comments begin, which a dump does not tell: they are made of the thread's number and the place."""
REVIEW_COMMENTS = 10**13
"""Where those of review comments begin: they are made of the review's id and the place."""

Record = dict[str, Any]


def convert(archive: Path, folder: Path) -> str:
    """Write one `archive.json` as a folder of recorded answers; the repository's full name.

    A dump has logins without numbers, so a person's number is made from the login; of a timeline it tells when
    and by whom something was merged, and when it was closed; a review comment is by whom the review is by, and a
    review was submitted when it was created. Whatever else it does not tell is null.
    """
    dump = json.loads(archive.read_text(encoding="utf-8"))
    name = str(dump["repo"])
    streams: dict[str, list[Record]] = {
        "repositories": [_repository(dump)],
        "issues": [_issue(issue) for issue in dump["issues"]],
        "issue_comments": _all(_comments, dump["issues"]),
        "issue_events": _all(_events, dump["issues"]),
        "change_requests": [_change_request(pull, name) for pull in dump["pulls"]],
        "change_request_comments": _all(_comments, dump["pulls"]),
        "change_request_events": _all(_events, dump["pulls"]),
        "reviews": _all(_reviews, dump["pulls"]),
        "review_comments": _all(_review_comments, dump["pulls"]),
        "labels": [_label(label) for label in dump["labels"]],
    }
    target = folder / name
    target.mkdir(parents=True, exist_ok=True)
    for stream, records in streams.items():
        with (target / f"{stream}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    (folder / "recorded_at.txt").write_text(dump["timestamp"] + "\n", encoding="utf-8")
    return name


def _all(of: Any, threads: list[Record]) -> list[Record]:
    return [record for thread in threads for record in of(thread)]


def _repository(dump: Record) -> Record:
    name = str(dump["repo"])
    owner = name.split("/")[0]
    issues, pulls = dump["issues"], dump["pulls"]
    node_ids = [record["id"] for record in [*issues, *pulls] if re.match("[A-Z]+_", record["id"])]
    updated_at = max(record["updatedAt"] for record in [*issues, *pulls])
    states = [pull["state"] for pull in pulls]
    known = {
        "id": f"R_{name}",
        "databaseId": _numbers(node_ids[0])[0] if node_ids else _number(name),
        "nameWithOwner": name,
        "url": f"https://github.com/{name}",
        "createdAt": min(record["createdAt"] for record in [*issues, *pulls]),
        "updatedAt": updated_at,
        "isArchived": False,
        "isEmpty": False,
        "isFork": False,
        "isDisabled": False,
        "isPrivate": False,
        "isMirror": False,
        "owner": {"__typename": "Organization", "login": owner},
        "hasIssuesEnabled": True,
        "hasDiscussionsEnabled": False,
        "viewerPermission": "READ",
        "issues": {"totalCount": len(issues)},
        "openIssues": {"totalCount": sum(issue["state"] == "OPEN" for issue in issues)},
        "pullRequests": {"totalCount": len(pulls)},
        "openPullRequests": {"totalCount": states.count("OPEN")},
        "closedPullRequests": {"totalCount": states.count("CLOSED")},
        "mergedPullRequests": {"totalCount": states.count("MERGED")},
        "discussions": {"totalCount": 0},
        "releases": {"totalCount": 0},
        "labels": {"totalCount": len(dump["labels"])},
        "milestones": {"totalCount": 0},
        "newestIssue": {"nodes": [{"updatedAt": max(issue["updatedAt"] for issue in issues)}]},
        "newestPullRequest": {"nodes": [{"updatedAt": max(pull["updatedAt"] for pull in pulls)}]},
        "newestDiscussion": {"nodes": []},
        "newestMilestone": {"nodes": []},
        "latestReleases": {"nodes": []},
        "repositoryTopics": {"nodes": []},
        "asOf": dump["timestamp"][:10] + "T00:00:00Z",
    }
    unknown = (
        "description pushedAt parent primaryLanguage licenseInfo codeOfConduct contributingGuidelines "
        "isSecurityPolicyEnabled issueTemplates pullRequestTemplates stargazerCount forkCount watchers "
        "defaultBranchRef"
    )
    return known | dict.fromkeys(unknown.split())


def _issue(issue: Record) -> Record:
    return {"__typename": "Issue", **_thread(issue), "stateReason": None}


def _change_request(pull: Record, name: str) -> Record:
    commit = pull["mergeCommit"]
    return {
        "__typename": "PullRequest",
        **_thread(pull),
        "isDraft": None,
        "merged": pull["mergedAt"] is not None,
        "mergedAt": pull["mergedAt"],
        "mergedBy": _actor(pull["mergedBy"]),
        "additions": None,
        "deletions": None,
        "changedFiles": None,
        "baseRefName": pull["baseRefName"],
        "headRefName": pull["headRefName"],
        "isCrossRepository": pull["headRepository"] != name,
        "mergeCommit": commit and {"oid": commit["oid"]},
        "reviewDecision": None,
        "totalCommentsCount": None,
        "reviews": {"totalCount": len(pull["reviews"])},
    }


def _thread(thread: Record) -> Record:
    return {
        "id": thread["id"],
        "fullDatabaseId": str(_numbers(thread["id"])[-1]),
        "number": thread["number"],
        "url": thread["url"],
        "title": thread["title"],
        "body": thread["body"],
        "state": thread["state"],
        "locked": None,
        "createdAt": thread["createdAt"],
        "updatedAt": thread["updatedAt"],
        "closedAt": thread["closedAt"],
        "lastEditedAt": None,
        "author": _actor(thread["author"]),
        "authorAssociation": thread["authorAssociation"],
        "labels": {"nodes": [{"name": label} for label in thread["labels"]]},
        "milestone": None,
        "reactionGroups": None,
        "comments": {"totalCount": len(thread["comments"])},
        "timelineItems": {"filteredCount": len(_events(thread))},
    }


def _comments(thread: Record) -> list[Record]:
    return [
        _said(COMMENTS + thread["number"] * 10_000 + place, "IC", comment, thread, comment)
        for place, comment in enumerate(thread["comments"])
    ]


def _said(identifier: int, kind: str, said: Record, thread: Record, by: Record) -> Record:
    anchor = "issuecomment-" if kind == "IC" else "discussion_r"
    return {
        "number": thread["number"],
        "id": f"{kind}_{identifier}",
        "fullDatabaseId": str(identifier),
        "url": f"{thread['url']}#{anchor}{identifier}",
        "body": said["body"],
        "createdAt": said["createdAt"],
        "updatedAt": said["updatedAt"],
        "lastEditedAt": None,
        "isMinimized": None,
        "author": _actor(by["author"]),
        "authorAssociation": by["authorAssociation"],
    }


def _events(thread: Record) -> list[Record]:
    number = thread["number"]
    merged_by = _actor(thread.get("mergedBy"))
    actor = merged_by and {"__typename": merged_by["__typename"], "login": merged_by["login"]}
    found: list[Record] = []
    if thread.get("mergedAt"):
        merged = {"__typename": "MergedEvent", "id": f"ME_{number}", "createdAt": thread["mergedAt"]}
        found.append({"number": number, **merged, "actor": actor})
    if thread["closedAt"]:
        closed = {"__typename": "ClosedEvent", "id": f"CE_{number}", "createdAt": thread["closedAt"]}
        found.append({"number": number, **closed, "actor": actor, "stateReason": None, "closer": None})
    return found


def _reviews(pull: Record) -> list[Record]:
    return [
        {
            "number": pull["number"],
            "id": review["id"],
            "fullDatabaseId": str(_numbers(review["id"])[-1]),
            "url": f"{pull['url']}#pullrequestreview-{_numbers(review['id'])[-1]}",
            "state": review["state"],
            "body": review["body"],
            "createdAt": review["createdAt"],
            "submittedAt": review["createdAt"],
            "updatedAt": review["updatedAt"],
            "author": _actor(review["author"]),
            "authorAssociation": review["authorAssociation"],
            "comments": {"totalCount": len(review["comments"])},
        }
        for review in pull["reviews"]
    ]


def _review_comments(pull: Record) -> list[Record]:
    found = []
    for review in pull["reviews"]:
        number = _numbers(review["id"])[-1]
        for place, comment in enumerate(review["comments"]):
            said = _said(REVIEW_COMMENTS + number * 1_000 + place, "PRRC", comment, pull, review)
            found.append({**said, "reviewId": str(number), "path": None, "replyTo": None})
    return found


def _label(label: Record) -> Record:
    unknown = dict.fromkeys(("isDefault", "createdAt", "updatedAt"))
    return {"id": f"LA_{label['name']}", **label, **unknown}


def _actor(login: str | None) -> Record | None:
    return {"__typename": "User", "login": login, "databaseId": _number(login)} if login else None


def _number(text: str) -> int:
    return zlib.crc32(text.encode()) & 0x7FFFFFFF


def _numbers(node_id: str) -> list[int]:
    """The permanent numbers inside a node id: the new form has the repository's before the thing's own.

    The old form is base64 of `05:Issue1234`, the new one of the MessagePack list `[0, repository, 1234]`.
    """
    text = re.sub(r"^[A-Z]+_", "", node_id)
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if old := re.fullmatch(rb"\d+:[A-Za-z]+(\d+)", raw):
        return [int(old[1])]
    sizes = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
    numbers, at = [], 1
    while at < len(raw):
        size = sizes.get(raw[at], 0)
        numbers.append(int.from_bytes(raw[at + 1 : at + 1 + size]) if size else raw[at])
        at += 1 + size
    return numbers[1:]
