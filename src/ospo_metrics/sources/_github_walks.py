"""Reading a listing whole, and then only what changed in it: written once for all that GraphQL lists.

The cursor of a listing:

    frontier   every thread that changed before this instant is held
    inside     everything in the threads from before this instant is held; it follows the frontier only when a walk
               was one page or a sweep is over, for what is touched while we page moves out of the way of a longer one
    sign       what the pulse told when the last walk began; the same sign again means that nothing is to be asked
    again      how many walks in a row missed something, and are walked again the next night; at most three
    swept      when the last whole listing began
    walk       there while a walk is under way: the `sign` it began with, and its place
    sweep      there while a whole listing is under way: the same, and when it `began`

A place is `after`, GitHub's cursor of the page that was read last ('' before the first, null after the last one),
`newest`, the newest time seen, up to which a finished walk moves the frontier, `rest`, the nested lists that go on
beyond what came with their node, and `flawed`, the streams of which something could not be read. A list of the rest
tells which `list` it is (see `_github_listings.NESTED`), the `id` and `url` of the node it is in, what its items are
`told` of it, its own `after`, and `until`, the time back to which it is wanted; '' is all of it.
`known` is how far everything was known to the pulse when a sweep began.

A sweep goes in the order of creation, which nothing disturbs. A walk goes from the newest change back to the
frontier; what is touched meanwhile goes to the top, where the next walk finds it. So both may stop at any page.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from zlib import crc32

from ospo_metrics.items import Checkpoint, Claim, Context, Handed, Reject, SourceError, Sweep
from ospo_metrics.sources._github_api import Api, Found, RepositoryError, TooHeavyError
from ospo_metrics.sources._github_errors import Errors, refusal
from ospo_metrics.sources._github_listings import NESTED, Listing, Node
from ospo_metrics.sources._github_nodes import instant, second
from ospo_metrics.sources._github_queries import ASSETS, more, page
from ospo_metrics.sources._github_unfold import Inside, Unfolding

SETTLES_AFTER = timedelta(seconds=60)  # GitHub's listings may lag behind its writes by some seconds
_SMALLEST_PAGE = 1  # so that GitHub may leave out one node that it cannot tell, and no other
_PAGE_GROWS_BY = 5
_NIGHTS_AGAIN = 3
_FIRST_OF_WALK = 10  # most nights a walk finds little, and GitHub charges for what a page might hold
_LISTS_A_REQUEST = 20
_DAYS_BETWEEN_SWEEPS = 30


def is_due(swept: str, name: str, context: Context) -> bool:
    """Whether it is time for a whole listing: about every 30 days, each name on a day of its own."""
    if not (last := instant(swept)):
        return True
    spread = crc32(name.encode()) % _DAYS_BETWEEN_SWEEPS
    rested = last + timedelta(days=_DAYS_BETWEEN_SWEEPS // 2)
    periods = [(day.toordinal() + spread) // _DAYS_BETWEEN_SWEEPS for day in (context.now, rested)]
    return periods[0] > periods[1]


class PageSize:
    """How much to ask for at once: half of it where GitHub does not get done, and slowly back."""

    def __init__(self, most: int, first: int = 0) -> None:
        self._most = self._ceiling = most
        self.size = first or most

    def ask(self, api: Api, text: str, variables: Mapping[str, Any], must_see: Sequence[str] = ()) -> Found:
        """One page, of `first` or fewer."""
        while True:
            is_least = self.size <= _SMALLEST_PAGE
            try:
                asked = {**variables, "first": self.size}
                found = api.graphql(text, asked, is_heavy=not is_least, must_see=must_see)
            except TooHeavyError:
                self.size = self._ceiling = max(self.size // 2, _SMALLEST_PAGE)
                continue
            self._ceiling = min(self._ceiling + _PAGE_GROWS_BY, self._most)
            self.size = min(self.size * 2, self._ceiling)
            return found


def read_listing(api: Api, listing: Listing, pulse: Node, context: Context) -> Iterator[Handed]:
    """What is new in a listing: nothing is asked where the pulse has the same sign and no sweep is due."""
    if listing.switch and pulse[listing.switch] is False:
        yield Claim(None, f"{listing.connection} are switched off in the repository")
        return
    reading = _Reading(api, listing, pulse, context)
    yield from reading.read()
    yield Claim(reading.total, "GitHub's totalCount", context.now)


class _Reading:
    """One reading of one listing of one repository."""

    def __init__(self, api: Api, listing: Listing, pulse: Node, context: Context) -> None:
        self._api, self._listing, self._pulse, self._context = api, listing, pulse, context
        self._place: dict[str, Any] = copy.deepcopy(dict(context.cursor))
        self._horizon = second(context.now - SETTLES_AFTER)
        self._known_people: set[str] = set()
        self._refused: set[str] = set()
        self._lists_a_request = _LISTS_A_REQUEST
        self._is_flawed = False
        self.total = listing.total(pulse)
        """How many there are, as GitHub told last."""

    def read(self) -> Iterator[Handed]:
        """First what a walk that was cut short left, then what has changed since, then a whole listing if it is due."""
        listing, place = self._listing, self._place
        if not place and not self.total:
            return
        if listing.walk_order and "frontier" in place:
            if "walk" in place:
                yield from self._walk()
            if self._is_changed() and not self._is_flawed:
                yield from self._walk()
        name = f"{self._pulse['id']} {listing.stream}"
        is_new = not listing.walk_order and listing.sign(self._pulse) != place.get("sign")
        if "sweep" in place or is_new or is_due(place.get("swept", ""), name, self._context):
            yield from self._sweep()

    def _is_changed(self) -> bool:
        sign, newest = self._listing.sign(self._pulse), self._listing.newest(self._pulse)
        return bool(sign != self._place.get("sign") or newest > self._place["frontier"])

    def _sweep(self) -> Iterator[Handed]:
        listing, place = self._listing, self._place
        sign, known = listing.sign(self._pulse), min(listing.newest(self._pulse), self._horizon)
        if "sweep" not in place:
            began = second(self._context.now)
            place["sweep"] = {"sign": sign, "began": began, "known": known, **_beginning()}
            yield Sweep(listing.streams, is_over=False)
        state = place["sweep"]
        if "frontier" not in place and state["known"]:
            place |= {"frontier": state["known"], "inside": state["known"], "sign": state["sign"]}
        yield from self._pages(state, PageSize(listing.size), is_walk=False)
        if whole := tuple(stream for stream in listing.streams if stream not in state["flawed"]):
            yield Sweep(whole, is_over=True)
        place["swept"] = state["began"]
        place["inside"] = max(place.get("inside", ""), state["known"])
        if listing.walk_order:  # where the pulse tells no newest time, walks begin where the sweep ended
            place["frontier"] = place.get("frontier", state["newest"])
        place["sign"] = place.get("sign", state["sign"]) if listing.walk_order else state["sign"]
        del place["sweep"]
        yield self._checkpoint()

    def _walk(self) -> Iterator[Handed]:
        place = self._place
        if "walk" not in place:
            place["walk"] = {"sign": self._listing.sign(self._pulse), **_beginning()}
        state = place["walk"]
        yield from self._pages(state, PageSize(self._listing.size, _FIRST_OF_WALK), is_walk=True)
        del place["walk"]
        self._is_flawed = bool(state["flawed"])
        if self._is_flawed and place.get("again", 0) < _NIGHTS_AGAIN:
            place["again"] = place.get("again", 0) + 1
            yield self._checkpoint()
            return
        place.pop("again", None)
        place["frontier"] = max(state["newest"], place["frontier"])
        if state["is_one_page"]:
            place["inside"] = place["frontier"]
        place["sign"] = state["sign"]
        yield self._checkpoint()

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(copy.deepcopy(self._place))

    def _pages(self, state: dict[str, Any], pages: PageSize, is_walk: bool) -> Iterator[Handed]:
        """Page by page; nested lists that go on are gathered, and continued many at once."""
        while True:
            if state["rest"] and (state["after"] is None or len(state["rest"]) >= self._lists_a_request):
                yield from self._continue(state, is_walk)
            else:
                yield from self._page(state, pages, is_walk)
            if state["after"] is None and not state["rest"]:
                return
            yield self._checkpoint()

    def _page(self, state: dict[str, Any], pages: PageSize, is_walk: bool) -> Iterator[Handed]:
        listing, url = self._listing, self._pulse["url"]
        until, inside = (self._place["frontier"], self._place.get("inside", "")) if is_walk else ("", "")
        asked = {"repository": self._pulse["id"], "after": state["after"] or None}
        found = pages.ask(self._api, page(listing, is_walk), asked, must_see=("node",))
        unfolding = Unfolding(listing, state, Errors(found.errors), self._known_people)
        if state["after"] and unfolding.errors.refuse_cursor("node"):
            if "" in self._refused:
                raise SourceError(
                    f"GitHub, {self._api.name}: it refuses the place in {listing.connection} that it told itself. "
                    "Run again later; what was read is kept."
                )
            self._refused.add("")
            state |= {"after": "", "flawed": []}
            if not is_walk:
                yield Sweep(listing.streams, is_over=False)
            return
        connection = (found.data.get("node") or {}).get("listing")
        if connection is None:
            kind = SourceError if found.data.get("node") else RepositoryError
            raise kind(refusal(self._api.name, found.token, unfolding.errors.first("node")))
        self.total = connection["totalCount"]
        times = []
        if connection["nodes"] is None:
            yield unfolding.gap(url, ("node", "listing", "nodes"), listing)
        for at, node in enumerate(connection["nodes"] or []):
            path = ("node", "listing", "nodes", at)
            if node is None:
                yield unfolding.gap(url, path, listing)
                continue
            times += [node[listing.time]] if node.get(listing.time) else []
            if "releaseAssets" in node:
                yield from self._complete(node)
            yield from unfolding.node(listing, node, Inside({}, url, inside), path)
        yield from unfolding.left(url)
        state["newest"] = max(state["newest"], min(max(times, default=""), self._horizon))
        info = connection["pageInfo"]
        following = info["endCursor"] if info["hasNextPage"] else None
        if following is not None and following == state["after"]:
            yield unfolding.stuck(url, listing.connection, listing)
            following = None
        is_first = not state["after"]
        state["after"] = None if times and min(times) < until else following
        state["is_one_page"] = is_first and state["after"] is None

    def _continue(self, state: dict[str, Any], is_walk: bool) -> Iterator[Handed]:
        """The next part of many nested lists, in one request."""
        tasks = state["rest"][: self._lists_a_request]
        variables = {f"id{at}": task["id"] for at, task in enumerate(tasks)}
        variables |= {f"cursor{at}": task["after"] or None for at, task in enumerate(tasks)}
        text = more(tuple(NESTED[task["list"]] for task in tasks), is_walk)
        try:
            names = [f"t{at}" for at in range(len(tasks))]
            found = self._api.graphql(text, variables, is_heavy=len(tasks) > 1, must_see=names)
        except TooHeavyError:
            self._lists_a_request = len(tasks) // 2
            return
        state["rest"] = state["rest"][len(tasks) :]
        unfolding = Unfolding(self._listing, state, Errors(found.errors), self._known_people)
        for at, task in enumerate(tasks):
            if task["after"] and unfolding.errors.refuse_cursor(f"t{at}"):
                name = f"{task['list']} {task['id']}"
                if name in self._refused:
                    yield unfolding.stuck(task["url"], NESTED[task["list"]].field, NESTED[task["list"]])
                else:
                    self._refused.add(name)
                    state["rest"].append({**task, "after": ""})
                continue
            connection = (found.data.get(f"t{at}") or {}).get("list")
            yield from unfolding.list(task, connection, (f"t{at}", "list"))
        yield from unfolding.left(self._pulse["url"])

    def _complete(self, release: Node) -> Iterator[Reject]:
        """Fetch the rest of a release's assets, which stay within it."""
        assets = release["releaseAssets"]
        info, after = assets.pop("pageInfo"), ""
        while info["hasNextPage"] and info["endCursor"] != after:
            after = info["endCursor"]
            found = self._api.graphql(ASSETS, {"id": release["id"], "after": after})
            part = (found.data.get("node") or {}).get("list")
            if part is None:
                yield Reject(release["url"], Errors(found.errors).why("node"))
                return
            if part["nodes"] is None:
                yield Reject(release["url"], Errors(found.errors).why("node", "list", "nodes"))
            assets["nodes"] = [*(assets["nodes"] or []), *(part["nodes"] or [])]
            info = part["pageInfo"]


def _beginning() -> dict[str, Any]:
    return {"after": "", "rest": [], "flawed": [], "newest": ""}
