"""Drawings of toys."""

import math

from storefront.catalog.demo.pictures.backdrop import contact
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, ball, metal, sheet, tube
from storefront.catalog.demo.pictures.colour import CREAM, Colour, darker, lighter, rgb
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import WHITE, dots, grain, rod
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
    for x in (12.0, 56):
        for row, y in enumerate((72.0, 61, 50)):
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
    for x, y, colour in ((6.0, 78.0, rgb("#76a34e")), (68.6, 77.4, look.third)):
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
    for x in (56.0, 63):
        canvas.fill(box(x, 53.4, 1.6, 17.2), look.second)
    canvas.fill(ellipse(71.6, 62, 2.4, 5), ball(rgb("#f3e3b0")))
    stack = outline([(59.6, 54), (58.4, 43)], [(66.6, 43), (65.4, 54)])
    canvas.fill(stack, tube(RUBBER, 0.4))
    canvas.fill(box(57.4, 41, 10.2, 2.8, 1.2), tube(look.second))
    canvas.fill(ellipse(54.6, 52.6, 2.6, 2.2), ball(rgb("#c99b45")))
    for x, y, r in ((64.0, 34.0, 4), (58, 27, 5), (66, 21, 4.4), (57, 16, 3.4)):
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
        "M9 72 C8.6 65 12 60 19 59 L29 58 C30 64 42 64 43.4 57.6 L50 58"
        " C58 58.6 67 61 70.4 66 C72.6 69.6 72.4 74 71.4 77.6 L10 77.6 C9 76 9 74 9 72 Z"
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
