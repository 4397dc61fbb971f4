"""Drawings of what stands on a table."""

import random

from storefront.catalog.demo.pictures.backdrop import FLOOR, contact
from storefront.catalog.demo.pictures.canvas import Canvas, Linear
from storefront.catalog.demo.pictures.colour import CREAM, Colour, darker, lighter
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.shapes import Shape, band, curve, ellipse, joined, stroke, turned_on_lathe

TILT = 0.2


def speckle(canvas: Canvas, body: Shape, colour: Colour, count: int, seed: int = 7) -> None:
    """Iron spots in a glaze."""
    dice = random.Random(seed)  # noqa: S311
    left, top, right, bottom = body.box()
    dots = joined(
        ellipse(dice.uniform(left, right), dice.uniform(top, bottom), size := dice.uniform(0.1, 0.34), size * 0.85, steps=8)
        for _ in range(count)
    )
    canvas.fill(dots, colour, opacity=0.5, clip=body)


def mouth(
    canvas: Canvas, radius: float, y: float, colour: Colour, inside: Colour, *, cx: float = 40, lip: float = 0.9, tilt: float = TILT
) -> None:
    """The rim and the dark inside of something open."""
    canvas.fill(
        ellipse(cx, y, radius, radius * tilt),
        Linear(((0, lighter(colour, 0.3)), (0.6, lighter(colour, 0.1)), (1, darker(colour, 0.1))), 20),
    )
    inner = ellipse(cx, y + 0.15, radius - lip, (radius - lip) * tilt)
    canvas.fill(inner, Linear(((0, darker(inside, 0.42)), (0.55, darker(inside, 0.2)), (1, lighter(inside, 0.08))), 35))


@kind("mug", focus=(42, 66), near=1.9)
def mug(canvas: Canvas, look: Look) -> None:
    """A mug with a handle; forms: tall, round, low."""
    top, height = {"tall": (50, 14.5), "low": (60, 19)}.get(look.form, (54, 16.5))
    contact(canvas, height * 2 + 4)
    belly = {"round": 2.6, "low": 0.6}.get(look.form, 0.4)
    profile = [(height, top), (height + belly, (top + FLOOR) / 2), (height - 1.2, FLOOR - 5), (height - 4.2, FLOOR - 1.2)]
    body = turned_on_lathe(profile, tilt=TILT)
    x = 40 + height - 0.5
    loop = curve([(x, top + 6), (x + 8.5, top + 5.2), (x + 11, top + 12), (x + 7.5, top + 19), (x - 1, top + 20.5)])
    handle = stroke(loop, 3.7)
    canvas.fill(handle, Linear(((0, lighter(look.colour, 0.1)), (0.5, look.colour), (1, darker(look.colour, 0.3))), 70))
    canvas.veil(stroke([(px - 0.5, py - 0.8) for px, py in loop[4:-12]], 0.8), ((0, 0.5), (1, 0)), 80, CREAM)
    canvas.shade(ellipse(x + 0.5, top + 13, 2.4, 11), 0.3, 1.2, clip=handle)
    canvas.fill(body, look.colour)
    if look.pattern == "dipped":
        canvas.fill(band(40, (height + 4, FLOOR - 13), (height + 4, FLOOR + 3), tilt=TILT), look.second, clip=body)
    elif look.pattern == "bands":
        for y in (FLOOR - 16, FLOOR - 12.4):
            canvas.fill(band(40, (height + 0.6, y), (height + 0.5, y + 1.6), tilt=TILT), look.second, clip=body)
    elif look.pattern == "speckle":
        speckle(canvas, body, look.second, 150)
    canvas.rounded(body)
    mouth(canvas, height, top, look.colour, look.third if look.pattern == "dipped" else look.colour)
    canvas.shine(ellipse(40 - height * 0.55, top + 11, 1.3, 7), 0.5, 1.0, clip=body)
