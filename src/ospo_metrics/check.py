"""Is everything ready for a run: settings, credentials, reachability, disk; nothing is changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import requests

from ospo_metrics import sending, web
from ospo_metrics.items import Context, Item, SourceError
from ospo_metrics.paths import expand, is_url
from ospo_metrics.pseudonyms import KeyUnusableError, read_key
from ospo_metrics.settings import Digest, Workspace, line_of
from ospo_metrics.sources import discover

LEAST_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is well, and if not, what to do."""

    what: str
    ok: bool
    text: str


def check(workspace: Workspace) -> Iterator[Finding]:
    """Look at everything that a run needs, one finding at a time."""
    settings = workspace.settings
    named = [name for name in discover() if getattr(settings.sources, name, None)]
    communities = (
        "1 community" if len(settings.communities) == 1 else f"{len(settings.communities)} communities"
    )
    yield Finding(
        "settings",
        bool(named),
        f"{workspace.settings_file.name}: {communities}, sources: {', '.join(named)}"
        if named
        else f"{workspace.settings_file} names no source, so a run would find nothing. "
        "Take the # from one of its [sources] tables and fill it in.",
    )
    if not (settings.ospo.own_domains or settings.ospo.own_organizations):
        yield Finding(
            "own people",
            False,
            f"{workspace.settings_file}, line {line_of(_text(workspace), ['ospo'])}: own_domains is empty, so our "
            'own people count as people from outside. Write for example: own_domains = ["example.com"]',
        )
    if settings.sources.github:
        yield from _github(workspace)
    for table in (
        "git",
        "gharchive",
        "github_repo_stats",
        "mailing_lists",
        "calendars",
        "feeds",
        "catalogues",
        "identities",
    ):
        for index, entry in enumerate(getattr(settings.sources, table)):
            yield _location(workspace, table, index, entry)
    yield _key(workspace)
    if settings.sources.outreach:
        yield _outreach(workspace, settings.sources.outreach.folder)
    if settings.digest:
        yield from _digest(workspace, settings.digest)
    yield _disk(workspace)


def _key(workspace: Workspace) -> Finding:
    """The key of the pseudonyms; where it is to be a file, the first run makes one."""
    key_env = workspace.settings.privacy.key_env
    try:
        key = read_key(workspace.folder, key_env)
    except KeyUnusableError as error:
        return Finding("key of the pseudonyms", False, str(error))
    if key is None and key_env:
        line = line_of(_text(workspace), ["privacy", "key_env"])
        text = (
            f"{workspace.settings_file}, line {line}: the variable {key_env} is empty. Put the key into it: 64 "
            "hexadecimal digits, for a new one those of 'openssl rand -hex 32'."
        )
        return Finding("key of the pseudonyms", False, text)
    where = f"the variable {key_env}" if key_env else workspace.pseudonym_key.name
    return Finding("key of the pseudonyms", True, f"{where}{'' if key else ', made by the first run'}")


def _outreach(workspace: Workspace, folder: str) -> Finding:
    files = [path for path in sorted((workspace.folder / folder).rglob("*.*")) if path.is_file()]
    if files:
        return Finding("outreach", True, f"{len(files)} files in {folder}")
    line = line_of(_text(workspace), ["sources", "outreach", "folder"])
    return Finding(
        "outreach", False, f"{folder} has no files. Check 'folder' in {workspace.settings_file}, line {line}."
    )


def _digest(workspace: Workspace, digest: Digest) -> Iterator[Finding]:
    """Whether the mail server takes us, and whether there is an address to post to; nothing is sent."""
    try:
        if digest.mail_to:
            sending.try_mail(workspace, digest)
            yield Finding(
                "digest by mail", True, f"{digest.smtp_host} takes us; {len(digest.mail_to)} readers"
            )
        if digest.webhook_url_env:
            sending.webhook_url(workspace, digest)
            yield Finding("digest by webhook", True, f"{digest.webhook_url_env} is set; nothing was posted")
    except sending.SendError as error:
        yield Finding("digest", False, str(error))


def _github(workspace: Workspace) -> Iterator[Finding]:
    github = workspace.settings.sources.github
    assert github is not None  # noqa: S101 - asked for by the caller
    if github.recorded is None:
        named = [*github.token_env, *([github.app.private_key_env] if github.app else [])]
        unset = [name for name in named if not os.environ.get(name, "").strip()]
        line = line_of(_text(workspace), ["sources", "github", "token_env"])
        if len(unset) == len(named):
            yield Finding(
                "github token",
                False,
                f"the environment variable {' or '.join(unset)} (ospo.toml, line {line}) is empty, and GitHub "
                "answers nobody without a token. Make one, which for public repositories needs no permission at "
                "all, and export it.",
            )
        else:
            yield Finding("github token", True, f"{len(named) - len(unset)} of {len(named)} set")
    source = discover()["github"]
    try:
        instances = source.instances(workspace.settings, workspace.folder)
    except SourceError as error:
        yield Finding("github", False, str(error))
        return
    for instance in instances:
        try:
            first = next(source.read(instance, "repositories", _context(workspace)), None)
        except SourceError as error:
            yield Finding(f"github {instance.shown}", False, str(error))
        else:
            answers = isinstance(first, Item)
            yield Finding(
                f"github {instance.shown}",
                answers,
                f"answers at {github.recorded or github.api_url}"
                if answers
                else f"{github.recorded or github.api_url} gave no description of it; see whether it still exists.",
            )


def _location(workspace: Workspace, table: str, index: int, entry: object) -> Finding:
    location = str(getattr(entry, "location"))  # noqa: B009 - all tables share the key
    name = f"{table} {getattr(entry, 'id', None) or getattr(entry, 'project', '')}".strip()
    line = line_of(_text(workspace), ["sources", table, index, "location"])
    if is_url(location):
        problem = _git_problem(location) if table == "git" else _web_problem(location)
        found = f"answers at {web.redact(location)}"
    else:
        files = expand(workspace.folder, location)
        problem = None if files else f"{location} matches no file"
        found = f"{len(files)} {'file' if len(files) == 1 else 'files'} at {location}"
    if problem is None:
        return Finding(name, True, found)
    return Finding(name, False, f"{problem}. Check 'location' in {workspace.settings_file}, line {line}.")


def _git_problem(url: str) -> str | None:
    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "ls-remote", "--exit-code", "--heads", url],
            env=environment,
            capture_output=True,
            timeout=30,
            check=False,
            text=True,
        )
    except FileNotFoundError:
        return "git is not installed"
    except subprocess.TimeoutExpired:
        return f"{web.redact(url)} did not answer within 30 seconds"
    if done.returncode in (0, 2):
        return None
    return web.redact((done.stderr.strip().splitlines() or ["git could not read it"])[-1])


def _web_problem(url: str) -> str | None:
    try:
        answer = requests.get(url, timeout=15, stream=True)
    except requests.RequestException as error:
        return f"{web.redact(url)} cannot be reached ({type(error).__name__})"
    answer.close()
    return None if answer.ok else f"{web.redact(url)} answered {answer.status_code} {answer.reason}"


def _disk(workspace: Workspace) -> Finding:
    free = shutil.disk_usage(workspace.folder).free
    size = workspace.warehouse.stat().st_size if workspace.warehouse.is_file() else 0
    needed = max(LEAST_FREE_BYTES, 3 * size)
    if not os.access(workspace.folder, os.W_OK):
        return Finding("disk", False, f"{workspace.folder} may not be written. Change its owner or its mode.")
    if free < needed:
        return Finding(
            "disk",
            False,
            f"{free / 1e9:.1f} GB are free at {workspace.folder}, and a run may need {needed / 1e9:.1f} GB: three "
            "times the warehouse, at least 1 GB. Make room.",
        )
    return Finding("disk", True, f"{free / 1e9:.0f} GB free")


def _context(workspace: Workspace) -> Context:
    return Context(workspace.folder, datetime.now(UTC))


def _text(workspace: Workspace) -> str:
    return workspace.settings_file.read_text(encoding="utf-8")
