"""`ospo.toml` and the environment, read once and checked."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ospo_metrics import locales

FILE_NAME = "ospo.toml"

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")]
ProjectName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._*?\[\]-]+$")]
MailAddress = Annotated[str, Field(pattern=r"^[\w.+-]+@[\w-]+(\.[\w-]+)+$")]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class SettingsError(Exception):
    """The settings cannot be used; the text says file, line, key, and what to write instead."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Ospo(_Table):
    """Who we are: whose people count as ours, and whose clock decides what a day is."""

    name: str = Field(min_length=1, max_length=120)
    own_organizations: list[str] = []
    own_domains: list[Annotated[str, Field(pattern=r"^[^@\s]+\.[^@\s]+$")]] = []
    timezone: str = "UTC"
    locale: str = locales.DEFAULT
    """How numbers and dates are written on pages, in pictures and in the digest."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    hour_rate: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """What an hour of our own staff costs in `currency`; without it their hours are in no cost."""

    holidays: list[Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]] = []

    @field_validator("holidays")
    @classmethod
    def _regions(cls, value: list[str]) -> list[str]:
        if value:
            from holidays import list_supported_countries

            known = list_supported_countries()
            for region in value:
                country, _, part = region.partition("-")
                if country not in known or (part and part not in known[country]):
                    raise ValueError(f"{region!r} is no country, or no part of one, whose holidays are known")
        return value

    @field_validator("locale")
    @classmethod
    def _written(cls, value: str) -> str:
        try:
            locales.style(value)
        except ValueError:
            raise ValueError("no such locale; write language and country, such as 'en-GB'") from None
        return value

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in available_timezones() or value in ("localtime", "posixrules", "Factory"):
            near = difflib.get_close_matches(value, sorted(available_timezones()), n=1)
            raise ValueError(f"no such time zone{f', did you mean {near[0]!r}' if near else ''}")
        return value


class Community(_Table):
    """A cluster of projects that share an audience."""

    id: Identifier
    name: str = Field(min_length=1, max_length=120)
    projects: list[ProjectName] = []
    mailing_lists: list[Identifier] = []


class GitHubApp(_Table):
    """A GitHub App as an organization installed it, to ask with instead of or besides a person's tokens."""

    id: int = Field(ge=1)
    installation: int = Field(ge=1)
    private_key_env: VariableName


class GitHub(_Table):
    """Where GitHub answers, which environment variables hold its tokens, and how much a run may ask."""

    api_url: Annotated[str, Field(pattern=r"^https?://[^\s/]+")] = "https://api.github.com"
    token_env: list[VariableName] = ["GITHUB_TOKEN"]

    @field_validator("token_env")
    @classmethod
    def _names(cls, value: list[str]) -> list[str]:
        if any(re.match(r"gh[a-z]_|github_pat_", name) for name in value):
            raise ValueError("that is a token")
        return value

    recorded: str | None = None
    """A folder of recorded answers to read instead of the network (see `sources/github.py`)."""

    requests_a_run: int | None = Field(default=None, ge=1)
    """How many requests in REST and points in GraphQL a run may cost; what GitHub does not charge is free."""

    when_limited: Literal["wait", "stop"] = "wait"
    """What to do when no token may ask anything more in this hour; what was read is kept either way."""

    app: GitHubApp | None = None


class Git(_Table):
    """The history of one project: a path or a URL."""

    project: ProjectName
    location: str = Field(min_length=1)


class GitHubRepoStats(_Table):
    """The folder in which the tool github-repo-stats kept the traffic of one repository."""

    project: ProjectName
    location: str = Field(min_length=1)


class MailingList(_Table):
    """One archive of one mailing list."""

    id: Identifier
    format: Literal[
        "auto", "mbox", "pipermail", "public-inbox", "maildir", "hyperkitty", "ponymail", "groupsio"
    ] = "auto"
    location: str = Field(min_length=1)


class GHArchive(_Table):
    """Hourly files of GH Archive: what happened on GitHub, whoever it concerns."""

    location: str = Field(min_length=1)


class Calendar(_Table):
    """One schedule of an event with talks and speakers, or one calendar of events."""

    id: Identifier
    format: Literal["auto", "pentabarf"] = "auto"
    location: str = Field(min_length=1)


class Feed(_Table):
    """One feed of a blog, podcast or video channel; `by` says whose it is."""

    id: Identifier
    location: str = Field(min_length=1)
    kind: Literal["article", "podcast", "video"] = "article"
    by: Literal["us", "community"] = "us"
    communities: list[Identifier] = []


class Catalogue(_Table):
    """Files of conferences to plan from."""

    id: Identifier
    location: str = Field(min_length=1)


class Identities(_Table):
    """One register of who is who and who works for whom, as others keep it."""

    id: Identifier
    format: Literal["auto", "sortinghat", "stackalytics", "gitdm"] = "auto"
    location: str = Field(min_length=1)


class AttendanceForm(_Table):
    """Which column of a list of attendees holds what, where the list is in none of the forms that are known."""

    id: Identifier
    email: str = ""
    github: str = ""
    status: str = ""
    attended: list[str] = []
    registered_at: str = ""
    dates: Literal["iso", "month first", "day first"] = "iso"
    role: str = ""
    consent: str = ""
    heard: str = ""
    contributed: str = ""


class Outreach(_Table):
    """The outreach team's folder: its spreadsheets, and the lists of attendees below it."""

    folder: str = "outreach"
    consent_question: str = Field(default="May we measure", min_length=3)
    attendance_forms: list[AttendanceForm] = []


class Sources(_Table):
    """Where the data come from; a source that is not named is not read."""

    github: GitHub | None = None
    git: list[Git] = []
    github_repo_stats: list[GitHubRepoStats] = []
    gharchive: list[GHArchive] = []
    mailing_lists: list[MailingList] = []
    calendars: list[Calendar] = []
    feeds: list[Feed] = []
    catalogues: list[Catalogue] = []
    identities: list[Identities] = []
    outreach: Outreach | None = None

    @property
    def attendance(self) -> Outreach | None:
        """The lists of attendees lie in the outreach team's folder."""
        return self.outreach


class Privacy(_Table):
    """How small a group may be before it is folded, and who reads the pages."""

    smallest_group: int = Field(default=5, ge=2, le=1000)
    audience: Literal["internal", "public"] = "internal"
    keep_attendance_days: int = Field(default=730, ge=30)
    """From then on a registration is counted and never matched."""

    keep_people_days: int | None = Field(default=None, ge=90)
    """From then on whoever did nothing any more is nobody; without it people are known without end."""

    key_env: VariableName | None = None
    """The variable that holds the key of the pseudonyms, in place of a file in `private/`."""

    @field_validator("key_env")
    @classmethod
    def _name(cls, value: str | None) -> str | None:
        if value and re.fullmatch(r"[0-9A-Fa-f]{64}", value):
            raise ValueError("that is a key")
        return value


class Schedule(_Table):
    """When `serve` runs the flow: a cron expression in the OSPO's time zone."""

    cron: str = "30 3 * * *"

    @field_validator("cron")
    @classmethod
    def _five_fields(cls, value: str) -> str:
        """Minute, hour, day, month and weekday, each within its bounds; names of months and days are let pass."""
        fields, highest = value.split(), (59, 23, 31, 12, 7)
        if len(fields) != len(highest):
            raise ValueError("it needs five fields: minute, hour, day, month, weekday")
        for field, most in zip(fields, highest, strict=True):
            if not re.fullmatch(r"[\d*,/A-Za-z-]+", field) or any(
                int(n) > most for n in re.findall(r"\d+", field)
            ):
                raise ValueError(f"{field!r} is no value from 0 to {most}")
        return value


class Digest(_Table):
    """To whom the weekly summary goes, by mail, into a chat, or both; secrets are in the environment."""

    mail_to: list[MailAddress] = []
    mail_from: MailAddress | None = None
    smtp_host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]+$")] | None = None
    smtp_port: int = Field(default=587, ge=1, le=65_535)
    """Where a server wants TLS from the first byte, it is 465."""

    smtp_user_env: VariableName | None = None
    smtp_password_env: VariableName | None = None
    starttls: bool = True
    webhook_url_env: VariableName | None = None
    """The variable that holds the address to which the text is posted; who knows it can post there."""

    dashboards_url: Annotated[str, Field(pattern=r"^https?://[^\s<>\"']+/$")] | None = None
    """Where readers find the dashboards; without it a mail links nothing."""

    send_on: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] | None = (
        None
    )
    """From this day of the week on, the first run sends it; without it only `send-digest` does."""


class Settings(_Table):
    """Everything in `ospo.toml`."""

    ospo: Ospo
    communities: list[Community] = Field(min_length=1)
    sources: Sources = Sources()
    privacy: Privacy = Privacy()
    schedule: Schedule = Schedule()
    digest: Digest | None = None


@dataclass(frozen=True, slots=True)
class Workspace:
    """One OSPO's folder: its settings, and where everything in it lies."""

    folder: Path
    settings: Settings

    @property
    def settings_file(self) -> Path:
        return self.folder / FILE_NAME

    @property
    def private(self) -> Path:
        return self.folder / "private"

    @property
    def published(self) -> Path:
        return self.folder / "published"

    @property
    def warehouse(self) -> Path:
        return self.private / "warehouse.duckdb"

    @property
    def database(self) -> Path:
        return self.published / "ospo.duckdb"

    @property
    def dashboards(self) -> Path:
        return self.published / "dashboards"

    @property
    def pseudonym_key(self) -> Path:
        return self.private / "pseudonym.key"

    @property
    def is_simulated(self) -> bool:
        """Whether `demo` made this workspace, so that every page must say so."""
        return (self.folder / "truth.json").is_file()


def open_workspace(folder: Path) -> Workspace:
    """Read and check the settings of a workspace; `SettingsError` names file, line, key and remedy."""
    path = folder / FILE_NAME
    if not path.is_file():
        raise SettingsError(
            f"there is no {FILE_NAME} in {folder}. "
            f"Make a workspace with 'ospo-metrics init {folder}', or name another with --workspace."
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 (byte {error.start}). Save it as UTF-8.") from None
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"{path} is not valid TOML: {error}. Put that line right, or the one above it, "
            "and try again with 'ospo-metrics check'."
        ) from None
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        problems = [_problem(path, text, raw, detail) for detail in error.errors()]
        raise SettingsError("\n".join(problems)) from None
    workspace = Workspace(folder.resolve(), settings)
    _check_references(path, text, settings)
    return workspace


def line_of(text: str, keys: Sequence[str | int]) -> int:
    """The line of `ospo.toml` on which a key stands, or the nearest table that holds it (1 at worst)."""
    best, table, counts = 1, [], {}  # type: int, list[str | int], dict[str, int]
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*(\[\[?)\s*([\w.\"-]+)\s*\]\]?\s*(#.*)?$", line):
            name = header[2].replace('"', "")
            table = list(name.split("."))
            if header[1] == "[[":
                counts[name] = counts.get(name, -1) + 1
                table.append(counts[name])
            if table == list(keys[: len(table)]):
                best = number
        elif (key := re.match(r"\s*\"?([\w-]+)\"?\s*=", line)) and [*table, key[1]] == list(
            keys[: len(table) + 1]
        ):
            return number
    return best


def _problem(path: Path, text: str, raw: dict[str, Any], detail: Any) -> str:
    keys = [key for key in detail["loc"] if not (isinstance(key, str) and "[" in key)]
    name = ".".join(str(key + 1) if isinstance(key, int) else key for key in keys)
    where = f"{path}, line {line_of(text, keys)}: "
    match detail["type"]:
        case "extra_forbidden":
            known = _known_keys(keys[:-1])
            near = difflib.get_close_matches(str(keys[-1]), known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(known)}."
            return f"{where}unknown key '{name}'; {hint}"
        case "missing":
            return f"{where}'{name}' is missing; add it, for example: {_example(keys)}"
        case _:
            message = detail["msg"].removeprefix("Value error, ")
            if variable := next((str(key) for key in keys if str(key).endswith("_env")), None):
                return f"{where}'{name}' is no name of a variable. Write for example: {_example([variable])}"
            return (
                f"{where}'{name}' is {detail['input']!r:.80}: {_sentence(message)}. "
                f"Write for example: {_example(keys)}"
            )


def _sentence(message: str) -> str:
    match = re.search(r"pattern '(.+)'", message)
    return f"it has to look like {match[1]}" if match else message[:1].lower() + message[1:]


def _known_keys(keys: Sequence[str | int]) -> list[str]:
    model: Any = Settings
    for key in keys:
        if isinstance(key, int):
            continue
        model = _inner(model.model_fields[key].annotation) if key in model.model_fields else model
    return sorted(model.model_fields)


def _inner(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if found := _inner(argument):
            return found
    return None


_EXAMPLES = {
    "ospo": '[ospo] with name = "Example OSPO"',
    "name": 'name = "Example OSPO"',
    "own_organizations": 'own_organizations = ["Example Corp"]',
    "own_domains": 'own_domains = ["example.com"]',
    "timezone": 'timezone = "Europe/Berlin"',
    "locale": 'locale = "de-DE"',
    "communities": '[[communities]] with id = "storage", name = "Storage", projects = ["example/fastfs"]',
    "id": 'id = "storage" (small letters, digits, dot, hyphen)',
    "projects": 'projects = ["example/fastfs", "example/block-*"]',
    "mailing_lists": 'mailing_lists = ["fastfs-dev"]',
    "api_url": 'api_url = "https://api.github.com"',
    "token_env": 'token_env = ["GITHUB_TOKEN"] (names of variables, never tokens)',
    "recorded": 'recorded = "github"',
    "requests_a_run": "requests_a_run = 5000 (without this line there is no budget)",
    "when_limited": 'when_limited = "wait"',
    "app": 'app = {id = 12345, installation = 67890, private_key_env = "GITHUB_APP_KEY"}',
    "app.id": "id = 12345 (the App's number)",
    "installation": "installation = 67890 (the last part of the installation's address at GitHub)",
    "private_key_env": 'private_key_env = "GITHUB_APP_KEY" (the name of a variable, never the key)',
    "key_env": 'key_env = "OSPO_PSEUDONYM_KEY" (the name of a variable, never the key)',
    "project": 'project = "example/fastfs"',
    "location": 'location = "archives/fastfs-dev/*.txt.gz"',
    "format": 'format = "auto"',
    "identities.location": 'location = "gitdm/developers_affiliations*.txt"',
    "smallest_group": "smallest_group = 5",
    "audience": 'audience = "internal"',
    "keep_attendance_days": "keep_attendance_days = 730",
    "keep_people_days": "keep_people_days = 1825 (without this line people are known without end)",
    "cron": 'cron = "30 3 * * *"',
    "currency": 'currency = "EUR"',
    "hour_rate": "hour_rate = 75 (without this line the hours of our own staff are in no cost)",
    "holidays": 'holidays = ["DE-BE", "US"] (countries, where it matters with their part)',
    "folder": 'folder = "outreach"',
    "consent_question": 'consent_question = "May we measure"',
    "attended": 'attended = ["Session 1", "Session 2"] (columns of which one yes will do)',
    "dates": 'dates = "month first"',
    "mail_to": 'mail_to = ["outreach@example.com"]',
    "mail_from": 'mail_from = "ospo-metrics@example.com"',
    "smtp_host": 'smtp_host = "smtp.example.com"',
    "smtp_port": "smtp_port = 587",
    "smtp_user_env": 'smtp_user_env = "OSPO_SMTP_USER" (the name of a variable, never the user)',
    "smtp_password_env": 'smtp_password_env = "OSPO_SMTP_PASSWORD" (the name of a variable, never the password)',
    "starttls": "starttls = true",
    "webhook_url_env": 'webhook_url_env = "OSPO_WEBHOOK_URL" (the name of a variable, never the address)',
    "dashboards_url": 'dashboards_url = "https://ospo.example.com/dashboards/" (with / at its end)',
    "send_on": 'send_on = "monday"',
    "kind": 'kind = "podcast"',
    "by": 'by = "community"',
}


def _example(keys: Sequence[str | int]) -> str:
    """What to write for a key; for one whose name others share, what stands here for it and its table."""
    names = [key for key in keys if isinstance(key, str)]
    return _EXAMPLES.get(".".join(names[-2:])) or _EXAMPLES.get(names[-1], f"{names[-1]} = …")


def _check_references(path: Path, text: str, settings: Settings) -> None:
    """What one table says of another: ids are used once, and every source feeds a community."""

    def at(*keys: str | int) -> str:
        return f"{path}, line {line_of(text, keys)}: "

    problems = [
        *_used_twice(settings, at),
        *_lists_without_source(settings, at),
        *_sources_without_community(settings, at),
        *_globs_without_project(settings, at),
        *_feeds_without_community(settings, at),
        *_digest_without_way(settings, at),
    ]
    if problems:
        raise SettingsError("\n".join(problems))


def _used_twice(settings: Settings, at: Callable[..., str]) -> Iterator[str]:
    tables: dict[str, Sequence[Community | MailingList | Calendar | Feed | Catalogue | Identities]] = {
        "communities": settings.communities,
        "sources.mailing_lists": settings.sources.mailing_lists,
        "sources.calendars": settings.sources.calendars,
        "sources.feeds": settings.sources.feeds,
        "sources.catalogues": settings.sources.catalogues,
        "sources.identities": settings.sources.identities,
    }
    for table, entries in tables.items():
        ids = [entry.id for entry in entries]
        for index, name in enumerate(ids):
            if name in ids[:index]:
                yield f"{at(*table.split('.'), index, 'id')}id {name!r} is used twice in {table}; rename one."


def _lists_without_source(settings: Settings, at: Callable[..., str]) -> Iterator[str]:
    known = {entry.id for entry in settings.sources.mailing_lists}
    for index, community in enumerate(settings.communities):
        for name in community.mailing_lists:
            if name not in known:
                yield (
                    f"{at('communities', index, 'mailing_lists')}mailing list {name!r} of community "
                    f"{community.id!r} has no [[sources.mailing_lists]] with id = {name!r}; add one or take the "
                    "name out."
                )


def _sources_without_community(settings: Settings, at: Callable[..., str]) -> Iterator[str]:
    patterns = [pattern for community in settings.communities for pattern in community.projects]
    tables: dict[str, tuple[str, Sequence[Git | GitHubRepoStats]]] = {
        "git": ("a git history", settings.sources.git),
        "github_repo_stats": ("a folder of github-repo-stats", settings.sources.github_repo_stats),
    }
    for table, (what, entries) in tables.items():
        for index, entry in enumerate(entries):
            where = at("sources", table, index, "project")
            if "*" in entry.project or "?" in entry.project:
                yield f"{where}{what} needs one project, not {entry.project!r}."
            elif not any(fnmatchcase(entry.project.lower(), pattern.lower()) for pattern in patterns):
                near = difflib.get_close_matches(entry.project, patterns, n=1)
                yield (
                    f"{where}project {entry.project!r} belongs to no community; "
                    + (f"did you mean {near[0]!r}?" if near else "add it to the 'projects' of one.")
                )
    listed = {name for community in settings.communities for name in community.mailing_lists}
    for index, mailing_list in enumerate(settings.sources.mailing_lists):
        if mailing_list.id not in listed:
            yield (
                f"{at('sources', 'mailing_lists', index, 'id')}mailing list {mailing_list.id!r} belongs to no "
                "community; add it to the 'mailing_lists' of one."
            )


def _feeds_without_community(settings: Settings, at: Callable[..., str]) -> Iterator[str]:
    known = [community.id for community in settings.communities]
    for index, feed in enumerate(settings.sources.feeds):
        for name in feed.communities:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}."
                yield f"{at('sources', 'feeds', index, 'communities')}{name!r} is no community; {hint}"


def _digest_without_way(settings: Settings, at: Callable[..., str]) -> Iterator[str]:
    """A mail needs who sends it and through which server; a password never goes over the net in the clear."""
    digest = settings.digest
    if digest is None:
        return
    if not digest.mail_to and not digest.webhook_url_env:
        yield (
            f"{at('digest')}[digest] says nobody to whom it goes. "
            f"Write for example: {_example(['mail_to'])}, or {_example(['webhook_url_env'])}"
        )
    for name in ("mail_from", "smtp_host") if digest.mail_to else ():
        if getattr(digest, name) is None:
            yield f"{at('digest', 'mail_to')}a mail needs {name!r}. Add for example: {_example([name])}"
    if (digest.smtp_user_env is None) != (digest.smtp_password_env is None):
        lacks = "smtp_user_env" if digest.smtp_user_env is None else "smtp_password_env"
        yield f"{at('digest')}a user and a password go together. Add for example: {_example([lacks])}"
    is_here = digest.smtp_host in ("localhost", "127.0.0.1", "::1")
    if digest.smtp_user_env and not digest.starttls and digest.smtp_port != 465 and not is_here:
        yield f"{at('digest', 'starttls')}without TLS the password could be read on its way. Write starttls = true."


def _globs_without_project(settings: Settings, at: Callable[..., str]) -> Iterator[str]:
    """Without GitHub only the projects that sources name are known; with it, the source looks for itself."""
    named: Sequence[Git | GitHubRepoStats] = (*settings.sources.git, *settings.sources.github_repo_stats)
    projects = [entry.project.lower() for entry in named]
    if settings.sources.github or not projects:
        return
    for index, community in enumerate(settings.communities):
        for pattern in community.projects:
            if "*" in pattern and not any(fnmatchcase(name, pattern.lower()) for name in projects):
                yield (
                    f"{at('communities', index, 'projects')}{pattern!r} matches no project; without [sources.github] "
                    "only the projects that [[sources.git]] and [[sources.github_repo_stats]] name are known. "
                    "Add one of these, or write the name out."
                )
