"""The key of the pseudonyms, for a source that names people."""

from __future__ import annotations

from pathlib import Path

from ospo_metrics.items import SourceError
from ospo_metrics.pseudonyms import KEY_FILE, KeyUnusableError, read_key


def needed_key(source: str, workspace: Path, key_env: str | None) -> bytes:
    """The key, without which no address may be read; `SourceError` where there is none that can be used."""
    try:
        key = read_key(workspace, key_env)
    except KeyUnusableError as error:
        raise SourceError(f"{source}: {error}") from None
    if key is None:
        raise SourceError(
            f"{source}: there is no whole key in {KEY_FILE}, and without it no address may be read. "
            "Run 'ospo-metrics collect', which makes one, or restore it from your backup."
        )
    return key
