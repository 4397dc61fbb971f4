"""Static files: names that follow the content, references that follow the names, bodies made once."""

import gzip
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import brotli
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, make_mocked_request

from storefront.platform.assets import ASSETS, AssetError, Assets, routes, static_file
from storefront.platform.errors import NotFound
from storefront.settings import ROOT

CSS = "body { color: black; }\n" * 50
PICTURE = b"\x89PNG" * 400


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def test_a_name_changes_with_the_content_and_only_with_it(tmp_path: Path) -> None:
    before = Assets(write(tmp_path, {"css/a.css": CSS, "css/b.css": CSS + "/* b */"}))
    after = Assets(write(tmp_path, {"css/a.css": CSS + "/* new */"}))
    assert before.url("css/a.css").startswith("/static/css/a.")
    assert before.url("css/a.css") != after.url("css/a.css")
    assert before.url("css/b.css") == after.url("css/b.css")


def test_an_import_leads_to_the_served_name_and_changes_the_importer(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "js/main.js": 'import { a } from "./lib/a.js";\nconst later = () => import("./b.js");\n',
        "js/lib/a.js": "import '../b.js';\nexport const a = 1;\n",
        "js/b.js": "export const b = 1;\n",
    }
    before = Assets(write(tmp_path, files))
    main = before.at(before.url("js/main.js"))
    assert main is not None
    text = main.bodies["identity"].decode()
    assert f'from "{before.url("js/lib/a.js")}"' in text
    assert f'import("{before.url("js/b.js")}")' in text
    assert set(before.imports("js/main.js")) == {before.url("js/lib/a.js"), before.url("js/b.js")}
    after = Assets(write(tmp_path, {"js/b.js": "export const b = 2;\n"}))
    assert before.url("js/main.js") != after.url("js/main.js")


def test_a_picture_in_a_style_sheet_is_served_under_its_own_hash(tmp_path: Path) -> None:
    assets = Assets(write(tmp_path, {"css/a.css": 'a { background: url("../img/x.svg"); }', "img/x.svg": "<svg/>"}))
    sheet = assets.at(assets.url("css/a.css"))
    assert sheet is not None
    assert assets.url("img/x.svg").encode() in sheet.bodies["identity"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a.js": 'import "./b.js";', "b.js": 'import "./a.js";'}, "a.js → b.js → a.js"),
        ({"a.js": 'import "./gone.js";'}, "a.js refers to gone.js, which is missing"),
        ({"a.css": "a { background: url(../../etc/x.svg) }"}, "which is missing"),
        ({"a.exe": "x"}, "no content type is known for .exe"),
    ],
)
def test_a_folder_that_cannot_be_served_is_refused_in_one_line(tmp_path: Path, files: dict[str, str | bytes], said: str) -> None:
    with pytest.raises(AssetError, match=said.replace(".", r"\.")):
        Assets(write(tmp_path, files))


def test_a_name_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"css/none\.css"):
        Assets(tmp_path).url("css/none.css")


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[Assets, aiohttp.ClientSession]]:
    """Two files and a client that leaves bodies as they came."""
    app = _app_of(Assets(write(tmp_path, {"css/a.css": CSS, "p.png": PICTURE})))
    app.add_routes(routes)
    async with TestServer(app) as server, aiohttp.ClientSession(server.make_url("/"), auto_decompress=False) as client:
        yield app[ASSETS], client


@pytest.mark.parametrize(("encoding", "unpack"), [("br", brotli.decompress), ("gzip", gzip.decompress), ("identity", bytes)])
async def test_text_is_served_packed_and_for_ever(
    served: tuple[Assets, aiohttp.ClientSession], encoding: str, unpack: Callable[[bytes], bytes]
) -> None:
    assets, client = served
    url = assets.url("css/a.css")
    async with client.get(url, headers={"Accept-Encoding": encoding}) as response:
        assert response.status == 200
        assert unpack(await response.read()).decode() == CSS
        assert response.headers.get("Content-Encoding", "identity") == encoding
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert response.headers["Content-Type"] == "text/css; charset=utf-8"
        assert response.headers["Vary"] == "Accept-Encoding"
    async with client.get(url, headers={"Accept-Encoding": encoding, "If-None-Match": response.headers["ETag"]}) as again:
        assert again.status == 304
        assert await again.read() == b""


async def test_a_picture_is_served_as_it_is(served: tuple[Assets, aiohttp.ClientSession]) -> None:
    assets, client = served
    async with client.get(assets.url("p.png"), headers={"Accept-Encoding": "br, gzip"}) as response:
        assert await response.read() == PICTURE
        assert response.headers["Content-Type"] == "image/png"
        assert "Content-Encoding" not in response.headers


async def test_a_file_of_another_release_is_answered_by_what_this_one_has_and_kept_by_nobody(
    served: tuple[Assets, aiohttp.ClientSession],
) -> None:
    assets, client = served
    async with client.get(assets.url("css/a.css")) as own, client.get("/static/css/a.000000000000.css") as other:
        assert await other.read() == await own.read()
        assert other.headers["Content-Type"] == own.headers["Content-Type"]
        assert other.headers["Cache-Control"] == "no-store"
        assert "ETag" not in other.headers


@pytest.mark.parametrize(
    "path",
    ["/static/css/a.css", "/static/css/none.000000000000.css", "/static/css/a.00000000000.css", "/static/../p.png", "/static/%2e%2e/p.png"],
)
async def test_no_other_name_is_there(served: tuple[Assets, aiohttp.ClientSession], path: str) -> None:
    request = make_mocked_request("GET", path, app=_app_of(served[0]))
    with pytest.raises(NotFound):
        await static_file(request)


def _app_of(assets: Assets) -> web.Application:
    app = web.Application()
    app[ASSETS] = assets
    return app


def test_the_shops_own_files_can_be_served() -> None:
    assets = Assets(ROOT / "static")
    assert assets.url("css/base.css")
    assert len(assets.imports("js/main.js")) > 1
