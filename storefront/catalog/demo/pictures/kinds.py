"""The drawings by name. Each draws one kind of thing onto a canvas: standing on FLOOR in the middle, or lying round (40, 50)."""

from collections.abc import Callable

import msgspec

from storefront.catalog.demo.pictures.canvas import Canvas
from storefront.catalog.demo.pictures.colour import Colour


class Look(msgspec.Struct, frozen=True):
    """What a drawing may vary: its main colour, two more, one of its forms, one of its patterns."""

    colour: Colour
    second: Colour
    third: Colour
    form: str = ""
    pattern: str = ""


Drawing = Callable[[Canvas, Look], None]


class Kind(msgspec.Struct, frozen=True):
    """How a kind of thing is shown.

    `lies`: seen from above, on a surface, instead of standing in a room. `size`: how much larger than drawn. `focus`: what a close-up
    shows; `near`: how close it goes. `alone`: fastened to something, so that several are never shown together.
    """

    draw: Drawing
    lies: bool = False
    size: float = 1
    focus: tuple[float, float] = (40, 60)
    near: float = 1.7
    alone: bool = False


KINDS: dict[str, Kind] = {}


def kind(
    name: str, *, lies: bool = False, size: float = 1, focus: tuple[float, float] = (40, 60), near: float = 1.7, alone: bool = False
) -> Callable[[Drawing], Drawing]:
    """Registers a drawing."""

    def register(draw: Drawing) -> Drawing:
        KINDS[name] = Kind(draw, lies, size, focus, near, alone)
        return draw

    return register
