"""Drawings of what one cooks with: pots, pans and what goes on the fire."""

import math

from storefront.catalog.demo.pictures.backdrop import contact, fallen
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, ball, metal, sheet, tube
from storefront.catalog.demo.pictures.colour import CREAM, Colour, darker, lighter, rgb
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import WHITE, dice_of, dots, mouth, rod, sprig, steam
from storefront.catalog.demo.pictures.shapes import (
    arc,
    band,
    box,
    curve,
    ellipse,
    joined,
    outline,
    path,
    smooth,
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


@kind("casserole", size=1.04, focus=(34, 58), near=1.6)
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
