"""Making somebody nobody: each way in which a payload names a person, and nobody else in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ospo_metrics import erase
from ospo_metrics.erasure import CANDIDATES, GONE, Eraser, Named, Row, candidates
from ospo_metrics.warehouse import duckdb

ADA = frozenset({Named("address", "ada@example.org"), Named("login", "ada"), Named("pseudonym", "a" * 32)})
ERASER = Eraser(ADA, lambda text: f"erased-{len(text)}", frozenset({"ada/engine"}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write to ada@example.org, please", "Write to [erased], please"),
        ("Write to ADA@Example.ORG.", "Write to [erased]."),
        ("mailto:ada%40example.org?x", "mailto:[erased]?x"),
        ("nada@example.org and ada@example.org.uk", "nada@example.org and ada@example.org.uk"),
        ("x.ada@example.org ada@example.organic", "x.ada@example.org ada@example.organic"),
        ("Signed-off-by: Ada L <ada@example.org>\nx", "Signed-off-by: [erased]\nx"),
        ("> Co-Authored-By: Ada <12+ada@users.noreply.github.com>", "> Co-Authored-By: [erased]"),
        ("I met Ada Lovelace <ada@example.org> there", "I met [erased] there"),
        ("Signed-off-by: Bob <bob@example.org>", "Signed-off-by: Bob <bob@example.org>"),
        ("thanks @ada, @Ada-b and @adam", "thanks @ghost, @Ada-b and @adam"),
        ("mail@ada and me@ada.example", "mail@ada and me@ada.example"),
        ("see https://github.com/ada/fork/pull/1", "see https://github.com/ghost/fork/pull/1"),
        ("see https://github.com/ada/engine/pull/1", "see https://github.com/ada/engine/pull/1"),
        ("see https://github.com/adam/fork", "see https://github.com/adam/fork"),
        ("https://api.github.com/users/Ada/repos", "https://api.github.com/users/ghost/repos"),
        ("git@github.com:ada/fork.git", "git@github.com:ghost/fork.git"),
        ("Merge pull request #7 from ada/branch", "Merge pull request #7 from ghost/branch"),
        ("ada/fork", "ghost/fork"),
        ("ada:branch", "ghost:branch"),
        ("ada", "ada"),
        ("Ada wrote the engine in ada/src", "Ada wrote the engine in ada/src"),
    ],
)
def test_texts_lose_the_person_and_nobody_else(text: str, expected: str) -> None:
    """Addresses, mentions, trailers and paths go; longer words, other people and watched projects stay."""
    assert expected == ERASER.text(text)


def change(source: str, stream: str, payload: Any, key: str = "k", place: str = "o/p") -> Any:
    row = ERASER.row(source, stream, place, Row(key, json.dumps(payload), "there:1"))
    return json.loads(row.payload)


ACTOR = {"__typename": "User", "login": "ada", "databaseId": 7}
BOB = {"__typename": "User", "login": "bob", "databaseId": 8}


@pytest.mark.parametrize(
    ("source", "stream", "payload", "expected"),
    [
        (
            "github",
            "issues",
            {"number": 1, "author": ACTOR, "title": "Hi", "labels": {"nodes": [{"name": "ada"}]}},
            {"number": 1, "author": None, "title": "Hi", "labels": {"nodes": [{"name": "ada"}]}},
        ),
        (
            "github",
            "issue_comments",
            {"author": BOB, "body": "@ada?", "url": "https://github.com/o/p/issues/1#x"},
            {"author": BOB, "body": "@ghost?", "url": "https://github.com/o/p/issues/1#x"},
        ),
        ("github", "people", {"__typename": "User", "login": "Ada", "id": "U_1"}, json.loads(GONE)),
        (
            "github",
            "stars",
            {"starredAt": "2026-01-01", "node": ACTOR},
            {"starredAt": "2026-01-01", "node": {"__typename": "User", "login": "ghost"}},
        ),
        (
            "github",
            "commits",
            {
                "author": {"name": "Ada", "email": "x@y.example", "date": "2026", "user": {"login": "ada"}},
                "authors": {"nodes": [{"name": "Bob", "email": "bob@y.example", "user": None}]},
            },
            {
                "author": {"name": None, "email": None, "date": "2026", "user": None},
                "authors": {"nodes": [{"name": "Bob", "email": "bob@y.example", "user": None}]},
            },
        ),
        (
            "git",
            "commits",
            {
                "author": {"name": "A", "email": "A@old.x", "mapped_name": "Ada", "mapped_email": "ada@example.org",
                           "date": "2026", "offset_minutes": 60},
                "committer": {"name": "Bob", "email": "b@x.y", "mapped_name": "Bob", "mapped_email": "b@x.y"},
                "trailers": [{"key": "co-authored-by", "name": "Ada", "email": "1+ada@users.noreply.github.com"}],
            },
            {
                "author": {"name": None, "email": None, "mapped_name": None, "mapped_email": None, "date": "2026",
                           "offset_minutes": 60},
                "committer": {"name": "Bob", "email": "b@x.y", "mapped_name": "Bob", "mapped_email": "b@x.y"},
                "trailers": [{"key": "co-authored-by", "name": None, "email": None}],
            },
        ),
        (
            "mailing_lists",
            "messages",
            {"message_id": "1@x.example", "from_raw": "ada at example.org (Ada)", "from_name": "Ada",
             "from_address": "ada@example.org", "from_address_masked": None, "date": "2026"},
            {"message_id": "1@x.example", "from_raw": None, "from_name": None, "from_address": None,
             "from_address_masked": None, "date": "2026"},
        ),
        (
            "gharchive",
            "events",
            {"type": "PushEvent", "actor": "ada", "payload": {"shas": [["s", "ada@example.org", "fix", "Ada", True]]}},
            {"type": "PushEvent", "actor": "ghost", "payload": {"shas": [["s", None, "fix", None, True]]}},
        ),
        (
            "gharchive",
            "events",
            {"actor": {"id": 7, "login": "ada", "avatar_url": "u/7"}, "payload": {"forkee": {"full_name": "ada/p"}}},
            {"actor": {"login": "ghost"}, "payload": {"forkee": {"full_name": "ghost/p"}}},
        ),
        ("attendance", "registrations", {"attendee_id": "a" * 32, "status": "attended"}, json.loads(GONE)),
        ("attendance", "registrations", {"login_id": "b" * 32, "role": "ada"}, {"login_id": "b" * 32, "role": "ada"}),
        ("outreach", "same_person", {"left": {"kind": "login", "id": "a" * 32}}, json.loads(GONE)),
        ("outreach", "talks", {"title": "T", "speaker_handle": "Ada"}, {"title": "T", "speaker_handle": None}),
        ("identities", "people", {"identities": [{"kind": "login", "value": "ada"}]}, json.loads(GONE)),
    ],
)  # fmt: skip
def test_a_payload_without_the_person(source: str, stream: str, payload: Any, expected: Any) -> None:
    """What is of the person alone goes, in what is of others the person is nobody, and all else stays."""
    assert expected == change(source, stream, payload)


def test_a_name_that_stands_for_somebody_in_one_place() -> None:
    """Where a list hides addresses, or a schedule numbers its speakers, the person goes from that place only."""
    eraser = Eraser(
        frozenset({Named("mail_name", "dev ada l"), Named("speaker", "fosdem 7")}),
        lambda text: "erased",
        frozenset(),
    )

    def mail(place: str, name: str) -> Any:
        payload = {"from_name": name, "from_address": None, "from_address_masked": "a@@x"}
        row = eraser.row("mailing_lists", "messages", place, Row("k", json.dumps(payload), ""))
        return json.loads(row.payload)["from_name"]

    def talk(place: str) -> Any:
        payload = {"persons": [{"id": 7, "name": "Ada"}, {"id": 8, "name": "Bob"}]}
        row = eraser.row("calendars", "talks", place, Row("k", json.dumps(payload), ""))
        return json.loads(row.payload)["persons"]

    assert [None, "Ada L", "Ada M"] == [mail("dev", "Ada  L"), mail("users", "Ada L"), mail("dev", "Ada M")]
    assert talk("fosdem") == [{"id": "erased", "name": None}, {"id": 8, "name": "Bob"}]
    assert talk("other") == [{"id": 7, "name": "Ada"}, {"id": 8, "name": "Bob"}]


def test_nobody_is_their_own_co_author() -> None:
    """An author who signs again as co-author goes once; who else goes from the same commit counts as before."""
    eraser = Eraser(ADA | {Named("address", "eve@x.example")}, lambda text: "erased")
    trailers = [{"key": "co-authored-by", "name": n, "email": f"{n}@x.example"} for n in ("eve", "bob")]
    own = {"key": "co-authored-by", "name": "Ada", "email": "ADA@example.org"}
    payload = {"author": {"name": "Ada", "email": "ada@example.org"}, "trailers": [own, *trailers]}
    changed = json.loads(eraser.row("git", "commits", "o/p", Row("k", json.dumps(payload), "")).payload)
    assert changed == {
        "author": {"name": None, "email": None},
        "trailers": [{"key": "co-authored-by", "name": None, "email": None}, trailers[1]],
    }


def test_threads_stay_threads() -> None:
    """A message whose id is the address gets a stand-in, the same wherever another message refers to it."""
    first = ERASER.row(
        "mailing_lists", "messages", "dev", Row("ada@example.org", '{"message_id": "ada@example.org"}', "")
    )
    answer = change(
        "mailing_lists", "messages", {"in_reply_to": "ada@example.org", "references": ["ada@example.org"]}
    )
    assert (
        first.key
        == json.loads(first.payload)["message_id"]
        == answer["in_reply_to"]
        == answer["references"][0]
    )


def test_the_key_of_a_star_is_not_the_account() -> None:
    """What numbers the account goes with its name."""
    row = ERASER.row("github", "stars", "o/p", Row("U_7", json.dumps({"node": ACTOR}), ""))
    assert row.key == "erased-3"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda c: st.lists(c) | st.dictionaries(st.text(), c),
    )
)
def test_whoever_is_not_named_loses_nothing(payload: Any) -> None:
    """A payload that names none of them comes back as it is, to the byte."""
    text = json.dumps(payload)
    nobody = Eraser(frozenset({Named("address", "nobody@nowhere.example")}), lambda text: text)
    row = Row("key", text, "there")
    assert row == nobody.row("git", "commits", "o/p", row)


SPELLED = [
    json.dumps({"author": ACTOR}, separators=(",", ":")),
    '{"body":"ask <ada@example.org>"}',
    '{"body":"ask \\u003cada@example.org\\u003e"}',
    '{"body":"x=ada@example.org&y"}',
    '{"body":"ada%40example.org"}',
    '{"body":"@ada"}',
    '{"url":"https://github.com/ada/fork"}',
    '{"full_name":"ada/fork"}',
    '{"actor":"Ada"}',
    '{"email":"7+ada@users.noreply.github.com"}',
    '{"attendee_id":"' + "a" * 32 + '"}',
    '{"subject":"Merge pull request #1 from ada/x"}',
]


@pytest.mark.parametrize("payload", SPELLED)
def test_whoever_can_be_taken_out_is_also_recognised(payload: str) -> None:
    """What the search for erased people finds in a text is at least what the walk takes out of it."""
    assert (
        ERASER.row("gharchive", "events", "o/p", Row("k", payload, "")) != Row("k", payload, "")
        or "attendee" in payload
    )
    found = [
        text
        for pattern, group in CANDIDATES
        for text in duckdb.execute(
            "select regexp_extract_all($1, $2, $3)", [payload, pattern, group]
        ).fetchone()[0]  # type: ignore[index]
    ]
    assert candidates(found) & ADA


def test_the_key_of_a_row_keeps_no_pseudonym() -> None:
    """A row of a private sheet goes, and its key, which was made of pseudonyms, becomes a stand-in."""
    mark = "0123456789abcdef0123456789abcdef"
    eraser = Eraser(frozenset({Named("pseudonym", mark)}), lambda text: f"erased-{len(text)}")
    payload = json.dumps(
        {"left": {"kind": "address", "id": mark}, "right": {"kind": "login", "id": "f" * 32}}
    )
    key = f"address:{mark}|login:{'f' * 32}"
    expected = Row(f"erased-{len(key)}", GONE, "outreach/same_person.csv:row 2")
    assert expected == eraser.row(
        "outreach", "same_person", "", Row(key, payload, "outreach/same_person.csv:row 2")
    )


@pytest.mark.parametrize("source", ["outreach", "identities"])
def test_a_row_about_an_organization_is_not_of_one_person(source: str) -> None:
    """It loses the person's name, and stays."""
    payload = json.dumps(
        {"organization": "Engines", "aliases": ["@ada", "Engine Works"], "domains": ["x.org"]}
    )
    found = ERASER.row(source, "organizations", "", Row("Engines", payload, "f:row 2"))
    assert found is not None
    assert {
        "organization": "Engines",
        "aliases": ["@ghost", "Engine Works"],
        "domains": ["x.org"],
    } == json.loads(found.payload)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_somebody_is_found_in_a_file_in_whatever_letters(encoding: str) -> None:
    """Capitals beyond ASCII and old encodings hide nobody in the user's own files."""
    named = frozenset({Named("address", "jürgen@müller.de"), Named("mail_name", "fastfs-dev ömer kaya")})
    assert erase._names("to: Jürgen@MÜLLER.de".encode(encoding), named)
    assert erase._names("von Ömer  KAYA, gestern".encode(encoding), named)
    assert not erase._names("von Ömer Kayak und ajürgen@müller.de".encode(encoding), named)
