"""A dump of a repository, as IETF working groups keep it, turned into the answers of GitHub's REST API."""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

MADE_UP = 10**12
"""Where numbers begin that a dump does not tell: the ids of comments, and of change requests as issues."""

Record = dict[str, Any]


def convert(archive: Path, folder: Path) -> str:
    """Write one `archive.json` as a folder of recorded answers; the repository's full name.

    A dump has logins without numbers, so a person's id is made from the login; it tells no draft state and
    no reason of closing, which are null. Reviews are left out: the recorded answers have no place for them.
    """
    dump = json.loads(archive.read_text(encoding="utf-8"))
    name = str(dump["repo"])
    target = folder / name
    target.mkdir(parents=True, exist_ok=True)
    issues = [_issue(issue, name) for issue in dump["issues"]]
    issues += [_issue(pull, name) for pull in dump["pulls"]]
    pulls = [_pull(pull, name) for pull in dump["pulls"]]
    comments = [
        _comment(comment, thread["number"], place, name)
        for thread in [*dump["issues"], *dump["pulls"]]
        for place, comment in enumerate(thread["comments"])
    ]
    _write(target / "issues.jsonl", issues)
    _write(target / "pulls.jsonl", pulls)
    _write(target / "comments.jsonl", comments)
    (target / "repository.json").write_text(json.dumps(_repository(dump)), encoding="utf-8")
    (folder / "recorded_at.txt").write_text(dump["timestamp"] + "\n", encoding="utf-8")
    return name


def _write(path: Path, records: list[Record]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _repository(dump: Record) -> Record:
    name = str(dump["repo"])
    owner = name.split("/")[0]
    node_ids = [
        record["id"] for record in [*dump["issues"], *dump["pulls"]] if re.match("[A-Z]+_", record["id"])
    ]
    times = [record[when] for record in dump["pulls"] for when in ("createdAt", "updatedAt")]
    return {
        "id": _numbers(node_ids[0])[0] if node_ids else zlib.crc32(name.encode()),
        "name": name.split("/")[1],
        "full_name": name,
        "owner": {"login": owner, "id": zlib.crc32(owner.encode()), "type": "Organization"},
        "private": False,
        "fork": False,
        "archived": False,
        "url": f"https://api.github.com/repos/{name}",
        "html_url": f"https://github.com/{name}",
        "created_at": min(times),
        "updated_at": max(times),
    }


def _issue(thread: Record, name: str) -> Record:
    """An issue, or a change request as the listing of issues has it."""
    issue = _thread(thread, name, "issues")
    if "mergedAt" not in thread:
        return issue
    stub = {
        "url": f"https://api.github.com/repos/{name}/pulls/{thread['number']}",
        "html_url": thread["url"],
        "merged_at": thread["mergedAt"],
    }
    return {**issue, "id": MADE_UP + thread["number"], "draft": None, "pull_request": stub}


def _pull(pull: Record, name: str) -> Record:
    owner = name.split("/")[0]
    return {
        **_thread(pull, name, "pulls"),
        "draft": None,
        "merged_at": pull["mergedAt"],
        "merge_commit_sha": (pull["mergeCommit"] or {}).get("oid"),
        "head": {"ref": pull["headRefName"], "sha": pull["headRefOid"], "label": None},
        "base": {
            "ref": pull["baseRefName"],
            "sha": pull["baseRefOid"],
            "label": f"{owner}:{pull['baseRefName']}",
        },
    }


def _thread(thread: Record, name: str, kind: str) -> Record:
    return {
        "id": _numbers(thread["id"])[-1],
        "node_id": thread["id"],
        "number": thread["number"],
        "url": f"https://api.github.com/repos/{name}/{kind}/{thread['number']}",
        "html_url": thread["url"],
        "title": thread["title"],
        "state": "open" if thread["state"] == "OPEN" else "closed",
        "state_reason": None,
        "user": _user(thread["author"]),
        "author_association": thread["authorAssociation"],
        "assignees": [_user(login) for login in thread["assignees"]],
        "labels": [{"name": label} for label in thread["labels"]],
        "comments": len(thread["comments"]),
        "body": thread["body"],
        "created_at": thread["createdAt"],
        "updated_at": thread["updatedAt"],
        "closed_at": thread["closedAt"],
    }


def _comment(comment: Record, number: int, place: int, name: str) -> Record:
    identifier = MADE_UP + number * 10_000 + place
    return {
        "id": identifier,
        "url": f"https://api.github.com/repos/{name}/issues/comments/{identifier}",
        "html_url": f"https://github.com/{name}/issues/{number}#issuecomment-{identifier}",
        "issue_url": f"https://api.github.com/repos/{name}/issues/{number}",
        "user": _user(comment["author"]),
        "author_association": comment["authorAssociation"],
        "body": comment["body"],
        "created_at": comment["createdAt"],
        "updated_at": comment["updatedAt"],
    }


def _user(login: str | None) -> Record | None:
    if not login:
        return None
    return {"login": login, "id": zlib.crc32(login.encode()), "type": "User"}


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
