"""What people write: short synthetic sentences about made-up software."""

from __future__ import annotations

from ospo_metrics.simulation.dice import Dice

PARTS = {
    "storage": (
        "extent map",
        "journal replay",
        "snapshot diff",
        "inode cache",
        "write barrier",
        "quota check",
        "scrub job",
        "compression level",
        "mount helper",
        "block map",
        "trim support",
        "read-ahead",
    ),
    "observability": (
        "span index",
        "query planner",
        "retention job",
        "label parser",
        "ingest queue",
        "alert rule",
        "dashboard export",
        "sampling policy",
        "log shipper",
        "histogram merge",
        "tenant filter",
    ),
    "edge": (
        "node agent",
        "offline queue",
        "image pull",
        "device registry",
        "route table",
        "handover timer",
        "config sync",
        "battery guard",
        "mesh key",
        "update channel",
        "health probe",
    ),
}

_ISSUES = (
    "{part} fails after an upgrade",
    "{part} uses too much memory",
    "Document the {part}",
    "{part}: crash on start",
    "How do I configure the {part}?",
    "{part} is slow with many entries",
    "Wrong result from the {part}",
    "Feature request: switch off the {part}",
    "{part} does not work on ARM",
    "Test for the {part} is flaky",
)
_CHANGES = (
    "Fix a race in the {part}",
    "Speed up the {part}",
    "Add tests for the {part}",
    "Make the {part} configurable",
    "Document the {part}",
    "Handle an empty {part}",
    "Clean up the {part}",
    "Do not leak memory in the {part}",
)
_THREADS = (
    "Question about the {part}",
    "{part} in production?",
    "Plans for the {part}",
    "Problem with the {part}",
    "[RFC] A new {part}",
    "Getting started with the {part}",
    "Benchmarks of the {part}",
)
_OPENINGS = (
    "I ran into this yesterday on our test machines.",
    "This happens about once a day.",
    "I am new here, so bear with me.",
    "We have used it for a few months and like it.",
    "The documentation did not answer this for me.",
    "Thanks for the work on this.",
    "I can help with a patch if somebody shows me where to look.",
)
_DETAILS = (
    "It starts after a restart and goes away when the cache is cold.",
    "The log shows nothing unusual before it.",
    "It needs about ten thousand entries to show.",
    "Version 1.9 did not do this.",
    "I attached what I could find out so far.",
    "A smaller example is in the first comment.",
    "Both the release and the main branch behave the same.",
)
_REPLIES = (
    "Thanks for the report, I can reproduce it.",
    "Could you try the main branch?",
    "That should be fixed by now.",
    "Which version is this?",
    "Good catch, I will have a look this week.",
    "Looks good to me, one small remark.",
    "This is expected, but we should say so in the documentation.",
    "Yes, that works here as well.",
    "Thank you, that helped!",
    "I think the second option is better.",
    "Can you add a test for it?",
)

_ASIDES = (
    "I had the same thought last week.",
    "There is an older thread about it.",
    "The tests on our side agree.",
    "It matters most on small machines.",
    "We use it with the defaults.",
    "Somebody asked this at the last meetup.",
    "The wiki is out of date there.",
    "I would keep the old name.",
    "It is easier to see with tracing on.",
    "That part was rewritten in spring.",
    "My laptop is too slow to show it.",
    "One more case comes to mind: an empty file.",
    "The numbers are in the second column.",
    "Nobody is in a hurry here.",
    "A release is due soon anyway.",
    "It reads well now.",
    "I only looked at the first half.",
    "Please ping me if it gets stuck.",
    "The error message could be kinder.",
)

LABELS = ("bug", "enhancement", "documentation", "good first issue", "help wanted", "question")

MERGED = "Merged, thank you!"
PREVIEW = "The preview of this change is ready: build {build} of {commit:07x}."
WELCOME = "Build finished: all 214 checks passed."
STALE = "This has been quiet for 120 days and is closed for now. Reopen it if it still matters."
REVIEW = "Automated review: 1 suggestion. Consider naming the constant."


def issue_title(dice: Dice, community: str) -> str:
    return _filled(dice, _ISSUES, community)


def change_title(dice: Dice, community: str) -> str:
    return _filled(dice, _CHANGES, community)


def thread_subject(dice: Dice, community: str) -> str:
    return _filled(dice, _THREADS, community)


def opening(dice: Dice) -> str:
    return f"{dice.pick(_OPENINGS)}\n\n{dice.pick(_DETAILS)}"


def reply(dice: Dice) -> str:
    return dice.pick(_REPLIES)


def with_an_aside(text: str, at: int) -> str:
    """A text as people write it, who do not say the same in the same words; it depends on the instant alone."""
    return f"{text} {_ASIDES[at % len(_ASIDES)]}"


def _filled(dice: Dice, templates: tuple[str, ...], community: str) -> str:
    text = dice.pick(templates).format(part=dice.pick(PARTS[community]))
    return text[0].upper() + text[1:]
