"""Drawings of what one takes to the hills."""

import math

from storefront.catalog.demo.pictures.backdrop import contact, fallen
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, ball, metal, sheet, tube
from storefront.catalog.demo.pictures.colour import CREAM, Colour, darker, lighter, mix, rgb
from storefront.catalog.demo.pictures.drawings.textiles import fold_shadows
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import GLOW, WHITE, dice_of, rod, stitches, wood
from storefront.catalog.demo.pictures.shapes import (
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

GRASS = rgb("#7f9a5c")


def _grass(canvas: Canvas, spots: list[tuple[float, float]], colour: Colour = GRASS) -> None:
    blades = joined(
        stroke(curve([(x, y), (x + lean * 0.4, y - 2.6), (x + lean, y - 4.6)]), 0.6, end_width=0.1)
        for x, y in spots
        for lean in (-2.2, -0.7, 0.8, 2.1)
    )
    canvas.fill(blades, colour)


@kind("tent", focus=(40, 64), near=1.5)
def tent(canvas: Canvas, look: Look) -> None:
    """A tent with its door open; form bell is a round canvas one."""
    canvas.shade(ellipse(44, 84, 36, 3.4), 0.3, 2)
    if look.form == "bell":
        _bell_tent(canvas, look)
    else:
        _dome_tent(canvas, look)
    _grass(canvas, [(8, 84), (20, 86), (62, 86), (71, 84), (34, 87)], mix(GRASS, look.colour, 0.2))


def _dome_tent(canvas: Canvas, look: Look) -> None:
    canvas.fill(stroke([(8, 78), (1, 84)], 0.3) + stroke([(72, 78), (79, 84)], 0.3), CREAM)
    back = outline(curve([(6, 83), (12, 62), (24, 44), (40, 37)]), curve([(40, 37), (56, 44), (68, 62), (74, 83)]))
    canvas.fill(back, Linear(((0, lighter(look.colour, 0.24)), (0.4, look.colour), (1, darker(look.colour, 0.35))), 20))
    right = outline(curve([(40, 37), (50, 54), (54, 83)]), [(74, 83)], curve([(74, 83), (68, 62), (56, 44), (40, 37)]))
    canvas.fill(right, Linear(((0, darker(look.colour, 0.05)), (1, darker(look.colour, 0.4))), 30))
    inside = outline(curve([(40, 40), (31, 58), (28, 83)]), [(52, 83)], curve([(52, 83), (49, 58), (40, 40)]))
    canvas.fill(
        inside, Linear(((0, darker(look.colour, 0.7)), (0.6, mix(look.second, darker(look.colour, 0.5), 0.4)), (1, look.second)), 90)
    )
    canvas.soft(ellipse(40, 74, 8, 7), GLOW, 0.55, 4, clip=inside)
    mat = polygon((29.6, 83), (33, 76), (47, 76), (50.6, 83))
    canvas.fill(mat, sheet(look.second, 0.2))
    bag = smooth((34, 76.4), (38, 73.6), (44, 74), (47, 76.6), (42, 78), (36, 78))
    canvas.fill(bag, sheet(rgb("#d2452f"), 0.25))
    for side in (-1, 1):
        flap = outline(
            curve([(40, 40), (40 + side * 7, 56), (40 + side * 9.6, 70)]),
            curve([(40 + side * 9.6, 70), (40 + side * 14.6, 68), (40 + side * 13, 83)]),
            [(40 + side * 12, 83)],
            curve([(40 + side * 12, 83), (40 + side * 10, 58), (40, 40)]),
        )
        canvas.shade(flap.moved(0.4, 0.5), 0.3, 0.6)
        canvas.fill(flap, sheet(look.third, 0.2))
    roll = smooth((49.6, 66), (53.6, 65), (55, 70), (51, 71.4))
    canvas.fill(roll, sheet(look.third, 0.25))
    for line in (curve([(7, 82), (16, 56), (40, 37.4)]), curve([(73, 82), (64, 56), (40, 37.4)])):
        canvas.fill(stroke(line, 0.9), lighter(look.second, 0.2))
        canvas.shade(stroke([(x + 0.9, y + 0.9) for x, y in line], 0.9), 0.3, 0.7, clip=back)
    fold_shadows(canvas, back, "M14 80 C18 68 24 58 32 48", "M66 80 C62 68 58 60 52 52", strength=0.22)
    hem = outline(curve([(6, 83), (20, 81.4), (28, 83)]), [(28, 84), (6, 84)]) + outline(
        curve([(52, 83), (62, 81.4), (74, 83)]), [(74, 84), (52, 84)]
    )
    canvas.fill(hem, darker(look.colour, 0.5))
    canvas.shine(stroke(curve([(15, 66), (22, 54), (32, 45)]), 2.4), 0.32, 1.8, clip=back)


def _bell_tent(canvas: Canvas, look: Look) -> None:
    for line in ([(12, 70), (1, 84)], [(68, 70), (79, 84)]):
        canvas.fill(stroke(line, 0.35), look.second)
    wall = polygon((9, 70), (71, 70), (70, 83.4), (10, 83.4))
    canvas.fill(
        wall,
        Linear(((0, darker(look.colour, 0.06)), (0.3, lighter(look.colour, 0.4)), (0.6, look.colour), (1, darker(look.colour, 0.28))), 0),
    )
    roof = outline(curve([(40, 26), (30, 46), (9, 70)]), curve([(9, 70), (40, 73), (71, 70)]), curve([(71, 70), (50, 46), (40, 26)]))
    canvas.fill(
        roof,
        Linear(((0, darker(look.colour, 0.02)), (0.3, lighter(look.colour, 0.5)), (0.55, look.colour), (1, darker(look.colour, 0.3))), 0),
    )
    for x in (16, 27, 53, 64):
        seam = curve([(40, 26), (40 + (x - 40) * 0.42, 46), (x, 71), (x + (x - 40) * 0.01, 83)])
        canvas.shade(stroke(seam, 0.8), 0.26, 0.7, clip=roof + wall)
    canvas.fill(stroke(curve([(9, 70), (40, 73), (71, 70)]), 1.2), look.third)
    inside = outline(curve([(40, 44), (34, 60), (31.4, 83.4)]), [(48.6, 83.4)], curve([(48.6, 83.4), (46, 60), (40, 44)]))
    canvas.fill(inside, Linear(((0, rgb("#4c3322")), (0.5, rgb("#a8683a")), (1, rgb("#f0c070"))), 90))
    canvas.soft(ellipse(40, 66, 7, 10), GLOW, 0.7, 3.4, clip=inside)
    canvas.fill(box(39.5, 46, 1, 37), darker(look.second, 0.2), clip=inside)
    canvas.fill(polygon((32, 83.4), (34, 79), (46, 79), (48, 83.4)), look.third)
    for side in (-1, 1):
        flap = outline(
            curve([(40, 43), (40 + side * 5.6, 58), (40 + side * 8.4, 72)]),
            curve([(40 + side * 8.4, 72), (40 + side * 13, 76), (40 + side * 10, 83.4)]),
            [(40 + side * 8.4, 83.4)],
            curve([(40 + side * 8.4, 83.4), (40 + side * 5, 60), (40, 43)]),
        )
        canvas.shade(flap.moved(0.3, 0.4), 0.35, 0.7)
        canvas.fill(flap, sheet(lighter(look.colour, 0.2), 0.16))
        canvas.fill(stroke([(40 + side * 8.4, 72), (40 + side * 12.6, 73)], 0.9), look.third)
    flag = [
        polygon(
            (40 + i * 3.4 * s, 32 + i * 5.4),
            (40 + (i + 0.7) * 3.4 * s, 32 + (i + 0.7) * 5.4),
            (40 + (i + 0.35) * 3.4 * s - s * 0.4, 35.4 + (i + 0.4) * 5.4),
        )
        for i in range(1, 6)
        for s in (-1, 1)
    ]
    for index, shape in enumerate(flag):
        canvas.fill(shape, (look.third, rgb("#d9a336"), rgb("#2f5b4c"))[index % 3])
    canvas.fill(stroke([(40, 26), (40, 20.6)], 0.7), look.second)
    canvas.fill(ellipse(40, 20.4, 1), ball(rgb("#c99b45")))


@kind("sleeping_bag", lies=True, focus=(40, 30), near=1.5)
def sleeping_bag(canvas: Canvas, look: Look) -> None:
    """A mummy bag with its corner turned down."""
    with canvas.within(turn=12):
        whole = path(
            "M24 22 C25 10 32 6 40 6 C48 6 55 10 56 22 C59 36 58 52 54 68 C52 78 50 88 47 92"
            " C44 94 36 94 33 92 C30 88 28 78 26 68 C22 52 21 36 24 22 Z"
        )
        fallen(canvas, whole, 2)
        canvas.fill(
            whole,
            Linear(
                ((0, darker(look.colour, 0.06)), (0.3, lighter(look.colour, 0.22)), (0.6, look.colour), (1, darker(look.colour, 0.34))), 0
            ),
        )
        for index in range(9):
            y = 30 + index * 7
            wave = curve([(18, y), (30, y + 2), (40, y + 0.6), (50, y + 2), (62, y)])
            canvas.shade(stroke(wave, 0.9), 0.42, 0.9, clip=whole)
            canvas.shine(stroke([(x, py + 2.6) for x, py in wave], 1.6), 0.34, 1, clip=whole)
        hood = ellipse(40, 18, 12, 9.4)
        canvas.fill(hood, Linear(((0, darker(look.second, 0.45)), (1, darker(look.second, 0.1))), 90))
        canvas.shade(ellipse(40, 15, 11, 6), 0.4, 2, clip=hood)
        pillow = smooth((31, 17), (40, 14.4), (49, 17), (48, 22), (40, 24), (32, 22))
        canvas.fill(pillow, sheet(CREAM, 0.12))
        flap = path("M42 26 C48 26 54 24 56.4 22 C58 30 58.6 40 57.8 50 C52 46 46 38 42 26 Z")
        canvas.shade(flap.moved(-0.8, 1), 0.4, 1.2, clip=whole)
        canvas.fill(flap, Linear(((0, lighter(look.second, 0.3)), (1, darker(look.second, 0.1))), 60))
        canvas.fill(stroke(curve([(42, 26), (46, 38), (57.8, 50)]), 0.7), metal(rgb("#c8ced4")))
        canvas.fill(stroke(curve([(57.6, 52), (55, 66), (50, 86)]), 0.6), darker(look.colour, 0.5))
        canvas.fill(stroke(arc(40, 18, 13, 10.4, 150, 390), 1.2), darker(look.colour, 0.2))
        for x in (30, 50):
            canvas.fill(stroke(curve([(x, 26), (x - 1, 31), (x + 1, 35)]), 0.6), CREAM)


@kind("mat_roll", size=1.1, focus=(34, 62), near=1.6)
def mat_roll(canvas: Canvas, look: Look) -> None:
    """A rolled sleeping mat, held by two straps."""
    canvas.shade(ellipse(44, 83.6, 32, 2.6), 0.36, 2)
    body = outline(
        [(24, 52)], curve([(24, 52), (48, 51.4), (68, 53)]), arc(66, 68, 6, 15, -80, 80), curve([(68, 83), (46, 84), (24, 83.4)])
    )
    canvas.fill(
        body,
        Linear(
            ((0, lighter(look.colour, 0.1)), (0.26, lighter(look.colour, 0.3)), (0.55, look.colour), (1, darker(look.colour, 0.45))), 90
        ),
    )
    ribs = joined(stroke([(26, y), (72, y + 0.4)], 0.5) for y in (56, 60, 64.4, 69, 73.6, 78, 81))
    canvas.soft(ribs, darker(look.colour, 0.9), 0.5, 0.4, clip=body)
    end = ellipse(24, 67.8, 8.4, 15.8)
    canvas.fill(end, Linear(((0, lighter(look.colour, 0.2)), (1, darker(look.colour, 0.24))), 60))
    spiral = [(24 + (1 - s / 130) * 7.6 * math.cos(s * 0.18), 67.8 + (1 - s / 130) * 14.4 * math.sin(s * 0.18)) for s in range(126)]
    canvas.fill(stroke(spiral, 0.9), darker(look.colour, 0.45))
    canvas.fill(stroke([(x - 0.4, y - 0.5) for x, y in spiral], 0.35), lighter(look.colour, 0.5), opacity=0.7)
    for x in (37, 58):
        strap = outline(
            curve([(x, 51), (x + 3.4, 58), (x + 4, 68), (x + 3, 84)]), curve([(x + 6.4, 84), (x + 7.4, 68), (x + 6.8, 58), (x + 3.4, 51)])
        )
        canvas.shade(strap.moved(0.6, 0.4), 0.35, 0.6, clip=body)
        canvas.fill(strap, Linear(((0, lighter(look.second, 0.2)), (1, look.second)), 90))
        canvas.fill(soft_polygon([(x + 2.4, 62), (x + 8.6, 62), (x + 9, 68), (x + 2.8, 68)], 0.8), sheet(lighter(look.second, 0.26), 0.2))


@kind("lantern", focus=(40, 54), near=1.5)
def lantern(canvas: Canvas, look: Look) -> None:
    """A storm lantern, lit."""
    contact(canvas, 28)
    canvas.soft(ellipse(40, 54, 36, 34), GLOW, 0.5, 14)
    canvas.soft(ellipse(40, 85, 30, 4), GLOW, 0.5, 3)
    bail = curve([(25, 36), (26, 18), (40, 11), (54, 18), (55, 36)])
    canvas.fill(stroke(bail, 0.9), metal(look.third))
    for side in (-1, 1):
        pipe = curve([(40 + side * 6, 31), (40 + side * 15, 34), (40 + side * 16.6, 48), (40 + side * 16, 66), (40 + side * 11, 75)])
        rod(canvas, pipe, 3, look.colour)
    globe = outline(curve([(34, 40), (29, 48), (28.6, 56), (33.6, 66)]), [(46.4, 66)], curve([(46.4, 66), (51.4, 56), (51, 48), (46, 40)]))
    canvas.fill(
        globe,
        Radial(((0, WHITE), (0.3, rgb("#fff0bd")), (0.7, rgb("#fbd071")), (1, rgb("#e0a04c"))), x=0.5, y=0.58, reach=1.1),
        opacity=0.9,
    )
    flame = path("M0 0 C-3.6 -1.4 -3.2 -5 0 -11 C3.2 -5 3.6 -1.4 0 0 Z").moved(40, 64)
    canvas.fill(flame, Linear(((0, rgb("#fff7d6")), (0.5, look.second), (1, rgb("#f08a2c"))), 90))
    canvas.fill(flame.scaled(0.5, 0.55, 40, 64), rgb("#fffdf0"))
    canvas.veil(globe, ((0, 0), (0.12, 0.0), (0.18, 0.6), (0.25, 0.0), (1, 0)), 0, WHITE)
    for y in (48.6, 57):
        wire = curve([(28, y), (40, y + 2), (52, y)])
        canvas.fill(stroke(wire, 0.5), metal(look.third))
    canvas.fill(turned_on_lathe([(8.6, 36), (7, 40)], tilt=0.14, smooth_sides=False), tube(look.colour, 0.4))
    cap = turned_on_lathe([(3, 22), (5, 25), (4.6, 29), (10, 34), (9, 36)], tilt=0.14)
    canvas.fill(cap, tube(look.colour, 0.4))
    canvas.fill(ellipse(40, 22, 3, 0.7), lighter(look.colour, 0.3))
    canvas.fill(turned_on_lathe([(6.6, 65), (9, 68)], tilt=0.14, smooth_sides=False), metal(look.third))
    tank = turned_on_lathe([(10, 68), (14.6, 72), (15, 80), (13.4, 82.4)], tilt=0.14)
    canvas.fill(tank, tube(look.colour, 0.4))
    canvas.fill(ellipse(49, 71.6, 2.6, 1.6), metal(look.third))
    canvas.veil(tank, ((0, 0.4), (0.5, 0)), 90, GLOW)


@kind("camp_chair", focus=(40, 58), near=1.4)
def camp_chair(canvas: Canvas, look: Look) -> None:
    """A folding chair of wood and canvas."""
    canvas.shade(ellipse(43, 84.4, 27, 2.8), 0.26, 2)
    for line in ([(22, 83), (58, 55)], [(58, 83), (22, 55)]):
        rod(canvas, line, 2.2, darker(look.second, 0.26))
    for x in (20.0, 60):
        rod(canvas, [(x, 83), (x + (40 - x) * 0.06, 28)], 2.4, look.second)
    back = outline(curve([(20.4, 29), (40, 33), (59.6, 29)]), curve([(59.6, 47), (40, 51.6), (20.4, 47)]))
    canvas.fill(back, Linear(((0, lighter(look.colour, 0.24)), (0.5, look.colour), (1, darker(look.colour, 0.24))), 70))
    canvas.texture(back, "canvas", 0.26, darker(look.colour, 0.9))
    stitches(canvas, curve([(21, 30.6), (40, 34.6), (59, 30.6)]), darker(look.colour, 0.5), width=0.2)
    seat = outline(curve([(20, 60), (40, 64), (60, 60)]), curve([(64, 68), (40, 73.6), (16, 68)]))
    canvas.shade(seat.moved(0.4, 1.4), 0.35, 1)
    canvas.fill(seat, Linear(((0, darker(look.colour, 0.14)), (0.5, look.colour), (1, lighter(look.colour, 0.24))), 90))
    canvas.texture(seat, "canvas", 0.26, darker(look.colour, 0.9))
    for x in (16.4, 63.6):
        rod(canvas, [(x + (40 - x) * 0.16, 60), (x, 68.4)], 2.4, look.second)
        rod(canvas, [(x, 67), (40 + (40 - x) * 0.86, 84)], 2.4, look.second)
    for x in (18.6, 61.4):
        arm = soft_polygon([(x - 2.4, 49.4), (x + 2.4, 49.4), (x + 2.8 + (x - 40) * 0.05, 53), (x - 2.8 + (x - 40) * 0.05, 53)], 0.9)
        canvas.shade(arm.moved(0.3, 1), 0.35, 0.7)
        wood(canvas, arm, look.second, every=0.6)
    canvas.fill(box(19, 26.4, 2.8, 3.4, 1), ball(rgb("#c99b45")))
    canvas.fill(box(58.2, 26.4, 2.8, 3.4, 1), ball(rgb("#c99b45")))
    _grass(canvas, [(12, 85), (30, 86.6), (52, 86), (69, 85)])


@kind("hammock", focus=(40, 56), near=1.4, alone=True)
def hammock(canvas: Canvas, look: Look) -> None:
    """A striped hammock between two trees."""
    canvas.shade(ellipse(42, 84, 28, 2.4), 0.28, 2.2)
    for x, width in ((4.0, 9), (68, 10)):
        trunk = outline(curve([(x, -1), (x + 0.8, 40), (x - 1.4, 86)]), curve([(x + width + 2, 86), (x + width, 40), (x + width, -1)]))
        canvas.fill(trunk, Linear(((0, lighter(rgb("#8a6a4d"), 0.16)), (0.4, rgb("#8a6a4d")), (1, darker(rgb("#8a6a4d"), 0.4))), 0))
        bark = joined(stroke(curve([(x + 2 + i * 2.3, -1), (x + 2.8 + i * 2.2, 40), (x + 1.2 + i * 2.5, 86)]), 0.35) for i in range(4))
        canvas.fill(bark, darker(rgb("#8a6a4d"), 0.5), opacity=0.5, clip=trunk)
    for x, side in ((11.4, 1), (69.6, -1)):
        for share in (-1.6, -0.5, 0.6, 1.7):
            canvas.fill(stroke([(x, 34), (x + side * 10, 47 + share * 2.4)], 0.4), CREAM)
        canvas.fill(box(x - 7.4 if side > 0 else x - 1.4, 32.6, 9.4, 2.8, 0.8), sheet(rgb("#6d4a35"), 0.2))
    back = outline(curve([(20, 43), (40, 58), (60, 43)]), curve([(60, 47), (40, 70), (20, 47)]))
    canvas.fill(back, darker(look.colour, 0.4))
    bed = outline(
        curve([(19.6, 45), (28, 57), (40, 61.4), (52, 57), (60.4, 45)]), curve([(60.6, 52), (53, 66), (40, 72.6), (27, 66), (19.4, 52)])
    )
    canvas.shade(bed.moved(0, 1.8), 0.2, 1)
    canvas.fill(bed, look.colour)
    for index in range(7):
        low = 46.6 + index * 1.0
        deep = 63 + index * 1.55
        stripe = curve([(19.6, low), (28, low + (deep - low) * 0.72), (40, deep), (52, low + (deep - low) * 0.72), (60.4, low)])
        canvas.fill(stroke(stripe, 0.9 if index % 2 else 0.5), look.second if index % 2 else look.third, clip=bed)
    canvas.texture(bed, "canvas", 0.2, darker(look.colour, 0.9))
    canvas.veil(bed, ((0, 0), (0.55, 0), (1, 0.36)), 90)
    cushion = smooth((23.6, 46), (28, 43.6), (34, 50), (35, 56), (30, 57), (25, 52))
    canvas.shade(cushion.moved(0.6, 1), 0.3, 0.8)
    canvas.fill(cushion, sheet(look.third, 0.24))
    fringes = joined(
        stroke(
            [
                (20 + i * 1.6, 53 + 19.6 * math.sin(math.pi * (i / 25)) ** 0.8),
                (20.2 + i * 1.6, 57.4 + 19.6 * math.sin(math.pi * (i / 25)) ** 0.8),
            ],
            0.5,
            end_width=0.3,
        )
        for i in range(26)
    )
    canvas.fill(fringes, look.second)
    _grass(canvas, [(8, 86), (20, 87), (34, 86), (60, 87), (73, 86)])


@kind("cool_box", size=1.15, focus=(40, 60), near=1.5)
def cool_box(canvas: Canvas, look: Look) -> None:
    """A retro cool box with a steel latch and bottles looking out."""
    contact(canvas, 52)
    body = soft_polygon([(14, 56), (66, 56), (65, 83.4), (15, 83.4)], 3)
    canvas.fill(
        body,
        Linear(((0, darker(look.colour, 0.08)), (0.28, lighter(look.colour, 0.26)), (0.6, look.colour), (1, darker(look.colour, 0.34))), 0),
    )
    canvas.fill(box(14, 70, 52, 1) + box(14, 74, 52, 1), look.second, opacity=0.9, clip=body)
    lid = soft_polygon([(12.6, 45), (67.4, 45), (67.4, 56.4), (12.6, 56.4)], 3.6)
    canvas.shade(lid.moved(0, 1.6), 0.35, 0.9)
    canvas.fill(
        lid,
        Linear(((0, darker(look.second, 0.06)), (0.28, lighter(look.second, 0.4)), (0.6, look.second), (1, darker(look.second, 0.2))), 0),
    )
    canvas.veil(lid, ((0, 0.4), (0.4, 0), (1, 0.12)), 90, WHITE)
    canvas.fill(box(12.6, 54.4, 54.8, 1.6, 0.6), metal(look.third))
    handle = curve([(18, 50), (18.6, 38), (40, 34.6), (61.4, 38), (62, 50)])
    rod(canvas, handle, 1.6, look.third)
    rod(canvas, curve([(31, 35.4), (40, 34.6), (49, 35.4)]), 3.4, rgb("#6d4a35"))
    for x in (18, 62):
        canvas.fill(ellipse(x, 50.4, 2), ball(look.third))
    latch = box(36.4, 51.6, 7.2, 9.6, 1.4)
    canvas.shade(latch.moved(0.4, 0.8), 0.4, 0.6)
    canvas.fill(latch, metal(look.third))
    canvas.fill(box(38.4, 57, 3.2, 2.6, 0.8), darker(look.third, 0.4))
    badge = ellipse(40, 66, 4.4, 2.6)
    canvas.fill(badge, look.second)
    canvas.fill(badge.scaled(0.84, 0.78, 40, 66), look.colour)
    canvas.fill(joined(stroke([(40, 64.4), (40, 67.6)], 0.35).turned(a, 40, 66) for a in (0, 60, 120)), look.second)
    canvas.shine(stroke([(20, 60), (20, 79)], 1.4), 0.5, 0.8)
    for x in (18, 60):
        canvas.fill(box(x, 83, 3, 1.4, 0.4), rgb("#33343b"))


@kind("fire_bowl", focus=(40, 60), near=1.5)
def fire_bowl(canvas: Canvas, look: Look) -> None:
    """An iron bowl with a fire in it."""
    contact(canvas, 40)
    canvas.soft(ellipse(40, 50, 34, 30), rgb("#ff9a3d"), 0.4, 13)
    canvas.soft(ellipse(40, 84, 32, 4), rgb("#ffb25e"), 0.4, 3)
    for line in ([(26, 74), (20, 84)], [(54, 74), (60, 84)], [(40, 77), (40, 86)]):
        rod(canvas, line, 2.6, look.colour)
    canvas.fill(ellipse(40, 60, 29, 5), darker(look.colour, 0.3))
    for x, y, turn, tone in ((30.0, 56.0, -24, 0.0), (50, 56, 22, 0.1), (40, 54, 4, 0.2), (40, 59, 88, 0.1)):
        log = box(x - 10, y - 2.4, 20, 4.8, 2.2).turned(turn, x, y)
        canvas.fill(log, Linear(((0, lighter(rgb("#7a5236"), 0.2 - tone)), (1, darker(rgb("#7a5236"), 0.5))), 90))
    for x, height, width, lean in ((30.0, 22, 7, -2), (50, 24, 7, 2), (36, 32, 8.4, -1), (45, 34, 8.4, 1.4), (40, 40, 9.6, 0)):
        flame = outline(
            curve([(x, 60), (x - width, 56 - height * 0.12), (x - width * 0.6, 58 - height * 0.5), (x + lean, 60 - height)]),
            curve([(x + lean, 60 - height), (x + width * 0.3, 58 - height * 0.6), (x + width, 56 - height * 0.2), (x, 60)]),
        )
        canvas.fill(flame, Linear(((0, rgb("#f6b03a")), (0.5, rgb("#f07f2a")), (1, rgb("#d9482a"))), 90), opacity=0.9)
        canvas.fill(flame.scaled(0.62, 0.66, x, 60), Linear(((0, rgb("#ffe48a")), (1, rgb("#f7a436"))), 90), opacity=0.95)
        canvas.fill(flame.scaled(0.3, 0.36, x, 60), rgb("#fff6cf"))
    dice = dice_of(23)
    for _ in range(22):
        x, y = dice.gauss(40, 12), dice.uniform(8, 48)
        canvas.fill(ellipse(x, y, dice.uniform(0.2, 0.5)), rgb("#ffcf7a"), opacity=0.9)
    bowl = outline(
        arc(40, 60, 30, 5.2, 180, 0),
        curve([(70, 60), (64, 72), (52, 79)]),
        arc(40, 79, 12, 1.6, 0, 180),
        curve([(28, 79), (16, 72), (10, 60)]),
    )
    front = bowl - ellipse(40, 59.4, 28.6, 4.4)
    canvas.fill(front, tube(mix(look.colour, look.second, 0.3), 0.45))
    canvas.texture(front, "grit", 0.4)
    canvas.veil(front, ((0, 0.45), (0.3, 0.0)), 90, rgb("#ff9a3d"))
