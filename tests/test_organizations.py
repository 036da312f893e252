"""How organizations are written: one name for one organization, and no employer that is none."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ospo_metrics.organizations import Directory, Organization, Told, employers, key, registrable, shown_as
from ospo_metrics.project import root


def seed(name: str, **wanted: str) -> list[str]:
    with (root() / "data" / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return [
            row["pattern"] for row in rows if all(row[column] == value for column, value in wanted.items())
        ]


def directory(told: list[Told], names: tuple[str, ...] = ()) -> Directory:
    return Directory(
        told,
        names,
        providers=seed("mail_providers"),
        academic_domains=seed("academic_domains", applies_to="domain"),
        academic_names=seed("academic_domains", applies_to="name"),
    )


@pytest.mark.parametrize(
    "spellings",
    [
        (
            "Quillwater Systems",
            "quillwater systems, Inc.",
            "@QuillwaterSystems",
            "Quillwater Systems GmbH & Co. KG",
        ),
        ("Example Corp", "EXAMPLE CORPORATION", " Example ", "Example Ltd.", "Example, LLC"),
        ("Orchard & Vane", "Orchard and Vane", "orchard-and-vane", "The Orchard & Vane Company"),
        ("Grün", "GRÜN AG", "grün"),
    ],
)
def test_spellings_of_one_name_are_equal(spellings: tuple[str, ...]) -> None:
    """Capitals, signs, a leading @ and the legal form make no other organization."""
    assert len({key(spelling) for spelling in spellings}) == 1


def test_a_legal_form_alone_is_a_name() -> None:
    """Nothing is stripped down to nothing, and different names stay different."""
    assert [key(name) for name in ("SE", "Inc.", "AG Company", "", "@", "Brass", "Brasswick")] == [
        "se", "inc", "ag", "", "", "brass", "brasswick",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@quillwater", ["quillwater"]),
        ("Brass, Inc.", ["Brass"]),
        ("@brass @quill", ["brass", "quill"]),
        ("Brass & Quill; Tallow", ["Brass", "Quill", "Tallow"]),
        ("AT&T", ["AT&T"]),
        ("Engineer at Brass, ex-Quill", ["Brass"]),
        ("CTO @ Brass GmbH", ["Brass GmbH"]),
        ("Engineer @brass", ["brass"]),
        ("ex-Quill, Brass", ["Brass"]),
        ("Brass (formerly Quill)", ["Brass"]),
        ("Brass, previously Quill, Tallow", ["Brass"]),
        ("Exact Sciences", ["Exact Sciences"]),
        ("https://www.brass.example", ["brass.example"]),
        ("ann@brass.example", []),
        ("", []),
        (" - ", []),
    ],
)
def test_a_profile_names_employers_and_no_earlier_ones(text: str, expected: list[str]) -> None:
    """Several with commas, & or @ are several, and what somebody says they left is not one of them."""
    assert employers(text) == expected


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("mail.brass.co.uk", "brass.co.uk"),
        ("brass.com", "brass.com"),
        ("Dev.Brass.Example", "brass.example"),
        ("co.uk", ""),
        ("localhost", ""),
        ("host.local", ""),
        ("10.1.2.3", ""),
        ("(none)", ""),
        ("", ""),
    ],
)
def test_the_registered_part_of_a_domain(domain: str, expected: str) -> None:
    """By the list of public suffixes, without asking the network; what nobody can register is no domain."""
    assert registrable(domain) == expected


@pytest.mark.parametrize(
    "domain",
    [
        "gmail.com", "googlemail.com", "outlook.com", "hotmail.co.uk", "yahoo.co.jp", "icloud.com", "proton.me",
        "gmx.de", "web.de", "mail.ru", "yandex.ru", "qq.com", "163.com", "vip.163.com", "naver.com",
        "users.noreply.github.com", "fastmail.fm", "btinternet.com", "comcast.net", "austin.rr.com",
        "kernel.org", "apache.org", "debian.org", "mit.edu", "cs.stanford.edu", "ox.ac.uk", "u-tokyo.ac.jp",
        "anu.edu.au", "tu-berlin.de", "student.kit.edu", "ethz.ch", "uni-leipzig.de", "univ-lyon1.fr", "localhost",
    ],
)  # fmt: skip
def test_providers_and_universities_are_nobodys_employer(domain: str) -> None:
    """An address that anybody may have, or that comes with studies or a project, tells of no employer."""
    assert directory([]).of_domain(domain)[0] == "unknown"


@pytest.mark.parametrize(
    "domain",
    ["redhat.com", "intel.com", "mailchimp.com", "webmd.com", "educative.io", "orange-business.com", "mexico.com",
     "unity3d.com", "university-tees.com", "acme.education", "kitware.com", "livekit.io", "qqq.com",
     "unity.com", "unilever.com", "unicredit.it", "att.com", "verizon.com", "bk.com", "web.com", "corp.globo.com",
     "telefonica.com"],
)  # fmt: skip
def test_a_company_is_not_taken_for_a_provider(domain: str) -> None:
    """A domain that only resembles one of a provider or university is somebody's, and names its organization."""
    assert directory([]).of_domain(domain) == (domain.removeprefix("corp."), "domain")


def test_who_says_it_first_is_believed() -> None:
    """The sheet names an organization; registers and profiles that spell it otherwise mean the same one."""
    known = directory(
        [
            Told("Brass", "company", ("brass.example",), ("Brass Instruments",), is_by_hand=True),
            Told("Ours Corp", "", ("example.com",), is_own=True, is_by_hand=True),
            Told("Brass Instruments Inc.", "", ("brass-instruments.example",)),
        ],
        ("BRASS GmbH", "Quill"),
    )
    assert [known.named(name) for name in ("brass", "Brass Instruments", "Quill Ltd", "ours")] == [
        "brass", "brass", "quill", "ours",
    ]  # fmt: skip
    assert known.organizations["brass"] == Organization("brass", "Brass", "company")
    assert known.organizations["ours"].is_own
    assert [known.of_domain(name) for name in ("eu.brass.example", "brass-instruments.example")] == [
        ("brass", "told"),
        ("brass", "register"),
    ]
    assert known.of_profile("Tallow, @quill") == "quill"
    assert known.of_profile("Tallow & Reed") == "tallow"


def test_a_domain_that_looks_like_us_is_not_ours() -> None:
    """Whose domains are told has no others; a name without domains has the one that is called like it."""
    known = directory([Told("Ours Corp", "", ("example.com",), is_own=True, is_by_hand=True)], ("Quill Inc",))
    assert known.of_domain("mail.example.com") == ("ours", "told")
    assert known.of_domain("ours.io") == ("ours.io", "domain")
    assert known.of_domain("notexample.com") == ("notexample.com", "domain")
    assert known.of_domain("quill.io") == ("quill", "name")


def test_a_university_is_an_organization_and_no_employer_by_address() -> None:
    """Who is there by hand is; whoever has an address there is not, nor with a provider that the sheet names."""
    known = directory(
        [
            Told("Umberfield University", "", ("umberfield.example",)),
            Told("Post", "mail provider", ("post.example",), is_by_hand=True),
        ]
    )
    assert known.organizations[known.named("Umberfield University")].kind == "university"
    assert known.of_domain("umberfield.example") == ("unknown", "university")
    assert known.of_domain("post.example") == ("unknown", "mail_provider")


@pytest.mark.parametrize("name", ["NotFound", "(Unknown)", "none", "N/A", "-", "", "home"])
def test_no_name_is_unknown(name: str) -> None:
    """What registers write for nothing is no organization."""
    assert directory([]).named(name) == "unknown"


@pytest.mark.parametrize("name", ["Independent", "Self", "self-employed", "Freelancer", "Student"])
def test_whoever_is_on_their_own_is_independent(name: str) -> None:
    """Nobody's employee is known to be so, which is not unknown."""
    assert directory([]).named(name) == "independent"


@given(
    st.dictionaries(
        st.text("abcdefgh", min_size=1, max_size=3), st.frozensets(st.integers(0, 30), max_size=12), max_size=8
    ),
    st.integers(2, 8),
)  # fmt: skip
def test_no_small_group_can_be_seen_or_follows_from_the_others(people: Any, smallest: int) -> None:
    """Who is shown is large enough, and so are the others together unless nobody is left to join them."""
    members = {name: {str(one) for one in who} for name, who in people.items()}
    folded = shown_as(members, smallest)
    hidden = set[str]().union(*(members[name] for name in folded))

    assert all(len(who) >= smallest for name, who in members.items() if name not in folded)
    assert not hidden or len(hidden) >= smallest or folded == set(members)
