"""Pseudonyms: keyed by kind, the same for every spelling, and made with one key that nobody else may read."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from ospo_metrics import steps, transform
from ospo_metrics.items import Context, SourceError
from ospo_metrics.progress import Quiet
from ospo_metrics.pseudonyms import (
    HANDED_OVER,
    KEY_FILE,
    KeyUnusableError,
    derived,
    fingerprint,
    pseudonym,
    pseudonyms,
    read_key,
    subkey,
)
from ospo_metrics.settings import SettingsError, Workspace, open_workspace
from ospo_metrics.sources import attendance
from ospo_metrics.transform import BuildError

KEY = bytes(range(32))
VARIABLE = "OSPO_TEST_KEY"

# Appendix A of RFC 5869, the three cases with SHA-256: key, salt, info, length, derived key.
RFC_5869 = (
    (
        "0b" * 22,
        "000102030405060708090a0b0c",
        "f0f1f2f3f4f5f6f7f8f9",
        42,
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        "".join(f"{n:02x}" for n in range(0x00, 0x50)),
        "".join(f"{n:02x}" for n in range(0x60, 0xB0)),
        "".join(f"{n:02x}" for n in range(0xB0, 0x100)),
        82,
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
        "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
    ),
    (
        "0b" * 22,
        "",
        "",
        42,
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
)


@pytest.mark.parametrize(("key", "salt", "info", "length", "expected"), RFC_5869)
def test_keys_are_derived_as_the_rfc_says(key: str, salt: str, info: str, length: int, expected: str) -> None:
    """The derivation gives what RFC 5869 prints in its appendix."""
    found = derived(bytes.fromhex(key), bytes.fromhex(info), salt=bytes.fromhex(salt), length=length)
    assert expected == found.hex()


@given(
    st.binary(min_size=1, max_size=80), st.binary(max_size=80), st.binary(max_size=80), st.integers(1, 300)
)
def test_keys_are_derived_as_another_library_derives_them(
    key: bytes, salt: bytes, info: bytes, length: int
) -> None:
    """For any key, salt, purpose and length, `cryptography` derives the same."""
    expected = HKDF(algorithm=SHA256(), length=length, salt=salt or None, info=info).derive(key)
    assert expected == derived(key, info, salt=salt, length=length)


def test_a_pseudonym_is_keyed_by_kind_and_forgets_the_spelling() -> None:
    """It is HMAC-SHA256 under the subkey of its kind, as an independent computation finds."""
    mine = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"ospo-metrics|pseudonym|v2|address").derive(
        KEY
    )
    expected = hmac.new(mine, b"ada@example.org", hashlib.sha256).hexdigest()[:32]

    assert pseudonym(KEY, "address", " Ada@Example.ORG ") == expected
    assert pseudonym(bytes(32), "address", "ada@example.org") != expected
    assert pseudonym(KEY, "login", "ada@example.org") != expected
    assert subkey(KEY, "login") != subkey(KEY, "address")


@given(st.sampled_from(["address", "login", "mail_name"]), st.lists(st.text()))
def test_many_at_once_are_the_same_as_one_by_one(kind: str, values: list[str]) -> None:
    """The fast way is the same way."""
    assert [pseudonym(KEY, kind, value) for value in values] == pseudonyms(KEY, kind, values)


def test_a_million_take_seconds() -> None:
    """A million pseudonyms of one kind are made in seconds, not minutes."""
    values = [f"person.{n}@example.org" for n in range(200_000)]
    began = time.process_time()
    found = pseudonyms(KEY, "address", values)
    assert len(set(found)) == 200_000
    assert time.process_time() - began < 3


def test_a_fingerprint_is_not_the_key() -> None:
    """It tells keys apart and holds no part of them."""
    assert fingerprint(KEY) != fingerprint(bytes(32))
    assert not any(KEY.hex()[n : n + 8] in fingerprint(KEY) for n in range(56))


def _keep(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / KEY_FILE
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_key_comes_from_file_or_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Either will do, both may agree, and where there is none there is none."""
    assert read_key(tmp_path) is None
    assert read_key(tmp_path, VARIABLE) is None
    monkeypatch.setenv(VARIABLE, KEY.hex().upper() + "\n")
    assert read_key(tmp_path, VARIABLE) == KEY
    _keep(tmp_path, KEY.hex() + "\n")
    assert read_key(tmp_path, VARIABLE) == KEY
    monkeypatch.delenv(VARIABLE)
    assert read_key(tmp_path, VARIABLE) == KEY


@pytest.mark.parametrize(
    ("kept", "mode", "told", "sentence"),
    [
        (KEY.hex(), 0o644, "", r"others than its owner may read .*Run: chmod 600 "),
        (KEY.hex(), 0o640, "", r"others than its owner may read"),
        (KEY.hex()[:-2], 0o600, "", r"is damaged\. Restore it from your backup"),
        ("", 0o600, "", r"is damaged"),
        (None, 0, "too short", r"the variable OSPO_TEST_KEY does not hold .*openssl rand -hex 32"),
        (KEY.hex(), 0o600, "00" * 32, r"hold different keys.*Put the key of the file into the variable"),
    ],
)
def test_a_key_that_must_not_be_used_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str | None, mode: int, told: str, sentence: str
) -> None:
    """Readable by others, damaged, or two that differ: a sentence says what to do and repeats no digit."""
    if kept is not None:
        _keep(tmp_path, kept, mode)
    monkeypatch.setenv(VARIABLE, told)

    with pytest.raises(KeyUnusableError, match=sentence) as caught:
        read_key(tmp_path, VARIABLE)

    assert KEY.hex()[:8] not in str(caught.value)
    lists = attendance.Lists("outreach/attendance", key_env=VARIABLE)
    with pytest.raises(SourceError, match=sentence):
        list(attendance.read(attendance.Instance("outreach", None, lists), "", Context(tmp_path, None)))  # type: ignore[arg-type]


def test_a_key_in_the_settings_is_not_repeated(tmp_path: Path) -> None:
    """Who writes the key where its variable's name belongs is told so, without the key."""
    digits = "ab" * 32
    (tmp_path / "ospo.toml").write_text(
        '[ospo]\nname = "X"\n[[communities]]\nid = "a"\nname = "A"\nprojects = ["a/b"]\n'
        f'[privacy]\nkey_env = "{digits}"\n'
    )
    with pytest.raises(SettingsError, match=r"line 8: 'privacy.key_env' is no name of a variable") as caught:
        open_workspace(tmp_path)
    assert digits not in str(caught.value)


@pytest.fixture
def by_variable(published: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A published workspace whose key was moved from the file into a variable."""
    folder = tmp_path / "workspace"
    shutil.copytree(published.folder, folder)
    monkeypatch.setenv(VARIABLE, (folder / KEY_FILE).read_text().strip())
    (folder / KEY_FILE).unlink()
    settings = (folder / "ospo.toml").read_text()
    assert "[privacy]" in settings
    (folder / "ospo.toml").write_text(
        settings.replace("[privacy]\n", f'[privacy]\nkey_env = "{VARIABLE}"\n', 1)
    )
    return open_workspace(folder)


def test_with_a_variable_the_key_is_in_no_file(
    by_variable: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole run makes no key file, knows the same people, and leaves the key in no byte that it writes."""
    before = _people(by_variable)
    digits = transform.ensure_key(by_variable).hex()

    result = steps.run(by_variable, lambda step: step.do(Quiet()))

    assert result.ok, result.message
    assert not by_variable.pseudonym_key.exists()
    assert before == _people(by_variable)
    written = [path for path in by_variable.folder.rglob("*") if path.is_file()]
    assert [] == [path for path in written if digits.encode() in path.read_bytes().lower()]
    manifest = json.loads(transform.manifest(by_variable).read_text())
    assert HANDED_OVER not in json.dumps(manifest)

    monkeypatch.delenv(VARIABLE)
    with pytest.raises(BuildError, match=f"{VARIABLE}, is gone, and with a new one everybody would be"):
        transform.ensure_key(by_variable)
    monkeypatch.setenv(VARIABLE, "12" * 32)
    with pytest.raises(BuildError, match="is another than the one by which people are known"):
        transform.ensure_key(by_variable)


def test_a_named_variable_without_a_key_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where ospo.toml names a variable, no key file is made in its place."""
    (tmp_path / "ospo.toml").write_text(
        '[ospo]\nname = "X"\n[[communities]]\nid = "a"\nname = "A"\nprojects = ["a/b"]\n'
        f'[privacy]\nkey_env = "{VARIABLE}"\n'
    )
    workspace = open_workspace(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(BuildError, match=f"the variable {VARIABLE}, named by 'key_env' in .*, is empty"):
        transform.ensure_key(workspace)
    assert not workspace.pseudonym_key.exists()


def _people(workspace: Workspace) -> list[tuple[object, ...]]:
    with transform.open_warehouse(workspace.warehouse, read_only=True) as connection:
        return connection.execute("select person_id, handle from core.dim_people order by all").fetchall()
