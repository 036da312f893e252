"""Who exists: people with their names, addresses, logins and employers, and the machines among them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from zlib import crc32

from ospo_metrics.simulation.dice import Dice
from ospo_metrics.simulation.plan import DAY, MAIL_PROVIDERS, ORGANIZATIONS, OWN, OWN_ORGANIZATION

_STARTS = (
    "B",
    "Br",
    "D",
    "Dr",
    "F",
    "G",
    "H",
    "J",
    "K",
    "L",
    "M",
    "N",
    "P",
    "R",
    "S",
    "St",
    "T",
    "V",
    "W",
    "Z",
)
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ei", "ia", "á", "é", "ö", "ø")
_VOWEL_WEIGHTS = (9, 9, 8, 8, 5, 2, 2, 2, 0.5, 0.7, 0.5, 0.3)
_MIDDLES = ("l", "n", "r", "m", "v", "s", "d", "k", "nd", "rr", "ll", "sh", "lt")
_GIVEN_ENDS = ("a", "n", "el", "is", "o", "ra", "ven", "i", "us", "e")
_FAMILY_ENDS = (
    "wick",
    "sen",
    "dale",
    "ova",
    "mar",
    "stad",
    "ero",
    "ling",
    "quist",
    "baum",
    "oka",
    "anu",
    "ier",
)
_OFFSETS = (-480, -420, -300, -180, 0, 60, 120, 180, 330, 480, 540, 600)
_OFFSET_WEIGHTS = (7, 2, 8, 4, 9, 30, 12, 3, 8, 6, 5, 2)
_FOLDED = str.maketrans({"ø": "o", "Ø": "O", "Æ": "Ae", "æ": "ae", "ß": "ss"})


@dataclass(frozen=True, slots=True)
class Employment:
    """Who somebody worked for, from when until when (None is open), and the address there."""

    organization: str
    since: int | None
    until: int | None
    address: str

    def holds(self, at: int) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


@dataclass(slots=True)
class Person:
    """One being behind several identities; `kind` is human, bot or agent."""

    id: str
    name: str
    kind: str
    login: str | None
    github_id: int
    private_address: str
    offset_minutes: int
    habit: str = "reporter"
    git_habit: str = "noreply"
    mail_habit: str = "private"
    git_name: str = ""
    mail_name: str = ""
    channel: str = "organic"
    arrived_at: int = 0
    left_at: int = 0
    rate_per_month: float = 1.0
    core_weight: float = 0.0
    is_ghost: bool = False
    in_mailmap: bool = False
    told_by: str = ""
    communities: list[str] = field(default_factory=list)
    employments: list[Employment] = field(default_factory=list)

    def knows(self, address: str) -> bool:
        """Whether their account at GitHub has this address: its own does, and most others were told to it."""
        if self.login is None or self.is_ghost:
            return False
        return address == self.noreply or crc32(f"{self.id} {address}".encode()) % 8 > 0

    def employment(self, at: int) -> Employment | None:
        return next((job for job in self.employments if job.holds(at)), None)

    def is_own(self, at: int) -> bool:
        job = self.employment(at)
        return self.kind == "human" and job is not None and job.organization == OWN_ORGANIZATION

    @property
    def noreply(self) -> str:
        return f"{self.github_id}+{self.login}@users.noreply.github.com"

    def _work(self, at: int) -> str:
        job = self.employment(at)
        return job.address if job else self.private_address

    def git_address(self, at: int, dice: Dice) -> str:
        """The address in a commit of that instant; people of mixed habit sometimes edit in the browser."""
        if self.git_habit == "mixed" and self.login is not None:
            return self.noreply if dice.chance(0.3) else self._work(at)
        if self.git_habit == "noreply" and self.login is not None:
            return self.noreply
        return self.private_address if self.git_habit == "private" else self._work(at)

    def mail_address(self, at: int) -> str:
        return self._work(at) if self.mail_habit == "work" else self.private_address


def ascii_of(text: str) -> str:
    """A spelling without accents, for addresses and logins."""
    folded = unicodedata.normalize("NFKD", text.translate(_FOLDED))
    return folded.encode("ascii", "ignore").decode()


def invented_name(dice: Dice) -> str:
    """A given and a family name that can be spoken and that hardly anybody has."""
    return f"{_word(dice, _GIVEN_ENDS)} {_word(dice, _FAMILY_ENDS)}"


def _word(dice: Dice, ends: tuple[str, ...]) -> str:
    word = dice.pick(_STARTS) + dice.pick_weighted(_VOWELS, _VOWEL_WEIGHTS) + dice.pick(_MIDDLES)
    if dice.chance(0.25):
        word += dice.pick_weighted(_VOWELS, _VOWEL_WEIGHTS) + dice.pick(_MIDDLES)
    end = dice.pick(ends)
    return word + (dice.pick("aeio") if end[0] not in "aeiou" else "") + end


class Register:
    """Everybody there is; it hands out names, addresses and numbers that nobody else has."""

    def __init__(self, seed: int) -> None:
        self._dice = Dice(seed, "people")
        self._names: set[str] = set()
        self._logins: set[str] = set()
        self._addresses: set[str] = set()
        self.people: list[Person] = []
        self.namesakes: list[tuple[str, str]] = []
        self.machines = _machines(self)

    def human(self, *, own: bool = False, has_login: bool = True, name: str = "") -> Person:
        """A new person with an employer or none; own people work for us from the beginning."""
        dice = self._dice
        namesake = self._namesake() if not name and not own else None
        name = name or (namesake.name if namesake else self._name())
        offset = dice.pick_weighted(_OFFSETS, _OFFSET_WEIGHTS)
        person = self._add(name, "human", self._login(name) if has_login else None, offset)
        if namesake:
            self.namesakes.append((namesake.id, person.id))
        if own:
            person.employments = [Employment(OWN.name, None, None, self._address(name, OWN.domain))]
        elif dice.chance(0.62):
            choices = (*ORGANIZATIONS, OWN)
            organization = dice.pick_weighted(choices, [each.weight for each in choices])
            address = self._address(name, organization.domain)
            person.employments = [Employment(organization.name, None, None, address)]
        if person.employments:
            person.git_habit = dice.pick_weighted(("noreply", "mixed", "work", "private"), (58, 24, 12, 6))
            person.mail_habit = dice.pick_weighted(("work", "private"), (9, 1))
        else:
            person.git_habit = dice.pick_weighted(("noreply", "private"), (7, 3))
        if any(job.organization == OWN_ORGANIZATION for job in person.employments):
            self._use_work_address(person)
        person.git_name = person.login if person.login and dice.chance(0.08) else name
        person.mail_name = self._mail_name(person)
        return person

    def change_employer(self, person: Person, at: int, to_own: bool | None = None) -> None:
        """Let a person move to another organisation at an instant; the old address stops then."""
        old = person.employments[-1]
        choices = [each for each in ORGANIZATIONS if each.name != old.organization]
        new = OWN if to_own else self._dice.pick(choices)
        if to_own:
            self._use_work_address(person)
        person.employments[-1] = Employment(old.organization, old.since, at, old.address)
        person.employments.append(Employment(new.name, at, None, self._address(person.name, new.domain)))

    def _use_work_address(self, person: Person) -> None:
        """Our own people write from their work address, and .mailmap knows it."""
        person.git_habit, person.mail_habit, person.in_mailmap = "mixed", "work", True

    def machine(self, name: str, kind: str, login: str | None, address: str, told_by: str) -> Person:
        """A bot or a software agent; `told_by` is what gives it away."""
        person = self._add(name, kind, login, 0)
        if login is not None:
            self._logins.add(login)
        person.private_address = address
        person.git_habit = person.mail_habit = "private"
        person.git_name = person.mail_name = name
        person.channel = ""
        person.told_by = told_by
        return person

    def rename(self, person: Person, name: str, login: str) -> None:
        """Call somebody otherwise, before they did anything; the name is what tells that they are human."""
        self._names.add(name)
        self._logins.add(login)
        person.name = person.git_name = person.mail_name = name
        person.login = login
        person.told_by = "a human name"

    def _add(self, name: str, kind: str, login: str | None, offset: int) -> Person:
        number = len(self.people) + 1
        address = "" if kind != "human" else self._address(name, self._dice.pick(MAIL_PROVIDERS), loose=True)
        person = Person(f"p{number:05}", name, kind, login, 90_000_000 + number * 37, address, offset)
        self.people.append(person)
        return person

    def _namesake(self) -> Person | None:
        """Now and then somebody new has the very name of somebody who is here already."""
        humans = len(self.people)
        if humans % 180 == 120 and not any(self.people[-1].id in pair for pair in self.namesakes):
            return self.people[humans // 3]
        return None

    def _name(self) -> str:
        while (name := invented_name(self._dice)) in self._names:
            pass
        self._names.add(name)
        return name

    def _login(self, name: str) -> str:
        given, family = ascii_of(name).lower().split(" ")
        base = self._dice.pick(
            (given + family, family + given[0], given[0] + family, f"{given}-{family[:4]}", given)
        )
        login = base
        while login in self._logins or login == given[:4]:
            login = f"{base}{self._dice.below(90 * (1 + len(self._logins) // 2000)) + 10}"
        self._logins.add(login)
        return login

    def _address(self, name: str, domain: str, loose: bool = False) -> str:
        given, family = ascii_of(name).lower().split(" ")
        forms = (
            (f"{given}{family[0]}", f"{family}.{given}", f"{given}_{family}")
            if loose
            else (f"{given}.{family}",)
        )
        base = self._dice.pick(forms)
        address, number = f"{base}@{domain}", 2
        while address in self._addresses:
            address, number = f"{base}{number}@{domain}", number + 1
        self._addresses.add(address)
        return address

    def _mail_name(self, person: Person) -> str:
        given, family = person.name.split(" ")
        forms = (person.name, f"{given[0]}. {family}", f"{family}, {given}", ascii_of(person.name), given)
        return self._dice.pick_weighted(forms, (60, 10, 12, 12, 6))


@dataclass(frozen=True, slots=True)
class Machines:
    """The bots and the agent, by what they do."""

    updates: Person
    builds: Person
    reports: Person
    agent: Person


def _machines(register: Register) -> Machines:
    updates = register.machine("depbot[bot]", "bot", "depbot[bot]", "", "account type, suffix")
    updates.private_address = updates.noreply
    agent = register.machine(
        "Synthetic Copilot", "agent", "copilot-agent[bot]", "", "account type, name pattern"
    )
    agent.private_address = agent.noreply
    return Machines(
        updates=updates,
        builds=register.machine(
            "Example CI", "bot", "example-ci", "example-ci@builds.example.net", "name pattern, behaviour"
        ),
        reports=register.machine(
            "Nightly Reports", "bot", None, "noreply@reports.example.net", "address, behaviour"
        ),
        agent=agent,
    )


def perhaps_change_employer(person: Person, register: Register, dice: Dice) -> None:
    """Decide whether somebody who stays long enough changes employer meanwhile, and when."""
    stay = person.left_at - person.arrived_at
    if person.employments and stay > 200 * DAY and dice.chance(0.18):
        at = person.arrived_at + int(stay * dice.between(0.3, 0.8))
        register.change_employer(person, at)
