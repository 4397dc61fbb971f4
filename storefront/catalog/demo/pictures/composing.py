"""From the words of a product to its pictures: one for each colour, and one that looks closer or shows all colours together."""

from typing import Literal

import msgspec

from storefront.catalog.demo.pictures import cabinet
from storefront.catalog.demo.pictures.backdrop import Scene, backdrop
from storefront.catalog.demo.pictures.colour import brightness
from storefront.catalog.demo.pictures.kinds import Kind, Look
from storefront.catalog.demo.pictures.palette import PALETTE

Shot = Literal["front", "close", "together"]

# Where things stand when several are shown together: (x of the middle, y of the foot, scale), from the back to the front.
STANDING = {2: ((28, 76, 0.62), (51, 86, 0.7)), 3: ((24, 75, 0.54), (57, 78, 0.56), (39, 88, 0.62))}
LYING = {2: ((30, 38, 0.66), (50, 62, 0.66)), 3: ((27, 30, 0.56), (55, 48, 0.56), (30, 71, 0.56))}


class PictureOrder(msgspec.Struct, frozen=True):
    """A picture to be drawn. `subject` names the product; the first of `colours` is in front; all names are of the palette."""

    subject: str
    kind: str
    shot: Shot
    colours: tuple[str, ...]
    second: str
    third: str
    form: str
    pattern: str
    scene: Scene


def draw(order: PictureOrder) -> bytes:
    """The picture as a WebP file; the same order gives the same bytes."""
    kind = cabinet.KINDS.get(order.kind) or cabinet.KINDS["mug"]
    canvas = backdrop(_scene(order, kind))
    looks = [Look(PALETTE[colour], PALETTE[order.second], PALETTE[order.third], order.form, order.pattern) for colour in order.colours]
    if order.shot == "together":
        places = (LYING if kind.lies else STANDING)[len(looks)]
        for look, (x, y, scale) in zip(reversed(looks), places, strict=True):
            foot = 50 if kind.lies else 83
            with canvas.within(move=(x - 40, y - foot), scale=scale, at=(40, foot)):
                kind.draw(canvas, look)
    elif order.shot == "close":
        with canvas.within(move=(40 - kind.focus[0], 52 - kind.focus[1]), scale=kind.near, at=kind.focus):
            kind.draw(canvas, looks[0])
    else:
        kind.draw(canvas, looks[0])
    return canvas.webp()


def _scene(order: PictureOrder, kind: Kind) -> Scene:
    if kind.lies:
        return Scene(order.scene.tint, "flat")
    return order.scene if order.shot == "front" else Scene(order.scene.tint, "plain")


def stands_out(colour: str, tint: tuple[int, int, int]) -> bool:
    """Whether a thing of that colour can be seen well on that tint."""
    return abs(brightness(PALETTE[colour]) - brightness(tint)) > 0.12
