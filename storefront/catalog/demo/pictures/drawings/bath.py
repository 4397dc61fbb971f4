"""Drawings of what stands round a basin."""

import math

from storefront.catalog.demo.pictures.backdrop import contact, fallen
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, ball, metal, sheet, tube
from storefront.catalog.demo.pictures.colour import CREAM, darker, lighter, mix, rgb
from storefront.catalog.demo.pictures.drawings.textiles import fold_shadows
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import WHITE, dice_of, dots, flower, glass, grain, rod, sprig, wood
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


@kind("towels", size=1.15, focus=(40, 62), near=1.6)
def towels(canvas: Canvas, look: Look) -> None:
    """A stack of folded towels, one hanging in front of it rolled up."""
    contact(canvas, 50, y=84)
    for y, height, light in ((72.4, 11.4, 0.0), (61, 11, 0.34), (50.6, 10, 0.0), (42.4, 8, 0.34)):
        colour = mix(look.colour, WHITE, light)
        for half in (1, 0):
            top = y + half * height / 2
            roll = outline(
                curve([(16, top + 0.4), (13.6, top + height / 4), (16, top + height / 2)]),
                curve([(16, top + height / 2), (40, top + height / 2 + 0.5), (62, top + height / 2)]),
                curve([(62, top + height / 2), (66.4, top + height / 4), (62, top)]),
                curve([(62, top), (40, top + 0.3), (16, top + 0.4)]),
            )
            canvas.fill(roll, Linear(((0, lighter(colour, 0.3)), (0.45, colour), (1, darker(colour, 0.3))), 90))
            canvas.texture(roll, "loops", 0.2, darker(colour, 0.9))
            canvas.fill(box(20, top + height / 4 - 0.5, 60, 1.1), look.second, clip=roll, opacity=0.85)
        canvas.shade(box(14, y + height - 0.5, 52, 1.4), 0.28, 0.8)
    sprig(canvas, 30, 42, 20, 66, rgb("#7f9a74"), pairs=7, size=4.4)


@kind("robe", focus=(40, 46), near=1.6)
def robe(canvas: Canvas, look: Look) -> None:
    """A waffle robe on a hanger."""
    canvas.fill(stroke(curve([(40, 15), (40, 12), (42.6, 10.4), (41.4, 7.6), (38.6, 8)]), 0.8), metal(rgb("#9aa2aa")))
    canvas.fill(ellipse(40.4, 6.4, 2.2), ball(look.second))
    rod(canvas, curve([(24, 22), (32, 16.6), (40, 15.2), (48, 16.6), (56, 22)]), 2, look.second)
    whole = path(
        "M33 16 C26 18 20 21 17.6 25 C14 36 11.6 50 10.6 64 L20 66 C21 58 22 52 23 46 L22 86 C33 88 47 88 58 86 L57 46"
        " C58 52 59 58 60 66 L69.4 64 C68.4 50 66 36 62.4 25 C60 21 54 18 47 16 L40 26 Z"
    )
    canvas.shade(whole.moved(2.4, 2.4), 0.22, 2.4)
    canvas.fill(whole, Linear(((0, lighter(look.colour, 0.2)), (0.5, look.colour), (1, darker(look.colour, 0.16))), 30))
    canvas.texture(whole, "waffle", 0.3, darker(look.colour, 0.8))
    fold_shadows(
        canvas,
        whole,
        "M23 46 C22 40 21 36 22 30",
        "M57 46 C58 40 59 36 58 30",
        "M30 60 C29 70 30 78 28 87",
        "M50 62 C52 72 50 80 52 87",
        strength=0.26,
    )
    overlap = stroke(curve([(40, 27), (45, 40), (45.6, 60), (45, 87)]), 1)
    canvas.shade(overlap.moved(0.9, 0), 0.4, 0.9, clip=whole)
    collar = outline(curve([(33, 16), (31, 22), (35, 38), (45.6, 55)]), curve([(49.4, 52), (42, 38), (39.6, 27)]), [(40, 25), (36.6, 17)])
    right = outline(curve([(47, 16), (49, 22), (47, 38), (45.4, 52)]), curve([(43.4, 46), (42, 36), (40.4, 26)]), [(43.4, 17)])
    for shape in (right, collar):
        canvas.shade(shape.moved(0.8, 0.9), 0.3, 0.9, clip=whole)
        canvas.fill(shape, sheet(lighter(look.colour, 0.12), 0.1))
        canvas.texture(shape, "waffle", 0.2, darker(look.colour, 0.8))
    belt = outline(
        curve([(22.4, 52), (34, 54.4), (46, 54)]), curve([(46, 54), (52, 54), (57.4, 52)]), curve([(57.4, 56), (46, 58.4), (22.4, 56)])
    )
    canvas.shade(belt.moved(0.3, 1), 0.35, 0.8, clip=whole)
    canvas.fill(belt, sheet(darker(look.colour, 0.1), 0.1))
    for line in ([(45, 56), (43, 66), (44.4, 76)], [(46.6, 56), (49, 64), (48.4, 73)]):
        canvas.shade(stroke([(x + 0.5, y + 0.5) for x, y in curve(line)], 3), 0.3, 0.7, clip=whole)
        canvas.fill(stroke(curve(line), 3, round_ends=False), sheet(darker(look.colour, 0.06), 0.12))
    canvas.fill(ellipse(45.8, 55.6, 2.6, 2.4), sheet(darker(look.colour, 0.04), 0.16))
    pocket = box(26, 64, 11, 12, 0.8)
    canvas.shade(pocket.moved(0.3, 0.5), 0.3, 0.5)
    canvas.fill(pocket, sheet(lighter(look.colour, 0.06), 0.08))
    canvas.texture(pocket, "waffle", 0.26, darker(look.colour, 0.8))


@kind("soap", size=1.2, focus=(40, 68), near=1.7)
def soap(canvas: Canvas, look: Look) -> None:
    """A stamped bar on a ridged dish."""
    contact(canvas, 46, y=82)
    dish = outline(
        curve([(13, 74), (17, 80), (26, 82.6)]), curve([(26, 82.6), (40, 83.2), (54, 82.6)]), curve([(54, 82.6), (63, 80), (67, 74)])
    )
    canvas.fill(dish, tube(look.second))
    canvas.fill(ellipse(40, 74, 27, 4.6), Linear(((0, lighter(look.second, 0.5)), (1, look.second)), 20))
    canvas.fill(ellipse(40, 74.2, 25, 3.7), Linear(((0, darker(look.second, 0.2)), (1, lighter(look.second, 0.2))), 20))
    canvas.shade(ellipse(42, 75, 20, 2.4), 0.4, 1)
    side = soft_polygon([(21, 62), (58, 62), (60, 73), (20, 73)], 4.6)
    canvas.fill(side, Linear(((0, darker(look.colour, 0.04)), (0.5, darker(look.colour, 0.1)), (1, darker(look.colour, 0.32))), 90))
    top = soft_polygon([(25.6, 49), (55, 49), (60, 66.6), (20, 66.6)], 6)
    canvas.fill(top, Linear(((0, lighter(look.colour, 0.42)), (0.6, look.colour), (1, darker(look.colour, 0.06))), 40))
    inner = soft_polygon([(28.4, 51.4), (52.4, 51.4), (56.4, 63.8), (23.8, 63.8)], 4.6)
    canvas.fill(inner - inner.scaled(0.965, 0.95, 40, 58), darker(look.colour, 0.4), opacity=0.45)
    for side_turn, x in ((-38, 37.6), (38, 42.4)):
        leaf = ellipse(x, 57.4, 1.7, 4.4).turned(side_turn, 40, 61)
        canvas.fill(leaf, darker(look.colour, 0.35), opacity=0.55)
        canvas.fill(leaf.moved(0.25, 0.35), lighter(look.colour, 0.5), opacity=0.4)
    canvas.fill(ellipse(40, 55.6, 1.7, 4.4), darker(look.colour, 0.35), opacity=0.55)
    canvas.fill(stroke([(40, 56), (40, 62)], 0.5), darker(look.colour, 0.4), opacity=0.6)
    for x, y, size in ((16, 68, 3.4), (12.6, 62, 2), (66, 66, 2.6), (19, 57.6, 1.5), (69.4, 59, 1.6)):
        canvas.fill(ellipse(x, y, size), WHITE, opacity=0.22)
        canvas.fill(ellipse(x, y, size) - ellipse(x, y, size - 0.3), WHITE, opacity=0.7)
        canvas.fill(ellipse(x - size * 0.4, y - size * 0.4, size * 0.2), WHITE, opacity=0.9)


@kind("pump_bottle", size=1.15, focus=(40, 56), near=1.6)
def pump_bottle(canvas: Canvas, look: Look) -> None:
    """A glass bottle with a pump."""
    contact(canvas, 26)
    canvas.soft(ellipse(51, 85, 12, 2), lighter(look.colour, 0.2), 0.5, 1.8)
    dark = rgb("#2d2e34")
    canvas.fill(box(38.9, 22, 2.2, 12), tube(dark))
    nozzle = path("M31.4 20 C26 20 24.6 22 24 26 L26.4 26 C26.8 24 28 23.6 31.4 23.6 L44.6 23.6 C46.4 23.6 46.4 20 44.6 20 Z")
    canvas.fill(nozzle, Linear(((0, lighter(dark, 0.4)), (1, dark)), 90))
    canvas.fill(turned_on_lathe([(5, 33), (5.4, 39.4)], tilt=0.12, smooth_sides=False), tube(dark, 0.4))
    neck = box(35.4, 38.6, 9.2, 5)
    canvas.fill(neck, tube(look.colour, 0.4), opacity=0.95)
    wall = path("M35 42 C34 45.4 25 46 25 52 L25 79 C25 82 26.6 83.4 30 83.4 L50 83.4 C53.4 83.4 55 82 55 79 L55 52 C55 46 46 45.4 45 42 Z")
    canvas.fill(
        wall,
        Linear(
            (
                (0, darker(look.colour, 0.35)),
                (0.22, lighter(look.colour, 0.2)),
                (0.55, look.colour),
                (0.9, darker(look.colour, 0.4)),
                (1, look.colour),
            ),
            0,
        ),
    )
    canvas.veil(wall, ((0, 0), (0.9, 0), (1, 0.3)), 90)
    canvas.fill(band(40, (15, 49.4), (15, 50.2), tilt=0.1), lighter(look.colour, 0.5), opacity=0.5, clip=wall)
    label = box(29, 56, 22, 20, 0.5)
    canvas.fill(label, look.second)
    canvas.veil(label, ((0, 0.08), (0.4, 0), (1, 0.2)), 0)
    sprig(canvas, 40, 66.6, 7, 0, darker(look.colour, 0.2), pairs=3, size=2.8)
    for y, width, thick in ((69, 15, 0.9), (71.4, 10, 0.45), (73, 12, 0.45)):
        canvas.fill(box(40 - width / 2, y, width, thick), rgb("#3c3a44"), opacity=0.75)
    canvas.shine(stroke([(28, 51), (27.4, 78)], 1), 0.6, 0.5, clip=wall)


@kind("salts_jar", size=1.1, focus=(40, 64), near=1.6)
def salts_jar(canvas: Canvas, look: Look) -> None:
    """A jar of bath salts, a scoop and sprigs of lavender beside it."""
    contact(canvas, 36, cx=36)
    wall = turned_on_lathe([(15, 46), (18, 49.4), (18, 78), (16.4, 82)], cx=36, tilt=0.15)
    salts = turned_on_lathe([(17, 54), (17, 78), (15.6, 81)], cx=36, tilt=0.15)
    canvas.fill(salts, tube(mix(look.colour, WHITE, 0.45), 0.25))
    dice = dice_of(21)
    for colour, count in ((WHITE, 170), (look.colour, 150), (darker(look.colour, 0.25), 90)):
        crystals = joined(
            polygon((x, y - s), (x + s * 0.9, y - s * 0.2), (x + s * 0.5, y + s), (x - s * 0.7, y + s * 0.6))
            for x, y, s in ((dice.uniform(18, 54), dice.uniform(52, 84), dice.uniform(0.4, 1.0)) for _ in range(count))
        )
        canvas.fill(crystals, colour, opacity=0.6, clip=salts)
    canvas.fill(ellipse(36, 54, 17, 2.5), mix(look.colour, WHITE, 0.6))
    glass(canvas, wall, rgb("#e8eef4"), strength=0.1)
    stopper = turned_on_lathe([(14.6, 39.4), (14, 46)], cx=36, tilt=0.15, smooth_sides=False)
    canvas.fill(stopper, tube(look.second))
    canvas.texture(stopper, "grit", 0.3)
    canvas.fill(ellipse(36, 39.4, 14.6, 2.2), sheet(lighter(look.second, 0.2), 0.1))
    label = box(26.6, 62, 18.8, 12, 0.5)
    canvas.fill(label, rgb("#faf6ec"))
    for y, width, thick in ((65.4, 12, 0.9), (68, 8, 0.45), (69.8, 10, 0.45)):
        canvas.fill(box(36 - width / 2, y, width, thick), rgb("#55496b"), opacity=0.8)
    rod(canvas, [(72, 79.4), (62, 82)], 1.6, rgb("#c5965f"))
    canvas.fill(smooth((62.6, 80.2), (58, 79.6), (53.6, 82), (54.4, 85.4), (60, 86), (63.4, 83.6)), sheet(rgb("#c5965f"), 0.25))
    canvas.fill(ellipse(58, 82.2, 3.6, 1.5).turned(-14, 58, 82.2), mix(look.colour, WHITE, 0.5))
    for x, lean in ((58, 8), (63, 15), (66, 24)):
        _lavender(canvas, x - 3, 78, lean, 32)


def _lavender(canvas: Canvas, x: float, y: float, lean: float, height: float) -> None:
    angle = math.radians(lean)
    tip = (x + math.sin(angle) * height, y - math.cos(angle) * height)
    canvas.fill(stroke([(x, y), tip], 0.45), rgb("#7b8f62"))
    for index in range(9):
        share = 0.5 + index * 0.058
        px, py = x + (tip[0] - x) * share, y + (tip[1] - y) * share
        for side in (-1, 1):
            bud = ellipse(px + side * 1.1, py, 1.15, 0.75).turned(lean - side * 35, px, py)
            canvas.fill(bud, (rgb("#8f77c2"), rgb("#7660ad"))[index % 2])


@kind("bath_brush", lies=True, focus=(34, 32), near=1.6)
def bath_brush(canvas: Canvas, look: Look) -> None:
    """A wooden brush with a long handle."""
    with canvas.within(turn=28):
        handle = outline(
            curve([(36, 34), (37.6, 48), (37.4, 70), (38, 88)]),
            arc(40, 89, 2.2, 2.4, 180, 0),
            curve([(42, 88), (42.6, 70), (42.4, 48), (44, 34)]),
        )
        head = ellipse(40, 24, 12.4, 16)
        hole = ellipse(40, 87.6, 0.9, 1.2)
        fallen(canvas, (head + handle) - hole, 1.8)
        bristles = joined(
            ellipse(40 + 13.4 * math.cos(a), 24.6 + 17 * math.sin(a), 1.2, 1.2, steps=12) for a in [index * 0.1 for index in range(63)]
        )
        canvas.fill(bristles, sheet(look.second, 0.3))
        canvas.fill(handle - hole, look.colour)
        wood(canvas, (handle + head) - hole, look.colour, degrees=88, every=1.3)
        canvas.veil(head, ((0, 0.4), (0.4, 0)), 45, CREAM)
        canvas.veil(head, ((0, 0), (0.6, 0), (1, 0.3)), 45)
        canvas.fill(ellipse(40, 24, 10.6, 14) - ellipse(40, 24, 10.1, 13.5), darker(look.colour, 0.5), opacity=0.4)
        leaf = ellipse(40, 24, 1.8, 5)
        canvas.fill(leaf, darker(look.colour, 0.5), opacity=0.5)
        canvas.fill(stroke(curve([(40, 88), (36, 96), (44, 97), (40, 88)]), 0.6), rgb("#6d4a35"))
    for x, y, size in ((16, 66, 5), (24, 75, 3), (12, 77, 2.4), (20, 84, 1.8)):
        canvas.fill(ellipse(x, y, size), WHITE, opacity=0.3)
        canvas.fill(ellipse(x, y, size) - ellipse(x, y, size - 0.35), WHITE, opacity=0.75)
        canvas.fill(ellipse(x - size * 0.4, y - size * 0.4, size * 0.2), WHITE, opacity=0.95)


@kind("bath_mat", lies=True, size=1.1, focus=(40, 50), near=1.5)
def bath_mat(canvas: Canvas, look: Look) -> None:
    """A terry mat with a raised border, one corner turned up."""
    with canvas.within(turn=-6):
        whole = path(
            "M13 24 C13 22.4 14 21.6 15.4 21.6 L64.6 21.6 C66 21.6 67 22.4 67 24 L67 70 L59 78.4 L15.4 78.4 C14 78.4 13 77.6 13 76 Z"
        )
        fallen(canvas, whole, 1.1)
        canvas.fill(whole, sheet(look.colour, 0.12, 50))
        canvas.texture(whole, "loops", 0.36, darker(look.colour, 0.9))
        for inset in (4.6, 8.2):
            ring = box(13 + inset, 21.6 + inset, 54 - 2 * inset, 56.8 - 2 * inset, 3) - box(
                14.8 + inset, 23.4 + inset, 50.4 - 2 * inset, 53.2 - 2 * inset, 2
            )
            canvas.shade(ring.moved(0.4, 0.7), 0.4, 0.6, clip=whole)
            canvas.fill(ring, lighter(look.colour, 0.32), clip=whole)
        for cx, cy, scale in ((33, 43, 1.0), (47, 52, 0.8), (34, 60, 0.6)):
            stone = smooth(
                (cx - 8 * scale, cy),
                (cx - 3 * scale, cy - 5 * scale),
                (cx + 6 * scale, cy - 4 * scale),
                (cx + 8 * scale, cy + 2 * scale),
                (cx + 1 * scale, cy + 5.4 * scale),
            )
            canvas.shade(stone.moved(0.4, 0.7), 0.3, 0.6)
            canvas.fill(stone, sheet(lighter(look.colour, 0.36), 0.1))
            canvas.texture(stone, "loops", 0.24, darker(look.colour, 0.9))
        corner = soft_polygon([(67, 70), (59, 78.4), (57.6, 68.8)], 1.2)
        canvas.shade(corner.moved(-0.6, 0.6), 0.45, 1.2, clip=whole)
        canvas.fill(corner, sheet(look.second, 0.2))


@kind("sponge", size=1.15, focus=(40, 66), near=1.6)
def sponge(canvas: Canvas, look: Look) -> None:
    """A sea sponge."""
    contact(canvas, 44, y=82)
    body = smooth(
        (13, 70),
        (14, 60),
        (20, 52),
        (27, 46),
        (35, 47),
        (42, 42),
        (51, 44),
        (58, 50),
        (65, 56),
        (68, 66),
        (64, 76),
        (56, 82),
        (44, 83.6),
        (32, 82.6),
        (20, 81),
    )
    canvas.fill(
        body, Radial(((0, lighter(look.colour, 0.45)), (0.5, look.colour), (1, darker(look.colour, 0.5))), x=0.34, y=0.24, reach=1.6)
    )
    dice = dice_of(17)
    holes, rims = [], []
    for _ in range(420):
        angle, reach = dice.uniform(0, math.tau), dice.uniform(0, 1) ** 0.5
        x, y = 40 + 28 * reach * math.cos(angle), 63.5 + 20 * reach * math.sin(angle)
        size = dice.choice((0.3, 0.4, 0.5, 0.7, 0.9, 1.2))
        shape = ellipse(x, y, size, size * 0.85, steps=12)
        holes.append(shape)
        rims.append(shape.moved(0.25, 0.4))
    canvas.fill(joined(rims), lighter(look.colour, 0.6), opacity=0.5, clip=body)
    canvas.fill(joined(holes), darker(look.colour, 0.55), opacity=0.55, clip=body)
    canvas.texture(body, "grit", 0.25, darker(look.colour, 0.8))
    canvas.shine(ellipse(32, 54, 12, 7), 0.28, 5, clip=body)
    for x, y, size in ((64, 47, 2.6), (69, 52, 1.5), (17, 47, 1.8)):
        canvas.fill(ellipse(x, y, size), WHITE, opacity=0.25)
        canvas.fill(ellipse(x, y, size) - ellipse(x, y, size - 0.3), WHITE, opacity=0.75)


@kind("tooth_tumbler", size=1.2, focus=(40, 52), near=1.6)
def tooth_tumbler(canvas: Canvas, look: Look) -> None:
    """A tumbler with two wooden brushes."""
    contact(canvas, 26)
    for x, lean, tuft in ((36, -9, look.third), (45, 13, rgb("#f4f1ea"))):
        with canvas.within(turn=lean, at=(x, 66)):
            rod(canvas, [(x, 66), (x, 22)], 2, look.second, end_width=2.6)
            canvas.fill(box(x + 0.6, 19.4, 3.4, 9, 0.5), sheet(tuft, 0.2, 0))
            canvas.fill(joined(box(x + 0.8, 19.8 + i * 1.5, 3.2, 0.25) for i in range(6)), darker(tuft, 0.4), opacity=0.5)
            canvas.fill(box(x - 1.2, 18.6, 2.4, 11, 1.2), sheet(look.second, 0.2, 0))
    front = turned_on_lathe([(14, 52), (14.4, 66), (13, 82)], tilt=0.17, front=True)
    canvas.fill(front, look.colour)
    canvas.texture(front, "grit", 0.08)
    canvas.rounded(front)
    canvas.fill(band(40, (14.4, 70), (14.2, 71), tilt=0.17), look.third, clip=front, opacity=0.8)
    canvas.fill(outline(arc(40, 52, 14, 2.4, 0, 180), arc(40, 51.5, 13.3, 2.1, 180, 0)), lighter(look.colour, 0.4))
    canvas.shine(stroke([(31, 58), (31, 72)], 1.4), 0.5, 0.8)


@kind("shaving", focus=(40, 46), near=1.5)
def shaving(canvas: Canvas, look: Look) -> None:
    """A safety razor and a brush hanging on a brass stand."""
    contact(canvas, 36)
    base = outline(arc(40, 79, 18, 3, 180, 360), arc(40, 81.6, 18, 3, 0, 180))
    canvas.fill(base, metal(look.second))
    canvas.fill(ellipse(40, 79, 17.4, 2.6), Linear(((0, lighter(look.second, 0.5)), (1, look.second)), 20))
    canvas.fill(box(39.2, 30, 1.6, 48), metal(look.second))
    canvas.fill(ellipse(40, 29, 2, 2), ball(look.second))
    rod(canvas, [(25, 34), (55, 34)], 1.2, look.second)
    for x in (25, 55):
        rod(canvas, curve([(x - 3, 37), (x - 2.4, 34.4), (x, 33.6), (x + 2.4, 34.4), (x + 3, 37)]), 1, look.second)
    handle = turned_on_lathe([(2.2, 41), (3.4, 46), (2.4, 51), (4.4, 57)], cx=26, tilt=0.1)
    canvas.fill(turned_on_lathe([(5, 35.6), (3.4, 38), (2.2, 41)], cx=26, tilt=0.1), tube(look.colour))
    canvas.fill(handle, tube(look.colour, 0.4))
    brush = outline(
        curve([(21.8, 58), (20, 66), (17.6, 73)]), curve([(17.6, 73), (26, 76.6), (34.4, 73)]), curve([(34.4, 73), (32, 66), (30.2, 58)])
    )
    canvas.fill(brush, Linear(((0, darker(look.third, 0.3)), (0.5, look.third), (1, darker(look.third, 0.25))), 0))
    canvas.fill(
        joined(stroke([(26 + s * 3.6, 58), (26 + s * 7.6, 74)], 0.25) for s in (-0.9, -0.6, -0.3, 0, 0.3, 0.6, 0.9)),
        darker(look.third, 0.6),
        opacity=0.4,
        clip=brush,
    )
    canvas.veil(brush, ((0, 0.45), (0.4, 0), (1, 0)), 90, rgb("#6b5136"))
    canvas.fill(box(21.6, 55.6, 8.8, 3, 0.6), metal(look.second))
    canvas.fill(box(49.4, 32, 11.6, 3.4, 1.2), metal(look.second))
    canvas.fill(box(48.6, 34.4, 13.2, 1.2, 0.5), metal(rgb("#c8ced4")))
    canvas.fill(box(54, 36, 2, 6), metal(look.second))
    canvas.fill(turned_on_lathe([(1.8, 41), (2, 60), (2.5, 67)], cx=55, tilt=0.12), tube(look.colour, 0.4))
    canvas.fill(turned_on_lathe([(2.6, 66), (2.2, 69)], cx=55, tilt=0.2), metal(look.second))


@kind("cream_tube", lies=True, focus=(40, 44), near=1.6)
def cream_tube(canvas: Canvas, look: Look) -> None:
    """A metal tube rolled up from its end."""
    with canvas.within(turn=-24):
        body = outline(
            [(23, 16), (57, 16)], curve([(57, 16), (54, 44), (52, 76)]), [(47, 80), (33, 80)], curve([(28, 76), (26, 44), (23, 16)])
        )
        cap = soft_polygon([(33, 81), (47, 81), (48.6, 91), (31.4, 91)], 1)
        fallen(canvas, body + cap, 1.5)
        canvas.fill(
            body,
            Linear(
                (
                    (0, darker(look.colour, 0.22)),
                    (0.2, lighter(look.colour, 0.4)),
                    (0.5, look.colour),
                    (0.86, darker(look.colour, 0.2)),
                    (1, look.colour),
                ),
                0,
            ),
        )
        canvas.fill(cap, tube(look.third, 0.4))
        canvas.fill(joined(box(32.4 + index * 1.7, 82, 0.4, 8.4) for index in range(10)), darker(look.third, 0.5), opacity=0.5)
        for y in (11.6, 16.4):
            roll = box(21.4, y, 37.2, 5.2, 2.4)
            canvas.shade(roll.moved(0.4, 1.2), 0.35, 0.8)
            canvas.fill(roll, Linear(((0, rgb("#f0f1f2")), (0.4, rgb("#c3c9ce")), (1, rgb("#8f979d"))), 90))
        for crease in ([(27, 24), (34, 40)], [(52, 26), (46, 38)]):
            canvas.fill(stroke(crease, 0.7, end_width=0.1), darker(look.colour, 0.4), opacity=0.5)
        label = soft_polygon([(29, 38), (51, 38), (50, 68), (30, 68)], 0.8)
        canvas.fill(label, look.second, opacity=0.95)
        canvas.fill(label.scaled(0.9, 0.93, 40, 53) - label.scaled(0.87, 0.91, 40, 53), look.third, opacity=0.8)
        flower(canvas, 40, 47, 4.4, look.colour, rgb("#e8b23a"), petals=8)
        for y, width, thick in ((56, 13, 1.0), (58.8, 9, 0.5), (60.8, 11, 0.5), (62.8, 7, 0.5)):
            canvas.fill(box(40 - width / 2, y, width, thick), look.third, opacity=0.8)


@kind("comb", lies=True, size=1.1, focus=(40, 48), near=1.6)
def comb(canvas: Canvas, look: Look) -> None:
    """A wooden pocket comb."""
    with canvas.within(turn=-38):
        spine = path("M9 42 C9 37 13 34.6 20 34.4 L64 36 C69 36.2 71.4 39 71.4 43 L71.4 48 L9 48 Z")
        wide = joined(
            soft_polygon([(10 + i * 3.5, 46), (12.2 + i * 3.5, 46), (11.8 + i * 3.5, 62), (10.5 + i * 3.5, 62)], 0.6) for i in range(8)
        )
        fine = joined(
            soft_polygon([(38.6 + i * 2.04, 46), (39.9 + i * 2.04, 46), (39.6 + i * 2.04, 61), (38.9 + i * 2.04, 61)], 0.35)
            for i in range(16)
        )
        ends = box(69.4, 44, 2, 17, 0.9) + box(9, 44, 2.4, 18, 1)
        whole = spine + wide + fine + ends
        fallen(canvas, whole, 1.1)
        wood(canvas, whole, look.colour, degrees=2, every=0.9)
        canvas.veil(spine, ((0, 0.35), (0.5, 0)), 90, CREAM)
        canvas.fill(stroke([(14, 44.6), (66, 44.6)], 0.3), darker(look.colour, 0.5), opacity=0.6)
        grain(canvas, spine, look.colour, degrees=1, every=0.8)
        dots(canvas, [(64, 40.6)], 1.1, darker(look.colour, 0.5))


@kind("table_mirror", focus=(40, 46), near=1.4)
def table_mirror(canvas: Canvas, look: Look) -> None:
    """A round tilting mirror on a stand with a tray."""
    contact(canvas, 40)
    tray = outline(arc(40, 79, 22, 3.4, 180, 360), arc(40, 81.4, 22, 3.4, 0, 180))
    canvas.fill(tray, tube(look.colour))
    canvas.fill(ellipse(40, 79, 22, 3.4), sheet(lighter(look.colour, 0.2), 0.15, 20))
    canvas.fill(ellipse(40, 79.2, 20.4, 2.7), sheet(darker(look.colour, 0.12), 0.12, 20))
    rod(canvas, [(40, 78.6), (40, 66)], 2.6, look.colour)
    rod(canvas, arc(40, 44, 25.4, 25, 176, 4), 2.2, look.colour)
    for x in (15.6, 64.4):
        canvas.fill(ellipse(x, 43, 1.9), ball(rgb("#c99b45")))
    frame = ellipse(40, 43, 23)
    canvas.shade(frame.moved(1.4, 1.8), 0.25, 1.8)
    canvas.fill(frame, sheet(look.colour, 0.25, 40))
    pane = ellipse(40, 43, 21)
    canvas.fill(pane, Linear(((0, rgb("#f6fafc")), (0.5, mix(look.second, WHITE, 0.55)), (1, mix(look.second, WHITE, 0.2))), 60))
    beam = joined([polygon((22, 60), (46, 20), (53, 22), (28, 66)), polygon((33, 66), (57, 24), (59.4, 26), (36, 68))])
    canvas.fill(beam, WHITE, opacity=0.45, clip=pane)
    canvas.fill(pane - ellipse(40, 43, 20.3), darker(look.second, 0.4), opacity=0.35)
    ring = ellipse(51, 78.4, 2.6, 0.9) - ellipse(51, 78.4, 2, 0.5)
    canvas.fill(ring, rgb("#e3b23c"))
    canvas.fill(ellipse(51.4, 77.2, 0.9, 0.8), ball(rgb("#d24a5c")))
    bottle = turned_on_lathe([(1.6, 69), (1.6, 71.4), (3.6, 73.4), (3.6, 78)], cx=30, tilt=0.16)
    canvas.fill(bottle, tube(rgb("#d98f9c"), 0.3), opacity=0.9)
    canvas.fill(ellipse(30, 67.8, 1.9, 1.6), ball(rgb("#c99b45")))
