"""Issues, change requests and comments from GitHub, or from a folder of its recorded answers.

Live, one request brings a hundred items, and an unchanged listing costs a conditional request that GitHub
does not charge. Recorded, `<folder>/<owner>/<name>/` holds `repository.json`, `issues.jsonl`, `pulls.jsonl`
and `comments.jsonl` with the same objects, and `<folder>/recorded_at.txt` says when that was.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlencode

from ospo_metrics.items import (
    Checkpoint,
    Claim,
    Context,
    Handed,
    Instance,
    Item,
    Reject,
    SourceError,
    Stream,
    as_json,
)
from ospo_metrics.paths import within
from ospo_metrics.sources._github_api import PAGE, Access, Api, RefusedError, connected, parse
from ospo_metrics.web import WebError, redact

NAME = "github"
STREAMS = (
    Stream("repositories", versions=True),
    Stream("issues", versions=True),
    Stream("change_requests", versions=True),
    Stream("comments", versions=True),
)

_SETTLES_AFTER = timedelta(seconds=60)  # GitHub's listings may lag behind its writes by some seconds
_FILES = {
    "repositories": "repository.json",
    "issues": "issues.jsonl",
    "change_requests": "pulls.jsonl",
    "comments": "comments.jsonl",
}
_TOTALS = """
query totals($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) { issues { totalCount } pullRequests { totalCount } }
}
"""


def instances(settings: Any, workspace: Path) -> list[Instance]:
    """One instance per repository that the communities name, whose globs are looked up at its owner.

    Its id is the name as the settings spell it, or as GitHub does where a glob found it; the same name in
    other capitals is the same repository.
    """
    if settings.sources.github is None:
        return []
    asked = settings.sources.github
    access = Access(asked.api_url.rstrip("/"), tuple(asked.token_env), asked.recorded)
    names: dict[str, str] = {}
    globs: list[str] = []
    for community in settings.communities:
        for project in community.projects:
            if any(mark in project for mark in "*?["):
                globs.append(project)
            else:
                names.setdefault(project.casefold(), project)
    of_owner: dict[str, list[str]] = {}
    for glob in globs:
        owner = glob.split("/")[0]
        if owner.casefold() not in of_owner:
            of_owner[owner.casefold()] = _repositories_of(owner, access, workspace)
        found = [name for name in of_owner[owner.casefold()] if matches(glob, name)]
        if not found:
            _no_match(glob, workspace)
        for name in found:
            names.setdefault(name.casefold(), name)
    return [Instance(id=name, project_id=name, options=access) for name in names.values()]


def matches(pattern: str, name: str) -> bool:
    """Whether a repository is one that the settings name, by name or glob, in whatever capitals."""
    return fnmatchcase(name.casefold(), pattern.casefold())


def read(instance: Instance, stream: str, context: Context) -> Iterator[Handed]:
    """What is new in one listing of one repository."""
    access: Access = instance.options
    if access.recorded is not None:
        yield from _recorded(instance.id, stream, access.recorded, context)
        return
    with connected(access, instance.id) as api:
        match stream:
            case "repositories":
                yield from _repository(api, context)
            case "issues":
                yield from _oldest_first(api, f"/repos/{instance.id}/issues", context)
            case "comments":
                yield from _oldest_first(api, f"/repos/{instance.id}/issues/comments", context)
            case "change_requests":
                yield from _newest_first(api, f"/repos/{instance.id}/pulls", context)
            case _:
                raise ValueError(f"GitHub has no stream {stream!r}")
    yield _claim(access, instance.id, stream, context.now)


def _repository(api: Api, context: Context) -> Iterator[Handed]:
    answer = api.get(f"/repos/{api.name}", str(context.cursor.get("etag", "")))
    if answer.is_unchanged:
        return
    handed = answer.flaw or _item(answer.value, answer.url)
    yield handed
    if isinstance(handed, Item):
        yield Checkpoint({"etag": answer.etag})


def _oldest_first(api: Api, path: str, context: Context) -> Iterator[Handed]:
    """Walk a listing that takes `since`, from the item that was longest left alone to the one touched last.

    A page is asked for by the time at which the one before it ended, not by its number: numbered pages
    shift when an item on them is touched, and the first item of the next page would be skipped. So the end
    of every full page is a safe place to resume from.
    """
    cursor = context.cursor
    since, etag, known = (
        str(cursor.get("since", "")),
        str(cursor.get("etag", "")),
        set(cursor.get("seen", ())),
    )
    settled, is_whole, seen = _second(context.now - _SETTLES_AFTER), True, set[str]()
    url = start = _listing(path, "asc", since)
    while True:
        answer = api.get_list(url, etag)
        if answer.is_unchanged:
            return
        records = [_item(record, answer.url) for record in answer.value]
        items = [record for record in records if isinstance(record, Item)]
        yield from _without(known, records)
        if answer.flaw is not None:
            yield answer.flaw
            is_whole = False  # what stood here has to be asked for again, so the cursor stays before it
        step = min(_second(items[-1].updated_at, before=1), settled) if items else ""
        # A page that is nearly full is left behind even at the end: what comes later would not show on it,
        # and GitHub would call it unchanged for ever.
        is_last, is_short = not answer.next_url, url == start and len(items) <= PAGE * 9 // 10
        if is_step := step > since and not (is_last and is_short):
            since, etag, seen = step, "", set()
            known = _digests(item for item in items if _second(item.updated_at) >= since)
            url = start = _listing(path, "asc", since)
        else:
            seen |= _digests(items)
            etag = answer.etag if is_last and is_short else ""
            url = answer.next_url
        if is_whole and (is_step or is_last):
            yield Checkpoint({"since": since, "etag": etag, "seen": sorted(known if is_step else seen)})
        if is_last:
            return


def _newest_first(api: Api, path: str, context: Context) -> Iterator[Handed]:
    """Walk a listing that knows no `since`, from the item touched last back to where the last walk began.

    Pages shift here too, but only to repeat items. What is touched during a walk goes to the top, where the
    next walk finds it, so a walk that was cut short goes on where it was before a new one begins.
    """
    place = dict(context.cursor)
    if unfinished := place.pop("walk", None):
        try:
            place = yield from _walk(api, unfinished["url"], place, unfinished["goal"], context.now)
        except RefusedError as refused:
            if refused.status not in (404, 422):  # the page is no longer there to go on from
                raise
    yield from _walk(api, _listing(path, "desc"), place, None, context.now)


def _walk(
    api: Api, url: str, place: dict[str, Any], goal: dict[str, Any] | None, now: datetime
) -> Generator[Handed, None, dict[str, Any]]:
    """One walk back to the frontier in `place`; `goal` is the frontier once the walk has arrived there."""
    until, seen, is_whole = str(place.get("until", "")), set(place.get("seen", ())), True
    while True:
        answer = api.get_list(url, "" if goal else str(place.get("etag", "")))
        if answer.is_unchanged:
            return place
        records = [_item(record, answer.url) for record in answer.value]
        items = [record for record in records if isinstance(record, Item)]
        yield from _without(
            seen, (r for r in records if isinstance(r, Reject) or _second(r.updated_at) >= until)
        )
        if answer.flaw is not None:
            yield answer.flaw
            is_whole = False
        if goal is None:
            newest = min(_second(items[0].updated_at), _second(now - _SETTLES_AFTER)) if items else ""
            goal = {"until": newest, "etag": answer.etag, "seen": sorted(_digests(items))}
        if not answer.next_url or (items and _second(items[-1].updated_at) < until):
            break
        if is_whole:
            yield Checkpoint({**place, "walk": {"url": url, "goal": goal}})
        url = answer.next_url
    if not is_whole:
        return place
    yield Checkpoint(goal)
    return goal


def _listing(path: str, direction: str, since: str = "") -> str:
    asked = {"state": "all", "sort": "updated", "direction": direction, "per_page": str(PAGE)}
    return f"{path}?{urlencode({**asked, 'since': since} if since else asked)}"


def _claim(access: Access, name: str, stream: str, now: datetime) -> Claim:
    """What GitHub says it has; one question per repository and run, for issues and change requests."""
    match stream:
        case "repositories":
            return Claim(1, "the repository itself", now)
        case "comments":
            return Claim(None, "GitHub tells no total of comments", now)
    totals = _totals(access, name, now)
    if isinstance(totals, str):
        return Claim(None, totals, now)
    issues, change_requests = totals
    if stream == "change_requests":
        return Claim(change_requests, "GitHub's totalCount of pull requests", now)
    how = f"GitHub's totalCount: {issues:,} issues and {change_requests:,} pull requests, listed together"
    return Claim(issues + change_requests, how, now)


@lru_cache(maxsize=1024)
def _totals(access: Access, name: str, now: datetime) -> tuple[int, int] | str:
    """The totals of issues and of pull requests, or why they are not known."""
    del now  # a new run asks again
    from github import GithubException

    owner, repository = name.split("/")
    with connected(access, name) as api:
        if not api.variable:
            return "GitHub tells its totals only to those who have a token"
        try:
            _, answer = api.requester.graphql_query(_TOTALS, {"owner": owner, "name": repository})
            found = answer["data"]["repository"]
            return int(found["issues"]["totalCount"]), int(found["pullRequests"]["totalCount"])
        except (GithubException, WebError, KeyError, TypeError, ValueError) as error:
            status = f" ({error.status})" if isinstance(error, GithubException) else ""
            return f"GitHub did not tell its totals{status}"


def _repositories_of(owner: str, access: Access, workspace: Path) -> list[str]:
    """The full names of an owner's repositories, as GitHub or the recording spells them."""
    if access.recorded is not None:
        folder = _child(workspace / access.recorded, owner)
        held = [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
        return sorted(f"{folder.name}/{path.name}" for path in held)
    names: list[str] = []
    with connected(access, owner) as api:
        url = f"/orgs/{owner}/repos?per_page={PAGE}"
        while url:
            try:
                answer = api.get_list(url)
            except RefusedError as refused:
                if refused.status != 404 or not url.startswith("/orgs/"):
                    raise
                url = f"/users/{owner}/repos?per_page={PAGE}"
                continue
            if answer.flaw is not None:
                raise SourceError(f"GitHub, {owner}: {answer.flaw.reason}, at {url}. Run again later.")
            names += [str(record["full_name"]) for record in answer.value]
            url = answer.next_url
    return names


def _no_match(glob: str, workspace: Path) -> NoReturn:
    file = workspace / "ospo.toml"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    place = next((f", line {number}" for number, line in enumerate(lines, 1) if glob in line), "")
    raise SourceError(
        f"{file}{place}: 'projects' has {glob!r}, and its owner has no repository of such a name that we can "
        "see. Write a name or another glob."
    )


# The recorded answers


def _recorded(name: str, stream: str, recorded: str, context: Context) -> Iterator[Handed]:
    """Hand over what a recording holds and the cursor does not, in the order of the file."""
    root = context.workspace / recorded
    owner, repository = name.split("/")
    file = _child(_child(root, owner), repository) / _FILES[stream]
    place = within(context.workspace, file)
    if not file.is_file():
        raise SourceError(
            f"GitHub, {name}: the recording {recorded!r} has no file {place}. "
            f"Check 'recorded' and 'projects' in ospo.toml."
        )
    size, cursor = file.stat().st_size, context.cursor
    since, seen = str(cursor.get("since", "")), set(cursor.get("seen", ()))
    handed_lines = int(cursor.get("line", 0)) if cursor.get("size") == size else 0
    keys: set[str] = set()
    newest, at_newest, flaws = since, set(seen), 0
    for number, body in _bodies(file):
        where = f"{place}:{number}"
        try:
            record = _item(parse(body.decode("utf-8")), where)
        except ValueError as error:
            record = Reject(where, f"no JSON: {error}", redact(body[:200].decode("utf-8", "replace")))
        if isinstance(record, Reject):
            flaws += 1
            is_new = True
        else:
            keys.add(record.key)
            second = _second(record.updated_at)
            is_new = second > since or (second == since and _digest(record) not in seen)
            if second > newest:
                newest, at_newest = second, set()
            if second == newest:
                at_newest.add(_digest(record))
        if number <= handed_lines:
            continue
        if is_new:
            yield record
        if number % 1000 == 0:
            yield Checkpoint({"since": since, "seen": sorted(seen), "size": size, "line": number})
    yield Checkpoint({"since": newest, "seen": sorted(at_newest)})
    yield Claim(len(keys) + flaws, f"what {place} holds", _recorded_at(root) or _instant(newest))


def _bodies(file: Path) -> Iterator[tuple[int, bytes]]:
    if file.suffix == ".json":
        yield 1, file.read_bytes()
        return
    with file.open("rb") as lines:
        yield from ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def _recorded_at(root: Path) -> datetime | None:
    file = root / "recorded_at.txt"
    if not file.is_file():
        return None
    text = file.read_text(encoding="utf-8").strip()
    if (instant := _instant(text)) is None:
        raise SourceError(f"GitHub: {file} holds {text[:40]!r}. Write an instant: 2026-01-31T00:00:00Z.")
    return instant


def _child(folder: Path, name: str) -> Path:
    """The subfolder of that name, in whatever capitals."""
    if (folder / name).is_dir() or not folder.is_dir():
        return folder / name
    alike = (path for path in folder.iterdir() if path.name.casefold() == name.casefold())
    return next(alike, folder / name)


# One record


def _item(record: Any, location: str) -> Item | Reject:
    identifier = record.get("id") if isinstance(record, dict) else None
    if isinstance(identifier, bool) or not isinstance(identifier, int | str) or identifier == "":
        return Reject(location, "a record without an id", redact(as_json(record)[:200]))
    if (updated_at := _instant(record.get("updated_at"))) is None:
        return Reject(location, "a record without the time of its last change", redact(as_json(record)[:200]))
    if "number" in record and not (isinstance(record["number"], int) and 0 < record["number"] < 2**31):
        return Reject(location, "a record whose number is none", redact(as_json(record)[:200]))
    return Item(
        key=str(identifier).encode("utf-8", "replace").decode("utf-8"),
        payload=as_json(record),
        updated_at=updated_at,
        location=str(record.get("html_url") or record.get("url") or location),
    )


def _instant(text: Any) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _second(instant: datetime | None, before: int = 0) -> str:
    """An instant in UTC, or some seconds before it, as GitHub writes it: such text sorts by time."""
    return "" if instant is None else f"{instant - timedelta(seconds=before):%Y-%m-%dT%H:%M:%SZ}"


def _digest(item: Item) -> str:
    """A short name for one version of an item, to know it again in an overlap."""
    return blake2b(item.payload.encode(), digest_size=6).hexdigest()


def _digests(items: Iterable[Item]) -> set[str]:
    return {_digest(item) for item in items}


def _without(seen: set[str], records: Iterable[Item | Reject]) -> Iterator[Item | Reject]:
    return (record for record in records if isinstance(record, Reject) or _digest(record) not in seen)
