"""Which messages belong to one thread: pure rules, no input or output.

As Jamie Zawinski's well-known algorithm does it: what a message says of itself goes first, what others say of it
fills gaps, a message that nobody holds still binds those that refer to it, and no link may close a circle. Where a
reply names no message at all, its subject decides, and the thread says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

DAY = 86_400
SUBJECT_SECONDS = 60 * DAY
"""For how long a reply that names no message may belong to the last message with its subject."""


@dataclass(frozen=True, slots=True)
class Message:
    """What of a message decides where it belongs.

    `sent_at` is in seconds since 1970; `topic` is its subject without tags and prefixes.
    """

    message_id: str
    sent_at: float | None = None
    references: Sequence[str] = ()
    in_reply_to: str | None = None
    place: str = ""
    topic: str | None = None
    is_reply: bool = False


def threads(messages: Sequence[Message]) -> list[tuple[str, str]]:
    """For each message the id of its thread's first message, held or not, and the rule that put it there.

    The rule is `first`, `references` or `subject`. The order of the messages means nothing.
    """
    forest = _Forest()
    numbers = [forest.number(message.message_id) for message in messages]
    chains = [[forest.number(one) for one in _chain(message)] for message in messages]
    parents = [
        [*chain, forest.number(message.in_reply_to)]
        if message.in_reply_to and message.in_reply_to != message.message_id
        else chain
        for message, chain in zip(messages, chains, strict=True)
    ]
    oldest_first = sorted(
        range(len(messages)), key=lambda n: (_when(messages[n]), messages[n].message_id, messages[n].place)
    )
    rules = ["first"] * len(messages)
    for position in reversed(oldest_first):  # where two answer each other, the older one is the first
        if any(forest.put(numbers[position], under) for under in reversed(parents[position])):
            rules[position] = "references"
    sent = {numbers[n]: messages[n].sent_at for n in oldest_first}
    speaks = {numbers[n] for n in oldest_first if parents[n]}
    for position in oldest_first:
        for above, below in pairwise(chains[position]):
            if below not in speaks and not _is_later(sent.get(above), sent.get(below)):
                forest.put(below, above)
    for position, before in _same_subject(messages, oldest_first):
        if not parents[position] and forest.put(numbers[position], numbers[before]):
            rules[position] = "subject"
    found = []
    for number, rule in zip(numbers, rules, strict=True):
        top = forest.top(number)
        is_first = top == number
        found.append((forest.names[top], "first" if is_first else "references" if rule == "first" else rule))
    return found


def _chain(message: Message) -> list[str]:
    """The references of a message up to what it answers, the nearest last, each once, without itself."""
    chain = [one for one in dict.fromkeys(message.references) if one and one != message.message_id]
    return chain[: chain.index(message.in_reply_to) + 1] if message.in_reply_to in chain else chain


def _when(message: Message) -> float:
    return inf if message.sent_at is None else message.sent_at


def _is_later(above: float | None, below: float | None) -> bool:
    """Whether a reference must be wrong, because what should come first was sent a day later or more."""
    return above is not None and below is not None and above > below + DAY


def _same_subject(messages: Sequence[Message], oldest_first: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Each reply with the message of its place before it that had its subject, if that is not long ago."""
    last: dict[tuple[str, str], int] = {}
    for position in oldest_first:
        message = messages[position]
        if not message.topic or message.sent_at is None:
            continue
        subject = (message.place, message.topic.casefold())
        before, last[subject] = last.get(subject), position
        if message.is_reply and before is not None:
            sent_before = messages[before].sent_at
            if sent_before is not None and message.sent_at - sent_before <= SUBJECT_SECONDS:
                yield position, before


class _Forest:
    """Messages, held or only named, each under at most one other."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._above: list[int] = []

    def number(self, name: str) -> int:
        number = self._numbers.setdefault(name, len(self.names))
        if number == len(self.names):
            self.names.append(name)
            self._above.append(number)
        return number

    def top(self, number: int) -> int:
        """The first message of a thread; the way there is made shorter for those who come later."""
        above = self._above
        while above[number] != number:
            above[number] = above[above[number]]
            number = above[number]
        return number

    def put(self, number: int, under: int) -> bool:
        """Put the first message of a thread under another, unless it is not the first or that closes a circle."""
        if self._above[number] != number or self.top(under) == number:
            return False
        self._above[number] = under
        return True
