"""Which messages belong to one thread: pure rules, no input or output.

As Jamie Zawinski's well-known algorithm does it: what a message says of itself goes first, what others say of it
fills gaps, a message that nobody holds still binds those that refer to it, and no link may close a circle. Where a
reply names no message at all, its subject decides, and the thread says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Integers = NDArray[np.int64]

DAY = 86_400
SUBJECT_SECONDS = 60 * DAY
"""For how long a reply that names no message may belong to the last message with its subject."""

SHAPE = pa.schema(
    [
        ("message_id", pa.string()),
        ("sent_at", pa.float64()),
        ("message_references", pa.list_(pa.string())),
        ("in_reply_to", pa.string()),
        ("project_id", pa.string()),
        ("topic", pa.string()),
        ("is_reply", pa.bool_()),
    ]
)
"""What of a message decides where it belongs.

`sent_at` is in seconds since 1970; `topic` is its subject without tags and prefixes.
"""

_FIRST, _REFERENCES, _SUBJECT = range(3)
_RULES = pa.array(["first", "references", "subject"])


def threads(messages: pa.Table) -> pa.Table:
    """For each message of a table in `SHAPE` the `thread_id` and the `rule` that put it there, in the same order.

    A thread is called after its first message, held or not. The rule is `first`, `references` or `subject`. The order
    of the messages means nothing. Millions of them are numbers here, for as objects they would not fit.
    """
    order = pc.sort_indices(
        messages.select(["sent_at", "message_id", "project_id"]),
        sort_keys=[(name, "ascending") for name in ("sent_at", "message_id", "project_id")],
    )
    told = _Told.of(messages.take(order))
    forest = _Forest(len(told.names))
    rules = _by_what_they_say(told, forest)
    _by_what_others_say(told, forest)
    _by_subject(told, forest, rules)
    top = forest.tops()[told.number]
    rules[(rules == _FIRST) & (top != told.number)] = _REFERENCES
    rules[top == told.number] = _FIRST
    back = np.empty(len(top), dtype=np.int64)
    back[order.to_numpy()] = np.arange(len(top))
    return pa.table(
        {"thread_id": told.names.take(pa.array(top[back])), "rule": _RULES.take(pa.array(rules[back]))}
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """What the messages say, the oldest first, in numbers: those of the names, and of the messages in their order."""

    names: pa.Array
    number: Integers
    sent_at: NDArray[np.float64]
    """Not a number where it is not known."""
    reply_to: Integers
    """-1 where a message answers none."""
    chain_of: Integers
    chain: Integers
    """The references of each message up to what it answers, the nearest last, each once, without itself."""
    subject: Integers
    """-1 where there is none."""
    is_reply: NDArray[np.bool_]

    @classmethod
    def of(cls, messages: pa.Table) -> _Told:
        lists = messages["message_references"]
        lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
        chunks = [
            chunk
            for column in (messages["message_id"], messages["in_reply_to"], pc.list_flatten(lists))
            for chunk in column.chunks
        ]
        encoded = pa.chunked_array(chunks, pa.string()).dictionary_encode().unify_dictionaries()
        numbers = np.concatenate(
            [pc.fill_null(chunk.indices, -1).to_numpy() for chunk in encoded.chunks] or [np.empty(0)]
        ).astype(np.int64)
        names = encoded.chunk(0).dictionary if encoded.num_chunks else pa.array([], pa.string())
        number, reply_to, chain = np.split(numbers, [len(messages), 2 * len(messages)])
        nameless = pc.index(names, "").as_py()
        reply_to = np.where((reply_to == nameless) | (reply_to == number), -1, reply_to)
        chain_of = np.repeat(np.arange(len(messages)), lengths)
        is_meant = (chain >= 0) & (chain != nameless) & (chain != number[chain_of])
        chain_of, chain = _up_to(reply_to, *_once(chain_of[is_meant], chain[is_meant], len(names)))
        return cls(
            names, number, pc.fill_null(messages["sent_at"], np.nan).to_numpy(), reply_to, chain_of, chain,
            _subjects(messages), pc.fill_null(messages["is_reply"], False).to_numpy(zero_copy_only=False),
        )  # fmt: skip


def _once(chain_of: Integers, chain: Integers, names: int) -> tuple[Integers, Integers]:
    _, first = np.unique(chain_of * names + chain, return_index=True)
    first.sort()
    return chain_of[first], chain[first]


def _up_to(reply_to: Integers, chain_of: Integers, chain: Integers) -> tuple[Integers, Integers]:
    place = np.arange(len(chain))
    last = np.full(len(reply_to), len(chain))
    is_answered = chain == reply_to[chain_of]
    last[chain_of[is_answered]] = place[is_answered]
    stays = place <= last[chain_of]
    return chain_of[stays], chain[stays]


def _subjects(messages: pa.Table) -> Integers:
    """The same number for what one place calls the same, in capitals or not."""
    topics = messages["topic"].combine_chunks().dictionary_encode()
    folded = pa.array(
        [topic.casefold() for topic in topics.dictionary.to_pylist()], pa.string()
    ).dictionary_encode()
    subject = folded.indices.take(topics.indices)
    places = messages["project_id"].combine_chunks().dictionary_encode()
    numbers = pc.fill_null(places.indices, len(places.dictionary)).to_numpy().astype(np.int64)
    named = pc.fill_null(subject, -1).to_numpy().astype(np.int64)
    known = pc.is_valid(messages["sent_at"]).to_numpy() & (named != (pc.index(folded.dictionary, "").as_py()))
    return np.where(known & (named >= 0), numbers * (len(folded.dictionary) + 1) + named, -1)


def _by_what_they_say(told: _Told, forest: _Forest) -> Integers:
    """Each message under the nearest that it names; where two answer each other, the older one is the first."""
    rules = np.full(len(told.number), _FIRST)
    ends = np.searchsorted(told.chain_of, np.arange(len(told.number) + 1)).tolist()
    numbers, reply_to, chain = told.number.tolist(), told.reply_to.tolist(), told.chain.tolist()
    for position in range(len(numbers) - 1, -1, -1):
        number, above = numbers[position], reply_to[position]
        if (above >= 0 and forest.put(number, above)) or any(
            forest.put(number, chain[place])
            for place in range(ends[position + 1] - 1, ends[position] - 1, -1)
        ):
            rules[position] = _REFERENCES
    return rules


def _by_what_others_say(told: _Told, forest: _Forest) -> None:
    """What says nothing itself, or is not held, under what stands before it where others refer to both.

    A reference must be wrong where what should come first was sent a day later or more.
    """
    sent_at = np.full(len(told.names), np.nan)
    sent_at[told.number] = told.sent_at
    speaks = np.zeros(len(told.names), dtype=bool)
    speaks[told.number[_names_any(told)]] = True
    above, below = told.chain[:-1], told.chain[1:]
    is_pair = (
        (told.chain_of[:-1] == told.chain_of[1:]) & ~speaks[below] & ~(sent_at[above] > sent_at[below] + DAY)
    )
    for one, other in zip(below[is_pair].tolist(), above[is_pair].tolist(), strict=True):
        forest.put(one, other)


def _by_subject(told: _Told, forest: _Forest, rules: Integers) -> None:
    """Each reply that names none under the message of its place before it that had its subject, if it is not old."""
    positions = np.flatnonzero(told.subject >= 0)
    positions = positions[np.argsort(told.subject[positions], kind="stable")]
    before, after = positions[:-1], positions[1:]
    is_answer = (
        (told.subject[before] == told.subject[after])
        & told.is_reply[after]
        & ~_names_any(told)[after]
        & (told.sent_at[after] - told.sent_at[before] <= SUBJECT_SECONDS)
    )
    before, after = before[is_answer], after[is_answer]
    for place in np.argsort(after).tolist():
        if forest.put(int(told.number[after[place]]), int(told.number[before[place]])):
            rules[after[place]] = _SUBJECT


def _names_any(told: _Told) -> NDArray[np.bool_]:
    """Whether each message names another."""
    names_any = told.reply_to >= 0
    names_any[told.chain_of] = True
    return names_any


class _Forest:
    """Messages, held or only named, each under at most one other."""

    def __init__(self, size: int) -> None:
        self._above = list(range(size))

    def tops(self) -> Integers:
        """The first message of each one's thread."""
        above = np.array(self._above, dtype=np.int64)
        while (above[above] != above).any():
            above = above[above]
        return above

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
