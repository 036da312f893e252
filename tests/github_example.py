"""A small made-up repository in the form of recorded answers, for tests of everything that reads GitHub."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

NAME = "example/fastfs"
RECORDED_AT = "2024-06-01T00:00:00Z"

Record = dict[str, Any]

_START = datetime(2023, 1, 1, tzinfo=UTC)


def write_example(
    folder: Path, name: str = NAME, issues: int = 130, pulls: int = 120, comments: int = 340
) -> Path:
    """Write one repository with so many issues, change requests and comments, always the same."""
    target = folder / name
    target.mkdir(parents=True, exist_ok=True)
    threads = [_thread(number, name) for number in range(1, issues + pulls + 1)]
    opened = [thread | {"state_reason": None} for thread in threads[:issues]]
    stubs = [
        thread | {"id": 50_000 + thread["number"], "pull_request": {"merged_at": None}}
        for thread in threads[issues:]
    ]
    changes = [
        thread | {"merged_at": thread["closed_at"] if thread["number"] % 2 else None, "draft": False}
        for thread in threads[issues:]
    ]
    said = [_comment(number, name, issues + pulls) for number in range(comments)]
    for file, records in {"issues": opened + stubs, "pulls": changes, "comments": said}.items():
        lines = [json.dumps(record, ensure_ascii=False) for record in records]
        (target / f"{file}.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    (target / "repository.json").write_text(json.dumps(_repository(name)), encoding="utf-8")
    (folder / "recorded_at.txt").write_text(RECORDED_AT + "\n")
    return target


def records_of(folder: Path, file: str, name: str = NAME) -> list[Record]:
    """What a file of the example holds."""
    text = (folder / name / file).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def _repository(name: str) -> Record:
    owner, short = name.split("/")
    return {
        "id": 1_000 + sum(name.encode()),
        "name": short,
        "full_name": name,
        "owner": {"login": owner, "id": 7, "type": "Organization"},
        "url": f"https://api.github.com/repos/{name}",
        "html_url": f"https://github.com/{name}",
        "created_at": _second(0),
        "updated_at": _second(99_999),
    }


def _thread(number: int, name: str) -> Record:
    return {
        "id": 10_000 + number,
        "number": number,
        "url": f"https://api.github.com/repos/{name}/issues/{number}",
        "html_url": f"https://github.com/{name}/issues/{number}",
        "title": f"Thread {number} – “quoted”, ünïcode and 🐟",
        "state": "closed" if number % 3 else "open",
        "user": None if number % 17 == 0 else _user(number % 23),  # null is a deleted account
        "author_association": "NONE",
        "body": f"body of {number}",
        "created_at": _second(number * 3_600),
        "updated_at": _second(number * 3_600 + (number * 7_919) % 900_000),
        "closed_at": _second(number * 3_600 + 1_800) if number % 3 else None,
    }


def _comment(number: int, name: str, threads: int) -> Record:
    return {
        "id": 90_000 + number,
        "url": f"https://api.github.com/repos/{name}/issues/comments/{90_000 + number}",
        "issue_url": f"https://api.github.com/repos/{name}/issues/{number % max(threads, 1) + 1}",
        "user": _user(number % 29),
        "author_association": "CONTRIBUTOR",
        "body": f"comment {number}",
        "created_at": _second(number * 2_400),
        "updated_at": _second(number * 2_400 + number % 5),
    }


def _user(number: int) -> Record:
    bot = number == 3
    login = f"helper-{number}[bot]" if bot else f"person-{number}"
    return {"login": login, "id": 100 + number, "type": "Bot" if bot else "User"}


def _second(after: int) -> str:
    return f"{_START + timedelta(seconds=after):%Y-%m-%dT%H:%M:%SZ}"
