"""The scenario: which communities, organisations, events and campaigns there are, and what is planted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

TIMEZONE = "Europe/Berlin"
ZONE = ZoneInfo(TIMEZONE)
DAY = 86_400
HOUR = 3_600


def local(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    """The instant, in seconds since 1970, of a clock reading in the OSPO's time zone."""
    return int(datetime(year, month, day, hour, minute, tzinfo=ZONE).timestamp())


HISTORY_FROM = local(2023, 11, 1)
"""Founders and some others are there a year before the two years that matter, so that 'new' tells."""
PERIOD_FROM = local(2024, 11, 1)
PERIOD_UNTIL = local(2026, 11, 1)
"""No human does anything from this instant on; bots still work in the night in which all was recorded."""
RECORDED_AT = int(datetime(2026, 11, 1, 2, 30, tzinfo=UTC).timestamp())
AGENTS_FROM = local(2025, 6, 1)

OWN_ORGANIZATION = "Example Corp"
OWN_DOMAIN = "example.com"
HOUR_RATE = 70
"""What an hour of our own staff is said to cost, in euros."""


@dataclass(frozen=True, slots=True)
class Organization:
    name: str
    domain: str
    weight: float


ORGANIZATIONS = (
    Organization("Quillwater Systems", "quillwater.example", 9),
    Organization("Brasswick", "brasswick.example", 7),
    Organization("Tallowby Networks", "tallowby.example", 6),
    Organization("Umberfield University", "umberfield.test", 5),
    Organization("Nettlecombe Cloud", "nettlecombe.example", 5),
    Organization("Orchard & Vane", "orchardvane.example", 4),
    Organization("Saltmarsh Robotics", "saltmarsh.example", 3),
    Organization("Pellworm Institute", "pellworm.test", 3),
    Organization("Harrowgate Data", "harrowgate-data.example", 3),
    Organization("Lindenfold", "lindenfold.example.net", 2),
    Organization("Copperdale Foundation", "copperdale.example.org", 2),
    Organization("Thistledown Media", "thistledown.example", 2),
)
OWN = Organization(OWN_ORGANIZATION, OWN_DOMAIN, 2.5)
MAIL_PROVIDERS = ("mailbox.example", "post.test", "inbox.example.net", "letterbox.example.org", "kurier.test")


@dataclass(frozen=True, slots=True)
class Repository:
    """One project on the forge; `merges` is how its change requests land: merge, squash or rebase."""

    id: str
    language: str
    suffix: str
    merges: str
    weight: float
    description: str


@dataclass(frozen=True, slots=True)
class Response:
    """The planted wait for a first human answer: log-normal hours, and a share that never gets one."""

    median_hours: float
    sigma: float
    never_share: float
    newcomer_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Community:
    id: str
    name: str
    repositories: tuple[Repository, ...]
    mailing_list: str
    archive: str
    arrivals_per_month: float
    core_sessions_per_month: float
    core_skew: float
    own_core: int
    outside_core: int
    response: Response


COMMUNITIES = (
    Community(
        "storage",
        "Storage",
        (
            Repository("example/fastfs", "C", "c", "merge", 5, "A file system for many small files"),
            Repository(
                "example/block-cache", "Rust", "rs", "squash", 3, "A cache in front of slow block devices"
            ),
            Repository("example/block-proxy", "Go", "go", "rebase", 2, "Block devices over the network"),
        ),
        "fastfs-dev",
        "pipermail",
        arrivals_per_month=8,
        core_sessions_per_month=13,
        core_skew=1.5,
        own_core=4,
        outside_core=6,
        response=Response(6, 1.2, 0.08),
    ),
    Community(
        "observability",
        "Observability",
        (
            Repository("example/tracewell", "Go", "go", "squash", 5, "Traces, kept and searched"),
            Repository("example/logriver", "Rust", "rs", "merge", 3, "Log lines from anywhere to anywhere"),
            Repository("example/metric-garden", "Python", "py", "rebase", 2, "Metrics that stay tidy"),
        ),
        "tracewell-users",
        "mbox",
        arrivals_per_month=10,
        core_sessions_per_month=15,
        core_skew=0.9,
        own_core=5,
        outside_core=7,
        response=Response(16, 1.3, 0.15),
    ),
    Community(
        "edge",
        "Edge",
        (
            Repository("example/edgeward", "C++", "cc", "merge", 5, "A small orchestrator for the edge"),
            Repository("example/driftmesh", "Go", "go", "squash", 4, "A mesh for links that come and go"),
        ),
        "edge-discuss",
        "mbox.gz",
        arrivals_per_month=7,
        core_sessions_per_month=9,
        core_skew=1.1,
        own_core=3,
        outside_core=5,
        response=Response(24, 1.3, 0.20, newcomer_factor=3.0),
    ),
)


@dataclass(frozen=True, slots=True)
class Survival:
    """How long newcomers stay: a share comes once, the others leave at a constant rate."""

    one_off_share: float
    mean_days: float


ORGANIC = Survival(0.52, 150)
FROM_CAMPAIGN = Survival(0.60, 120)
FROM_EVENT_WITH_EFFECT = Survival(0.18, 620)


@dataclass(frozen=True, slots=True)
class Event:
    """A real event of ours; with effect it brings people who stay, without effect nothing changes."""

    id: str
    title: str
    community: str
    starts: int
    hours: int
    city: str
    country: str
    tool: str
    has_effect: bool
    registered: int
    show_up_share: float
    consent_share: float
    cost: int
    staff_hours: int
    role: str

    @property
    def ends(self) -> int:
        return self.starts + self.hours * HOUR

    @property
    def day(self) -> date:
        return datetime.fromtimestamp(self.starts, ZONE).date()


EVENTS = (
    Event("storage-sprint-2025", "Storage documentation sprint", "storage", local(2025, 3, 14, 10), 7,
          "Gent", "BE", "pretix", True, 56, 0.72, 0.75, 6400, 90, "hosted"),
    Event("observability-meetup-2025", "Observability evening", "observability", local(2025, 5, 20, 18), 3,
          "Leipzig", "DE", "meetup", False, 64, 0.55, 0.60, 1900, 24, "hosted"),
    Event("edge-webinar-2025", "Edge in one hour", "edge", local(2025, 9, 18, 17), 1,
          "", "", "zoom", False, 80, 0.45, 0.55, 700, 18, "hosted"),
    Event("observability-workshop-2025", "Tracing workshop", "observability", local(2025, 10, 9, 9), 8,
          "Utrecht", "NL", "luma", True, 60, 0.70, 0.70, 5200, 70, "hosted"),
    Event("storage-dinner-2026", "Storage contributors' dinner", "storage", local(2026, 1, 30, 19), 4,
          "Brno", "CZ", "tito", False, 48, 0.80, 0.65, 3800, 16, "sponsored"),
    Event("edge-hackday-2026", "Edge hack day", "edge", local(2026, 4, 11, 10), 8,
          "Graz", "AT", "eventbrite", True, 58, 0.68, 0.72, 4500, 80, "hosted"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Campaign:
    """Something we told the world; `factor` multiplies arrivals while it runs, `stars_factor` stars on its first day.

    1 is no effect. `metric` is what the team said beforehand that it would look at.
    """

    id: str
    title: str
    community: str
    starts: int
    days: int
    factor: float
    channels: str
    cost: int
    staff_hours: int
    stars_factor: float = 1.0
    metric: str = "stars"

    @property
    def ends(self) -> int:
        return self.starts + self.days * DAY


CAMPAIGNS = (
    Campaign("fastfs-2-launch", "fastfs 2.0 launch", "storage", local(2025, 6, 3), 28, 2.6,
             "blog;newsletter;video", 5200, 60, 6.0),
    Campaign("trace-week", "Trace week", "observability", local(2026, 2, 2), 28, 2.4,
             "blog;podcast", 3900, 45, 4.0),
    Campaign("edge-posters", "Edge posters", "edge", local(2025, 4, 7), 28, 1.0, "print;social", 7800, 20,
             metric="new_contributors"),
    Campaign("log-sponsored-posts", "Sponsored log posts", "observability", local(2025, 11, 24), 28, 1.0,
             "sponsored posts", 6600, 12),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Survey:
    """What we asked people by mail; `shares` are those of promoters, passives and detractors."""

    id: str
    first_day: date
    invited: int
    answers: int
    shares: tuple[float, float, float]


SURVEYS = (
    Survey("community-2025", date(2025, 6, 2), 640, 43, (0.40, 0.35, 0.25)),
    Survey("community-2026", date(2026, 5, 4), 520, 148, (0.46, 0.34, 0.20)),
)
"""Too few answered the first one for it to speak for those who did not."""

CONFERENCES = (
    ("openbuild-days-2025", "OpenBuild Days 2025", date(2025, 2, 1)),
    ("openbuild-days-2026", "OpenBuild Days 2026", date(2026, 1, 31)),
)
OFFICE_HOURS = (
    date(2025, 9, 2), date(2025, 10, 7), date(2025, 11, 4), date(2025, 12, 2),
    date(2026, 1, 6), date(2026, 2, 3), date(2026, 3, 3), date(2026, 4, 7), date(2026, 5, 5), date(2026, 6, 2),
    date(2026, 7, 7),
)  # fmt: skip
"""Those of which somebody kept a list; they change nothing."""
TALKS_PER_CONFERENCE = 150
OWN_TALKS_PER_CONFERENCE = 11


def community(community_id: str) -> Community:
    return next(each for each in COMMUNITIES if each.id == community_id)


def month_of(at: int) -> str:
    """The calendar month of an instant on the OSPO's clock, as `2025-03`."""
    return datetime.fromtimestamp(at, ZONE).strftime("%Y-%m")


def months() -> list[str]:
    """Every whole month that was recorded, the first one first."""
    return [f"{year}-{month:02}" for year in range(2023, 2027) for month in range(1, 13)
            if "2023-11" <= f"{year}-{month:02}" <= "2026-10"]  # fmt: skip


def iso(at: int) -> str:
    """An instant as the forge writes it: `2025-03-14T09:00:00Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
