"""How organizations are written: which names are one, whose address a domain is, and who nobody's employer is.

Pure rules, no input or output. A name means the same in any capitals, with or without its legal form; a domain means
whom somebody told it to, or else the organization that is called like it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

UNKNOWN = "unknown"
"""Whoever's employer is not known; a category of its own, never left out."""
INDEPENDENT = "independent"
"""Whoever says that they work for themselves, study, or do not work."""

OTHER = "other"
"""Organizations that have too few people to be shown, together."""


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\S+", text))


_LEGAL = _words(
    "inc incorporated corp corporation co company ltd limited llc llp lp plc gmbh mbh ag kg kgaa ug ev eg se sa sas "
    "sarl srl spa sro zoo bv nv ab as asa oy oyj aps pty pte pvt private kk and"
)
_NOBODY = _words(
    "unknown notfound none na nil null no nope private secret confidential nowhere home earth internet world company "
    "other tbd todo test"
)
_ALONE = _words(
    "independent self selfemployed freelance freelancer freelancing individual individualcontributor consultant "
    "contractor independentdeveloper independentconsultant hobbyist me myself student retired unemployed"
)
_EARLIER = re.compile(
    r"^(?:ex\b[\s@-]*|(?:formerly|former|previously|prev\b|past\b|was at\b|alumni of\b|alum\b))", re.I
)
_LONGEST_NAME = 80
_BETWEEN = re.compile(r"\s*[,;/|•·]\s*|\s+[&+]\s+|\s+(?:and|und|et|y)\s+", re.IGNORECASE)
_ROLE = re.compile(r"^[^@]*?\s(?:@\s+|at\s+|bei\s+|(?=@))", re.IGNORECASE)
_NO_DOMAIN = re.compile(
    r"^[^.]*$|^[\d.]+$|[^\w.-]|^\.|\.\.|\.(?:local|localdomain|localhost|internal|intranet|lan|home|invalid|none)$"
)


@dataclass(frozen=True, slots=True)
class Told:
    """What a spreadsheet, the settings or a register says of an organization."""

    name: str
    kind: str = ""
    domains: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    is_own: bool = False
    is_by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Organization:
    """One organization: the name that it is shown by, and what it is."""

    id: str
    name: str
    kind: str
    is_own: bool = False


def key(name: str) -> str:
    """The form in which two spellings of one name are equal: no capitals, signs or legal form; it may be empty."""
    text = unicodedata.normalize("NFKC", name).casefold().strip().lstrip("@")
    text = re.sub(r"\([^)]*\)", " ", text).replace("&", " and ").replace(".", "").replace("'", "")
    words = re.findall(r"[^\W_]+", text)
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    while len(words) > 1 and words[-1] in _LEGAL:
        words = words[:-1]
    return "".join(words)


def employers(text: str) -> list[str]:
    """The organizations that the company field of a profile names, earlier ones left out.

    >>> employers("Engineer at @quillwater, ex-Brasswick & Tallowby Networks, Inc.")
    ['quillwater', 'Tallowby Networks']
    """
    found: list[str] = []
    text = re.sub(r"https?://(?:www\.)?", "", re.sub(r"\([^)]*\)", " ", text), flags=re.IGNORECASE)
    for between in _BETWEEN.split(text.strip()):
        piece = re.sub(r"^and\s+", "", between.strip(), flags=re.IGNORECASE)
        if earlier := _EARLIER.match(piece):
            if not earlier[0].lower().startswith("ex"):
                break  # "formerly A, B" is about both
            continue
        for part in re.split(r"\s+(?=@)", _ROLE.sub("", piece)):
            name = part.strip().lstrip("@").strip(" .")
            words = key(name)
            is_name = words and words not in _LEGAL and "@" not in name and len(name) <= _LONGEST_NAME
            if is_name and name not in found:
                found.append(name)
    return found


@lru_cache(maxsize=1)
def _suffixes() -> object:
    from tldextract import TLDExtract

    return TLDExtract(suffix_list_urls=(), cache_dir=None)  # the list that comes with it, never the network


def registrable(domain: str) -> str:
    """The part of a domain that somebody registered: `example.co.uk` of `mail.example.co.uk`; '' where it is none."""
    name = domain.strip().strip(".").lower()
    if not name or _NO_DOMAIN.search(name):
        return ""
    extracted = _suffixes()(name)  # type: ignore[operator]
    if extracted.suffix:
        return f"{extracted.domain}.{extracted.suffix}" if extracted.domain else ""
    return ".".join(name.split(".")[-2:])


def shown_as(people: Mapping[str, Set[str]], smallest_group: int) -> set[str]:
    """The organizations that are shown together as others: those with fewer people than the smallest group.

    Where these together would be too few again, so that one could be told from the rest, the smallest of those that
    are shown join them.
    """
    folded = {name for name, who in people.items() if len(who) < smallest_group}
    hidden = set[str]().union(*(people[name] for name in folded))
    for name in sorted(people, key=lambda name: (len(people[name]), name)):
        if not 0 < len(hidden) < smallest_group:
            break
        if name not in folded:
            folded.add(name)
            hidden |= people[name]
    return folded


class Directory:
    """Every organization that anybody named, and which one a name, a profile or a domain means."""

    def __init__(
        self,
        told: Sequence[Told],
        names: Iterable[str] = (),
        *,
        providers: Sequence[str] = (),
        academic_domains: Sequence[str] = (),
        academic_names: Sequence[str] = (),
    ) -> None:
        """`told` comes in order of authority, `names` with the most usual spelling of each first."""
        self._providers = _any(providers)
        self._academic_domains = _any(academic_domains)
        self._academic_names = _any(academic_names)
        self._keys: dict[str, str] = {}
        self._by_hand: dict[str, str] = {}
        self._domains: dict[str, str] = {}
        self._with_domains: set[str] = set()
        self.organizations: dict[str, Organization] = {}
        for one in told:
            self._tell(one)
        for name in names:
            self.named(name)

    def named(self, name: str) -> str:
        """The id of the organization that a name means; one that is new gets its own."""
        words = key(name)
        if known := self._keys.get(words):
            return known
        if not words or words in _NOBODY:
            return UNKNOWN
        if words in _ALONE:
            return self._add(Organization(INDEPENDENT, "Independent", INDEPENDENT))
        self._keys[words] = words
        return self._add(Organization(words, " ".join(name.split()).lstrip("@"), self._kind(name)))

    def of_profile(self, text: str) -> str:
        """The id of the employer that a profile means: one that is known already, or else the first."""
        if known := self._keys.get(key(text)):
            return known
        parts = employers(text)
        known_parts = [self._keys[key(part)] for part in parts if key(part) in self._keys]
        return known_parts[0] if known_parts else self.named(parts[0]) if parts else UNKNOWN

    def of_domain(self, domain: str) -> tuple[str, str]:
        """The id of the employer whose addresses have this domain, and how that is known.

        A provider of mail and a university are nobody's employer by their addresses: anybody has one.
        """
        name = domain.strip().strip(".").lower()
        own = registrable(name)
        if by_hand := _longest(name, self._by_hand):
            return self._unless_academic(by_hand, "told")
        if why := self._is_of_nobody(name, own):
            return UNKNOWN, why
        if known := _longest(name, self._domains):
            return self._unless_academic(known, "register")
        named = self._keys.get(key(own.split(".")[0]), INDEPENDENT)
        # Of whom somebody said which domains are theirs, another one that looks like them is not.
        if named != INDEPENDENT and named not in self._with_domains and not self.organizations[named].is_own:
            return self._unless_academic(named, "name")
        return self._add(Organization(own, own, "company")), "domain"

    def _is_of_nobody(self, name: str, own: str) -> str:
        if not own:
            return "no_domain"
        if self._providers and self._providers.search(name):
            return "mail_provider"
        return "university" if self._academic_domains and self._academic_domains.search(name) else ""

    def _unless_academic(self, organization_id: str, how: str) -> tuple[str, str]:
        kind = self.organizations[organization_id].kind
        if kind in ("university", "mail provider"):
            return UNKNOWN, kind.replace(" ", "_")
        return organization_id, how

    def _tell(self, told: Told) -> None:
        keys = [words for words in map(key, (told.name, *told.aliases)) if words]
        organization_id = next((self._keys[words] for words in keys if words in self._keys), "")
        if not organization_id:
            organization_id = self.named(told.name)
            if organization_id in (UNKNOWN, INDEPENDENT):
                return
            self.organizations[organization_id] = Organization(
                organization_id, told.name, told.kind or self._kind(told.name), told.is_own
            )
        elif told.is_own:
            one = self.organizations[organization_id]
            self.organizations[organization_id] = Organization(one.id, one.name, one.kind, True)
        for words in keys:
            self._keys.setdefault(words, organization_id)
        for domain in told.domains:
            self._with_domains.add(organization_id)
            (self._by_hand if told.is_by_hand else self._domains).setdefault(domain.lower(), organization_id)

    def _kind(self, name: str) -> str:
        is_academic = self._academic_names and self._academic_names.search(name.lower())
        return "university" if is_academic else "company"

    def _add(self, organization: Organization) -> str:
        return self.organizations.setdefault(organization.id, organization).id


def _any(patterns: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None


def _longest(domain: str, known: dict[str, str]) -> str:
    """What is known of a domain, or of the nearest one above it."""
    parts = domain.split(".")
    above = (known.get(".".join(parts[place:])) for place in range(len(parts)))
    return next((found for found in above if found), "")
