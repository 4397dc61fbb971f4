"""Mail: rendered from templates/mail and sent by a durable job. In development it goes into a folder (`mail_folder.py`).

A job `mail` has `{"template": "welcome", "to": "ada@example.com", "context": {…}}`. The first line of templates/mail/<template>.txt is
"Subject: …"; the rest is the text part, <template>.html (if there is one) the HTML part.
"""

import asyncio
import re
from binascii import b2a_qp
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from pathlib import Path
from typing import Any

import aiosmtplib
import jinja2
import msgspec
from aiohttp import web

from storefront.platform.jobs import Job
from storefront.platform.mail_folder import MailFolder
from storefront.settings import ROOT, Settings

JOB = "mail"
SMTP_SECONDS = 20.0
SMTP_AT_ONCE = 8  # connections to the mail server
IN_FOLDER_AT_ONCE = 64
LONGEST_SUBJECT = 250
LONGEST_LINE = 76  # of a header that is not folded
IMPLICIT_TLS_PORT = 465

_SPECIALS = '()<>[]:;@,\\"'  # what has a meaning of its own between addresses (RFC 5322, 3.2.3)
_SPACES = re.compile(r"\s+")


class Written(msgspec.Struct, frozen=True):
    """A mail, ready to be sent: `content` is what goes over the wire (RFC 5322)."""

    sender: str
    to: str
    content: bytes


class Mailer:
    """Sends the shop's mail through settings.mail.transport."""

    def __init__(self, settings: Settings, templates: Path = ROOT / "templates") -> None:
        self._mail = settings.mail
        self.folder = MailFolder(settings.data_dir / "mail")
        self._connecting = asyncio.Semaphore(SMTP_AT_ONCE)
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
        """The handler of `mail` jobs. A repeat of a job has the same Message-ID."""
        asked = job.payload
        message = self.write(asked["template"], asked["to"], asked.get("context") or {}, number=job.id, at=job.created_at)
        if self._mail.transport == "folder":
            await self.folder.put(message.content)
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


MAILER = web.AppKey("mailer", Mailer)


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
