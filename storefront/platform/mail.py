"""Mail: rendered from templates/mail and sent by a durable job. In development it goes into a folder, where the operator's page reads it.

A job `mail` has `{"template": "welcome", "to": "ada@example.com", "context": {…}}`. The first line of templates/mail/<template>.txt is
"Subject: …"; the rest is the text part, <template>.html (if there is one) the HTML part.
"""

import asyncio
import email
import email.policy
import os
import re
from binascii import b2a_qp
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr
from pathlib import Path
from typing import Any, TypeVar

import aiosmtplib
import jinja2
import msgspec
from aiohttp import web

from storefront.platform.gathering import Gathering
from storefront.platform.jobs import Job
from storefront.settings import ROOT, Settings

JOB = "mail"
SMTP_SECONDS = 20.0
SMTP_AT_ONCE = 8  # connections to the mail server
IN_FOLDER_AT_ONCE = 64
KEPT = 1000  # mails in the folder, and some more
TIDY_AFTER = 50  # mails
LONGEST_SUBJECT = 250
LONGEST_LINE = 76  # of a header that is not folded
IMPLICIT_TLS_PORT = 465

T = TypeVar("T")
_ID = re.compile(r"\d{8}T\d{6}-\d{1,19}")
_SPECIALS = '()<>[]:;@,\\"'  # what has a meaning of its own between addresses (RFC 5322, 3.2.3)
_SPACES = re.compile(r"\s+")


class MailSummary(msgspec.Struct, frozen=True):
    """A mail in the folder."""

    id: str
    to: str
    subject: str
    at: datetime


class Mail(msgspec.Struct, frozen=True):
    """A mail in the folder, whole. `html` is "" when it has text only."""

    id: str
    to: str
    sender: str
    subject: str
    at: datetime
    text: str
    html: str


class Written(msgspec.Struct, frozen=True):
    """A mail, ready to be sent: `content` is what goes over the wire (RFC 5322)."""

    sender: str
    to: str
    content: bytes


class Mailer:
    """Sends the shop's mail through settings.mail.transport."""

    def __init__(self, settings: Settings, templates: Path = ROOT / "templates") -> None:
        self._mail = settings.mail
        self._folder = settings.data_dir / "mail"
        self._connecting = asyncio.Semaphore(SMTP_AT_ONCE)
        self._putting = Gathering(self._put_all)
        self._put_lately = TIDY_AFTER  # a process that starts tidies with its first mail
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(templates),
            autoescape=jinja2.select_autoescape(["html"]),
            undefined=jinja2.StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["shop"] = settings.shop
        name, self._sender = parseaddr(self._mail.from_address)
        self._from = _header("From", formataddr((_one_line(name), self._sender)))

    @property
    def at_once(self) -> int:
        """How many mails are worth having under way: what is to be sent waits for a connection, and a job's time runs meanwhile."""
        return IN_FOLDER_AT_ONCE if self._mail.transport == "folder" else 2 * SMTP_AT_ONCE

    async def deliver(self, job: Job) -> None:
        """The handler of `mail` jobs. A repeat of a job has the same Message-ID, and the same file in the folder."""
        asked = job.payload
        message = self.write(asked["template"], asked["to"], asked.get("context") or {}, number=job.id, at=job.created_at)
        if self._mail.transport == "folder":
            await self._putting((_name(job), message))
        else:
            await self._send(message)

    def write(self, template: str, to: str, context: dict[str, Any], *, number: int, at: datetime) -> Written:
        """The message. What is put into a header cannot begin another one. Raises ValueError for what is no address.

        Written line by line: with `email.message`, which parses each header that it is given, a mail cost as much as a request.
        """
        subject, text, html = self._render(template, context)
        sender, recipient = self._sender, _recipient(to)
        stamp = f"{int(at.timestamp() * 1_000_000):x}.{number}"
        head = [
            self._from,
            f"To: {recipient}",
            _header("Subject", _one_line(subject)[:LONGEST_SUBJECT]),
            f"Date: {format_datetime(at)}",
            f"Message-ID: <{stamp}@{sender.rpartition('@')[2]}>",
            "Auto-Submitted: auto-generated",  # RFC 3834: out-of-office programs keep quiet
            "MIME-Version: 1.0",
        ]
        if not html:
            return Written(sender, recipient, "\r\n".join([*head, _part("plain", text)]).encode())
        mark = f"=_{stamp}"  # occurs in no quoted-printable text, where "=" stands before two digits or a line's end
        parts = [f"--{mark}\r\n{_part(kind, content)}" for kind, content in (("plain", text), ("html", html))]
        whole = [*head, f'Content-Type: multipart/alternative; boundary="{mark}"', "", *parts, f"--{mark}--", ""]
        return Written(sender, recipient, "\r\n".join(whole).encode())

    def _render(self, template: str, context: dict[str, Any]) -> tuple[str, str, str]:
        if not re.fullmatch(r"\w+", template):
            raise ValueError(f"{template!r} is not the name of a mail")
        try:
            text = self._templates.get_template(f"mail/{template}.txt").render(context).strip()
        except jinja2.TemplateNotFound as error:
            if error.name != f"mail/{template}.txt":
                raise
            return template.replace("_", " ").capitalize(), _listed(context), ""
        first, _, rest = text.partition("\n")
        subject = first.removeprefix("Subject:")
        try:
            html = self._templates.get_template(f"mail/{template}.html").render(context).strip()
        except jinja2.TemplateNotFound as error:
            if error.name != f"mail/{template}.html":
                raise
            html = ""
        return subject, rest.strip() + "\n", html

    async def _send(self, message: Written) -> None:
        async with self._connecting:
            await self._send_now(message)

    async def _send_now(self, message: Written) -> None:
        mail = self._mail
        implicit = mail.smtp_port == IMPLICIT_TLS_PORT
        await aiosmtplib.send(
            message.content,
            sender=message.sender,
            recipients=[message.to],
            mail_options=[] if message.to.isascii() else ["SMTPUTF8"],
            hostname=mail.smtp_host,
            port=mail.smtp_port,
            username=mail.smtp_user or None,
            password=mail.smtp_password or None,
            use_tls=implicit,
            start_tls=mail.smtp_starttls and not implicit,
            timeout=SMTP_SECONDS,
        )

    # --- the folder

    async def recent(self, most: int = 50) -> list[MailSummary]:
        """The mails in the folder, the latest first. Empty when mail goes out by SMTP."""
        return await asyncio.to_thread(self._recent, most)

    async def read(self, mail_id: str) -> Mail | None:
        """One mail of the folder."""
        if not _ID.fullmatch(mail_id):
            return None
        return await asyncio.to_thread(self._read, self._folder / f"{mail_id}.eml", _whole)

    async def _put_all(self, mails: Sequence[tuple[str, Written]]) -> list[None]:
        def put() -> None:
            for name, message in mails:
                self._put(name, message)

        await asyncio.to_thread(put)
        return [None] * len(mails)

    def _put(self, name: str, message: Written) -> None:
        whole = f"{self._folder}/{name}"  # text: to make a path of it takes longer than to write the file
        try:
            _write(f"{whole}.partial", message.content)
        except FileNotFoundError:
            self._folder.mkdir(parents=True, exist_ok=True)
            _write(f"{whole}.partial", message.content)
        os.rename(f"{whole}.partial", f"{whole}.eml")
        self._put_lately += 1
        if self._put_lately >= TIDY_AFTER:  # looking through the folder takes longer than writing a mail
            self._put_lately = 0
            for old in self._files()[KEPT:]:
                old.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        """The latest first, as their names have the time in front."""
        try:
            names = [name for name in os.listdir(self._folder) if name.endswith(".eml")]
        except FileNotFoundError:
            return []
        return [self._folder / name for name in sorted(names, reverse=True)]

    def _recent(self, most: int) -> list[MailSummary]:
        found = (self._read(path, _summary) for path in self._files()[:most])
        return [mail for mail in found if mail is not None]

    def _read(self, path: Path, as_what: Callable[[str, EmailMessage], T]) -> T | None:
        try:
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        except FileNotFoundError:
            return None
        return as_what(path.stem, message)


MAILER = web.AppKey("mailer", Mailer)


def _name(job: Job) -> str:
    return f"{job.created_at.astimezone(UTC):%Y%m%dT%H%M%S}-{job.id}"


def _write(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)


def _one_line(text: str) -> str:
    return _SPACES.sub(" ", "".join(character if character.isprintable() else " " for character in text)).strip()


def _header(name: str, value: str) -> str:
    """The header's line, encoded (RFC 2047) and folded where it must be."""
    line = f"{name}: {value}"
    if value.isascii() and len(line) <= LONGEST_LINE:
        return line
    return f"{name}: {Header(value, None if value.isascii() else 'utf-8', header_name=name).encode(linesep=chr(13) + chr(10))}"


def _part(kind: str, text: str) -> str:
    """A text with its own headers."""
    content = b2a_qp("\r\n".join(text.splitlines()).encode()).decode("ascii")
    return f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{content}\r\n'


def _recipient(to: str) -> str:
    address = to.strip()
    local, at, domain = address.rpartition("@")
    wrong = any(character.isspace() or not character.isprintable() or character in _SPECIALS for character in local + domain)
    if not at or not local or not domain or wrong:
        raise ValueError("the recipient is not an address")
    return address


def _listed(context: dict[str, Any]) -> str:
    return "".join(f"{name.replace('_', ' ')}: {value}\n" for name, value in context.items())


def _moment(message: EmailMessage) -> datetime:
    at = message["Date"].datetime
    assert isinstance(at, datetime)
    return at


def _summary(mail_id: str, message: EmailMessage) -> MailSummary:
    return MailSummary(mail_id, str(message["To"]), str(message["Subject"]), _moment(message))


def _whole(mail_id: str, message: EmailMessage) -> Mail:
    parts = {kind: message.get_body((kind,)) for kind in ("plain", "html")}
    text, html = (part.get_content() if part is not None else "" for part in parts.values())
    return Mail(mail_id, str(message["To"]), str(message["From"]), str(message["Subject"]), _moment(message), text, html)
