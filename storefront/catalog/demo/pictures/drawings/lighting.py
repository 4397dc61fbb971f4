"""Drawings of lamps and candles, all lit."""

import math

from storefront.catalog.demo.pictures.backdrop import FLOOR, contact
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, ball, metal, sheet, tube
from storefront.catalog.demo.pictures.colour import CREAM, Colour, darker, lighter, mix, rgb
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import GLOW, WHITE, flame, light_cone, rod, speckle
from storefront.catalog.demo.pictures.shapes import (
    arc,
    band,
    box,
    curve,
    ellipse,
    outline,
    path,
    polygon,
    smooth,
    stroke,
    turned_on_lathe,
)

BULB = rgb("#fff4d2")


def _shine_on_wall(canvas: Canvas, x: float, y: float, size: float, strength: float = 0.55) -> None:
    canvas.soft(ellipse(x, y, size, size * 0.9), GLOW, strength, size * 0.55)


def _linen_shade(canvas: Canvas, cx: float, top: tuple[float, float], bottom: tuple[float, float], colour: Colour) -> None:
    """A lit fabric shade between two (radius, y)."""
    shade = turned_on_lathe([top, bottom], cx=cx, tilt=0.1, smooth_sides=False)
    canvas.fill(shade, colour)
    canvas.texture(shade, "weave", 0.1)
    canvas.fill(
        shade,
        Linear(((0, rgb("#f0c878")), (0.25, rgb("#fdeec0")), (0.55, rgb("#fff6da")), (0.8, rgb("#f8dc9c")), (1, rgb("#dfae64"))), 0),
        opacity=0.72,
    )
    canvas.veil(shade, ((0, 0.2), (0.35, 0), (1, 0)), 90, rgb("#a5642a"))
    canvas.fill(band(cx, (bottom[0], bottom[1] - 1), bottom, tilt=0.1), darker(colour, 0.25), opacity=0.5)
    canvas.fill(ellipse(cx, top[1], top[0], top[0] * 0.1), BULB)
    canvas.fill(ellipse(cx, top[1], top[0], top[0] * 0.1) - ellipse(cx, top[1] + 0.2, top[0] - 0.7, top[0] * 0.08), colour)


@kind("lamp_mushroom", focus=(38, 46), near=1.5)
def lamp_mushroom(canvas: Canvas, look: Look) -> None:
    """A table lamp like a mushroom."""
    contact(canvas, 26)
    canvas.soft(ellipse(40, 84, 30, 5), GLOW, 0.6, 4)
    _shine_on_wall(canvas, 40, 60, 26, 0.35)
    stem = turned_on_lathe([(6, 50), (6.4, 60), (8.6, 72), (13.6, 82)], tilt=0.16)
    canvas.fill(stem, look.colour)
    canvas.rounded(stem)
    canvas.veil(stem, ((0, 0.75), (0.5, 0.2), (1, 0)), 90, GLOW)
    under = ellipse(40, 51, 25.4, 4.4)
    canvas.fill(under, Radial(((0, WHITE), (0.4, GLOW), (1, mix(look.colour, rgb("#f6c873"), 0.6))), x=0.5, y=0.5, reach=1))
    cap = outline(arc(40, 51, 26, 25, 180, 360), arc(40, 51, 26, 3.4, 0, 180))
    dome = cap - ellipse(40, 53.6, 24.6, 3.6)
    canvas.fill(dome, look.colour)
    canvas.fill(
        dome,
        Radial(
            ((0, lighter(look.colour, 0.42)), (0.35, lighter(look.colour, 0.08)), (0.7, look.colour), (1, darker(look.colour, 0.34))),
            x=0.32,
            y=0.25,
            reach=1.45,
        ),
    )
    lip = outline(arc(40, 51, 26, 3.4, 0, 180), arc(40, 50.2, 25.9, 3.2, 180, 0))
    canvas.fill(lip, lighter(look.colour, 0.35))
    canvas.shine(ellipse(29, 36, 4.4, 2.6).turned(-38, 29, 36), 0.7, 1.4)


@kind("lamp_base", size=1.05, focus=(40, 62), near=1.5)
def lamp_base(canvas: Canvas, look: Look) -> None:
    """A stoneware base under a linen shade."""
    contact(canvas, 26)
    _shine_on_wall(canvas, 40, 34, 34)
    canvas.fill(box(38.9, 44, 2.2, 10), metal(look.third))
    base = turned_on_lathe([(3.4, 52), (9, 57), (14.6, 66), (13, 76), (8.6, 82)], tilt=0.16)
    canvas.fill(base, look.colour)
    speckle(canvas, base, darker(look.colour, 0.6), 90)
    canvas.rounded(base)
    canvas.veil(base, ((0, 0.4), (0.4, 0)), 90, GLOW)
    canvas.shine(ellipse(32, 64, 1.4, 4.6).turned(14, 32, 64), 0.6, 0.8)
    light_cone(canvas, polygon((18, 46), (62, 46), (74, 78), (6, 78)), 0.28)
    _linen_shade(canvas, 40, (14, 18), (22, 45), look.second)


@kind("lamp_desk", focus=(48, 34), near=1.5)
def lamp_desk(canvas: Canvas, look: Look) -> None:
    """A jointed desk lamp."""
    contact(canvas, 26, cx=50)
    light_cone(canvas, polygon((15, 42), (33, 36), (38, 83), (-4, 83)), 0.5)
    canvas.soft(ellipse(18, 83.6, 17, 3.4), GLOW, 0.8, 2.4)
    rod(canvas, [(52, 79), (62, 52)], 1.7, look.colour)
    rod(canvas, [(54, 79.4), (64, 52.6)], 0.8, rgb("#aab1b8"))
    rod(canvas, [(62, 52), (34, 30)], 1.7, look.colour)
    rod(canvas, [(62.6, 50), (40, 32.4)], 0.8, rgb("#aab1b8"))
    rod(canvas, [(62, 52), (67, 56)], 1.7, look.colour)
    canvas.fill(ellipse(68.4, 57, 3.2), ball(look.second))
    for x, y, r in ((62, 52, 2.5), (34, 30, 2.1)):
        canvas.fill(ellipse(x, y, r), ball(look.second))
        canvas.fill(ellipse(x, y, r * 0.4), darker(look.second, 0.5))
    base = outline(arc(53, 79.6, 11, 2.6, 180, 360), arc(53, 81.4, 11, 2.8, 0, 180))
    canvas.fill(base, tube(look.colour))
    canvas.fill(ellipse(53, 79.4, 10.6, 2.2), Linear(((0, lighter(look.colour, 0.35)), (1, look.colour)), 20))
    with canvas.within(turn=-18, at=(28, 32)):
        opening = ellipse(26, 42, 10.8, 3)
        canvas.fill(opening, Radial(((0, WHITE), (0.5, BULB), (1, rgb("#f4c873"))), x=0.5, y=0.5, reach=1))
        shade = outline(
            [(23.4, 24), (28.6, 24)],
            curve([(29.6, 27), (34, 32), (36.8, 42)]),
            arc(26, 42, 10.8, 2.6, 0, 180),
            curve([(15.2, 42), (18, 32), (22.4, 27)]),
        )
        front = shade - ellipse(26, 43.4, 10, 2.6)
        canvas.fill(front, look.colour)
        canvas.rounded(front, 1.1)
        canvas.fill(outline(arc(26, 42, 10.8, 2.6, 0, 180), arc(26, 41.5, 10.8, 2.5, 180, 0)), lighter(look.colour, 0.4))
        canvas.fill(box(24.2, 20.6, 3.6, 4, 1), metal(look.second))


@kind("lamp_tripod", focus=(40, 34), near=1.5)
def lamp_tripod(canvas: Canvas, look: Look) -> None:
    """A floor lamp on three legs."""
    _shine_on_wall(canvas, 40, 26, 32)
    for x in (22, 42, 58):
        canvas.shade(ellipse(x + 2, 84.6, 4, 0.9), 0.4, 0.8)
    for line in ([(40, 42), (42.5, 81)], [(39.4, 42), (22, 84)], [(40.6, 42), (58, 84)]):
        rod(canvas, line, 2.2, look.colour, end_width=1.7)
    canvas.fill(box(37, 37.4, 6, 6, 1.4), metal(look.third))
    light_cone(canvas, polygon((22, 36), (58, 36), (70, 84), (10, 84)), 0.24)
    _linen_shade(canvas, 40, (16.4, 12), (19, 36), look.second)
    canvas.fill(stroke([(47, 37), (47, 47)], 0.3), darker(look.third, 0.3))
    canvas.fill(ellipse(47, 48, 0.9, 1.3), ball(look.colour))


@kind("lamp_arc", focus=(24, 34), near=1.5)
def lamp_arc(canvas: Canvas, look: Look) -> None:
    """A floor lamp that reaches over."""
    contact(canvas, 16, cx=62)
    light_cone(canvas, polygon((8, 38), (34, 38), (46, 84), (-4, 84)), 0.46)
    canvas.soft(ellipse(21, 84, 21, 3), GLOW, 0.6, 2)
    bow = curve([(62, 80), (62.4, 52), (56, 26), (40, 14.6), (26, 17), (21, 25)])
    rod(canvas, bow, 1.3, look.colour)
    block = box(53, 76, 18, 7.4, 1)
    canvas.fill(block, sheet(look.second, 0.16, 60))
    canvas.fill(stroke(curve([(54, 82), (59, 78), (64, 81), (70, 77)]), 0.4), darker(look.second, 0.4), opacity=0.35, clip=block)
    canvas.fill(box(61, 73.6, 2.4, 3), metal(look.colour))
    under = ellipse(21, 38, 13.4, 2.6)
    canvas.fill(under, Radial(((0, WHITE), (0.5, BULB), (1, rgb("#f4c873"))), x=0.5, y=0.5, reach=1))
    shade = outline(arc(21, 38, 13.6, 13.4, 180, 360), arc(21, 38, 13.6, 2, 0, 180)) - ellipse(21, 39.4, 12.8, 2.2)
    canvas.fill(shade, metal(look.colour))
    canvas.veil(shade, ((0, 0.25), (0.5, 0)), 90, CREAM)


def _cord(canvas: Canvas, x: float, until: float, colour: Colour) -> None:
    canvas.fill(box(x - 0.3, -120, 0.6, until + 120), darker(colour, 0.3))


@kind("pendant_dome", focus=(38, 42), near=1.5)
def pendant_dome(canvas: Canvas, look: Look) -> None:
    """An enamelled dome on its cord."""
    light_cone(canvas, polygon((15, 54), (65, 54), (82, 100), (-2, 100)), 0.55)
    _cord(canvas, 40, 24, rgb("#4c4f56"))
    canvas.fill(box(37.6, 21, 4.8, 6, 1.2), metal(look.second))
    under = ellipse(40, 53.4, 27.4, 5)
    canvas.fill(under, Radial(((0, WHITE), (0.45, BULB), (1, rgb("#efd196"))), x=0.5, y=0.4, reach=1))
    canvas.fill(ellipse(40, 54.4, 5.4, 4), WHITE)
    canvas.soft(ellipse(40, 56, 12, 8), WHITE, 0.8, 4)
    shade = outline(
        [(36.4, 26.6), (43.6, 26.6)],
        curve([(44.4, 30), (56, 35), (65, 45), (68, 53)]),
        arc(40, 53, 28, 4.4, 0, 180),
        curve([(12, 53), (15, 45), (24, 35), (35.6, 30)]),
    )
    front = shade - ellipse(40, 55.6, 26.6, 4.6)
    canvas.fill(front, look.colour)
    canvas.rounded(front)
    canvas.veil(front, ((0, 0.25), (0.5, 0)), 90, CREAM)
    canvas.fill(outline(arc(40, 53, 28, 4.4, 0, 180), arc(40, 52.2, 27.9, 4.2, 180, 0)), lighter(look.colour, 0.4))
    canvas.shine(ellipse(27, 40, 5, 1.8).turned(-42, 27, 40), 0.7, 1.2)


@kind("pendant_globe", focus=(40, 46), near=1.5)
def pendant_globe(canvas: Canvas, look: Look) -> None:
    """A glowing globe, like the moon."""
    _cord(canvas, 40, 20, look.second)
    canvas.soft(ellipse(40, 46, 40, 40), GLOW, 0.42, 16)
    canvas.soft(ellipse(40, 46, 27, 27), GLOW, 0.5, 6)
    globe = ellipse(40, 46, 23)
    canvas.fill(globe, Radial(((0, WHITE), (0.5, rgb("#fff6dc")), (0.85, rgb("#fbe0a4")), (1, rgb("#eec47c"))), x=0.45, y=0.45, reach=1.05))
    canvas.fill(box(35.6, 19, 8.8, 5.6, 1.4), metal(look.second))
    canvas.fill(box(38.6, 14.4, 2.8, 5), metal(look.second))
    canvas.shine(ellipse(30, 36, 4, 2.4).turned(-40, 30, 36), 0.9, 1.2)
    canvas.soft(ellipse(40, 97, 30, 3), GLOW, 0.35, 5)


@kind("pendant_paper", focus=(40, 44), near=1.5)
def pendant_paper(canvas: Canvas, look: Look) -> None:
    """A round paper lantern."""
    _cord(canvas, 40, 20, look.second)
    canvas.soft(ellipse(40, 46, 38, 36), GLOW, 0.5, 12)
    lantern = ellipse(40, 46, 27, 25)
    canvas.fill(
        lantern, Radial(((0, WHITE), (0.55, rgb("#fff3d6")), (0.9, rgb("#f5d7a2")), (1, rgb("#dfae72"))), x=0.48, y=0.5, reach=1.06)
    )
    for index in range(-8, 9):
        y = 46 + index * 2.85
        half = 27 * math.sqrt(max(0.0, 1 - ((y - 46) / 25) ** 2))
        if half > 3:
            rib = curve(
                [(40 - half, y), (40 - half * 0.5, y + 1.1), (40, y + 1.5 - index * 0.05), (40 + half * 0.5, y + 1), (40 + half, y - 0.4)]
            )
            canvas.fill(stroke(rib, 0.34), rgb("#b98a52"), opacity=0.5, clip=lantern)
    canvas.fill(ellipse(40, 21.6, 6, 1.2), rgb("#c89a62"))
    canvas.fill(ellipse(40, 21.8, 5, 0.8), rgb("#7c5330"))
    canvas.fill(ellipse(40, 70.6, 5.4, 1), rgb("#fffbea"))


@kind("sconce", focus=(40, 44), near=1.5, alone=True)
def sconce(canvas: Canvas, look: Look) -> None:
    """A small lamp on a wall arm."""
    _shine_on_wall(canvas, 46, 50, 30, 0.6)
    canvas.fill(stroke(curve([(22, 46), (21, 62), (24, 78), (22, 101)]), 0.5), rgb("#4c4f56"))
    plate = ellipse(22, 44, 5.4, 6.6)
    canvas.shade(plate.moved(1, 1.4), 0.35, 1)
    canvas.fill(plate, ball(look.second))
    rod(canvas, curve([(22, 43), (32, 42), (40, 34), (49, 32)]), 1.5, look.second)
    canvas.fill(ellipse(49, 32, 2.2), ball(look.second))
    rod(canvas, [(49, 32), (49, 39)], 1.5, look.second)
    light_cone(canvas, polygon((36, 58), (62, 58), (74, 92), (24, 92)), 0.4)
    canvas.fill(ellipse(49, 57.6, 14, 2.6), Radial(((0, WHITE), (0.5, BULB), (1, rgb("#f0ca84"))), x=0.5, y=0.5, reach=1))
    shade = turned_on_lathe([(6, 39), (14.4, 57)], cx=49, tilt=0.13, smooth_sides=False) - ellipse(49, 59, 13.6, 2.6)
    canvas.fill(shade, look.colour)
    canvas.rounded(shade)
    canvas.fill(ellipse(49, 39, 6, 0.8), lighter(look.colour, 0.4))
    canvas.fill(outline(arc(49, 57, 14.4, 1.9, 0, 180), arc(49, 56.4, 14.3, 1.8, 180, 0)), lighter(look.colour, 0.4))


@kind("candle_jar", size=1.3, focus=(40, 62), near=1.7)
def candle_jar(canvas: Canvas, look: Look) -> None:
    """A candle burning in a tinted jar."""
    contact(canvas, 26)
    canvas.soft(ellipse(50, 85, 15, 2.6), lighter(look.colour, 0.2), 0.55, 2)
    wall = turned_on_lathe([(15, 48), (15, 79), (13.8, 82)], tilt=0.17)
    canvas.fill(
        wall,
        Linear(((0, darker(look.colour, 0.3)), (0.3, lighter(look.colour, 0.2)), (0.6, look.colour), (1, darker(look.colour, 0.4))), 0),
        opacity=0.9,
    )
    wax = turned_on_lathe([(14, 60), (14, 79), (13, 81)], tilt=0.17)
    canvas.fill(wax, Linear(((0, mix(look.colour, CREAM, 0.5)), (1, look.colour)), 90), opacity=0.65)
    canvas.soft(ellipse(40, 59, 13, 9), GLOW, 0.75, 3.4, clip=wall)
    canvas.fill(
        ellipse(40, 60, 14, 2.3), Radial(((0, rgb("#fff6d8")), (0.5, CREAM), (1, mix(look.colour, CREAM, 0.5))), x=0.5, y=0.5, reach=1)
    )
    canvas.fill(stroke([(40, 60), (40.2, 56)], 0.6), rgb("#3a2b22"))
    flame(canvas, 40.2, 56.4, 1.15)
    canvas.fill(ellipse(40, 48, 15, 2.6) - ellipse(40, 48, 14.3, 2.1), lighter(look.colour, 0.6), opacity=0.9)
    canvas.veil(wall, ((0, 0), (0.12, 0), (0.17, 0.5), (0.23, 0.4), (0.27, 0), (1, 0)), 0, WHITE)
    label = box(31, 66, 18, 10, 0.6)
    canvas.fill(label, rgb("#f8f1e2"))
    canvas.veil(label, ((0, 0), (0.6, 0), (1, 0.18)), 0)
    for y, width, thick in ((68.6, 9, 0.8), (71, 12, 0.4), (72.8, 7, 0.4)):
        canvas.fill(box(40 - width / 2, y, width, thick), rgb("#3c3a44"), opacity=0.8)


@kind("candlesticks", focus=(40, 52), near=1.5)
def candlesticks(canvas: Canvas, look: Look) -> None:
    """Two tall candles in brass holders."""
    for cx, top, foot in ((50, 24, 80), (31, 16, FLOOR)):
        contact(canvas, 12, cx=cx, y=foot)
        candle = outline([(cx - 0.8, top), (cx + 0.8, top), (cx + 2, foot - 16), (cx - 2, foot - 16)])
        canvas.fill(candle, tube(look.colour, 0.3))
        canvas.veil(candle, ((0, 0.6), (0.25, 0)), 90, GLOW)
        canvas.fill(stroke([(cx, top), (cx, top - 1.6)], 0.35), rgb("#3a2b22"))
        flame(canvas, cx, top - 1, 0.85)
        holder = turned_on_lathe(
            [(3, foot - 18), (2.6, foot - 14), (1.1, foot - 12), (1.1, foot - 6), (2.4, foot - 3.6), (7, foot - 1)], cx=cx, tilt=0.16
        )
        canvas.fill(holder, metal(look.second))
        canvas.fill(ellipse(cx, foot - 18, 3, 0.6), lighter(look.second, 0.4))


@kind("chamberstick", size=1.12, focus=(40, 60), near=1.6)
def chamberstick(canvas: Canvas, look: Look) -> None:
    """An iron dish with a candle and a ring to carry it by."""
    contact(canvas, 34)
    ring = ellipse(62, 73, 5.6, 5.4) - ellipse(62, 73, 3.6, 3.4)
    canvas.fill(ring, sheet(look.colour, 0.3))
    dish = outline(
        arc(40, 76, 20, 4, 180, 360),
        curve([(60, 76), (57, 80), (48, 82.6)]),
        arc(40, 82.4, 8, 1, 0, 180),
        curve([(32, 82.6), (23, 80), (20, 76)]),
    )
    canvas.fill(dish, tube(look.colour, 0.4))
    canvas.texture(dish, "grit", 0.3)
    canvas.fill(ellipse(40, 76, 20, 4), Linear(((0, lighter(look.colour, 0.3)), (1, lighter(look.colour, 0.1))), 20))
    canvas.fill(ellipse(40, 76.4, 18.6, 3.3), Linear(((0, darker(look.colour, 0.3)), (1, lighter(look.colour, 0.15))), 20))
    canvas.soft(ellipse(40, 76.4, 12, 2.2), GLOW, 0.3, 1.4)
    socket = turned_on_lathe([(4.6, 65), (4.2, 74), (6, 77)], tilt=0.18)
    canvas.fill(socket, tube(look.colour, 0.4))
    candle = turned_on_lathe([(3.4, 40), (3.5, 65)], tilt=0.2, smooth_sides=False)
    canvas.fill(candle, tube(look.second, 0.2))
    drip = path(
        "M37 40 L37 50 C37 52.4 38.8 52.4 38.8 50 L39 46 C39.2 44.4 40.4 44.4 40.6 46 L40.6 56 C40.6 58.4 42 58.4 42 56 L42.4 47 L43.2 41 Z"
    )
    canvas.fill(drip, lighter(look.second, 0.5), opacity=0.8)
    canvas.veil(candle, ((0, 0.7), (0.5, 0)), 90, GLOW)
    canvas.fill(ellipse(40, 65, 4.6, 1), lighter(look.colour, 0.3), opacity=0.8, clip=box(30, 65, 20, 4))
    canvas.fill(ellipse(40, 40, 3.4, 0.7), rgb("#fff7de"))
    canvas.fill(stroke([(40, 40), (40.2, 37.4)], 0.5), rgb("#3a2b22"))
    flame(canvas, 40.2, 37.8, 1.2)


@kind("string_lights", focus=(36, 46), near=1.4)
def string_lights(canvas: Canvas, look: Look) -> None:
    """Warm bulbs along two swags against the evening."""
    hill = smooth((-14, 84), (10, 76), (34, 82), (58, 74), (94, 82), (94, 110), (-14, 110))
    canvas.fill(hill, darker(rgb("#2b3561"), 0.4))
    for x, y, size in ((60.0, 10.0, 0.5), (14, 8, 0.4), (33, 14, 0.35), (70, 22, 0.4), (8, 36, 0.35), (48, 66, 0.4), (24, 70, 0.3)):
        canvas.fill(ellipse(x, y, size), CREAM, opacity=0.8)
    for line in ([(-4, 22), (18, 40), (46, 34), (84, 10)], [(-4, 58), (24, 68), (54, 60), (84, 40)]):
        cable = curve(line)
        canvas.fill(stroke(cable, 0.7), look.colour)
        for x, y in cable[4::6]:
            canvas.soft(ellipse(x, y + 6, 7.4), GLOW, 0.62, 4)
            canvas.fill(box(x - 1.1, y, 2.2, 3, 0.5), look.colour)
            bulb = smooth((x, y + 2.6), (x + 2.4, y + 5.6), (x + 1.7, y + 8.4), (x, y + 9.2), (x - 1.7, y + 8.4), (x - 2.4, y + 5.6))
            canvas.fill(bulb, Radial(((0, WHITE), (0.5, rgb("#ffeeb4")), (1, rgb("#f4b548"))), x=0.5, y=0.55, reach=1.1))
