"""One answer of GitHub taken apart: nodes into items, and the lists within them into items of other streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ospo_metrics.items import Handed, Item, Reject, as_json
from ospo_metrics.sources._github_errors import Errors
from ospo_metrics.sources._github_listings import NESTED, Listing, Nested, Node
from ospo_metrics.sources._github_nodes import item, latest, without_people

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Inside:
    """Where a node stands: what it is told of the one around it, that one's page, and back to when it is wanted."""

    told: Node
    url: str
    until: str


@dataclass(frozen=True, slots=True)
class Unfolding:
    """The nodes of one answer; `state` is the place in the cursor that gathers what goes on and what is flawed."""

    listing: Listing
    state: dict[str, Any]
    errors: Errors
    known_people: set[str]

    def node(self, kind: Listing | Nested, node: Node, inside: Inside, path: Path) -> Iterator[Handed]:
        """One node with who acted in it, and then the lists within it."""
        lists = {nested: node.get(nested.field) for nested in kind.lists}
        until = "" if _is_new_here(node, inside.until) else inside.until
        for nested, connection in lists.items():
            node[nested.field] = connection and {nested.count: connection[nested.count]}
        yield from self._item(kind.stream, {**inside.told, **node}, inside.url)
        for nested, connection in lists.items():
            name, field = nested.names_parent or ("", "")
            task = {
                "list": nested.name,
                "id": node["id"],
                "url": node.get("url") or inside.url,
                "told": {**inside.told, name: node.get(field)} if name else inside.told,
                "after": "",
                # where the newest do not come first, all of it is wanted as soon as anything changed
                "until": until if nested.has_newest_first or latest(node) < until else "",
            }
            yield from self.list(task, connection, (*path, nested.field))

    def list(self, task: dict[str, Any], connection: Node | None, path: Path) -> Iterator[Handed]:
        """One part of a nested list; where more of it is wanted, it joins the rest."""
        nested, until, url = NESTED[task["list"]], task["until"], task["url"]
        if connection is None:
            yield self.gap(url, path, nested)
            return
        if connection["nodes"] is None:
            yield self.gap(url, (*path, "nodes"), nested)
        is_wanted = not until or nested.has_newest_first
        for at, node in enumerate(connection["nodes"] or []):
            place = (*path, "nodes", at)
            if node is None:
                yield self.gap(url, place, nested)
                continue
            is_wanted = is_wanted and latest(node) >= until
            yield from self.node(nested, node, Inside(task["told"], url, until), place)
        info, is_first = connection["pageInfo"], nested.window == "first"
        if not is_wanted or not info["hasNextPage" if is_first else "hasPreviousPage"]:
            return
        following = info["endCursor" if is_first else "startCursor"]
        if not following or following == task["after"]:
            yield self.stuck(url, nested.field, nested)
        else:
            self.state["rest"].append({**task, "after": following})

    def gap(self, url: str, path: Path, kind: Listing | Nested) -> Reject:
        """Something that GitHub leaves out of its answer."""
        self._flaw(kind.streams)
        return Reject(url, self.errors.why(*path), stream=self._named(kind.stream))

    def stuck(self, url: str, field: str, kind: Listing | Nested) -> Reject:
        """A list that GitHub says goes on, and that does not."""
        self._flaw(kind.streams)
        why = f"GitHub says that its list of {field} goes on, and does not go on with it"
        return Reject(url, why, stream=self._named(kind.stream))

    def left(self, url: str) -> Iterator[Reject]:
        """Errors about something smaller than a node, which is handed over without it."""
        yield from (Reject(url, why) for why in self.errors.left())

    def _item(self, stream: str, node: Node, url: str) -> Iterator[Item | Reject]:
        """A node as an item, after the people in it, each told of once in a reading."""
        people: dict[str, Any] = {}
        payload = without_people(node, people)
        if stream == "stars":
            payload["node"] = {"id": node["node"]["id"], **payload["node"]}
        for key in sorted(people.keys() - self.known_people):
            yield Item(key, as_json(people[key]), stream="people")
        self.known_people.update(people)
        yield item(stream, payload, url, self.listing.stream)

    def _named(self, stream: str) -> str:
        return "" if stream == self.listing.stream else stream

    def _flaw(self, streams: Sequence[str]) -> None:
        """What a sweep could not read whole, it cannot call deleted either."""
        self.state["flawed"] = sorted({*self.state["flawed"], *streams})


def _is_new_here(node: Node, until: str) -> bool:
    """Whether a node came since then, and with it all that is in it, however old: made, handed in or moved here."""
    events = (node.get("timelineItems") or {}).get("nodes") or []
    moves = [event for event in events if event and event.get("__typename") == "TransferredEvent"]
    times = [node.get("createdAt"), node.get("submittedAt"), *(event["createdAt"] for event in moves)]
    return max(str(time or "") for time in times) >= until
