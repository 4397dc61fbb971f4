"""run.py is killed without warning: nothing is left running, nothing is lost, the next start recovers."""

import asyncio
import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import psutil
import pytest

from storefront.settings import ROOT
from tests.buying import offer
from tests.live import LiveShop, live_shop, neighbouring_ports, start_shop
from tests.shopper import Shopper


def _family(shop: LiveShop) -> list[psutil.Process]:
    parent = psutil.Process(shop.process.pid)
    return [parent, *parent.children(recursive=True)]


def _kill_and_count_orphans(shop: LiveShop) -> None:
    family = _family(shop)
    assert len(family) > 3, "PostgreSQL, Valkey and the provider are children of run.py"
    shop.process.send_signal(signal.SIGKILL)
    shop.process.wait()
    _, alive = psutil.wait_procs(family, timeout=15)
    assert not alive, f"orphans: {alive}"


def _run(shop: LiveShop, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"STOREFRONT_DATA__DIR": str(shop.folder), "STOREFRONT_DATABASE__FSYNC": "false"}
    return subprocess.run([sys.executable, str(ROOT / "run.py"), *arguments], env=env, capture_output=True, text=True, check=False)


def _assert_audit_is_clean(shop: LiveShop) -> None:
    audit = _run(shop, "audit")
    assert audit.returncode == 0, audit.stdout + audit.stderr


@pytest.mark.timeout(240)
def test_killed_in_a_checkout_it_leaves_no_orphan_and_the_order_ends_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    with live_shop(SHOP__DEMO="false", PAYMENTS__TIMEOUT_MS="2000") as shop:

        async def order_while_killed() -> tuple[dict[str, object], str]:
            owner = await asyncpg.connect(json.loads((shop.folder / "runtime.json").read_text())["migrate_url"])
            variant_id = await offer(owner)
            await owner.close()
            async with Shopper(shop.url) as shopper:
                cart = await shopper.filled_cart(variant_id, email="killed@shop.example")
                key = "killed-in-checkout"
                placing = asyncio.create_task(shopper.place(cart, key=key))
                # The order row is the sign that placing is between its first transaction and its end.
                await _until_order_exists(shop)
                _kill_and_count_orphans(shop)
                await asyncio.gather(placing, return_exceptions=True)
                return cart, key

        cart, key = asyncio.run(order_while_killed())
        again = start_shop(shop.folder, int(shop.url.rsplit(":", 1)[1]), SHOP__DEMO="false", PAYMENTS__TIMEOUT_MS="2000")
        try:
            again.wait_ready()

            async def retry() -> tuple[int, dict[str, object]]:
                async with Shopper(again.url) as shopper:
                    while True:
                        status, body = await shopper.place(cart, key=key)
                        if status != 409:
                            return status, body
                        await asyncio.sleep(0.2)

            status, order = asyncio.run(retry())
            assert status == 201, order
            assert order["status"] == "paid"
            _assert_audit_is_clean(again)
        finally:
            assert again.stop() == 0


async def _until_order_exists(shop: LiveShop) -> None:
    url = json.loads((shop.folder / "runtime.json").read_text())["migrate_url"]
    conn = await asyncpg.connect(url)
    try:
        while not await conn.fetchval("SELECT EXISTS (SELECT FROM orders WHERE email = 'killed@shop.example')"):
            await asyncio.sleep(0)
    finally:
        await conn.close()


def _write_catalog(path: Path, count: int) -> None:
    columns = ["Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published", "Option1 Name", "Option1 Value"]
    columns += ["Variant SKU", "Variant Grams", "Variant Inventory Tracker", "Variant Inventory Qty", "Variant Inventory Policy"]
    columns += ["Variant Price", "Variant Requires Shipping", "Variant Taxable", "Status"]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for number in range(count):
            writer.writerow(
                [f"thing-{number}", f"Thing {number}", "<p>A thing.</p>", "Maker", "Things > Small", "a, b", "true", "Title"]
                + ["Default Title", f"T-{number}", "100", "shopify", "5", "deny", "9.99", "true", "true", "active"]
            )


@pytest.mark.timeout(240)
def test_killed_in_an_import_it_keeps_whole_products_and_a_second_import_completes(tmp_path: Path) -> None:
    file, count = tmp_path / "catalog.csv", 2500
    _write_catalog(file, count)
    with live_shop(SHOP__DEMO="false") as shop:
        env = os.environ | {"STOREFRONT_DATA__DIR": str(shop.folder)}

        async def killed_in_the_middle() -> None:
            in_the_way = await asyncpg.connect(json.loads((shop.folder / "runtime.json").read_text())["migrate_url"])
            await in_the_way.execute("BEGIN")  # the import waits for its end when it comes there
            await in_the_way.execute("INSERT INTO product (slug, title) VALUES ($1, 'In the way')", f"thing-{count - 1}")
            importing = subprocess.Popen(
                [sys.executable, str(ROOT / "run.py"), "import", "catalog", str(file)],
                env=env,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            await _until_products(shop, 1)
            _kill_and_count_orphans(shop)
            importing.wait(30)
            in_the_way.terminate()

        asyncio.run(killed_in_the_middle())
        again = start_shop(shop.folder, neighbouring_ports(), SHOP__DEMO="false")
        try:
            again.wait_ready()
            whole = asyncio.run(
                _fetchval(again, "SELECT count(*) FROM product p WHERE NOT EXISTS (SELECT FROM variant v WHERE v.product_id = p.id)")
            )
            assert whole == 0, "a product was left without its variant"
            assert 0 < int(str(asyncio.run(_fetchval(again, "SELECT count(*) FROM product")))) < count, "it was killed in the middle"
            done = _run(again, "import", "catalog", str(file))
            assert done.returncode == 0, done.stdout + done.stderr
            assert asyncio.run(_fetchval(again, "SELECT count(*) FROM product")) == count
            _assert_audit_is_clean(again)
        finally:
            assert again.stop() == 0


async def _fetchval(shop: LiveShop, statement: str) -> object:
    conn = await asyncpg.connect(json.loads((shop.folder / "runtime.json").read_text())["migrate_url"])
    try:
        return await conn.fetchval(statement)
    finally:
        await conn.close()


async def _until_products(shop: LiveShop, count: int) -> None:
    deadline = time.monotonic() + 60
    while int(str(await _fetchval(shop, "SELECT count(*) FROM product"))) < count:
        assert time.monotonic() < deadline, "the import did not begin"


def test_a_second_run_on_the_same_folder_says_so_in_one_line() -> None:
    with live_shop(SHOP__DEMO="false") as shop:
        second = start_shop(shop.folder, neighbouring_ports())
        assert second.process.wait(30) == 2
        assert "is in use by another run" in second.output.read_text()
        third = subprocess.run(
            [sys.executable, str(ROOT / "run.py")],
            env=os.environ
            | {"STOREFRONT_SERVER__PORT": shop.url.rsplit(":", 1)[1], "STOREFRONT_DATA__DIR": str(shop.folder.parent / "other")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert third.returncode == 2
        assert "server.port" in third.stderr
        assert len(third.stderr.strip().splitlines()) == 1
