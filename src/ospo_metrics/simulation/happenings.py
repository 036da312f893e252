"""The things that happen: conversations, the contributions in them, and commits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ospo_metrics.simulation.people import Person
from ospo_metrics.simulation.plan import Community


@dataclass(slots=True)
class Entry:
    """One comment or reply; `number` becomes its identifier where it is written."""

    at: int
    person: Person
    text: str
    address: str = ""
    number: int = 0


@dataclass(slots=True)
class Commit:
    """One authored change; `landed_at` is when it reached the main line."""

    author_at: int
    person: Person
    address: str
    title: str
    landed_at: int
    co_authors: list[tuple[Person, str]] = field(default_factory=list)
    is_agent_assisted: bool = False
    is_merge: bool = False
    sha: str = ""


@dataclass(slots=True)
class Conversation:
    """An issue, a change request or a mail thread, from its opening to whatever became of it."""

    kind: str
    project: str
    community: str
    opener: Person
    opened_at: int
    title: str
    text: str
    address: str = ""
    entries: list[Entry] = field(default_factory=list)
    first_response_at: int | None = None
    first_responder: Person | None = None
    closed_at: int | None = None
    merged_at: int | None = None
    merger: Person | None = None
    closing_reason: str | None = None
    is_by_newcomer: bool = False
    labels: tuple[str, ...] = ()
    commits: list[Commit] = field(default_factory=list)
    fixed_by: Commit | None = None
    number: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class Attendance:
    """One registration for an event, as the person made it."""

    person: Person
    address: str
    registered_at: int
    status: str
    consented: bool
    was_contributor: bool


@dataclass(frozen=True, slots=True)
class Contribution:
    """One dated act of one person, with the identity under which the source shows it."""

    at: int
    person: Person
    project: str
    kind: str
    identity_kind: str
    identity: str
    name: str


@dataclass(slots=True)
class Happenings:
    """Everything that is so in one simulated world."""

    people: list[Person]
    namesakes: list[tuple[str, str]]
    conversations: list[Conversation]
    commits: dict[str, list[Commit]]
    attendance: dict[str, list[Attendance]]

    def contributions(self) -> Iterator[Contribution]:
        """Every contribution in no particular order: commits, openings, comments and messages."""
        for project, commits in self.commits.items():
            for commit in commits:
                yield Contribution(commit.author_at, commit.person, project, "commit_authored", "address",
                                   commit.address, commit.person.git_name)  # fmt: skip
        for talk in self.conversations:
            if talk.kind == "mail_thread":
                yield from _messages(talk)
            else:
                yield _on_forge(talk.opened_at, talk.opener, talk.project, f"{talk.kind}_opened")
                for entry in talk.entries:
                    yield _on_forge(entry.at, entry.person, talk.project, "commented")


def _messages(talk: Conversation) -> Iterator[Contribution]:
    opener = talk.opener
    yield Contribution(
        talk.opened_at, opener, talk.project, "message_sent", "address", talk.address, opener.mail_name
    )
    for entry in talk.entries:
        name = entry.person.mail_name
        yield Contribution(
            entry.at, entry.person, talk.project, "message_sent", "address", entry.address, name
        )


def _on_forge(at: int, person: Person, project: str, kind: str) -> Contribution:
    login = "" if person.is_ghost else person.login or ""
    return Contribution(at, person, project, kind, "login", login, login)


def projects(community: Community) -> list[str]:
    """The repositories and the mailing list of a community, as project ids."""
    return [each.id for each in community.repositories] + [community.mailing_list]


def assign_keys(conversations: list[Conversation]) -> None:
    """Give every conversation and entry the number or Message-ID that its source will show."""
    for each in conversations:
        each.entries.sort(key=lambda entry: entry.at)
    numbers: dict[str, int] = {}
    in_order = sorted(range(len(conversations)), key=lambda place: (conversations[place].opened_at, place))
    for place in in_order:
        talk = conversations[place]
        talk.number = numbers[talk.project] = numbers.get(talk.project, 0) + 1
        is_thread = talk.kind == "mail_thread"
        talk.key = message_id(talk, 0) if is_thread else f"{talk.project}#{talk.number}"
        for position, entry in enumerate(talk.entries, 1):
            entry.number = position


def message_id(talk: Conversation, position: int) -> str:
    """The Message-ID of a thread's first message (position 0) or of one of its replies."""
    at = talk.opened_at if position == 0 else talk.entries[position - 1].at
    return f"<{at:x}.{talk.number}.{position}@lists.{talk.community}.example.org>"
