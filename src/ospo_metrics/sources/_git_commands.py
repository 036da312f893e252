"""Commands of git, run so that nothing but the repository itself decides what they do."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

URL = re.compile(r"(?:https?|file|ssh)://", re.IGNORECASE)
LOGIN = re.compile(r"(?<=://)[^/@\s]+@")
NEVER_RUN = {"core.hooksPath": "/dev/null", "protocol.ext.allow": "never", "safe.directory": "*"}
LOOK_ONLY = NEVER_RUN | {
    "advice.graftFileDeprecated": "false",
    "core.fsmonitor": "false",
    "i18n.logOutputEncoding": "UTF-8",
    "log.showSignature": "false",
}
FETCH = NEVER_RUN | {"gc.autoDetach": "false", "http.lowSpeedLimit": "1000", "http.lowSpeedTime": "60"}

ALONE = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
}
"""Nothing but the repository itself decides what is read: no network, no settings of this machine."""


def git_environment(settings: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment of a git command: no questions, plain English, and only the repository in `folder`."""
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith("GIT_") or k.startswith(("GIT_SSL", "GIT_SSH"))
    }
    kept.pop("SSH_ASKPASS", None)
    numbered = list(enumerate(settings.items()))
    return (
        {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}
        | kept
        | {
            "LC_ALL": "C",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "http:https:file:ssh",
            "GIT_CEILING_DIRECTORIES": str(folder.resolve().parent),
            "GIT_CONFIG_COUNT": str(len(numbered)),
        }
        | {f"GIT_CONFIG_KEY_{number}": key for number, (key, _) in numbered}
        | {f"GIT_CONFIG_VALUE_{number}": value for number, (_, value) in numbered}
    )


def run_git(
    command: Iterable[str], folder: Path, environment: Mapping[str, str], given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["git", *command], cwd=folder, env=environment, input=given, capture_output=True, check=False
    )


def last_line(complaint: bytes) -> str:
    lines = [line for line in complaint.decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("fatal:", "error:"))]
    text = (errors or lines or ["git gave no reason"])[0 if errors else -1]
    return LOGIN.sub("", text.removeprefix("fatal: ").removeprefix("error: ").rstrip(". "))


def safe_name(location: str) -> str:
    public = LOGIN.sub("", location)
    plain = re.sub(r"[^a-z0-9]+", "-", URL.sub("", public).lower().removesuffix(".git")).strip("-")
    return f"{plain[-60:].strip('-')}-{hashlib.sha256(public.encode()).hexdigest()[:8]}"
