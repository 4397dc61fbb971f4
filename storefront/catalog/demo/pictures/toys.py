"""Drawings of toys."""

import math

from storefront.catalog.demo.pictures.backdrop import contact, fallen
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, ball, metal, sheet, tube
from storefront.catalog.demo.pictures.colour import CREAM, Colour, darker, lighter, mix, rgb
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import WHITE, dots, grain, rod, stitches, wood
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
    smooth,
    soft_polygon,
    stroke,
    turned_on_lathe,
)

BEECH = rgb("#dcb88c")
RUBBER = rgb("#3a3b42")
RAINBOW = tuple(rgb(text) for text in ("#d2452f", "#e5792c", "#f3bd2c", "#76a34e", "#3f8f8a", "#2c50b8", "#6e4a94", "#d9788a"))


def _wheel(canvas: Canvas, x: float, y: float, radius: float, colour: Colour, hub: Colour = BEECH) -> None:
    canvas.fill(ellipse(x + 0.8, y + 0.3, radius), darker(colour, 0.4))
    canvas.fill(ellipse(x, y, radius), Radial(((0, lighter(colour, 0.4)), (0.5, colour), (1, darker(colour, 0.3)))))
    canvas.fill(ellipse(x, y, radius * 0.66) - ellipse(x, y, radius * 0.6), darker(colour, 0.5), opacity=0.5)
    canvas.fill(ellipse(x, y, radius * 0.3), ball(hub))


def _block(canvas: Canvas, shape: Shape, colour: Colour, *, seed: int = 1) -> None:
    canvas.fill(shape, Linear(((0, lighter(colour, 0.24)), (0.5, colour), (1, darker(colour, 0.22))), 55))
    grain(canvas, shape, colour, every=1.3, seed=seed, opacity=0.14)


@kind("stacking_rings", size=1.2, focus=(40, 56), near=1.5)
def stacking_rings(canvas: Canvas, look: Look) -> None:
    """A tower of wooden rings."""
    contact(canvas, 42)
    base = outline(arc(40, 79, 21, 3, 180, 360), arc(40, 82, 21, 3, 0, 180))
    canvas.fill(base, tube(BEECH))
    canvas.fill(ellipse(40, 79, 21, 3), sheet(lighter(BEECH, 0.3), 0.1, 20))
    rings = (
        (74.4, 20.0, look.third),
        (67.2, 17.8, rgb("#3f8f8a")),
        (60.2, 15.6, rgb("#76a34e")),
        (53.4, 13.4, look.second),
        (46.8, 11.2, rgb("#e5792c")),
        (40.6, 9.2, look.colour),
    )
    for y, radius, colour in rings:
        height = 3.6
        ring = outline(
            arc(40, y - height + 2, radius, 3.2, 180, 360),
            arc(40 + radius - 2.2, y, 2.6, height, -50, 50),
            arc(40, y + height - 2.6, radius, 3.2, 0, 180),
            arc(40 - radius + 2.2, y, 2.6, height, 130, 230),
        )
        canvas.fill(
            ring,
            Linear(
                (
                    (0, darker(colour, 0.14)),
                    (0.16, colour),
                    (0.3, lighter(colour, 0.5)),
                    (0.5, colour),
                    (0.88, darker(colour, 0.34)),
                    (1, darker(colour, 0.2)),
                ),
                0,
            ),
        )
        canvas.veil(ring, ((0, 0.3), (0.45, 0), (0.7, 0), (1, 0.26)), 90)
        canvas.veil(ring, ((0, 0.4), (0.35, 0)), 90, CREAM)
    canvas.fill(ellipse(40, 31, 6.6, 6.4), ball(look.second))
    canvas.fill(ellipse(37.8, 28.6, 1.5, 1.1), WHITE, opacity=0.8)


@kind("blocks", focus=(40, 52), near=1.5)
def blocks(canvas: Canvas, look: Look) -> None:
    """A castle of blocks."""
    contact(canvas, 60)
    plain = look.colour
    for x in (12, 56):
        for row, y in enumerate((72, 61, 50)):
            _block(canvas, box(x, y, 12, 10.8, 0.5), (look.second, plain, rgb("#f3bd2c"))[(row + (x > 30)) % 3], seed=row)
        cone = polygon((x - 1, 50), (x + 13, 50), (x + 6, 34))
        _block(canvas, cone, look.third if x < 30 else look.second)
        canvas.fill(stroke([(x + 6, 34), (x + 6, 27)], 0.4), darker(plain, 0.4))
        canvas.fill(polygon((x + 6.2, 27), (x + 12, 29), (x + 6.2, 31)), look.second if x < 30 else rgb("#f3bd2c"))
    gate = box(24.4, 61, 31.2, 22, 0.5) - outline(arc(40, 76, 9, 9, 180, 360), [(49, 84), (31, 84)])
    _block(canvas, gate, plain, seed=9)
    canvas.shade(outline(arc(40, 76, 9, 9, 180, 360), [(49, 83.4), (31, 83.4)]), 0.28, 1)
    for index, x in enumerate((24.4, 34.9, 45.4)):
        _block(canvas, box(x, 50, 10.2, 10.6, 0.5), (rgb("#76a34e"), look.second, look.third)[index], seed=index)
    bridge = box(29, 39, 22, 10.6, 0.5) - outline(arc(40, 49.8, 6, 6, 180, 360))
    _block(canvas, bridge, plain, seed=4)
    cylinder = turned_on_lathe([(4.4, 29), (4.4, 38.4)], tilt=0.2, smooth_sides=False)
    canvas.fill(cylinder, tube(rgb("#f3bd2c")))
    canvas.fill(ellipse(40, 29, 4.4, 0.9), lighter(rgb("#f3bd2c"), 0.5))
    canvas.fill(ellipse(40, 24.6, 4.2), ball(look.second))
    for x, y, colour in ((6, 78, rgb("#76a34e")), (68.6, 77.4, look.third)):
        cube = box(x, y, 6.4, 6.4, 0.4)
        _block(canvas, cube, colour)


@kind("train", focus=(44, 62), near=1.5)
def train(canvas: Canvas, look: Look) -> None:
    """A wooden engine with a wagon."""
    canvas.shade(ellipse(42, 84.6, 36, 2), 0.3, 1.4)
    rails = box(-1, 84, 82, 1.4)
    canvas.fill(rails, sheet(darker(BEECH, 0.2), 0.1))
    _block(canvas, box(3, 71, 25, 6, 1.2), look.colour)
    for x, colour in ((5.4, BEECH), (12, look.second), (18.6, BEECH)):
        log = ellipse(x + 3, 67.4, 3.6)
        canvas.fill(log, sheet(colour, 0.25))
        canvas.fill(ellipse(x + 3, 67.4, 2.4) - ellipse(x + 3, 67.4, 2), darker(colour, 0.4), opacity=0.6)
    for x in (8.7, 15.3):
        canvas.fill(ellipse(x + 3, 61.6, 3.6), sheet(BEECH, 0.25))
        canvas.fill(ellipse(x + 3, 61.6, 2.4) - ellipse(x + 3, 61.6, 2), darker(BEECH, 0.4), opacity=0.6)
    canvas.fill(box(28, 73.4, 5, 1.6), metal(rgb("#9aa2aa")))
    canvas.fill(ellipse(30.4, 74.2, 1.5), ball(rgb("#d2452f")))
    _block(canvas, box(33, 70, 41, 7.4, 1.4), darker(look.colour, 0.16))
    cab = soft_polygon([(34, 46), (50, 46), (50, 71), (34, 71)], 1.2) - box(37.4, 51, 9, 8.6, 1.4)
    canvas.fill(box(37, 50.6, 10, 9.4), darker(look.colour, 0.62))
    canvas.fill(ellipse(42, 56.6, 3), ball(rgb("#f0c9a0")))
    canvas.fill(outline(arc(42, 55.4, 3.2, 3, 180, 360)), rgb("#2c50b8"))
    _block(canvas, cab, look.colour)
    roof = soft_polygon([(31.4, 42), (52.6, 42), (53.6, 46.4), (30.4, 46.4)], 1.4)
    _block(canvas, roof, look.second)
    boiler = outline([(50, 53.4), (69, 53.4)], arc(69, 62, 4, 8.6, -90, 90), [(50, 70.6)])
    canvas.fill(
        boiler,
        Linear(((0, lighter(look.colour, 0.2)), (0.25, lighter(look.colour, 0.4)), (0.6, look.colour), (1, darker(look.colour, 0.4))), 90),
    )
    for x in (56, 63):
        canvas.fill(box(x, 53.4, 1.6, 17.2), look.second)
    canvas.fill(ellipse(71.6, 62, 2.4, 5), ball(rgb("#f3e3b0")))
    stack = outline([(59.6, 54), (58.4, 43)], [(66.6, 43), (65.4, 54)])
    canvas.fill(stack, tube(RUBBER, 0.4))
    canvas.fill(box(57.4, 41, 10.2, 2.8, 1.2), tube(look.second))
    canvas.fill(ellipse(54.6, 52.6, 2.6, 2.2), ball(rgb("#c99b45")))
    for x, y, r in ((64, 34, 4), (58, 27, 5), (66, 21, 4.4), (57, 16, 3.4)):
        canvas.soft(ellipse(x, y, r, r * 0.9), WHITE, 0.75, 1.1)
    for x, y, r in ((9.4, 79.6, 4.6), (22.4, 79.6, 4.6), (39.6, 78, 6.2), (53.4, 78, 6.2), (67, 79.6, 4.6)):
        _wheel(canvas, x, y, r, look.third)


@kind("car", size=1.1, focus=(40, 64), near=1.6)
def car(canvas: Canvas, look: Look) -> None:
    """A wooden car with its driver."""
    canvas.shade(ellipse(43, 84.4, 30, 2.2), 0.34, 1.4)
    driver = box(31.4, 47, 9, 18, 3)
    canvas.fill(driver, tube(look.second))
    canvas.fill(ellipse(36, 43, 6.2), ball(lighter(look.second, 0.14)))
    canvas.fill(outline(arc(36, 41.6, 6.3, 5.6, 180, 360)), sheet(look.third, 0.2))
    canvas.fill(box(29.4, 40.6, 13.2, 1.9, 0.9), look.third)
    dots(canvas, [(34.6, 44), (38.8, 44)], 0.6, rgb("#2a2320"))
    canvas.fill(stroke(arc(36.8, 45, 2, 1.5, 30, 150), 0.4), rgb("#8a4a3a"))
    body = path(
        "M9 72 C8.6 65 12 60 19 59 L29 58 C30 64 42 64 43.4 57.6 L50 58 C58 58.6 67 61 70.4 66 C72.6 69.6 72.4 74 71.4 77.6 L10 77.6 C9 76 9 74 9 72 Z"
    )
    canvas.fill(body, Linear(((0, lighter(look.colour, 0.34)), (0.45, look.colour), (1, darker(look.colour, 0.36))), 78))
    grain(canvas, body, look.colour, every=1.5, opacity=0.14)
    canvas.fill(stroke(curve([(14, 69), (40, 70.6), (70, 69)]), 1), lighter(look.colour, 0.65), opacity=0.8)
    canvas.shine(stroke(curve([(14, 63), (22, 61), (28, 60.6)]), 1.4), 0.6, 0.8)
    canvas.shine(stroke(curve([(50, 60.4), (59, 62), (66, 65.6)]), 1.4), 0.6, 0.8)
    canvas.fill(ellipse(69.4, 69.6, 2, 2.6), ball(rgb("#f6e2a4")))
    canvas.fill(ellipse(10.6, 69.4, 1.2, 2), ball(rgb("#d2452f")))
    screen = polygon((44.6, 58), (48, 50), (50.4, 50), (49.4, 58.4))
    canvas.fill(screen, rgb("#cfe3ec"), opacity=0.8)
    for x in (22.6, 57.4):
        canvas.fill(ellipse(x, 77, 9.2), darker(look.colour, 0.5), clip=body)
        _wheel(canvas, x, 77, 7.6, look.third, hub=BEECH)


@kind("duck", size=1.02, focus=(44, 50), near=1.5)
def duck(canvas: Canvas, look: Look) -> None:
    """A pull-along duck."""
    canvas.shade(ellipse(42, 84.4, 28, 2.2), 0.34, 1.4)
    cord = curve([(64, 75), (71, 79), (74, 86), (80, 84)])
    canvas.fill(stroke(cord, 0.7), sheet(rgb("#e4d8bf"), 0.2))
    board = box(16, 72.6, 50, 5, 2.2)
    _block(canvas, board, BEECH)
    body = smooth((14, 50), (20, 56), (30, 55), (40, 53), (50, 51), (58, 54), (61, 62), (57, 70), (46, 74), (32, 74), (21, 70), (15, 61))
    canvas.fill(
        body, Radial(((0, lighter(look.colour, 0.45)), (0.5, look.colour), (1, darker(look.colour, 0.34))), x=0.4, y=0.2, reach=1.5)
    )
    grain(canvas, body, look.colour, every=2, opacity=0.1)
    head = ellipse(53, 39, 12.4, 12)
    neck = smooth((45, 44), (60, 44), (60, 56), (44, 57))
    canvas.fill(neck, look.colour)
    canvas.shade(ellipse(52, 53, 8, 2.4), 0.16, 1.6, clip=body + neck)
    canvas.fill(head, Radial(((0, lighter(look.colour, 0.5)), (0.5, look.colour), (1, darker(look.colour, 0.3)))))
    beak = smooth((63, 37.6), (70, 38.4), (74, 41), (70, 43.4), (63, 43.6), (61.6, 40.4))
    canvas.fill(beak, Linear(((0, lighter(look.second, 0.3)), (1, darker(look.second, 0.2))), 80))
    canvas.fill(stroke(curve([(63, 41), (68, 41.4), (73, 41.2)]), 0.4), darker(look.second, 0.5))
    canvas.fill(ellipse(57, 36, 1.7), rgb("#25232a"))
    canvas.fill(ellipse(56.5, 35.3, 0.6), WHITE)
    canvas.fill(ellipse(60, 43, 1.8, 1.2), rgb("#ef9a7a"), opacity=0.6)
    wing = smooth((22, 56), (32, 55), (42, 58), (44, 64), (36, 68), (27, 66), (20, 60))
    canvas.shade(wing.moved(0.4, 1), 0.28, 0.9, clip=body)
    canvas.fill(wing, Linear(((0, lighter(look.colour, 0.24)), (1, darker(look.colour, 0.18))), 70))
    for y in (60.6, 63.4):
        canvas.fill(stroke(curve([(27, y), (34, y + 1.4), (41, y + 0.6)]), 0.5), darker(look.colour, 0.34), opacity=0.7)
    kerchief = smooth((43, 49), (52, 51.6), (61, 49.4), (61, 52.4), (52, 55), (43, 52.4))
    canvas.fill(kerchief, sheet(look.third, 0.2))
    canvas.fill(polygon((47, 53), (55, 53), (50, 61)), sheet(look.third, 0.2))
    dots(canvas, [(46, 51.4), (50, 53), (54, 53), (58, 51.4), (50.6, 56.4)], 0.5, CREAM)
    foot = smooth((32, 74), (40, 72.6), (45, 77), (40, 79.4), (33, 78))
    canvas.fill(foot, sheet(look.second, 0.25))
    for x in (25, 57):
        _wheel(canvas, x, 78, 6.6, look.third)


def _fur(canvas: Canvas, shape: Shape, colour: Colour, texture: str = "loops", strength: float = 0.2) -> None:
    canvas.fill(shape, Radial(((0, lighter(colour, 0.34)), (0.55, colour), (1, darker(colour, 0.34))), x=0.36, y=0.28, reach=1.45))
    canvas.texture(shape, texture, strength, darker(colour, 0.9))


@kind("bear", focus=(40, 38), near=1.6)
def bear(canvas: Canvas, look: Look) -> None:
    """A teddy bear with a scarf."""
    contact(canvas, 44, y=84)
    fur = look.colour
    for x in (27.6, 52.4):
        _fur(canvas, ellipse(x, 20.6, 6.6), fur)
        canvas.fill(ellipse(x, 21.4, 3.8), sheet(mix(fur, look.second, 0.6), 0.14))
    for side in (-1, 1):
        arm = stroke(curve([(40 + side * 13, 50), (40 + side * 20, 58), (40 + side * 19, 67)]), 10, end_width=9)
        canvas.shade(arm.moved(0, 1), 0.22, 1.2)
        _fur(canvas, arm, fur)
    body = smooth((40, 44), (52, 48), (57, 60), (55, 73), (47, 80), (33, 80), (25, 73), (23, 60), (28, 48))
    _fur(canvas, body, fur)
    _fur(canvas, ellipse(40, 65, 10.4, 12), mix(fur, look.second, 0.45), strength=0.14)
    canvas.fill(stroke([(40, 54), (40, 78)], 0.3), darker(fur, 0.5), opacity=0.6)
    for side in (-1, 1):
        leg = smooth(
            (40 + side * 9, 70), (40 + side * 19, 70), (40 + side * 25, 76), (40 + side * 24, 83), (40 + side * 15, 85), (40 + side * 8, 81)
        )
        canvas.shade(leg.moved(0, -0.8), 0.28, 1)
        _fur(canvas, leg, fur)
        pad = ellipse(40 + side * 20, 78.6, 4.6, 5)
        canvas.fill(pad, sheet(mix(fur, look.second, 0.6), 0.16))
        dots(canvas, [(40 + side * 20 + dx, 75.6 + abs(dx) * 0.3) for dx in (-2.2, 0, 2.2)], 0.7, darker(fur, 0.4), opacity=0.6)
    head = smooth((40, 16), (52, 20), (57.6, 30), (55, 40), (47, 46), (33, 46), (25, 40), (22.4, 30), (28, 20))
    canvas.shade(head.moved(0, 2), 0.3, 1.4)
    _fur(canvas, head, fur)
    muzzle = ellipse(40, 37, 8.4, 6.8)
    _fur(canvas, muzzle, mix(fur, look.second, 0.6), strength=0.12)
    canvas.fill(smooth((36.4, 33), (40, 32.2), (43.6, 33), (42, 36), (40, 37), (38, 36)), rgb("#3a2820"))
    canvas.fill(ellipse(38.6, 33.4, 0.9, 0.5), WHITE, opacity=0.6)
    canvas.fill(
        stroke([(40, 37), (40, 39.4)], 0.5) + stroke(arc(37.8, 39, 2.3, 2, 10, 130), 0.5) + stroke(arc(42.2, 39, 2.3, 2, 50, 170), 0.5),
        rgb("#3a2820"),
    )
    for x in (32.4, 47.6):
        canvas.fill(ellipse(x, 28.6, 1.9), rgb("#251a16"))
        canvas.fill(ellipse(x - 0.6, 27.9, 0.6), WHITE)
    scarf = outline(curve([(25, 43), (33, 47.4), (47, 47.4), (55, 43)]), curve([(56, 48), (47, 53), (33, 53), (24, 48)]))
    canvas.shade(scarf.moved(0, 1), 0.3, 0.9)
    canvas.fill(scarf, sheet(look.third, 0.2))
    canvas.texture(scarf, "rib", 0.35, darker(look.third, 0.9))
    tail = polygon((48, 49), (55, 47.6), (58, 66), (50.6, 67.4))
    canvas.shade(tail.moved(0.5, 0.6), 0.3, 0.7)
    canvas.fill(tail, sheet(look.third, 0.2))
    canvas.texture(tail, "rib", 0.35, darker(look.third, 0.9))
    canvas.fill(joined(box(46, y, 14, 1.3).turned(-10, 53, y) for y in (59, 62.4)), CREAM, clip=tail)


@kind("rabbit", focus=(40, 46), near=1.6)
def rabbit(canvas: Canvas, look: Look) -> None:
    """A soft rabbit, sitting."""
    contact(canvas, 38, y=84)
    fur = look.colour
    for side, lean in ((-1, -9), (1, 14)):
        ear = smooth(
            (40 + side * 5, 30),
            (40 + side * 2.4, 18),
            (40 + side * 4, 6),
            (40 + side * 8, 3),
            (40 + side * 12, 8),
            (40 + side * 12, 20),
            (40 + side * 9.6, 30),
        ).turned(lean, 40 + side * 7, 30)
        canvas.shade(ear.moved(0.8, 1), 0.2, 1)
        _fur(canvas, ear, fur, "cord", 0.2)
        inner = smooth(
            (40 + side * 6, 28),
            (40 + side * 5, 18),
            (40 + side * 6, 9),
            (40 + side * 8.2, 7),
            (40 + side * 10, 11),
            (40 + side * 9.8, 20),
            (40 + side * 8.6, 28),
        ).turned(lean, 40 + side * 7, 30)
        canvas.fill(inner, sheet(rgb("#f0c4bb"), 0.14))
    body = smooth((40, 48), (50, 52), (55, 64), (54, 77), (46, 83.6), (34, 83.6), (26, 77), (25, 64), (30, 52))
    _fur(canvas, body, fur, "cord", 0.2)
    dungarees = smooth((30, 62), (50, 62), (55, 68), (54.4, 78), (46, 83.8), (34, 83.8), (25.6, 78), (25, 68))
    canvas.shade(dungarees.moved(0, -0.8), 0.25, 0.8, clip=body)
    canvas.fill(dungarees, Linear(((0, lighter(look.third, 0.2)), (0.5, look.third), (1, darker(look.third, 0.3))), 30))
    canvas.texture(dungarees, "twill", 0.2)
    bib = box(33, 54, 14, 11, 1.4)
    canvas.fill(bib, sheet(look.third, 0.16))
    canvas.texture(bib, "twill", 0.2)
    stitches(canvas, [(34, 55), (46, 55), (46, 64)], CREAM, width=0.2)
    for side in (-1, 1):
        canvas.fill(stroke([(40 + side * 6, 56), (40 + side * 9, 48)], 1.8), sheet(darker(look.third, 0.1), 0.1))
        dots(canvas, [(40 + side * 5.6, 57)], 1, rgb("#c99b45"))
    for side in (-1, 1):
        arm = stroke(curve([(40 + side * 12, 54), (40 + side * 17, 61), (40 + side * 14, 69)]), 7, end_width=6.4)
        canvas.shade(arm.moved(0, 1), 0.25, 0.9)
        _fur(canvas, arm, fur, "cord", 0.2)
        foot = smooth(
            (40 + side * 5, 78),
            (40 + side * 14, 76.4),
            (40 + side * 20, 80),
            (40 + side * 18, 85),
            (40 + side * 8, 85.4),
            (40 + side * 4, 82),
        )
        canvas.shade(foot.moved(0, -0.7), 0.3, 0.8)
        _fur(canvas, foot, fur, "cord", 0.2)
        canvas.fill(ellipse(40 + side * 14, 81.4, 3, 2.4), rgb("#f0c4bb"))
    head = smooth((40, 25), (50, 28), (55, 37), (52, 46), (45, 50.6), (35, 50.6), (28, 46), (25, 37), (30, 28))
    canvas.shade(head.moved(0, 1.6), 0.28, 1.2)
    _fur(canvas, head, fur, "cord", 0.18)
    for x in (30.6, 49.4):
        canvas.fill(ellipse(x, 43.4, 2.6, 1.8), rgb("#ef9a8a"), opacity=0.4)
    for x in (34, 46):
        canvas.fill(ellipse(x, 38.4, 1.7), rgb("#251a16"))
        canvas.fill(ellipse(x - 0.5, 37.8, 0.55), WHITE)
    canvas.fill(smooth((38.2, 42), (40, 41.5), (41.8, 42), (40, 44)), rgb("#d9788a"))
    canvas.fill(
        stroke([(40, 44), (40, 45.4)], 0.4) + stroke(arc(38.4, 45, 1.7, 1.5, 10, 140), 0.4) + stroke(arc(41.6, 45, 1.7, 1.5, 40, 170), 0.4),
        rgb("#3a2820"),
    )


@kind("kite", focus=(40, 38), near=1.5)
def kite(canvas: Canvas, look: Look) -> None:
    """A diamond kite with a tail of bows."""
    line = curve([(34, 66), (40, 74), (30, 82), (38, 92), (28, 102)])
    canvas.fill(stroke(line, 0.6), sheet(look.third, 0.3))
    points = [line[8], line[18], line[30], line[42]]
    for index, (x, y) in enumerate(points):
        colour = (look.second, look.colour)[index % 2]
        for side in (-1, 1):
            bow = polygon((x, y), (x + side * 4.4, y - 2.8), (x + side * 4.8, y + 2.2)).turned(20 - index * 14, x, y)
            canvas.fill(bow, sheet(colour, 0.25))
        canvas.fill(ellipse(x, y, 0.9), darker(colour, 0.2))
    top, left, right, bottom = (48.0, 8.0), (19.0, 25.0), (65.0, 33.0), (34.0, 66.0)
    cross = (42.7, 29.1)
    for corner, other, colour in (
        (top, left, look.colour),
        (top, right, look.second),
        (left, bottom, look.second),
        (right, bottom, look.colour),
    ):
        panel = polygon(cross, corner, other)
        canvas.fill(panel, Linear(((0, lighter(colour, 0.24)), (0.5, colour), (1, darker(colour, 0.2))), 50))
        canvas.texture(panel, "weave", 0.1)
    canvas.fill(stroke([left, right], 0.9), sheet(BEECH, 0.3))
    canvas.fill(stroke([top, bottom], 0.9), sheet(BEECH, 0.3))
    canvas.fill(stroke([top, left, bottom, right, top], 0.7), look.third)
    canvas.shine(polygon((46, 12), (44, 27), (24, 25)), 0.24, 3, clip=polygon(top, left, bottom, right))
    canvas.fill(stroke(curve([cross, (58, 62), (70, 101)]), 0.3), rgb("#6b6d75"))
    canvas.fill(ellipse(*cross, 1.2), ball(rgb("#c99b45")))


@kind("top", focus=(40, 56), near=1.5)
def top(canvas: Canvas, look: Look) -> None:
    """A striped humming top, leaning as it spins."""
    canvas.shade(ellipse(43, 84.6, 15, 2), 0.4, 1.4)
    for radius in (22, 27):
        canvas.fill(stroke(arc(40, 83, radius, radius * 0.14, 10, 150), 0.5), darker(look.third, 0.1), opacity=0.35)
    with canvas.within(turn=11, at=(40, 84)):
        rod(canvas, [(40, 34), (40, 22)], 1.6, rgb("#b6bec6"))
        canvas.fill(turned_on_lathe([(2.2, 15), (4.4, 18), (2.2, 22)], tilt=0.2), tube(BEECH, 0.3))
        body = smooth(
            (40, 34),
            (46, 38),
            (58, 44),
            (66, 54),
            (62, 64),
            (52, 72),
            (43, 80),
            (40, 83.6),
            (37, 80),
            (28, 72),
            (18, 64),
            (14, 54),
            (22, 44),
            (34, 38),
        )
        canvas.fill(body, look.colour)
        bands = ((40, 4, look.second), (46.4, 2, CREAM), (51, 6, look.third), (60, 2, CREAM), (64, 4, look.second), (71, 3, CREAM))
        for y, thick, colour in bands:
            stripe = outline(
                curve([(10, y - 1), (26, y + 2), (40, y + 2.8), (54, y + 2), (70, y - 1)]),
                curve([(70, y - 1 + thick), (54, y + 2 + thick), (40, y + 2.8 + thick), (26, y + 2 + thick), (10, y - 1 + thick)]),
            )
            canvas.fill(stripe, colour, clip=body)
        stars = joined(
            polygon(
                *[
                    (
                        x + (1.8 if i % 2 == 0 else 0.8) * math.sin(math.pi * i / 5),
                        y - (1.8 if i % 2 == 0 else 0.8) * math.cos(math.pi * i / 5),
                    )
                    for i in range(10)
                ]
            )
            for x, y in ((22, 55.6), (31, 57), (40, 57.6), (49, 57), (58, 55.6))
        )
        canvas.fill(stars, rgb("#f3bd2c"))
        canvas.rounded(body, 1.2)
        canvas.veil(body, ((0, 0.0), (0.55, 0), (1, 0.34)), 90)
        canvas.fill(ellipse(27, 46, 5, 2.2).turned(-34, 27, 46), WHITE, opacity=0.6)
        canvas.fill(box(38.6, 81.6, 2.8, 3.4, 1), metal(rgb("#b6bec6")))


@kind("jigsaw", lies=True, size=1.1, focus=(44, 44), near=1.5)
def jigsaw(canvas: Canvas, look: Look) -> None:
    """A half-finished jigsaw of a harbour."""
    with canvas.within(turn=-5):
        board = box(11, 18, 58, 58, 1)
        picture = board - box(52, 60.4, 18, 17) - box(11, 63, 14, 14)
        fallen(canvas, picture, 0.8)
        canvas.fill(picture, Linear(((0, rgb("#bfd8f0")), (0.5, rgb("#e9f0f4")), (1, rgb("#f6e3c4"))), 90))
        canvas.fill(ellipse(56, 27, 4.6), rgb("#fbe6a6"), clip=picture)
        hills = smooth((0, 50), (16, 38), (30, 44), (44, 36), (60, 43), (84, 38), (84, 60), (0, 60))
        canvas.fill(hills, rgb("#9db58f"), clip=picture)
        for x, height, colour in ((15, 12, look.second), (23, 16, look.third), (31, 11, rgb("#f3efe6")), (38, 14, rgb("#d9788a"))):
            canvas.fill(box(x, 52 - height, 7.6, height), colour, clip=picture)
            canvas.fill(polygon((x - 0.8, 52 - height), (x + 8.4, 52 - height), (x + 3.8, 47 - height)), darker(colour, 0.35), clip=picture)
            canvas.fill(joined(box(x + 1.2 + i * 3.2, 54 - height, 1.8, 2.4) for i in range(2)), rgb("#4a5a72"), clip=picture)
        canvas.fill(box(8, 52, 64, 26), Linear(((0, lighter(look.colour, 0.3)), (1, darker(look.colour, 0.2))), 90), clip=picture)
        canvas.fill(
            joined(
                stroke(curve([(10 + i * 9, 57 + i % 3 * 5), (14 + i * 9, 56 + i % 3 * 5), (18 + i * 9, 57 + i % 3 * 5)]), 0.5)
                for i in range(7)
            ),
            WHITE,
            opacity=0.6,
            clip=picture,
        )
        boat = path("M40 60 L58 60 C57 65 54 67 50 67 L46 67 C43 67 41 64 40 60 Z")
        canvas.fill(boat, look.second, clip=picture)
        canvas.fill(stroke([(49, 60), (49, 44)], 0.6), rgb("#5b4433"))
        canvas.fill(polygon((49.8, 45), (49.8, 58.4), (57, 58.4)) + polygon((48.2, 47), (48.2, 58.4), (42.6, 58.4)), rgb("#fbf6ea"))
        cuts = []
        for row in range(1, 6):
            y = 18 + row * 9.7
            for column in range(6):
                x = 11 + column * 9.7
                bump = 1.9 if (row + column) % 2 else -1.9
                cuts.append(
                    stroke(curve([(x, y), (x + 3.4, y), (x + 3.6, y + bump), (x + 6.1, y + bump), (x + 6.3, y), (x + 9.7, y)]), 0.22)
                )
        for column in range(1, 6):
            x = 11 + column * 9.7
            for row in range(6):
                y = 18 + row * 9.7
                bump = 1.9 if (row + column) % 2 == 0 else -1.9
                cuts.append(
                    stroke(curve([(x, y), (x, y + 3.4), (x + bump, y + 3.6), (x + bump, y + 6.1), (x, y + 6.3), (x, y + 9.7)]), 0.22)
                )
        canvas.fill(joined(cuts), darker(look.colour, 0.6), opacity=0.5, clip=picture)
        canvas.fill(joined(cuts).moved(0.2, 0.25), WHITE, opacity=0.5, clip=picture)
    for x, y, turn, colour in (
        (64, 80, 20, look.colour),
        (52, 86, -30, look.third),
        (22, 84, 12, lighter(look.colour, 0.2)),
        (11, 76, -24, look.second),
        (37, 89, 44, rgb("#9db58f")),
        (72, 68, 60, lighter(look.colour, 0.3)),
    ):
        piece = (
            box(x - 3.6, y - 3.6, 7.2, 7.2, 0.6)
            + ellipse(x, y - 4.6, 1.7)
            + ellipse(x + 4.6, y, 1.7)
            - ellipse(x, y + 2.9, 1.6)
            - ellipse(x - 2.9, y, 1.6)
        ).turned(turn, x, y)
        canvas.shade(piece.moved(0.6, 0.9), 0.35, 0.6)
        canvas.fill(piece, sheet(colour, 0.16))


@kind("xylophone", lies=True, size=1.15, focus=(40, 50), near=1.5)
def xylophone(canvas: Canvas, look: Look) -> None:
    """A wooden xylophone with two mallets."""
    with canvas.within(turn=-14):
        for y1, y2 in ((36, 42), (64, 58)):
            rail = polygon((8, y1 - 2), (72, y2 - 2), (72, y2 + 2), (8, y1 + 2))
            canvas.shade(rail.moved(1.4, 2.2), 0.3, 1.4)
            wood(canvas, rail, look.colour, every=0.8)
        for index, colour in enumerate(RAINBOW):
            x = 10.4 + index * 7.6
            half = 22 - index * 1.55
            bar = box(x, 50 - half, 6.2, half * 2, 1.4)
            canvas.shade(bar.moved(1, 1.8), 0.36, 1)
            canvas.fill(bar, Linear(((0, lighter(colour, 0.1)), (0.3, lighter(colour, 0.45)), (0.5, colour), (1, darker(colour, 0.26))), 0))
            reach = 15.4 - index * 0.85
            for y in (50 - reach, 50 + reach):
                canvas.fill(ellipse(x + 3.1, y, 1.15), metal(rgb("#c8ced4")))
    for x, y, turn, colour in ((30, 74, 60, look.second), (36, 84, 72, look.third)):
        with canvas.within(turn=turn, at=(x, y)):
            stick = stroke([(x, y + 12), (x, y - 26)], 1.4)
            canvas.shade((stick + ellipse(x, y - 27, 3.6)).moved(-1, 1.6), 0.35, 1)
            canvas.fill(stick, sheet(lighter(look.colour, 0.2), 0.2, 0))
            canvas.fill(ellipse(x, y - 27, 3.6), ball(colour))


@kind("yoyo", lies=True, size=1.1, focus=(38, 52), near=1.5)
def yoyo(canvas: Canvas, look: Look) -> None:
    """A wooden yo-yo and its string."""
    cord = curve([(46, 34), (58, 22), (50, 12), (62, 10), (70, 22), (66, 40), (72, 56), (66, 66)])
    canvas.shade(stroke([(x + 0.8, y + 1.2) for x, y in cord], 0.9), 0.3, 0.6)
    canvas.fill(stroke(cord, 0.9), sheet(look.second, 0.2))
    ring = ellipse(65.4, 69.4, 3.8) - ellipse(65.4, 69.4, 2.9)
    canvas.shade(ring.moved(0.5, 0.8), 0.3, 0.5)
    canvas.fill(ring, sheet(look.second, 0.2))
    whole = ellipse(36, 54, 22)
    fallen(canvas, whole, 2.4)
    canvas.fill(whole.moved(1.4, 1.8), darker(look.colour, 0.5))
    canvas.fill(whole, Linear(((0, lighter(look.colour, 0.4)), (0.5, look.colour), (1, darker(look.colour, 0.34))), 55))
    grain(canvas, whole, look.colour, degrees=20, every=1.8, opacity=0.12)
    canvas.fill(ellipse(36, 54, 17.4) - ellipse(36, 54, 16.2), look.second)
    canvas.fill(ellipse(36, 54, 14), Linear(((0, darker(look.colour, 0.2)), (1, lighter(look.colour, 0.24))), 55))
    star = polygon(
        *[
            (36 + (9.6 if i % 2 == 0 else 4.2) * math.sin(math.pi * i / 5), 54 - (9.6 if i % 2 == 0 else 4.2) * math.cos(math.pi * i / 5))
            for i in range(10)
        ]
    )
    canvas.fill(star, look.second)
    canvas.fill(ellipse(36, 54, 1.8), ball(rgb("#c99b45")))
    canvas.fill(path("M18 48 C21 39 28 34 37 33.6 C30 37 24 43 22 53 C19.6 52 18 50 18 48 Z"), WHITE, opacity=0.3)


@kind("skipping_rope", lies=True, focus=(44, 44), near=1.5)
def skipping_rope(canvas: Canvas, look: Look) -> None:
    """A coiled rope with wooden handles."""
    coil = [
        (40 + (20 + 2.6 * math.sin(s * 0.13)) * math.cos(s * 0.05), 50 + (18.6 + 2.4 * math.cos(s * 0.09)) * math.sin(s * 0.05))
        for s in range(300)
    ]
    ends = [(coil[0], [(63, 42), (64, 30), (58, 20)], (58, 20), 30), (coil[-1], [(24, 70), (30, 78), (22, 84)], (22, 84), 236)]
    rope = stroke(coil, 2.2)
    tails = [stroke(curve([start, *via]), 2.2) for start, via, _, _ in ends]
    for shape in (rope, *tails):
        canvas.shade(shape.moved(1, 1.6), 0.32, 1)
        canvas.fill(shape, sheet(look.second, 0.2))
    for line in (coil, *[list(curve([start, *via])) for start, via, _, _ in ends]):
        marks = joined(stroke([(x - 0.9, y - 0.7), (x + 0.7, y + 0.9)], 0.7) for x, y in line[::3])
        canvas.fill(marks, look.colour, clip=joined([rope, *tails]))
    for _, _, (x, y), turn in ends:
        handle = smooth(
            (x - 2.4, y),
            (x + 2.4, y),
            (x + 3.4, y - 7),
            (x + 2.8, y - 14),
            (x + 3.2, y - 19),
            (x, y - 21),
            (x - 3.2, y - 19),
            (x - 2.8, y - 14),
            (x - 3.4, y - 7),
        ).turned(turn, x, y)
        canvas.shade(handle.moved(1, 1.6), 0.36, 1)
        wood(canvas, handle, look.third, degrees=turn + 90, every=0.7)
        rings = joined(box(x - 4, y - at, 8, 1.3) for at in (5, 16.6)).turned(turn, x, y)
        canvas.fill(rings, look.colour, clip=handle)


@kind("boat", focus=(40, 52), near=1.5)
def boat(canvas: Canvas, look: Look) -> None:
    """A toy sailing boat on its stand."""
    contact(canvas, 40)
    for x in (27, 49):
        canvas.fill(polygon((x - 2, 84), (x + 6, 84), (x + 4.6, 76), (x - 0.6, 76)), sheet(darker(look.third, 0.14), 0.2))
    canvas.fill(box(20, 82, 40, 2.6, 1), sheet(look.third, 0.2))
    hull = path("M10 65 C26 68.6 54 68.6 72 63 C68 72 62 79.4 52 80 L28 80 C18 79.4 12 73 10 65 Z")
    canvas.fill(hull, Linear(((0, lighter(look.colour, 0.3)), (0.5, look.colour), (1, darker(look.colour, 0.34))), 75))
    canvas.fill(path("M12.6 71 C28 74.6 54 74.4 68.4 70 L67.4 71.8 C54 76.4 28 76.6 13.4 72.8 Z"), look.second)
    canvas.shine(stroke(curve([(18, 69), (34, 70.6), (50, 70)]), 1.2), 0.5, 0.8)
    deck = outline(curve([(10, 65), (26, 63), (50, 62), (72, 63)]), curve([(72, 63), (54, 67.4), (26, 67.6), (10, 65)]))
    canvas.fill(deck, sheet(look.third, 0.16))
    grain(canvas, deck, look.third, every=0.6)
    rod(canvas, [(38, 65), (38, 14)], 1.7, look.third)
    main = outline(curve([(39.4, 17), (50, 34), (58, 58)]), curve([(58, 58), (48, 59.6), (39.4, 58.6)]), [(39.4, 17)])
    jib = outline(curve([(36.6, 20), (29, 40), (15, 60)]), curve([(15, 60), (26, 60.4), (36.6, 58)]), [(36.6, 20)])
    for sail in (main, jib):
        canvas.shade(sail.moved(0.6, 0.8), 0.2, 0.9)
        canvas.fill(sail, Linear(((0, lighter(look.second, 0.5)), (0.5, look.second), (1, darker(look.second, 0.16))), 40))
        canvas.texture(sail, "weave", 0.12)
    canvas.fill(
        joined(stroke(curve([(39.4, y), (46, y + 1.4), (58, y + 0.6)]), 0.3) for y in (30, 40, 50)),
        darker(look.second, 0.5),
        opacity=0.4,
        clip=main,
    )
    canvas.fill(joined(box(12, y, 30, 2.2) for y in (42, 47)), look.colour, clip=jib, opacity=0.9)
    rod(canvas, [(38.6, 60.4), (60, 59)], 1.2, look.third)
    canvas.fill(stroke([(38, 16), (14, 62.6)], 0.25) + stroke([(38, 16), (68, 62.6)], 0.25), rgb("#6b6d75"))
    canvas.fill(outline(curve([(38.6, 13), (43, 12), (48, 14)]), curve([(48, 14), (43, 15.6), (38.6, 17)])), sheet(look.colour, 0.2))
    canvas.fill(ellipse(38, 12.8, 1), ball(rgb("#c99b45")))
