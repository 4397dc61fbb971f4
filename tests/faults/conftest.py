"""What the faults are tried on: a PostgreSQL that flushes, and checkout made of the real parts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storefront.platform.embedded.postgres import Postgres
from tests.conftest import serving_template
from tests.integration.conftest import clock, option_id, sandbox, shop

__all__ = ["clock", "option_id", "sandbox", "shop"]


@pytest.fixture(scope="session")
def postgres(scratch: Path) -> Iterator[Postgres]:
    """A running cluster with fsync on, whose database `template_shop` is migrated and empty."""
    with serving_template(Postgres(scratch / "durable")) as server:
        yield server
