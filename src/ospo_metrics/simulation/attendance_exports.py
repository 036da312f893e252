"""Ticket exports, each in the shape of the tool that sold the tickets."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ospo_metrics.simulation import office_hours, plan
from ospo_metrics.simulation.happenings import Attendance, Happenings
from ospo_metrics.simulation.plan import ZONE, Event

CONSENT = "May we measure whether you take part in our projects afterwards?"
HEARD = "How did you hear about this event?"
_ANSWERS = ("a friend", "mailing list", "newsletter", "the project's web page", "social media")

_PRETIX = (
    "Order code", "Attendee name", "Product", "Price", "Checked in", "Checked out",
    "Automatically checked in", "Secret", "E-mail", "Company", "Voucher code", "Order date", "Order time",
    "Requires special attention", "Comment", "Status", CONSENT, HEARD,
)  # fmt: skip
_EVENTBRITE = (
    "Order #", "Order Date", "First Name", "Last Name", "Email", "Quantity", "Price Tier", "Ticket Type",
    "Attendee #", "Group", "Order Type", "Currency", "Total Paid", "Fees Paid", "Eventbrite Fees",
    "Eventbrite Payment Processing", "Attendee Status", HEARD, CONSENT, "Job Title", "Company",
)  # fmt: skip
_LUMA = (
    "api_id", "name", "first_name", "last_name", "email", "phone_number", "created_at", "approval_status",
    "checked_in_at", "custom_source", "qr_code_url", "amount", "amount_tax", "amount_discount", "currency",
    "coupon_code", "eth_address", "solana_address", "survey_response_rating", "survey_response_feedback",
    "ticket_type_id", "ticket_name", CONSENT,
)  # fmt: skip
_MEETUP = (
    "Name", "User ID", "Title", "Event Host", "RSVP", "Guests", "RSVPed on", "Joined Group on",
    "URL of Member Profile", CONSENT,
)  # fmt: skip
_ZOOM = (
    "Attended", "User Name (Original Name)", "First Name", "Last Name", "Email", "Registration Time",
    "Approval Status", "Join Time", "Leave Time", "Time in Session (minutes)", "Is Guest", HEARD, CONSENT,
    "Country/Region Name",
)  # fmt: skip
_ZOOM_PANEL = (
    "Attended", "User Name (Original Name)", "Email", "Join Time", "Leave Time", "Time in Session (minutes)",
    "Is Guest", "Country/Region Name",
)  # fmt: skip
_TITO = (
    "Number", "Ticket Created Date", "Ticket Last Updated Date", "Ticket", "Ticket Full Name",
    "Ticket First Name", "Ticket Last Name", "Ticket Email", "Ticket Company Name", "Ticket Phone Number",
    "Event", "Void Status", "Price", "Ticket Reference", "Tags", "Unique Ticket URL", "Order Reference",
    "Order Name", "Order Email", "Checked In At", HEARD, CONSENT,
)  # fmt: skip
_PLAIN = ("email", "status", "role", "registered_at", "consent")


def write(folder: Path, happenings: Happenings, seed: int) -> dict[str, Any]:
    """Write `outreach/attendance/<event>.csv`; returns the rows of each by status and consent."""
    target = folder / "outreach" / "attendance"
    target.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {}
    for event in plan.EVENTS:
        seats = happenings.attendance[event.id]
        header, row_of = _FORMS[event.tool]
        encoding = "utf-8-sig" if event.tool == "luma" else "utf-8"
        path = target / f"{event.id}.csv"
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.writer(file, lineterminator="\r\n" if event.tool == "eventbrite" else "\n")
            writer.writerows(_preamble(event, seats))
            writer.writerow(header)
            writer.writerows(row_of(event, seat, number) for number, seat in enumerate(seats, 1))
            writer.writerows(_joined_again(event, seats))
        found[event.id] = {
            "location": f"outreach/attendance/{event.id}.csv",
            "tool": event.tool,
            "rows": len(seats),
            "by_status": dict(sorted(Counter(seat.status for seat in seats).items())),
            "consented": sum(seat.consented for seat in seats),
        }
    found.update(_at_conferences(target, happenings))
    found.update(_at_office_hours(target, happenings, seed))
    return found


def _at_conferences(target: Path, happenings: Happenings) -> dict[str, Any]:
    """Our people behind the table at each conference, on a plain list that somebody typed."""
    found: dict[str, Any] = {}
    for conference_id, _, day in plan.CONFERENCES:
        at = plan.local(day.year, day.month, day.day, 9)
        crew = [
            each for each in happenings.people
            if each.habit == "core" and each.is_own(at) and each.arrived_at < at < each.left_at
        ][:4]  # fmt: skip
        rows = [
            (each.mail_address(at), "attended", "staff", f"{day - timedelta(days=9)} 10:00", "yes")
            for each in crew
        ]
        found[conference_id] = _plain_list(target, conference_id, rows)
    return found


def _at_office_hours(target: Path, happenings: Happenings, seed: int) -> dict[str, Any]:
    """Who said they would call in to the office hour, on lists of the same plain kind."""
    return {
        name: _plain_list(
            target,
            name,
            [
                (seat.address, seat.status, "attendee", f"{_local(seat.registered_at):%Y-%m-%d %H:%M}",
                 _yes_or_no(seat).lower())
                for seat in seats
            ],
        )
        for name, seats in office_hours.lists(happenings, seed).items()
    }  # fmt: skip


def _plain_list(target: Path, name: str, rows: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    with (target / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([_PLAIN, *rows])
    return {
        "location": f"outreach/attendance/{name}.csv",
        "tool": "plain",
        "rows": len(rows),
        "by_status": dict(sorted(Counter(row[1] for row in rows).items())),
        "consented": sum(row[4] == "yes" for row in rows),
    }


def _preamble(event: Event, seats: list[Attendance]) -> list[list[str]]:
    """What Zoom writes above its table of attendees: the report, the host, the panel."""
    if event.tool != "zoom":
        return []
    starts = _zoom_time(_local(event.starts))
    host = ["Yes", "Example OSPO", f"webinar@{plan.OWN_DOMAIN}", starts, _zoom_time(_local(event.ends)), "60"]
    attended = sum(seat.status == "attended" for seat in seats)
    return [
        ["Attendee Report"],
        ["Report Generated:", _zoom_time(_local(event.ends + 3_600))],
        ["Topic", "Webinar ID", "Actual Start Time", "Actual Duration (minutes)", "# Registered",
         "# Cancelled", "Unique Viewers", "Total Users", "Max Concurrent Views"],
        [event.title, "847 5984 1045", starts, "61", str(len(seats)), "0", str(attended), str(attended + 1),
         str(attended)],
        ["Host Details"],
        list(_ZOOM_PANEL),
        [*host, "No", "Germany"],
        ["Attendee Details"],
    ]  # fmt: skip


def _joined_again(event: Event, seats: list[Attendance]) -> list[list[str]]:
    """Whoever lost the line stands in Zoom's table twice."""
    if event.tool != "zoom":
        return []
    came = [(number, seat) for number, seat in enumerate(seats, 1) if seat.status == "attended"]
    return [_zoom(event, seat, number, minutes=5) for number, seat in came[::7]]


def _zoom(event: Event, seat: Attendance, number: int, minutes: int = 40) -> list[str]:
    given, family = seat.person.name.split(" ")
    came = seat.status == "attended"
    joined = _arrival(event, number)
    times = [_zoom_time(joined), _zoom_time(joined + timedelta(minutes=minutes)), str(minutes), "Yes"]
    approval = "cancelled" if seat.status == "cancelled" else "approved"
    registered = _zoom_time(_local(seat.registered_at))
    heard = _ANSWERS[number % len(_ANSWERS)]
    return ["Yes" if came else "No", seat.person.name, given, family, seat.address, registered, approval,
            *(times if came else ["--"] * 4), heard, _yes_or_no(seat), "Germany" if came else ""]  # fmt: skip


def _tito(event: Event, seat: Attendance, number: int) -> list[str]:
    given, family = seat.person.name.split(" ")
    made = f"{_local(seat.registered_at):%Y-%m-%d %H:%M:%S %z}"
    came = f"{_arrival(event, number):%Y-%m-%d %H:%M:%S %z}" if seat.status == "attended" else ""
    reference, page = f"SIM{number:03}-1", f"https://ti.to/tickets/ti_sim{number:06}"
    return [str(number), made, made, "Dinner", seat.person.name, given, family, seat.address,
            _company(event, seat), "", event.title, "true" if seat.status == "cancelled" else "", "0.00",
            reference, "", page, f"SIM{number:03}", "Example OSPO", f"events@{plan.OWN_DOMAIN}", came,
            _ANSWERS[number % len(_ANSWERS)], _yes_or_no(seat)]  # fmt: skip


def _pretix(event: Event, seat: Attendance, number: int) -> list[str]:
    ordered = _local(seat.registered_at)
    code = f"S{number:04}X"
    came = f"{_arrival(event, number):%Y-%m-%d %H:%M:%S}" if seat.status == "attended" else ""
    status = "Canceled" if seat.status == "cancelled" else "Paid"
    return [code, seat.person.name, "Free ticket", "0.00", came, "", "No", f"secret{number:06}", seat.address,
            _company(event, seat), "", f"{ordered:%Y-%m-%d}", f"{ordered:%H:%M:%S}", "No", "", status,
            _yes_or_no(seat), _ANSWERS[number % len(_ANSWERS)]]  # fmt: skip


def _eventbrite(event: Event, seat: Attendance, number: int) -> list[str]:
    ordered = _local(seat.registered_at)
    given, family = seat.person.name.split(" ")
    status = {"attended": "Checked In", "no_show": "Attending", "cancelled": "Not Attending"}[seat.status]
    order = str(88_000_000_000 + event.starts % 1_000_000 * 1000 + number)
    stamp = f"{ordered.month}/{ordered.day}/{ordered:%y %H:%M}"
    ticket = str(int(order) + 7_000_000)
    heard = _ANSWERS[number % len(_ANSWERS)]
    return [order, stamp, given, family, seat.address, "1", "", "General Admission", ticket, "", "Free Order",
            "EUR", *"0000", status, heard, _yes_or_no(seat), "", _company(event, seat)]  # fmt: skip


def _luma(event: Event, seat: Attendance, number: int) -> list[str]:
    given, family = seat.person.name.split(" ")
    came = f"{_arrival(event, number):%Y-%m-%dT%H:%M:%S.000%z}" if seat.status == "attended" else ""
    approval = "declined" if seat.status == "cancelled" else "approved"
    guest = f"gst-sim{event.starts % 100_000:05}{number:05}"
    created = plan.iso(seat.registered_at).replace("Z", ".000Z")
    row = [guest, seat.person.name, given, family, seat.address, "", created, approval, came]
    return [*row, *[""] * (len(_LUMA) - len(row) - 2), "Standard", _yes_or_no(seat)]


def _meetup(event: Event, seat: Attendance, number: int) -> list[str]:
    replied = _local(seat.registered_at)
    answer = {"attended": "Yes", "no_show": "No Show", "cancelled": "No"}[seat.status]
    member = str(550_000_000 + int(seat.person.id[1:]))
    host = "Yes" if seat.person.is_own(event.starts) and number % 4 == 0 else ""
    joined = f"{replied - timedelta(days=number % 300):%B %d, %Y}"
    stamp, page = f"{replied:%B %d, %Y %I:%M %p}", f"https://www.meetup.com/members/{member}/"
    return [seat.person.name, f"user {member}", "", host, answer, "0", stamp, joined, page, _yes_or_no(seat)]


_FORMS: dict[str, tuple[tuple[str, ...], Callable[[Event, Attendance, int], list[str]]]] = {
    "pretix": (_PRETIX, _pretix),
    "eventbrite": (_EVENTBRITE, _eventbrite),
    "luma": (_LUMA, _luma),
    "meetup": (_MEETUP, _meetup),
    "zoom": (_ZOOM, _zoom),
    "tito": (_TITO, _tito),
}


def _local(at: int) -> datetime:
    return datetime.fromtimestamp(at, ZONE)


def _zoom_time(moment: datetime) -> str:
    return f"{moment:%b %d, %Y %H:%M:%S}"


def _arrival(event: Event, number: int) -> datetime:
    return _local(event.starts + (number * 97) % 1500)


def _company(event: Event, seat: Attendance) -> str:
    job = seat.person.employment(event.starts)
    return job.organization if job else ""


def _yes_or_no(seat: Attendance) -> str:
    return "Yes" if seat.consented else "No"
