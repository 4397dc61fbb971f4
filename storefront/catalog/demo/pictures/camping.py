"""Drawings of what one takes to the hills."""

import math

from storefront.catalog.demo.pictures.backdrop import contact, fallen
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, ball, metal, sheet, tube
from storefront.catalog.demo.pictures.colour import CREAM, Colour, darker, lighter, mix, rgb
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import GLOW, WHITE, dice_of, dots, rod, steam, stitches, wood
from storefront.catalog.demo.pictures.shapes import (
    arc,
    band,
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
from storefront.catalog.demo.pictures.textiles import fold_shadows

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
    for line in ([(8, 78), (1, 84)], [(72, 78), (79, 84)], [(40, 37), (40, 37)]):
        canvas.fill(stroke(line, 0.3), CREAM)
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
            "M24 22 C25 10 32 6 40 6 C48 6 55 10 56 22 C59 36 58 52 54 68 C52 78 50 88 47 92 C44 94 36 94 33 92 C30 88 28 78 26 68 C22 52 21 36 24 22 Z"
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


@kind("bottle", size=1.12, focus=(40, 44), near=1.6)
def bottle(canvas: Canvas, look: Look) -> None:
    """An insulated bottle with a loop on its lid."""
    contact(canvas, 22)
    loop = curve([(34.6, 27), (34.4, 17.6), (40, 14.6), (45.6, 17.6), (45.4, 27)])
    rod(canvas, loop, 2.2, darker(look.colour, 0.3))
    canvas.fill(turned_on_lathe([(7, 24), (7.2, 29.4)], tilt=0.14, smooth_sides=False), metal(look.second))
    canvas.fill(ellipse(40, 24, 7, 1), sheet(look.third, 0.2, 20))
    body = turned_on_lathe(
        [(7.6, 30.4), (8, 32), (9.4, 34), (12, 37), (13.2, 40), (13.6, 43), (13.6, 80), (13, 82)], tilt=0.13, smooth_sides=False
    )
    canvas.fill(body, look.colour)
    canvas.texture(body, "grit", 0.14, darker(look.colour, 0.9))
    canvas.rounded(body, 1.15)
    canvas.fill(band(40, (13.7, 77.4), (13.6, 78.4), tilt=0.13), darker(look.colour, 0.5), opacity=0.5)
    canvas.fill(band(40, (7.7, 29), (7.7, 30.6), tilt=0.13), metal(look.second))
    peak = polygon((36.6, 62), (40.6, 54), (45.6, 62)) + polygon((33.6, 62), (36.8, 56.8), (40, 62))
    canvas.fill(peak, lighter(look.colour, 0.85) if look.colour[2] < 200 else darker(look.colour, 0.6), opacity=0.9)
    canvas.fill(box(33.6, 63.4, 12, 0.7), lighter(look.colour, 0.85) if look.colour[2] < 200 else darker(look.colour, 0.6), opacity=0.9)


@kind("flask", size=1.05, focus=(40, 44), near=1.5)
def flask(canvas: Canvas, look: Look) -> None:
    """A vacuum flask with a handle, its steel cup beside it."""
    contact(canvas, 26, cx=34)
    contact(canvas, 14, cx=60, y=84)
    handle = curve([(46, 40), (55.6, 40.6), (56.4, 54), (55.6, 67), (46, 68)])
    rod(canvas, handle, 2.8, look.third)
    body = turned_on_lathe([(12, 31), (13.2, 32.4), (13.8, 35), (13.8, 80), (13.2, 82)], cx=34, tilt=0.13, smooth_sides=False)
    canvas.fill(body, look.colour)
    canvas.texture(body, "grit", 0.16, darker(look.colour, 0.9))
    canvas.rounded(body, 1.15)
    for y in (38, 70):
        canvas.fill(band(34, (14, y), (14, y + 1.6), tilt=0.13), metal(look.second))
    neck = turned_on_lathe([(9, 24), (11.6, 31)], cx=34, tilt=0.13, smooth_sides=False)
    canvas.fill(neck, metal(look.second))
    cap = turned_on_lathe([(8.4, 14), (9, 16), (9, 24.6)], cx=34, tilt=0.13, smooth_sides=False)
    canvas.fill(cap, tube(look.third, 0.4))
    canvas.fill(joined(box(25.6 + i * 1.55, 16.6, 0.5, 7.4) for i in range(11)), darker(look.third, 0.5), opacity=0.6)
    canvas.fill(ellipse(34, 14, 8.4, 1.2), lighter(look.third, 0.3))
    canvas.fill(ellipse(34, 13.4, 3, 0.7), look.second)
    cup = turned_on_lathe([(9, 69), (7.6, 83)], cx=60, tilt=0.18, smooth_sides=False)
    canvas.fill(cup, metal(look.second))
    canvas.fill(ellipse(60, 69, 9, 1.6), lighter(look.second, 0.5))
    canvas.fill(ellipse(60, 69.3, 8.2, 1.2), Linear(((0, rgb("#8a3d1e")), (1, rgb("#d9793a"))), 20))
    steam(canvas, 60, 65, 16)


@kind("enamel_mug", size=1.25, focus=(40, 66), near=1.8)
def enamel_mug(canvas: Canvas, look: Look) -> None:
    """An enamel mug of cocoa."""
    contact(canvas, 34)
    loop = curve([(55, 56), (65.6, 55), (67, 63), (63.6, 71), (55, 73.4)])
    canvas.fill(stroke(loop, 2.4), sheet(look.colour, 0.25))
    canvas.fill(stroke([(x + 0.5, y - 0.6) for x, y in loop], 0.5), look.second, opacity=0.8)
    body = turned_on_lathe([(17, 51), (16.6, 66), (15.6, 82)], tilt=0.17)
    canvas.fill(body, look.colour)
    dice = dice_of(14)
    flecks = joined(ellipse(dice.uniform(22, 58), dice.uniform(52, 84), s := dice.uniform(0.12, 0.4), s * 0.8, steps=8) for _ in range(150))
    canvas.fill(flecks, look.second if look.colour[0] > 200 else CREAM, opacity=0.4, clip=body)
    canvas.rounded(body, 1.1)
    fir = joined(
        polygon((x, y - 7 * k), (x + 2.6 * k, y), (x - 2.6 * k, y))
        + polygon((x, y - 10 * k), (x + 2 * k, y - 4 * k), (x - 2 * k, y - 4 * k))
        + box(x - 0.4 * k, y, 0.8 * k, 1.6 * k)
        for x, y, k in ((33, 73, 0.9), (39.6, 74.4, 1.25), (46.6, 73.4, 1.0))
    )
    canvas.fill(fir, look.second if look.colour[0] > 200 else CREAM, opacity=0.9, clip=body)
    canvas.fill(ellipse(40, 51, 17.4, 3.2), look.second)
    canvas.fill(ellipse(40, 51.1, 16.4, 2.7), Linear(((0, darker(look.colour, 0.35)), (1, lighter(look.colour, 0.2))), 25))
    canvas.fill(ellipse(40, 52.2, 15, 2), Linear(((0, rgb("#4a2a1b")), (1, rgb("#8a573a"))), 20))
    for x, y in ((35, 51.6), (40.6, 52.4), (45, 51.4)):
        canvas.fill(ellipse(x, y - 0.6, 1.8, 1), ball(rgb("#fbf3e4")))
    steam(canvas, 40, 47, 18)


@kind("stove", focus=(40, 58), near=1.6)
def stove(canvas: Canvas, look: Look) -> None:
    """A little brass stove with a blue flame."""
    contact(canvas, 40)
    for a, b in (((40, 72), (20, 83)), ((40, 72), (60, 83)), ((40, 74), (41, 85))):
        rod(canvas, [a, b], 1.5, look.second)
    tank = turned_on_lathe([(9, 66), (15, 70), (15.6, 76), (11, 80)], tilt=0.18)
    canvas.fill(tank, metal(look.colour))
    canvas.fill(ellipse(40, 66, 9, 1.8), lighter(look.colour, 0.4))
    rod(canvas, [(55, 73), (62, 72)], 1.4, look.second)
    canvas.fill(box(61, 69, 5, 6, 1.4), metal(look.colour))
    canvas.fill(turned_on_lathe([(4, 54), (3.4, 60), (6, 66)], tilt=0.2), metal(look.colour))
    canvas.soft(ellipse(40, 46, 11, 8), look.third, 0.5, 4)
    for x, lean, size in ((33.6, -2, 0.9), (37, -0.8, 1.1), (40, 0, 1.25), (43, 0.8, 1.1), (46.4, 2, 0.9)):
        flame = (
            path("M0 0 C-1.6 -1.6 -1.4 -4.4 0 -9 C1.4 -4.4 1.6 -1.6 0 0 Z").scaled(size, size, 0, 0).turned(lean * 6, 0, 0).moved(x, 52.6)
        )
        canvas.fill(flame, Linear(((0, lighter(look.third, 0.5)), (0.6, rgb("#6fa8f5")), (1, look.third)), 90), opacity=0.9)
        canvas.fill(flame.scaled(0.45, 0.5, x, 52.6), rgb("#e8f3ff"), opacity=0.9)
    canvas.fill(ellipse(40, 53, 8.4, 1.7), metal(look.colour))
    dots(canvas, [(34 + i * 1.7, 53.4) for i in range(8)], 0.35, darker(look.colour, 0.6))
    for a in ([(33, 56), (24, 42)], [(47, 56), (56, 42)], [(40, 56), (40, 43)]):
        rod(canvas, a, 1.2, look.second)
    for x in (24, 40, 56):
        rod(canvas, [(x - 4 if x != 24 else x - 1, 42.4), (x + 4 if x != 56 else x + 1, 42.4)], 1.2, look.second)
    pot = turned_on_lathe([(17, 22), (17, 39), (15, 42)], tilt=0.13)
    canvas.fill(pot, metal(look.second))
    canvas.veil(pot, ((0, 0), (0.7, 0), (1, 0.35)), 90)
    canvas.fill(ellipse(40, 22, 17.6, 2.5), lighter(look.second, 0.5))
    canvas.fill(ellipse(40, 22.2, 16.4, 2), Linear(((0, darker(look.second, 0.5)), (1, rgb("#9cc1d3"))), 20))
    steam(canvas, 40, 18, 14)


@kind("cook_set", size=1.1, focus=(40, 62), near=1.5)
def cook_set(canvas: Canvas, look: Look) -> None:
    """Pots inside each other, with a folding handle."""
    contact(canvas, 44, cx=37)
    rod(canvas, curve([(56, 62), (66, 59), (72, 57.4)]), 2, look.third)
    rod(canvas, curve([(64, 59.6), (69, 58.2), (73.6, 57)]), 3.2, look.second)
    big = turned_on_lathe([(22, 58), (21.4, 78), (19.6, 82.4)], cx=36, tilt=0.15)
    canvas.fill(big, metal(look.colour))
    for y in (64, 70, 76):
        canvas.fill(band(36, (22, y), (22, y + 0.4), tilt=0.15), darker(look.colour, 0.4), opacity=0.5, clip=big)
    canvas.fill(ellipse(36, 58, 22.6, 3.6), lighter(look.colour, 0.5))
    canvas.fill(ellipse(36, 58.2, 21.6, 3.1), darker(look.colour, 0.4))
    small = turned_on_lathe([(17.6, 45), (17.6, 58)], cx=36, tilt=0.15, smooth_sides=False)
    clip = small - ellipse(36, 62.6, 30, 4.6)
    canvas.fill(clip, metal(look.colour))
    canvas.fill(ellipse(36, 45, 18, 2.8), lighter(look.colour, 0.5))
    canvas.fill(ellipse(36, 45.2, 17, 2.3), darker(look.colour, 0.4))
    for cx, y, colour in ((36, 40, look.third), (36, 35, rgb("#d9a336"))):
        bowl = turned_on_lathe([(14.4, y), (13, y + 5), (9, y + 9)], cx=cx, tilt=0.15) - ellipse(36, y + 12, 20, 4.4)
        canvas.fill(bowl, tube(colour))
        canvas.fill(ellipse(cx, y, 14.4, 2.2), lighter(colour, 0.4))
        canvas.fill(ellipse(cx, y + 0.2, 13.6, 1.8), darker(colour, 0.3))
    bag = smooth((58, 84), (57, 76), (62, 71), (68, 71.6), (73, 77), (72, 84))
    canvas.shade(ellipse(67, 84.6, 9, 1), 0.35, 0.8)
    canvas.fill(bag, sheet(look.third, 0.25))
    canvas.fill(smooth((62, 72), (61, 68), (66, 69.4), (70, 67.6), (68.6, 72.4)), sheet(look.third, 0.25))
    canvas.fill(stroke([(61.6, 72), (69, 72.4)], 0.7), CREAM)


@kind("headlamp", lies=True, size=1.15, focus=(40, 56), near=1.6)
def headlamp(canvas: Canvas, look: Look) -> None:
    """A headlamp on its looped strap."""
    loop = ellipse(40, 44, 25, 21) - ellipse(40, 44, 20.4, 16.8)
    canvas.shade(loop.moved(1.6, 2.6), 0.3, 1.8)
    canvas.fill(loop, Linear(((0, lighter(look.second, 0.3)), (0.5, look.second), (1, darker(look.second, 0.2))), 90))
    canvas.texture(loop, "rib", 0.4, lighter(look.second, 0.6))
    line = [(40 + 22.7 * math.cos(a), 44 + 18.9 * math.sin(a)) for a in [i * math.tau / 80 for i in range(81)]]
    stitches(canvas, line, look.colour, length=2.4, gap=2.2, width=0.9)
    canvas.fill(box(57.6, 40, 7.6, 5.4, 1), sheet(lighter(look.second, 0.2), 0.2))
    body = soft_polygon([(25, 54), (55, 54), (58, 62), (54, 75), (26, 75), (22, 62)], 5)
    fallen(canvas, body, 1.6)
    canvas.fill(body, Linear(((0, lighter(look.colour, 0.3)), (0.5, look.colour), (1, darker(look.colour, 0.3))), 60))
    canvas.fill(soft_polygon([(27, 56), (53, 56), (55.4, 62), (52, 73), (28, 73), (24.6, 62)], 4), darker(look.colour, 0.1), opacity=0.5)
    canvas.soft(ellipse(36, 65, 16, 15), WHITE, 0.6, 5)
    canvas.fill(ellipse(36, 65, 8), metal(rgb("#c8ced4")))
    canvas.fill(ellipse(36, 65, 6.8), Radial(((0, WHITE), (0.5, rgb("#fff4cf")), (1, rgb("#d9c48a"))), x=0.5, y=0.5, reach=1))
    canvas.fill(ellipse(36, 65, 2.6), WHITE)
    canvas.fill(ellipse(49.4, 65, 3), darker(look.second, 0.2))
    canvas.fill(ellipse(49.4, 65, 2.2), ball(rgb("#d2452f")))
    canvas.fill(box(37, 51.6, 6, 3.4, 1.2), sheet(lighter(look.second, 0.2), 0.2))
    for x in (45, 47.4, 49.8):
        canvas.fill(ellipse(x, 58.4, 0.55), rgb("#7fd68a") if x < 49 else darker(look.colour, 0.5))


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
    for x in (20, 60):
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
    for x, width in ((4, 9), (68, 10)):
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


@kind("pocket_knife", lies=True, focus=(42, 50), near=1.6)
def pocket_knife(canvas: Canvas, look: Look) -> None:
    """An open pocket knife."""
    with canvas.within(turn=-34):
        blade = path("M41 45 C52 43 64 43.6 74 48 C77 49.4 78.6 51 78 51.6 C66 54.6 52 55 41 54.4 Z")
        handle = smooth(
            (6, 47), (12, 44), (24, 44.6), (36, 44), (44, 45.6), (45.6, 50), (44, 54.4), (34, 55.4), (22, 54.6), (11, 56.6), (5, 53)
        )
        fallen(canvas, blade + handle, 1.2)
        canvas.fill(blade, Linear(((0, lighter(look.second, 0.5)), (0.45, look.second), (0.7, lighter(look.second, 0.3)), (1, WHITE)), 90))
        canvas.fill(stroke(curve([(52, 45.2), (58, 45), (64, 46.2)]), 0.7), darker(look.second, 0.5), opacity=0.7)
        canvas.fill(box(39.6, 44.4, 6, 11, 2), metal(look.third))
        canvas.fill(box(4.8, 45.6, 5, 11, 2.2), metal(look.third))
        scale = handle - box(39, 40, 10, 20) - box(0, 40, 9.6, 20)
        wood(canvas, scale, look.colour, degrees=2, every=0.8)
        canvas.veil(scale, ((0, 0.4), (0.4, 0)), 90, CREAM)
        canvas.veil(scale, ((0, 0), (0.6, 0), (1, 0.4)), 90)
        dots(canvas, [(17, 50), (27, 49.6), (35, 49.6)], 0.9, look.third)
        ring = ellipse(3.4, 51.4, 2.4) - ellipse(3.4, 51.4, 1.6)
        canvas.fill(ring, metal(look.third))
        cord = curve([(3, 53), (0, 62), (8, 68), (16, 64), (13, 72)])
        canvas.shade(stroke([(x + 0.5, y + 0.7) for x, y in cord], 1.1), 0.3, 0.5)
        canvas.fill(stroke(cord, 1.1), sheet(rgb("#6d4a35"), 0.2))
    apple = ellipse(58, 74, 9.4, 9)
    canvas.shade(apple.moved(1.2, 1.8), 0.35, 1.6)
    canvas.fill(apple, Radial(((0, rgb("#f3a08a")), (0.4, rgb("#cf3f33")), (1, rgb("#7d1a22")))))
    canvas.fill(ellipse(57.4, 71, 3, 1.6), rgb("#8f2226"), opacity=0.7)
    canvas.fill(stroke(curve([(57.4, 71.4), (58, 67.6), (60, 65)]), 0.8), rgb("#5b4028"))
    canvas.fill(path("M58.6 68 C61 63.6 65 63.4 67 64.6 C65.6 68 62 69.4 58.6 68 Z"), sheet(rgb("#6d9a4c"), 0.25))


@kind("axe", lies=True, focus=(40, 32), near=1.5)
def axe(canvas: Canvas, look: Look) -> None:
    """A small axe."""
    with canvas.within(turn=24, at=(40, 52)):
        haft = outline(
            curve([(37.6, 14), (37, 36), (37.4, 60), (35.6, 80), (35, 90)]),
            arc(38.6, 91, 3.8, 2.6, 180, 20),
            curve([(43.4, 90), (41.4, 80), (42.4, 60), (42.6, 36), (42.4, 14)]),
        )
        head = path("M34 13.6 L46 13.6 L46.4 26 L44 27 C38 26.6 30 30 22 36 C17.6 30 16 20 18 11 C24 14 30 14.4 34 13.6 Z")
        fallen(canvas, haft + head, 1.4)
        wood(canvas, haft, look.colour, degrees=90, every=0.7)
        canvas.veil(haft, ((0, 0.3), (0.4, 0)), 0, CREAM)
        canvas.veil(haft, ((0, 0), (0.6, 0), (1, 0.4)), 0)
        for y in (76, 79):
            canvas.fill(box(33, y, 12, 1.6), look.third, clip=haft)
        canvas.fill(head, Linear(((0, lighter(look.second, 0.3)), (0.5, look.second), (1, darker(look.second, 0.3))), 0))
        canvas.texture(head, "grit", 0.3)
        edge = path("M22 36 C17.6 30 16 20 18 11 C19.6 12 21 12.6 22.6 13 C21 20 22 28 26 33.4 Z")
        canvas.fill(edge, Linear(((0, rgb("#eef2f5")), (1, rgb("#aeb8c0"))), 60))
        canvas.fill(box(36.6, 11.4, 6.8, 3.4, 0.8), sheet(darker(look.colour, 0.1), 0.2))
        canvas.fill(stroke(curve([(36, 91), (31, 96), (40, 97), (39.6, 91)]), 0.8), rgb("#6d4a35"))
        canvas.fill(ellipse(38.6, 88.6, 0.9), darker(look.colour, 0.6))
    dice = dice_of(10)
    for _ in range(12):
        x, y, turn = dice.uniform(50, 72), dice.uniform(58, 88), dice.uniform(0, 180)
        chip = soft_polygon([(x - 2.2, y - 0.8), (x + 2, y - 1), (x + 2.6, y + 0.7), (x - 1.8, y + 0.9)], 0.4).turned(turn, x, y)
        canvas.shade(chip.moved(0.4, 0.5), 0.3, 0.4)
        canvas.fill(chip, sheet(rgb("#e8cfa4"), 0.2))


@kind("compass", lies=True, focus=(40, 56), near=1.5)
def compass(canvas: Canvas, look: Look) -> None:
    """An open brass compass on a map."""
    chart = soft_polygon([(8, 24), (72, 18), (74, 88), (10, 92)], 0.6)
    fallen(canvas, chart, 0.4)
    canvas.fill(chart, sheet(rgb("#f5edd8"), 0.1))
    for index in range(5):
        ring = smooth(
            (20 + index, 60),
            (30, 44 + index * 2),
            (46 + index, 42 + index * 3),
            (62 - index * 2, 56),
            (56 - index, 76 - index * 2),
            (34, 80 - index * 3),
        )
        canvas.fill(ring - ring.scaled(0.985, 0.985, 40, 60), rgb("#b6936a"), opacity=0.6)
    river = curve([(10, 78), (24, 70), (30, 82), (50, 84), (73, 70)])
    canvas.fill(stroke(river, 1.3), rgb("#8cb4de"), opacity=0.8)
    stitches(canvas, curve([(14, 30), (30, 36), (44, 28), (70, 34)]), rgb("#d2452f"), length=2, gap=1.2, width=0.6)
    lid = ellipse(40, 28, 15, 13)
    canvas.shade(lid.moved(1, 1.6), 0.35, 1.4)
    canvas.fill(lid, Linear(((0, lighter(look.colour, 0.6)), (0.45, look.colour), (1, darker(look.colour, 0.35))), 60))
    canvas.fill(lid.scaled(0.84, 0.84, 40, 28), Linear(((0, darker(look.colour, 0.3)), (1, lighter(look.colour, 0.3))), 60))
    canvas.fill(box(36, 39, 8, 4, 1.4), metal(look.colour))
    case = ellipse(40, 59, 20)
    canvas.shade(case.moved(1.4, 2.2), 0.4, 1.8)
    canvas.fill(case, Linear(((0, lighter(look.colour, 0.6)), (0.45, look.colour), (1, darker(look.colour, 0.4))), 55))
    canvas.fill(ellipse(40, 59, 17.6), darker(look.colour, 0.45))
    canvas.fill(ellipse(40, 59, 17), Radial(((0, lighter(look.second, 0.4)), (1, darker(look.second, 0.1)))))
    for tick in range(36):
        long = tick % 9 == 0
        canvas.fill(box(39.75, 43.4, 0.5, 3.2 if long else 1.6).turned(tick * 10, 40, 59), rgb("#3b3226"))
    rose = joined(polygon((40, 48.6), (41.8, 57.2), (40, 59), (38.2, 57.2)).turned(a, 40, 59) for a in (0, 90, 180, 270))
    canvas.fill(rose, rgb("#c9b68d"))
    north = polygon((40, 45.4), (42.2, 59), (37.8, 59)).turned(28, 40, 59)
    south = polygon((40, 72.6), (42.2, 59), (37.8, 59)).turned(28, 40, 59)
    canvas.shade((north + south).moved(0.5, 0.8), 0.35, 0.5)
    canvas.fill(south, rgb("#3b4a63"))
    canvas.fill(north, look.third)
    canvas.fill(ellipse(40, 59, 1.5), ball(look.colour))
    canvas.fill(path("M26 52 C29 45.6 35 42.4 43 43 C36 46 30 52 28.6 61 C26.6 58.6 25.6 55.6 26 52 Z"), WHITE, opacity=0.4)
    bow = ellipse(40, 13, 3) - ellipse(40, 13, 2)
    canvas.fill(bow, metal(look.colour))


@kind("fire_bowl", focus=(40, 60), near=1.5)
def fire_bowl(canvas: Canvas, look: Look) -> None:
    """An iron bowl with a fire in it."""
    contact(canvas, 40)
    canvas.soft(ellipse(40, 50, 34, 30), rgb("#ff9a3d"), 0.4, 13)
    canvas.soft(ellipse(40, 84, 32, 4), rgb("#ffb25e"), 0.4, 3)
    for line in ([(26, 74), (20, 84)], [(54, 74), (60, 84)], [(40, 77), (40, 86)]):
        rod(canvas, line, 2.6, look.colour)
    canvas.fill(ellipse(40, 60, 29, 5), darker(look.colour, 0.3))
    for x, y, turn, tone in ((30, 56, -24, 0.0), (50, 56, 22, 0.1), (40, 54, 4, 0.2), (40, 59, 88, 0.1)):
        log = box(x - 10, y - 2.4, 20, 4.8, 2.2).turned(turn, x, y)
        canvas.fill(log, Linear(((0, lighter(rgb("#7a5236"), 0.2 - tone)), (1, darker(rgb("#7a5236"), 0.5))), 90))
    for x, height, width, lean in ((30, 22, 7, -2), (50, 24, 7, 2), (36, 32, 8.4, -1), (45, 34, 8.4, 1.4), (40, 40, 9.6, 0)):
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
