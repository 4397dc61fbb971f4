"""Drawings of clothes against the weather."""

import math

from storefront.catalog.demo.pictures.backdrop import fallen
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, ball, metal, sheet
from storefront.catalog.demo.pictures.colour import CREAM, Colour, darker, lighter, mix, rgb
from storefront.catalog.demo.pictures.drawings.textiles import fold_shadows
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import WHITE, dots, fringe, rod, stitches
from storefront.catalog.demo.pictures.shapes import (
    Shape,
    arc,
    box,
    curve,
    ellipse,
    joined,
    outline,
    path,
    polygon,
    soft_polygon,
    stroke,
)

BODY = path(
    "M31 20 C28 21.6 25 23 22.8 25 C24 33 24.2 40 23.8 47 L22.6 80"
    " C34 82 46 82 57.4 80 L56.2 47 C55.8 40 56 33 57.2 25 C55 23 52 21.6 49 20 Z"
)
LONG = path(
    "M31 20 C28 21.6 25 23 22.8 25 C24 33 24.2 40 23.4 47 L20.6 90"
    " C33 92.4 47 92.4 59.4 90 L56.6 47 C55.8 40 56 33 57.2 25 C55 23 52 21.6 49 20 Z"
)
SLEEVE = path("M23.2 24.4 C18.4 26.6 15.6 31 14 38 C11.6 49 9.4 60 7.4 71 L17 74 C19.8 64 22 56 24.2 47 C24.6 39 24.4 32 23.2 24.4 Z")
GOLD = rgb("#c99b45")


def _cloth(canvas: Canvas, shape: Shape, colour: Colour, texture: str = "", strength: float = 0.16) -> None:
    canvas.fill(shape, Linear(((0, lighter(colour, 0.2)), (0.5, colour), (1, darker(colour, 0.16))), 32))
    if texture:
        canvas.texture(shape, texture, strength, darker(colour, 0.9))


def _sleeves(canvas: Canvas, colour: Colour, texture: str = "", strength: float = 0.16) -> None:
    for sleeve in (SLEEVE, SLEEVE.mirrored()):
        _cloth(canvas, sleeve, colour, texture, strength)
    fold_shadows(canvas, SLEEVE, "M22 40 C19 42 17 46 16 50", "M21 52 C18 54 15 58 13 62", strength=0.22, width=1.8)
    fold_shadows(canvas, SLEEVE.mirrored(), "M58 40 C61 42 63 46 64 50", "M59 52 C62 54 65 58 67 62", strength=0.22, width=1.8)
    canvas.veil(SLEEVE, ((0, 0), (0.6, 0), (1, 0.3)), 0)
    canvas.veil(SLEEVE.mirrored(), ((0, 0.24), (0.4, 0), (0.7, 0), (1, 0.26)), 0)


def _light(canvas: Canvas, body: Shape) -> None:
    fold_shadows(canvas, body, "M25 48 C28 54 29 64 28 76", "M55 48 C52 54 51 64 52 76", strength=0.18, width=2.4)
    canvas.veil(body, ((0, 0), (0.7, 0), (1, 0.2)), 20)
    canvas.veil(body, ((0, 0.2), (0.3, 0)), 30, CREAM)
    for seam in (curve([(23, 24.8), (24.2, 34), (24, 47)]), curve([(57, 24.8), (55.8, 34), (56, 47)])):
        canvas.shade(stroke(seam, 0.5), 0.5, 0.5)


def _hood(canvas: Canvas, colour: Colour, lining: Colour) -> None:
    hood = path("M29 21 C25 14 28 5.6 40 5.4 C52 5.6 55 14 51 21 C46 26 34 26 29 21 Z")
    canvas.shade(hood.moved(0.4, 1.2), 0.3, 1)
    _cloth(canvas, hood, colour)
    inside = path("M32.6 20.6 C30 15 32 10.4 40 10 C48 10.4 50 15 47.4 20.6 C44 23.6 36 23.6 32.6 20.6 Z")
    canvas.fill(inside, Linear(((0, darker(lining, 0.5)), (1, darker(lining, 0.15))), 90))
    canvas.fill(stroke([*arc(40, 20, 9.4, 12.4, 190, 350)], 0.5), darker(colour, 0.4), opacity=0.6)
    canvas.shade(stroke([(40, 5.6), (40, 10)], 0.6), 0.3, 0.4)


def _zip(canvas: Canvas, top: float, bottom: float, colour: Colour) -> None:
    canvas.fill(box(38.9, top, 2.2, bottom - top), darker(colour, 0.3))
    canvas.fill(box(39.6, top, 0.8, bottom - top), metal(rgb("#b6bec6")))
    teeth = joined(box(39.2, top + i * 1.1, 1.6, 0.45) for i in range(int((bottom - top) / 1.1)))
    canvas.fill(teeth, darker(rgb("#b6bec6"), 0.3), opacity=0.8)
    canvas.fill(box(39.2, top + 1, 1.6, 3.6, 0.7), rgb("#d8dde2"))


def _pocket(canvas: Canvas, shape: Shape, colour: Colour, *, thread: Colour | None = None, flap: float = 0) -> None:
    canvas.shade(shape.moved(0.3, 0.6), 0.32, 0.6)
    _cloth(canvas, shape, lighter(colour, 0.04))
    left, top, right, bottom = shape.box()
    if thread:
        inset = [
            (left + 0.8, top + 1.8),
            (right - 0.8, top + 1.8),
            (right - 0.8, bottom - 0.8),
            (left + 0.8, bottom - 0.8),
            (left + 0.8, top + 1.8),
        ]
        stitches(canvas, inset, thread, length=0.8, gap=0.6, width=0.2)
    if flap:
        cover = soft_polygon([(left - 0.3, top - 0.4), (right + 0.3, top - 0.4), (right + 0.3, top + flap), (left - 0.3, top + flap)], 0.9)
        canvas.shade(cover.moved(0, 0.7), 0.3, 0.5)
        _cloth(canvas, cover, lighter(colour, 0.1))
        dots(canvas, [((left + right) / 2, top + flap - 1.3)], 0.6, GOLD)


def _cuffs(canvas: Canvas, colour: Colour) -> None:
    cuff = path("M8.2 67 L7.3 71.2 L16.9 74.2 L18 70 Z")
    for shape in (cuff, cuff.mirrored()):
        canvas.fill(shape, sheet(darker(colour, 0.12), 0.12))
        canvas.shade(shape.moved(0, -1), 0.16, 0.5)


def _buttons(canvas: Canvas, spots: list[tuple[float, float]], colour: Colour, radius: float = 1.1) -> None:
    for x, y in spots:
        canvas.shade(ellipse(x + 0.3, y + 0.4, radius), 0.4, 0.4)
        canvas.fill(ellipse(x, y, radius), ball(colour))
        dots(canvas, [(x - 0.3, y), (x + 0.3, y)], 0.16, darker(colour, 0.8))


@kind("jacket", lies=True, focus=(40, 36), near=1.6)
def jacket(canvas: Canvas, look: Look) -> None:
    """A jacket; forms: rain, parka, quilted, chore, coat, anorak, kids."""
    with canvas.within(scale=0.88 if look.form == "kids" else 1.0, at=(40, 52)):
        body = LONG if look.form in ("parka", "coat") else BODY
        fallen(canvas, SLEEVE.both() + body, 1.3)
        _JACKETS[look.form](canvas, look, body)


def _rain(canvas: Canvas, look: Look, body: Shape) -> None:
    _sleeves(canvas, look.colour)
    _cloth(canvas, body, look.colour)
    yoke = path("M31 20 L49 20 C53 22 55.4 23.6 57.2 25 L56.6 34 C46 37 34 37 23.4 34 L22.8 25 C25 23 28 21.6 31 20 Z")
    canvas.shade(yoke.moved(0, 0.6), 0.2, 0.6, clip=body)
    _cloth(canvas, yoke, mix(look.colour, look.second, 0.0 if look.form == "rain" else 0.1))
    _light(canvas, body)
    for side in (-1, 1):
        slit = stroke([(40 + side * 8.6, 56), (40 + side * 12, 68)], 1.5)
        canvas.shade(slit.moved(0.4, 0.4), 0.4, 0.5)
        canvas.fill(slit, darker(look.colour, 0.34))
        canvas.fill(stroke([(40 + side * 8.6, 56), (40 + side * 12, 68)], 0.4), lighter(look.colour, 0.3))
    _zip(canvas, 21, 80.6, look.colour)
    _cuffs(canvas, look.colour)
    canvas.fill(box(46, 40, 6, 2.2, 0.4), CREAM, opacity=0.9)
    canvas.shade(path("M22.6 77 C34 79 46 79 57.4 77 L57.4 80 C46 82 34 82 22.6 80 Z"), 0.25, 0.6, clip=body)
    _hood(canvas, look.colour, look.second)
    for x in (36.6, 43.4):
        canvas.fill(stroke(curve([(x, 22), (x + (x - 40) * 0.1, 27), (x, 32)]), 0.5), CREAM)
        canvas.fill(ellipse(x, 32.6, 0.7, 1.1), rgb("#33343b"))


def _kids(canvas: Canvas, look: Look, body: Shape) -> None:
    _rain(canvas, look, body)
    drops = joined(
        path("M0 -1.8 C1.2 -0.2 1.5 0.5 1.5 1.1 C1.5 2 0.8 2.6 0 2.6 S-1.5 2 -1.5 1.1 C-1.5 0.5 -1.2 -0.2 0 -1.8 Z").moved(x, y)
        for x, y in (
            (29, 42),
            (34, 48),
            (28, 54),
            (34, 60),
            (29.6, 72),
            (35, 72),
            (46, 47),
            (51, 52),
            (46, 58),
            (52, 62),
            (46, 72),
            (52.6, 74),
            (51.6, 46),
        )
    )
    canvas.fill(drops, look.second, opacity=0.9)


def _parka(canvas: Canvas, look: Look, body: Shape) -> None:
    _sleeves(canvas, look.colour, "twill")
    _cloth(canvas, body, look.colour, "twill")
    yoke = path("M31 20 L49 20 C53 22 55.4 23.6 57.2 25 L56.4 37 C46 40 34 40 23.6 37 L22.8 25 C25 23 28 21.6 31 20 Z")
    canvas.fill(yoke, sheet(darker(look.colour, 0.16), 0.1))
    canvas.fill(SLEEVE.both(), darker(look.colour, 0.16), clip=box(0, 20, 80, 14))
    stitches(canvas, curve([(23.8, 36), (40, 38.4), (56.2, 36)]), lighter(look.colour, 0.5))
    _light(canvas, body)
    placket = box(37.6, 22, 4.8, 69)
    canvas.shade(placket.moved(0.7, 0), 0.35, 0.7, clip=body)
    _cloth(canvas, placket, look.colour, "twill")
    _buttons(canvas, [(40, y) for y in (30, 42, 54, 66, 78)], GOLD)
    for x in (25.4, 44):
        _pocket(canvas, box(x, 62, 10.6, 13, 1), look.colour, thread=lighter(look.colour, 0.5), flap=4)
    canvas.fill(stroke(curve([(22.4, 52), (40, 53.6), (57.6, 52)]), 0.5), darker(look.colour, 0.5), opacity=0.6)
    _cuffs(canvas, look.colour)
    _hood(canvas, look.colour, look.second)
    fur = joined(
        stroke(
            [(40 + 9.6 * math.cos(a), 19 + 12.6 * math.sin(a)), (40 + 13.4 * math.cos(a + 0.1), 19 + 16 * math.sin(a + 0.1))],
            1.7,
            end_width=0.4,
        )
        for a in [math.pi + i * 0.0665 for i in range(48)]
    )
    canvas.shade(fur.moved(0.4, 0.8), 0.3, 0.7)
    canvas.fill(fur, sheet(rgb("#d9c19a"), 0.25))


def _quilted(canvas: Canvas, look: Look, body: Shape) -> None:
    _sleeves(canvas, look.colour)
    _cloth(canvas, body, look.colour)
    for shape, shift in ((SLEEVE, 0.0), (SLEEVE.mirrored(), 0.0), (body, 1.0)):
        waves = []
        for index in range(12):
            y = 26 + index * 5 + shift
            waves.append(stroke(curve([(2 + i * 4, y + (1.6 if i % 2 else -1.6)) for i in range(20)]), 0.45))
        channel = joined(waves)
        canvas.shade(channel.moved(0, 0.7), 0.34, 0.6, clip=shape)
        canvas.shine(channel.moved(0, 2.6), 0.28, 0.8, clip=shape)
        canvas.fill(channel, darker(look.colour, 0.5), opacity=0.7, clip=shape)
    _light(canvas, body)
    for x in (26, 44):
        _pocket(canvas, box(x, 58, 10, 12, 1), look.colour, flap=3.6)
    placket = box(38, 24, 4, 57)
    canvas.shade(placket.moved(0.6, 0), 0.35, 0.6, clip=body)
    _cloth(canvas, placket, look.colour)
    _buttons(canvas, [(40, y) for y in (31, 41, 51, 61, 71)], GOLD)
    _collar(canvas, look.second, "cord")
    for shape in (path("M8.2 67 L7.3 71.2 L16.9 74.2 L18 70 Z"), path("M8.2 67 L7.3 71.2 L16.9 74.2 L18 70 Z").mirrored()):
        canvas.fill(shape, look.second)
        canvas.texture(shape, "cord", 0.5)


def _collar(canvas: Canvas, colour: Colour, texture: str) -> None:
    canvas.fill(path("M31 20 C35 17.6 45 17.6 49 20 L45 25 L35 25 Z"), darker(colour, 0.5))
    left = path("M31.6 17.4 C30 19 29 21 28.6 23.6 L35.4 30.4 L40 24 C36.6 23 33 20.6 31.6 17.4 Z")
    for shape in (left, left.mirrored()):
        canvas.shade(shape.moved(0.2, 0.8), 0.36, 0.7)
        _cloth(canvas, shape, colour, texture, 0.45)


def _chore(canvas: Canvas, look: Look, body: Shape) -> None:
    _sleeves(canvas, look.colour, "twill", 0.2)
    _cloth(canvas, body, look.colour, "twill", 0.2)
    _light(canvas, body)
    thread = lighter(look.colour, 0.6)
    opening = stroke([(40.6, 25), (40.6, 81)], 0.4)
    canvas.shade(stroke([(41.2, 25), (41.2, 81)], 0.9), 0.5, 0.6, clip=body)
    canvas.fill(opening, darker(look.colour, 0.5))
    stitches(canvas, [(38.2, 26), (38.2, 80)], thread)
    for shape in (box(25.6, 56, 12, 15, 1), box(43.6, 56, 11.4, 15, 1), box(44, 36, 8.6, 9.6, 0.8), box(27.4, 36, 8.6, 9.6, 0.8)):
        _pocket(canvas, shape, look.colour, thread=thread)
        canvas.texture(shape, "twill", 0.2, darker(look.colour, 0.9))
    for seam in (curve([(23.8, 25.6), (25, 34), (24.6, 47)]), curve([(56.2, 25.6), (55, 34), (55.4, 47)])):
        stitches(canvas, seam, thread, length=0.8, gap=0.6, width=0.18)
    _buttons(canvas, [(40.4, y) for y in (33, 44, 55, 66, 76)], look.second, 1.2)
    _cuffs(canvas, look.colour)
    _collar(canvas, look.colour, "twill")


def _coat(canvas: Canvas, look: Look, body: Shape) -> None:
    _sleeves(canvas, look.colour, "felt", 0.2)
    _cloth(canvas, body, look.colour, "felt", 0.2)
    _light(canvas, body)
    edge = curve([(40, 40), (47, 46), (48, 60), (48.6, 91)])
    canvas.shade(stroke([(x + 0.9, y) for x, y in edge], 1.2), 0.5, 0.8, clip=body)
    canvas.fill(stroke(edge, 0.35), darker(look.colour, 0.6))
    canvas.fill(path("M31 20 C35 17.6 45 17.6 49 20 L40 41 Z"), darker(look.colour, 0.5))
    scarf_inside = path("M33.6 20 C36 22.6 44 22.6 46.4 20 L43 32 L40 38 L37 32 Z")
    canvas.fill(scarf_inside, sheet(rgb("#d9a336"), 0.2))
    canvas.texture(scarf_inside, "knit", 0.3)
    left = path("M31 18.4 C29.4 20 28.6 22 28.4 24.4 L26.8 32 L31.4 32.6 L29.8 35 L40 46 L40.4 40 C35 33 32 26 31 18.4 Z")
    for shape in (left.mirrored(), left):
        canvas.shade(shape.moved(0.3, 1), 0.4, 0.9)
        _cloth(canvas, shape, lighter(look.colour, 0.06), "felt", 0.2)
    _buttons(canvas, [(x, y) for y in (50, 61, 72) for x in (35, 45.4)], look.second, 1.5)
    for side in (-1, 1):
        welt = polygon((40 + side * 9, 66), (40 + side * 15, 63), (40 + side * 15.6, 66), (40 + side * 9.4, 69.4))
        canvas.shade(welt.moved(0.2, 0.7), 0.4, 0.5)
        _cloth(canvas, welt, lighter(look.colour, 0.06), "felt", 0.2)
    _cuffs(canvas, look.colour)


def _anorak(canvas: Canvas, look: Look, body: Shape) -> None:
    _sleeves(canvas, look.colour, "weave", 0.14)
    _cloth(canvas, body, look.colour, "weave", 0.14)
    _light(canvas, body)
    pouch = soft_polygon([(27, 44), (53, 44), (53.6, 62), (26.4, 62)], 1.4)
    canvas.shade(pouch.moved(0.4, 0.8), 0.35, 0.8)
    _cloth(canvas, pouch, lighter(look.colour, 0.04), "weave", 0.14)
    flap = soft_polygon([(26.6, 43), (53.4, 43), (53.6, 49), (40, 51.4), (26.4, 49)], 0.8)
    canvas.shade(flap.moved(0, 0.8), 0.35, 0.7)
    _cloth(canvas, flap, lighter(look.colour, 0.12), "weave", 0.14)
    _buttons(canvas, [(30, 47.4), (50, 47.4), (40, 49.2)], GOLD, 0.9)
    _zip(canvas, 21, 40, look.colour)
    for y in (70, 75):
        canvas.shade(stroke(curve([(22.6, y), (40, y + 1.8), (57.4, y)]), 0.6), 0.3, 0.5, clip=body)
    for x in (30.0, 50):
        canvas.fill(stroke(curve([(x, 72), (x + 1.4, 78), (x - 0.4, 86)]), 0.6), CREAM)
        canvas.fill(ellipse(x - 0.4, 86.6, 0.9, 1.3), rgb("#6d4a35"))
    _cuffs(canvas, look.colour)
    _hood(canvas, look.colour, look.second)
    for x in (36.6, 43.4):
        canvas.fill(stroke(curve([(x, 22), (x + (x - 40) * 0.2, 27), (x, 33)]), 0.6), CREAM)


_JACKETS = {"rain": _rain, "kids": _kids, "parka": _parka, "quilted": _quilted, "chore": _chore, "coat": _coat, "anorak": _anorak}


@kind("gilet", lies=True, focus=(40, 40), near=1.6)
def gilet(canvas: Canvas, look: Look) -> None:
    """A sleeveless down jacket."""
    body = path(
        "M30 17 C28 19.6 26 21.6 24 23 C27 33 27 42 22.4 48 C21.6 60 21.4 72 21.8 80 C34 83 46 83 58.2 80"
        " C58.6 72 58.4 60 57.6 48 C53 42 53 33 56 23 C54 21.6 52 19.6 50 17 C46 14.6 34 14.6 30 17 Z"
    )
    with canvas.within(scale=1.08, at=(40, 50)):
        fallen(canvas, body, 1.5)
        canvas.fill(body, look.colour)
        for index in range(8):
            y = 24 + index * 7.6
            baffle = outline(
                curve([(16, y), (28, y + 1.2), (40, y - 0.2), (52, y + 1.2), (64, y)]),
                curve([(64, y + 7.6), (52, y + 8.8), (40, y + 7.4), (28, y + 8.8), (16, y + 7.6)]),
            )
            canvas.veil(baffle, ((0, 0.0), (0.3, 0.42), (0.55, 0.0)), 90, CREAM, clip=body)
            canvas.veil(baffle, ((0, 0.34), (0.16, 0.0), (0.62, 0.0), (1, 0.5)), 90, clip=body)
            puckers = joined(stroke([(x, y + 0.4), (x + 0.6, y + 2.6)], 0.5, end_width=0.1) for x in range(20, 62, 4))
            canvas.fill(puckers, darker(look.colour, 0.6), opacity=0.4, clip=body)
        canvas.veil(body, ((0, 0.1), (0.2, 0), (0.75, 0), (1, 0.26)), 0)
        collar = path("M30 17.4 C30 13 31 10 32 8.6 C37 7 43 7 48 8.6 C49 10 50 13 50 17.4 C46 22 34 22 30 17.4 Z")
        canvas.shade(collar.moved(0, 1), 0.35, 0.8)
        canvas.fill(collar, Linear(((0, darker(look.colour, 0.14)), (0.3, lighter(look.colour, 0.24)), (1, darker(look.colour, 0.3))), 0))
        canvas.fill(path("M32.6 9.6 C37 8.4 43 8.4 47.4 9.6 L46.4 14 C43 15.4 37 15.4 33.6 14 Z"), darker(look.second, 0.2))
        canvas.shade(stroke(curve([(31, 14.4), (40, 17.4), (49, 14.4)]), 0.7), 0.4, 0.5, clip=collar)
        _zip(canvas, 13, 81.6, look.colour)
        for arm in (curve([(24.2, 22.8), (27, 33), (26.4, 41), (22.2, 48)]), curve([(55.8, 22.8), (53, 33), (53.6, 41), (57.8, 48)])):
            canvas.fill(stroke(arm, 1.5), sheet(look.second, 0.2))
        for side in (-1, 1):
            canvas.fill(stroke([(40 + side * 8.6, 60), (40 + side * 12.6, 69)], 1), darker(look.colour, 0.45))


@kind("poncho", lies=True, focus=(40, 46), near=1.5)
def poncho(canvas: Canvas, look: Look) -> None:
    """A fringed poncho with stripes along its edge."""
    whole = path("M32 22 C28 24 24 27 21 31 L5.6 64 L40 86 L74.4 64 L59 31 C56 27 52 24 48 22 C44 26 36 26 32 22 Z")
    with canvas.within(move=(0, -4)):
        fallen(canvas, whole, 1.4)
        fringe(canvas, (6, 64.4), (40, 86), 6, look.colour, count=26, degrees=12)
        fringe(canvas, (40, 86), (74, 64.4), 6, look.colour, count=26, degrees=-12, seed=6)
        _cloth(canvas, whole, look.colour, "felt", 0.22)
        for inset, width, colour in ((4, 2.2, look.second), (7.4, 1, look.third), (9.6, 2.6, look.third), (13.4, 1, look.second)):
            line = [(5.6 + inset * 0.9, 64 - inset * 1.9), (40, 86 - inset * 1.18), (74.4 - inset * 0.9, 64 - inset * 1.9)]
            canvas.fill(stroke(line, width, round_ends=False), colour, clip=whole)
        canvas.texture(whole, "twill", 0.12, darker(look.colour, 0.9))
        fold_shadows(
            canvas, whole, "M30 34 C24 46 20 56 17 66", "M50 34 C56 46 60 56 63 66", "M40 32 C40 50 40 66 40 84", strength=0.26, width=3
        )
        canvas.veil(whole, ((0, 0.2), (0.3, 0), (0.7, 0), (1, 0.22)), 0)
        collar = path("M31 22 C30 18 30 14.6 31 11.6 C36 9.6 44 9.6 49 11.6 C50 14.6 50 18 49 22 C45 28 35 28 31 22 Z")
        canvas.shade(collar.moved(0, 1), 0.35, 0.9)
        canvas.fill(collar, sheet(look.colour, 0.2))
        canvas.texture(collar, "rib", 0.5, darker(look.colour, 0.9))
        canvas.fill(ellipse(40, 12.6, 8, 1.8), darker(look.colour, 0.5))


@kind("umbrella", focus=(40, 40), near=1.4)
def umbrella(canvas: Canvas, look: Look) -> None:
    """An open umbrella."""
    canvas.shade(ellipse(44, 90, 16, 2), 0.24, 1.6)
    rod(canvas, [(40, 30), (40, 80)], 1.5, rgb("#5b5d66"))
    rod(canvas, curve([(40, 72), (40, 84), (43.6, 88.6), (48.2, 86.6), (48.6, 82)]), 2.8, look.second)
    canvas.fill(box(38.7, 70.6, 2.6, 2, 0.5), metal(GOLD))
    tips = [(7, 53), (23, 55.4), (40, 56.2), (57, 55.4), (73, 53)]
    crown = (40.0, 17.0)
    edges: list[list[tuple[float, float]]] = []
    for x, y in tips:
        bend = (x - 40) / 33
        edges.append(
            list(
                curve([crown, (40 + bend * 19, 21.6 + abs(bend) * 4), (40 + bend * 30, 36 + abs(bend) * 3 - (1 - abs(bend)) * 1.5), (x, y)])
            )
        )
    for panel in range(4):
        left, right = edges[panel], edges[panel + 1]
        (x1, y1), (x2, y2) = left[-1], right[-1]
        hem = curve([(x2, y2), ((x1 + x2) / 2, (y1 + y2) / 2 - 4.6), (x1, y1)])
        shape = outline(left, list(reversed(hem)), list(reversed(right)))
        tone = (lighter(look.colour, 0.2), lighter(look.colour, 0.06), darker(look.colour, 0.1), darker(look.colour, 0.28))[panel]
        canvas.fill(shape, Linear(((0, lighter(tone, 0.12)), (0.6, tone), (1, darker(tone, 0.16))), 90))
        canvas.shade(stroke(right, 0.9), 0.28, 0.8, clip=shape)
    for line in edges:
        canvas.fill(stroke(line, 0.3), darker(look.colour, 0.4), opacity=0.7)
    for x, y in tips:
        canvas.fill(ellipse(x, y + 0.4, 0.8), ball(GOLD))
    canvas.fill(stroke([(40, 17), (40, 10.6)], 1.6, end_width=0.7), metal(GOLD))
    for x, y in ((15, 20), (66, 18), (60, 68), (20, 72), (8, 40), (74, 40), (30, 86), (66, 88)):
        canvas.fill(stroke([(x, y), (x - 1.4, y + 5)], 0.5, end_width=0.9), mix(look.colour, WHITE, 0.5), opacity=0.6)


@kind("bucket_hat", size=1.05, focus=(40, 62), near=1.6)
def bucket_hat(canvas: Canvas, look: Look) -> None:
    """A hat with a sloping brim."""
    canvas.shade(ellipse(44, 82, 31, 3.6), 0.32, 2.4)
    brim = outline(
        curve([(19, 64), (12, 72), (8, 79)]),
        curve([(8, 79), (22, 85), (40, 86.4), (58, 85), (72, 79)]),
        curve([(72, 79), (68, 72), (61, 64)]),
    )
    canvas.fill(
        brim,
        Linear(((0, lighter(look.colour, 0.14)), (0.35, lighter(look.colour, 0.2)), (0.6, look.colour), (1, darker(look.colour, 0.34))), 0),
    )
    for share in (0.25, 0.5, 0.75):
        seam = curve(
            [
                (19 - 11 * share, 64 + 15 * share),
                (30 - 4 * share, 67 + 16.6 * share),
                (40, 67.6 + 17.8 * share),
                (50 + 4 * share, 67 + 16.6 * share),
                (61 + 11 * share, 64 + 15 * share),
            ]
        )
        stitches(canvas, seam, lighter(look.colour, 0.6), length=0.8, gap=0.6, width=0.2, opacity=0.7)
    crown = outline(
        curve([(18.6, 66), (20.4, 54), (25, 43)]),
        curve([(25, 43), (32, 40), (40, 39.4), (48, 40), (55, 43)]),
        curve([(55, 43), (59.6, 54), (61.4, 66)]),
        curve([(61.4, 66), (50, 69.4), (40, 70), (30, 69.4), (18.6, 66)]),
    )
    canvas.fill(
        crown,
        Linear(((0, darker(look.colour, 0.08)), (0.3, lighter(look.colour, 0.26)), (0.55, look.colour), (1, darker(look.colour, 0.36))), 0),
    )
    canvas.texture(crown + brim, "twill", 0.14, darker(look.colour, 0.9))
    canvas.fill(
        outline(curve([(25, 43), (32, 40), (40, 39.4), (48, 40), (55, 43)]), curve([(55, 43), (48, 45.4), (40, 46), (32, 45.4), (25, 43)])),
        lighter(look.colour, 0.3),
    )
    canvas.shade(stroke(curve([(18.6, 66), (30, 69.4), (40, 70), (50, 69.4), (61.4, 66)]), 1.2), 0.5, 0.8)
    canvas.fill(
        outline(
            curve([(18.8, 62), (30, 65.4), (40, 66), (50, 65.4), (61.2, 62)]),
            curve([(61.4, 66), (50, 69.4), (40, 70), (30, 69.4), (18.6, 66)]),
        ),
        look.second,
        opacity=0.92,
    )
    canvas.shade(stroke([(40, 46), (40, 65)], 0.4), 0.3, 0.4)
    dots(canvas, [(31, 54), (33.6, 54), (49, 54), (51.6, 54)], 0.6, GOLD)


@kind("cap", size=1.12, focus=(42, 62), near=1.6)
def cap(canvas: Canvas, look: Look) -> None:
    """A five-panel cap, peak to the right."""
    canvas.shade(ellipse(44, 80, 30, 3.4), 0.32, 2.4)
    crown = outline(
        curve([(14, 74), (13, 62), (18, 50), (28, 43.4), (38, 42), (48, 44), (55, 52), (57, 66)]),
        curve([(57, 66), (54, 71), (44, 74.6)]),
        curve([(44, 74.6), (30, 77.4), (14, 74)]),
    )
    canvas.fill(
        crown, Radial(((0, lighter(look.colour, 0.32)), (0.5, look.colour), (1, darker(look.colour, 0.34))), x=0.36, y=0.24, reach=1.5)
    )
    canvas.texture(crown, "canvas", 0.22, darker(look.colour, 0.9))
    for seam in (curve([(38, 42), (33, 54), (31, 76)]), curve([(38, 42), (47, 52), (49, 72.6)])):
        canvas.shade(stroke(seam, 0.7), 0.34, 0.5, clip=crown)
        stitches(canvas, [(x + 0.8, y) for x, y in seam], lighter(look.colour, 0.6), length=0.7, gap=0.5, width=0.18)
    canvas.fill(ellipse(38, 42, 1.7, 1.1), sheet(look.second, 0.2))
    patch = soft_polygon([(49.6, 56), (55.4, 58), (56, 64.4), (50.6, 65.4)], 0.7)
    canvas.fill(patch, sheet(look.second, 0.16))
    dots(canvas, [(53, 61)], 0.9, GOLD)
    peak = outline(
        curve([(44, 74.6), (52, 72), (57, 66)]),
        curve([(57, 66), (66, 67), (73, 71.4), (75, 75)]),
        curve([(75, 75), (66, 74.6), (54, 77), (46, 79.6)]),
    )
    canvas.shade(peak.moved(0, 1.2), 0.35, 1)
    canvas.fill(peak, Linear(((0, look.second), (0.4, lighter(look.second, 0.22)), (1, darker(look.second, 0.2))), 30))
    for shift in (1.6, 3.2):
        stitches(
            canvas,
            [(x, y + shift) for x, y in curve([(58, 66.4), (66, 67.6), (72, 71)])],
            lighter(look.second, 0.6),
            length=0.7,
            gap=0.5,
            width=0.18,
        )
    canvas.fill(
        outline(curve([(14, 71), (30, 74.4), (44, 71.6), (57, 64)]), curve([(57, 66.4), (44, 74.8), (30, 77.4), (14, 74)])),
        darker(look.colour, 0.16),
        opacity=0.7,
    )
    dots(canvas, [(25, 56), (27.4, 56)], 0.5, GOLD)
