"""How often a process that serves looks for garbage in circles."""

import gc

COLLECT_AFTER = (25_000, 20, 50)  # new objects, rounds, rounds: what a request makes is mostly gone with it, and not worth looking for


def look_seldom() -> None:
    """Called once all that lives as long as the process is there: it is not looked through again and again."""
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
