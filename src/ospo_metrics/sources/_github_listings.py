"""The listings of a repository that are read in GraphQL, and the lists within their nodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Nested:
    """A list within a node: so many come with the page, `more` with each request that continues it.

    `has_newest_first` says that a walk may stop in it where everything is older than what it looks for.
    `names_parent` is what its items are told of the node: a name in the payload, and the node's field.
    """

    parent: str
    field: str
    stream: str
    node: str
    size: int
    more: int
    window: str = "first"
    arguments: str = ""
    walk_arguments: str = ""
    count: str = "totalCount"
    has_newest_first: bool = False
    names_parent: tuple[str, str] | None = None
    lists: tuple[Nested, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.parent}.{self.field}"

    @property
    def streams(self) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys([self.stream, *(name for nested in self.lists for name in nested.streams)])
        )


@dataclass(frozen=True, slots=True)
class Listing:
    """One listing of a repository: swept by `order`, walked by `walk_order` back along the field `time`.

    `sign` is what the pulse tells that changes when there is something new, `newest` its newest time if it
    tells one, and `total` how many there are. Without `walk_order` a new sign is answered with a sweep.
    `switch` is what the pulse tells where this can be switched off: then GitHub shows none of what it still holds.
    """

    stream: str
    connection: str
    node: str
    size: int
    total: Callable[[Node], int]
    sign: Callable[[Node], Any]
    newest: Callable[[Node], str] = lambda pulse: ""
    order: str = "CREATED_AT"
    walk_order: str = ""
    time: str = "createdAt"
    nodes: str = "nodes"
    lists: tuple[Nested, ...] = ()
    switch: str = ""

    @property
    def streams(self) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys([self.stream, *(name for nested in self.lists for name in nested.streams)])
        )


def _total(field: str) -> Callable[[Node], int]:
    return lambda pulse: int((pulse[field] or {}).get("totalCount") or 0)


def _newest(field: str) -> Callable[[Node], str]:
    def newest(pulse: Node) -> str:
        nodes = [node for node in (pulse[field] or {}).get("nodes") or [] if node]
        return str(nodes[0]["updatedAt"]) if nodes else ""

    return newest


def _releases(pulse: Node) -> list[Any]:
    """How many there are, and of the newest whatever changes but the downloads, which change daily."""
    newest = [node for node in pulse["latestReleases"]["nodes"] or [] if node]
    known = [[node["databaseId"], node["tagName"], node["updatedAt"], _assets(node)] for node in newest]
    return [_total("releases")(pulse), known]


def _assets(release: Node) -> list[str]:
    return [asset["name"] for asset in release["releaseAssets"]["nodes"] or [] if asset]


def _comments(parent: str, stream: str) -> Nested:
    return Nested(
        parent,
        "comments",
        stream,
        "Comment",
        size=30,
        more=100,
        walk_arguments="orderBy: {field: UPDATED_AT, direction: DESC}",
        has_newest_first=True,
        names_parent=("number", "number"),
    )


def _timeline(parent: str, stream: str, *kinds: str) -> Nested:
    return Nested(
        parent,
        "timelineItems",
        stream,
        f"{parent}Event",
        size=20,
        more=100,
        window="last",
        arguments=f"itemTypes: [{', '.join(f'{kind}_EVENT' for kind in kinds)}]",
        count="filteredCount",
        has_newest_first=True,
        names_parent=("number", "number"),
    )


_EVENTS = ("LABELED", "UNLABELED", "CLOSED", "REOPENED", "TRANSFERRED")

ISSUES = Listing(
    "issues",
    "issues",
    "Issue",
    size=50,
    total=_total("issues"),
    sign=_newest("newestIssue"),
    newest=_newest("newestIssue"),
    walk_order="UPDATED_AT",
    time="updatedAt",
    lists=(_comments("Issue", "issue_comments"), _timeline("Issue", "issue_events", *_EVENTS)),
    switch="hasIssuesEnabled",
)

CHANGE_REQUESTS = Listing(
    "change_requests",
    "pullRequests",
    "PullRequest",
    size=50,
    total=_total("pullRequests"),
    sign=_newest("newestPullRequest"),
    newest=_newest("newestPullRequest"),
    walk_order="UPDATED_AT",
    time="updatedAt",
    lists=(
        _comments("PullRequest", "change_request_comments"),
        _timeline(
            "PullRequest",
            "change_request_events",
            *(*_EVENTS, "MERGED", "READY_FOR_REVIEW", "CONVERT_TO_DRAFT", "REVIEW_REQUESTED"),
        ),
        Nested(
            "PullRequest",
            "reviews",
            "reviews",
            "Review",
            size=10,
            more=30,
            window="last",
            has_newest_first=True,
            names_parent=("number", "number"),
            lists=(
                Nested(
                    "PullRequestReview",
                    "comments",
                    "review_comments",
                    "ReviewComment",
                    size=8,
                    more=100,
                    names_parent=("reviewId", "fullDatabaseId"),
                ),
            ),
        ),
    ),
)

DISCUSSIONS = Listing(
    "discussions",
    "discussions",
    "Discussion",
    size=30,
    total=_total("discussions"),
    switch="hasDiscussionsEnabled",
    sign=_newest("newestDiscussion"),
    newest=_newest("newestDiscussion"),
    walk_order="UPDATED_AT",
    time="updatedAt",
    lists=(
        Nested(
            "Discussion",
            "comments",
            "discussion_comments",
            "DiscussionComment",
            size=20,
            more=50,
            names_parent=("number", "number"),
            lists=(
                Nested(
                    "DiscussionComment",
                    "replies",
                    "discussion_comments",
                    "DiscussionComment",
                    size=10,
                    more=100,
                ),
            ),
        ),
    ),
)

RELEASES = Listing(
    "releases",
    "releases",
    "Release",
    size=50,
    total=_total("releases"),
    sign=_releases,
    walk_order="CREATED_AT",
)

STARS = Listing(
    "stars",
    "stargazers",
    "Star",
    size=100,
    total=lambda pulse: int(pulse["stargazerCount"]),
    sign=lambda pulse: pulse["stargazerCount"],
    order="STARRED_AT",
    walk_order="STARRED_AT",
    time="starredAt",
    nodes="nodes: edges",
)

FORKS = Listing(
    "forks",
    "forks",
    "Fork",
    size=100,
    total=_total("forks"),  # those of this repository; its forkCount has the forks of forks too
    sign=_total("forks"),
    walk_order="CREATED_AT",
)

LABELS = Listing("labels", "labels", "Label", size=100, total=_total("labels"), sign=_total("labels"))

MILESTONES = Listing(
    "milestones",
    "milestones",
    "Milestone",
    size=100,
    total=_total("milestones"),
    sign=lambda pulse: [_total("milestones")(pulse), _newest("newestMilestone")(pulse)],
)

LISTINGS = {
    listing.stream: listing
    for listing in (ISSUES, CHANGE_REQUESTS, DISCUSSIONS, RELEASES, STARS, FORKS, LABELS, MILESTONES)
}


def _named(lists: tuple[Nested, ...]) -> dict[str, Nested]:
    return {
        name: found
        for nested in lists
        for name, found in {nested.name: nested, **_named(nested.lists)}.items()
    }


NESTED = _named(tuple(nested for listing in LISTINGS.values() for nested in listing.lists))
