"""A mail server on loopback that takes what it is sent, or refuses as a test tells it to."""

from __future__ import annotations

import base64
import socket
import socketserver
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Self, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Letter:
    """One mail as it arrived: its envelope, what it says, and whether it came encrypted."""

    sender: str
    readers: list[str]
    mail: EmailMessage
    is_encrypted: bool
    user: str = ""
    password: str = ""


@dataclass
class SmtpServer:
    """Speaks SMTP (RFC 5321) with STARTTLS and AUTH PLAIN; `refuses` holds answers in place of the usual ones.

    Its keys are a verb, or a verb and an address, such as "MAIL" or "RCPT a@example.com".
    """

    certificate: Path | None = None
    users: dict[str, str] = field(default_factory=dict)
    refuses: dict[str, str] = field(default_factory=dict)
    is_silent: bool = False
    letters: list[Letter] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._tcp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._handler())
        self._tcp.daemon_threads = True
        threading.Thread(target=self._tcp.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._tcp.shutdown()
        self._tcp.server_close()

    @property
    def port(self) -> int:
        return int(self._tcp.server_address[1])

    def _handler(self) -> type[socketserver.BaseRequestHandler]:
        server = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                if server.is_silent:
                    self.request.recv(1)
                    return
                _Session(server, self.request).talk()

        return Handler


class _Session:
    def __init__(self, server: SmtpServer, connection: socket.socket) -> None:
        self.server, self.connection = server, connection
        self.lines = connection.makefile("rb")
        self.letter = Letter("", [], EmailMessage(), is_encrypted=False)

    def say(self, *lines: str) -> None:
        self.connection.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def talk(self) -> None:
        self.say("220 loopback")
        while line := self.lines.readline():
            text = line.decode().strip()
            verb, _, rest = text.partition(" ")
            address = rest.partition("<")[2].partition(">")[0]
            refusal = self.server.refuses.get(verb.upper()) or self.server.refuses.get(
                f"{verb.upper()} {address}"
            )
            if refusal:
                self.say(refusal)
            elif verb.upper() == "QUIT":
                self.say("221 bye")
                return
            else:
                self.answer(verb.upper(), rest, address)

    def answer(self, verb: str, rest: str, address: str) -> None:
        letter = self.letter
        match verb:
            case "EHLO":
                offers = ["AUTH PLAIN"] if self.server.users else []
                offers += ["STARTTLS"] if self.server.certificate and not letter.is_encrypted else []
                said = ["loopback", *offers]
                self.say(*(f"250-{line}" for line in said[:-1]), f"250 {said[-1]}")
            case "STARTTLS" if self.server.certificate:
                self.say("220 go on")
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self.server.certificate)
                try:
                    self.connection = context.wrap_socket(self.connection, server_side=True)
                except OSError:  # who does not trust our certificate hangs up
                    return
                self.lines = self.connection.makefile("rb")
                letter.is_encrypted = True
            case "AUTH":
                _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
                letter.user, letter.password = user, password
                is_known = self.server.users.get(user) == password
                self.say("235 welcome" if is_known else f"535 no such user {user} {password}")
            case "MAIL":
                letter.sender = address
                self.say("250 ok")
            case "RCPT":
                letter.readers.append(address)
                self.say("250 ok")
            case "DATA":
                self.say("354 go on")
                body = b""
                while (line := self.lines.readline()) not in (b".\r\n", b""):
                    body += line.removeprefix(b".") if line.startswith(b"..") else line
                letter.mail = cast("EmailMessage", message_from_bytes(body, policy=default))
                self.server.letters.append(letter)
                self.say("250 taken")
            case _:
                self.say("250 ok")


def certificate(folder: Path) -> Path:
    """Write a certificate for 127.0.0.1 with its key, as nobody but who is told trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
