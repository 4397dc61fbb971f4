"""`run.py` as an operator starts it beside a shop whose servers are known."""

import os
import sys

from storefront.settings import ROOT, Settings


def command(settings: Settings, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """`run.py` on the database of these settings and beside their provider, as an operator starts it."""
    given = {"DATA__DIR": str(settings.data_dir), "CACHE__URL": settings.cache.url}
    given |= {"DATABASE__URL": settings.database.url, "DATABASE__MIGRATE_URL": settings.database.migrate_url}
    given |= {"PAYMENTS__API_BASE": settings.provider_base, "PAYMENTS__API_KEY": settings.payments.api_key}
    return [sys.executable, str(ROOT / "run.py"), *arguments], os.environ | {f"STOREFRONT_{name}": value for name, value in given.items()}
