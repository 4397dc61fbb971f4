"""Drawings of bicycles and what belongs to them."""

import math

from storefront.catalog.demo.pictures.backdrop import contact, fallen
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, ball, metal, sheet, tube
from storefront.catalog.demo.pictures.colour import CREAM, Colour, darker, lighter, mix, rgb
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import GLOW, WHITE, flower, rod, sprig, stitches, wood
from storefront.catalog.demo.pictures.shapes import (
    Point,
    Shape,
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

STEEL = rgb("#b6bec6")


def _ring(x: float, y: float, outer: float, inner: float) -> Shape:
    return ellipse(x, y, outer) - ellipse(x, y, inner)


def _wheel(canvas: Canvas, x: float, y: float, radius: float, tyre: Colour, *, spokes: int = 18) -> None:
    lines = joined(
        stroke([(x, y), (x + radius * math.cos(a), y + radius * math.sin(a))], 0.14, round_ends=False)
        for a in [math.tau * i / spokes for i in range(spokes)]
    )
    canvas.fill(lines, darker(STEEL, 0.2), opacity=0.8)
    canvas.fill(_ring(x, y, radius - 0.9, radius - 1.7), metal(STEEL))
    canvas.fill(_ring(x, y, radius, radius - 1.1), tyre)
    canvas.fill(_ring(x, y, radius - 0.2, radius - 0.5), lighter(tyre, 0.4), opacity=0.5)
    canvas.fill(ellipse(x, y, 0.9), ball(STEEL))


@kind("bicycle", focus=(40, 46), near=1.5)
def bicycle(canvas: Canvas, look: Look) -> None:
    """A city bicycle from the side."""
    with canvas.within(scale=0.94, at=(40, 84)):
        canvas.shade(ellipse(42, 84.4, 34, 1.6), 0.34, 1.4)
        rear, front, low, seat, head = (20.0, 67.6), (61.0, 67.6), (36.6, 68.6), (29.4, 40.0), (54.6, 40.6)
        for wheel in (rear, front):
            _wheel(canvas, *wheel, 16.4, look.third)
        for x, start, end in ((rear[0], 170, 318), (front[0], 196, 330)):
            canvas.fill(stroke(arc(x, 67.6, 17.5, 17.5, start, end), 1.1), sheet(look.colour, 0.2))
        for line in ([low, rear], [(31, 45), rear]):
            rod(canvas, line, 1.1, look.colour)
        fork = curve([(55.6, 45), (58.4, 57), (61, 67.6)])
        rod(canvas, fork, 1.3, look.colour)
        for line in ([seat, low], [(30.6, 43.6), head], [low, (55.2, 43.4)]):
            rod(canvas, line, 1.8, look.colour)
        rod(canvas, [head, (56, 46)], 2.2, look.colour)
        rod(canvas, [seat, (28, 34)], 1.2, STEEL)
        saddle = path("M20.6 30.4 C24 28.6 30 30 37.6 30.6 C38.6 31.4 38 32.6 36.6 33 C31 33.6 27 36 23.6 36 C20.8 36 19.6 32 20.6 30.4 Z")
        canvas.fill(saddle, sheet(look.second, 0.24))
        canvas.fill(stroke(curve([(22.4, 37.4), (24.6, 39.6), (27, 37)]), 0.8), metal(STEEL))
        rod(canvas, [head, (53.4, 34.4)], 1.3, STEEL)
        bar = curve([(53.4, 34.6), (57, 32), (54, 29.4), (47.6, 30)])
        rod(canvas, bar, 1.2, STEEL)
        rod(canvas, [(49.6, 29.8), (45.6, 30.2)], 2, look.second)
        canvas.fill(ellipse(56.4, 29.4, 1.2), ball(rgb("#c99b45")))
        lamp = smooth((58.4, 41), (62.4, 40.4), (63.6, 43), (61.6, 45), (58.6, 44.4))
        canvas.soft(ellipse(66, 43, 5, 4), GLOW, 0.6, 2)
        canvas.fill(lamp, metal(STEEL))
        canvas.fill(ellipse(62.8, 42.8, 1, 1.9), rgb("#fff4cf"))
        case = outline(arc(36.6, 68.6, 4.2, 4.2, 270, 90), arc(20, 67.6, 2, 2, 90, 270))
        canvas.fill(case, sheet(look.colour, 0.16))
        canvas.fill(_ring(36.6, 68.6, 3.2, 2.6), lighter(look.colour, 0.4), opacity=0.8)
        rod(canvas, [(36.6, 68.6), (40, 76)], 1.1, STEEL)
        canvas.fill(box(37.4, 75.4, 5.6, 1.5, 0.6), look.third)
        rod(canvas, [(11, 50.6), (27, 50.6)], 0.8, STEEL)
        rod(canvas, [(13, 50.6), (19.4, 66)], 0.8, STEEL)
        canvas.fill(ellipse(10.4, 53, 1.1), ball(rgb("#d2452f")))
        basket = soft_polygon([(57, 33), (71, 33), (69, 42), (59, 42)], 1)
        canvas.fill(basket, sheet(rgb("#c5965f"), 0.2))
        canvas.texture(basket, "wicker", 0.6)
        canvas.fill(box(56.6, 32.2, 14.8, 1.6, 0.8), sheet(rgb("#d6ab74"), 0.2))
        for x, y, colour in ((60, 30.6, "#d9788a"), (64, 29, "#f3efe6"), (68, 30.8, "#f3bd2c")):
            canvas.fill(stroke([(64, 33.6), (x, y)], 0.35), rgb("#5f8a55"))
            flower(canvas, x, y, 2, rgb(colour), rgb("#c99b45"), petals=6)


@kind("balance_bike", focus=(42, 56), near=1.5)
def balance_bike(canvas: Canvas, look: Look) -> None:
    """A child's wooden bicycle without pedals."""
    canvas.shade(ellipse(42, 84.4, 33, 1.8), 0.34, 1.4)
    for x in (18.6, 61.0):
        canvas.fill(ellipse(x, 70, 13.6), look.third)
        canvas.fill(ellipse(x, 70, 11.4), Radial(((0, lighter(look.second, 0.24)), (1, darker(look.second, 0.2)))))
        canvas.fill(
            joined(ellipse(x + 7 * math.cos(a), 70 + 7 * math.sin(a), 2.5) for a in [i * math.tau / 5 for i in range(5)]),
            darker(look.second, 0.5),
        )
        canvas.fill(ellipse(x, 70, 2.6), ball(look.colour))
    rod(canvas, [(61, 70), (54, 36)], 3, look.colour)
    frame = path(
        "M15.6 68 C18 62 24 56 30 53.6 C37 51 43 53 48 52 C51 51.4 53 49 54 45.6 L59.4 47"
        " C59 54 55 59.4 49 61 C41 63 35 60.6 30 63 C26 65 23.4 68 21.8 72 Z"
    )
    wood(canvas, frame, look.colour, degrees=-14, every=1.1)
    canvas.veil(frame, ((0, 0.35), (0.4, 0)), 90, CREAM)
    canvas.fill(joined(ellipse(x, y, r) for x, y, r in ((33, 57.4, 1.5), (39, 57.4, 1.2), (44.6, 57, 0.95))), darker(look.colour, 0.5))
    rod(canvas, [(29.6, 55), (27.6, 46)], 2, STEEL)
    saddle = path("M18 41.6 C23 40 31 41 37.4 42.6 C39 43.6 38.4 45.4 36.4 45.8 C31 46.4 26 48.4 21.6 48 C18 47.6 16.6 43 18 41.6 Z")
    canvas.fill(saddle, sheet(look.third, 0.3))
    canvas.shine(stroke(curve([(20, 43), (27, 42.4), (34, 43.6)]), 0.9), 0.5, 0.6)
    rod(canvas, [(54, 36), (53, 31)], 2.4, STEEL)
    rod(canvas, [(46, 31.4), (60.6, 29)], 2, look.second)
    for a, b in (((44.6, 31.6), (49, 31)), ((58, 29.4), (62.4, 28.6))):
        rod(canvas, [a, b], 3, look.third)
    canvas.fill(ellipse(53.6, 27.6, 1.8), ball(rgb("#c99b45")))


@kind("bell", focus=(40, 54), near=1.7, alone=True)
def bell(canvas: Canvas, look: Look) -> None:
    """A domed bell on a handlebar."""
    bar = [(4.0, 68.0), (76.0, 62.0)]
    canvas.shade(stroke([(x + 2, y + 9) for x, y in bar], 6), 0.2, 3)
    rod(canvas, bar, 6, STEEL)
    rod(canvas, [(-4, 68.7), (16, 67)], 8, look.second)
    clamp = outline(arc(40, 65, 6, 5.4, 150, 390), [(46, 62), (34, 62)])
    canvas.fill(clamp, metal(darker(STEEL, 0.3)))
    lever = curve([(56, 57), (63, 55), (67, 58)])
    rod(canvas, lever, 2.2, darker(look.colour, 0.2), end_width=3)
    skirt = outline(arc(40, 55, 23, 5, 180, 360), arc(40, 57, 23, 5, 0, 180))
    canvas.fill(skirt, metal(darker(look.colour, 0.2)))
    dome = outline(arc(40, 55, 23, 25, 180, 360), arc(40, 55, 23, 5, 0, 180))
    canvas.fill(dome, look.colour)
    canvas.fill(
        dome,
        Radial(
            (
                (0, lighter(look.colour, 0.75)),
                (0.22, lighter(look.colour, 0.3)),
                (0.5, look.colour),
                (0.85, darker(look.colour, 0.42)),
                (1, darker(look.colour, 0.3)),
            ),
            x=0.32,
            y=0.3,
            reach=1.5,
        ),
    )
    canvas.soft(stroke(arc(40, 53, 19, 17, 20, 70), 2.4), lighter(look.colour, 0.8), 0.6, 1.2, clip=dome)
    canvas.fill(ellipse(31, 38, 4.4, 2.6).turned(-36, 31, 38), WHITE, opacity=0.75)
    canvas.fill(ellipse(40, 30.4, 3, 1.5), metal(look.colour))
    canvas.fill(ellipse(40, 29.4, 2.2, 1.3), ball(lighter(look.colour, 0.2)))
    canvas.fill(outline(arc(40, 55, 23, 5, 0, 180), arc(40, 54.2, 22.9, 4.8, 180, 0)), lighter(look.colour, 0.5))
    for side, xs in ((-1, (13, 9, 5)), (1, (67, 71, 75))):
        for index, x in enumerate(xs):
            line = arc(40, 42, abs(x - 40), 20 + index * 3, 200 if side < 0 else -20, 166 if side < 0 else 14, steps=12)
            canvas.fill(stroke(line, 0.7), darker(look.colour, 0.25), opacity=0.5 - index * 0.12)


@kind("helmet", size=1.08, focus=(40, 54), near=1.6)
def helmet(canvas: Canvas, look: Look) -> None:
    """A round helmet; form kids has stars and a visor."""
    contact(canvas, 46, y=82)
    for x1, x2 in ((24, 34), (54, 44)):
        canvas.fill(stroke(curve([(x1, 66), ((x1 + x2) / 2 - 1, 76), (x2 + (40 - x2) * 0.6, 84)]), 1.3), sheet(look.second, 0.2))
    canvas.fill(box(36.6, 82, 6.8, 3.6, 1), sheet(rgb("#33343b"), 0.3))
    pad = outline(arc(40, 64, 25, 5, 180, 360), arc(40, 65, 25, 5.4, 0, 180))
    canvas.fill(pad, rgb("#33343b"))
    shell = outline(curve([(13, 64), (14, 50), (21, 36), (33, 29), (44, 28.4), (56, 32), (65, 44), (67, 64)]), arc(40, 64, 27, 4.6, 0, 180))
    canvas.fill(shell, look.colour)
    canvas.fill(
        shell,
        Radial(
            ((0, lighter(look.colour, 0.6)), (0.3, lighter(look.colour, 0.14)), (0.6, look.colour), (1, darker(look.colour, 0.42))),
            x=0.34,
            y=0.24,
            reach=1.5,
        ),
    )
    canvas.texture(shell, "grit", 0.06)
    if look.form == "kids":
        for x, y, size, turn in (
            (24, 54, 3.4, 10),
            (36, 44, 4.2, -8),
            (50, 52, 3.6, 14),
            (58, 44, 2.6, 0),
            (42, 60, 2.4, 20),
            (30, 36, 2.2, 5),
        ):
            star = polygon(
                *[
                    (
                        x + (size if i % 2 == 0 else size * 0.45) * math.sin(math.pi * i / 5),
                        y - (size if i % 2 == 0 else size * 0.45) * math.cos(math.pi * i / 5),
                    )
                    for i in range(10)
                ]
            )
            canvas.fill(star.turned(turn, x, y), rgb("#f8f1e0"), clip=shell)
    else:
        for cx, cy, rx, ry, turn in ((28, 46, 1.9, 5.4, 24), (37, 41.6, 1.9, 5.8, 8), (46.4, 42, 1.9, 5.8, -10), (55, 47, 1.9, 5.4, -26)):
            vent = ellipse(cx, cy, rx, ry).turned(turn, cx, cy)
            canvas.fill(vent.moved(-0.3, -0.4), lighter(look.colour, 0.5), opacity=0.7)
            canvas.fill(vent, Linear(((0, rgb("#1f2026")), (1, rgb("#4a4b55"))), 60))
    rim = outline(arc(40, 64, 27, 4.6, 0, 180), arc(40, 62, 27, 4.4, 180, 0))
    canvas.fill(rim, Linear(((0, lighter(look.second, 0.3)), (0.4, look.second), (1, darker(look.second, 0.3))), 0))
    visor = outline(
        curve([(54, 66), (62, 65), (67.4, 62)]), curve([(67.4, 62), (74, 65), (75.6, 69)]), curve([(75.6, 69), (66, 69.6), (57, 70)])
    )
    canvas.fill(visor, sheet(look.second, 0.2))
    canvas.fill(ellipse(26, 39, 5, 2.2).turned(-44, 26, 39), WHITE, opacity=0.6)
    canvas.fill(ellipse(17.6, 61, 1.5), ball(STEEL))


@kind("bike_basket", focus=(40, 52), near=1.5)
def bike_basket(canvas: Canvas, look: Look) -> None:
    """A wicker basket with bread and flowers."""
    contact(canvas, 46)
    canvas.fill(ellipse(40, 51, 27, 4.4), darker(look.colour, 0.6))
    for x, turn, length in ((50, 22, 36), (57, 34, 32)):
        loaf = smooth((x - 3, 56), (x - 3.4, 56 - length * 0.6), (x, 56 - length), (x + 3.4, 56 - length * 0.6), (x + 3, 56)).turned(
            turn, x, 56
        )
        canvas.fill(loaf, Linear(((0, rgb("#e6b268")), (0.5, rgb("#cd8d42")), (1, rgb("#93572a"))), 20))
        for share in (0.3, 0.46, 0.62, 0.78):
            cut = stroke([(x - 1.8, 56 - length * share), (x + 1.8, 57.6 - length * share)], 1).turned(turn, x, 56)
            canvas.fill(cut, rgb("#f4d9a4"))
    for x, y, size, colour in (
        (20, 30, 5, look.third),
        (29, 24, 5.4, rgb("#f3efe6")),
        (36, 32, 4.6, look.third),
        (25, 38, 4.4, rgb("#f3bd2c")),
        (15, 40, 4, rgb("#f3efe6")),
        (33, 41, 4, rgb("#d9788a")),
    ):
        canvas.fill(stroke(curve([(x, y), (x * 0.6 + 12, 46), (28, 54)]), 0.6), rgb("#5f8a55"))
        flower(canvas, x, y, size, colour, rgb("#d9a336"), petals=8)
    for x, lean in ((12, -40), (22, -20), (38, 16), (42, 30)):
        sprig(canvas, x * 0.4 + 17, 54, 20, lean, rgb("#6d9a5a"), pairs=4, size=5)
    body = turned_on_lathe([(28, 52), (27, 66), (23, 82)], tilt=0.14, front=True)
    canvas.fill(body, look.colour)
    canvas.texture(body, "wicker", 0.75, darker(look.colour, 0.9))
    canvas.rounded(body, 1.1)
    rim = outline(arc(40, 52, 28.4, 4.4, 0, 180), arc(40, 50, 27.6, 3.8, 180, 0))
    canvas.fill(rim, sheet(lighter(look.colour, 0.16), 0.2))
    twists = joined(
        stroke([(12.4 + i * 2.3, 51 + 4 * math.sin(math.pi * i / 24)), (14.4 + i * 2.3, 53 + 4 * math.sin(math.pi * (i + 0.9) / 24))], 0.4)
        for i in range(24)
    )
    canvas.fill(twists, darker(look.colour, 0.5), opacity=0.6, clip=rim)
    for x in (27, 49):
        strap = box(x, 50.6, 4, 20, 1)
        canvas.shade(strap.moved(0.5, 0.6), 0.35, 0.6)
        canvas.fill(strap, sheet(look.second, 0.2))
        canvas.fill(box(x - 0.8, 62, 5.6, 4.6, 0.8) - box(x + 0.4, 63.2, 3.2, 2.2), metal(rgb("#c99b45")))
        stitches(canvas, [(x + 0.7, 52), (x + 0.7, 61)], CREAM, width=0.16)


@kind("pannier", focus=(40, 52), near=1.5)
def pannier(canvas: Canvas, look: Look) -> None:
    """A roll-top pannier."""
    contact(canvas, 42)
    for x in (25, 50):
        canvas.fill(box(x, 26, 5, 6, 1), metal(rgb("#5b5d66")))
    body = soft_polygon([(18, 36), (62, 36), (64, 70), (58, 83.6), (20, 83.6), (16, 70)], 4)
    canvas.fill(
        body,
        Linear(((0, darker(look.colour, 0.1)), (0.28, lighter(look.colour, 0.24)), (0.6, look.colour), (1, darker(look.colour, 0.36))), 0),
    )
    canvas.shine(smooth((24, 44), (34, 42), (36, 60), (28, 74), (22, 62)), 0.18, 3, clip=body)
    top = soft_polygon([(20, 28), (60, 28), (62.6, 42), (17.4, 42)], 2)
    canvas.fill(top, Linear(((0, darker(look.colour, 0.06)), (0.3, lighter(look.colour, 0.26)), (1, darker(look.colour, 0.3))), 0))
    roll = box(17.4, 21, 45.2, 9.6, 4.8)
    canvas.shade(roll.moved(0, 1.6), 0.4, 1)
    canvas.fill(roll, Linear(((0, lighter(look.colour, 0.3)), (0.4, look.colour), (1, darker(look.colour, 0.4))), 90))
    for x in (23, 53):
        belt = box(x, 20.4, 3.6, 34, 0.8)
        canvas.shade(belt.moved(0.5, 0.5), 0.3, 0.6)
        canvas.fill(belt, sheet(look.third, 0.3))
        canvas.fill(box(x - 1, 44, 5.6, 6.4, 1.2), sheet(lighter(look.third, 0.2), 0.3))
    panel = soft_polygon([(22, 58), (58, 58), (59, 70), (54.6, 79), (25.4, 79), (21, 70)], 3)
    canvas.shade(panel.moved(0.4, 0.8), 0.35, 0.8)
    canvas.fill(panel, sheet(lighter(look.colour, 0.08), 0.16))
    reflector = polygon((40, 62), (46, 68), (40, 74), (34, 68))
    canvas.fill(reflector, Linear(((0, lighter(look.second, 0.4)), (1, look.second)), 60))
    canvas.fill(polygon((40, 64.4), (43.6, 68), (40, 71.6), (36.4, 68)), look.colour)
    canvas.fill(box(16.4, 54, 47.2, 1.6), look.second, opacity=0.9, clip=body)


@kind("bike_lights", lies=True, size=1.2, focus=(28, 44), near=1.6)
def bike_lights(canvas: Canvas, look: Look) -> None:
    """A white and a red light, glowing."""
    for x, y, glow, core in ((27, 40, rgb("#ffe9a8"), rgb("#fffbe6")), (53, 62, rgb("#ff6a4d"), rgb("#ffd6c8"))):
        canvas.soft(ellipse(x, y, 24, 24), glow, 0.55, 9)
        whole = ellipse(x, y, 13.4)
        fallen(canvas, whole, 1.6)
        canvas.fill(box(x - 3, y + 10, 6, 9, 2), sheet(lighter(look.colour, 0.14), 0.3))
        canvas.fill(whole, Linear(((0, lighter(look.colour, 0.5)), (0.5, lighter(look.colour, 0.14)), (1, look.colour)), 55))
        canvas.fill(ellipse(x, y, 11.6), look.colour)
        canvas.fill(
            ellipse(x, y, 10.4), Radial(((0, core), (0.35, core), (0.75, glow), (1, mix(glow, look.colour, 0.45))), x=0.5, y=0.5, reach=1)
        )
        facets = joined(
            stroke([(x + 4 * math.cos(a), y + 4 * math.sin(a)), (x + 10 * math.cos(a), y + 10 * math.sin(a))], 0.35)
            for a in [i * math.tau / 16 for i in range(16)]
        )
        canvas.fill(facets, WHITE, opacity=0.4)
        canvas.fill(ellipse(x, y, 3.8), core)
        canvas.soft(ellipse(x, y, 8, 8), WHITE, 0.6, 2.4)
        canvas.fill(ellipse(x - 5, y - 6.4, 2.6, 1.4).turned(-40, x - 5, y - 6.4), WHITE, opacity=0.6)


@kind("saddle", focus=(42, 52), near=1.5)
def saddle(canvas: Canvas, look: Look) -> None:
    """A riveted leather saddle on its rails."""
    contact(canvas, 44)
    rod(canvas, [(36, 84), (37, 70)], 4.6, look.third)
    for shift in (0, 3):
        rail = curve([(64, 54 + shift), (54, 66 + shift * 0.6), (40, 68.6 + shift * 0.6), (28, 66 + shift * 0.6), (20, 58 + shift)])
        rod(canvas, rail, 1.4, look.third)
    for x in (18.0, 25):
        spring = joined(ellipse(x, 58 + i * 2.3, 3, 1.3) - ellipse(x, 58 + i * 2.3, 2, 0.6) for i in range(5))
        canvas.fill(spring, metal(look.third))
    canvas.fill(box(31, 67, 11, 5.4, 1.6), metal(darker(look.third, 0.2)))
    leather = path(
        "M10 49 C11 43 17 41 25 42.6 C34 44.4 44 46.6 56 45.6 C63 45 70 45.6 72.6 48"
        " C74.4 50 73.4 53.6 70 54.6 C62 56 54 55.4 47 57.4 C39 60 33 64.6 23 64 C15 63.4 9 58 10 49 Z"
    )
    canvas.fill(leather, Linear(((0, lighter(look.colour, 0.36)), (0.4, look.colour), (1, darker(look.colour, 0.4))), 75))
    canvas.texture(leather, "felt", 0.1, darker(look.colour, 0.9))
    canvas.shine(smooth((16, 46), (26, 45), (44, 48.6), (62, 47.6), (44, 50.4), (26, 49.4)), 0.45, 1.2, clip=leather)
    canvas.shade(
        path(
            "M10 49 C9 58 15 63.4 23 64 C33 64.6 39 60 47 57.4 C54 55.4 62 56 70 54.6"
            " C62 54 54 53.6 46 55 C36 57 28 61 20 58 C14 56 11 53 10 49 Z"
        ),
        0.3,
        1.2,
        clip=leather,
    )
    for x, y in ((14.6, 46.6), (18, 44.8), (22, 44.4), (12.6, 50), (69, 49), (70.4, 51.4), (67, 52.4)):
        canvas.fill(ellipse(x, y, 1.15), ball(look.second))
    stitches(canvas, curve([(22, 62), (34, 61), (46, 55.6), (60, 54), (68, 53)]), lighter(look.colour, 0.5), width=0.18, opacity=0.6)


@kind("pump", focus=(40, 52), near=1.4)
def pump(canvas: Canvas, look: Look) -> None:
    """A floor pump with a wooden handle and a gauge."""
    contact(canvas, 34)
    hose = curve([(44, 78), (60, 74), (65, 56), (60, 36), (52, 30), (49, 38)])
    canvas.shade(stroke([(x + 1, y + 1) for x, y in hose], 1.6), 0.25, 0.9)
    rod(canvas, hose, 1.7, rgb("#33343b"))
    rod(canvas, [(49, 37), (48.4, 44)], 2.8, rgb("#c99b45"))
    rod(canvas, [(40, 12), (40, 34)], 1.5, STEEL)
    grip = smooth(
        (20, 11), (23, 8.4), (34, 9.6), (40, 9.2), (46, 9.6), (57, 8.4), (60, 11), (57, 13.8), (46, 13), (40, 13.6), (34, 13), (23, 13.8)
    )
    wood(canvas, grip, look.second, every=0.7)
    canvas.veil(grip, ((0, 0.45), (0.45, 0)), 90, CREAM)
    barrel = turned_on_lathe([(4.2, 32), (4.2, 78)], tilt=0.2, smooth_sides=False)
    canvas.fill(barrel, look.colour)
    canvas.rounded(barrel, 1.3)
    canvas.fill(band(40, (4.8, 31), (4.8, 34), tilt=0.2), metal(STEEL))
    canvas.fill(box(39, 40, 2, 16, 0.4), look.third, opacity=0.85)
    foot = outline(curve([(22, 83), (26, 79.6), (34, 78.4)]), curve([(46, 78.4), (54, 79.6), (58, 83)]), [(57, 84.4), (23, 84.4)])
    canvas.fill(foot, tube(darker(look.colour, 0.1)))
    gauge = ellipse(40, 70, 8.6)
    canvas.shade(gauge.moved(0.6, 1), 0.4, 0.9)
    canvas.fill(gauge, metal(STEEL))
    canvas.fill(ellipse(40, 70, 7.2), look.third)
    for tick in range(11):
        canvas.fill(box(39.8, 64, 0.4, 1.6).turned(-120 + tick * 24, 40, 70), rgb("#33343b"))
    canvas.fill(polygon((39.5, 71), (40.5, 71), (40, 64.6)).turned(40, 40, 70), rgb("#d2452f"))
    canvas.fill(ellipse(40, 70, 0.9), rgb("#33343b"))


@kind("multitool", lies=True, size=1.2, focus=(40, 54), near=1.5)
def multitool(canvas: Canvas, look: Look) -> None:
    """A multitool, its keys fanned out."""
    tools = ((-64, 25, 2.6), (-40, 28, 3.2), (-16, 30, 3.8), (10, 30, 3.4), (36, 28, 2.8), (62, 25, 2.4))
    for angle, length, width in tools:
        key = stroke([(40, 64), (40, 64 - length)], width) + stroke(
            [(40, 64 - length), (40 + (6 if angle > 0 else -6), 64 - length)], width
        )
        key = key.turned(angle, 40, 64)
        canvas.shade(key.moved(1, 1.6), 0.35, 1)
        canvas.fill(key, Linear(((0, lighter(look.second, 0.6)), (0.5, look.second), (1, darker(look.second, 0.35))), 40))
    body = soft_polygon([(18, 58), (62, 58), (65, 66), (62, 74), (18, 74), (15, 66)], 6)
    fallen(canvas, body, 1.6)
    canvas.fill(body, Linear(((0, lighter(look.colour, 0.34)), (0.5, look.colour), (1, darker(look.colour, 0.36))), 80))
    canvas.fill(soft_polygon([(24, 62), (56, 62), (58, 66), (56, 70), (24, 70), (22, 66)], 3.4), darker(look.colour, 0.3))
    canvas.fill(joined(box(27 + i * 3.2, 63.6, 1.4, 4.8, 0.6) for i in range(9)), lighter(look.colour, 0.2), opacity=0.5)
    for x in (40.0,):
        canvas.fill(ellipse(x, 58.4, 3.4), metal(look.second))
        hexagon = polygon(*[(x + 1.7 * math.cos(math.pi * i / 3), 58.4 + 1.7 * math.sin(math.pi * i / 3)) for i in range(6)])
        canvas.fill(hexagon, look.third)


@kind("u_lock", lies=True, focus=(40, 44), near=1.5)
def u_lock(canvas: Canvas, look: Look) -> None:
    """A U-shaped lock with its key."""
    with canvas.within(turn=-14):
        bow: list[Point] = [(27, 62), (27, 34), *arc(40, 32, 13, 14, 180, 360), (53, 34), (53, 62)]
        canvas.shade(stroke([(x + 1.6, y + 2.2) for x, y in bow], 6), 0.3, 1.6)
        canvas.fill(stroke(bow, 6), look.colour)
        canvas.fill(stroke([(x - 1.1, y - 0.8) for x, y in bow], 1.6), lighter(look.colour, 0.5), opacity=0.7)
        canvas.shade(stroke([(x + 1.8, y + 1) for x, y in bow], 1.4), 0.35, 0.8, clip=stroke(bow, 6))
        for x in (27, 53):
            canvas.fill(box(x - 3.4, 55, 6.8, 5, 1), metal(look.second))
        bar = box(18, 59.6, 44, 12, 5)
        fallen(canvas, bar, 1.6)
        canvas.fill(bar, Linear(((0, lighter(look.colour, 0.4)), (0.4, look.colour), (1, darker(look.colour, 0.4))), 90))
        canvas.fill(box(18, 59.6, 6.4, 12, 4) + box(55.6, 59.6, 6.4, 12, 4), metal(look.second))
        canvas.fill(ellipse(40, 65.6, 4), metal(look.second))
        canvas.fill(ellipse(40, 65.6, 2.8), darker(look.second, 0.4))
        canvas.fill(box(39.5, 63.8, 1, 3.6, 0.3), rgb("#1f2026"))
    ring = _ring(58, 81, 5.4, 4.4)
    canvas.shade(ring.moved(0.5, 0.8), 0.35, 0.5)
    canvas.fill(ring, metal(look.second))
    for turn in (24, 62):
        key = (
            ellipse(58, 88, 3.6) - ellipse(58, 86.4, 1) + box(57.2, 91, 1.6, 9, 0.3) + box(58.4, 95, 1.6, 1.2) + box(58.4, 97.4, 1.2, 1.2)
        ).turned(turn, 58, 82)
        canvas.shade(key.moved(0.5, 0.7), 0.35, 0.5)
        canvas.fill(key, Linear(((0, lighter(look.third, 0.5)), (0.5, look.third), (1, darker(look.third, 0.2))), 40))


@kind("sport_bottle", size=1.15, focus=(40, 54), near=1.6)
def sport_bottle(canvas: Canvas, look: Look) -> None:
    """A squeezable bottle."""
    contact(canvas, 24)
    canvas.fill(turned_on_lathe([(2.6, 17), (3.4, 19), (2.6, 23), (4, 26)], tilt=0.2), tube(look.third, 0.4))
    canvas.fill(turned_on_lathe([(4.4, 25), (10, 28.6), (13, 31)], tilt=0.16), tube(look.second, 0.34))
    cap = turned_on_lathe([(13.4, 30.6), (13.6, 38)], tilt=0.15, smooth_sides=False)
    canvas.fill(cap, tube(look.second, 0.34))
    canvas.fill(joined(box(27 + i * 2.06, 32.4, 0.6, 6.6, 0.2) for i in range(13)), darker(look.second, 0.5), opacity=0.5)
    body = turned_on_lathe([(13.4, 38), (14.4, 42), (14, 48), (11.6, 53), (12, 58), (14.6, 63), (14.8, 78), (13, 82)], tilt=0.15)
    canvas.fill(body, look.colour)
    canvas.rounded(body, 1.1)
    canvas.fill(band(40, (15, 64), (15, 74), tilt=0.15), look.second, clip=body, opacity=0.92)
    canvas.fill(band(40, (15, 75.6), (15, 76.6), tilt=0.15), look.second, clip=body, opacity=0.92)
    wheel = _ring(40, 71.4, 3.4, 2.7) + joined(
        stroke([(40, 71.4), (40 + 3 * math.cos(a), 71.4 + 3 * math.sin(a))], 0.3) for a in [i * math.tau / 8 for i in range(8)]
    )
    canvas.fill(wheel, lighter(look.colour, 0.4) if look.colour[0] < 230 else WHITE, opacity=0.95)
    canvas.shine(stroke([(30, 42), (30.4, 48)], 1.4), 0.6, 0.7)
    canvas.shine(stroke([(29.4, 64), (29.4, 78)], 1.4), 0.5, 0.8)
