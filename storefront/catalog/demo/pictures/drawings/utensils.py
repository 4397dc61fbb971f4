"""Drawings of knives, boards and other kitchen tools."""

import math

from storefront.catalog.demo.pictures.backdrop import FLOOR, contact, fallen
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, ball, metal, sheet, tube
from storefront.catalog.demo.pictures.colour import CREAM, darker, lighter, mix, rgb
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import WHITE, dice_of, dots, glass, grain, sprig, wood
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
    soft_polygon,
    stroke,
    turned_on_lathe,
)


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
        for x, y, turn in ((27.0, 62.0, 10), (35, 67, 30)):
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
    for x, y, r in ((30.0, 58, 1.2), (37, 55, 0.9), (40, 60.6, 1.3), (35, 61, 0.6)):
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
