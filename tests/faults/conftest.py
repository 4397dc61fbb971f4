"""What the faults are tried on: a PostgreSQL that flushes, and checkout made of the real parts."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from storefront.platform.embedded.postgres import Postgres
from tests.conftest import serving_template
from tests.integration.conftest import clock, option_id, sandbox, shop
from tests.scratch import on_disk

__all__ = ["clock", "option_id", "sandbox", "shop"]


@pytest.fixture(scope="session")
def durable() -> Iterator[Path]:
    """A folder of this worker on a disk, so that what is flushed has somewhere to go."""
    folder = on_disk("storefront-faults-")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(durable: Path, for_all_workers: Path) -> Iterator[Postgres]:
    """A running cluster with fsync on, whose database `template_shop` is migrated and empty."""
    with serving_template(Postgres(durable / "postgresql"), for_all_workers / "cluster") as server:
        yield server
