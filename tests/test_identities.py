"""Who is who: exact rules only, overruled by what somebody decided, and the same from night to night."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ospo_metrics.identities import RULES, Links, founders, login_of
from ospo_metrics.pseudonyms import normalise

NAMES = list(RULES)
Case = tuple[int, list[tuple[int, int, str]], list[tuple[int, int]], list[int]]


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


def persons(
    ids: list[str],
    links: list[tuple[int, int, str]],
    apart: list[tuple[int, int]],
    first_seen: np.ndarray[Any, Any] | None = None,
) -> list[str]:
    """The person of each identity, by the id that names it."""
    return [ids[place] for place in founders(ids, Links.of(links), apart, first_seen)]


def test_who_is_linked_is_one_person_named_by_whom_was_seen_first() -> None:
    """A person keeps their name when more of them comes to light."""
    first_seen = np.array(["2024-02-01", "2024-01-01", "NaT", "2024-03-01"], "datetime64[us]")
    assert ["b", "b", "c", "d"] == persons(["a", "b", "c", "d"], [(0, 1, "mailmap")], [], first_seen)
    links = [(0, 1, "mailmap"), (2, 0, "register"), (3, 2, "github_noreply")]
    assert ["b"] * 4 == persons(["a", "b", "c", "d"], links, [], first_seen)


def test_what_somebody_decided_overrules_every_rule() -> None:
    """Two who are to stay apart do, also over others, and what goes is the weakest link between them."""
    links = [(0, 1, "github_noreply"), (1, 2, "masked_address"), (2, 3, "mailmap")]
    assert ["a", "a", "c", "c"] == persons(["a", "b", "c", "d"], links, [(0, 3)])
    assert ["a"] * 4 == persons(["a", "b", "c", "d"], links, [])
    links.append((0, 3, "same_person"))
    assert ["a", "b", "b", "a"] == persons(["a", "b", "c", "d"], [*links, (1, 2, "same_person")], [(0, 1)])


def search(count: int, pairs: Iterable[tuple[int, int]]) -> list[frozenset[int]]:
    """Whom each one reaches, found one by one."""
    near: dict[int, set[int]] = {one: {one} for one in range(count)}
    for left, right in pairs:
        near[left].add(right)
        near[right].add(left)

    def reached(start: int) -> frozenset[int]:
        seen, waiting = {start}, [start]
        while waiting:
            fresh = near[waiting.pop()] - seen
            seen |= fresh
            waiting += fresh
        return frozenset(seen)

    return [reached(one) for one in range(count)]


def together(people: list[str]) -> list[frozenset[int]]:
    return [frozenset(at for at, person in enumerate(people) if person == own) for own in people]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    count = draw(st.integers(1, 14))
    one = st.integers(0, count - 1)
    links = draw(st.lists(st.tuples(one, one, st.sampled_from(NAMES)), max_size=25))
    apart = draw(st.lists(st.tuples(one, one), max_size=4))
    seen = draw(st.lists(st.integers(0, 5), min_size=count, max_size=count))
    return count, links, apart, seen


def resolve(case: Case) -> list[str]:
    count, links, apart, seen = case
    days = np.array(["NaT" if day == 0 else f"2026-01-0{day}" for day in seen], "datetime64[us]")
    return persons([f"id{one:02}" for one in range(count)], links, apart, days)


@given(cases())
def test_without_decisions_people_are_whom_a_plain_search_finds(case: Case) -> None:
    """Who is linked, directly or not, is one person, and nobody else; the name is the first seen of them."""
    count, links, _, seen = case
    people = resolve((count, links, [], seen))
    expected = search(count, [link[:2] for link in links])
    assert expected == together(people)
    first = [min(group, key=lambda one: (seen[one] == 0, seen[one], one)) for group in expected]
    assert [f"id{one:02}" for one in first] == people


@given(cases())
def test_who_is_to_stay_apart_does_and_no_link_is_left_out_without_need(case: Case) -> None:
    """A decision holds; a link is passed over only where stronger ones and it would join whom it keeps apart."""
    count, links, apart, _ = case
    people = resolve(case)
    assert all(people[left] != people[right] for left, right in apart if left != right)
    assert all(group <= whole for group, whole in zip(
        together(people), search(count, [link[:2] for link in links]), strict=True))  # fmt: skip
    followed = [link for link in links if people[link[0]] == people[link[1]]]
    for link in links:
        if people[link[0]] != people[link[1]]:
            as_strong = [e[:2] for e in followed if NAMES.index(e[2]) <= NAMES.index(link[2])]
            joined = search(count, [*as_strong, link[:2]])
            assert any(left != right and right in joined[left] for left, right in apart), link


@given(cases(), st.randoms(use_true_random=False))
def test_no_order_of_the_input_matters(case: Case, random: object) -> None:
    """The same identities, links and decisions give the same people, in whatever order they come."""
    count, links, apart, seen = case
    shuffled = list(range(count))
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    place = {old: new for new, old in enumerate(shuffled)}
    days = np.array(
        ["NaT" if seen[old] == 0 else f"2026-01-0{seen[old]}" for old in shuffled], "datetime64[us]"
    )
    turned = [(place[right], place[left], rule) for left, right, rule in reversed(links)]
    far = [(place[right], place[left]) for left, right in reversed(apart)]
    found = persons([f"id{old:02}" for old in shuffled], turned, far, days)
    assert resolve(case) == [found[place[one]] for one in range(count)]


@given(cases(), cases())
def test_a_merge_is_undone_without_loss(case: Case, more: Case) -> None:
    """Links that are added and taken out again leave everybody as they were, for only links are kept."""
    count, links, apart, seen = case
    added = [(left % count, right % count, rule) for left, right, rule in more[1]]
    before = resolve(case)
    resolve((count, [*links, *added], apart, seen))
    assert before == resolve((count, links, apart, seen))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("merge"), st.integers(0, 9), st.integers(0, 9)),
            st.tuples(st.just("split"), st.integers(0, 9), st.integers(0, 9)),
            st.tuples(st.just("read again"), st.integers(0, 11), st.integers(0, 9)),
        ),
        min_size=1,
        max_size=25,
    )
)
def test_attendance_stays_with_the_right_person(nights: list[tuple[str, int, int]]) -> None:
    """Through merges, splits and lists read again, a seat is of whom its own address is of, and none is lost.

    A list names an identity, never a person; whose it is is asked anew each night, in DuckDB as the models do.
    """
    ids = [f"id{one}" for one in range(10)]
    rules: list[tuple[int, int, str]] = [(0, 1, "mailmap"), (2, 3, "github_commit"), (4, 5, "register")]
    decided: dict[frozenset[int], bool] = {}
    with duckdb.connect() as connection:
        connection.execute("create table seats (seat integer primary key, identity_id varchar)")
        connection.execute("create table identities (identity_id varchar, person_id varchar)")
        for what, one, other in nights:
            if what == "read again":
                connection.execute("insert or replace into seats values (?, ?)", [one, ids[other]])
            elif one != other:
                decided[frozenset((one, other))] = what == "merge"
            merged = [(*sorted(pair), "same_person") for pair, same in decided.items() if same]
            apart = [tuple(sorted(pair)) for pair, same in decided.items() if not same]
            links = [*rules, *merged]
            people = persons(ids, links, apart)  # type: ignore[arg-type]
            connection.execute("delete from identities")
            connection.executemany(
                "insert into identities values (?, ?)", list(zip(ids, people, strict=True))
            )
            rows = connection.execute(
                "select seat, s.identity_id, person_id from seats as s "
                "left join identities using (identity_id) order by seat"
            ).fetchall()
            expected = dict(connection.execute("select seat, identity_id from seats").fetchall())
            assert expected == {seat: identity for seat, identity, _ in rows}
            assert len(expected) == len(rows)
            whole = search(10, [link[:2] for link in links])  # type: ignore[misc]
            for _, identity, person in rows:
                mine = ids.index(identity)
                assert ids.index(person) in whole[mine]
                if not any(left in whole[mine] and right in whole[mine] for left, right in apart):
                    assert f"id{min(whole[mine])}" == person
    assert search(10, [link[:2] for link in rules]) == together(persons(ids, rules, []))


@given(st.text())
def test_normalising_twice_changes_nothing(value: str) -> None:
    """The normal form is its own normal form, or the same person could get two pseudonyms."""
    for kind in ("address", "mail_name"):
        once = normalise(kind, value)
        assert normalise(kind, once) == once
