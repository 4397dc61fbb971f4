"""What the pages and the JSON API of orders answer alike."""

from aiohttp import web


def pdf_response(name: str, body: bytes) -> web.Response:
    """A paper that is for its reader alone, shown in the browser under its number."""
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": f'inline; filename="{name}.pdf"', "X-Robots-Tag": "noindex"}
    return web.Response(body=body, content_type="application/pdf", headers=headers)
