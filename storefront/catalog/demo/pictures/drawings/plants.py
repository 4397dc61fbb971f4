"""Drawings of pots, vases and what grows in them."""

import math

from storefront.catalog.demo.pictures.backdrop import contact
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, ball, metal, sheet, tube
from storefront.catalog.demo.pictures.colour import CREAM, Colour, darker, lighter, mix, rgb
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import LEAF, WHITE, dice_of, dots, draw_leaf, flower, leaf, rod, sprig, wood
from storefront.catalog.demo.pictures.shapes import (
    arc,
    band,
    box,
    curve,
    ellipse,
    joined,
    outline,
    polygon,
    smooth,
    soft_polygon,
    stroke,
    turned_on_lathe,
)

SOIL = rgb("#4a3628")


def _soil(canvas: Canvas, colour: Colour, radius: float, y: float, cx: float = 40, tilt: float = 0.18) -> None:
    """The far rim of a pot and the soil in it; the plant comes next, then the pot's front."""
    canvas.fill(ellipse(cx, y, radius, radius * tilt), Linear(((0, darker(colour, 0.1)), (1, lighter(colour, 0.3))), 0))
    inner = ellipse(cx, y + 0.3, radius - 0.9, (radius - 0.9) * tilt)
    canvas.fill(inner, darker(colour, 0.5))
    canvas.fill(
        ellipse(cx, y + 1.1, radius - 1.4, (radius - 1.4) * tilt),
        Linear(((0, darker(SOIL, 0.3)), (1, lighter(SOIL, 0.16))), 20),
        clip=inner,
    )


@kind("pot", focus=(40, 46), near=1.5)
def pot(canvas: Canvas, look: Look) -> None:
    """A pot with a plant; forms: rubber (a rubber plant), snake, cactus, monstera."""
    _POTS[look.form](canvas, look)


def _rubber(canvas: Canvas, look: Look) -> None:
    contact(canvas, 28)
    _soil(canvas, look.colour, 17, 56.6)
    rod(canvas, curve([(40, 58), (39.4, 40), (41, 16)]), 1.6, rgb("#7d6a45"), end_width=0.9)
    leaves = (
        (40, 50, -64, 18),
        (40, 48, 60, 19),
        (39.6, 40, -48, 19),
        (40, 36, 52, 20),
        (40, 29, -36, 18),
        (40.4, 25, 40, 18),
        (41, 17, -14, 14),
        (41, 16, 16, 12),
    )
    for index, (x, y, turn, length) in enumerate(leaves):
        colour = mix(rgb("#2f5f43"), rgb("#4f8455"), index / 8)
        draw_leaf(canvas, x, y, length, length * 0.48, turn, colour, bend=1.4 if turn > 0 else -1.4)
    body = turned_on_lathe([(15.6, 64), (11.6, 82)], tilt=0.18, smooth_sides=False)
    canvas.fill(body, look.colour)
    canvas.texture(body, "grit", 0.14)
    canvas.rounded(body)
    collar = turned_on_lathe([(17, 56.6), (16.6, 64)], tilt=0.18, smooth_sides=False, front=True)
    canvas.shade(band(40, (16.4, 65), (16, 66.4), tilt=0.18), 0.45, 0.7, clip=body)
    canvas.fill(collar, look.colour)
    canvas.texture(collar, "grit", 0.14)
    canvas.rounded(collar)
    canvas.fill(outline(arc(40, 56.8, 17, 3, 0, 180), arc(40, 56.4, 16.2, 2.6, 180, 0)), lighter(look.colour, 0.35))


def _snake(canvas: Canvas, look: Look) -> None:
    contact(canvas, 30)
    dice = dice_of(31)
    _soil(canvas, look.colour, 17, 56)
    for x, lean, height in ((34, -13, 34), (46, 12, 36), (38, -5, 46), (43, 6, 42), (40, 0, 30), (36, -9, 24), (45, 8, 22)):
        blade = leaf(height, 6.4, lean * 0.2).moved(x, 60).turned(lean, x, 60)
        colour = mix(rgb("#39683f"), rgb("#6f9a5a"), dice.uniform(0, 0.5))
        canvas.fill(blade, rgb("#c9cf7a"))
        inner = leaf(height - 1, 4.8, lean * 0.2).moved(x, 60).turned(lean, x, 60)
        canvas.fill(inner, sheet(colour, 0.24, 0))
        bars = joined(
            stroke(curve([(x - 5, 58 - i * 2.4), (x, 57 - i * 2.4), (x + 5, 58.4 - i * 2.4)]), 0.6) for i in range(int(height / 2.4))
        ).turned(lean, x, 60)
        canvas.fill(bars, darker(colour, 0.4), opacity=0.55, clip=inner)
    body = turned_on_lathe([(17, 56), (16.6, 70), (15.6, 82)], tilt=0.18, front=True)
    canvas.fill(body, look.colour)
    canvas.rounded(body)
    canvas.fill(outline(arc(40, 56.2, 17, 3, 0, 180), arc(40, 55.8, 16.1, 2.6, 180, 0)), lighter(look.colour, 0.35))
    canvas.shine(stroke([(29, 62), (29, 76)], 1.5), 0.5, 0.8)


def _cactus(canvas: Canvas, look: Look) -> None:
    contact(canvas, 24)
    _soil(canvas, look.colour, 15, 62)
    body = smooth((40, 28), (47, 32), (49.6, 44), (48, 58), (45, 65), (35, 65), (32, 58), (30.4, 44), (33, 32))
    arm = smooth((50, 52), (55, 51), (57, 46), (57, 41), (60, 39), (62.6, 42), (62, 50), (57, 57), (50, 58))
    small = smooth((30, 56), (25, 55), (22.6, 50), (23, 46), (20, 45), (18.4, 48), (19, 54), (23, 60), (30, 61))
    green = rgb("#4f8a5f")
    for shape in (arm, small, body):
        canvas.fill(shape, Radial(((0, lighter(green, 0.35)), (0.5, green), (1, darker(green, 0.4))), x=0.34, y=0.26, reach=1.4))
    ribs = joined(stroke(curve([(40 + s * 2, 29), (40 + s * 8.6, 45), (40 + s * 5.6, 65)]), 0.6) for s in (-0.8, -0.4, 0, 0.4, 0.8))
    canvas.soft(ribs, darker(green, 0.7), 0.5, 0.4, clip=body)
    spines = []
    for s in (-0.62, -0.2, 0.2, 0.62):
        for y in (34.0, 39, 44, 49, 54, 59):
            x = 40 + s * (8.6 - abs(y - 46) * 0.12)
            spines += [stroke([(x, y), (x + dx, y + dy)], 0.2) for dx, dy in ((-1.3, -0.9), (1.3, -0.9), (0, 1.4))]
    canvas.fill(joined(spines), CREAM, opacity=0.9)
    for x, y, size in ((37.0, 29, 4), (44, 28.6, 4.6), (60, 39, 3.4)):
        flower(canvas, x, y, size, look.third, rgb("#f3d26a"), petals=9)
    pot_body = turned_on_lathe([(15, 62), (14.6, 70), (11, 79)], tilt=0.18, front=True)
    for x in (31.0, 40, 49):
        canvas.fill(box(x - 1.8, 77, 3.6, 6.4, 1.6), tube(darker(look.colour, 0.06)))
    canvas.fill(pot_body, look.colour)
    canvas.rounded(pot_body)
    canvas.fill(band(40, (15, 69), (14.6, 70.4), tilt=0.18), lighter(look.colour, 0.6), clip=pot_body, opacity=0.8)
    canvas.fill(outline(arc(40, 62.2, 15, 2.7, 0, 180), arc(40, 61.8, 14.2, 2.3, 180, 0)), lighter(look.colour, 0.35))


def _monstera(canvas: Canvas, look: Look) -> None:
    contact(canvas, 30)
    _soil(canvas, look.colour, 16, 59)
    rod(canvas, [(50, 60), (50, 52)], 1, look.third)
    canvas.fill(ellipse(50, 51, 1.5), ball(rgb("#d2452f")))
    for x, y, turn, size in ((24, 34, -58, 15), (56, 36, 56, 15), (34, 22, -22, 17), (50, 20, 26, 16), (41, 40, 4, 14)):
        canvas.fill(stroke(curve([(40, 60), ((x + 40) / 2, (y + 62) / 2), (x, y + 2)]), 1.1, end_width=0.7), darker(LEAF, 0.2))
        _split_leaf(canvas, x, y, size, turn)
    body = turned_on_lathe([(16, 59), (19.4, 67), (18, 76), (13.6, 82)], tilt=0.18, front=True)
    canvas.fill(body, look.colour)
    canvas.texture(body, "grit", 0.1)
    canvas.rounded(body)
    canvas.fill(outline(arc(40, 59.2, 16, 2.9, 0, 180), arc(40, 58.8, 15.1, 2.5, 180, 0)), lighter(look.colour, 0.35))


def _split_leaf(canvas: Canvas, x: float, y: float, size: float, turn: float) -> None:
    heart = smooth(
        (0, size * 0.12),
        (-size * 0.42, size * 0.1),
        (-size * 0.72, -size * 0.3),
        (-size * 0.5, -size * 0.85),
        (0, -size * 1.2),
        (size * 0.5, -size * 0.85),
        (size * 0.72, -size * 0.3),
        (size * 0.42, size * 0.1),
    )
    cuts = [
        polygon((s * size * 0.22, -size * share), (s * size, -size * (share + 0.18)), (s * size, -size * (share + 0.05)))
        for share in (0.08, 0.36, 0.64)
        for s in (-1, 1)
    ]
    holes = [
        ellipse(s * size * 0.2, -size * share, size * 0.055, size * 0.1).turned(s * 30, s * size * 0.2, -size * share)
        for share in (0.3, 0.58)
        for s in (-1, 1)
    ]
    shape = heart
    for cut in (*cuts, *holes):
        shape = shape - cut
    shape = shape.moved(x, y).turned(turn, x, y)
    colour = rgb("#3f7a4c")
    canvas.shade(shape.moved(0.8, 1), 0.22, 0.9)
    canvas.fill(shape, sheet(colour, 0.24, 40))
    spine = stroke([(x, y), (x, y - size * 1.1)], 0.5, end_width=0.15).turned(turn, x, y)
    veins = joined(
        stroke([(x, y - size * share), (x + s * size * 0.42, y - size * (share + 0.16))], 0.25)
        for share in (0.2, 0.46, 0.72)
        for s in (-1, 1)
    ).turned(turn, x, y)
    canvas.fill(spine + veins, lighter(colour, 0.4), opacity=0.8, clip=shape)


_POTS = {"rubber": _rubber, "snake": _snake, "cactus": _cactus, "monstera": _monstera}


@kind("hanging_planter", focus=(40, 58), near=1.5)
def hanging_planter(canvas: Canvas, look: Look) -> None:
    """A hanging bowl with trailing leaves."""
    for end in (24, 56):
        canvas.fill(stroke([(40, 8), (end, 50)], 0.7), sheet(CREAM, 0.3))
    ring = ellipse(40, 6.4, 3.2) - ellipse(40, 6.4, 2.2)
    canvas.fill(ring, metal(look.third))
    canvas.fill(stroke([(40, -120), (40, 4)], 0.7), CREAM)
    _soil(canvas, look.colour, 18, 50, tilt=0.16)
    for x, lean in ((30.0, -34), (36, -14), (44, 12), (50, 32), (40, 0)):
        for step in range(3):
            draw_leaf(canvas, x, 52, 11 - step * 2, 5, lean + (step - 1) * 20, mix(rgb("#5f8a55"), rgb("#8fb573"), step / 3))
    canvas.fill(stroke([(40, 8), (40, 52)], 0.7), sheet(CREAM, 0.3))
    body = turned_on_lathe([(18, 50), (19.4, 56), (15, 66), (6, 71)], tilt=0.16, front=True)
    canvas.fill(body, look.colour)
    canvas.rounded(body)
    canvas.fill(outline(arc(40, 50.2, 18, 2.9, 0, 180), arc(40, 49.8, 17.2, 2.5, 180, 0)), lighter(look.colour, 0.35))
    trails = (
        ([(24, 52), (18, 62), (20, 74), (15, 88)], 0),
        ([(29, 53), (26, 66), (29, 78), (25, 92)], 1),
        ([(52, 53), (57, 64), (53, 76), (58, 86)], 2),
        ([(57, 51), (64, 60), (62, 70), (67, 80)], 3),
    )
    for line, number in trails:
        vine = curve(line)
        canvas.fill(stroke(vine, 0.5, end_width=0.25), darker(LEAF, 0.2))
        for index, (x, y) in enumerate(vine[3::5]):
            side = -1 if (index + number) % 2 else 1
            heart = smooth((x, y), (x + side * 2.6, y - 1.6), (x + side * 4.6, y + 0.6), (x + side * 3, y + 3.6), (x + side * 0.6, y + 2))
            canvas.fill(heart, sheet(mix(rgb("#5f8a55"), rgb("#94b877"), (index % 4) / 4), 0.2))


@kind("trough", focus=(40, 60), near=1.5)
def trough(canvas: Canvas, look: Look) -> None:
    """A long planter of geraniums."""
    contact(canvas, 62)
    dice = dice_of(44)
    for _ in range(46):
        x, y = dice.uniform(13, 67), dice.uniform(52, 64)
        r = dice.uniform(3, 4.6)
        green = mix(rgb("#4f7d46"), rgb("#86ad66"), dice.uniform(0, 1))
        lobes = joined(
            ellipse(x + r * 0.55 * math.cos(a), y + r * 0.45 * math.sin(a), r * 0.5, r * 0.42, steps=18)
            for a in [i * math.tau / 6 for i in range(6)]
        )
        canvas.fill(lobes, sheet(green, 0.2))
        canvas.fill(ellipse(x, y, r * 0.4, r * 0.3) - ellipse(x, y, r * 0.3, r * 0.22), darker(green, 0.4), opacity=0.5)
    for x, y in ((18, 42), (29, 35), (40, 42), (50, 34), (61, 41), (35, 50), (56, 50), (24, 51)):
        canvas.fill(stroke(curve([(x + 1, 62), (x + 0.6, (y + 62) / 2), (x, y)]), 0.5), darker(LEAF, 0.1))
        for _ in range(15):
            angle, reach = dice.uniform(0, math.tau), dice.uniform(0, 4.4)
            px, py = x + reach * math.cos(angle), y + reach * 0.8 * math.sin(angle)
            tone = mix(look.second, rgb("#ff9a86"), dice.uniform(0, 0.45))
            canvas.fill(
                joined(
                    ellipse(px + 0.75 * math.cos(a), py + 0.65 * math.sin(a), 0.75, 0.65, steps=12)
                    for a in [i * math.tau / 5 for i in range(5)]
                ),
                tone,
            )
    body = soft_polygon([(9, 64), (71, 64), (66, 83.4), (14, 83.4)], 1.4)
    canvas.fill(
        body,
        Linear(
            (
                (0, darker(look.colour, 0.1)),
                (0.26, lighter(look.colour, 0.34)),
                (0.55, look.colour),
                (0.8, darker(look.colour, 0.2)),
                (1, darker(look.colour, 0.34)),
            ),
            0,
        ),
    )
    canvas.fill(box(8, 63, 64, 3, 1.2), Linear(((0, lighter(look.colour, 0.5)), (1, darker(look.colour, 0.1))), 90))
    for y in (71, 76.6):
        canvas.fill(stroke([(11, y), (69, y)], 0.6), darker(look.colour, 0.4), opacity=0.5, clip=body)
        canvas.fill(stroke([(11, y + 0.7), (69, y + 0.7)], 0.5), lighter(look.colour, 0.5), opacity=0.6, clip=body)


@kind("terrarium", focus=(40, 62), near=1.5)
def terrarium(canvas: Canvas, look: Look) -> None:
    """A glass house with moss and ferns."""
    contact(canvas, 44)
    base = box(14, 78, 52, 5.6, 1.4)
    wood(canvas, base, look.colour, every=0.8)
    inside = outline([(18, 78), (18, 72)], curve([(18, 72), (26, 68), (34, 71), (44, 67), (54, 70), (62, 68)]), [(62, 78)])
    canvas.fill(box(18, 72, 44, 6), sheet(SOIL, 0.2))
    canvas.fill(inside, SOIL)
    canvas.fill(joined(ellipse(20 + i * 3.3, 76.6, 1.9, 1.1) for i in range(13)), sheet(rgb("#b9b3a6"), 0.2))
    dice = dice_of(3)
    for x, y, r in ((24, 68.6, 6), (34, 70, 7), (46, 68, 7.4), (56, 69, 6)):
        mound = ellipse(x, y, r, r * 0.55)
        canvas.fill(mound, Radial(((0, lighter(look.second, 0.35)), (1, darker(look.second, 0.3)))))
        dots(
            canvas,
            [(x + dice.uniform(-r, r) * 0.8, y + dice.uniform(-r, r) * 0.4) for _ in range(16)],
            0.35,
            lighter(look.second, 0.5),
            opacity=0.6,
        )
    for x, lean, length in ((30, -32, 22), (31, -8, 28), (32, 16, 24), (50, 26, 20), (49, 2, 23), (48, -20, 18)):
        _fern(canvas, x, 68, length, lean, look.third)
    stone = smooth((38, 68), (40, 63), (45, 63), (47, 68), (42, 70))
    canvas.fill(stone, sheet(rgb("#9aa0a4"), 0.25))
    house = polygon((18, 78), (18, 44), (40, 24), (62, 44), (62, 78))
    canvas.fill(house, rgb("#e6f2f2"), opacity=0.18)
    canvas.fill(polygon((21, 74), (21, 50), (30, 42), (26, 74)), WHITE, opacity=0.28)
    canvas.fill(polygon((46, 34), (50, 38), (44, 74), (40, 74)), WHITE, opacity=0.16)
    frame = [
        [(18, 78), (18, 44)],
        [(62, 78), (62, 44)],
        [(18, 44), (62, 44)],
        [(18, 44), (40, 24)],
        [(62, 44), (40, 24)],
        [(40, 24), (40, 44)],
        [(40, 44), (40, 78)],
    ]
    for number, line in enumerate(frame):
        if number in (5, 6):
            canvas.fill(stroke(line, 0.7), darker(look.colour, 0.3), opacity=0.8)
        else:
            rod(canvas, line, 1.5, darker(look.colour, 0.12))
    canvas.fill(ellipse(40, 23, 2), ball(rgb("#c99b45")))


def _fern(canvas: Canvas, x: float, y: float, length: float, lean: float, colour: Colour) -> None:
    angle = math.radians(lean)
    tip = (x + math.sin(angle) * length, y - math.cos(angle) * length * 0.9)
    line = curve([(x, y), (x + math.sin(angle) * length * 0.4, y - length * 0.6), tip])
    canvas.fill(stroke(line, 0.4, end_width=0.15), darker(colour, 0.2))
    for index, (px, py) in enumerate(line[3::2]):
        size = 4.2 * (1 - index / len(line[3::2])) + 0.8
        for side in (-1, 1):
            canvas.fill(leaf(size, size * 0.36).moved(px, py).turned(lean + side * 66, px, py), mix(colour, rgb("#8fb573"), 0.35))


@kind("propagation", focus=(40, 58), near=1.5)
def propagation(canvas: Canvas, look: Look) -> None:
    """Cuttings in test tubes in a wooden bridge."""
    contact(canvas, 56)
    rail = box(10, 54, 60, 4.4, 1)
    for x in (11, 64.6):
        wood(canvas, box(x, 54, 4.4, 29.6, 0.8), look.colour, degrees=90, every=0.7)
    wood(canvas, box(10, 80, 60, 4, 0.8), look.colour, every=0.7)
    for index, x in enumerate((20, 30, 40, 50, 60)):
        top, bottom = 47, 79
        rise = (22, 30, 26, 33, 24)[index]
        stem = curve([(x, 70), (x + 0.4, 50), (x + (index - 2) * 0.8, 50 - rise)])
        canvas.fill(stroke(stem, 0.5), rgb("#7b9a5e"))
        if index in (0, 3):
            for step in range(5):
                px, py = stem[8 + step * 4]
                side = -1 if step % 2 else 1
                draw_leaf(canvas, px, py, 8 - step * 0.8, 4.4, side * 62, rgb("#5f8f5a"))
        elif index == 2:
            _split_leaf(canvas, stem[-1][0], stem[-1][1] + 6, 10, 8)
        else:
            for step in range(7):
                px, py = stem[5 + step * 3]
                for side in (-1, 1):
                    canvas.fill(
                        ellipse(px + side * 2, py - 0.6, 1.9, 1.3).turned(side * -24, px, py),
                        sheet(mix(look.second, rgb("#9cc07a"), 0.5), 0.2),
                    )
        tube_shape = outline([(x - 3, top), (x + 3, top)], [(x + 3, bottom - 3)], arc(x, bottom - 3, 3, 3, 0, 180), [(x - 3, bottom - 3)])
        water = outline([(x - 2.6, 59), (x + 2.6, 59)], arc(x, bottom - 3.2, 2.6, 2.6, 0, 180))
        canvas.fill(water, mix(look.third, WHITE, 0.35), opacity=0.55)
        canvas.fill(stroke([(x, 70), (x + 0.4, 50)], 0.5), rgb("#6d8f55"), opacity=0.8)
        canvas.fill(joined(stroke(curve([(x, 69), (x + d * 0.6, 72), (x + d, 75)]), 0.2) for d in (-1.6, -0.5, 0.7, 1.7)), rgb("#e9e2cf"))
        canvas.fill(tube_shape, rgb("#e8f1f4"), opacity=0.22)
        canvas.fill(stroke([(x - 2.1, top + 2), (x - 2.1, bottom - 4)], 0.6), WHITE, opacity=0.75)
        canvas.fill(stroke([(x + 2.8, top + 1), (x + 2.8, bottom - 4)], 0.4), rgb("#9fb5bf"), opacity=0.7)
        canvas.fill(ellipse(x, top, 3.4, 0.8) - ellipse(x, top, 2.7, 0.4), rgb("#dfe9ee"))
    wood(canvas, rail, look.colour, every=0.7)
    canvas.shade(box(11, 58.2, 58, 1.6), 0.3, 0.7)


@kind("herb_trio", focus=(40, 52), near=1.5)
def herb_trio(canvas: Canvas, look: Look) -> None:
    """Three herb pots on one tray."""
    contact(canvas, 62)
    canvas.fill(box(8, 78, 64, 5.4, 1.8), Linear(((0, lighter(look.colour, 0.5)), (0.4, look.colour), (1, darker(look.colour, 0.35))), 90))
    dice = dice_of(19)
    for number, cx in enumerate((20, 40, 60)):
        _soil(canvas, look.colour, 9.3, 61.2, cx)
        if number == 0:
            for _ in range(26):
                angle = dice.uniform(-60, 60)
                draw_leaf(
                    canvas,
                    cx + dice.uniform(-5, 5),
                    62 - dice.uniform(0, 15),
                    dice.uniform(6, 8.6),
                    4.8,
                    angle,
                    mix(rgb("#5d9a4a"), rgb("#8cc06a"), dice.uniform(0, 1)),
                    bend=dice.uniform(-1, 1),
                )
        elif number == 1:
            for lean in (-28, -18, -9, 0, 8, 17, 27):
                sprig(canvas, cx + lean * 0.14, 62, 26 - abs(lean) * 0.2, lean, rgb("#6f8f7a"), pairs=10, size=3.2)
        else:
            for lean in range(-40, 41, 5):
                height = 24 + dice.uniform(-4, 5)
                angle = math.radians(lean)
                canvas.fill(
                    stroke(
                        curve(
                            [
                                (cx + lean * 0.1, 62),
                                (cx + math.sin(angle) * height * 0.5, 62 - height * 0.55),
                                (cx + math.sin(angle) * height, 62 - height),
                            ]
                        ),
                        0.8,
                        end_width=0.25,
                    ),
                    mix(rgb("#4f8a4f"), rgb("#7cb065"), dice.uniform(0, 1)),
                )
            for x, y in ((cx - 4, 36), (cx + 5, 39)):
                dots(canvas, [(x + dice.uniform(-1.8, 1.8), y + dice.uniform(-1.6, 1.6)) for _ in range(16)], 0.7, rgb("#b58ad0"))
        body = turned_on_lathe([(9.2, 61), (8, 79)], cx=cx, tilt=0.18, smooth_sides=False, front=True)
        canvas.fill(body, metal(look.colour))
        canvas.fill(outline(arc(cx, 61.4, 9.4, 1.8, 0, 180), arc(cx, 61, 8.6, 1.4, 180, 0)), lighter(look.colour, 0.6))
        label = box(cx - 4.6, 67, 9.2, 6.4, 0.6)
        canvas.fill(label, rgb("#33343b"))
        canvas.fill(box(cx - 3.2, 69.2, 6.4 - number, 0.6) + box(cx - 2.4, 71, 4, 0.45), rgb("#f3efe6"), opacity=0.85)
