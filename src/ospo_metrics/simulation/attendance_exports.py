"""Ticket exports, each in the shape of the tool that sold the tickets."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ospo_metrics.simulation import plan
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


def write(folder: Path, happenings: Happenings) -> dict[str, Any]:
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
            writer.writerow(header)
            writer.writerows(row_of(event, seat, number) for number, seat in enumerate(seats, 1))
        found[event.id] = {
            "location": f"outreach/attendance/{event.id}.csv",
            "tool": event.tool,
            "rows": len(seats),
            "by_status": dict(sorted(Counter(seat.status for seat in seats).items())),
            "consented": sum(seat.consented for seat in seats),
        }
    return found


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


_FORMS = {
    "pretix": (_PRETIX, _pretix),
    "eventbrite": (_EVENTBRITE, _eventbrite),
    "luma": (_LUMA, _luma),
    "meetup": (_MEETUP, _meetup),
}


def _local(at: int) -> datetime:
    return datetime.fromtimestamp(at, ZONE)


def _arrival(event: Event, number: int) -> datetime:
    return _local(event.starts + (number * 97) % 1500)


def _company(event: Event, seat: Attendance) -> str:
    job = seat.person.employment(event.starts)
    return job.organization if job else ""


def _yes_or_no(seat: Attendance) -> str:
    return "Yes" if seat.consented else "No"
