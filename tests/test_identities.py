"""Who is who: exact rules only, explained, and the same from night to night."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ospo_metrics.identities import Identity, Link, components, login_of, normalise, persons

KEY = bytes(range(32))


@pytest.mark.parametrize(
    ("address", "login"),
    [
        ("12345+Ada-L@users.noreply.github.com", "ada-l"),
        ("ada-l@users.noreply.github.com", "ada-l"),
        ("49699333+dependabot[bot]@users.noreply.github.com", "dependabot[bot]"),
        ("ada@example.org", None),
        ("users.noreply.github.com", None),
        ("x+ada@users.noreply.github.com", None),
    ],
)
def test_a_noreply_address_tells_its_login(address: str, login: str | None) -> None:
    """GitHub's noreply addresses, old and new, name the account; no other address does."""
    assert login_of(address) == login


def test_a_name_alone_never_merges_two_people() -> None:
    """Two Daves in two places stay two people, also with the same name on a list and in a schedule."""
    identities = [
        Identity("mail_name", "list-a Dave"),
        Identity("mail_name", "list-b Dave"),
        Identity("speaker", "conference Dave"),
    ]

    _, people, _ = persons(KEY, identities)

    assert len(set(people)) == 3


def test_spellings_and_noreply_make_one_person_and_say_why() -> None:
    """Capital letters do not make another person, and a noreply address belongs to its login."""
    identities = [
        Identity("address", "Ada@example.org"),
        Identity("address", "ada@EXAMPLE.org"),
        Identity("address", "7+ada@users.noreply.github.com"),
        Identity("login", "Ada"),
    ]

    _, people, rules = persons(KEY, identities)

    assert (people[0] == people[1], people[2] == people[3], people[0] == people[2]) == (True, True, False)
    assert rules == ["same_address", "same_address", "github_noreply", "same_login"]


@given(st.binary(min_size=32, max_size=32))
def test_spellings_stay_one_person_when_one_of_them_is_linked(key: bytes) -> None:
    """A link of one spelling is a link of all, whatever the key."""
    identities = [
        Identity("address", "Ada@x.example"),
        Identity("address", "ada@x.example"),
        Identity("address", "b@y.example"),
    ]

    _, people, _ = persons(key, identities, [Link(0, 2, "mailmap")])

    assert len(set(people)) == 1


@given(st.permutations([Identity("address", f"p{n}@example.org") for n in range(5)] + [
    Identity("login", "p9"), Identity("address", "1+p9@users.noreply.github.com")]))  # fmt: skip
def test_person_ids_do_not_depend_on_the_order(identities: list[Identity]) -> None:
    """The same identities give the same people, in whatever order they come."""
    ids, people, _ = persons(KEY, identities)

    ordered = persons(KEY, sorted(identities, key=lambda identity: (identity.kind, identity.value)))
    assert dict(zip(ids, people, strict=True)) == dict(zip(ordered[0], ordered[1], strict=True))


@given(st.integers(1, 30).flatmap(lambda n: st.tuples(
    st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=40))))  # fmt: skip
def test_components_equal_a_plain_search(case: tuple[int, list[tuple[int, int]]]) -> None:
    """Who is linked, directly or not, is one person; the answer equals a search from each one."""
    count, pairs = case
    neighbours: dict[int, set[int]] = {position: {position} for position in range(count)}
    for left, right in pairs:
        neighbours[left].add(right)
        neighbours[right].add(left)

    def reachable(start: int) -> set[int]:
        seen, waiting = {start}, [start]
        while waiting:
            fresh = neighbours[waiting.pop()] - seen
            seen |= fresh
            waiting += fresh
        return seen

    assert components(count, [Link(left, right, "r") for left, right in pairs]) == [
        min(reachable(position)) for position in range(count)
    ]


@given(st.text())
def test_normalising_twice_changes_nothing(value: str) -> None:
    """The normal form is its own normal form, or the same person could get two pseudonyms."""
    for kind in ("address", "mail_name"):
        once = normalise(kind, value)
        assert normalise(kind, once) == once
