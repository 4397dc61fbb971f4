"""What a page complains of: script errors, refused resources, broken links of its own."""

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, Response

# A page that answers 404 or 422 is told so by the browser, too; Watch looks at answers itself.
_STATUS_NOTE = "Failed to load resource"
# A page was left; scripts are off ("csp", too: a real violation is told on the console).
_NO_FAILURE = ("net::ERR_ABORTED", "csp")
_PARTS = frozenset({"stylesheet", "script", "image", "font", "manifest"})


class Watch:
    """Listens to every page of a context from now on."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        context.on("console", self._said)
        context.on("weberror", lambda error: self.complaints.append(f"{error.page and error.page.url}: {error.error}"))
        context.on("response", self._answered)
        context.on("requestfailed", self._failed)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_STATUS_NOTE):
            self.complaints.append(f"{message.page and message.page.url}: {message.text}")

    def _answered(self, response: Response) -> None:
        broken = 400 if response.request.resource_type in _PARTS else 500
        if response.status >= broken:
            self.complaints.append(f"{response.url} answered {response.status}")

    def _failed(self, request: Request) -> None:
        if request.resource_type in _PARTS and request.failure not in _NO_FAILURE:
            self.complaints.append(f"{request.url} failed: {request.failure}")

    def assert_quiet(self) -> None:
        """Content-Security-Policy violations are among what the console says."""
        assert not self.complaints, self.complaints
