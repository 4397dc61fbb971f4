"""Drawings of what makes coffee."""

import math

from storefront.catalog.demo.pictures.backdrop import contact
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, ball, metal, sheet, tube
from storefront.catalog.demo.pictures.colour import CREAM, darker, lighter, rgb
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import COFFEE, WHITE, glass, mouth, rod, steam
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
    stroke,
    turned_on_lathe,
)


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
