"""Drawings of what stands on a table."""

import math

from storefront.catalog.demo.pictures.backdrop import FLOOR, contact, fallen
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, ball, metal, sheet, tube
from storefront.catalog.demo.pictures.colour import CREAM, Colour, darker, lighter, mix, rgb
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import (
    COFFEE,
    TILT,
    WHITE,
    dice_of,
    dots,
    draw_leaf,
    glass,
    grain,
    mouth,
    rod,
    speckle,
    sprig,
    steam,
)
from storefront.catalog.demo.pictures.shapes import (
    Shape,
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


@kind("mug", size=1.18, focus=(42, 66), near=1.9)
def mug(canvas: Canvas, look: Look) -> None:
    """A mug with a handle; forms: tall, round, low."""
    top, radius = {"tall": (47, 15), "low": (60, 19)}.get(look.form, (51, 17))
    contact(canvas, radius * 2 + 4)
    belly = {"round": 2.6, "low": 0.6}.get(look.form, 0.4)
    profile = [(radius, top), (radius + belly, (top + FLOOR) / 2), (radius - 1.2, FLOOR - 5), (radius - 4.2, FLOOR - 1.2)]
    body = turned_on_lathe(profile, tilt=TILT)
    x = 40 + radius - 0.5
    loop = curve([(x, top + 6), (x + 8.5, top + 5.2), (x + 11, top + 12), (x + 7.5, top + 20), (x - 1, top + 21.5)])
    handle = stroke(loop, 3.7)
    canvas.fill(handle, Linear(((0, lighter(look.colour, 0.1)), (0.5, look.colour), (1, darker(look.colour, 0.3))), 70))
    canvas.veil(stroke([(px - 0.5, py - 0.8) for px, py in loop[4:-12]], 0.8), ((0, 0.5), (1, 0)), 80, CREAM)
    canvas.shade(ellipse(x + 0.5, top + 13, 2.4, 11), 0.3, 1.2, clip=handle)
    canvas.fill(body, look.colour)
    if look.pattern == "dipped":
        canvas.fill(band(40, (radius + 4, FLOOR - 13), (radius + 4, FLOOR + 3)), look.second, clip=body)
        canvas.texture(body, "grit", 0.08)
    elif look.pattern == "bands":
        for y in (FLOOR - 17, FLOOR - 13.4):
            canvas.fill(band(40, (radius + 2.6, y), (radius + 2.5, y + 1.6)), look.second, clip=body)
    elif look.pattern == "speckle":
        speckle(canvas, body, look.second, 150)
    canvas.rounded(body)
    mouth(canvas, radius, top, look.colour, look.third if look.pattern == "dipped" else look.colour)
    tea = ellipse(40, top + 1.1, radius - 2.2, (radius - 2.2) * 0.16)
    canvas.fill(tea, Linear(((0, darker(COFFEE, 0.1)), (1, lighter(COFFEE, 0.34))), 20))
    canvas.shine(ellipse(40 - radius * 0.55, top + 11, 1.3, 7), 0.5, 1.0, clip=body)
    steam(canvas, 40, top - 4, 17)


@kind("cup", size=1.22, focus=(40, 66), near=1.9)
def cup(canvas: Canvas, look: Look) -> None:
    """An espresso cup on its saucer, with a biscuit."""
    contact(canvas, 44, y=81)
    saucer = outline(arc(40, 77.4, 25, 5.4, 180, 360), arc(40, 78.2, 25, 6.4, 0, 180))
    canvas.fill(saucer, tube(darker(look.colour, 0.08)))
    canvas.fill(ellipse(40, 76.9, 24.4, 5), Linear(((0, lighter(look.colour, 0.35)), (1, look.colour)), 20))
    canvas.fill(ellipse(40, 77, 15, 3), darker(look.colour, 0.16), opacity=0.6)
    canvas.shade(ellipse(42, 78, 13, 2.6), 0.35, 1)
    biscuit = soft_polygon([(54, 74.6), (62, 75.6), (60.6, 78.6), (53, 77.6)], 1)
    canvas.shade(biscuit.moved(0.5, 0.7), 0.3, 0.5)
    canvas.fill(biscuit, sheet(rgb("#c98a4b"), 0.2))
    loop = curve([(51.5, 60), (58.5, 59.4), (60, 65), (52, 70)])
    rod(canvas, loop, 2.4, look.colour)
    body = turned_on_lathe([(14, 55), (13.6, 63), (10.4, 71), (6.8, 76.2)])
    canvas.fill(body, look.colour)
    canvas.rounded(body)
    mouth(canvas, 14, 55, look.colour, lighter(look.colour, 0.4), lip=0.7)
    coffee = ellipse(40, 55.8, 12.4, 1.95)
    canvas.fill(coffee, Linear(((0, darker(COFFEE, 0.1)), (1, rgb("#9a6238"))), 15))
    canvas.fill(ellipse(41, 56, 8, 1.1), rgb("#c8935f"), opacity=0.55)
    canvas.shine(ellipse(32, 63, 1, 4), 0.55, 0.7)
    steam(canvas, 40, 50, 17)


@kind("bowl", size=1.22, focus=(40, 66), near=1.7)
def bowl(canvas: Canvas, look: Look) -> None:
    """A bowl of breakfast."""
    contact(canvas, 36)
    body = turned_on_lathe([(24, 58), (23.2, 66), (18, 75.6), (10, 79.6), (10, 82.2)], tilt=0.24)
    canvas.fill(body, look.colour)
    if look.pattern == "speckle":
        speckle(canvas, body, look.second, 190)
    canvas.rounded(body)
    canvas.shade(band(40, (11, 79), (11, 80.4), tilt=0.24), 0.3, 0.6, clip=body)
    mouth(canvas, 24, 58, look.colour, look.colour, tilt=0.24)
    inside = ellipse(40, 58.2, 23, 5.5)
    milk = ellipse(40, 59.6, 20.6, 4)
    canvas.fill(milk, Linear(((0, darker(CREAM, 0.08)), (1, rgb("#fffaf0"))), 20), clip=inside)
    dice = dice_of(5)
    for _ in range(34):
        angle, reach = dice.uniform(0, 6.28), dice.uniform(0, 1) ** 0.6
        x, y = 40 + 17 * reach * math.cos(angle), 59.4 + 3 * reach * math.sin(angle)
        oat = ellipse(x, y, 1.7, 0.8).turned(dice.uniform(0, 180), x, y)
        canvas.fill(oat, sheet(rgb("#d9ae6c"), 0.2))
    for x, y in ((33, 58.4), (36.4, 60.4), (46, 58), (43, 61), (39.6, 58.2), (49, 60)):
        canvas.fill(ellipse(x, y, 1.7, 1.5), ball(rgb("#3f4a86")))
    for x, y in ((36.6, 57.8), (46, 60.6)):
        canvas.fill(ellipse(x, y, 1.8, 1.6), ball(rgb("#cf3f4c")))
    canvas.shine(ellipse(23, 68, 1.3, 4.5).turned(-24, 23, 68), 0.5, 0.9, clip=body)


@kind("salad_bowl", focus=(40, 60), near=1.6)
def salad_bowl(canvas: Canvas, look: Look) -> None:
    """A big wooden bowl of leaves."""
    contact(canvas, 44)
    for turn, x in ((-24, 26.0), (27, 55)):
        server = stroke([(x, 60), (x, 26)], 2, end_width=2.6).turned(turn, x, 60)
        canvas.fill(server, sheet(look.second, 0.25, 0))
    greens = (rgb("#7fae4f"), rgb("#5d9145"), rgb("#9cc065"), rgb("#4d7d43"), rgb("#b06a7a"))
    dice = dice_of(12)
    for index in range(40):
        angle = dice.uniform(-78, 78)
        x = 40 + dice.uniform(-21, 21)
        y = 57.5 - (1 - ((x - 40) / 23) ** 2) * dice.uniform(0, 4.5)
        draw_leaf(canvas, x, y, dice.uniform(6, 10.5), dice.uniform(5, 7.5), angle, greens[index % 5], bend=dice.uniform(-1.5, 1.5))
    for x, y, r in ((31, 50, 2.6), (45, 47.6, 2.4), (52, 52.6, 2.4), (37.6, 53.6, 2.2)):
        canvas.fill(ellipse(x, y, r), ball(rgb("#d8412f")))
    body = turned_on_lathe([(27, 56), (26, 65), (20, 76), (13, 82)], tilt=0.1)
    front = body - ellipse(40, 54.4, 27.4, 3.4)
    canvas.fill(front, look.colour)
    grain(canvas, front, look.colour, degrees=0, every=1.6, opacity=0.3)
    canvas.rounded(front)
    lip = outline(arc(40, 55.6, 27, 3.4, 180, 0), arc(40, 55.4, 25.6, 2.6, 0, 180))
    canvas.fill(lip, lighter(look.colour, 0.3))


@kind("plate", lies=True, focus=(40, 50), near=1.5)
def plate(canvas: Canvas, look: Look) -> None:
    """A plate from above; form set: four with painted borders."""
    if look.form == "set":
        for index, (x, y, r) in enumerate(((26, 31, 17.5), (56, 36, 17.5), (25, 66, 17.5), (55, 70, 17.5))):
            _plate(canvas, look, x, y, r)
            _border(canvas, (look.second, look.third, look.third, look.second)[index], index, x, y, r)
        return
    napkin = soft_polygon([(55, 22), (74, 26), (70, 78), (51, 74)], 0.6)
    fallen(canvas, napkin, 0.4)
    canvas.fill(napkin, sheet(mix(look.colour, rgb("#f6efe2"), 0.6), 0.12))
    canvas.texture(napkin, "weave", 0.14)
    _plate(canvas, look, 36, 50, 27)
    _fork(canvas, 66, 50, darker(rgb("#c3cad0"), 0.05))
    if look.pattern == "speckle":
        speckle(canvas, ellipse(36, 50, 26.4), look.second, 260)
    sprig(canvas, 27, 60, 22, 58, rgb("#7b9a6a"), pairs=6, size=5.4)


def _plate(canvas: Canvas, look: Look, x: float, y: float, r: float) -> None:
    whole = ellipse(x, y, r)
    fallen(canvas, whole, 1.1)
    canvas.fill(whole, Linear(((0, lighter(look.colour, 0.5)), (0.5, look.colour), (1, darker(look.colour, 0.14))), 52))
    canvas.fill(ellipse(x, y, r * 0.97), Linear(((0, darker(look.colour, 0.05)), (0.5, look.colour), (1, lighter(look.colour, 0.45))), 52))
    canvas.fill(ellipse(x, y, r * 0.74), Linear(((0, darker(look.colour, 0.2)), (0.5, look.colour), (1, lighter(look.colour, 0.5))), 52))
    canvas.fill(ellipse(x, y, r * 0.71), Radial(((0, lighter(look.colour, 0.24)), (1, look.colour)), x=0.4, y=0.35))


def _border(canvas: Canvas, colour: Colour, number: int, x: float, y: float, r: float) -> None:
    middle = r * 0.86
    if number == 0:
        wave = [
            (x + (middle + 0.8 * math.sin(a * 9)) * math.cos(a), y + (middle + 0.8 * math.sin(a * 9)) * math.sin(a)) for a in _round(120)
        ]
        canvas.fill(stroke(wave, 0.8), colour)
    elif number == 1:
        for a in _round(14):
            px, py = x + middle * math.cos(a), y + middle * math.sin(a)
            shape = ellipse(px, py, 2.1, 0.85).turned(math.degrees(a) + 62, px, py)
            canvas.fill(shape, colour)
    elif number == 2:
        dots(canvas, [(x + middle * math.cos(a), y + middle * math.sin(a)) for a in _round(22)], 0.85, colour)
    else:
        canvas.fill(ellipse(x, y, middle + 0.5) - ellipse(x, y, middle - 0.5), colour)


def _round(count: int) -> list[float]:
    return [math.tau * index / count for index in range(count + 1)]


def _fork(canvas: Canvas, x: float, y: float, steel: Colour) -> None:
    tines = joined(box(x - 3 + i * 1.75, y - 26, 0.85, 13, 0.4) for i in range(4))
    shape = tines + smooth((x - 3.2, y - 15), (x + 3.2, y - 15), (x + 2.6, y - 9), (x + 0.8, y - 5), (x - 0.8, y - 5), (x - 2.6, y - 9))
    shape += stroke([(x, y - 6), (x, y + 24)], 1.6, end_width=2.8)
    shape = shape.turned(6, x, y)
    canvas.shade(shape.moved(0.5, 0.7), 0.35, 0.5)
    canvas.fill(shape, Linear(((0, lighter(steel, 0.6)), (0.5, steel), (1, darker(steel, 0.2))), 20))


@kind("teapot", size=1.02, focus=(34, 62), near=1.6)
def teapot(canvas: Canvas, look: Look) -> None:
    """A round teapot."""
    contact(canvas, 40)
    loop = curve([(57, 54), (70, 50), (73.5, 60), (69, 71), (58, 74)])
    rod(canvas, loop, 3.4, look.colour)
    spout = outline(curve([(21, 73), (14, 68), (9.6, 56)]), [(6.6, 53.4), (12.4, 52)], curve([(14.6, 57.6), (18.6, 61.6), (24, 60)]))
    canvas.fill(spout, Linear(((0, lighter(look.colour, 0.2)), (1, darker(look.colour, 0.2))), 40))
    canvas.fill(ellipse(9.6, 53.2, 2.9, 1).turned(-12, 9.6, 53.2), darker(look.colour, 0.5))
    body = turned_on_lathe([(10, 48), (18, 52), (22.4, 62), (20.6, 72), (13, 80), (11, 82.2)], tilt=0.14)
    canvas.fill(body, look.colour)
    speckle(canvas, body, look.second, 110)
    canvas.rounded(body)
    lid = outline(arc(40, 48.4, 11.4, 5.6, 180, 360), arc(40, 48.4, 11.4, 1.8, 0, 180))
    canvas.fill(lid, tube(lighter(look.colour, 0.05)))
    canvas.fill(stroke(arc(40, 48.4, 11.4, 1.8, 0, 180), 0.5), darker(look.colour, 0.5), opacity=0.7)
    canvas.fill(ellipse(40, 41.8, 2.9, 2.5), ball(look.colour))
    canvas.shine(ellipse(27.4, 60, 1.7, 5.6).turned(12, 27.4, 60), 0.65, 0.9)
    steam(canvas, 7, 50, 15)


@kind("tumbler", size=1.2, focus=(36, 62), near=1.7)
def tumbler(canvas: Canvas, look: Look) -> None:
    """Two fluted glasses, one of them full."""
    for cx, foot, full in ((53, 79.5, False), (32, FLOOR, True)):
        top, radius = foot - 30, 12.4
        contact(canvas, 22, cx=cx, y=foot, depth=0.7)
        canvas.soft(ellipse(cx + 7, foot + 1.4, 9, 2), lighter(look.colour, 0.3), 0.5, 1.4)
        wall = turned_on_lathe([(radius, top), (radius - 1.2, foot - 6), (radius - 2.4, foot - 1)], cx=cx, tilt=0.17)
        if full:
            drink = turned_on_lathe([(radius - 0.9, top + 8), (radius - 2, foot - 6), (radius - 3, foot - 3)], cx=cx, tilt=0.17)
            canvas.fill(
                drink, Linear(((0, mix(look.colour, rgb("#a9cde0"), 0.5)), (1, mix(look.colour, rgb("#7fb0cc"), 0.5))), 80), opacity=0.6
            )
            canvas.fill(ellipse(cx, top + 8, radius - 0.9, 2), WHITE, opacity=0.5)
            canvas.fill(ellipse(cx + 2, top + 9.6, 5.4, 5.6), rgb("#f2cf4b"), opacity=0.9)
            canvas.fill(ellipse(cx + 2, top + 9.6, 4.6, 4.8), rgb("#fbeebc"), opacity=0.9)
        canvas.fill(ellipse(cx, top, radius, radius * 0.17), lighter(look.colour, 0.3), opacity=0.35)
        glass(canvas, wall, look.colour, strength=0.3)
        flutes = joined(
            stroke([(cx + radius * s, top + 4 + 1.6 * math.cos(s * 1.5)), (cx + (radius - 2) * s, foot)], 0.45)
            for s in (-0.9, -0.7, -0.43, -0.14, 0.14, 0.43, 0.7, 0.9)
        )
        canvas.fill(flutes, darker(look.colour, 0.4), opacity=0.34, clip=wall)
        canvas.fill(flutes.moved(0.5, 0), WHITE, opacity=0.5, clip=wall)
        rim = ellipse(cx, top, radius, radius * 0.17) - ellipse(cx, top, radius - 0.5, radius * 0.17 - 0.4)
        canvas.fill(rim, WHITE, opacity=0.85)
        base = turned_on_lathe([(radius - 2.2, foot - 3.4), (radius - 2.6, foot - 1)], cx=cx, tilt=0.17)
        canvas.fill(base, lighter(look.colour, 0.5), opacity=0.5)


@kind("wine_glass", focus=(40, 44), near=1.6)
def wine_glass(canvas: Canvas, look: Look) -> None:
    """A stemmed glass with red wine."""
    contact(canvas, 22, depth=0.7)
    canvas.soft(ellipse(50, 84.6, 9, 1.8), rgb("#c44b5b"), 0.4, 1.4)
    canvas.fill(ellipse(40, 82, 11.5, 2.3), rgb("#dcebf0"), opacity=0.6)
    canvas.fill(ellipse(40, 82, 11.5, 2.3) - ellipse(40, 81.7, 10.7, 1.9), WHITE, opacity=0.8)
    stem = outline(curve([(38.9, 58), (39.2, 70), (38.4, 78), (35, 82)]), curve([(45, 82), (41.6, 78), (40.8, 70), (41.1, 58)]))
    canvas.fill(stem, Linear(((0, rgb("#b7ccd4")), (0.4, WHITE), (1, rgb("#a8bfc9"))), 0), opacity=0.8)
    cuppa = turned_on_lathe([(11.6, 26), (14.2, 38), (13.4, 48), (8, 56), (1.4, 59.4)], tilt=0.18)
    wine = turned_on_lathe([(13.7, 42), (13.2, 48.4), (7.6, 56), (1, 58.8)], tilt=0.18)
    canvas.fill(wine, Linear(((0, rgb("#5d0f25")), (0.35, rgb("#a8243f")), (0.7, rgb("#7d1730")), (1, rgb("#4b0b1d"))), 0))
    canvas.fill(ellipse(40, 42, 13.7, 2.5), Linear(((0, rgb("#7d1730")), (1, rgb("#c2455c"))), 0))
    glass(canvas, cuppa, rgb("#e6f0f3"), strength=0.12)
    canvas.fill(ellipse(40, 26, 11.6, 2.1) - ellipse(40, 26, 11.1, 1.7), WHITE, opacity=0.9)
    canvas.shine(ellipse(31, 44, 1, 6).turned(6, 31, 44), 0.7, 0.6)


@kind("carafe", focus=(40, 58), near=1.5)
def carafe(canvas: Canvas, look: Look) -> None:
    """A slender carafe of water with a glass marble on it."""
    contact(canvas, 28, depth=0.7)
    canvas.soft(ellipse(52, 85, 11, 2), lighter(look.colour, 0.4), 0.6, 1.6)
    wall = turned_on_lathe([(7.4, 24), (5, 32), (5.4, 42), (12, 58), (15.4, 72), (13.4, 82)], tilt=0.15)
    water = turned_on_lathe([(9.2, 52), (12.4, 60), (14.4, 72), (12.6, 81)], tilt=0.15)
    canvas.fill(water, Linear(((0, mix(look.colour, rgb("#b7d8e8"), 0.6)), (1, mix(look.colour, rgb("#7eaecb"), 0.6))), 80), opacity=0.75)
    for x, y, turn in ((35, 68, 20), (43, 60, -30), (44, 74, 70)):
        lime = ellipse(x, y, 4.4, 2.2).turned(turn, x, y)
        canvas.fill(lime, rgb("#9cc254"), opacity=0.9)
        canvas.fill(ellipse(x, y, 3.6, 1.6).turned(turn, x, y), rgb("#e3efb4"), opacity=0.9)
    canvas.fill(ellipse(40, 52, 9.2, 1.4), WHITE, opacity=0.6)
    glass(canvas, wall, look.colour, strength=0.22)
    canvas.fill(ellipse(40, 24, 7.4, 1.2) - ellipse(40, 24, 6.8, 0.9), WHITE, opacity=0.9)
    marble = ellipse(40, 20.6, 5.4)
    canvas.fill(marble, Radial(((0, WHITE), (0.4, lighter(look.colour, 0.3)), (1, darker(look.colour, 0.45)))), opacity=0.9)
    canvas.fill(stroke(curve([(36.6, 22.6), (39, 19.4), (42.6, 21), (43.6, 18.6)]), 1), rgb("#2c50b8"), opacity=0.65, clip=marble)
    canvas.fill(ellipse(38, 18.2, 1.2, 0.9), WHITE, opacity=0.9)


@kind("jug", size=1.1, focus=(38, 58), near=1.6)
def jug(canvas: Canvas, look: Look) -> None:
    """A jug of milk with painted bands."""
    contact(canvas, 32)
    rod(canvas, curve([(52, 40), (64, 38.6), (67.6, 49), (63, 62), (54, 66)]), 3.6, look.colour)
    lip = path("M26.5 33 C22 31.6 20.4 29.6 18.6 29.8 C20 34.4 23 38.6 27.4 41 Z")
    canvas.fill(lip, Linear(((0, lighter(look.colour, 0.3)), (1, look.colour)), 60))
    body = turned_on_lathe([(13.6, 33), (12.4, 42), (15.4, 54), (18.4, 66), (16.6, 77), (13, 82)], tilt=0.16)
    canvas.fill(body, look.colour)
    if look.pattern == "bands":
        for y, thick, colour in ((58, 2.6, look.second), (62.6, 0.9, look.second), (70, 0.9, look.second)):
            canvas.fill(band(40, (19.4, y), (19.4, y + thick)), colour, clip=body)
    canvas.rounded(body)
    mouth(canvas, 13.6, 33, look.colour, look.colour, tilt=0.16)
    canvas.fill(ellipse(40, 34, 12, 1.5), Linear(((0, darker(CREAM, 0.12)), (1, rgb("#fffdf6"))), 10))
    canvas.shine(ellipse(30, 58, 1.6, 7), 0.55, 1)


@kind("cutlery", lies=True, size=1.05, focus=(40, 36), near=1.5)
def cutlery(canvas: Canvas, look: Look) -> None:
    """A knife, a fork and two spoons on a folded napkin."""
    napkin = soft_polygon([(17, 20), (63, 20), (63, 84), (17, 84)], 0.8).turned(-4)
    fallen(canvas, napkin, 0.7)
    canvas.fill(napkin, sheet(look.second, 0.14))
    canvas.texture(napkin, "weave", 0.22)
    fold = stroke([(32, 19), (32, 85)], 0.5, round_ends=False).turned(-4)
    canvas.fill(fold, darker(look.second, 0.5), opacity=0.5)
    canvas.fill((box(60.4, 20, 1.2, 64) + box(17, 80, 46, 1.2)).turned(-4), CREAM, opacity=0.55, clip=napkin)
    with canvas.within(turn=-4):
        _fork(canvas, 26, 52, look.colour)
        blade = path("M37 26 C37 22 41 22 41.6 26 L42 52 L37 52 Z") + stroke([(39.4, 52), (39.4, 76)], 2.6, end_width=3.4)
        for shape in (blade, _spoon(50, 34, 4.6, 7), _spoon(58, 42, 3.2, 5)):
            canvas.shade(shape.moved(0.6, 0.9), 0.4, 0.6)
            canvas.fill(shape, Linear(((0, lighter(look.colour, 0.65)), (0.5, look.colour), (1, darker(look.colour, 0.25))), 20))
        for x, y, rx, ry in ((50, 33.6, 3.6, 5.8), (58, 41.6, 2.4, 4)):
            canvas.fill(ellipse(x, y, rx, ry), Linear(((0, darker(look.colour, 0.3)), (1, lighter(look.colour, 0.5))), 60))


def _spoon(x: float, y: float, rx: float, ry: float) -> Shape:
    return ellipse(x, y, rx, ry) + stroke([(x, y + ry - 1), (x, 76)], 1.5, end_width=2.8)


@kind("egg_cup", size=1.3, focus=(40, 58), near=1.8)
def egg_cup(canvas: Canvas, look: Look) -> None:
    """A boiled egg in its cup, spoon beside it."""
    contact(canvas, 22)
    egg = smooth((40, 34), (46.4, 38), (49.6, 48), (48, 58), (40, 63), (32, 58), (30.4, 48), (33.6, 38))
    canvas.fill(egg, Radial(((0, rgb("#fff6e9")), (0.5, rgb("#ecc9a4")), (1, rgb("#b98560"))), x=0.34, y=0.28, reach=1.35))
    dice = dice_of(8)
    dots(canvas, [(dice.uniform(32, 48), dice.uniform(38, 52)) for _ in range(26)], 0.18, rgb("#9c6b47"), opacity=0.5, clip=egg)
    front = turned_on_lathe([(12.6, 52.6), (11.6, 60), (6.4, 67.6), (4.4, 72), (6.4, 78), (11, 82)], tilt=0.18, front=True)
    canvas.fill(front, look.colour)
    canvas.rounded(front, 1.1)
    lip = outline(arc(40, 52.4, 12.6, 2.6, 180, 0), arc(40, 51.6, 11.8, 2.1, 0, 180))
    canvas.fill(lip, lighter(look.colour, 0.35))
    canvas.fill(band(40, (11.9, 58.6), (11.4, 59.6), tilt=0.18), look.second, clip=front, opacity=0.9)
    canvas.fill(ellipse(36.4, 43, 1.8, 3.4).turned(14, 36.4, 43), WHITE, opacity=0.45)
    canvas.shine(ellipse(32.4, 60, 0.8, 3), 0.6, 0.6)
    canvas.shade(stroke([(56, 85.4), (69, 82)], 1.8), 0.3, 0.7)
    canvas.fill(stroke([(56, 84.6), (69, 81.2)], 1.1), metal(rgb("#b6bec6")))
    canvas.fill(ellipse(55, 84.8, 3.4, 1.7).turned(-12, 55, 84.8), metal(rgb("#b6bec6")))


@kind("butter_dish", size=1.15, focus=(40, 66), near=1.6)
def butter_dish(canvas: Canvas, look: Look) -> None:
    """A butter dish, its lid leaning against it."""
    contact(canvas, 52, y=81)
    base = box(13, 76, 54, 6, 2.4)
    canvas.fill(base, sheet(look.second, 0.2, 90))
    grain(canvas, base, look.second)
    canvas.fill(soft_polygon([(17, 72.6), (63, 72.6), (67, 76.6), (13, 76.6)], 1), sheet(lighter(look.second, 0.2), 0.1, 0))
    butter = path("M47 75 L47 65.4 L50.6 62.4 L64.6 62.4 L64.6 72.4 L61 75 Z")
    canvas.shade(ellipse(56, 75, 12, 1.6), 0.3, 0.8)
    canvas.fill(butter, look.third)
    canvas.fill(path("M47 65.4 L50.6 62.4 L64.6 62.4 L61 65.4 Z"), lighter(look.third, 0.5))
    canvas.fill(path("M61 75 L61 65.4 L64.6 62.4 L64.6 72.4 Z"), darker(look.third, 0.2))
    lid = soft_polygon([(16, 75), (16.6, 56), (20.6, 52.6), (44.6, 52.6), (48.4, 56), (49, 75)], 3)
    canvas.fill(lid, Linear(((0, lighter(look.colour, 0.3)), (0.3, look.colour), (1, darker(look.colour, 0.22))), 25))
    canvas.veil(lid, ((0, 0.4), (0.35, 0)), 90, CREAM)
    canvas.shade(box(14, 72.4, 37, 4), 0.3, 1, clip=lid)
    canvas.fill(ellipse(32.6, 50.4, 3.6, 2.8), ball(look.second))
    canvas.shine(stroke([(21, 59), (21, 70)], 1.6), 0.5, 0.8)
    rod(canvas, [(50, 60.6), (70, 56)], 1.6, rgb("#b6bec6"))
    rod(canvas, [(60, 58.4), (72, 55.6)], 2.6, look.second)


@kind("cake_stand", focus=(40, 52), near=1.6)
def cake_stand(canvas: Canvas, look: Look) -> None:
    """An iced cake with cherries on a stand."""
    contact(canvas, 26)
    foot = turned_on_lathe([(3.4, 66), (3, 72), (5, 77), (12, 82)], tilt=0.18)
    canvas.fill(foot, tube(look.colour))
    top = outline(arc(40, 63, 27, 5, 180, 360), arc(40, 65, 27, 5, 0, 180))
    canvas.fill(top, tube(look.colour))
    canvas.fill(ellipse(40, 63, 27, 5), Linear(((0, lighter(look.colour, 0.4)), (1, look.colour)), 15))
    canvas.shade(ellipse(42, 64, 21, 3.4), 0.3, 0.9)
    sponge = turned_on_lathe([(18.6, 43), (18.6, 62)], tilt=0.18, smooth_sides=False)
    canvas.fill(sponge, tube(rgb("#e8b878")))
    for y in (49.4, 55.4):
        canvas.fill(band(40, (18.9, y), (18.9, y + 1.8), tilt=0.18), tube(rgb("#fbf0df")))
        canvas.fill(band(40, (18.9, y + 1.6), (18.9, y + 2.4), tilt=0.18), tube(rgb("#c43a4b")))
    ends = [
        arc(40, 43, 19.2, 3.6, 180, 360),
        curve(
            [
                (59.2, 43),
                (58.8, 50),
                (56, 49),
                (54.6, 46),
                (52, 52),
                (48.6, 53.4),
                (46.4, 48.4),
                (43, 49.6),
                (40, 55),
                (36.6, 54),
                (34.8, 48.6),
                (31, 49),
                (28.4, 53),
                (25.4, 51.6),
                (24.4, 46.4),
                (22, 48.6),
                (20.8, 43),
            ]
        ),
    ]
    icing = outline(*ends)
    canvas.shade(icing.moved(0.4, 0.9), 0.25, 0.7, clip=sponge)
    canvas.fill(icing, tube(look.second, 0.2))
    canvas.fill(ellipse(40, 43, 19.2, 3.6), Linear(((0, lighter(look.second, 0.5)), (1, look.second)), 15))
    for x, y in ((28, 42.4), (34, 41.2), (40.4, 41), (46.6, 41.4), (52, 42.6), (31, 44.4), (37.4, 44.8), (44, 44.6), (49.6, 44.2)):
        canvas.fill(ellipse(x, y - 1.6, 2.3), ball(rgb("#b3202f")))
        canvas.fill(ellipse(x - 0.7, y - 2.4, 0.6, 0.4), WHITE, opacity=0.8)
