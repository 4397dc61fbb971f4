"""Drawings of shoes and bags."""

import math

from storefront.catalog.demo.pictures.backdrop import contact, fallen
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, metal, sheet
from storefront.catalog.demo.pictures.colour import CREAM, Colour, darker, lighter, rgb
from storefront.catalog.demo.pictures.drawings.textiles import fold_shadows
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import dots, rod, stitches
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


def _upper(canvas: Canvas, shape: Shape, colour: Colour, texture: str = "") -> None:
    canvas.fill(shape, Linear(((0, lighter(colour, 0.24)), (0.45, colour), (1, darker(colour, 0.28))), 68))
    if texture:
        canvas.texture(shape, texture, 0.18, darker(colour, 0.9))


def _laces(canvas: Canvas, spots: list[tuple[float, float]], colour: Colour, length: float = 5) -> None:
    for x, y in spots:
        line = stroke([(x - length * 0.35, y + length * 0.42), (x + length * 0.3, y - length * 0.36)], 1.2)
        canvas.shade(line.moved(0.3, 0.6), 0.35, 0.4)
        canvas.fill(line, sheet(colour, 0.15))


@kind("sneaker", focus=(50, 66), near=1.6)
def sneaker(canvas: Canvas, look: Look) -> None:
    """A low shoe from the side, its fellow behind; form court is of leather."""
    for shift, rise in ((4, -8), (-1, 0)):
        with canvas.within(move=(shift, rise), scale=0.84 if rise else 0.88, at=(40, 84)):
            canvas.shade(ellipse(42, 84.4, 33, 2.2), 0.34 if not rise else 0.18, 1.6)
            _one_sneaker(canvas, look)


def _one_sneaker(canvas: Canvas, look: Look) -> None:
    court = look.form == "court"
    upper = path(
        "M9 78 C8 68 9 58 11 51 C14 49 18 48.6 22 50 C24 54 28 57 33 56 C37 55 40 51.6 43 49 C50 56 58 62 66 66 C71 68.6 73 72 73 78 Z"
    )
    inside = path("M11 51 C14 48 26 46 36 47.4 C39 47.8 41.6 48.4 43 49 C40 51.6 37 55 33 56 C28 57 24 54 22 50 C18 48.6 14 49 11 51 Z")
    canvas.fill(inside, darker(look.colour, 0.5))
    tongue = path("M34 55 C36 49 38 45.6 41 43 L46 47 C46 50 45 52 44 54 Z")
    _upper(canvas, tongue, lighter(look.colour, 0.1))
    _upper(canvas, upper, look.colour, "" if court else "canvas")
    toe = path("M57 76 C57 70 60 66 64.6 65.4 C70 67.6 73 71.6 73 78 L57 78 Z")
    if court:
        side = path("M30 77 C33 68 38 62 46 55 L54 61 C48 66 45 72 44 78 Z")
        canvas.shade(side.moved(0.2, 0.6), 0.2, 0.5, clip=upper)
        _upper(canvas, side, darker(look.colour, 0.06))
        heel = path("M9 78 C8 68 9 58 11 51 C13.4 49.4 16 49 18 49.4 C17.4 58 17.6 68 19 78 Z")
        _upper(canvas, heel, look.third)
        canvas.fill(
            joined(ellipse(62 + (i % 3) * 2.6, 69.4 + (i // 3) * 2 - (i % 3) * 0.2, 0.36) for i in range(9)),
            darker(look.colour, 0.5),
            opacity=0.6,
        )
        stitches(
            canvas,
            curve([(57, 77), (57.4, 71), (60, 66.4), (64, 65.2)]),
            darker(look.colour, 0.4),
            length=0.7,
            gap=0.4,
            width=0.16,
            opacity=0.6,
        )
    else:
        canvas.fill(toe, Linear(((0, lighter(look.second, 0.3)), (1, darker(look.second, 0.12))), 60))
        canvas.shade(stroke(curve([(57, 77), (57, 70), (60, 66), (64.6, 65.4)]), 0.8), 0.4, 0.5)
        stripe = path("M9.2 66 C9 64.4 9.2 63 9.4 61.6 L14 62 L13.8 66.4 Z")
        canvas.fill(stripe, look.third)
        stitches(canvas, curve([(22, 51), (26, 62), (25, 77)]), lighter(look.colour, 0.6), length=0.8, gap=0.5, width=0.2)
        stitches(canvas, curve([(34, 57), (41, 66), (52, 72)]), lighter(look.colour, 0.6), length=0.8, gap=0.5, width=0.2)
    canvas.shade(path("M9 78 C9 74 9 72 9.4 70 C30 74 50 74 73 74 L73 78 Z"), 0.22, 1.4, clip=upper)
    _laces(canvas, [(41.6, 51.6), (45.4, 54.8), (49.4, 58), (53.4, 61)], look.second)
    knot = curve([(40, 49), (34, 43.6), (31, 47.6), (39, 49.6)])
    other = curve([(40.4, 49), (45, 41.4), (49, 43.6), (41.4, 49.6)])
    for loop in (knot, other):
        canvas.fill(stroke(loop, 0.9), sheet(look.second, 0.15))
    sole = path("M8 76.6 C25 78 55 78.4 73.6 76.6 C75 78 75 82 73.4 83.6 C52 85 26 85 9 83.6 C7.4 82 7 78.6 8 76.6 Z")
    canvas.fill(sole, Linear(((0, lighter(look.second, 0.2)), (0.5, look.second), (1, darker(look.second, 0.22))), 90))
    canvas.fill(
        stroke(curve([(8.4, 79.4), (40, 80.8), (74, 79.2)]), 0.5), look.third if not court else darker(look.second, 0.25), opacity=0.9
    )
    canvas.fill(path("M8.6 82.4 C26 83.8 52 83.8 73.8 82.4 L73.4 83.6 C52 85 26 85 9 83.6 Z"), rgb("#b98a58"))


@kind("boot", focus=(42, 56), near=1.5)
def boot(canvas: Canvas, look: Look) -> None:
    """A boot from the side; forms: chelsea, rain, and otherwise a walking boot."""
    canvas.shade(ellipse(44, 84.6, 30, 2.2), 0.34, 1.6)
    if look.form == "rain":
        _rain_boot(canvas, look)
    elif look.form == "chelsea":
        _chelsea(canvas, look)
    else:
        _walking_boot(canvas, look)


def _rain_boot(canvas: Canvas, look: Look) -> None:
    for move, scale in (((8, -6), 0.94), ((-1, 0), 1.0)):
        with canvas.within(move=move, scale=scale, at=(40, 83)):
            shaft = path("M19 22 L41 22 C42 36 41.4 48 43.6 57 C46 64 54 66 61 69 C66 71.4 67.4 75 67 80 L17.6 80 C17.4 72 19 64 19 54 Z")
            canvas.fill(
                shaft,
                Linear(
                    ((0, lighter(look.colour, 0.1)), (0.3, lighter(look.colour, 0.3)), (0.55, look.colour), (1, darker(look.colour, 0.4))),
                    12,
                ),
            )
            canvas.shade(path("M41 22 C42 36 41.4 48 43.6 57 C38 58 34 50 35 40 C36 32 38 26 41 22 Z"), 0.2, 2.4, clip=shaft)
            fold_shadows(canvas, shaft, "M20 57 C28 60 36 60 43 57", "M19 62 C28 66 38 65 46 61", strength=0.22)
            canvas.fill(
                box(18.4, 20.4, 23.2, 3.6, 1.2),
                Linear(((0, lighter(look.second, 0.1)), (0.4, look.second), (1, darker(look.second, 0.24))), 0),
            )
            canvas.fill(ellipse(30, 20.8, 11.2, 1.5), darker(look.colour, 0.6))
            strap = box(36, 29, 9, 3.2, 0.8)
            canvas.fill(strap, sheet(darker(look.colour, 0.14), 0.2))
            canvas.fill(box(43.4, 28.4, 3, 4.4, 0.6) - box(44.2, 29.2, 1.4, 2.8), metal(rgb("#c8ced4")))
            canvas.shine(stroke(curve([(24, 28), (23.6, 44), (24.6, 56)]), 1.8), 0.6, 1.0)
            canvas.shine(ellipse(57, 70, 5, 1.3).turned(20, 57, 70), 0.6, 0.8)
            sole = path("M16.8 78.4 C34 80 52 80 67.6 78.4 L67.8 83.6 L42 83.6 L41 82 L32 82 L31 83.8 L16.6 83.8 Z")
            canvas.fill(sole, Linear(((0, lighter(look.third, 0.24)), (1, look.third)), 90))
            canvas.fill(stroke(curve([(17, 78.6), (42, 80), (67.4, 78.6)]), 0.7), look.second)


def _chelsea(canvas: Canvas, look: Look) -> None:
    shaft = path("M21 36 C28 34.6 36 34.6 43 36 C43 46 43.4 54 46 59 C49 64 57 66 63 68.6 C68 71 70 74 70 79 L19 79 C18.6 70 20 62 20 54 Z")
    canvas.fill(
        shaft,
        Linear(((0, lighter(look.colour, 0.1)), (0.3, lighter(look.colour, 0.26)), (0.6, look.colour), (1, darker(look.colour, 0.4))), 14),
    )
    canvas.fill(ellipse(32, 36, 11, 1.6), darker(look.colour, 0.6))
    gore = path("M28 37 L39 37 C39 46 39 52 41 58 C37 62 32 62 28.6 58 C29 50 28.4 44 28 37 Z")
    canvas.fill(gore, darker(look.second, 0.1))
    canvas.texture(gore, "rib", 0.5, lighter(look.second, 0.5))
    canvas.fill(gore - gore.scaled(0.93, 0.96, 34, 48), darker(look.colour, 0.4), opacity=0.5)
    for x, top in ((23, 28), (38, 28)):
        tab = outline(arc(x + 1.6, top + 2.2, 2.2, 2.6, 180, 360), [(x + 3.8, 39), (x - 0.6, 39)])
        canvas.fill(tab, sheet(darker(look.colour, 0.1), 0.2))
        canvas.fill(joined(box(x - 0.3, top + 3 + i * 1.8, 3.8, 0.5) for i in range(4)), lighter(look.colour, 0.5), opacity=0.6)
    canvas.shine(ellipse(58, 70, 6, 1.5).turned(18, 58, 70), 0.55, 0.9)
    canvas.shade(path("M19 79 C19 76 19 74 19.6 72 C36 76 54 76 70 76 L70 79 Z"), 0.3, 1.4, clip=shaft)
    stitches(canvas, curve([(20, 70), (30, 66), (41, 59)]), lighter(look.colour, 0.4), length=0.8, gap=0.5, width=0.16, opacity=0.6)
    _lug_sole(canvas, look.third, 17.6, 71)
    canvas.fill(stroke(curve([(18, 78.6), (44, 79.4), (70.6, 78.6)]), 0.8), rgb("#d9b988"))


def _lug_sole(canvas: Canvas, colour: Colour, left: float, right: float) -> None:
    lugs = joined(box(x, 81.6, 3.4, 2.6, 0.4) for x in (left + 1 + i * 4.6 for i in range(int((right - left - 3) / 4.6))))
    sole = box(left, 78.2, right - left, 4.4, 1.4) + lugs
    canvas.fill(sole, Linear(((0, lighter(colour, 0.26)), (1, colour)), 90))


def _walking_boot(canvas: Canvas, look: Look) -> None:
    shaft = path(
        "M20 34 C27 31.6 35 31.6 41 34 C41.6 42 42 48 45 54 C49 60 57 63 63 66.4"
        " C68.6 69.6 70.6 73 70.6 79 L18.6 79 C18 70 19.6 62 19.4 52 Z"
    )
    canvas.fill(
        shaft,
        Linear(((0, lighter(look.colour, 0.1)), (0.3, lighter(look.colour, 0.26)), (0.6, look.colour), (1, darker(look.colour, 0.4))), 14),
    )
    canvas.texture(shaft, "felt", 0.12, darker(look.colour, 0.9))
    collar = path("M19.6 33 C26 30 36 30 41.6 33 L42 40 C34 42.6 26 42.6 19.6 40 Z")
    canvas.shade(collar.moved(0, 0.8), 0.35, 0.7)
    canvas.fill(collar, Linear(((0, lighter(look.colour, 0.3)), (1, darker(look.colour, 0.1))), 30))
    canvas.fill(stroke(curve([(19.6, 36.6), (30, 39), (41.8, 36.6)]), 0.5), darker(look.colour, 0.5), opacity=0.6)
    canvas.fill(ellipse(30.6, 32.4, 10.6, 1.6), darker(look.colour, 0.6))
    tongue = path("M36 33 C38 27.6 41 25.4 45 25.4 C46 30 46 36 45.6 42 L40 44 Z")
    canvas.fill(tongue, sheet(lighter(look.colour, 0.12), 0.2))
    flap = path("M36 40 C40 41 43 42 45.4 43 C47 50 51 56 56 60 C52 63 47 63 43 60 C39 55 36.6 48 36 40 Z")
    canvas.shade(flap.moved(-0.4, 0.6), 0.3, 0.6)
    canvas.fill(flap, sheet(darker(look.colour, 0.08), 0.16))
    for x, y in ((43.6, 36), (44, 41), (45.4, 46), (47.6, 51), (51, 55.6), (55, 59.2)):
        canvas.shade(stroke([(x - 5, y + 2.4), (x + 1.4, y - 0.8)], 1.2), 0.4, 0.5)
        canvas.fill(stroke([(x - 5, y + 2), (x + 1.4, y - 1.2)], 1.1), sheet(look.second, 0.15))
        canvas.fill(ellipse(x - 5, y + 2, 1), metal(rgb("#c99b45")))
    canvas.fill(stroke(curve([(40, 33), (33, 29), (32, 34), (40, 34.6)]), 0.9), look.second)
    canvas.fill(stroke(curve([(42, 33), (50, 30), (51.6, 34), (43, 34.8)]), 0.9), look.second)
    rand = path("M18.6 79 C18.4 75 18.6 72 19 69.6 C28 73 40 73 50 71 C58 69.6 66 70 69.6 73.4 C70.4 75 70.6 77 70.6 79 Z")
    canvas.fill(rand, sheet(darker(look.colour, 0.4), 0.14))
    stitches(canvas, curve([(19.6, 62), (28, 60), (36, 52)]), lighter(look.colour, 0.5), length=0.8, gap=0.5, width=0.18)
    canvas.shine(ellipse(60, 68, 4.4, 1.1).turned(24, 60, 68), 0.4, 0.8)
    _lug_sole(canvas, look.third, 17, 71.4)
    canvas.fill(stroke(curve([(17.4, 78.6), (44, 79.4), (71, 78.6)]), 0.8), rgb("#e0c493"))


@kind("clog", size=1.1, focus=(46, 66), near=1.6)
def clog(canvas: Canvas, look: Look) -> None:
    """A garden clog, its fellow behind it."""
    for move, scale in (((5, -8), 0.84), ((-2, 0), 0.88)):
        with canvas.within(move=move, scale=scale, at=(40, 83)):
            canvas.shade(ellipse(42, 84, 32, 2.2), 0.3, 1.6)
            back = path("M10 76 C10 69 12 66 18 65 C24 64 30 64 35 62 L36 72 L12 80 Z")
            canvas.fill(back, sheet(darker(look.colour, 0.16), 0.16))
            bed = path("M13.6 70 C14 66 20 64.6 27 64.6 C32 64.6 36 63 39 60 L43 71 C34 72 22 73 13.6 70 Z")
            canvas.fill(bed, sheet(look.second, 0.2))
            canvas.texture(bed, "grit", 0.4)
            upper = path("M31 66 C34 58 39 53.6 45 53 C54 52.4 64 58 69.6 65 C73 69.4 73.6 74 73 79 L28 79 C28.6 74 29 70 31 66 Z")
            canvas.fill(
                upper,
                Radial(((0, lighter(look.colour, 0.4)), (0.4, look.colour), (1, darker(look.colour, 0.38))), x=0.42, y=0.16, reach=1.5),
            )
            lip = curve([(29.6, 73), (31.4, 65), (36, 58), (41.6, 53.8), (45, 53)])
            canvas.fill(stroke(lip, 1.8), sheet(darker(look.colour, 0.14), 0.1))
            dots(canvas, [(52, 60), (57.4, 62.4), (47.4, 62.6), (53, 66), (59, 67.6)], 1.2, darker(look.colour, 0.5))
            canvas.shine(ellipse(56, 57.4, 6.4, 1.5).turned(20, 56, 57.4), 0.6, 0.9)
            rim = path("M10 75.6 C24 77.6 54 78.6 73.6 76.4 C74.6 79 74 82 72.4 83.6 L12 83.6 C10.4 82 9.4 78 10 75.6 Z")
            canvas.fill(rim, Linear(((0, lighter(look.colour, 0.14)), (1, darker(look.colour, 0.3))), 90))
            canvas.fill(joined(box(14 + i * 3.6, 80.6, 2, 2, 0.5) for i in range(17)), darker(look.colour, 0.5), opacity=0.6)


@kind("slipper", lies=True, focus=(40, 46), near=1.5)
def slipper(canvas: Canvas, look: Look) -> None:
    """A pair of felt slippers from above."""
    for flip, move, turn in ((False, (-14, 2), -8), (True, (14, -1), 9)):
        with canvas.within(move=move, turn=turn):
            sole = path(
                "M29 30 C30 18 37 13 43 14 C50 15 53 24 52.4 36 C52 48 50 58 50.6 70"
                " C51 80 47 87 41 87 C34.6 87 31 80 31 70 C31 58 28.4 44 29 30 Z"
            )
            shape = sole.mirrored(41) if flip else sole
            fallen(canvas, shape, 1.6)
            canvas.fill(shape, darker(look.second, 0.1))
            bed = shape.scaled(0.88, 0.93, 41, 51)
            canvas.fill(bed, sheet(lighter(look.colour, 0.2), 0.12))
            canvas.texture(bed, "felt", 0.3, darker(look.colour, 0.9))
            toe = path(
                "M28.6 31 C29.4 17 36.6 12 43 13 C50.6 14 53.6 24 53 37 C52.8 43 52 49 51.4 54 C46 46 36 46 31 55 C29.6 47 28 39 28.6 31 Z"
            )
            upper = toe.mirrored(41) if flip else toe
            canvas.shade(upper.moved(0.3, 1.6), 0.4, 1.2, clip=shape)
            canvas.fill(
                upper,
                Radial(((0, lighter(look.colour, 0.3)), (0.5, look.colour), (1, darker(look.colour, 0.36))), x=0.36, y=0.3, reach=1.45),
            )
            canvas.texture(upper, "felt", 0.34, darker(look.colour, 0.9))
            edge = curve([(31, 55), (35, 49.4), (41, 47.6), (47, 49), (51.4, 54)])
            line = [(82 - x, y) for x, y in edge] if flip else list(edge)
            canvas.fill(stroke(line, 1.3), sheet(look.second, 0.2))
            stitches(canvas, [(x, y - 1.8) for x, y in line], CREAM, length=1, gap=0.8, width=0.25)


@kind("backpack", focus=(40, 58), near=1.5)
def backpack(canvas: Canvas, look: Look) -> None:
    """A backpack; forms: roll (closed by rolling), day (with a zip)."""
    contact(canvas, 40)
    for side in (-1, 1):
        strap = curve([(40 + side * 15, 36), (40 + side * 24, 46), (40 + side * 24.6, 64), (40 + side * 18, 78)])
        rod(canvas, strap, 3.6, darker(look.colour, 0.24))
    if look.form == "roll":
        body = soft_polygon([(22, 34), (58, 34), (61.4, 60), (60.4, 83.4), (19.6, 83.4), (18.6, 60)], 5)
        canvas.fill(
            body,
            Linear(
                ((0, darker(look.colour, 0.1)), (0.28, lighter(look.colour, 0.2)), (0.6, look.colour), (1, darker(look.colour, 0.34))), 0
            ),
        )
        canvas.texture(body, "canvas", 0.2, darker(look.colour, 0.9))
        fold_shadows(canvas, body, "M26 40 C24 50 25 56 23 62", "M55 40 C56 50 55 56 57 62", strength=0.2)
        neck = soft_polygon([(23.4, 24), (56.6, 24), (59, 38), (21, 38)], 3)
        canvas.fill(neck, Linear(((0, darker(look.colour, 0.06)), (0.3, lighter(look.colour, 0.22)), (1, darker(look.colour, 0.3))), 0))
        canvas.texture(neck, "canvas", 0.2, darker(look.colour, 0.9))
        roll = box(20.4, 16.6, 39.2, 10, 5)
        canvas.shade(roll.moved(0.4, 1.8), 0.4, 1.1)
        canvas.fill(roll, Linear(((0, lighter(look.colour, 0.24)), (0.45, look.colour), (1, darker(look.colour, 0.38))), 90))
        canvas.texture(roll, "canvas", 0.2, darker(look.colour, 0.9))
        for x in (20.4, 59.6):
            canvas.fill(ellipse(x + (1.4 if x < 40 else -1.4), 21.6, 2.2, 4.6), darker(look.colour, 0.3))
        for x in (30, 47):
            belt = box(x, 15.6, 3, 40, 0.8)
            canvas.shade(belt.moved(0.6, 0.6), 0.3, 0.6)
            canvas.fill(belt, Linear(((0, lighter(look.second, 0.2)), (1, darker(look.second, 0.14))), 0))
            stitches(canvas, [(x + 0.5, 17), (x + 0.5, 55)], lighter(look.second, 0.5), length=0.7, gap=0.6, width=0.15)
            canvas.fill(box(x - 1, 39.6, 5, 5.4, 0.8) - box(x + 0.2, 40.8, 2.6, 3), metal(look.third))
        pocket = box(25, 56, 30, 22, 2.4)
    else:
        handle = curve([(33, 30), (34, 22.6), (46, 22.6), (47, 30)])
        rod(canvas, handle, 2.4, look.second)
        body = path(
            "M20 82 C18 60 18.6 42 22 35 C25 28.6 32 26.6 40 26.6 C48 26.6 55 28.6 58 35"
            " C61.4 42 62 60 60 82 C60 83.4 59 84 57.6 84 L22.4 84 C21 84 20 83.4 20 82 Z"
        )
        canvas.fill(
            body,
            Linear(
                ((0, darker(look.colour, 0.06)), (0.28, lighter(look.colour, 0.26)), (0.6, look.colour), (1, darker(look.colour, 0.36))), 0
            ),
        )
        canvas.veil(body, ((0, 0.3), (0.3, 0)), 90, CREAM)
        zipper = stroke(curve([(21, 56), (23, 40), (29, 32.6), (40, 31), (51, 32.6), (57, 40), (59, 56)]), 1.1)
        canvas.shade(zipper.moved(0, 0.7), 0.4, 0.5)
        canvas.fill(zipper, look.second)
        canvas.fill(box(56.6, 50, 2.4, 6, 1), metal(look.third))
        patch = soft_polygon([(35, 41), (45, 41), (45, 48), (35, 48)], 1)
        canvas.fill(patch, sheet(rgb("#6d4a35"), 0.15))
        canvas.fill(box(37, 43.6, 6, 0.7) + box(38, 45.2, 4, 0.5), CREAM, opacity=0.7)
        pocket = path(
            "M25 58 C25 55.6 27 54.4 29 54.4 L51 54.4 C53 54.4 55 55.6 55 58 L55.6 76"
            " C55.6 79 54 80 51.4 80 L28.6 80 C26 80 24.4 79 24.4 76 Z"
        )
    canvas.shade(pocket.moved(0.4, 1), 0.36, 0.9)
    canvas.fill(pocket, Linear(((0, lighter(look.colour, 0.22)), (0.5, look.colour), (1, darker(look.colour, 0.26))), 40))
    if look.form == "roll":
        canvas.texture(pocket, "canvas", 0.2, darker(look.colour, 0.9))
        flap = soft_polygon([(24.6, 55.4), (55.4, 55.4), (55.4, 64), (40, 67), (24.6, 64)], 1.4)
        canvas.shade(flap.moved(0, 1), 0.35, 0.7)
        canvas.fill(flap, sheet(look.second, 0.16))
        canvas.fill(box(38.2, 62.6, 3.6, 6, 0.8), metal(look.third))
    else:
        line = curve([(25.4, 60), (40, 61.4), (54.6, 60)])
        canvas.fill(stroke(line, 1), look.second)
        canvas.fill(box(50, 60, 1.8, 5, 0.8), metal(look.third))
    canvas.shade(box(18, 80, 44, 5), 0.2, 1.6, clip=body)


@kind("tote", focus=(40, 58), near=1.5)
def tote(canvas: Canvas, look: Look) -> None:
    """A canvas bag, a loaf and leaves looking out."""
    contact(canvas, 46)
    rod(canvas, curve([(30, 47), (31, 26), (40, 20), (49, 26), (50, 47)]), 2, darker(look.second, 0.24))
    inside = soft_polygon([(16, 44), (64, 44), (62, 50), (18, 50)], 1)
    canvas.fill(inside, darker(look.colour, 0.45))
    loaf = soft_polygon([(46, 26), (54, 28), (50, 56), (42, 54)], 4)
    canvas.fill(loaf, Linear(((0, rgb("#d99b4e")), (1, rgb("#a9662a"))), 20))
    for shift in (0, 5.6, 11.2):
        canvas.fill(stroke([(45.6 - shift * 0.2, 32 + shift), (52.4 - shift * 0.2, 31 + shift)], 1), rgb("#f0cf94"), opacity=0.9)
    for x, lean in ((24, -16), (28, -4), (33, 8)):
        leek = outline([(x - 1.6, 54), (x - 2.6 + lean * 0.1, 32), (x + lean * 0.3, 25), (x + 2.6 + lean * 0.1, 33), (x + 1.6, 54)])
        canvas.fill(leek, Linear(((0, rgb("#4f7d43")), (0.5, rgb("#86ad66")), (1, rgb("#e9eed6"))), 90))
    body = polygon((15, 46), (65, 46), (62, 83), (18, 83))
    canvas.fill(
        body,
        Linear(((0, darker(look.colour, 0.08)), (0.3, lighter(look.colour, 0.24)), (0.6, look.colour), (1, darker(look.colour, 0.26))), 0),
    )
    canvas.texture(body, "canvas", 0.3, darker(look.colour, 0.9))
    base = polygon((17.2, 73), (62.8, 73), (62, 83.2), (18, 83.2))
    canvas.fill(base, Linear(((0, darker(look.second, 0.06)), (0.3, lighter(look.second, 0.18)), (1, darker(look.second, 0.2))), 0))
    canvas.texture(base, "canvas", 0.3, darker(look.second, 0.9))
    stitches(canvas, [(17.4, 74.2), (62.6, 74.2)], CREAM)
    stitches(canvas, [(15.6, 48), (64.4, 48)], lighter(look.colour, 0.6))
    fold_shadows(canvas, body, "M24 50 C26 58 24 66 25 72", "M56 50 C55 58 57 66 55 72", strength=0.2)
    for x in (28, 49):
        canvas.fill(box(x, 46, 3.4, 27), sheet(look.second, 0.14))
        stitches(canvas, [(x + 0.6, 47), (x + 0.6, 72)], CREAM, width=0.16)
    handle = curve([(29.8, 47), (30, 28), (40, 21), (50.4, 28), (50.6, 47)])
    canvas.shade(stroke([(x + 0.7, y + 0.9) for x, y in handle], 3.2), 0.25, 0.7)
    canvas.fill(stroke(handle, 3.2, round_ends=False), Linear(((0, lighter(look.second, 0.2)), (1, darker(look.second, 0.2))), 0))


@kind("holdall", focus=(40, 62), near=1.5)
def holdall(canvas: Canvas, look: Look) -> None:
    """A weekend bag with leather corners."""
    contact(canvas, 62)
    body = path(
        "M10 82 C8 68 9 56 13 51 C17 46.6 24 45 40 45 C56 45 63 46.6 67 51"
        " C71 56 72 68 70 82 C69.6 83.4 68.6 84 67 84 L13 84 C11.4 84 10.4 83.4 10 82 Z"
    )
    canvas.fill(
        body,
        Linear(((0, darker(look.colour, 0.1)), (0.28, lighter(look.colour, 0.22)), (0.6, look.colour), (1, darker(look.colour, 0.36))), 0),
    )
    canvas.texture(body, "canvas", 0.22, darker(look.colour, 0.9))
    canvas.veil(body, ((0, 0.3), (0.3, 0)), 90, CREAM)
    zipper = stroke(curve([(14, 52), (26, 48.6), (40, 48), (54, 48.6), (66, 52)]), 1.3)
    canvas.fill(zipper, metal(look.third))
    canvas.fill(box(60, 50, 5.4, 2, 0.8), sheet(look.second, 0.1))
    for corner in (
        path("M10 82 C9 76 8.8 71 9.2 67 C14 68 20 74 22 84 L13 84 C11.4 84 10.4 83.4 10 82 Z"),
        path("M70 82 C71 76 71.2 71 70.8 67 C66 68 60 74 58 84 L67 84 C68.6 84 69.6 83.4 70 82 Z"),
    ):
        canvas.fill(corner, sheet(look.second, 0.2))
    stitches(canvas, curve([(9.4, 68.4), (15, 70), (20.6, 77), (21.6, 83.6)]), CREAM)
    stitches(canvas, curve([(70.6, 68.4), (65, 70), (59.4, 77), (58.4, 83.6)]), CREAM)
    for x in (26, 51):
        canvas.fill(box(x, 46, 3.6, 38, 0.4), sheet(look.second, 0.16))
        stitches(canvas, [(x + 0.6, 50), (x + 0.6, 83)], CREAM, width=0.16)
        stitches(canvas, [(x + 3, 50), (x + 3, 83)], CREAM, width=0.16)
        canvas.fill(box(x - 0.6, 56, 4.8, 3.4, 0.6), metal(look.third))
    for move in (-3.4, 0):
        grip = curve([(27.8, 58), (29 + move * 0.3, 38), (40 + move, 31 + move * 0.4), (51 + move * 0.3, 38), (52.8, 58)])
        canvas.shade(stroke([(x + 0.8, y + 1) for x, y in grip], 2.6), 0.2, 0.8)
        canvas.fill(stroke(grip, 2.6), Linear(((0, lighter(look.second, 0.24)), (1, darker(look.second, 0.2))), 40))
    canvas.fill(stroke(curve([(34, 33.4), (40, 30.8), (46, 33.4)]), 4.4), sheet(look.second, 0.2))
    tag = soft_polygon([(56.4, 58), (61, 57), (63, 66), (58.4, 67)], 1)
    canvas.fill(stroke([(55, 52), (58.6, 58)], 0.5), darker(look.second, 0.3))
    canvas.shade(tag.moved(0.4, 0.8), 0.35, 0.7)
    canvas.fill(tag, sheet(lighter(look.second, 0.16), 0.16))


@kind("belt", lies=True, size=1.05, focus=(40, 50), near=1.5)
def belt(canvas: Canvas, look: Look) -> None:
    """A coiled belt with its buckle."""
    coil: list[tuple[float, float]] = []
    for step in range(150):
        angle = math.radians(step * 8 - 40)
        reach = 27 - step * 0.125
        coil.append((38 + reach * math.cos(angle), 52 + reach * math.sin(angle) * 0.96))
    leather = stroke(coil, 3.1)
    canvas.shade(leather.moved(1.6, 2.2), 0.3, 1.6)
    canvas.shade(leather.moved(0.5, 0.8), 0.35, 0.6)
    canvas.fill(leather, Linear(((0, lighter(look.colour, 0.26)), (0.5, look.colour), (1, darker(look.colour, 0.3))), 50))
    canvas.fill(stroke([(38 + (x - 38) * 0.975, 52 + (y - 52) * 0.975) for x, y in coil], 0.5), lighter(look.colour, 0.5), opacity=0.5)
    canvas.fill(stroke([(38 + (x - 38) * 1.035, 52 + (y - 52) * 1.035) for x, y in coil], 0.4), darker(look.colour, 0.6), opacity=0.5)
    end = curve([(58.6, 34.4), (62, 40), (66, 52), (67, 70), (66.4, 80)])
    canvas.shade(stroke([(x + 0.8, y + 1) for x, y in end], 7), 0.35, 0.9)
    canvas.fill(stroke(end, 7, round_ends=False), Linear(((0, lighter(look.colour, 0.2)), (1, darker(look.colour, 0.2))), 0))
    stitches(canvas, [(x - 2.4, y) for x, y in end], lighter(look.colour, 0.6), width=0.2)
    stitches(canvas, [(x + 2.4, y) for x, y in end], lighter(look.colour, 0.6), width=0.2)
    buckle = (box(59.4, 74, 14, 13, 3) - box(61.8, 76.4, 9.2, 8.2, 1.4)).turned(2, 66, 80)
    canvas.shade(buckle.moved(0.8, 1.1), 0.4, 0.8)
    canvas.fill(
        buckle,
        Linear(((0, lighter(look.second, 0.6)), (0.4, look.second), (0.7, lighter(look.second, 0.4)), (1, darker(look.second, 0.3))), 50),
    )
    canvas.fill(stroke([(66.4, 75), (66.2, 86.4)], 1.4), metal(lighter(look.second, 0.1)))
    canvas.fill(stroke(curve([(61.6, 66.6), (67, 65.4), (71.4, 66.6)]), 2.2), sheet(darker(look.colour, 0.16), 0.2))
