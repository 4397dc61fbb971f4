"""Drawings of what goes into a rucksack."""

import math

from storefront.catalog.demo.pictures.backdrop import contact, fallen
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, ball, metal, sheet, tube
from storefront.catalog.demo.pictures.colour import CREAM, darker, lighter, rgb
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import WHITE, dice_of, dots, rod, steam, stitches, wood
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
    for arm in ([(33, 56), (24, 42)], [(47, 56), (56, 42)], [(40, 56), (40, 43)]):
        rod(canvas, arm, 1.2, look.second)
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
        for y in (76.0, 79):
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
