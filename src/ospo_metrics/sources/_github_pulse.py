"""What GitHub tells of many repositories in one request: enough to know what in them has to be read at all."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ospo_metrics.items import (
    Claim,
    Context,
    Handed,
    SourceError,
    Spent,
    StoppedError,
)
from ospo_metrics.sources._github_api import Api, Found, Hub, TooHeavyError
from ospo_metrics.sources._github_errors import Error, Errors, refusal
from ospo_metrics.sources._github_listings import Node
from ospo_metrics.sources._github_nodes import item
from ospo_metrics.sources._github_queries import OWNER, pulse

TOGETHER = 20
_WRITERS = ("WRITE", "MAINTAIN", "ADMIN")
_RANKS = {right: rank for rank, right in enumerate((None, "READ", "TRIAGE", *_WRITERS))}

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Repository:
    """A repository as GitHub knew it when the run began, and what each of our tokens may do with it.

    `rights` are those that GitHub told by token; it does not tell those of an App. `others_see_it` says whether
    tokens that were not asked may read it too.
    """

    hub: Hub
    pulse: Node
    rights: dict[str, str | None]
    others_see_it: bool
    spent: Spent | None = None

    @property
    def name(self) -> str:
        return str(self.pulse["nameWithOwner"])

    def tokens_for(self, stream: str) -> tuple[str, ...]:
        """The tokens that may read a stream; none where it is not for us."""
        writers = tuple(token for token, right in self.rights.items() if right in _WRITERS)
        match stream:
            case "stars":
                return writers
            case "traffic":
                return writers or tuple(token for token, right in self.rights.items() if right is None)
            case _:
                return self.hub.tokens if self.others_see_it else tuple(self.rights)


def look(hub: Hub, names: Sequence[str]) -> dict[str, Repository | SourceError]:
    """Each repository by the name it was asked for, or why it cannot be read."""
    found: dict[str, Repository | SourceError] = {}
    for start in range(0, len(names), TOGETHER):
        try:
            found |= _Group(hub, names[start : start + TOGETHER]).look()
        except SourceError as error:
            if not found:
                raise
            return found | dict.fromkeys(names[start:], error)
    return found


def repositories_of(hub: Hub, owner: str) -> list[str]:
    """The full names of everything that an organization or a person owns, as far as any token sees it."""
    api, names = hub.api(owner), dict[str, None]()
    for token in hub.tokens:
        after: str | None = None
        while True:
            found = api.graphql(OWNER, {"login": owner, "after": after}, token=token)
            holder = found.data.get("repositoryOwner")
            if holder is None:
                error = Errors(found.errors).first("repositoryOwner")
                if error and error.get("type") != "NOT_FOUND":
                    raise SourceError(refusal(owner, found.token, error))
                break
            listing = holder["listing"]
            names |= {str(node["nameWithOwner"]): None for node in listing["nodes"] or [] if node}
            if not listing["pageInfo"]["hasNextPage"] or listing["pageInfo"]["endCursor"] == after:
                break
            after = listing["pageInfo"]["endCursor"]
    return list(names)


def read_repository(repository: Repository, context: Context) -> Iterator[Handed]:
    """The repository itself with its counts of the day; it costs nothing more."""
    payload = {**repository.pulse, "asOf": f"{context.now:%Y-%m-%d}T00:00:00Z"}
    yield item("repositories", payload, repository.pulse["url"], updated_at=context.now)
    if repository.spent:
        yield repository.spent
    yield Claim(1, "the repository itself", context.now)


@dataclass(slots=True)
class _Group:
    """Some repositories that are asked about together, first with one token and then with the others.

    The others are asked about what nobody has seen yet, and for what they may do where nobody may write yet.
    """

    hub: Hub
    names: Sequence[str]
    nodes: dict[str, Node] = field(default_factory=dict)
    rights: dict[str, dict[str, str | None]] = field(default_factory=dict)
    tried: dict[str, set[str]] = field(default_factory=dict)
    refusals: dict[str, SourceError] = field(default_factory=dict)

    def look(self) -> dict[str, Repository | SourceError]:
        """Each of them, or why it cannot be read; an error where no token gets an answer at all."""
        others = f" and {len(self.names) - 1} more" if len(self.names) > 1 else ""
        api = self.hub.api(self.names[0] + others)
        for token in ("", *self.hub.tokens):
            untried = [name for name in self.names if token not in self.tried.get(name, ())]
            unseen = [name for name in untried if name not in self.nodes]
            weak = [name for name in untried if name in self.nodes and not self._is_writable(name)]
            try:
                if unseen or weak:
                    self._ask(api, unseen, weak, token)
            except StoppedError:
                raise
            except SourceError as error:
                if len(self.hub.tokens) < 2:
                    raise
                _log.warning("%s", error)
                self.refusals |= dict.fromkeys(unseen, error)
        if not self.tried:
            raise next(iter(self.refusals.values()))
        spent: Spent | None = api.spent("pulse")
        found: dict[str, Repository | SourceError] = {}
        for name in self.names:
            if name in self.nodes:
                found[name], spent = self._repository(name, spent), None
            else:
                found[name] = self.refusals[name]
        return found

    def _repository(self, name: str, spent: Spent | None) -> Repository:
        node, rights = self.nodes[name], self.rights[name]
        node["viewerPermission"] = max(rights.values(), key=lambda right: _RANKS.get(right, 0))
        is_for_all = not node["isPrivate"] and self.tried[name] <= rights.keys()
        return Repository(self.hub, node, rights, is_for_all, spent)

    def _ask(self, api: Api, names: Sequence[str], weak: Sequence[str], token: str) -> None:
        """Ask about these, in halves where it is too much at once."""
        asked = [*names, *weak]
        variables = {f"owner{at}": name.split("/")[0] for at, name in enumerate(asked)}
        variables |= {f"name{at}": name.split("/")[1] for at, name in enumerate(asked)}
        try:
            text = pulse(len(names), len(weak))
            found = api.graphql(text, variables, token=token, is_heavy=len(asked) > 1)
        except TooHeavyError:
            half, other = (len(names) + 1) // 2, len(weak) // 2
            for few, fewer in ((names[:half], weak[:other]), (names[half:], weak[other:])):
                try:
                    if few or fewer:
                        self._ask(api, few, fewer, token)
                except StoppedError:
                    raise
                except SourceError as error:
                    self.refusals |= dict.fromkeys(few, error)
        else:
            self._take(found, names, asked)

    def _take(self, found: Found, names: Sequence[str], asked: Sequence[str]) -> None:
        errors = Errors(found.errors)
        for at, name in enumerate(asked):
            self.tried.setdefault(name, set()).add(found.token)
            node: Node | None = found.data.get(f"r{at}")
            if node is not None:
                self.rights.setdefault(name, {})[found.token] = node["viewerPermission"]
                if at < len(names):
                    self.nodes[name] = node
            elif at < len(names):
                error: Error = errors.first(f"r{at}")
                why = SourceError(refusal(name, found.token, error))
                if error.get("type", "NOT_FOUND") != "NOT_FOUND" or name not in self.refusals:
                    self.refusals[name] = why

    def _is_writable(self, name: str) -> bool:
        return any(right in _WRITERS for right in self.rights[name].values())
