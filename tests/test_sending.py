"""The digest on its way: real servers on loopback, and never twice for one week."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ospo_metrics import check, sending, steps
from ospo_metrics.sending import SendError, send
from ospo_metrics.settings import Workspace, open_workspace
from published_goals import JUNE, MAY, add, build, newcomers
from scripted_server import Reply, ScriptedServer
from smtp_server import SmtpServer, certificate

MONDAY = datetime(2026, 7, 13, 6, 0, tzinfo=UTC)
SUNDAY = datetime(2026, 7, 19, 20, 0, tzinfo=UTC)
NEXT_MONDAY = datetime(2026, 7, 19, 22, 30, tzinfo=UTC)
"""By the clock of Berlin it is half past midnight."""

SETTINGS = """\
[ospo]
name = "Example OSPO"
timezone = "Europe/Berlin"

[[communities]]
id = "storage"
name = "Storage"

[digest]
"""
PASSWORD, HOOK = "canary-password-5e1f", "/services/canary-hook-91ab"


@pytest.fixture
def mail() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ScriptedServer() as server:
        server.otherwise = lambda asked: Reply(body=b"ok", headers={"Content-Type": "text/plain"})
        monkeypatch.setenv("A_HOOK", f"{server.url}{HOOK}")
        yield server


def place(folder: Path, digest: str) -> Workspace:
    """A workspace with these lines under [digest], and something to tell."""
    folder.mkdir(exist_ok=True)
    (folder / "ospo.toml").write_text(SETTINGS + digest, encoding="utf-8")
    workspace = open_workspace(folder)
    if not workspace.database.is_file():
        build(workspace.database)
        add(workspace.database, "metrics.metric_values", newcomers(MAY, 10), newcomers(JUNE, 100))
    return workspace


def by_mail(server: SmtpServer, *more: str) -> str:
    return "\n".join(
        [
            'mail_to = ["ada@example.com", "bo@example.com"]',
            'mail_from = "ospo@example.com"',
            'smtp_host = "127.0.0.1"',
            f"smtp_port = {server.port}",
            *(more or ["starttls = false"]),
        ]
    )


def test_a_mail_says_the_same_in_text_and_html(tmp_path: Path, mail: SmtpServer) -> None:
    """One mail to all readers, with both forms, the links where readers find the pages, and no other file."""
    workspace = place(
        tmp_path, by_mail(mail, "starttls = false", 'dashboards_url = "https://ospo.example.com/d/"')
    )
    workspace.dashboards.mkdir(parents=True)
    (workspace.dashboards / "newcomers.html").touch()
    sent = send(workspace, MONDAY)

    (letter,) = mail.letters
    text, html = letter.mail.iter_parts()
    assert sent.sentence == "Sent by mail."
    assert (letter.sender, letter.readers) == ("ospo@example.com", ["ada@example.com", "bo@example.com"])
    assert letter.mail["Subject"] == "Example OSPO: outreach up to 12 July 2026"
    assert letter.mail["Auto-Submitted"] == "auto-generated"
    assert letter.mail["Message-ID"].endswith("@example.com>")
    assert (letter.mail.get_content_type(), text.get_content_type(), html.get_content_type()) == (
        "multipart/alternative",
        "text/plain",
        "text/html",
    )
    assert "Better: 100 people from outside made a first contribution" in text.get_content()
    assert "https://ospo.example.com/d/newcomers.html" in text.get_content()
    assert 'href="https://ospo.example.com/d/newcomers.html"' in html.get_content()
    assert "SIMULATED DATA" in text.get_content()


def test_without_the_address_of_the_pages_a_mail_links_nothing(tmp_path: Path, mail: SmtpServer) -> None:
    """A link to a file on somebody else's disk is no link."""
    workspace = place(tmp_path, by_mail(mail))
    workspace.dashboards.mkdir(parents=True)
    (workspace.dashboards / "newcomers.html").touch()
    send(workspace, MONDAY)

    assert "href" not in mail.letters[0].mail.get_body(("html",)).get_content()  # type: ignore[union-attr]


def test_a_chat_gets_the_text_as_json(tmp_path: Path, chat: ScriptedServer) -> None:
    """`text` is what Slack, Mattermost and Teams show."""
    send(place(tmp_path, 'webhook_url_env = "A_HOOK"'), MONDAY)

    (asked,) = chat.asked
    assert (asked.method, asked.path, asked.headers["content-type"]) == ("POST", HOOK, "application/json")
    assert list(asked.json) == ["text"]
    assert asked.json["text"].startswith("Example OSPO: outreach up to 12 July 2026")


def test_a_promise_to_take_it_is_enough(tmp_path: Path, chat: ScriptedServer) -> None:
    """Teams answers 202."""
    chat.script.append(Reply(status=202))
    assert send(place(tmp_path, 'webhook_url_env = "A_HOOK"'), MONDAY).now == ["webhook"]


def test_no_name_calls_everybody_in_a_chat(tmp_path: Path, chat: ScriptedServer) -> None:
    """`<!channel>`, `@all` and a link in a name reach the chat as text."""
    name = "<!channel> @all <https://a.example|here>"
    (tmp_path / "ospo.toml").write_text(SETTINGS + 'webhook_url_env = "A_HOOK"')
    workspace = open_workspace(tmp_path)
    build(workspace.database, ospo_name=name)
    send(workspace, MONDAY)

    text = chat.asked[0].json["text"]
    assert text.startswith("&lt;!channel&gt; @\u200ball &lt;https://a.example|here&gt;")


def test_it_is_never_sent_twice_for_one_week(tmp_path: Path, mail: SmtpServer, chat: ScriptedServer) -> None:
    """A second time says so; --again sends it; the next week by the OSPO's own clock is another one."""
    workspace = place(tmp_path, by_mail(mail, "starttls = false", 'webhook_url_env = "A_HOOK"'))

    assert send(workspace, MONDAY).sentence == "Sent by mail and webhook."
    assert send(workspace, SUNDAY).sentence == (
        "Mail and webhook: sent in the week 2026-W29 already. Send it again with 'ospo-metrics send-digest --again'."
    )
    assert (len(mail.letters), len(chat.asked)) == (1, 1)
    assert send(workspace, SUNDAY, again=True).now == ["mail", "webhook"]
    assert send(workspace, NEXT_MONDAY).now == ["mail", "webhook"]
    assert (len(mail.letters), len(chat.asked)) == (3, 3)
    assert json.loads((workspace.private / "digests.json").read_text()) == {
        "mail": "2026-W30",
        "webhook": "2026-W30",
    }


def test_only_what_failed_is_tried_again(tmp_path: Path, mail: SmtpServer, chat: ScriptedServer) -> None:
    """The chat was away; the mail that went out does not go out once more."""
    workspace = place(tmp_path, by_mail(mail, "starttls = false", 'webhook_url_env = "A_HOOK"'))
    chat.script.append(Reply(status=503, body=b"away"))
    with pytest.raises(SendError, match=r"answers 503 .* Sent by mail\.$"):
        send(workspace, MONDAY)

    assert send(workspace, MONDAY).now == ["webhook"]
    assert (len(mail.letters), len(chat.asked)) == (1, 2)


def test_a_login_goes_over_tls_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With STARTTLS and a certificate that we trust, user and password arrive encrypted."""
    monkeypatch.setenv("A_USER", "ospo")
    monkeypatch.setenv("A_PASSWORD", PASSWORD)
    trusted = certificate(tmp_path)
    login = ['smtp_user_env = "A_USER"', 'smtp_password_env = "A_PASSWORD"']
    with SmtpServer(trusted, users={"ospo": PASSWORD}) as server:
        workspace = place(tmp_path / "office", by_mail(server, *login))
        with pytest.raises(SendError, match="has a certificate that does not hold"):
            send(workspace, MONDAY)
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        send(workspace, MONDAY)
        (finding,) = [one for one in check.check(workspace) if one.what == "digest by mail"]

    (letter,) = server.letters
    assert (letter.is_encrypted, letter.user, letter.password) == (True, "ospo", PASSWORD)
    assert (finding.ok, finding.text) == (True, "127.0.0.1 takes us; 2 readers")


@pytest.mark.parametrize(
    ("refuses", "key", "said"),
    [
        (
            {"AUTH": f"535 no, {PASSWORD} is wrong"},
            "smtp_password_env",
            "does not take user and password (535)",
        ),
        ({"MAIL": "550 who are you"}, "mail_from", "takes no mail from this sender (550)"),
        ({"RCPT": "550 nobody"}, "mail_to", "takes no mail for any of the readers (550)"),
        ({"DATA": "552 too large"}, "smtp_host", "refuses (552)"),
    ],
    ids=["login", "sender", "readers", "letter"],
)
def test_a_refusal_is_a_sentence_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refuses: dict[str, str], key: str, said: str
) -> None:
    """What the server refused, which setting to look at, and what to do; nothing of what was sent is repeated."""
    monkeypatch.setenv("A_USER", "ospo")
    monkeypatch.setenv("A_PASSWORD", PASSWORD)
    login = ("starttls = false", 'smtp_user_env = "A_USER"', 'smtp_password_env = "A_PASSWORD"')
    with SmtpServer(users={"ospo": PASSWORD}, refuses=refuses) as server:
        workspace = place(tmp_path, by_mail(server, *login))
        with pytest.raises(SendError) as caught:
            send(workspace, MONDAY)

    lines = workspace.settings_file.read_text(encoding="utf-8").splitlines()
    (line,) = [at for at, text in enumerate(lines, 1) if text.startswith(f"{key} ")]
    assert str(caught.value) == (
        f"digest: 127.0.0.1:{server.port} {said}. Check '{key}' in {workspace.settings_file}, line {line}, and run "
        "'ospo-metrics send-digest' again."
    )
    assert PASSWORD not in str(caught.value)
    assert not (workspace.private / "digests.json").read_text()


def test_one_reader_that_is_refused_does_not_keep_the_others_from_it(tmp_path: Path) -> None:
    """It went out, so it does not go out again; but the address that was refused is to be looked at."""
    with SmtpServer(refuses={"RCPT bo@example.com": "550 nobody"}) as server:
        workspace = place(tmp_path, by_mail(server))
        with pytest.raises(SendError, match="took the digest, but not for 1 of 2 readers"):
            send(workspace, MONDAY)
        assert send(workspace, MONDAY).before == ["mail"]
    assert server.letters[0].readers == ["ada@example.com"]


@pytest.mark.parametrize("how", ["nobody there", "no starttls", "silent"])
def test_a_server_that_is_no_use_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Nobody listens, it offers no encryption, or it never answers: one sentence each, and no mail in the clear."""
    monkeypatch.setattr(sending, "SECONDS", 0.5)
    with SmtpServer(is_silent=how == "silent") as server:
        starttls = ["starttls = true"] if how == "no starttls" else ["starttls = false"]
        workspace = place(tmp_path, by_mail(server, *starttls))
        if how == "nobody there":
            server.__exit__()
        said = {
            "nobody there": "cannot be reached",
            "no starttls": "offers no STARTTLS",
            "silent": "does not answer in time",
        }[how]
        with pytest.raises(SendError, match=said):
            send(workspace, MONDAY)
        assert server.letters == []
        if how == "nobody there":
            server.__enter__()


@pytest.mark.parametrize("wrong", ["gone", "html", "no url", "empty"])
def test_the_address_of_the_chat_is_never_told(
    tmp_path: Path, chat: ScriptedServer, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """Who knows the address can post there, so no error repeats it."""
    if wrong == "gone":
        monkeypatch.setenv("A_HOOK", f"http://127.0.0.1:9{HOOK}")
    if wrong in ("no url", "empty"):
        monkeypatch.setenv("A_HOOK", HOOK if wrong == "no url" else "")
    chat.script.append(Reply(status=404, body=HOOK.encode()))
    with pytest.raises(SendError) as caught:
        send(place(tmp_path, 'webhook_url_env = "A_HOOK"'), MONDAY)

    assert HOOK not in str(caught.value)
    assert "canary-hook" not in str(caught.value)
    assert "Check 'webhook_url_env' in" in str(caught.value)


def test_a_redirected_chat_is_not_followed_elsewhere(tmp_path: Path, chat: ScriptedServer) -> None:
    """What is posted goes to the server that was named, and to no other."""
    chat.script.append(Reply(status=307, headers={"Location": "http://127.0.0.1:9/elsewhere"}))
    with pytest.raises(SendError, match="redirected to another server"):
        send(place(tmp_path, 'webhook_url_env = "A_HOOK"'), MONDAY)


@pytest.mark.parametrize(
    ("on", "now", "is_due"),
    [("monday", MONDAY, True), ("tuesday", MONDAY, False), ("tuesday", SUNDAY, True), ("", SUNDAY, False)],
)
def test_a_run_sends_it_from_its_day_on(tmp_path: Path, on: str, now: datetime, is_due: bool) -> None:
    """A night that was missed is made up for later in the same week; without a day no run sends."""
    line = f'\nsend_on = "{on}"' if on else ""
    assert sending.is_due(place(tmp_path, f'webhook_url_env = "A_HOOK"{line}'), now) is is_due


def test_the_nightly_run_has_the_step_only_where_a_day_is_named(tmp_path: Path, chat: ScriptedServer) -> None:
    """With send_on the last step of a run sends it once; without it there is no such step."""
    silent = place(tmp_path / "silent", 'webhook_url_env = "A_HOOK"')
    weekly = place(tmp_path / "weekly", 'webhook_url_env = "A_HOOK"\nsend_on = "monday"')
    verbs = [[step.verb for step in steps.plan(one, "run")] for one in (silent, weekly)]
    *_, step = steps.plan(weekly, "run")

    assert verbs[1] == [*verbs[0], "send-digest"]
    assert step.do(None).summary == "Sent by webhook."  # type: ignore[arg-type]
    assert step.do(None).summary.startswith("Not due")  # type: ignore[arg-type]
    assert len(chat.asked) == 1


def test_notes_that_cannot_be_read_stop_it(tmp_path: Path, chat: ScriptedServer) -> None:
    """Whoever does not know what was sent sends nothing, and says which file to take away."""
    workspace = place(tmp_path, 'webhook_url_env = "A_HOOK"')
    workspace.private.mkdir()
    (workspace.private / "digests.json").write_text("[1")
    with pytest.raises(SendError, match=r"digests\.json cannot be read"):
        send(workspace, MONDAY)
    assert chat.asked == []


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from ospo_metrics.cli import app; app()", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_prints_or_sends_it(tmp_path: Path, chat: ScriptedServer) -> None:
    """--dry-run prints what would be sent and sends nothing; a second time in a week is told and is no failure."""
    workspace = place(tmp_path, 'webhook_url_env = "A_HOOK"')
    dry, sent, second = (
        _run("send-digest", "-w", workspace.folder, *more) for more in (["--dry-run"], [], [])
    )

    assert dry.stdout.startswith("Example OSPO: outreach up to 12 July 2026\n")
    assert (dry.returncode, sent.returncode, second.returncode) == (0, 0, 0)
    assert sent.stdout == "Sent by webhook.\n"
    assert "already" in second.stdout
    assert len(chat.asked) == 1


def test_without_settings_the_command_says_what_to_write(tmp_path: Path) -> None:
    """No table, no readers: one sentence on standard error; a dry run still prints."""
    (tmp_path / "ospo.toml").write_text(SETTINGS.replace("[digest]\n", ""))
    build(open_workspace(tmp_path).database)
    done, dry = (_run("send-digest", "-w", tmp_path, *more) for more in ([], ["--dry-run"]))

    assert (done.returncode, dry.returncode) == (1, 0)
    assert done.stderr.startswith("ospo-metrics: there is no [digest] in ")
