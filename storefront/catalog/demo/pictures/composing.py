"""From the words of a product to its pictures: one for each colour, and one that looks closer or shows all colours together."""

from typing import Literal

import msgspec

from storefront.catalog.demo.pictures.backdrop import Scene, backdrop
from storefront.catalog.demo.pictures.colour import brightness
from storefront.catalog.demo.pictures.drawings import KINDS
from storefront.catalog.demo.pictures.kinds import Kind, Look
from storefront.catalog.demo.pictures.palette import PALETTE

Shot = Literal["front", "close", "together"]

# Where things stand when several are shown together: (x of the middle, y of the foot, scale), from the back to the front.
STANDING = {2: ((27, 77, 0.7), (53, 88, 0.76)), 3: ((22, 75, 0.6), (58, 77, 0.6), (40, 90, 0.68))}
LYING = {2: ((29, 36, 0.68), (51, 65, 0.68)), 3: ((25, 29, 0.6), (56, 47, 0.6), (27, 72, 0.6))}


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
    """The picture as a JPEG file; the same order gives the same bytes."""
    kind = KINDS[order.kind]
    canvas = backdrop(_scene(order, kind))
    looks = [Look(PALETTE[colour], PALETTE[order.second], PALETTE[order.third], order.form, order.pattern) for colour in order.colours]
    foot = (40.0, 50.0) if kind.lies else (40.0, 83.0)
    if order.shot == "together":
        places = (LYING if kind.lies else STANDING)[len(looks)]
        for look, (x, y, scale) in zip(reversed(looks), places, strict=True):
            with canvas.within(move=(x - foot[0], y - foot[1]), scale=scale * kind.size, at=foot):
                kind.draw(canvas, look)
    elif order.shot == "close":
        with canvas.within(move=(40 - kind.focus[0], 52 - kind.focus[1]), scale=kind.near, at=kind.focus):
            kind.draw(canvas, looks[0])
    else:
        with canvas.within(scale=kind.size, at=foot):
            kind.draw(canvas, looks[0])
    return canvas.jpeg()


def _scene(order: PictureOrder, kind: Kind) -> Scene:
    if kind.lies:
        return Scene(order.scene.tint, "flat")
    return order.scene if order.shot == "front" else Scene(order.scene.tint, "plain")


def several(kind: str) -> bool:
    """Whether things of this kind are shown together."""
    return not KINDS[kind].alone


def stands_out(colour: str, tint: tuple[int, int, int]) -> bool:
    """Whether a thing of that colour can be seen well on that tint."""
    return abs(brightness(PALETTE[colour]) - brightness(tint)) > 0.12
