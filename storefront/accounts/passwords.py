"""Passwords: argon2id in a bounded executor, so that hashing never holds up a page.

Parameters are the low-memory profile of RFC 9106. Length is bounded above because hashing is work that a stranger
can order.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

SHORTEST = 10
LONGEST = 200

hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_executor = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")


@cache
def _unknown_hash() -> str:
    """Made when it is first needed: commands that sign nobody in should not wait for it."""
    return hasher.hash("nobody has this password")


async def hash_password(password: str) -> str:
    """The encoded hash, with salt and parameters in it."""
    return await asyncio.get_running_loop().run_in_executor(_executor, hasher.hash, password)


async def verify_password(password: str, encoded: str | None) -> bool:
    """Whether the password is right. Without a hash (no such account) the same time is spent, so that timing tells nothing."""
    return await asyncio.get_running_loop().run_in_executor(_executor, _verify, password, encoded)


def _verify(password: str, encoded: str | None) -> bool:
    try:
        right = hasher.verify(encoded or _unknown_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return right and encoded is not None
