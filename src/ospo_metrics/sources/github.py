"""GitHub: what happens in repositories, live or from a folder of recorded answers.

One cheap question about some 20 repositories together (`_github_pulse`) decides what in them is read at all. Threads
and what stands in them are read in GraphQL, whole at first and about every 30 days, in between only what changed
(`_github_walks`), and so are the commits of the default branch (`_github_commits`); traffic and the history of
stars in REST (`_github_rest`). A folder of recorded answers is read the same way (`_github_recorded`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ospo_metrics.items import Claim, Context, Handed, Instance, SourceError, Spent, StoppedError, Stream
from ospo_metrics.sources import _github_pulse, _github_recorded
from ospo_metrics.sources._github_api import Access, Api, Hub, RefusedError, RepositoryError
from ospo_metrics.sources._github_commits import read_commits
from ospo_metrics.sources._github_listings import LISTINGS, Node
from ospo_metrics.sources._github_pulse import Repository, read_repository
from ospo_metrics.sources._github_recorded import Recording, read_recorded
from ospo_metrics.sources._github_rest import NOT_FOR_ALL, PATHS, read_star_history, read_traffic
from ospo_metrics.sources._github_walks import read_listing

NAME = "github"
PARALLEL = 4
_PEOPLE_ACT_IN = ("issues", "change_requests", "discussions", "releases", "stars", "forks")
STREAMS = (
    Stream("repositories", versions=True),
    Stream("traffic", versions=True),  # first of all, since GitHub forgets it
    Stream("issues", versions=True),
    Stream("issue_comments", True, within=("issues",), counted_in=("issues", "$.comments.totalCount")),
    Stream("issue_events", True, within=("issues",), counted_in=("issues", "$.timelineItems.filteredCount")),
    Stream("change_requests", versions=True),
    Stream(
        "change_request_comments",
        versions=True,
        within=("change_requests",),
        counted_in=("change_requests", "$.comments.totalCount"),
    ),
    Stream(
        "change_request_events",
        versions=True,
        within=("change_requests",),
        counted_in=("change_requests", "$.timelineItems.filteredCount"),
    ),
    Stream(
        "reviews", True, within=("change_requests",), counted_in=("change_requests", "$.reviews.totalCount")
    ),
    Stream(
        "review_comments", True, within=("change_requests",), counted_in=("reviews", "$.comments.totalCount")
    ),
    Stream("discussions", versions=True),
    Stream("discussion_comments", versions=True, within=("discussions",)),
    Stream("releases", versions=True),
    Stream("stars", versions=True),
    Stream("star_history", versions=True),
    Stream("forks", versions=True),
    Stream("commits", versions=True),
    Stream("people", versions=True, within=_PEOPLE_ACT_IN),
    Stream("labels", versions=True),
    Stream("milestones", versions=True),
)
REST_PATHS = tuple(PATHS.values())
"""Templates of what we ask in REST, as GitHub's own description of it writes them."""


def instances(settings: Any, workspace: Path) -> list[Instance]:
    """One instance per repository that the communities name, whose globs are looked up at its owner.

    Its id is GitHub's permanent one, its name the one that the settings spell, or GitHub where a glob found it. What
    cannot be read is an instance too, whose reading says why.
    """
    if settings.sources.github is None:
        return []
    access = Access.of(settings.sources.github)
    looked: dict[str, Any]
    if access.recorded is not None:
        folder = access.recorded
        names, globbed, unfound = _names(
            settings, workspace, lambda owner: _github_recorded.repositories_of(workspace, folder, owner)
        )
        looked = dict(_github_recorded.look(workspace, folder, names))
    else:
        hub = Hub(access)
        names, globbed, unfound = _names(
            settings, workspace, lambda owner: _github_pulse.repositories_of(hub, owner)
        )
        looked = dict(_github_pulse.look(hub, names))
    found: dict[str, Instance] = {}
    for name in names:
        options = looked[name]
        if isinstance(options, SourceError):
            found[name] = Instance(name, name, options, name)
            continue
        identifier = str(options.pulse["databaseId"] if isinstance(options, Repository) else options.id)
        if (first := found.get(identifier)) is None:
            found[identifier] = Instance(identifier, name, options, name)
        elif name not in globbed:
            again = SourceError(
                f"GitHub, {name}: it is the same repository as {first.name}; name it once under 'projects' in "
                "ospo.toml."
            )
            found[name] = Instance(name, name, again, name)
    return [*found.values(), *(Instance(glob, None, error, glob) for glob, error in unfound.items())]


def matches(pattern: str, name: str) -> bool:
    """Whether a repository is one that the settings name, by name or glob, in whatever capitals."""
    return fnmatchcase(name.casefold(), pattern.casefold())


def still_named(settings: Any, project_id: str) -> bool:
    """Whether a glob of the settings means a repository, be it that its owner lists it no longer."""
    if settings.sources.github is None:
        return False
    patterns = (project for community in settings.communities for project in community.projects)
    return any(matches(pattern, project_id) for pattern in patterns if any(mark in pattern for mark in "*?["))


def read(instance: Instance, stream: str, context: Context) -> Iterator[Handed]:
    """What is new in one stream of one repository, and in the streams that come within it."""
    inner = [one.name for one in STREAMS if one.within[:1] == (stream,)]
    match instance.options:
        case SourceError() as error:
            raise error
        case Recording() as recording:
            yield from read_recorded(recording, [stream, *inner], context)
        case Repository() as repository if stream == "repositories":
            yield from read_repository(repository, context)
        case Repository() as repository:
            yield from _read_live(repository, stream, context)
            for name in inner:
                yield Claim(None, "counted with what it is in", context.now, name)


def _read_live(repository: Repository, stream: str, context: Context) -> Iterator[Handed]:
    """Read with the tokens that may, and tell what it cost, also where it breaks off."""
    if repository.failure:
        raise repository.failure
    if not (tokens := repository.tokens_for(stream)):
        yield Claim(None, NOT_FOR_ALL[stream])
        return
    api = repository.hub.api(repository.name, tokens)
    try:
        yield from _read(api, repository.pulse, stream, context)
    except SourceError as error:
        if isinstance(error, RepositoryError) or (
            isinstance(error, RefusedError) and error.status in (401, 429)
        ):
            repository.failure = error
        yield from _spent(api, stream)
        raise
    yield from _spent(api, stream)


def _read(api: Api, pulse: Node, stream: str, context: Context) -> Iterator[Handed]:
    match stream:
        case "commits":
            yield from read_commits(api, pulse, context)
        case "traffic":
            yield from read_traffic(api, pulse, context)
        case "star_history":
            yield from read_star_history(api, pulse, context)
        case _:
            yield from read_listing(api, LISTINGS[stream], pulse, context)


def _spent(api: Api, stream: str) -> Iterator[Spent]:
    spent = api.spent(stream)
    if spent.requests:
        yield spent


def _names(
    settings: Any, workspace: Path, list_owner: Callable[[str], list[str]]
) -> tuple[list[str], set[str], dict[str, SourceError]]:
    """The repositories that the settings name, each once whatever its capitals, and which of them by a glob.

    And the globs by which nothing is found, with the reason why.
    """
    names: dict[str, str] = {}
    globs: list[str] = []
    for community in settings.communities:
        for project in community.projects:
            if any(mark in project for mark in "*?["):
                globs.append(project)
            else:
                names.setdefault(project.casefold(), project)
    named, of_owner = set(names), dict[str, list[str] | SourceError]()
    unfound: dict[str, SourceError] = {}
    for glob in globs:
        owner = glob.split("/")[0]
        if owner.casefold() not in of_owner:
            try:
                of_owner[owner.casefold()] = list_owner(owner)
            except StoppedError:
                raise
            except SourceError as error:
                of_owner[owner.casefold()] = error
        listed = of_owner[owner.casefold()]
        if isinstance(listed, SourceError):
            unfound[glob] = listed
            continue
        found = [name for name in listed if matches(glob, name)]
        if not found:
            unfound[glob] = _no_match(glob, workspace)
        for name in found:
            names.setdefault(name.casefold(), name)
    return list(names.values()), {name for key, name in names.items() if key not in named}, unfound


def _no_match(glob: str, workspace: Path) -> SourceError:
    file = workspace / "ospo.toml"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    place = next((f", line {number}" for number, line in enumerate(lines, 1) if glob in line), "")
    return SourceError(
        f"{file}{place}: 'projects' has {glob!r}, and its owner has no repository of such a name that we can "
        "see. Write a name or another glob."
    )
