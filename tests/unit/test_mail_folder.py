"""The folder that mail goes into in development: every mail is in it once, whatever its lines are, and it does not grow for ever."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storefront.platform import mail_folder
from storefront.platform.mail import Mailer
from storefront.platform.mail_folder import MailFolder
from storefront.settings import Settings

NOW = datetime(2026, 3, 4, 5, 6, 7, 890, tzinfo=UTC)


@pytest.fixture
def mailer(settings: Settings) -> Mailer:
    return Mailer(settings)


def written(mailer: Mailer, number: int, *, name: str = "Ada", at: datetime = NOW) -> bytes:
    context = {"name": name, "link": "https://shop.example/verify"}
    return mailer.write("welcome", f"{number}@mail.example", context, number=number, at=at).content


async def test_mails_of_several_processes_are_found_the_latest_first(tmp_path: Path, mailer: Mailer) -> None:
    folders = [MailFolder(tmp_path), MailFolder(tmp_path)]
    for number in range(20):
        await folders[number % 2].put(written(mailer, number, at=NOW + timedelta(seconds=number)))
    assert len(list(tmp_path.glob("*.mbox"))) == 2
    recent = await MailFolder(tmp_path).recent(7)
    assert [mail.to for mail in recent] == [f"{number}@mail.example" for number in range(19, 12, -1)]
    assert recent[0].at == (NOW + timedelta(seconds=19)).replace(microsecond=0)
    mail = await MailFolder(tmp_path).read(recent[-1].id)
    assert mail is not None
    assert (mail.to, mail.subject) == ("13@mail.example", recent[-1].subject)
    assert "https://shop.example/verify" in mail.text
    assert "https://shop.example/verify" in mail.html
    assert await folders[0].read("1.1") is None


async def test_lines_that_look_like_the_beginning_of_a_mail_are_lines(tmp_path: Path, mailer: Mailer) -> None:
    folder = MailFolder(tmp_path)
    text = "Dear Ada\nFrom here on\n>From there\nMessage-ID: <1.1@x>\n"
    message = written(mailer, 1).partition(b"\r\nMIME-Version")[0] + b"\r\n\r\n" + text.replace("\n", "\r\n").encode()
    await asyncio.gather(folder.put(message), folder.put(written(mailer, 2)))
    assert [mail.to for mail in await folder.recent()] == ["2@mail.example", "1@mail.example"]
    found = await folder.read((await folder.recent())[1].id)
    assert found is not None
    assert found.text == text


async def test_a_mail_that_was_put_in_again_is_there_once(tmp_path: Path, mailer: Mailer) -> None:
    await MailFolder(tmp_path).put(written(mailer, 1))
    await MailFolder(tmp_path).put(written(mailer, 1))
    assert len(await MailFolder(tmp_path).recent()) == 1


@pytest.mark.parametrize("torn", [20, 400])
async def test_half_a_mail_is_none_and_takes_no_other_along(tmp_path: Path, mailer: Mailer, torn: int) -> None:
    folder = MailFolder(tmp_path)
    await folder.put(written(mailer, 1))
    (file,) = tmp_path.glob("*.mbox")
    half = written(mailer, 2).replace(b"\r\n", b"\n")[:torn]
    file.write_bytes(file.read_bytes() + b"From MAILER-DAEMON Wed Mar  4 05:06:07 2026\n" + half)  # killed while writing
    await MailFolder(tmp_path).put(written(mailer, 3))
    assert [mail.to for mail in await folder.recent()] == ["3@mail.example", "1@mail.example"]


async def test_what_was_written_longest_ago_is_dropped(tmp_path: Path, mailer: Mailer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_folder, "FILE_BYTES", 10_000)
    monkeypatch.setattr(mail_folder, "KEPT_BYTES", 50_000)
    folder = MailFolder(tmp_path)
    for number in range(100):
        await folder.put(written(mailer, number, at=NOW + timedelta(seconds=number)))
    assert sum(path.stat().st_size for path in tmp_path.glob("*.mbox")) < 80_000
    kept = await folder.recent(100)
    assert 5 < len(kept) < 50
    assert [mail.to for mail in kept] == [f"{number}@mail.example" for number in range(99, 99 - len(kept), -1)]


async def test_a_full_disk_is_tried_once_for_all_who_write_at_once(tmp_path: Path, mailer: Mailer) -> None:
    (tmp_path / "mail").touch()  # no folder can be made here
    folder = MailFolder(tmp_path / "mail")
    outcomes = await asyncio.gather(*(folder.put(written(mailer, number)) for number in range(8)), return_exceptions=True)
    assert all(isinstance(outcome, OSError) for outcome in outcomes)
    (tmp_path / "mail").unlink()
    await folder.put(written(mailer, 1))
    assert len(await folder.recent()) == 1
