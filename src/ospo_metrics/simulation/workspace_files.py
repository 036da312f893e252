"""The simulated workspace's own settings: `ospo.toml` and `.gitignore`."""

from __future__ import annotations

from pathlib import Path

from ospo_metrics.simulation import plan

MARK = "# Simulated data: nothing in this workspace happened, and nobody in it exists."


def write(folder: Path) -> None:
    """Write settings that read every simulated source, with paths relative to the workspace."""
    (folder / "ospo.toml").write_text(_settings(), encoding="utf-8")
    (folder / ".gitignore").write_text(
        "private/\npublished/\noutreach/attendance/\noutreach/identity-proposals.csv\n", encoding="utf-8"
    )


def _settings() -> str:
    lines = [
        MARK,
        "# 'ospo-metrics demo' wrote it; truth.json says what is so.",
        "",
        "[ospo]",
        'name = "Example OSPO (simulated)"',
        '# Whose people are "ours", so that outreach counts others.',
        f'own_organizations = ["{plan.OWN_ORGANIZATION}"]',
        f'own_domains = ["{plan.OWN_DOMAIN}"]',
        f'timezone = "{plan.TIMEZONE}"     # decides where a day and a month begin',
        'currency = "EUR"               # in which costs are added',
        f"hour_rate = {plan.HOUR_RATE}                 # what an hour of our own staff costs",
        'holidays = ["DE"]              # whose public holidays make a quiet day',
    ]
    for community in plan.COMMUNITIES:
        ids = [each.id for each in community.repositories]
        if community.id == "storage":
            ids = ["example/fastfs", "example/block-*"]
        quoted = ", ".join(f'"{each}"' for each in ids)
        lines += [
            "",
            "[[communities]]",
            f'id = "{community.id}"',
            f'name = "{community.name}"',
            f"projects = [{quoted}]",
            f'mailing_lists = ["{community.mailing_list}"]',
        ]
    lines += [
        "",
        "[sources.github]",
        'recorded = "github"     # answers recorded in this folder, instead of the network',
    ]
    for community in plan.COMMUNITIES:
        for repository in community.repositories:
            lines += [
                "",
                "[[sources.git]]",
                f'project = "{repository.id}"',
                f'location = "git/{repository.id}.git"',
            ]
    for community in plan.COMMUNITIES:
        ending = "txt.gz" if community.archive == "pipermail" else community.archive
        lines += [
            "",
            "[[sources.mailing_lists]]",
            f'id = "{community.mailing_list}"',
            f'location = "archives/{community.mailing_list}/*.{ending}"',
        ]
    for conference_id, _, _ in plan.CONFERENCES:
        lines += [
            "",
            "[[sources.calendars]]",
            f'id = "{conference_id}"',
            f'location = "schedules/{conference_id}.xml"',
        ]
    lines += [
        "",
        "[[sources.calendars]]",
        'id = "outreach"',
        'location = "calendars/outreach.ics"',
        "",
        "[[sources.feeds]]",
        'id = "blog"',
        'location = "feeds/blog.xml"',
        "",
        "[[sources.identities]]",
        'id = "people"',
        'location = "registers/people.json"     # who works for whom, as a community wrote it down',
        "",
        "[sources.outreach]",
        'folder = "outreach"     # the spreadsheets, and the lists of attendees in its folder attendance',
    ]
    lines += ["", "[privacy]", "smallest_group = 5", 'audience = "internal"']
    lines += ["keep_attendance_days = 36500     # nobody here exists, and the dates do not move"]
    return "\n".join(lines) + "\n"
