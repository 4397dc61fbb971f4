"""Where mail goes in development: a folder of mbox files (RFC 4155), which any mail program opens and the operator's page reads.

Each process appends to a file of its own, many mails at once: a file for each mail cost more than all else that is done for the mail.
"""

import asyncio
import email
import email.policy
import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import msgspec

from storefront.platform.gathering import Gathering

FILE_BYTES = 1024 * 1024  # of one file, and some more; then the next is begun
KEPT_BYTES = 16 * FILE_BYTES  # of all; beyond that the files that were written to the longest ago are dropped

_BEGINS = re.compile(rb"^From [^\n]*\n", re.MULTILINE)
_LIKE_BEGINNINGS = re.compile(rb"^(>*From )", re.MULTILINE)  # a mail's own lines, which get a ">" in front (mboxrd)
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_ID = re.compile(rb"^Message-ID: <([0-9a-f]{1,16})\.(\d{1,19})@", re.MULTILINE)


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


class MailFolder:
    """The mails in `folder`. One that was put in twice (by a repeat of its job, so with the same Message-ID) is there once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: Path | None = None
        self._putting = Gathering(self._put_all, again=())  # on a full disk each would try in a file of its own

    async def put(self, content: bytes) -> None:
        """Appends a mail (RFC 5322). Raises OSError."""
        await self._putting(content)

    async def recent(self, most: int = 50) -> list[MailSummary]:
        """The latest first."""
        return await asyncio.to_thread(self._recent, most)

    async def read(self, mail_id: str) -> Mail | None:
        """One mail."""
        return await asyncio.to_thread(self._read, mail_id)

    async def _put_all(self, mails: Sequence[bytes]) -> list[None]:
        await asyncio.to_thread(self._append, mails)
        return [None] * len(mails)

    def _append(self, mails: Sequence[bytes]) -> None:
        begins = f"From MAILER-DAEMON {datetime.now(UTC).ctime()}\n".encode()
        quoted = (_LIKE_BEGINNINGS.sub(rb">\1", content.replace(b"\r\n", b"\n")) for content in mails)
        file, self._file = self._file or self._new_file(), None  # after a disk that was full, nothing is put behind half a mail
        with file.open("ab") as out:
            out.write(b"".join(begins + content + b"\n" for content in quoted))
            size = out.tell()
        if size < FILE_BYTES:
            self._file = file

    def _new_file(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        size = 0
        for written, path in self._files():
            size += written.st_size
            if size > KEPT_BYTES:
                path.unlink(missing_ok=True)
        return self._folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{os.getpid()}.mbox"

    def _files(self) -> list[tuple[os.stat_result, Path]]:
        """Those that were written to last come first."""
        found = []
        for path in self._folder.glob("*.mbox"):
            try:
                found.append((path.stat(), path))
            except FileNotFoundError:
                continue  # another process has dropped it
        return sorted(found, key=lambda one: one[0].st_mtime_ns, reverse=True)

    def _mails(self, path: Path) -> Iterator[tuple[tuple[int, int], bytes]]:
        """Each with its place in time: the microseconds of its Message-ID, and the number behind them. Half a mail is none."""
        try:
            whole = path.read_bytes()
        except FileNotFoundError:
            return
        for content in _BEGINS.split(whole):
            if content.endswith(b"\n\n") and (found := _ID.search(content)):
                yield (int(found[1], 16), int(found[2])), _QUOTED.sub(rb"\1", content.removesuffix(b"\n"))

    def _recent(self, most: int) -> list[MailSummary]:
        latest: dict[tuple[int, int], bytes] = {}
        for written, path in self._files():
            if len(latest) == most and written.st_mtime_ns < min(latest)[0] * 1000:
                break  # mails are older than the file that they are in
            for place, content in self._mails(path):
                latest.setdefault(place, content)
            latest = dict(sorted(latest.items(), reverse=True)[:most])
        return [_summary(place, _parsed(content)) for place, content in latest.items()]

    def _read(self, mail_id: str) -> Mail | None:
        for _, path in self._files():
            for place, content in self._mails(path):
                if _id(place) == mail_id:
                    return _whole(place, _parsed(content))
        return None


def _id(place: tuple[int, int]) -> str:
    return f"{place[0]:x}.{place[1]}"


def _parsed(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


def _moment(message: EmailMessage) -> datetime:
    at = message["Date"].datetime
    assert isinstance(at, datetime)
    return at


def _summary(place: tuple[int, int], message: EmailMessage) -> MailSummary:
    return MailSummary(_id(place), str(message["To"]), str(message["Subject"]), _moment(message))


def _whole(place: tuple[int, int], message: EmailMessage) -> Mail:
    parts = {kind: message.get_body((kind,)) for kind in ("plain", "html")}
    text, html = (part.get_content() if part is not None else "" for part in parts.values())
    return Mail(_id(place), str(message["To"]), str(message["From"]), str(message["Subject"]), _moment(message), text, html)
