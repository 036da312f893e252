"""Threads by the well-known algorithm: circles, gaps, wrong references and missing roots lose no message."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ospo_metrics.mail_threads import SHAPE, threads

START = 1_700_000_000


@dataclass(frozen=True)
class Message:
    """A row of `SHAPE`."""

    message_id: str
    sent_at: float | None = None
    message_references: Sequence[str] = ()
    in_reply_to: str | None = None
    project_id: str = ""
    topic: str | None = None
    is_reply: bool = False


def message(
    name: str, *references: str, to: str | None = None, hour: int | None = 0, **more: object
) -> Message:
    at = None if hour is None else START + 3600 * hour
    return Message(name, at, references, to, **more)  # type: ignore[arg-type]


def told(messages: Sequence[Message]) -> list[tuple[str, str]]:
    table = threads(pa.Table.from_pylist([asdict(one) for one in messages], schema=SHAPE))
    return list(zip(table["thread_id"].to_pylist(), table["rule"].to_pylist(), strict=True))


def found(*messages: Message) -> dict[str, tuple[str, str]]:
    return dict(zip([one.message_id for one in messages], told(messages), strict=True))


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([message("a")], {"a": "a"}),
        ([message("a"), message("b", to="a", hour=1)], {"a": "a", "b": "a"}),
        # References name what nobody holds; it binds those that name it.
        ([message("b", "gone"), message("c", "gone", hour=1)], {"b": "gone", "c": "gone"}),
        (
            [message("a"), message("c", "a", "gone", hour=1), message("d", to="gone", hour=2)],
            dict.fromkeys("acd", "a"),
        ),
        # A message that says nothing is put where others say that it belongs.
        ([message("a"), message("b", hour=1), message("c", "a", "b", hour=2)], dict.fromkeys("abc", "a")),
        # What a message says of itself goes before what others say of it.
        (
            [message("a"), message("x"), message("b", to="x", hour=1), message("c", "a", "b", hour=2)],
            {"a": "a", "x": "x", "b": "x", "c": "x"},
        ),
        # In-Reply-To goes before References where they differ.
        ([message("a"), message("x"), message("b", "x", to="a", hour=1)], {"a": "a", "x": "x", "b": "a"}),
        # Circles: the oldest is the first, and a message that answers itself answers nobody.
        ([message("f", to="g"), message("g", to="f", hour=1)], {"f": "f", "g": "f"}),
        (
            [message("f", to="h"), message("g", to="f", hour=1), message("h", to="g", hour=2)],
            dict.fromkeys("fgh", "f"),
        ),
        ([message("h", "h", to="h")], {"h": "h"}),
        # A reference to what came days later is wrong.
        (
            [message("a", hour=100), message("b"), message("c", "a", "b", hour=200)],
            {"a": "a", "b": "b", "c": "b"},
        ),
        # No date at all changes nothing.
        ([message("a", hour=None), message("b", to="a", hour=None)], {"a": "a", "b": "a"}),
    ],
)
def test_who_belongs_where(messages: list[Message], expected: dict[str, str]) -> None:
    """Each message is in the thread of its first message, held or not, in whatever order they come."""
    for order in (messages, messages[::-1]):
        assert expected == {name: thread for name, (thread, _) in found(*order).items()}


def test_a_subject_decides_only_where_nothing_else_does() -> None:
    """A reply that names no message belongs to the last one with its subject, for a while, and says so."""
    assert {
        "a": ("a", "first"),
        "b": ("a", "subject"),
        "c": ("a", "subject"),
        "new": ("new", "first"),
        "late": ("late", "first"),
        "elsewhere": ("elsewhere", "first"),
        "names": ("gone", "references"),
    } == found(
        message("a", project_id="dev", topic="Help"),
        message("b", hour=1, project_id="dev", topic="help", is_reply=True),
        message("c", hour=2, project_id="dev", topic="Help", is_reply=True),
        message("new", hour=3, project_id="dev", topic="Help"),
        message("late", hour=24 * 100, project_id="dev", topic="Help", is_reply=True),
        message("elsewhere", hour=3, project_id="users", topic="Help", is_reply=True),
        message("names", to="gone", hour=3, project_id="dev", topic="Help", is_reply=True),
    )


NAMES = st.sampled_from([f"m{n}" for n in range(8)])
MESSAGES = st.lists(
    st.builds(
        Message,
        NAMES,
        st.none() | st.integers(0, 50).map(lambda hour: START + 3600 * hour),
        st.lists(NAMES, max_size=5),
        st.none() | NAMES,
        st.sampled_from(["dev", "users"]),
        st.sampled_from([None, "Help", "Other"]),
        st.booleans(),
    ),
    max_size=8,
    unique_by=lambda one: one.message_id,
)


@given(MESSAGES, st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_any_references_make_threads(messages: list[Message], chance: random.Random) -> None:
    """Whatever refers to whatever: every message is in one thread, a thread's first is its own, order means nothing."""
    first = found(*messages)
    assert set(first) == {one.message_id for one in messages}
    for name, (thread, rule) in first.items():
        assert (thread == name) == (rule == "first")
        if thread in first:
            assert (thread, "first") == first[thread]
    shuffled = list(messages)
    chance.shuffle(shuffled)
    assert first == found(*shuffled)


def test_long_chains_are_no_harder_than_short_ones() -> None:
    """200,000 messages in one chain take seconds, in the worst order and with the longest references."""
    names = [f"m{number}" for number in range(200_000)]
    chain = [
        Message(name, START + 60 * n, names[max(0, n - 10) : n], names[n - 1] if n else None)
        for n, name in enumerate(names)
    ]
    began = time.process_time()
    assert {("m0", "references"), ("m0", "first")} == set(told(chain[::-1]))
    assert time.process_time() - began < 20
