"""What GitHub's GraphQL says went wrong: about one thing in an answer, or about a whole repository."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ospo_metrics.web import redact

Error = dict[str, Any]


class Errors:
    """The errors of one answer, found by the path to what they are about."""

    def __init__(self, errors: Sequence[Error]) -> None:
        self._errors = list(errors)

    def first(self, *path: str | int) -> Error:
        """The first error about what is at this path or above it, else about something within it."""
        about = [error for error in self._errors if _meet(_path(error), path)]
        return about[0] if about else {}

    def why(self, *path: str | int) -> str:
        """Why nothing is at this path."""
        if not (error := self.first(*path)):
            return "GitHub gives nothing here and does not say why"
        self._errors.remove(error)
        return _said(error)

    def left(self) -> list[str]:
        """What nobody asked for, each with its path."""
        return [f"{_said(error)} ({'.'.join(map(str, _path(error)))})" for error in self._errors]

    def refuse_cursor(self, *path: str | int) -> bool:
        """Whether GitHub does not know the cursor any more that was asked with."""
        error = self.first(*path)
        is_so = str(error.get("type") or "").startswith("INVALID_CURSOR")
        if is_so:
            self._errors.remove(error)
        return is_so


def refusal(name: str, variable: str, error: Error) -> str:
    """Why a repository cannot be read, and what to do; without an error it is not there."""
    message = redact(str(error.get("message") or "")).strip()
    lower = message.lower()
    token = f"the token in {variable}"
    match error.get("type") or ("NOT_FOUND" if not error else ""):
        case "NOT_FOUND":
            what = (
                f"it knows no such name, or hides it from us with {token}. Check the spelling under 'projects' in "
                "ospo.toml; what is private needs a token that may read it"
            )
        case "INSUFFICIENT_SCOPES":
            what = f"{token} lacks a scope. Make one that has it; GitHub says: {message}"
        case _ if "saml" in lower or "single sign" in lower:
            what = f"the organization has not authorized {token}. Authorize it for single sign-on"
        case _ if "ip allow list" in lower:
            what = (
                "the organization answers only addresses on its IP allow list. Ask its owners to add the one of this "
                "machine"
            )
        case _ if "dmca" in lower or "access blocked" in lower or "unavailable" in lower:
            what = f"it is closed. What we hold of it stays; GitHub says: {message}"
        case "FORBIDDEN" if "forbids access" in lower:
            what = f"the organization does not take {token}. Make one of the kind that it takes; GitHub says: {message}"
        case "FORBIDDEN":
            what = (
                f"it forbids this with {token}. A token needs read access to metadata, contents, issues, pull "
                f"requests and discussions; GitHub says: {message}"
            )
        case kind:
            what = f"it does not answer as expected. Run again later; GitHub says: {kind} {message}".strip()
    return f"GitHub, {name}: {what.rstrip('. ')}."


def _path(error: Error) -> tuple[Any, ...]:
    return tuple(error.get("path") or ())


def _meet(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether one path leads to the other, or through it."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _said(error: Error) -> str:
    kind = f"{error['type']}: " if error.get("type") else ""
    message = str(error.get("message") or "no reason").partition("Please include")[0].strip()
    return redact(f"GitHub gives nothing here: {kind}{message}")[:300]
