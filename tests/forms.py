"""Pages as a browser without JavaScript uses them: read a form, fill it in, send it, go where it leads."""

from html.parser import HTMLParser
from typing import Any

from aiohttp.test_utils import TestClient


class _Forms(HTMLParser):
    """The forms of a page: action → what its fields hold as the page comes."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._form: dict[str, str] = {}
        self._select = ""
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = self.forms.setdefault(given.get("action", ""), {})
        elif tag == "input" and "name" in given:
            if given.get("type") not in ("radio", "checkbox") or "checked" in given:
                self._form[given["name"]] = given.get("value", "")
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and "selected" in given:
            self._form[self._select] = given.get("value", "")
        elif tag == "textarea":
            self._area = given.get("name", "")
            self._form[self._area] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self._form[self._area] += data


def forms_of(page: str) -> dict[str, dict[str, str]]:
    """The forms of a page, by where they are sent."""
    parser = _Forms()
    parser.feed(page)
    return parser.forms


class Browser:
    """Opens pages and sends forms, and does not follow redirects by itself."""

    def __init__(self, client: TestClient[Any, Any]) -> None:
        self.client = client

    async def open(self, path: str, status: int = 200) -> str:
        """A page that must answer `status`."""
        async with self.client.get(path, allow_redirects=False) as answer:
            text = await answer.text()
            assert answer.status == status, (path, answer.status, answer.headers.get("Location"), text[-2000:])
            return text

    async def send(self, path: str, fields: dict[str, str], **headers: str) -> tuple[int, str, str]:
        """A form: (status, where it leads, text)."""
        async with self.client.post(path, data=fields, headers=headers, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location", ""), await answer.text()

    async def follow(self, path: str, fields: dict[str, str]) -> str:
        """A form that must lead somewhere: where."""
        status, location, text = await self.send(path, fields)
        assert status == 303, (path, status, text[-2000:])
        return location

    def cookie(self, name: str) -> str:
        """The browser's cookie; "" when it has none."""
        found = self.client.session.cookie_jar.filter_cookies(self.client.make_url("/")).get(name)
        return found.value if found is not None else ""
