"""One row per way in which an organization is written (a name, a profile, a domain), and the one that it means."""

from typing import Any

import pyarrow as pa

from ospo_metrics.organizations import Directory, Told


def model(dbt: Any, session: Any) -> pa.Table:
    sheet = dbt.ref("stg_outreach__organizations")
    registers = dbt.ref("stg_identities__organizations")
    by_hand = dbt.ref("stg_outreach__affiliations")
    enrollments = dbt.ref("stg_identities__enrollments")
    profiles = dbt.ref("stg_github__profile_companies")
    mentions = dbt.ref("int_identity_mentions")
    providers = dbt.ref("mail_providers")
    academic = dbt.ref("academic_domains")
    ospo = dbt.source("config", "ospo")
    own = dbt.source("config", "own_organizations")
    domains = dbt.source("config", "own_domains")

    told = [
        Told(name, kind or "", tuple(at or ()), tuple(aliases or ()), is_by_hand=True)
        for name, kind, at, aliases in _rows(sheet, "organization, kind, domains, aliases")
    ]
    own_domains = tuple(_values(domains, "domain"))
    ours = [name for _, name in _rows(own, "position, name")] or (
        _values(ospo, "name") if own_domains else []
    )
    told += [
        Told(name, "", own_domains if place == 0 else (), is_own=True, is_by_hand=True)
        for place, name in enumerate(ours)
    ]
    # A domain that was theirs once may be anybody's today.
    still = "list_transform(list_filter(domains, d -> d.until is null), d -> d.domain)"
    told += [
        Told(name, "", tuple(at or ()), tuple(aliases or ()))
        for name, at, aliases in _rows(registers, f"organization, {still}, aliases")
    ]
    names = [*_usual_first(by_hand, "organization"), *_usual_first(enrollments, "organization")]
    directory = Directory(
        told,
        names,
        providers=_values(providers, "pattern"),
        academic_domains=_values(academic.filter("applies_to = 'domain'"), "pattern"),
        academic_names=_values(academic.filter("applies_to = 'name'"), "pattern"),
    )
    spellings = dict.fromkeys([*names, *(one.name for one in told)])
    found = [("name", name, directory.named(name), "name") for name in spellings]
    companies = _usual_first(profiles, "company")
    found += [("profile", text, directory.of_profile(text), "profile") for text in companies]
    addresses = mentions.filter("kind = 'address'").project("split_part(lower(value), '@', 2) as domain")
    found += [
        ("domain", domain, *directory.of_domain(domain)) for domain in _values(addresses.distinct(), "domain")
    ]
    meant = [directory.organizations.get(organization_id) for _, _, organization_id, _ in found]
    return pa.table(
        {
            "kind": pa.array([row[0] for row in found], pa.string()),
            "spelling": pa.array([row[1] for row in found], pa.string()),
            "organization_id": pa.array([one and one.id for one in meant], pa.string()),
            "organization": pa.array([one and one.name for one in meant], pa.string()),
            "organization_kind": pa.array([one and one.kind for one in meant], pa.string()),
            "is_own": pa.array([bool(one and one.is_own) for one in meant], pa.bool_()),
            "known_by": pa.array([row[3] for row in found], pa.string()),
        }
    )


def _rows(relation: Any, columns: str) -> list[tuple[Any, ...]]:
    return relation.project(columns).order("all").fetchall()


def _values(relation: Any, column: str) -> list[Any]:
    return [value for (value,) in _rows(relation, column)]


def _usual_first(relation: Any, column: str) -> list[str]:
    """Each spelling once, the one that is written most often first."""
    counted = relation.aggregate(f"{column}, count(*) as times", column).fetchall()
    return [value for value, _ in sorted(counted, key=lambda row: (-row[1], row[0]))]
