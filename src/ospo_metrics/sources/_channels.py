"""How somebody heard of us, told in free text, as the few words that an analysis can use."""

from __future__ import annotations

import re

_WORDS = (
    ("word_of_mouth", r"friend|colleague|word of mouth|someone|somebody|manager|boss|teacher|empfehlung"),
    ("invitation", r"invit|einladung"),
    ("mailing_list", r"mailing list|mail(ing)?-?list|mailist|listserv"),
    ("newsletter", r"newsletter|news letter"),
    ("forum", r"discourse|forum|stack ?overflow|reddit|discussion board"),
    ("chat", r"slack|discord|matrix|irc|zulip|gitter|telegram|whatsapp"),
    ("meetup", r"meet-?up"),
    ("social_media", r"twitter|linked ?in|facebook|instagram|mastodon|fediverse|bluesky|tik ?tok|social|toots?\b"),
    ("video", r"you ?tube|video|vimeo|peertube|twitch"),
    ("podcast", r"podcast"),
    ("blog", r"blog|article|medium\.com|dev\.to"),
    ("code_host", r"git ?hub|git ?lab|codeberg|readme"),
    ("search", r"google|search|duckduckgo|bing\b"),
    ("event", r"conference|fosdem|talk|workshop|previous event|other event|booth"),
    ("web_site", r"web ?-?(site|page)|home ?page|project'?s? page|documentation|docs\b|e-?mail|internet|interwebs"),
    ("print", r"poster|flyer|newspaper|magazine|print"),
)  # fmt: skip
_PATTERNS = tuple((channel, re.compile(words, re.IGNORECASE)) for channel, words in _WORDS)


def channels(answer: str) -> list[str]:
    """The channels that an answer names, in a fixed order; `other` where it names none we know, nothing where empty.

    The answer itself is not kept: people write names and addresses into such fields.
    """
    text = answer.strip()
    if not text or text in ("--", "-"):
        return []
    return [channel for channel, pattern in _PATTERNS if pattern.search(text)] or ["other"]
