"""The week's digest on its way: by mail, into a chat, or both, and never twice for the same week."""

from __future__ import annotations

import fcntl
import json
import os
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from typing import TextIO
from zoneinfo import ZoneInfo

from ospo_metrics import digest, web, words
from ospo_metrics.privacy import addresses_taken_out
from ospo_metrics.settings import Digest, Workspace, line_of

SECONDS = 30
TLS_PORT = 465
"""Where a server speaks TLS from the first byte."""
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class SendError(Exception):
    """The digest did not go out; the sentence says which way, why, and what to look at."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Which ways it went now, and which it had gone before in the same week."""

    week: str
    now: list[str]
    before: list[str]

    @property
    def sentence(self) -> str:
        told = [f"Sent by {words.listed(self.now)}." if self.now else ""]
        if self.before:
            was = f"{words.upper_first(words.listed(self.before))}: sent in the week {self.week} already."
            told.append(f"{was} Send it again with 'ospo-metrics send-digest --again'.")
        return " ".join(filter(None, told))


def send(workspace: Workspace, now: datetime, *, again: bool = False) -> Sent:
    """Send the digest every way that is set up and that it has not gone this week; `SendError` where one fails.

    What went out is noted in `private/` before the next way is tried, so that only what failed is tried again.
    """
    settings = _settings(workspace)
    sent, problems = Sent(week_of(workspace, now), [], []), []
    told = digest.make(workspace)
    with _notes(workspace) as notes:
        for way, go in _ways(settings).items():
            if notes.last(way) == sent.week and not again:
                sent.before.append(way)
                continue
            try:
                problem = go(workspace, settings, told, now)
            except SendError as error:
                problems.append(str(error))
                continue
            notes.keep(way, sent.week)
            sent.now.append(way)
            problems += [problem] if problem else []
    if problems:
        raise SendError(" ".join([*problems, *([sent.sentence] if sent.now else [])]))
    return sent


def is_due(workspace: Workspace, now: datetime) -> bool:
    """Whether a run sends it: the day of the week has come, and some way it has not gone this week."""
    settings = workspace.settings.digest
    if settings is None or settings.send_on is None:
        return False
    if _DAYS.index(settings.send_on) > _local(workspace, now).weekday():
        return False
    with _notes(workspace) as notes:
        return any(notes.last(way) != week_of(workspace, now) for way in _ways(settings))


def week_of(workspace: Workspace, now: datetime) -> str:
    """The week by the OSPO's own calendar: `2026-W45`."""
    year, week, _ = _local(workspace, now).isocalendar()
    return f"{year}-W{week:02}"


def message(settings: Digest, told: digest.Digest, now: datetime) -> EmailMessage:
    """The mail: plain text, and the same in HTML."""
    mail = EmailMessage(policy=SMTP)
    assert settings.mail_from is not None  # noqa: S101 - settings without it are refused
    mail["Subject"] = told.title
    mail["From"] = settings.mail_from
    mail["To"] = ", ".join(settings.mail_to)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = make_msgid(domain=settings.mail_from.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    link = settings.dashboards_url or ""
    mail.set_content(addresses_taken_out(digest.as_text(told, link)))
    mail.add_alternative(addresses_taken_out(digest.as_html(told, link)), subtype="html")
    return mail


def chat_text(told: digest.Digest, dashboards: str = "") -> str:
    """The digest for a chat, in which no name can call everybody or become a link of its own."""
    text = addresses_taken_out(digest.as_text(told, dashboards))
    for letter, instead in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("@", "@\u200b")):
        text = text.replace(letter, instead)
    return text


def _ways(settings: Digest) -> dict[str, Callable[[Workspace, Digest, digest.Digest, datetime], str]]:
    """The ways that are set up; each gives a sentence on what did not go quite well, or nothing."""
    ways = {"mail": (_mail, bool(settings.mail_to)), "webhook": (_post, settings.webhook_url_env is not None)}
    return {name: go for name, (go, is_set) in ways.items() if is_set}


def try_mail(workspace: Workspace, settings: Digest) -> None:
    """Say hello to the mail server, and nothing more; `SendError` where it does not take us."""
    with _connected(workspace, settings):
        pass


def webhook_url(workspace: Workspace, settings: Digest) -> str:
    """The address to post to; `SendError` where the environment holds none."""
    url = _secret(workspace, "webhook_url_env", settings.webhook_url_env)
    if not url.startswith(("http://", "https://")):
        why = f"what is in {settings.webhook_url_env} begins with neither http:// nor https://"
        raise _failed(workspace, "webhook_url_env", why)
    return url


def _mail(workspace: Workspace, settings: Digest, told: digest.Digest, now: datetime) -> str:
    with _connected(workspace, settings) as server:
        refused = server.send_message(message(settings, told, now))
    if refused:
        some = f"{len(refused)} of {len(settings.mail_to)} readers"
        return f"{settings.smtp_host} took the digest, but not for {some}. Check 'mail_to' in ospo.toml."
    return ""


def _post(workspace: Workspace, settings: Digest, told: digest.Digest, now: datetime) -> str:
    del now
    url = webhook_url(workspace, settings)
    try:
        web.post(url, {"text": chat_text(told, settings.dashboards_url or "")})
    except web.WebError as error:
        raise _failed(workspace, "webhook_url_env", str(error)) from None
    return ""


@contextmanager
def _connected(workspace: Workspace, settings: Digest) -> Iterator[smtplib.SMTP]:
    """A session with the mail server, encrypted and logged in as the settings say; what fails is a `SendError`."""
    user = _secret(workspace, "smtp_user_env", settings.smtp_user_env)
    password = _secret(workspace, "smtp_password_env", settings.smtp_password_env)
    context = ssl.create_default_context()
    host, port = settings.smtp_host or "", settings.smtp_port
    try:
        with (
            smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=context)
            if port == TLS_PORT
            else smtplib.SMTP(host, port, timeout=SECONDS)
        ) as server:
            if settings.starttls and port != TLS_PORT:
                server.starttls(context=context)
            if user:
                server.login(user, password)
            yield server
    except OSError as error:  # what smtplib and ssl raise is among them
        key, why = _trouble(error)
        raise _failed(workspace, key, f"{host}:{port} {why}") from None


def _trouble(error: OSError) -> tuple[str, str]:
    """Which setting to look at, and what the mail server did, in words of our own: its own may repeat what was sent."""
    key, why = "smtp_host", "cannot be reached, or broke off"
    match error:
        case smtplib.SMTPAuthenticationError():
            key, why = "smtp_password_env", f"does not take user and password ({error.smtp_code})"
        case smtplib.SMTPRecipientsRefused():
            code, _ = next(iter(error.recipients.values()))
            key, why = "mail_to", f"takes no mail for any of the readers ({code})"
        case smtplib.SMTPSenderRefused():
            key, why = "mail_from", f"takes no mail from this sender ({error.smtp_code})"
        case smtplib.SMTPNotSupportedError():
            key, why = "starttls", "offers no STARTTLS, or no login"
        case smtplib.SMTPResponseException():
            key, why = "smtp_host", f"refuses ({error.smtp_code})"
        case ssl.SSLCertVerificationError():
            key, why = "smtp_host", "has a certificate that does not hold"
        case TimeoutError():
            key, why = "smtp_host", "does not answer in time"
        case ssl.SSLError():
            key, why = "smtp_port", "does not speak TLS there"
        case _ if isinstance(error.__context__, TimeoutError):  # smtplib calls a silence a lost connection
            why = "does not answer in time"
    return key, why


def _secret(workspace: Workspace, name: str, variable: str | None) -> str:
    """What the environment holds under a name that the settings give; nothing where they give none."""
    if variable is None:
        return ""
    value = os.environ.get(variable, "").strip()
    if not value:
        raise _failed(workspace, name, f"the variable {variable} is empty")
    web.keep_secret(value)
    return value


def _failed(workspace: Workspace, key: str, why: str) -> SendError:
    text = workspace.settings_file.read_text(encoding="utf-8")
    line = line_of(text, ["digest", key])
    return SendError(
        f"digest: {web.redact(why)}. Check '{key}' in {workspace.settings_file}, line {line}, and run "
        "'ospo-metrics send-digest' again."
    )


def _settings(workspace: Workspace) -> Digest:
    if workspace.settings.digest is None:
        raise SendError(
            f"there is no [digest] in {workspace.settings_file}, so nobody is known to send it to. Add mail_to or "
            "webhook_url_env; 'ospo-metrics init' writes an example of them."
        )
    return workspace.settings.digest


def _local(workspace: Workspace, now: datetime) -> datetime:
    return now.astimezone(ZoneInfo(workspace.settings.ospo.timezone))


class _Notes:
    """Which week was last sent which way, in a file that is ours while we look at it."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        file.seek(0)
        try:
            self._weeks: dict[str, str] = dict(json.loads(file.read() or "{}"))
        except (ValueError, TypeError):
            raise SendError(
                f"{file.name} cannot be read, so it is not known what was sent. Take it away to send the digest anew."
            ) from None

    def last(self, way: str) -> str | None:
        return self._weeks.get(way)

    def keep(self, way: str, week: str) -> None:
        self._weeks[way] = week
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps(self._weeks))
        self._file.flush()


@contextmanager
def _notes(workspace: Workspace) -> Iterator[_Notes]:
    """The notes on what was sent; nobody else reads or writes them meanwhile."""
    workspace.private.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (workspace.private / "digests.json").open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield _Notes(file)
