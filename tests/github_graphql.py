"""GitHub's GraphQL API over recorded answers: really executed, paged, ordered and priced as GitHub says it does."""

from __future__ import annotations

import base64
import json
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeGuard

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    build_ast_schema,
    execute,
    get_named_type,
    get_operation_ast,
    is_composite_type,
    is_leaf_type,
    parse,
    validate,
)
from graphql.execution.values import get_argument_values, get_directive_values, get_variable_values
from graphql.language import DocumentNode
from graphql.type import GraphQLIncludeDirective, GraphQLSkipDirective

EXCERPT = Path(__file__).with_name("github_schema.graphql")
NODE_LIMIT = 500_000
PAGE_LIMIT = 100
WRITERS = ("ADMIN", "MAINTAIN", "WRITE")

KEYS = {
    "repositories": "databaseId",
    "issues": "fullDatabaseId",
    "issue_comments": "fullDatabaseId",
    "issue_events": "id",
    "change_requests": "fullDatabaseId",
    "change_request_comments": "fullDatabaseId",
    "change_request_events": "id",
    "reviews": "fullDatabaseId",
    "review_comments": "fullDatabaseId",
    "discussions": "databaseId",
    "discussion_comments": "databaseId",
    "releases": "databaseId",
    "stars": "",
    "star_history": "week",
    "forks": "databaseId",
    "commits": "oid",
    "people": "id",
    "labels": "id",
    "milestones": "id",
    "traffic": "",
}
"""The streams, and which field of a payload is its key there."""

TYPES = {
    "repositories": "Repository",
    "issues": "Issue",
    "issue_comments": "IssueComment",
    "change_requests": "PullRequest",
    "change_request_comments": "IssueComment",
    "reviews": "PullRequestReview",
    "review_comments": "PullRequestReviewComment",
    "discussions": "Discussion",
    "discussion_comments": "DiscussionComment",
    "releases": "Release",
    "forks": "Repository",
    "commits": "Commit",
    "labels": "Label",
    "milestones": "Milestone",
}

Record = dict[str, Any]
Entry = tuple[tuple[Any, ...], Any]


@lru_cache
def _excerpt() -> DocumentNode:
    return parse(EXCERPT.read_text(encoding="utf-8"))


@lru_cache
def _strict() -> GraphQLSchema:
    """The excerpt as it is written; that of a server lets what a dump does not tell be null."""
    return build_ast_schema(_excerpt())


@lru_cache(maxsize=256)
def understood(text: str) -> DocumentNode | list[Record]:
    """A query that was parsed and validated, or what is wrong with it."""
    try:
        found = parse(text)
        wrong = validate(_strict(), found)
    except GraphQLError as error:
        wrong = [error]
    return [_told(error) for error in wrong] if wrong else found


class Node(dict[str, Any]):
    """A payload that knows which repository it is held in."""

    __slots__ = ("repository",)

    def __init__(self, payload: Mapping[str, Any], repository: Repository) -> None:
        super().__init__(payload)
        self.repository = repository


def key_of(stream: str, payload: Mapping[str, Any]) -> str:
    """What an item is called in its stream, as our source calls it."""
    if stream == "stars":
        return str(payload["node"]["id"])
    if stream == "traffic":
        return f"{payload['kind']} {(payload.get('timestamp') or payload['asOf'])[:10]}"
    return str(payload[KEYS[stream]])


class Repository:
    """One repository: its own node, and the payloads of every stream by key."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        self.node = self._made("repositories", payload)
        self.streams: dict[str, dict[str, Node]] = {stream: {} for stream in KEYS if stream != "repositories"}
        self._listings: dict[Any, list[Entry]] = {}
        self._children: dict[str, dict[Any, list[Node]]] = {}
        self._by_id: dict[str, Node] = {}

    @property
    def name(self) -> str:
        return str(self.node["nameWithOwner"])

    def put(self, stream: str, payload: Mapping[str, Any]) -> None:
        """Take up a payload, in place of the one with its key."""
        if stream == "repositories":
            self.node = self._made(stream, payload)
        else:
            self.streams[stream][key_of(stream, payload)] = self._made(stream, payload)
        self._forget()

    def remove(self, stream: str, key: str) -> None:
        """Drop a payload, and everything that was said beneath it."""
        gone = self.streams[stream].pop(str(key))
        beneath = {
            "issues": ("issue_comments", "issue_events"),
            "change_requests": (
                "change_request_comments",
                "change_request_events",
                "reviews",
                "review_comments",
            ),
            "discussions": ("discussion_comments",),
        }
        for nested in beneath.get(stream, ()):
            held = self.streams[nested]
            self.streams[nested] = {k: v for k, v in held.items() if v["number"] != gone["number"]}
        if stream == "reviews":
            held = self.streams["review_comments"]
            self.streams["review_comments"] = {
                k: v for k, v in held.items() if str(v["reviewId"]) != str(key)
            }
        self._forget()

    def _made(self, stream: str, payload: Mapping[str, Any]) -> Node:
        node = Node(payload, self)
        if stream in TYPES:
            node.setdefault("__typename", TYPES[stream])
            if not node.get("id"):
                node["id"] = f"{TYPES[stream]}_{node[KEYS[stream]]}"
        if "fullDatabaseId" in node:
            node["fullDatabaseId"] = str(node["fullDatabaseId"])
            node.setdefault("databaseId", int(node["fullDatabaseId"]))
        return node

    def _forget(self) -> None:
        self._listings.clear()
        self._children.clear()
        self._by_id.clear()

    def children(self, stream: str, parent: Any) -> list[Node]:
        """What of a stream stands directly under a thread (its number) or a review or comment (its key)."""
        if stream not in self._children:
            found: dict[Any, list[Node]] = defaultdict(list)
            for node in self.streams[stream].values():
                found[_parent(stream, node)].append(node)
            self._children[stream] = found
        return self._children[stream].get(parent, [])

    def listing(self, stream: str, by: str, parent: Any = None) -> list[Entry]:
        """A stream, or what of it stands under a parent, in ascending order of a field."""
        place = (stream, by, parent)
        if place not in self._listings:
            nodes = self.streams[stream].values() if parent is None else self.children(stream, parent)
            self._listings[place] = sorted(((_place(node, by), node) for node in nodes), key=lambda e: e[0])
        return self._listings[place]

    def by_id(self, node_id: str) -> Node | None:
        """Whatever has this node id here."""
        if not self._by_id:
            self._by_id = {self.node["id"]: self.node}
            for stream, held in self.streams.items():
                if stream not in ("stars", "people", "traffic", "star_history"):
                    self._by_id |= {node["id"]: node for node in held.values()}
        return self._by_id.get(node_id)

    def thread(self, stream: str, number: int) -> Node | None:
        """The thread of a stream with this number."""
        return next((node for node in self.streams[stream].values() if node["number"] == number), None)

    def head(self) -> Node | None:
        """The newest commit of the default branch, as far as commits are held."""
        commits = self.streams["commits"]
        told = ((self.node.get("defaultBranchRef") or {}).get("target") or {}).get("oid")
        return commits.get(str(told)) or (
            self.listing("commits", "committedDate")[-1][1] if commits else None
        )


def _parent(stream: str, node: Node) -> Any:
    if stream == "review_comments":
        return str(node["reviewId"])
    if stream == "discussion_comments" and node.get("replyTo"):
        return str(node["replyTo"]["databaseId"])
    return node["number"]


def _place(node: Mapping[str, Any], by: str) -> tuple[Any, ...]:
    number = int(node.get("databaseId") or node.get("number") or 0)
    person = node.get("node") or {}
    return (node.get(by) or "", number, node.get("oid") or node.get("id") or person.get("id") or "")


@dataclass(frozen=True)
class Price:
    """What GitHub charges for a query, and how many nodes it may return."""

    cost: int
    nodes: int


@dataclass
class Asking:
    """Who asks, and what is left of their budget: what resolvers get to see."""

    token: str
    permission: Callable[[Repository], str | None]
    rate: Record


class GraphQL:
    """Answers queries over repositories that `find` looks up by name, and `everywhere` tells all of.

    `people` are profiles by type and login; `broken` are the ids of nodes that are null with an error beside them.
    """

    def __init__(
        self,
        find: Callable[[str, bool, Asking], Repository],
        everywhere: Callable[[Asking], Iterable[Repository]],
        people: Mapping[str, Record],
        broken: Set[str],
    ) -> None:
        self.schema = build_ast_schema(_excerpt(), assume_valid=True, assume_valid_sdl=True)
        self._find, self._everywhere, self.people, self.broken = find, everywhere, people, broken
        self._wire()

    def price(self, document: DocumentNode, variables: Record, operation: str | None) -> Price:
        """Points and nodes by GitHub's documented rules, before anything is looked up.

        Points: a request for every connection and each of its parents, at the full first/last of those; the sum
        divided by 100, rounded, at least 1. A connection without first/last, asked only for its total, counts too.
        https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
        """
        found = get_operation_ast(document, operation)
        if found is None:
            raise GraphQLError("An operation name is required")
        coerced: Any = get_variable_values(self.schema, found.variable_definitions or (), variables)
        if isinstance(coerced, list):
            raise coerced[0]
        fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        counter = _Counter(self.schema, fragments, coerced)
        root = self.schema.query_type
        assert root is not None
        counter.count(found.selection_set, root, 1)
        return Price(max(int(counter.requests / 100 + 0.5), 1), counter.nodes)

    def execute(
        self, document: DocumentNode, variables: Record, operation: str | None, asking: Asking
    ) -> Record:
        """The answer's body: data, and errors where there were any."""
        result: Any = execute(
            self.schema,
            document,
            context_value=asking,
            variable_values=variables,
            operation_name=operation,
            field_resolver=_plain,
            is_awaitable=_is_never,
        )
        body: Record = {"data": result.data}
        if result.errors:
            body["errors"] = [_told(error) for error in result.errors]
        return body

    # What fields mean

    def _wire(self) -> None:
        """Give the excerpt's fields their meaning; what a dump does not tell may be null although GitHub's is not."""
        for kind in self.schema.type_map.values():
            if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) or kind.name.startswith("__"):
                continue
            for name, field in kind.fields.items():
                inner = get_named_type(field.type)
                if isinstance(field.type, GraphQLNonNull) and is_leaf_type(inner):
                    field.type = field.type.of_type
                if inner.name.endswith("Connection"):
                    field.resolve = self._embedded
                elif inner.name in ("Actor", "User", "RepositoryOwner") and name != "nodes":
                    field.resolve = self._person
        for place, resolve in {
            "Query.node": self._node,
            "Query.rateLimit": lambda source, info, **_: info.context.rate,
            "Query.repository": self._repository,
            "Query.repositoryOwner": self._owner,
            "User.repositories": self._owned,
            "Organization.repositories": self._owned,
            "Repository.object": _object,
            "Repository.viewerPermission": self._permission,
            "Repository.stargazerCount": _count("stars"),
            "Repository.forkCount": lambda source, info: max(
                _count("forks")(source, info), source.get("forkCount") or 0
            ),
            "Repository.defaultBranchRef": _branch,
            "Repository.issue": _thread("issues"),
            "Repository.pullRequest": _thread("change_requests"),
            "Repository.discussion": _thread("discussions"),
            "Repository.issues": self._listed("issues", "CREATED_AT"),
            "Repository.pullRequests": self._listed("change_requests", "CREATED_AT"),
            "Repository.discussions": self._listed("discussions", "UPDATED_AT"),
            "Repository.releases": self._listed("releases", "CREATED_AT", is_newest_first=True),
            "Repository.forks": self._listed("forks", "CREATED_AT"),
            "Repository.labels": self._listed("labels", "CREATED_AT"),
            "Repository.milestones": self._listed("milestones", "NUMBER"),
            "Repository.stargazers": self._stargazers,
            "Issue.comments": self._nested("issue_comments"),
            "Issue.timelineItems": self._timeline("issue_events"),
            "Issue.stateReason": _state_reason,
            "PullRequest.comments": self._nested("change_request_comments"),
            "PullRequest.timelineItems": self._timeline("change_request_events"),
            "PullRequest.reviews": self._nested("reviews"),
            "PullRequestReview.comments": self._nested("review_comments", "fullDatabaseId"),
            "Discussion.comments": self._nested("discussion_comments"),
            "DiscussionComment.replies": self._nested("discussion_comments", "databaseId"),
            "Commit.history": self._history,
        }.items():
            kind_name, name = place.split(".")
            kind = self.schema.type_map[kind_name]
            assert isinstance(kind, GraphQLObjectType)
            kind.fields[name].resolve = resolve

    def _node(self, source: Any, info: GraphQLResolveInfo, id: str) -> Node:  # noqa: A002 - GitHub's name
        del source
        for repository in self._everywhere(info.context):
            if (found := repository.by_id(id)) is not None:
                self._find(repository.name, False, info.context)
                if id in self.broken:
                    raise went_wrong()
                return found
        raise refused("NOT_FOUND", f"Could not resolve to a node with the global id of '{id}'")

    def _repository(
        self,
        source: Any,
        info: GraphQLResolveInfo,
        owner: str,
        name: str,
        *,
        followRenames: bool = True,  # noqa: N803
    ) -> Node:
        del source
        return self._find(f"{owner}/{name}", followRenames, info.context).node

    def _owner(self, source: Any, info: GraphQLResolveInfo, login: str) -> Record | None:
        """Whose repositories these are; nobody where none is held."""
        del source
        owners = (repository.node.get("owner") or {} for repository in self._everywhere(info.context))
        found = next(
            (owner for owner in owners if owner.get("login", "").casefold() == login.casefold()), None
        )
        return found and complete_person({"__typename": "Organization", **found}, self.people)

    def _owned(self, source: Mapping[str, Any], info: GraphQLResolveInfo, **arguments: Any) -> Record:
        order = arguments.get("orderBy") or {"field": "NAME", "direction": "ASC"}
        by = {"NAME": "nameWithOwner"}.get(order["field"]) or _camel(order["field"])
        owned = [
            repository.node
            for repository in self._everywhere(info.context)
            if repository.name.split("/")[0].casefold() == source["login"].casefold()
            and arguments.get("isArchived") in (None, bool(repository.node.get("isArchived")))
        ]
        entries = sorted(((_place(node, by), node) for node in owned), key=lambda entry: entry[0])
        return self._page(info, entries, arguments, is_down=order["direction"] == "DESC")

    def _permission(self, source: Any, info: GraphQLResolveInfo) -> Any:
        return (
            info.context.permission(source.repository)
            if _is_whole(source)
            else source.get("viewerPermission")
        )

    def _person(self, source: Mapping[str, Any], info: GraphQLResolveInfo) -> Record | None:
        told = source.get(info.field_name)
        if told is None:
            return None
        return complete_person(told, self.people)

    # Lists

    def _page(
        self, info: GraphQLResolveInfo, entries: list[Entry], arguments: Record, *, is_down: bool
    ) -> Record:
        """One page of entries that stand in ascending order, with a cursor that names a place and not a number."""
        first, last = arguments.get("first"), arguments.get("last")
        _check_bounds(info, first, last)
        low, high = 0, len(entries)
        for argument in ("after", "before"):
            if arguments.get(argument):
                place = _opened(arguments[argument])
                if (argument == "after") != is_down:
                    low = max(low, bisect_right(entries, place, key=lambda entry: entry[0]))
                else:
                    high = min(high, bisect_left(entries, place, key=lambda entry: entry[0]))
        remaining = max(high - low, 0)
        if first is not None and first < high - low:
            low, high = (high - first, high) if is_down else (low, low + first)
        if last is not None and last < high - low:
            low, high = (low, low + last) if is_down else (high - last, high)
        chosen = entries[low:high]
        if is_down:
            chosen.reverse()
        more = (low > 0, high < len(entries)) if is_down else (high < len(entries), low > 0)
        return {
            "totalCount": len(entries),
            "filteredCount": remaining,
            "pageCount": len(chosen),
            "nodes": [went_wrong() if node.get("id") in self.broken else node for _, node in chosen],
            "pageInfo": {
                "hasNextPage": bool(chosen) and more[0],
                "hasPreviousPage": bool(chosen) and more[1],
                "startCursor": _closed(chosen[0][0]) if chosen else None,
                "endCursor": _closed(chosen[-1][0]) if chosen else None,
            },
            "entries": chosen,
        }

    def _embedded(
        self, source: Mapping[str, Any], info: GraphQLResolveInfo, **arguments: Any
    ) -> Record | None:
        """A list that stands in the payload itself, such as the labels of an issue."""
        kind = info.parent_type.fields[info.field_name].type
        told = source.get(info.field_name) or ({} if isinstance(kind, GraphQLNonNull) else None)
        if told is None:
            return None
        nodes = told.get("nodes") or []
        is_people = get_named_type(kind).name == "UserConnection"
        entries = [((at,), complete_person(n, self.people) if is_people else n) for at, n in enumerate(nodes)]
        page = self._page(info, entries, arguments, is_down=False)
        page["totalCount"] = told.get("totalCount", len(nodes))
        return page

    def _listed(self, stream: str, by: str, *, is_newest_first: bool = False) -> Callable[..., Record | None]:
        def resolve(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Record | None:
            if not _is_whole(source):
                return self._embedded(source, info, **arguments)
            order = arguments.get("orderBy") or {
                "field": by,
                "direction": "DESC" if is_newest_first else "ASC",
            }
            entries = source.repository.listing(stream, _camel(order["field"]))
            if states := arguments.get("states"):
                entries = [entry for entry in entries if entry[1]["state"] in states]
            if since := (arguments.get("filterBy") or {}).get("since"):
                entries = [entry for entry in entries if entry[1]["updatedAt"] >= since]
            return self._page(info, entries, arguments, is_down=order["direction"] == "DESC")

        return resolve

    def _nested(self, stream: str, parent: str = "number") -> Callable[..., Record]:
        def resolve(source: Node, info: GraphQLResolveInfo, **arguments: Any) -> Record:
            order = arguments.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}
            key = source[parent] if parent == "number" else str(source[parent])
            entries = source.repository.listing(stream, _camel(order["field"]), key)
            return self._page(info, entries, arguments, is_down=order["direction"] == "DESC")

        return resolve

    def _timeline(self, stream: str) -> Callable[..., Record]:
        """A timeline: its total is that of all kinds, its filtered count that of the kinds and times asked for."""

        def resolve(source: Node, info: GraphQLResolveInfo, **arguments: Any) -> Record:
            every = entries = source.repository.listing(stream, "createdAt", source["number"])
            if (kinds := arguments.get("itemTypes")) is not None:
                named = {"".join(word.title() for word in kind.split("_")) for kind in kinds}
                entries = [entry for entry in entries if entry[1]["__typename"] in named]
            if since := arguments.get("since"):
                entries = [entry for entry in entries if entry[1]["createdAt"] >= since]
            page = self._page(info, entries, arguments, is_down=False)
            return {**page, "totalCount": len(every)}

        return resolve

    def _stargazers(self, source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Record:
        """Who gave a star; empty for those who may not write, as GitHub announced on 2026-06-30."""
        order = arguments.get("orderBy") or {"direction": "ASC"}
        may_see = info.context.permission(source.repository) in WRITERS
        entries = source.repository.listing("stars", "starredAt") if may_see else []
        page = self._page(info, entries, arguments, is_down=order["direction"] == "DESC")
        people = [complete_person(star["node"], self.people) for _, star in page["entries"]]
        edges = [
            {"cursor": _closed(place), "node": person, "starredAt": star["starredAt"]}
            for person, (place, star) in zip(people, page["entries"], strict=True)
        ]
        return {**page, "nodes": people, "edges": edges}

    def _history(self, source: Node, info: GraphQLResolveInfo, **arguments: Any) -> Record:
        """A branch's commits, newest first."""
        entries = source.repository.listing("commits", "committedDate") if isinstance(source, Node) else []
        if isinstance(source, Node) and source is not source.repository.head():
            order = list(source.repository.streams["commits"])  # what was put before it is before it
            known = set(order[: order.index(source["oid"]) + 1])
            entries = [entry for entry in entries if entry[1]["oid"] in known]
        if since := arguments.get("since"):
            entries = [entry for entry in entries if entry[1]["committedDate"] >= since]
        return self._page(info, entries, arguments, is_down=True)


class _Counter:
    """Adds up what GitHub would charge for a query."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], variables: Any
    ) -> None:
        self.schema, self.fragments, self.variables = schema, fragments, variables
        self.requests = self.nodes = 0

    def count(
        self, selection: SelectionSetNode, kind: GraphQLObjectType | GraphQLInterfaceType | Any, parents: int
    ) -> None:
        """Add what stands under a type that there are so many of."""
        for found in selection.selections:
            if not self._is_included(found):
                continue
            if isinstance(found, InlineFragmentNode):
                inner = (
                    self.schema.type_map[found.type_condition.name.value] if found.type_condition else kind
                )
                self.count(found.selection_set, inner, parents)
            elif isinstance(found, FragmentSpreadNode):
                fragment = self.fragments[found.name.value]
                inner = self.schema.type_map[fragment.type_condition.name.value]
                self.count(fragment.selection_set, inner, parents)
            elif isinstance(found, FieldNode) and found.selection_set and is_composite_type(kind):
                self._field(found, kind, parents)

    def _field(self, found: FieldNode, kind: Any, parents: int) -> None:
        field = kind.fields.get(found.name.value)
        if field is None or found.selection_set is None:
            return
        inner = get_named_type(field.type)
        if inner.name.endswith("Connection"):
            arguments = get_argument_values(field, found, self.variables)
            size = arguments.get("first") or arguments.get("last") or 0
            self.requests += parents
            self.nodes += parents * size
            parents *= size or 1
        self.count(found.selection_set, inner, parents)

    def _is_included(self, found: Any) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, found, self.variables)
        include = get_directive_values(GraphQLIncludeDirective, found, self.variables)
        return not (skip and skip["if"]) and (include is None or bool(include["if"]))


def complete_person(told: Mapping[str, Any], people: Mapping[str, Record]) -> Record:
    """A person with everything a profile has: what is told here, what is known elsewhere, and else made up."""
    login = str(told.get("login"))
    kind = str(told.get("__typename") or "User")
    known = people.get(f"{kind} {login}".casefold(), {})
    if known and told.get("databaseId") not in (None, known.get("databaseId")):
        known = {}
    number = told.get("databaseId")
    return {
        "__typename": kind,
        "id": f"{kind[0]}_{number or login}",
        "createdAt": "2015-01-01T00:00:00Z",
        **known,
        **told,
    }


def broken_once(body: Record) -> Record:
    """The same answer with one node of its first list gone, as when GitHub ran out of time for it."""
    path = _first_list(body.get("data"), ())
    if path is None:
        return {**body, "errors": [*body.get("errors", []), {"message": went_wrong().message}]}
    body = json.loads(json.dumps(body))
    holder = body["data"]
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = None
    error = {"path": list(path), "locations": [{"line": 1, "column": 1}], "message": went_wrong().message}
    return {**body, "errors": [*body.get("errors", []), error]}


def _first_list(value: Any, path: tuple[Any, ...]) -> tuple[Any, ...] | None:
    if isinstance(value, dict):
        nodes = value.get("nodes")
        if isinstance(nodes, list) and nodes:
            return (*path, "nodes", len(nodes) // 2)
        for key, inner in value.items():
            if (found := _first_list(inner, (*path, key))) is not None:
                return found
    return None


def _plain(source: Any, info: GraphQLResolveInfo, **_: Any) -> Any:
    return source.get(info.field_name)


def _is_never(value: Any) -> TypeGuard[Any]:
    del value
    return False


def _is_whole(source: Any) -> bool:
    return isinstance(source, Node) and source.repository.node is source


def _count(stream: str) -> Callable[..., Any]:
    """How many items a stream has, or how many the recorded answer says where they were not recorded."""

    def resolve(source: Any, info: GraphQLResolveInfo) -> Any:
        held = source.repository.streams[stream] if _is_whole(source) else None
        return len(held) if held else source.get(info.field_name) or 0

    return resolve


def _branch(source: Any, info: GraphQLResolveInfo) -> Any:
    told = source.get(info.field_name)
    head = source.repository.head() if _is_whole(source) else None
    if head is None:
        target = (told or {}).get("target")
        return told and {"id": "REF_1", **told, "target": target and {"__typename": "Commit", **target}}
    return {"id": "REF_1", "name": (told or {}).get("name") or "main", "target": head}


def _object(source: Any, info: GraphQLResolveInfo, oid: str = "") -> Any:
    del info
    return source.repository.streams["commits"].get(oid)


def _thread(stream: str) -> Callable[..., Node]:
    names = {"issues": "an Issue", "change_requests": "a PullRequest", "discussions": "a Discussion"}

    def resolve(source: Node, info: GraphQLResolveInfo, number: int) -> Node:
        found = source.repository.thread(stream, number)
        if found is None:
            raise refused("NOT_FOUND", f"Could not resolve to {names[stream]} with the number of {number}.")
        return found

    return resolve


def _state_reason(source: Node, info: GraphQLResolveInfo, *, enableDuplicate: bool = False) -> Any:  # noqa: N803
    reason = source.get("stateReason")
    return "NOT_PLANNED" if reason == "DUPLICATE" and not enableDuplicate else reason


def _camel(field: str) -> str:
    words = field.lower().split("_")
    return words[0] + "".join(word.title() for word in words[1:])


def _check_bounds(info: GraphQLResolveInfo, first: int | None, last: int | None) -> None:
    for name, value in (("first", first), ("last", last)):
        if value is not None and value > PAGE_LIMIT:
            message = (
                f"Requesting {value} records on the `{info.field_name}` connection exceeds the `{name}` limit"
            )
            raise refused("EXCESSIVE_PAGINATION", f"{message} of {PAGE_LIMIT} records.")
        if value is not None and value < 0:
            raise refused(
                "INVALID_PAGINATION", f"`{name}` on the `{info.field_name}` connection cannot be negative."
            )
    if first is not None or last is not None:
        return
    asked = {
        selection.name.value
        for node in info.field_nodes
        if node.selection_set
        for selection in node.selection_set.selections
        if isinstance(selection, FieldNode)
    }
    if asked & {"nodes", "edges", "pageInfo"}:
        message = f"properly paginate the `{info.field_name}` connection."
        raise refused(
            "MISSING_PAGINATION_BOUNDARIES", f"You must provide a `first` or `last` value to {message}"
        )


def _closed(place: tuple[Any, ...]) -> str:
    return base64.b64encode(json.dumps(place).encode()).decode()


def _opened(cursor: str) -> tuple[Any, ...]:
    try:
        return tuple(json.loads(base64.b64decode(cursor, validate=True)))
    except ValueError as error:
        message = f"`{cursor}` does not appear to be a valid cursor."
        raise refused("INVALID_CURSOR_ARGUMENTS", message) from error


def refused(kind: str, message: str, **more: Any) -> GraphQLError:
    return GraphQLError(message, extensions={"type": kind, **more})


def went_wrong() -> GraphQLError:
    return GraphQLError(
        "Something went wrong while executing your query. This may be the result of a timeout, or it could be a "
        "GitHub bug. Please include `0F1E:2D3C` when reporting this issue."
    )


def _told(error: GraphQLError) -> Record:
    """An error as GitHub writes it: the type beside the message, not beneath it."""
    told: Record = {}
    extensions = dict(error.extensions or {})
    if kind := extensions.pop("type", None):
        told["type"] = kind
    if error.path:
        told["path"] = list(error.path)
    if extensions:
        told["extensions"] = extensions
    if error.locations:
        told["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    return {**told, "message": error.message}
