"""What GitHub tells only in REST: traffic, which it forgets after 14 days, and the history of stars."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ospo_metrics.items import Checkpoint, Claim, Context, Handed, Item, Reject
from ospo_metrics.sources._github_api import Api, RefusedError
from ospo_metrics.sources._github_listings import Node
from ospo_metrics.sources._github_nodes import item, second
from ospo_metrics.sources._github_walks import is_due

PATHS = {
    "views": "/repos/{owner}/{repo}/traffic/views",
    "clones": "/repos/{owner}/{repo}/traffic/clones",
    "referrers": "/repos/{owner}/{repo}/traffic/popular/referrers",
    "paths": "/repos/{owner}/{repo}/traffic/popular/paths",
    "star_history": "/repos/{owner}/{repo}/stargazers/history",
}
"""The templates of the paths that we ask; the public description of GitHub's REST API has all but the last."""

NOT_FOR_ALL = {
    "stars": "GitHub shows who starred only to those who may write to the repository",
    "traffic": "GitHub shows traffic only to those who may write to the repository",
}
"""Why there is nothing of a stream that needs more than a right to read."""

_WEEKS_A_PAGE = 30
_LAST_PAGE = 100
_NO_TOTAL = "a history of weeks has no total"


def read_traffic(api: Api, pulse: Node, context: Context) -> Iterator[Handed]:
    """Views and clones of each of the last 14 days, and today's lists of referrers and paths.

    The newest day still grows and the oldest is cut off, so a day is handed over again with every version of it.
    """
    etags = dict(context.cursor.get("etags", {}))
    for kind in ("views", "clones", "referrers", "paths"):
        try:
            answer = api.get(_path(kind, pulse), etags.get(kind, ""))
        except RefusedError as refused:
            if refused.status in (401, 429):
                raise
            if pulse["viewerPermission"]:  # else an App asks, of which GitHub does not tell what it may do
                yield Reject(_page(pulse), f"no traffic: {refused}")
            yield Claim(None, NOT_FOR_ALL["traffic"])
            return
        if answer.is_unchanged:
            continue
        if answer.flaw is not None:
            yield answer.flaw
            continue
        yield from _days(kind, answer.value, pulse, context)
        etags[kind] = answer.etag
        yield Checkpoint({"etags": dict(etags)})
    yield Claim(None, "GitHub tells only of the last 14 days", context.now)


def read_star_history(api: Api, pulse: Node, context: Context) -> Iterator[Handed]:
    """How many of the stars that are still held were given in each week, without who gave them.

    The cursor: `stars`, their number when this was last read, `weeks`, the newest ones as they were then, by
    which a later reading knows where it may stop, and `swept`; while a reading is under way, its next `page`.
    """
    place, stars = dict(context.cursor), pulse["stargazerCount"]
    is_whole = is_due(place.get("swept", ""), f"{pulse['id']} star_history", context)
    if "page" not in place and stars == place.get("stars", 0) and not (place and is_whole):
        yield Claim(None, _NO_TOTAL, context.now)
        return
    known: dict[str, Any] = {} if is_whole else place.get("weeks", {})
    page, newest = place.get("page", 1), place.get("newest", {})
    while page <= _LAST_PAGE:
        path = f"{_path('star_history', pulse)}?per_page={_WEEKS_A_PAGE}&page={page}"
        try:
            answer = api.get_list(path)
        except RefusedError as refused:
            if refused.status not in (404, 410):
                raise
            yield Claim(None, "this GitHub has no history of stars")
            return
        if answer.flaw is not None:
            yield answer.flaw
            return
        weeks = [week for week in answer.value if isinstance(week, dict)]
        for record in answer.value:
            yield item("star_history", record, f"{pulse['url']}/stargazers")
        newest = newest or {str(week.get("week")): week.get("total") for week in weeks}
        if len(answer.value) < _WEEKS_A_PAGE or any(
            known.get(str(week.get("week")), -1) == week.get("total") for week in weeks
        ):
            break
        page += 1
        yield Checkpoint({**place, "page": page, "newest": newest})
    swept = second(context.now) if is_whole else place["swept"]
    yield Checkpoint({"stars": stars, "weeks": newest, "swept": swept})
    yield Claim(None, _NO_TOTAL, context.now)


def _path(kind: str, pulse: Node) -> str:
    owner, repo = str(pulse["nameWithOwner"]).split("/")
    return PATHS[kind].format(owner=owner, repo=repo)


def _page(pulse: Node) -> str:
    return f"{pulse['url']}/graphs/traffic"


def _days(kind: str, value: Any, pulse: Node, context: Context) -> Iterator[Item | Reject]:
    url, today = _page(pulse), f"{context.now:%Y-%m-%d}"
    if kind in ("referrers", "paths"):
        yield item("traffic", {"kind": kind, "asOf": today, "list": value}, url)
        return
    for day in value.get(kind) or [] if isinstance(value, dict) else []:
        yield item("traffic", {"kind": kind, **day} if isinstance(day, dict) else day, url)
