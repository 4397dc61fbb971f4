"""Drawings of what one cooks with: pots, pans and what goes on the fire."""

import math

from storefront.catalog.demo.pictures.backdrop import FLOOR, contact, fallen
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, ball, metal, sheet, tube
from storefront.catalog.demo.pictures.colour import CREAM, Colour, darker, lighter, mix, rgb
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import COFFEE, WHITE, dice_of, dots, glass, grain, mouth, rod, sprig, steam, wood
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

YOLK = rgb("#f6b32b")


@kind("skillet", lies=True, size=1.12, focus=(36, 56), near=1.5)
def skillet(canvas: Canvas, look: Look) -> None:
    """A pan from above, with an egg in it."""
    iron = look.colour
    handle = path("M36 36 C36.4 28 37 22 37 15 C37 11.5 38.4 10 40 10 S43 11.5 43 15 C43 22 43.6 28 44 36 Z").turned(24, 40, 58)
    hole = ellipse(40, 14.5, 1.3, 2).turned(24, 40, 58)
    rim = ellipse(40, 58, 24) + smooth((14, 55), (18, 51), (18, 65), (14, 61)) + smooth((66, 55), (62, 51), (62, 65), (66, 61))
    helper = smooth((34, 80), (36, 85), (44, 85), (46, 80)).turned(24, 40, 58)
    whole = (rim + handle + helper) - hole
    fallen(canvas, whole, 1.3)
    canvas.fill(handle + helper - hole, Linear(((0, lighter(iron, 0.2)), (1, iron)), 20))
    canvas.fill(rim, Linear(((0, lighter(iron, 0.26)), (0.5, lighter(iron, 0.06)), (1, darker(iron, 0.2))), 50))
    canvas.fill(ellipse(40, 58, 22.6), darker(iron, 0.35))
    canvas.fill(ellipse(40.4, 58.6, 20.6), Radial(((0, lighter(iron, 0.16)), (1, iron)), x=0.35, y=0.3, reach=1.5))
    canvas.shade(ellipse(36, 52, 21), 0.35, 2.2, clip=ellipse(40, 58, 22.6) - ellipse(40.6, 59, 20.4))
    white = smooth((33, 50), (40, 47), (48, 51), (52, 58), (48, 66), (40, 68), (33, 66), (28, 59))
    canvas.shade(white.moved(0.7, 1), 0.5, 0.8)
    canvas.fill(white, Radial(((0, WHITE), (0.7, rgb("#fdf8ec")), (1, rgb("#e9d8b8"))), x=0.4, y=0.35, reach=1.25))
    canvas.shade(ellipse(41, 59.6, 5.6), 0.2, 0.8)
    canvas.fill(ellipse(40.5, 58.5, 5.4), ball(YOLK, 0.22))
    canvas.fill(ellipse(38.8, 56.4, 1.5, 1), WHITE, opacity=0.75)
    sprig(canvas, 27, 70, 12, 62, pairs=5, size=3.4)
    dice = dice_of(4)
    dots(canvas, [(dice.uniform(32, 50), dice.uniform(50, 66)) for _ in range(22)], 0.22, rgb("#3a3029"), opacity=0.7)


def _lid_and_knob(canvas: Canvas, radius: float, y: float, dome: float, colour: Colour, knob: Colour) -> None:
    lid = outline(arc(40, y, radius, dome, 180, 360), arc(40, y, radius, radius * 0.11, 0, 180))
    canvas.fill(lid, colour)
    canvas.rounded(lid)
    canvas.veil(lid, ((0, 0.35), (0.5, 0)), 90, CREAM)
    stem = box(38.6, y - dome - 2.2, 2.8, 3)
    canvas.fill(stem, metal(knob))
    canvas.fill(ellipse(40, y - dome - 3.4, 4.2, 2.2), metal(knob))
    canvas.fill(ellipse(40, y - dome - 4.2, 3.4, 1.2), lighter(knob, 0.45), opacity=0.7)


@kind("casserole", size=1.12, focus=(34, 58), near=1.6)
def casserole(canvas: Canvas, look: Look) -> None:
    """A round pot with a heavy lid."""
    top, radius = 56, 24
    contact(canvas, 48)
    for side in (-1, 1):
        ear = curve([(40 + side * 22.5, 62.5), (40 + side * 29.5, 61.6), (40 + side * 30, 66.5), (40 + side * 22.5, 67.2)])
        rod(canvas, ear, 2.4, darker(look.colour, 0.12))
    body = turned_on_lathe([(radius, top), (radius - 0.3, 70), (radius - 1.6, 78), (radius - 6, 82.4)], tilt=0.11)
    canvas.fill(body, Linear(((0, look.colour), (0.75, look.colour), (1, darker(look.colour, 0.35))), 90))
    canvas.rounded(body)
    canvas.shade(band(40, (radius, top), (radius, top + 1.2), tilt=0.11), 0.45, 1, clip=body)
    rim = band(40, (radius + 0.5, top - 1), (radius + 0.5, top + 0.5), tilt=0.11)
    canvas.fill(rim, darker(look.colour, 0.25))
    _lid_and_knob(canvas, radius + 0.5, top - 1, 11, look.colour, look.second)
    canvas.shine(ellipse(27, top - 6, 3.2, 1.4).turned(-24, 27, top - 6), 0.75, 0.9)
    canvas.shine(ellipse(25, 66, 1.5, 6), 0.5, 1)


@kind("saucepan", size=1.12, focus=(44, 60), near=1.6)
def saucepan(canvas: Canvas, look: Look) -> None:
    """A steel pan with a long handle, lid on."""
    steel = look.colour
    contact(canvas, 40, cx=33)
    rod(canvas, [(49, 62), (58, 59.6), (72, 56.8)], 2.6, darker(steel, 0.12), end_width=3.4)
    canvas.fill(ellipse(71, 57, 0.9, 0.6), darker(steel, 0.6))
    body = turned_on_lathe([(19, 59), (19, 79), (17.6, 82.3)], cx=33, tilt=0.13)
    canvas.fill(body, metal(steel))
    canvas.veil(body, ((0, 0), (0.8, 0), (1, 0.35)), 90)
    canvas.fill(band(33, (19.1, 77), (19, 78), tilt=0.13), darker(steel, 0.3), opacity=0.5)
    canvas.fill(band(33, (19.9, 57.6), (19.9, 59), tilt=0.13), metal(lighter(steel, 0.1)))
    lid = outline(arc(33, 57.6, 19.9, 6.4, 180, 360), arc(33, 57.6, 19.9, 2.4, 0, 180))
    canvas.fill(lid, metal(steel))
    canvas.veil(lid, ((0, 0.5), (0.7, 0)), 90, WHITE)
    canvas.fill(box(31.8, 49.4, 2.4, 3), metal(steel))
    canvas.fill(ellipse(33, 48.6, 4, 1.7), metal(steel))
    steam(canvas, 35, 44)


@kind("stockpot", focus=(40, 56), near=1.5)
def stockpot(canvas: Canvas, look: Look) -> None:
    """A tall pot, open, with a ladle in it."""
    steel = look.colour
    contact(canvas, 44)
    rod(canvas, [(50, 44), (56, 26), (59, 17)], 1.5, darker(steel, 0.1))
    rod(canvas, curve([(59, 17), (60.2, 13.4), (63, 14.2), (62.4, 17)]), 1.2, darker(steel, 0.1))
    for side in (-1, 1):
        ear = curve([(40 + side * 20.5, 54), (40 + side * 27, 53), (40 + side * 27.4, 59), (40 + side * 20.5, 60)])
        rod(canvas, ear, 1.6, steel)
    body = turned_on_lathe([(21.5, 42), (21.5, 78), (19.8, 82.4)], tilt=0.15)
    canvas.fill(body, metal(steel))
    canvas.veil(body, ((0, 0), (0.8, 0), (1, 0.35)), 90)
    canvas.fill(ellipse(40, 42, 22.2, 3.6), metal(lighter(steel, 0.2)))
    canvas.fill(ellipse(40, 42.2, 20.9, 3), darker(steel, 0.55))
    canvas.fill(ellipse(40, 43.6, 19.6, 2.2), Linear(((0, rgb("#b9792f")), (1, rgb("#e3a951"))), 0))
    dots(canvas, [(31, 43.2), (36, 44.4), (44, 43.2), (48, 44.1)], 0.9, rgb("#e6722e"))
    dots(canvas, [(34, 42.8), (40, 44.6), (46, 44.6)], 0.7, rgb("#6f9a4c"))
    rod(canvas, [(48.6, 45), (51.6, 38)], 1.5, darker(steel, 0.05))
    steam(canvas, 34, 38, 16)


@kind("kettle", size=1.08, focus=(36, 60), near=1.55)
def kettle(canvas: Canvas, look: Look) -> None:
    """A kettle with a hooped handle."""
    contact(canvas, 42)
    hoop = curve([(24, 53), (24, 34), (32, 24.6), (40, 23), (48, 24.6), (56, 34), (56, 53)])
    rod(canvas, hoop, 1.5, rgb("#9aa2aa"))
    grip = curve([(30, 26.4), (35, 23.6), (40, 22.9), (45, 23.6), (50, 26.4)])
    rod(canvas, grip, 4, look.second)
    spout = outline(curve([(56, 69), (62, 64), (66.5, 54.5)]), curve([(70.6, 56), (67, 66), (58, 77)]))
    canvas.fill(spout, Linear(((0, lighter(look.colour, 0.15)), (0.5, look.colour), (1, darker(look.colour, 0.3))), 30))
    canvas.fill(ellipse(68.5, 55.2, 2.4, 1.2).turned(20, 68.5, 55.2), darker(look.colour, 0.5))
    body = turned_on_lathe([(11, 49.5), (19, 54), (23.4, 66), (23, 76), (19.5, 82.4)], tilt=0.12)
    canvas.fill(body, Linear(((0, look.colour), (0.8, look.colour), (1, darker(look.colour, 0.35))), 90))
    canvas.rounded(body)
    canvas.fill(band(40, (23, 77.4), (22.4, 78.6), tilt=0.12), darker(look.colour, 0.35), opacity=0.5, clip=body)
    lid = outline(arc(40, 49.6, 11.6, 5, 180, 360), arc(40, 49.6, 11.6, 1.6, 0, 180))
    canvas.fill(lid, tube(lighter(look.colour, 0.06)))
    canvas.fill(band(40, (11.6, 49.2), (11.6, 50.2), tilt=0.12), darker(look.colour, 0.4))
    canvas.fill(ellipse(40, 43.6, 2.7, 2.2), ball(look.second))
    canvas.shine(ellipse(26.6, 64, 1.8, 6.5).turned(10, 26.6, 64), 0.7, 1)
    steam(canvas, 71.5, 50, 18)


@kind("mortar", size=1.15, focus=(40, 62), near=1.7)
def mortar(canvas: Canvas, look: Look) -> None:
    """A granite mortar, its pestle leaning in it."""
    stone = look.colour
    contact(canvas, 36)
    pestle = stroke(curve([(43, 60), (51, 44), (58, 27)]), 7.4, end_width=5.2)
    canvas.fill(pestle, Linear(((0, lighter(stone, 0.4)), (0.5, lighter(stone, 0.1)), (1, darker(stone, 0.25))), 25))
    canvas.texture(pestle, "grit", 0.4)
    body = turned_on_lathe([(22, 54), (21.4, 62), (17, 72), (12.4, 76), (13, 79), (14.6, 82)], tilt=0.17)
    canvas.fill(body, stone)
    canvas.texture(body, "grit", 0.5)
    canvas.texture(body, "grit", 0.16, WHITE)
    canvas.rounded(body, 1.1)
    mouth(canvas, 22, 54, lighter(stone, 0.1), stone, lip=3.2, tilt=0.17)
    canvas.texture(ellipse(40, 54, 22, 3.7), "grit", 0.35)
    inner = ellipse(40, 54.2, 18.8, 3.1)
    green = smooth((28, 55.6), (34, 54), (42, 54.6), (50, 54.2), (53, 56), (46, 57.6), (36, 57.8))
    canvas.fill(green, sheet(rgb("#7fa052"), 0.2), clip=inner)
    canvas.fill(
        stroke(curve([(43.6, 58.6), (47.6, 51)]), 7.2, end_width=6.8),
        Linear(((0, lighter(stone, 0.4)), (1, darker(stone, 0.2))), 25),
        clip=inner + box(20, 30, 60, 24.4),
    )
    sprig(canvas, 18, 84, 12, 118, rgb("#5d8b48"), pairs=3, size=5)


@kind("colander", size=1.08, focus=(38, 62), near=1.6)
def colander(canvas: Canvas, look: Look) -> None:
    """A colander on its foot, with rows of holes."""
    contact(canvas, 30)
    for side in (-1, 1):
        ear = curve([(40 + side * 24, 52.6), (40 + side * 31, 52), (40 + side * 31, 58), (40 + side * 23, 58.6)])
        rod(canvas, ear, 1.7, look.second)
    foot = turned_on_lathe([(11, 76), (13.4, 82.2)], tilt=0.16, smooth_sides=False)
    canvas.fill(foot, tube(look.colour))
    body = turned_on_lathe([(25, 51), (24, 60), (18.6, 71), (10, 77.6)], tilt=0.17)
    canvas.fill(body, look.colour)
    holes = []
    for row, (y, radius) in enumerate(((60.5, 23.2), (65, 21.2), (69.4, 18.4), (73.2, 14.6))):
        count = 15 - row * 2
        for index in range(count):
            angle = math.radians(14 + 152 * (index + 0.5 * (row % 2)) / count)
            x, turned = 40 - radius * math.cos(angle), math.sin(angle)
            holes.append(ellipse(x, y + 2.6 * turned, 0.95 * (0.35 + 0.65 * turned), 0.95, steps=16))
    canvas.rounded(body)
    canvas.fill(joined(holes), darker(look.colour, 0.62), clip=body)
    canvas.fill(joined(holes).moved(0.2, 0.3), lighter(look.colour, 0.4), opacity=0.35, clip=joined(holes))
    canvas.fill(ellipse(40, 51, 25.6, 4.5), look.second)
    canvas.fill(ellipse(40, 51, 24.6, 4), Linear(((0, lighter(look.colour, 0.3)), (1, look.colour)), 20))
    inner = ellipse(40, 51.2, 23.8, 3.6)
    canvas.fill(inner, Linear(((0, darker(look.colour, 0.4)), (1, darker(look.colour, 0.1))), 30))
    for x, y in ((30, 52.6), (37, 51), (45, 52.8), (51, 51.4), (41, 53.6), (34, 53.8)):
        canvas.fill(ellipse(x, y, 3, 2.4), ball(rgb("#d8452f")), clip=inner + box(15, 40, 50, 11.4))


@kind("moka", size=1.12, focus=(40, 56), near=1.6)
def moka(canvas: Canvas, look: Look) -> None:
    """An eight-sided coffee maker."""
    steel = look.colour
    contact(canvas, 28)
    handle = path(
        "M51 44 L61 42.4 C64 42.2 65.4 43.6 65.2 46.6 L63.6 61 C63.4 63 60 63 60 61 L61 48 C61 46.6 60.6 46.2 59.4 46.3 L51 47.4 Z"
    )
    canvas.fill(handle, sheet(look.second, 0.18, 20))
    tones = (0.3, -0.35, -0.02, 0.28)

    def facets(y1: float, half1: float, y2: float, half2: float) -> None:
        for index, tone in enumerate(tones):
            a, b = (index - 2) / 2, (index - 1) / 2
            side = (0.0, 0.62, 1.0)
            at = [math.copysign(side[round(abs(share) * 2)], share) for share in (a, b)]
            face = polygon((40 + half1 * at[0], y1), (40 + half1 * at[1], y1), (40 + half2 * at[1], y2), (40 + half2 * at[0], y2))
            shade = lighter(steel, -tone) if tone < 0 else darker(steel, tone)
            canvas.fill(face, Linear(((0, lighter(shade, 0.14)), (1, darker(shade, 0.1))), 90))

    facets(62, 11.4, 82.6, 15.4)
    canvas.fill(box(27.6, 59.4, 24.8, 3.6, 1.2), metal(steel))
    canvas.fill(ellipse(52, 72, 1.8), ball(rgb("#c99b45")))
    spout = polygon((27.4, 38), (21.4, 37.2), (28.4, 50))
    canvas.fill(spout, darker(steel, 0.1))
    facets(37, 14, 59.4, 10.8)
    lid = polygon((26, 37), (54, 37), (46, 31.4), (34, 31.4))
    canvas.fill(lid, Linear(((0, darker(steel, 0.1)), (0.3, lighter(steel, 0.55)), (0.6, steel), (1, darker(steel, 0.3))), 0))
    canvas.fill(box(38.6, 28.6, 2.8, 3), metal(steel))
    canvas.fill(ellipse(40, 27.4, 3, 2.6), ball(look.second))
    canvas.fill(ellipse(53.6, 36.4, 1.4, 1), darker(steel, 0.4))
    steam(canvas, 21, 34, 16)


@kind("press", size=1.08, focus=(36, 58), near=1.6)
def press(canvas: Canvas, look: Look) -> None:
    """A glass coffee press in a steel frame."""
    steel, top = look.colour, 38
    contact(canvas, 30)
    canvas.fill(box(39.2, 20, 1.6, 18), metal(steel))
    canvas.fill(ellipse(40, 19.4, 3.2, 2.6), ball(look.second))
    handle = curve([(52, 42), (62, 42), (64, 50), (63, 66), (60, 70), (52, 70)])
    rod(canvas, handle, 2.6, look.second)
    wall = turned_on_lathe([(13.4, top), (13.4, 80)], tilt=0.14, smooth_sides=False)
    brew = turned_on_lathe([(12.8, 54), (12.8, 80)], tilt=0.14, smooth_sides=False)
    canvas.fill(brew, Linear(((0, darker(COFFEE, 0.3)), (0.3, lighter(COFFEE, 0.22)), (0.6, COFFEE), (1, darker(COFFEE, 0.3))), 0))
    canvas.fill(ellipse(40, 54, 12.8, 1.8), Linear(((0, rgb("#8a5a38")), (1, rgb("#c08a58"))), 0))
    canvas.fill(ellipse(40, 54, 11, 1.3), rgb("#d5a774"), opacity=0.6)
    glass(canvas, wall, rgb("#dfeaf0"), strength=0.16)
    for y in (44, 78):
        canvas.fill(band(40, (13.9, y), (13.9, y + 2), tilt=0.14), metal(steel))
    for x in (27.4, 51.4):
        canvas.fill(box(x, 44, 1.6, 36), metal(steel))
    for x in (28, 52):
        canvas.fill(stroke([(x, 80), (x + (x - 40) * 0.1, 83.4)], 1.8), metal(steel))
    canvas.fill(polygon((26.6, 38), (22, 36.6), (26.6, 42)), lighter(steel, 0.3))
    lid = outline(arc(40, top, 14, 5, 180, 360), arc(40, top, 14, 2, 0, 180))
    canvas.fill(lid, metal(steel))
    canvas.veil(lid, ((0, 0.4), (0.7, 0)), 90, WHITE)


@kind("dripper", size=1.1, focus=(38, 48), near=1.6)
def dripper(canvas: Canvas, look: Look) -> None:
    """A cone with paper and coffee on a glass jug."""
    contact(canvas, 30)
    handle = curve([(51, 62), (61, 61.4), (61, 73), (52, 75)])
    canvas.fill(stroke(handle, 2), rgb("#cfe0e6"), opacity=0.8)
    canvas.fill(stroke([(x - 0.3, y - 0.4) for x, y in handle], 0.6), WHITE, opacity=0.7)
    jug = turned_on_lathe([(8.4, 54), (10, 59), (15.6, 68), (16, 78), (13.4, 82.4)], tilt=0.13)
    brew = turned_on_lathe([(15.6, 69.6), (16, 78), (13.4, 82.2)], tilt=0.13)
    canvas.fill(brew, Linear(((0, darker(COFFEE, 0.3)), (0.3, lighter(COFFEE, 0.25)), (0.6, COFFEE), (1, darker(COFFEE, 0.3))), 0))
    canvas.fill(ellipse(40, 69.6, 15.6, 2), lighter(COFFEE, 0.25))
    glass(canvas, jug, rgb("#dfeaf0"), strength=0.18)
    for x, y in ((40, 58.5), (40, 63)):
        canvas.fill(ellipse(x, y, 0.5, 1), COFFEE)
    saucer = outline(arc(40, 54, 14.6, 1.6, 180, 360), arc(40, 54.4, 14.6, 3, 0, 180))
    canvas.fill(saucer, tube(look.colour))
    cone = turned_on_lathe([(19, 34), (7, 53.4)], tilt=0.16, smooth_sides=False)
    ear = curve([(55, 39), (64, 38), (64, 47), (52, 49.6)])
    rod(canvas, ear, 2.6, look.colour)
    canvas.fill(cone, look.colour)
    ribs = joined(
        stroke(curve([(40 + s * 18.4, 36.4), (40 + s * 12.6 + 1.4, 45), (40 + s * 6.6 + 1.2, 53.6)]), 0.5)
        for s in (-0.85, -0.55, -0.2, 0.15, 0.5, 0.8)
    )
    canvas.fill(ribs, darker(look.colour, 0.35), opacity=0.35, clip=cone)
    canvas.rounded(cone)
    paper = outline(arc(40, 34, 17.6, 2.8, 180, 360), [(57.8, 30.2)], arc(40, 29.6, 18.4, 3, 360, 180), [(22.2, 30.2)])
    mouth(canvas, 19, 34, look.colour, look.colour, tilt=0.16)
    canvas.fill(paper, Linear(((0, darker(CREAM, 0.1)), (0.4, CREAM), (1, darker(CREAM, 0.2))), 0))
    canvas.fill(ellipse(40, 34.2, 17, 2.5), Linear(((0, darker(COFFEE, 0.2)), (1, lighter(COFFEE, 0.3))), 20))
    steam(canvas, 40, 28, 17)


@kind("pie_dish", size=1.22, focus=(40, 66), near=1.6)
def pie_dish(canvas: Canvas, look: Look) -> None:
    """A fluted dish with a lattice pie."""
    tilt, top, radius = 0.4, 62, 27
    contact(canvas, 46, y=82)
    side = turned_on_lathe([(radius, top), (radius - 5, 77)], tilt=tilt, smooth_sides=False)
    canvas.fill(side, tube(look.colour))
    flutes = []
    for index in range(26):
        angle = math.radians(4 + 172 * index / 25)
        x1, y1 = 40 - radius * math.cos(angle), top + radius * tilt * math.sin(angle)
        x2, y2 = 40 - (radius - 5) * math.cos(angle), 77 + (radius - 5) * tilt * math.sin(angle)
        flutes.append(stroke([(x1, y1), (x2, y2)], 0.7 * (0.3 + math.sin(angle)), end_width=0.5))
    canvas.soft(joined(flutes), darker(look.colour, 0.7), 0.4, 0.25, clip=side)
    canvas.fill(ellipse(40, top, radius + 1, (radius + 1) * tilt), sheet(lighter(look.colour, 0.15), 0.15))
    crust = ellipse(40, top - 0.4, radius - 0.8, (radius - 0.8) * tilt)
    canvas.fill(crust, Radial(((0, rgb("#f0c271")), (0.8, rgb("#d9963f")), (1, rgb("#b56c28"))), x=0.4, y=0.3, reach=1.3))
    filling = ellipse(40, top, radius - 4.4, (radius - 4.4) * tilt)
    canvas.fill(filling, Linear(((0, rgb("#6d1f33")), (1, rgb("#a6314a"))), 40))
    for direction in (-1, 1):
        strips = joined(
            stroke([(40 + shift - 20 * direction, top - 20 * tilt), (40 + shift + 20 * direction, top + 20 * tilt)], 1.7)
            for shift in range(-34, 35, 8)
        )
        canvas.shade(strips.moved(0.4, 0.7), 0.5, 0.5, clip=filling)
        canvas.fill(strips, sheet(rgb("#e8b35e"), 0.18), clip=filling)
    crimps = joined(
        ellipse(40 + (radius - 2.6) * math.cos(a / 17 * math.pi), top + (radius - 2.6) * tilt * math.sin(a / 17 * math.pi), 2.3, 1.6)
        for a in range(34)
    )
    canvas.shade(crimps.moved(0.2, 0.6), 0.3, 0.5)
    canvas.fill(crimps, Linear(((0, rgb("#f3cc82")), (1, rgb("#d08d3a"))), 60))
    steam(canvas, 40, 50, 18)


@kind("jar", focus=(38, 58), near=1.55)
def jar(canvas: Canvas, look: Look) -> None:
    """A glass jar of lentils, a smaller one behind it."""
    for cx, width, top, fill, dry, foot in ((54, 11, 46, 58, rgb("#f0e2c4"), 79), (34, 15.5, 36, 50, rgb("#c2622f"), FLOOR)):
        contact(canvas, width * 2, cx=cx, y=foot)
        wall = turned_on_lathe([(width - 1.6, top), (width, top + 3.4), (width, foot - 3), (width - 1.4, foot - 1)], cx=cx, tilt=0.14)
        inside = turned_on_lathe([(width - 1, fill), (width - 1, foot - 3.6), (width - 2, foot - 2)], cx=cx, tilt=0.14)
        canvas.fill(inside, tube(dry, 0.3))
        dice = dice_of(round(cx))
        seeds = [(dice.uniform(cx - width, cx + width), dice.uniform(fill - 1, foot)) for _ in range(260)]
        dots(canvas, seeds[:130], 0.55, darker(dry, 0.3), clip=inside, opacity=0.5)
        dots(canvas, seeds[130:], 0.5, lighter(dry, 0.4), clip=inside, opacity=0.5)
        canvas.fill(ellipse(cx, fill, width - 1, (width - 1) * 0.14), lighter(dry, 0.16))
        glass(canvas, wall, rgb("#e2eef2"), strength=0.14)
        stopper = turned_on_lathe([(width - 0.8, top - 5.6), (width - 0.6, top - 2.4), (width - 1.8, top - 0.4)], cx=cx, tilt=0.14)
        canvas.fill(stopper, tube(look.colour))
        canvas.fill(ellipse(cx, top - 5.6, width - 0.8, (width - 0.8) * 0.14), sheet(lighter(look.colour, 0.2), 0.1))


@kind("mill", size=1.2, focus=(40, 40), near=1.6)
def mill(canvas: Canvas, look: Look) -> None:
    """A turned pepper mill."""
    contact(canvas, 18)
    body = turned_on_lathe([(6.4, 42), (7.2, 46), (5.2, 52), (4.8, 58), (6.4, 65), (8.6, 72), (8.8, 78), (8.4, 82)], tilt=0.16)
    canvas.fill(body, look.colour)
    canvas.rounded(body, 1.15)
    for y, radius in ((70, 8.1), (72, 8.6), (44.4, 7.1)):
        canvas.fill(band(40, (radius, y), (radius, y + 0.5)), darker(look.colour, 0.5), opacity=0.5)
    canvas.fill(band(40, (6.5, 40.6), (6.5, 42.2)), metal(look.second))
    head = turned_on_lathe([(2.6, 23), (6.6, 27), (7.4, 32), (6, 37), (5.4, 40.4)], tilt=0.16)
    canvas.fill(head, look.colour)
    canvas.rounded(head, 1.15)
    canvas.fill(ellipse(40, 21.6, 2.7, 2.4), ball(look.second))
    canvas.shine(ellipse(36.4, 31, 0.8, 2.8), 0.7, 0.5)
    canvas.shine(ellipse(34.4, 76, 0.8, 3.4), 0.6, 0.5)
    dice = dice_of(9)
    for _ in range(11):
        x, y = dice.uniform(52, 66), dice.uniform(80.5, 86)
        canvas.shade(ellipse(x + 0.3, y + 0.4, 0.9, 0.5), 0.4, 0.3)
        canvas.fill(ellipse(x, y, 0.85), ball(rgb("#3c3330")))


@kind("rolling_pin", lies=True, focus=(40, 50), near=1.5)
def rolling_pin(canvas: Canvas, look: Look) -> None:
    """A tapered pin on a sheet of dough."""
    dough = smooth((18, 30), (34, 22), (54, 25), (66, 40), (64, 62), (52, 76), (32, 78), (17, 66), (12, 46))
    dice = dice_of(2)
    dots(canvas, [(dice.gauss(40, 20), dice.gauss(52, 22)) for _ in range(260)], 0.24, WHITE, opacity=0.8)
    canvas.soft(smooth((8, 30), (40, 14), (72, 34), (70, 74), (36, 88), (8, 70)), WHITE, 0.5, 5)
    fallen(canvas, dough, 0.5)
    canvas.fill(dough, sheet(rgb("#f4e2bd"), 0.16))
    canvas.shine(smooth((22, 34), (40, 27), (54, 31), (40, 40), (24, 44)), 0.5, 3, clip=dough)
    side = curve([(0, 47), (12, 45.4), (40, 44.4), (68, 45.4), (80, 47)])
    pin = outline(side, arc(80, 50, 1.6, 3, -90, 90), [(x, 100 - y) for x, y in reversed(side)], arc(0, 50, 1.6, 3, 90, 270)).turned(-38)
    fallen(canvas, pin, 1.4)
    canvas.fill(pin, look.colour)
    grain(canvas, pin, look.colour, degrees=-38, every=1.2)
    shadow = stroke([(0, 53.4), (80, 53.4)], 4).turned(-38)
    canvas.shade(shadow, 0.4, 1.2, clip=pin)
    canvas.shine(stroke([(2, 47.4), (78, 47.4)], 1.6).turned(-38), 0.65, 0.6, clip=pin)


@kind("board", lies=True, size=1.05, focus=(40, 46), near=1.55)
def board(canvas: Canvas, look: Look) -> None:
    """A board: forms endgrain (a chequer of blocks) and paddle (with a handle)."""
    if look.form == "endgrain":
        whole = box(13, 22, 54, 58, 4)
        fallen(canvas, whole, 1.6)
        canvas.fill(whole.moved(0.6, 1.2), darker(look.colour, 0.4))
        canvas.fill(whole, look.colour)
        dice = dice_of(6)
        for row in range(9):
            for column in range(-1, 8):
                tone = dice.uniform(-0.2, 0.3)
                wooden = mix(look.colour, look.second, max(0.0, tone + 0.1) * 1.6)
                block = box(13 + column * 8 + (4 if row % 2 else 0), 22 + row * 6.5, 7.75, 6.25, 0.3)
                canvas.fill(block, sheet(wooden, 0.08, dice.uniform(0, 180)), clip=whole)
        rings = joined(
            stroke(arc(13 + dice.uniform(0, 54), 22 + dice.uniform(0, 58), r := dice.uniform(1, 3), r, 0, 200), 0.18) for _ in range(70)
        )
        canvas.fill(rings, darker(look.second, 0.3), opacity=0.3, clip=whole)
        canvas.veil(whole, ((0, 0.25), (0.4, 0)), 60, CREAM)
        canvas.fill(box(16, 25, 48, 52, 3) - box(17, 26, 46, 50, 2.4), darker(look.second, 0.3), opacity=0.35)
        for x, y, turn in ((27, 62, 10), (35, 67, 30)):
            _tomato_half(canvas, x, y, 5, turn)
        sprig(canvas, 46, 70, 15, 30, rgb("#5d8b48"), pairs=4, size=5)
        return
    whole = soft_polygon([(20, 34), (60, 34), (61, 84), (19, 84)], 9) + path(
        "M34 36 C37 30 36.4 22 36 16 C36 10 44 10 44 16 C43.6 22 43 30 46 36 Z"
    )
    hole = ellipse(40, 16, 1.5)
    with canvas.within(turn=14, at=(40, 52)):
        fallen(canvas, whole, 1.4)
        canvas.fill((whole - hole).moved(0.5, 1), darker(look.colour, 0.45))
        wood(canvas, whole - hole, look.colour, degrees=86, every=1.2, seed=8)
        swirl = joined(
            stroke(curve([(24, 80 - i), (31 + i * 0.2, 62 - i), (45 - i * 0.3, 56), (56, 40 + i)]), 0.3) for i in range(0, 16, 2)
        )
        canvas.fill(swirl, look.second, opacity=0.45, clip=whole)
        canvas.fill(stroke(curve([(40, 15), (37, 6), (43, 6), (40, 15)]), 0.8), look.second)
    cheese = soft_polygon([(24, 58), (44, 50), (46, 66)], 1.5)
    canvas.shade(cheese.moved(1, 1.6), 0.35, 1)
    canvas.fill(cheese.moved(0.3, 1.4), rgb("#d9a83f"))
    canvas.fill(cheese, sheet(rgb("#f6d77d"), 0.14))
    for x, y, r in ((30, 58, 1.2), (37, 55, 0.9), (40, 60.6, 1.3), (35, 61, 0.6)):
        canvas.fill(ellipse(x, y, r), rgb("#dfb24b"))
    for x, y in ((50, 70), (54.4, 73), (49.6, 75.6), (54, 78), (58, 75)):
        canvas.shade(ellipse(x + 0.6, y + 0.8, 2.6), 0.3, 0.6)
        canvas.fill(ellipse(x, y, 2.6), ball(rgb("#5b3a6b")))


def _tomato_half(canvas: Canvas, x: float, y: float, radius: float, turn: float) -> None:
    canvas.shade(ellipse(x + 0.7, y + 1, radius), 0.35, 0.8)
    canvas.fill(ellipse(x, y, radius), rgb("#c9402b"))
    canvas.fill(ellipse(x, y, radius * 0.88), rgb("#ea6a4c"))
    for part in range(3):
        lobe = ellipse(x, y - radius * 0.46, radius * 0.3, radius * 0.24).turned(part * 120 + turn, x, y)
        canvas.fill(lobe, rgb("#c9402b"))
        dots(
            canvas,
            [
                (
                    x + radius * 0.46 * math.sin(math.radians(part * 120 + turn + d)),
                    y - radius * 0.46 * math.cos(math.radians(part * 120 + turn + d)),
                )
                for d in (-16, 0, 16)
            ],
            0.34,
            rgb("#f7dc9a"),
        )


@kind("knife", lies=True, focus=(40, 44), near=1.5)
def knife(canvas: Canvas, look: Look) -> None:
    """A kitchen knife; form paring is a small one."""
    steel = look.second
    small = look.form == "paring"
    blade = (
        path("M38 56 L38 20 C38 12 41 7 45.6 4 C47.6 20 48 40 47 56 Z")
        if not small
        else path("M39 56 L39 30 C39 24 41 20 44.6 18 C46.4 30 46.4 44 45.4 56 Z")
    )
    handle = (
        path("M38.4 58 L46.4 58 C47.4 66 46.6 74 47 82 C47 88 45 91 42 91 C39.4 91 38 89 38.2 84 C38.6 75 37.6 66 38.4 58 Z")
        if not small
        else path("M39.4 58 L45 58 C46 66 45.4 72 45.6 80 C45.6 84 44 86 42 86 C40 86 39 84 39.2 80 C39.6 72 38.8 66 39.4 58 Z")
    )
    with canvas.within(turn=36, scale=1.0 if not small else 1.12, at=(42, 50)):
        fallen(canvas, blade + handle, 1)
        canvas.fill(
            blade, Linear(((0, lighter(steel, 0.5)), (0.4, lighter(steel, 0.2)), (0.62, darker(steel, 0.14)), (1, lighter(steel, 0.45))), 0)
        )
        edge = (
            path("M47 56 C48 40 47.6 20 45.6 4 C46 20 45.6 40 44.6 56 Z")
            if not small
            else path("M45.4 56 C46.4 44 46.4 30 44.6 18 C45 30 44.6 44 43.8 56 Z")
        )
        canvas.fill(edge, WHITE, opacity=0.5)
        canvas.fill(box(37.8, 55, 9.2, 3.4, 0.6) if not small else box(39, 55, 6.4, 3.2, 0.6), metal(look.third))
        wood(canvas, handle, look.colour, degrees=90, every=1)
        canvas.veil(handle, ((0, 0.35), (0.4, 0), (1, 0)), 0, CREAM)
        canvas.veil(handle, ((0, 0), (0.6, 0), (1, 0.4)), 0)
        dots(canvas, [(42.3, 64), (42.3, 73), (42.3, 82)] if not small else [(42.2, 64), (42.3, 77)], 0.95, look.third)
    if small:
        for x, y in ((50, 78), (60, 74), (57, 86)):
            _strawberry(canvas, x, y)
    else:
        sprig(canvas, 40, 86, 20, 62, rgb("#5d8b48"), pairs=5, size=5.6)
        sprig(canvas, 47, 90, 15, 88, rgb("#6d9a55"), pairs=4, size=5)


def _strawberry(canvas: Canvas, x: float, y: float) -> None:
    berry = smooth((x - 4, y - 3), (x, y - 4), (x + 4, y - 3), (x + 3.4, y + 2), (x, y + 6), (x - 3.4, y + 2))
    canvas.shade(berry.moved(0.8, 1.2), 0.35, 0.9)
    canvas.fill(berry, ball(rgb("#d3323a")))
    dots(canvas, [(x + dx, y + dy) for dx, dy in ((-2, -1), (0, 0), (2, -1), (-1, 2), (1.2, 2), (0, 4))], 0.3, rgb("#f8d879"))
    for angle in (-70, -25, 25, 70):
        leaf = path("M0 0 C-1.4 -1.4 -1 -3.4 0 -4.4 C1 -3.4 1.4 -1.4 0 0 Z").moved(x, y - 3.2).turned(angle, x, y - 3.2)
        canvas.fill(leaf, rgb("#5f8f45"))


@kind("spoons", lies=True, focus=(40, 36), near=1.5)
def spoons(canvas: Canvas, look: Look) -> None:
    """A stirrer, a scraper and a spoon."""
    spoon = smooth((24, 12), (28, 16), (29, 24), (27, 31), (25.4, 36), (22.6, 36), (21, 31), (19, 24), (20, 16))
    forms = (
        (spoon + stroke([(24, 34), (24, 86)], 2.2, end_width=3), -7),
        (
            path("M35 14 C38 12 46 13 47.4 16 C47 26 44.6 32 42 37 L38.4 37 C36 31 34.6 24 35 14 Z")
            + stroke([(40.2, 35), (40.2, 88)], 2.4, end_width=3),
            0,
        ),
        (
            smooth((56, 11), (60.6, 16), (61.4, 24), (58, 32), (56, 35), (54, 32), (50.6, 24), (51.4, 16))
            + stroke([(56, 33), (56, 86)], 2.2, end_width=3),
            7,
        ),
    )
    for index, (form, turn) in enumerate(forms):
        shape = form.turned(turn, (24.0, 40.2, 56.0)[index], 88)
        fallen(canvas, shape, 1)
        wood(canvas, shape, mix(look.colour, CREAM, (0.05, 0.2, 0.0)[index]), degrees=90 + turn, every=0.9, seed=index)
        canvas.veil(shape, ((0, 0.3), (0.5, 0), (1, 0)), 20, CREAM)
    hollow = ellipse(56, 21.6, 4, 7.6).turned(7, 56, 88)
    canvas.fill(hollow, Linear(((0, darker(look.colour, 0.35)), (1, lighter(look.colour, 0.2))), 50), opacity=0.9)
    slot = ellipse(24, 22, 1.1, 5).turned(-7, 24, 88)
    canvas.fill(slot, darker(look.colour, 0.6))
