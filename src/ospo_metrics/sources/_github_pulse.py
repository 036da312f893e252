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

    `rights` are those that GitHub told by token, of every token that was seen to read it; it does not tell those of
    an App. `failure` is what was found to keep all of it from us.
    """

    hub: Hub
    pulse: Node
    rights: dict[str, str | None]
    spent: Spent | None = None
    failure: SourceError | None = None

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
                return tuple(self.rights)


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
    """The full names of everything that an organization or a person owns, as far as any token sees it.

    A token that is refused is passed over; it is an error where all are.
    """
    api, names, errors = hub.api(owner), dict[str, None](), list[SourceError]()
    tokens = hub.tokens or ("",)
    for token in tokens:
        try:
            names |= dict.fromkeys(_names_of(api, owner, token))
        except StoppedError:
            raise
        except SourceError as error:
            errors.append(error)
    if len(errors) == len(tokens):
        raise errors[0]
    for passed_over in errors:
        _log.warning("%s", passed_over)
    return list(names)


def _names_of(api: Api, owner: str, token: str) -> Iterator[str]:
    after: str | None = None
    while True:
        found = api.graphql(OWNER, {"login": owner, "after": after}, token=token)
        holder, errors = found.data.get("repositoryOwner"), Errors(found.errors)
        if holder is None:
            error = errors.first("repositoryOwner")
            if error and error.get("type") != "NOT_FOUND":
                raise SourceError(refusal(owner, found.token, error))
            return
        listing = holder["listing"]
        if listing is None or listing["nodes"] is None:
            raise SourceError(refusal(owner, found.token, errors.first("repositoryOwner", "listing")))
        yield from (str(node["nameWithOwner"]) for node in listing["nodes"] if node)
        if not listing["pageInfo"]["hasNextPage"] or listing["pageInfo"]["endCursor"] == after:
            return
        after = listing["pageInfo"]["endCursor"]


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

    The others are asked about what nobody has seen yet, and for what they may do with the rest: a token reads only
    what it was seen to read. So on a quiet night some 20 repositories cost one request, and with several tokens a
    small one more, of a point, for each further token.
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
            seen = [name for name in untried if name in self.nodes]
            try:
                if unseen or seen:
                    self._ask(api, unseen, seen, token)
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
        return Repository(self.hub, node, rights, spent)

    def _ask(self, api: Api, names: Sequence[str], weak: Sequence[str], token: str) -> None:
        """Ask about these, in halves where it is too much at once."""
        asked = [*names, *weak]
        variables = {f"owner{at}": name.split("/")[0] for at, name in enumerate(asked)}
        variables |= {f"name{at}": name.split("/")[1] for at, name in enumerate(asked)}
        try:
            text = pulse(len(names), len(weak))
            is_heavy, is_patient = len(asked) > 1, bool(names)
            found = api.graphql(text, variables, token=token, is_heavy=is_heavy, is_patient=is_patient)
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
