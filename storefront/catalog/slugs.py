"""URL names: what may be one, and how one is made of a name."""

import hashlib
import re
from functools import lru_cache

from slugify import slugify

LONGEST = 255
_BREAKERS = re.compile(r"[\s/?#%\\\x00-\x1f\x7f-\x9f]")


def is_slug(text: str) -> bool:
    """Whether the text can stand as one part of a URL's path: up to 255 characters, none that a path would have to escape or end at."""
    return 0 < len(text) <= LONGEST and text not in (".", "..") and not _BREAKERS.search(text)


@lru_cache(maxsize=4096)
def made_slug(name: str) -> str:
    """A slug of a name in lower-case ASCII: 'Räder & Co' gives 'rader-co'. A name without letters and digits gives a hash."""
    return str(slugify(name)) or hashlib.sha256(name.encode()).hexdigest()[:8]
