"""Who behaves like a bot: pure rules on what is counted of a person's acts, no input or output.

Two signs have to agree before anybody is taken for a bot: that they say the same again and again, and that
they act as no human being would. Tidying up fast, keeping odd hours or answering with a template alone is human.

The pause and the number of kinds in `hurries` come from the accounts that were labelled by hand for RABBIT
(Chidambaram, Mens, Decan: A bot identification model and tool based on GitHub activity sequences; 645 bots
and 691 humans, Apache-2.0). Their columns are the same quantities: `feat_NA` the acts, `feat_NT` the kinds of
acts, `DCA_median` the median time between two acts, there in hours. The other limits are set by judgement, far
from what people do: the labelled accounts hold neither texts nor hours.
"""

from __future__ import annotations

from dataclasses import dataclass

FEWEST_ACTS = 30
"""Of fewer acts, or texts, nothing is said."""
FEWEST_DAYS = 10
"""Nor of what was done on fewer days: whoever tidies up for a week is in a hurry too."""

LONGEST_PAUSE_SECONDS = 60.0
"""A quarter of the longest median pause, in steps of two, at which no labelled human being is hit."""
MOST_KINDS = 4
"""Of this and fewer kinds the labelled bots are told best."""

MOST_DISTINCT_SHARE = 0.2
"""Five times the same text, numbers aside, for each text."""
ECHO_SECONDS = 60
"""An act so soon after somebody else's in the same conversation answers before it can be read."""
FEWEST_ECHOES_SHARE = 0.5
FEWEST_ACTS_OF_A_DAY = 100
"""How many acts it takes to tell the hours of a day."""
QUIET_HOURS_SHARE = 0.25
"""The quietest eight hours hold a third of what comes evenly, and next to nothing of what people do."""
SAME_TIME_SHARE = 0.8
"""So much within the same ten minutes of the day is a timer."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What is counted of one person's acts on platforms and lists; commits are left out."""

    acts: int
    days: int
    kinds: int
    median_pause_seconds: float | None
    """Between one act and the next; what is done to the same conversation within two seconds is one act."""
    texts: int
    distinct_texts: int
    """Once numbers, hashes and names of people are taken out."""
    echoes: int
    """Acts within a minute of somebody else's in the same conversation."""
    quiet_hours_share: float
    """The share of acts in the quietest eight hours of the day, by UTC."""
    same_time_share: float
    """The largest share of acts within ten minutes of the day, by UTC."""


def hurries(acts: int, kinds: int, median_pause_seconds: float | None) -> bool:
    """Whether somebody does few kinds of things, one after the other without a pause."""
    return (
        acts >= FEWEST_ACTS
        and kinds <= MOST_KINDS
        and median_pause_seconds is not None
        and median_pause_seconds <= LONGEST_PAUSE_SECONDS
    )


def repeats(seen: Behaviour) -> bool:
    """Whether somebody says the same again and again, in nearly everything that they do."""
    return (
        seen.texts >= FEWEST_ACTS
        and seen.texts >= (1 - MOST_DISTINCT_SHARE) * seen.acts
        and seen.distinct_texts <= MOST_DISTINCT_SHARE * seen.texts
    )


def why_a_bot(seen: Behaviour) -> str | None:
    """Why somebody is taken for a bot by their behaviour alone, in words, or None."""
    if seen.days < FEWEST_DAYS or not repeats(seen):
        return None
    signs = []
    if hurries(seen.acts, seen.kinds, seen.median_pause_seconds):
        signs.append(f"half of their acts come within {seen.median_pause_seconds:.0f} seconds of each other")
    if seen.echoes >= FEWEST_ECHOES_SHARE * seen.acts:
        signs.append(f"{seen.echoes} of {seen.acts} acts follow somebody else's within a minute")
    if seen.acts >= FEWEST_ACTS_OF_A_DAY and seen.quiet_hours_share >= QUIET_HOURS_SHARE:
        signs.append("they know no night")
    if seen.same_time_share >= SAME_TIME_SHARE:
        signs.append("they act at the same minutes of the day")
    if not signs:
        return None
    same = "the same text" if seen.distinct_texts == 1 else f"one of {seen.distinct_texts} texts"
    return f"wrote {same} {seen.texts} times, and {', and '.join(signs)}"
