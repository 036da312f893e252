"""The commits of the default branch.

The cursor: `head`, the branch's newest commit when it was last read, `total`, how many there were, `walked`, when
that was, and `swept`, when they were last read whole. While a reading is under way `reading`, with its own `head`,
`began`, `until` ('' reads all), `after`, the place in GitHub's listing, and whether it
`is_flawed`. A listing of commits belongs to its head, so what is pushed meanwhile does not disturb it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import timedelta
from typing import Any

from ospo_metrics.items import Checkpoint, Claim, Context, Handed, Reject, Sweep
from ospo_metrics.sources._github_api import Api, RepositoryError
from ospo_metrics.sources._github_errors import Errors, refusal
from ospo_metrics.sources._github_listings import Node
from ospo_metrics.sources._github_nodes import instant, item, second
from ospo_metrics.sources._github_queries import COMMITS, NEW_COMMITS
from ospo_metrics.sources._github_walks import PageSize, is_due

_OVERLAP = timedelta(days=7)  # what is merged is older than the merge


def read_commits(api: Api, pulse: Node, context: Context) -> Iterator[Handed]:
    """What is new on the default branch; nothing is asked while its head stays the same."""
    place = dict(context.cursor)
    if "reading" in place:
        place = yield from _read(api, pulse, place)
    head = ((pulse["defaultBranchRef"] or {}).get("target") or {}).get("oid")
    if head and head != place.get("head"):
        place["reading"] = _beginning(head, pulse, place, context)
        if not place["reading"]["until"]:
            yield Sweep(("commits",), is_over=False)
        place = yield from _read(api, pulse, place)
    yield Claim(place.get("total", 0), "GitHub's count of the default branch's history", context.now)


def _beginning(head: str, pulse: Node, place: dict[str, Any], context: Context) -> dict[str, Any]:
    walked = instant(place.get("walked"))
    is_whole = walked is None or is_due(place.get("swept", ""), f"{pulse['id']} commits", context)
    until = "" if walked is None or is_whole else second(walked - _OVERLAP)
    return {
        "head": head,
        "began": second(context.now),
        "until": until,
        "after": "",
        "is_flawed": False,
    }


def _read(api: Api, pulse: Node, place: dict[str, Any]) -> Generator[Handed, None, dict[str, Any]]:
    """Read on from the place; the place afterwards."""
    reading, pages = dict(place["reading"]), PageSize(100)
    done = {name: value for name, value in place.items() if name != "reading"}
    while True:
        asked = {"repository": pulse["id"], "head": reading["head"], "after": reading["after"] or None}
        if reading["until"]:
            asked |= {"known": done["head"], "until": reading["until"]}
        text = NEW_COMMITS if reading["until"] else COMMITS
        found = pages.ask(api, text, asked, must_see=("node",))
        errors = Errors(found.errors)
        if reading["after"] and errors.refuse_cursor("node"):
            yield Checkpoint(done)
            return done
        repository = found.data.get("node")
        if repository is None:
            raise RepositoryError(refusal(api.name, found.token, errors.first("node")))
        listing = (repository["object"] or {}).get("listing")
        if listing is None:
            why = (
                errors.why("node", "object")
                if errors.first("node", "object")
                else "a branch was set to another"
            )
            yield Reject(f"{pulse['url']}/commit/{reading['head']}", f"the history from here is gone: {why}")
            yield Checkpoint(done)
            return done
        dates = []
        if listing["nodes"] is None:
            reading["is_flawed"] = True
            yield Reject(pulse["url"], errors.why("node", "object", "listing", "nodes"))
        for at, node in enumerate(listing["nodes"] or []):
            if node is None:
                reading["is_flawed"] = True
                yield Reject(pulse["url"], errors.why("node", "object", "listing", "nodes", at))
                continue
            place_of = f"{pulse['url']}/commit/{node['oid']}"
            dates.append(node["committedDate"])
            if node["authors"]["totalCount"] > len(node["authors"]["nodes"] or []):
                yield Reject(place_of, f"{node['authors']['totalCount']} authors, of whom GitHub tells 100")
            yield item("commits", node, place_of)
        info = listing["pageInfo"]
        is_old = bool(dates) and max(dates) < reading["until"] and _is_all_recent(repository, done)
        if is_old or not info["hasNextPage"] or info["endCursor"] == reading["after"]:
            break
        reading["after"] = info["endCursor"]
        yield Checkpoint({**done, "reading": dict(reading)})
    done |= {"head": reading["head"], "total": listing["totalCount"], "walked": reading["began"]}
    if not reading["until"]:
        done["swept"] = reading["began"]
        if not reading["is_flawed"]:
            yield Sweep(("commits",), is_over=True)
    yield Checkpoint(done)
    return done


def _is_all_recent(repository: Node, done: dict[str, Any]) -> bool:
    """Whether what is new is in the time that is read anyway; an old branch that was merged is not."""
    recent, known = repository["object"]["recent"], (repository["known"] or {}).get("recent")
    if not (recent and known):
        return False
    more = repository["object"]["listing"]["totalCount"] - done.get("total", 0)
    return bool(recent["totalCount"] - known["totalCount"] == more)
