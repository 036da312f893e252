"""Settings: every mistake is named with file, line, key and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from ospo_metrics.project import root
from ospo_metrics.settings import SettingsError, open_workspace

GOOD = """\
[ospo]
name = "Example OSPO"
timezone = "Europe/Berlin"

[[communities]]
id = "storage"
name = "Storage"
projects = ["example/fastfs", "example/block-*"]
mailing_lists = ["fastfs-dev"]

[sources.github]
token_env = ["EXAMPLE_TOKEN"]

[[sources.mailing_lists]]
id = "fastfs-dev"
location = "archives/*.mbox"
"""


def _error(folder: Path, text: str) -> str:
    (folder / "ospo.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        open_workspace(folder)
    return str(caught.value).replace(f"{folder}/", "")


def test_good_settings_are_taken(tmp_path: Path) -> None:
    """What the architecture shows is accepted as it stands."""
    (tmp_path / "ospo.toml").write_text(GOOD)

    settings = open_workspace(tmp_path).settings

    assert settings.communities[0].projects == ["example/fastfs", "example/block-*"]


def test_the_template_of_a_new_workspace_is_valid() -> None:
    """What `init` writes can be opened at once."""
    settings = open_workspace(root() / "data" / "workspace").settings

    assert settings.ospo.own_domains == ["example.com"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            'timezone = "Europe/Berlin"',
            'time_zone = "Europe/Berlin"',
            "ospo.toml, line 3: unknown key 'ospo.time_zone'; did you mean 'timezone'?",
        ),
        (
            'timezone = "Europe/Berlin"',
            'timezone = "Europe/Berlim"',
            "ospo.toml, line 3: 'ospo.timezone' is 'Europe/Berlim': no such time zone, did you mean "
            "'Europe/Berlin'. Write for example: timezone = \"Europe/Berlin\"",
        ),
        (
            'timezone = "Europe/Berlin"',
            'locale = "german"',
            "ospo.toml, line 3: 'ospo.locale' is 'german': no such locale; write language and country, such as "
            "'en-GB'. Write for example: locale = \"de-DE\"",
        ),
        (
            'projects = ["example/fastfs", "example/block-*"]',
            'projects = "example/fastfs"',
            "ospo.toml, line 8: 'communities.1.projects' is 'example/fastfs': input should be a valid list. "
            'Write for example: projects = ["example/fastfs", "example/block-*"]',
        ),
        (
            'name = "Example OSPO"\n',
            "",
            "ospo.toml, line 1: 'ospo.name' is missing; add it, for example: name = \"Example OSPO\"",
        ),
        (
            'mailing_lists = ["fastfs-dev"]',
            'mailing_lists = ["fastfs-devel"]',
            "ospo.toml, line 9: mailing list 'fastfs-devel' of community 'storage' has no "
            "[[sources.mailing_lists]] with id = 'fastfs-devel'; add one or take the name out.",
        ),
        (
            "[[communities]]",
            '[schedule]\ncron = "99 3 * * *"\n\n[[communities]]',
            "ospo.toml, line 6: 'schedule.cron' is '99 3 * * *': '99' is no value from 0 to 59. "
            'Write for example: cron = "30 3 * * *"',
        ),
        (
            'timezone = "Europe/Berlin"',
            "hour_rate = 0",
            "ospo.toml, line 3: 'ospo.hour_rate' is 0: input should be greater than 0. Write for example: "
            "hour_rate = 75 (without this line the hours of our own staff are in no cost)",
        ),
        (
            "[ospo]",
            "[ospo",
            "ospo.toml is not valid TOML: Expected ']' at the end of a table declaration (at line 1, column 6). "
            "Put that line right, or the one above it, and try again with 'ospo-metrics check'.",
        ),
    ],
)
def test_a_mistake_is_named_with_line_key_and_remedy(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    """The error says which file, which line, which key, and what to write instead."""
    assert _error(tmp_path, GOOD.replace(old, new)).splitlines()[0] == expected


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    """Without ospo.toml the error names the command that makes one."""
    with pytest.raises(SettingsError, match=r"ospo-metrics init"):
        open_workspace(tmp_path)


@pytest.mark.parametrize("token", ["ghp_" + "x" * 36, "github_pat_" + "x" * 22, "a-b!"])
def test_a_token_in_place_of_a_variable_is_refused_without_repeating_it(tmp_path: Path, token: str) -> None:
    """Somebody who pastes a token into ospo.toml does not see it again in a log."""
    message = _error(tmp_path, GOOD.replace("EXAMPLE_TOKEN", token))

    assert "token_env" in message
    assert token not in message


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        (
            '[[sources.git]]\nproject = "example/fastsf"\nlocation = "x.git"\n',
            "ospo.toml, line 18: project 'example/fastsf' belongs to no community; did you mean 'example/fastfs'?",
        ),
        (
            '[[sources.mailing_lists]]\nid = "other"\nlocation = "x"\n',
            "ospo.toml, line 18: mailing list 'other' belongs to no community; add it to the 'mailing_lists' of one.",
        ),
        (
            2 * '[[sources.identities]]\nid = "gitdm"\nlocation = "a"\n',
            "ospo.toml, line 21: id 'gitdm' is used twice in sources.identities; rename one.",
        ),
        (
            '[[sources.identities]]\nid = "gitdm"\n',
            "ospo.toml, line 17: 'sources.identities.1.location' is missing; add it, for example: "
            'location = "gitdm/developers_affiliations*.txt"',
        ),
    ],
)
def test_a_source_of_no_community_is_named(tmp_path: Path, added: str, expected: str) -> None:
    """What nobody would ever see in a number is a mistake, not a silence."""
    assert _error(tmp_path, GOOD + added) == expected


def test_a_glob_that_can_match_nothing_is_named(tmp_path: Path) -> None:
    """Without GitHub only the projects of the git sources are known, and a glob has to match one of them."""
    without = GOOD.replace('[sources.github]\ntoken_env = ["EXAMPLE_TOKEN"]\n', "")
    text = without + '[[sources.git]]\nproject = "example/fastfs"\nlocation = "x.git"\n'

    assert _error(tmp_path, text).startswith("ospo.toml, line 8: 'example/block-*' matches no project;")


MAIL = '[digest]\nmail_to = ["a@example.com"]\nmail_from = "b@example.com"\nsmtp_host = "smtp.example.com"\n'


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        (
            "[digest]\n",
            "ospo.toml, line 18: [digest] says nobody to whom it goes. Write for example: "
            'mail_to = ["outreach@example.com"], or webhook_url_env = "OSPO_WEBHOOK_URL" (the name of a variable, '
            "never the address)",
        ),
        (
            '[digest]\nmail_to = ["a@example.com"]\nsmtp_host = "x"\n',
            "ospo.toml, line 19: a mail needs 'mail_from'. Add for example: mail_from = \"ospo-metrics@example.com\"",
        ),
        (
            MAIL + 'smtp_user_env = "A_USER"\n',
            "ospo.toml, line 18: a user and a password go together. Add for example: smtp_password_env = "
            '"OSPO_SMTP_PASSWORD" (the name of a variable, never the password)',
        ),
        (
            MAIL + 'smtp_user_env = "A_USER"\nsmtp_password_env = "A_WORD"\nstarttls = false\n',
            "ospo.toml, line 24: without TLS the password could be read on its way. Write starttls = true.",
        ),
        (
            MAIL + 'send_on = "Monday"\n',
            "ospo.toml, line 22: 'digest.send_on' is 'Monday': input should be 'monday', 'tuesday', 'wednesday', "
            "'thursday', 'friday', 'saturday' or 'sunday'. Write for example: send_on = \"monday\"",
        ),
        (
            MAIL.replace("a@example.com", "everybody"),
            "ospo.toml, line 19: 'digest.mail_to.1' is 'everybody': it has to look like "
            "^[\\w.+-]+@[\\w-]+(\\.[\\w-]+)+$. "
            'Write for example: mail_to = ["outreach@example.com"]',
        ),
    ],
)
def test_a_digest_needs_somebody_and_a_way(tmp_path: Path, added: str, expected: str) -> None:
    """To whom, from whom, through which server, and never a password in the clear."""
    assert _error(tmp_path, f"{GOOD}\n{added}") == expected


def test_a_digest_that_can_be_sent_is_taken(tmp_path: Path) -> None:
    """A mail server of this machine needs no TLS, and port 465 speaks it from the first byte."""
    login = 'smtp_user_env = "A_USER"\nsmtp_password_env = "A_WORD"\nstarttls = false\n'
    for mail in (MAIL.replace("smtp.example.com", "localhost"), MAIL + "smtp_port = 465\n"):
        (tmp_path / "ospo.toml").write_text(GOOD + mail + login)
        assert open_workspace(tmp_path).settings.digest is not None


@pytest.mark.parametrize("key", ["webhook_url_env", "smtp_password_env", "smtp_user_env"])
def test_a_secret_of_the_digest_in_place_of_a_variable_is_not_repeated(tmp_path: Path, key: str) -> None:
    """Somebody who pastes the address of a chat or a password into ospo.toml does not see it again in a log."""
    message = _error(tmp_path, f'{GOOD}\n[digest]\n{key} = "https://chat.example.com/services/T0/B0/xyz"\n')

    assert f"'digest.{key}' is no name of a variable" in message
    assert "services" not in message
