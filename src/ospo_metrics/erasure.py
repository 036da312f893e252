"""Making somebody nobody: which texts may name a person, and a payload without them; no input or output.

What is of the person alone goes; in what is of others too the person becomes nobody, as GitHub's own ghost, and the
rest stays as it was, so that a community counts as many acts as before. A payload is walked whole, whatever its source:
an object that says who somebody is by an address or a login is a person; in texts an address, a mention, a trailer and
a path below somebody's account are. A name in a text is left, for others may have the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ospo_metrics.identities import login_of
from ospo_metrics.items import as_json
from ospo_metrics.pseudonyms import normalise

ERASED = "[erased]"
GHOST = "ghost"
"""As which GitHub itself shows whoever is gone; no model takes it for a person."""

GONE = as_json({"is_taken_out": True})
"""What stays of a row that was of the person alone."""

_PROFILES = {("github", "people")}
_KEYED_BY_ACCOUNT = {("github", "stars")}
_PRIVATE = {"attendance", "outreach", "identities"}
"""Sources of which a row that names a person is about that person alone, but for the sheets below."""
_SHARED_SHEETS = {
    "goals", "events", "campaigns", "talks", "content", "costs", "rates", "event_matches", "organizations",
}  # fmt: skip

_LOGIN_KEYS = {
    "login",
    "actor",
    "user",
    "owner",
    "author",
    "assignee",
    "handle",
    "speaker_handle",
    "username",
}
_ADDRESS_KEYS = {"email", "mapped_email", "address", "from_address"}
_OF_A_SENDER = ("from_raw", "from_name", "from_address", "from_address_masked")
_OF_AN_AUTHOR = ("name", "email", "mapped_name", "mapped_email", "user", "username", "login")
_REFERENCES = {"message_id", "in_reply_to", "references", "list_id"}

CANDIDATES = (
    (r"[^\s\"<>(),;:\\\[\]|]+@[\pL\pN_.-]+", 0),
    (r"[^\s\"<>(),;:\\\[\]|]+%40[\pL\pN_.-]+", 0),
    (
        r"\"(?:login|actor|user|owner|author|assignee|handle|speaker_handle|username|value)\":\"([^\"\\]+)\"",
        1,
    ),
    (r"@([A-Za-z0-9][A-Za-z0-9-]*)", 1),
    (r"github(?:usercontent)?\.com[/:](?:(?:users|repos|orgs|sponsors)/)?([A-Za-z0-9][A-Za-z0-9-]*)", 1),
    (r"\"(?:nameWithOwner|full_name|name|label|headRefName)\":\"([A-Za-z0-9][A-Za-z0-9-]*)[/:]", 1),
    (r"Merge pull request #\d+ from ([A-Za-z0-9][A-Za-z0-9-]*)/", 1),
    (r"\"([0-9a-f]{32})\"", 1),
)
"""Where in the text of a payload somebody may be named: a regular expression of DuckDB's, and its group."""


@dataclass(frozen=True, slots=True)
class Named:
    """One way in which somebody is named: an address, a login, or what is so in one place only."""

    kind: str
    value: str


def candidates(found: Iterable[str]) -> set[Named]:
    """Whom the texts found by `CANDIDATES` may name, in their normal form."""
    named = set()
    for text in found:
        plain = text.replace("%40", "@")
        if "@" in plain:
            plain = re.sub(r"^u003[ce]|^mailto:", "", plain, flags=re.IGNORECASE).rstrip(".")
            named.add(Named("address", normalise("address", plain)))
            if login := login_of(plain):
                named.add(Named("login", login))
            # `x+ada@…` may be an address, or a word before one.
            named |= {Named("address", normalise("address", part)) for part in _shorter(plain)}
        else:
            named.add(Named("login", normalise("login", text)))
            if re.fullmatch(r"[0-9a-f]{32}", text):
                named.add(Named("pseudonym", text))
    return named


def _shorter(address: str) -> list[str]:
    """What follows a mark before which no address begins, such as a quote or an equals sign."""
    return [
        address[place.end() :]
        for place in re.finditer(r"['=`*/&?]", address)
        if "@" in address[place.end() :]
    ]


@dataclass(frozen=True)
class Row:
    """One row of the raw log, as far as it can name somebody."""

    key: str
    payload: str
    location: str


@dataclass(frozen=True)
class Eraser:
    """Takes certain people out of rows and texts.

    `stand_in` makes of a key that names somebody one that does not, always the same. `kept` are names of projects:
    what belongs to somebody's account and is watched stays under its name.
    """

    named: frozenset[Named]
    stand_in: Callable[[str], str]
    kept: frozenset[str] = frozenset()
    numbers: set[str] = field(default_factory=set)
    """The numbers of their accounts, as the rows tell them."""

    @cached_property
    def _by_kind(self) -> Mapping[str, frozenset[str]]:
        kinds = {one.kind for one in self.named} | {"address", "login", "pseudonym"}
        return {kind: frozenset(one.value for one in self.named if one.kind == kind) for kind in kinds}

    @cached_property
    def _patterns(self) -> tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]:
        addresses = [re.escape(one).replace("@", "(?:@|＠|%40)") for one in sorted(self._by_kind["address"])]
        logins = "|".join(re.escape(one) for one in sorted(self._by_kind["login"]))
        if logins:
            addresses.append(rf"(?:\d+(?:\+|%2B))?(?:{logins})(?:@|%40)users\.noreply\.github\.com")
        found: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = []
        if addresses:
            mine = rf"(?<![\w.+%-])(?:{'|'.join(addresses)})(?![\w-]|\.\w)"
            line = rf"^([ \t>]*[A-Za-z][\w-]*:)[^\n<]*<\s*(?:mailto:)?{mine}\s*>"
            found.append((re.compile(line, re.IGNORECASE | re.MULTILINE), rf"\1 {ERASED}"))
            called = rf"(?-i:[^\W\d_a-z]\S*[ \t]+){{0,4}}<\s*(?:mailto:)?{mine}\s*>"
            found.append((re.compile(called, re.IGNORECASE), ERASED))
            found.append((re.compile(mine, re.IGNORECASE), ERASED))
        if logins:
            found.append(
                (re.compile(rf"(?<![\w@./-])@(?:{logins})(?![A-Za-z0-9_-])", re.IGNORECASE), f"@{GHOST}")
            )
            web = r"github(?:usercontent)?\.com[/:](?:(?:users|repos|orgs|sponsors)/)?"
            path = rf"({web}|^|Merge pull request #\d+ from )((?:{logins})(?:[/:][\w.-]+)?)(?![\w-])"
            found.append((re.compile(path, re.IGNORECASE), self._path))
        return tuple(found)

    def _path(self, match: re.Match[str]) -> str:
        """A path below the person's account; one that begins a text only if it is more than a word."""
        account, mark, rest = re.split(r"([/:])", match[2], maxsplit=1) if re.search(r"[/:]", match[2]) else (
            match[2], "", "",
        )  # fmt: skip
        if f"{account}/{rest}".lower().removesuffix(".git") in self.kept or not (match[1] or mark):
            return match[0]
        return f"{match[1]}{GHOST}{mark}{rest}"

    def text(self, text: str) -> str:
        """A text without the addresses and mentions of these people."""
        for pattern, instead in self._patterns:
            text = pattern.sub(instead, text)
        return text

    def is_in(self, kind: str, value: Any) -> bool:
        """Whether this is how one of these people is named."""
        if not isinstance(value, str) or not value.strip():
            return False
        if kind == "address" and (login := login_of(value)) and login in self._by_kind["login"]:
            return True
        if normalise(kind, value) in self._by_kind.get(kind, ()):
            return True
        return kind == "login" and normalise("login", value).removesuffix("[bot]") in self._by_kind["login"]

    def row(self, source: str, stream: str, place: str, row: Row) -> Row:
        """The row without these people, the same where it names none of them.

        `place` is the project, list or schedule that it belongs to. Of a row that is of one of them alone stays only
        that there was one, so that what the source counts still adds up.
        """
        try:
            payload = json.loads(row.payload)
        except ValueError:
            payload = None
        if source in _PRIVATE and stream not in _SHARED_SHEETS:
            told_of = self._is_told_of(payload)
            return Row(self.key(row.key), GONE, self.text(row.location)) if told_of else row
        if (source, stream) in _PROFILES and isinstance(payload, dict) and self._is_account(payload):
            self.numbers.update({row.key, *_numbers(payload)})
            return Row(self.stand_in(row.key), GONE, self.text(row.location))
        numbers = set[str]()
        changed = _Walk(self, place, numbers).value(payload)
        if changed != payload and (source, stream) in _KEYED_BY_ACCOUNT:
            numbers.add(row.key)
        self.numbers.update(numbers)
        key, location = self.key(row.key, numbers), self.text(row.location)
        if (changed, key, location) == (payload, row.key, row.location):
            return row
        return Row(key, row.payload if changed == payload else as_json(changed), location)

    def key(self, key: str, numbers: Iterable[str] = ()) -> str:
        """The key of a row, or a stand-in where it names one of these people or is the number of their account."""
        is_named = self.text(key) != key or any(one in key for one in self._by_kind["pseudonym"])
        return self.stand_in(key) if key in numbers or is_named else key

    def _is_told_of(self, value: Any, key: str = "") -> bool:
        """Whether anything in a row of a private list is one of these people: pseudonym, address or login."""
        match value:
            case dict():
                if self.is_in(str(value.get("kind")), value.get("value")):
                    return True
                return any(self._is_told_of(one, name) for name, one in value.items())
            case list():
                return any(self._is_told_of(one, key) for one in value)
            case str():
                is_login = key in _LOGIN_KEYS or value.startswith("@")
                return (
                    value in self._by_kind["pseudonym"]
                    or (is_login and self.is_in("login", value.removeprefix("@")))
                    or self.text(value) != value
                )
        return False

    def _is_account(self, value: Mapping[str, Any]) -> bool:
        return self.is_in("login", value.get("login"))


def _numbers(account: Mapping[str, Any]) -> set[str]:
    """By what an account is known besides its login."""
    return {str(account[name]) for name in ("id", "databaseId", "node_id") if account.get(name)}


class _Walk:
    """One walk over one payload."""

    def __init__(self, eraser: Eraser, place: str, numbers: set[str]) -> None:
        self._eraser, self._place, self._numbers = eraser, place, numbers

    def value(self, value: Any, key: str = "") -> Any:
        match value:
            case dict():
                return self._object(value, key)
            case list():
                return self._list(value, key)
            case str():
                return self._text(value, key)
        return value

    def _text(self, text: str, key: str) -> Any:
        eraser = self._eraser
        if key in _LOGIN_KEYS and eraser.is_in("login", text):
            return GHOST if key == "actor" else None
        if key in _ADDRESS_KEYS and eraser.is_in("address", text):
            return None
        new = eraser.text(text)
        return eraser.stand_in(text) if key in _REFERENCES and new != text else new

    def _list(self, values: list[Any], key: str) -> list[Any]:
        # A commit in a push of before 2015: sha, address, message, name, and whether it is new.
        is_commit = len(values) >= 4 and all(isinstance(one, str) for one in values[:4])
        if is_commit and self._eraser.is_in("address", values[1]):
            return [values[0], None, self.value(values[2]), None, *values[4:]]
        return [self.value(one, key) for one in values]

    def _object(self, value: dict[str, Any], key: str) -> Any:
        eraser = self._eraser
        if eraser.is_in("login", value.get("login")):
            self._numbers |= _numbers(value)
            if key in ("node", "owner", "actor") or "avatar_url" in value or "gravatar_id" in value:
                kind = {"__typename": value["__typename"]} if "__typename" in value else {}
                return kind | {"login": GHOST}
            return None
        if isinstance(value.get("author"), dict):
            value = self._without_twins(value)
        rest = {name: self.value(one, name) for name, one in value.items()}
        if self._is_author(value):
            rest |= dict.fromkeys((name for name in _OF_AN_AUTHOR if name in value), None)
        if self._is_sender(value):
            rest |= dict.fromkeys((name for name in _OF_A_SENDER if name in value), None)
        if key == "persons" and eraser.is_in("speaker", f"{self._place} {value.get('id')}"):
            rest |= {"id": eraser.stand_in(f"{self._place} {value.get('id')}"), "name": None}
        return rest

    def _without_twins(self, commit: dict[str, Any]) -> dict[str, Any]:
        """A commit whose author, where it is one of these people, is not among its co-authors once more.

        Whoever is nobody there is then somebody else who became nobody, and counts as before.
        """
        author = commit["author"]
        mine = {str(author.get(name)).lower() for name in ("email", "mapped_email") if author.get(name)}

        def others(people: Any) -> Any:
            if not isinstance(people, list):
                return people
            return [
                one
                for one in people
                if not (
                    isinstance(one, dict) and str(one.get("email")).lower() in mine and self._is_author(one)
                )
            ]

        changed = dict(commit)
        if "trailers" in commit:
            changed["trailers"] = others(commit["trailers"])
        if isinstance(commit.get("authors"), dict):
            changed["authors"] = commit["authors"] | {"nodes": others(commit["authors"].get("nodes"))}
        return changed

    def _is_author(self, value: Mapping[str, Any]) -> bool:
        """Whether an author, co-author or committer is one of these people."""
        eraser, account = self._eraser, value.get("user")
        if any(eraser.is_in("address", value.get(name)) for name in ("email", "mapped_email", "address")):
            return True
        if isinstance(account, dict) and "email" in value and eraser.is_in("login", account.get("login")):
            return True
        name = value.get("mapped_name") or value.get("name")
        return "email" in value and not value["email"] and eraser.is_in("git_name", f"{self._place} {name}")

    def _is_sender(self, value: Mapping[str, Any]) -> bool:
        """Whether a mail is from one of these people, by their address or, where there is none, by their name there."""
        if "from_address" not in value:
            return False
        if value["from_address"]:
            return self._eraser.is_in("address", value["from_address"])
        name = value.get("from_name") or value.get("from_address_masked")
        return self._eraser.is_in("mail_name", f"{self._place} {name}")
