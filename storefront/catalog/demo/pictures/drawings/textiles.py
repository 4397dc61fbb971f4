"""Drawings of woven, knitted and stitched things for the house."""

import math

from storefront.catalog.demo.pictures.backdrop import contact, fallen
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, metal, sheet, tube
from storefront.catalog.demo.pictures.colour import CREAM, Colour, darker, lighter, mix, rgb
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import dots, fringe, stitches
from storefront.catalog.demo.pictures.shapes import (
    Shape,
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
    trace,
)


def fold_shadows(canvas: Canvas, shape: Shape, *lines: str, strength: float = 0.3, width: float = 2.4) -> None:
    """Creases of cloth: a shadow beside each line and a light beside the shadow."""
    for text in lines:
        for line in trace(text):
            canvas.shade(stroke(line, width, end_width=0.4), strength, 1.0, clip=shape)
            canvas.shine(stroke([(x - 1.6, y - 0.6) for x, y in line], width * 0.7, end_width=0.2), strength * 0.8, 1.0, clip=shape)


@kind("throw", focus=(40, 62), near=1.5)
def throw(canvas: Canvas, look: Look) -> None:
    """A blanket folded over a low bench, fringe in front."""
    contact(canvas, 58, y=84)
    for x in (16, 62):
        canvas.fill(box(x, 68, 3, 16, 1), tube(rgb("#b98a58")))
    canvas.fill(box(9, 62, 62, 7, 1.6), sheet(rgb("#c79a66"), 0.2, 80))
    top = path("M17 46 C17 42.6 19 41.4 22 41.4 L58 41.4 C61 41.4 63 42.6 63 46 L63 62 L17 62 Z")
    front = outline(
        [(17, 46), (63, 46)],
        curve([(63, 60), (64, 72), (62.8, 80)]),
        curve([(62.8, 80), (50, 81.4), (38, 80.2), (26, 81.4), (17.4, 80)]),
        curve([(17.4, 80), (16.4, 70), (17, 58)]),
    )
    whole = top + front
    fringe(canvas, (17.8, 80.6), (62.4, 80.6), 5, look.colour if look.pattern == "check" else look.second, count=34)
    canvas.fill(whole, look.colour)
    if look.pattern == "check":
        bars = joined(box(x, 38, 4.6, 46) for x in (21, 32.4, 43.8, 55.2))
        rows = joined(box(14, y, 54, 4.2) for y in (49, 60, 71))
        canvas.fill(bars, look.second, opacity=0.6, clip=whole)
        canvas.fill(rows, look.second, opacity=0.6, clip=whole)
        canvas.fill(joined(box(x + 6.6, 38, 0.9, 46) for x in (21, 32.4, 43.8)), darker(look.colour, 0.6), opacity=0.5, clip=whole)
    else:
        for y, thick in ((64, 2.6), (68.2, 1), (70.6, 1), (73, 2.6)):
            canvas.fill(
                outline(
                    curve([(14, y), (27, y + 1), (40, y), (53, y + 1), (67, y)]),
                    curve([(67, y + thick), (53, y + thick + 1), (40, y + thick), (27, y + thick + 1), (14, y + thick)]),
                ),
                look.second,
                clip=whole,
            )
    canvas.texture(whole, "twill", 0.13)
    canvas.veil(top, ((0, 0.34), (0.3, 0)), 90, CREAM)
    canvas.shade(box(14, 46, 52, 2.4), 0.16, 1.2, clip=whole)
    fold_shadows(canvas, whole, "M26 47 C25 58 27 70 26 82", "M39 50 C40 62 38 72 39 82", "M52 47 C51 58 54 70 53 82", strength=0.22)
    canvas.veil(whole, ((0, 0.1), (0.1, 0), (0.85, 0), (1, 0.24)), 0)


def _cushion_shape(plump: float = 3.4) -> Shape:
    a, b = 14.0, 66.0
    return outline(
        curve([(a - 1, 26), (22, 27.6 + plump * 0.2), (40, 29.4), (58, 27.6 + plump * 0.2), (b + 1, 26)]),
        curve([(b + 1, 26), (65 - plump * 0.2, 36), (64, 52), (65 - plump * 0.2, 68), (b + 1, 78)]),
        curve([(b + 1, 78), (58, 76.6), (40, 75), (22, 76.6), (a - 1, 78)]),
        curve([(a - 1, 78), (15 + plump * 0.2, 68), (16, 52), (15 + plump * 0.2, 36), (a - 1, 26)]),
    )


@kind("cushion", lies=True, size=1.1, focus=(40, 52), near=1.5)
def cushion(canvas: Canvas, look: Look) -> None:
    """A cushion; forms: flange (a flat edge), round; patterns: stripe, boucle."""
    if look.form == "round":
        whole = ellipse(40, 52, 27, 26.4)
        fallen(canvas, whole, 2)
        canvas.fill(
            whole, Radial(((0, lighter(look.colour, 0.4)), (0.55, look.colour), (1, darker(look.colour, 0.4))), x=0.36, y=0.3, reach=1.5)
        )
        canvas.texture(whole, "loops", 0.42, darker(look.colour, 0.85))
        canvas.veil(whole, ((0, 0.3), (0.5, 0)), 50, CREAM)
        canvas.shade(ellipse(46, 58, 26, 25) - ellipse(36, 47, 24, 24), 0.25, 3, clip=whole)
        return
    with canvas.within(turn=-5):
        whole = _cushion_shape()
        fallen(canvas, whole, 2)
        canvas.fill(whole, look.colour)
        if look.pattern == "stripe":
            for x, width in ((19, 3.4), (25.6, 0.8), (30, 3.4), (36.6, 0.8), (41, 3.4), (47.6, 0.8), (52, 3.4), (58.6, 0.8), (62, 3)):
                bend = (x - 40) / 26 * 2.4
                strip = outline(
                    curve([(x + bend, 25), (x, 52), (x + bend, 79)]),
                    curve([(x + width + bend, 79), (x + width, 52), (x + width + bend, 25)]),
                )
                canvas.fill(strip, look.second, clip=whole)
        canvas.texture(whole, "weave", 0.2, darker(look.colour, 0.8))
        canvas.shine(ellipse(33, 43, 15, 12), 0.4, 7, clip=whole)
        canvas.shade(path("M13 78 C30 75 50 75 67 78 L67 26 C64 40 64 60 60 68 C50 72 26 72 13 78 Z"), 0.34, 4, clip=whole)
        for corner in ("M14 27 C20 33 24 37 27 38", "M66 27 C61 33 57 37 54 39", "M14 77 C20 71 24 68 28 66", "M66 77 C60 71 57 67 54 65"):
            canvas.shade(stroke(trace(corner)[0], 1.6, end_width=0.3), 0.32, 0.9, clip=whole)
        if look.form == "flange":
            inner = _cushion_shape().scaled(0.86, 0.86, 40, 52)
            canvas.fill(inner - inner.scaled(0.985, 0.985, 40, 52), darker(look.colour, 0.6), opacity=0.5)
            canvas.shade((inner - inner.scaled(0.95, 0.95, 40, 52)).moved(0.4, 0.6), 0.3, 0.8, clip=whole)
        elif look.pattern == "stripe":
            canvas.fill(whole - whole.scaled(0.982, 0.982, 40, 52), darker(look.colour, 0.2))


@kind("rug", lies=True, focus=(40, 50), near=1.4)
def rug(canvas: Canvas, look: Look) -> None:
    """A rug from above; form runner is narrow and partly rolled."""
    if look.form == "runner":
        with canvas.within(turn=10):
            whole = box(22, 16, 36, 76, 0.6)
            fallen(canvas, whole, 0.8)
            canvas.fill(whole, look.colour)
            for index, y in enumerate(range(24, 96, 9)):
                canvas.fill(box(22, y, 36, 3.4), look.second, clip=whole)
                canvas.fill(box(22, y + 4.4, 36, 1), look.third if index % 2 else look.second, clip=whole)
            canvas.texture(whole, "canvas", 0.3)
            canvas.veil(whole, ((0, 0.16), (0.5, 0), (1, 0.18)), 0)
            fringe(canvas, (22.6, 91.6), (57.4, 91.6), 4, look.second, count=24)
            roll = box(20.6, 10, 38.8, 13, 6)
            canvas.shade(roll.moved(1, 2.4), 0.4, 1.6)
            canvas.fill(
                roll,
                Linear(
                    ((0, darker(look.colour, 0.1)), (0.3, lighter(look.colour, 0.24)), (0.6, look.colour), (1, darker(look.colour, 0.45))),
                    90,
                ),
            )
            canvas.fill(box(20.6, 14, 38.8, 2.6), look.second, opacity=0.85, clip=roll)
            canvas.texture(roll, "canvas", 0.3)
        return
    with canvas.within(turn=-7):
        whole = box(13, 16, 54, 70, 0.8)
        fallen(canvas, whole, 0.8)
        canvas.fill(whole, look.colour)
        border = box(15.4, 18.4, 49.2, 65.2) - box(21, 24, 38, 54)
        canvas.fill(border, look.second)
        canvas.fill(box(22.4, 25.4, 35.2, 51.2) - box(23.2, 26.2, 33.6, 49.6), look.third)
        spots = [(18.2, y + 21.0) for y in range(0, 61, 6)] + [(61.8, y + 21.0) for y in range(0, 61, 6)]
        spots += [(x + 24.4, 21.2) for x in range(0, 34, 6)] + [(x + 24.4, 80.8) for x in range(0, 34, 6)]
        canvas.fill(joined(_diamond(x, y, 2.1, 2.4) for x, y in spots), look.colour)
        for size, colour in ((15, look.second), (12.6, look.third), (9.6, look.colour), (6, look.second), (3, look.colour)):
            for y in (38, 64):
                canvas.fill(_diamond(40, y, size * 0.84, size * 0.84), colour, clip=box(23.2, 26.2, 33.6, 49.6))
        canvas.texture(whole, "canvas", 0.28)
        canvas.veil(whole, ((0, 0.22), (0.5, 0)), 60, CREAM)
        canvas.veil(whole, ((0, 0), (0.6, 0), (1, 0.2)), 60)
        fringe(canvas, (13.8, 86), (66.2, 86), 4, look.second, count=36)
        fringe(canvas, (13.8, 16), (66.2, 16), -4, look.second, count=36, seed=5)


def _diamond(x: float, y: float, rx: float, ry: float) -> Shape:
    return polygon((x, y - ry), (x + rx, y), (x, y + ry), (x - rx, y))


@kind("tea_towels", lies=True, size=1.15, focus=(40, 46), near=1.5)
def tea_towels(canvas: Canvas, look: Look) -> None:
    """Three folded cloths, one line of colour each."""
    for index, (colour, turn) in enumerate(((rgb("#e3b23c"), -9), (look.third, -1), (look.second, 8))):
        with canvas.within(turn=turn, move=(index * 5 - 7, index * 4 - 4)):
            cloth = soft_polygon([(21, 20), (57, 20), (57, 80), (21, 80)], 1.4)
            fallen(canvas, cloth, 0.9)
            canvas.fill(cloth, sheet(look.colour, 0.12, 50))
            stripes = box(25, 19, 1.6, 62) + box(28, 19, 0.6, 62) + box(51.4, 19, 1.6, 62) + box(49.4, 19, 0.6, 62)
            canvas.fill(stripes, colour, clip=cloth)
            canvas.fill(box(20, 70, 38, 1.6) + box(20, 67.8, 38, 0.6), colour, clip=cloth)
            canvas.texture(cloth, "weave", 0.16)
            canvas.shade(box(20, 49, 38, 1.6), 0.14, 0.8, clip=cloth)
            loop = curve([(54, 20), (53.4, 15), (56.4, 15), (56, 20)])
            canvas.fill(stroke(loop, 0.8), colour)


@kind("napkins", lies=True, size=1.05, focus=(40, 52), near=1.5)
def napkins(canvas: Canvas, look: Look) -> None:
    """Napkins: three in a pile, one gathered in a ring."""
    for index in range(3):
        with canvas.within(turn=8 - index * 4, move=(0, -index * 0.6)):
            square = soft_polygon([(20, 25), (62, 25), (62, 67), (20, 67)], 1)
            fallen(canvas, square, 0.7)
            canvas.fill(square, sheet(look.colour, 0.13, 50))
            canvas.texture(square, "weave", 0.2)
            canvas.fill(square - square.scaled(0.93, 0.93, 41, 46), darker(look.colour, 0.4), opacity=0.1)
    with canvas.within(turn=-33, at=(40, 55)):
        gathered = outline(
            curve([(36, 55), (30, 44), (22, 27)]),
            [(31, 31), (40, 25), (49, 31), (58, 27)],
            curve([(50, 44), (44, 55)]),
            curve([(44, 55), (51, 68), (57, 83)]),
            [(48, 80), (40, 85), (32, 80), (23, 83)],
            curve([(29, 68), (36, 55)]),
        )
        fallen(canvas, gathered, 1.2)
        canvas.fill(gathered, sheet(lighter(look.colour, 0.08), 0.16, 20))
        canvas.texture(gathered, "weave", 0.2)
        fold_shadows(
            canvas,
            gathered,
            "M39 54 C36 46 32 38 30 31",
            "M41 54 C42 44 41 34 40 27",
            "M42 54 C46 46 49 38 50 32",
            "M39 58 C36 68 32 76 31 80",
            "M41 58 C42 68 40 78 40 84",
            "M42 58 C46 68 49 76 49 80",
        )
        ring = box(33.4, 50.4, 13.2, 9, 2.6)
        canvas.shade(ring.moved(0.6, 1), 0.4, 0.9)
        canvas.fill(ring, metal(look.second))


@kind("apron", lies=True, focus=(40, 62), near=1.5)
def apron(canvas: Canvas, look: Look) -> None:
    """A cross-back apron with two pockets."""
    straps = curve([(31, 25), (27, 12), (40, 7), (53, 12), (49, 25)])
    for side in (1, -1):
        tie = curve([(40 + side * 22, 44), (40 + side * 31, 50), (40 + side * 29, 62), (40 + side * 34, 74)])
        canvas.shade(stroke([(x + 0.6, y + 0.8) for x, y in tie], 1.6), 0.3, 0.6)
        canvas.fill(stroke(tie, 1.6), sheet(look.colour, 0.2))
    canvas.shade(stroke([(x + 0.6, y + 0.8) for x, y in straps], 2.2), 0.3, 0.7)
    canvas.fill(stroke(straps, 2.2), sheet(look.second, 0.15))
    whole = path("M29 22 L51 22 C52 33 56 40 63 43 L64 88 C64 89.4 63 90 62 90 L18 90 C17 90 16 89.4 16 88 L17 43 C24 40 28 33 29 22 Z")
    fallen(canvas, whole, 1)
    canvas.fill(whole, sheet(look.colour, 0.12, 60))
    canvas.texture(whole, "twill", 0.18)
    fold_shadows(canvas, whole, "M25 46 C24 60 26 76 24 90", "M55 46 C57 60 54 76 56 90", strength=0.16, width=3)
    for pocket in (box(22, 56, 16.6, 18, 1.2), box(41.4, 56, 16.6, 18, 1.2)):
        canvas.shade(pocket.moved(0.4, 0.7), 0.3, 0.6)
        canvas.fill(pocket, sheet(lighter(look.colour, 0.05), 0.1, 60))
        canvas.texture(pocket, "twill", 0.18)
        x, y, right, bottom = pocket.box()
        stitches(canvas, [(x + 0.8, y + 1.6), (right - 0.8, y + 1.6)], CREAM)
        stitches(canvas, [(x + 0.8, y + 0.8), (x + 0.8, bottom - 0.8), (right - 0.8, bottom - 0.8), (right - 0.8, y + 0.8)], CREAM)
    stitches(canvas, [(30.4, 24), (49.6, 24)], CREAM)
    for x in (31, 49):
        canvas.fill(box(x - 1.8, 22.6, 3.6, 4.6, 0.8), look.second)
        dots(canvas, [(x, 25)], 0.7, rgb("#d8b25e"))
    canvas.fill(box(46, 30, 6, 3.6, 0.4).turned(0), look.second, opacity=0.9)


@kind("quilt", size=1.05, focus=(40, 64), near=1.5)
def quilt(canvas: Canvas, look: Look) -> None:
    """A folded patchwork quilt, a book on top."""
    contact(canvas, 54, y=84)
    patches = (look.colour, look.second, look.third, mix(look.colour, CREAM, 0.5), darker(look.colour, 0.3), mix(look.third, CREAM, 0.45))
    for layer in range(4):
        y = 74 - layer * 9.4
        body = outline(
            curve([(14, y), (13, y + 4.6), (14, y + 9.4)]),
            curve([(14, y + 9.4), (40, y + 10), (64, y + 9.4)]),
            curve([(64, y + 9.4), (68.4, y + 4.6), (64, y)]),
            curve([(64, y), (40, y - 0.6), (14, y)]),
        )
        canvas.shade(body.moved(0.4, 1), 0.3, 0.9)
        canvas.fill(body, look.second if layer % 2 else look.colour)
        if layer % 2 == 0:
            for index in range(7):
                canvas.fill(box(12 + index * 8, y - 1, 7.9, 12), patches[(index * 5 + layer) % 6], clip=body)
        for x in range(16, 66, 3):
            canvas.shade(stroke([(x, y - 0.6), (x, y + 10)], 0.5), 0.2, 0.4, clip=body)
        canvas.veil(body, ((0, 0.3), (0.3, 0), (0.7, 0), (1, 0.34)), 90)
        canvas.veil(body, ((0, 0.0), (0.25, 0.3), (0.5, 0)), 90, CREAM)
    top = soft_polygon([(20, 40), (62, 40), (66, 46), (14, 46)], 1.6)
    canvas.fill(top, lighter(look.colour, 0.2))
    for index in range(6):
        canvas.fill(
            polygon((21 + index * 7, 39), (28 + index * 7, 39), (23.5 + index * 8.6, 47), (14.9 + index * 8.6, 47)),
            patches[(index * 3 + 1) % 6],
            clip=top,
        )
    canvas.texture(top, "weave", 0.15)
    book = soft_polygon([(27, 37.6), (52, 37.6), (55, 42.4), (25, 42.4)], 0.6)
    canvas.shade(book.moved(0.6, 1.6), 0.4, 0.9)
    canvas.fill(book.moved(0, 2.2), rgb("#f4ecd9"))
    canvas.fill(book, sheet(rgb("#2f5b4c"), 0.16, 20))
    glasses = joined([ellipse(36, 39.6, 2.6, 1.4) - ellipse(36, 39.6, 2.1, 1), ellipse(43, 39.6, 2.6, 1.4) - ellipse(43, 39.6, 2.1, 1)])
    canvas.fill(glasses, rgb("#e9c46a"))


@kind("bed_linen", size=1.08, focus=(40, 62), near=1.5)
def bed_linen(canvas: Canvas, look: Look) -> None:
    """Folded bedding, tied with a ribbon."""
    contact(canvas, 52, y=84)
    heights = ((74, 9.6, 0.0), (63.4, 10.4, 0.1), (54, 9.2, 0.0), (48, 6, 0.16), (42.2, 5.8, 0.16))
    for y, height, light in heights:
        colour = mix(look.colour, CREAM, light)
        body = outline(
            curve([(15, y), (12.6, y + height / 2), (15, y + height)]),
            curve([(15, y + height), (40, y + height + 0.7), (64, y + height)]),
            curve([(64, y + height), (66.6, y + height / 2), (64, y)]),
            curve([(64, y), (40, y + 0.4), (15, y)]),
        )
        canvas.shade(body.moved(0.3, 0.9), 0.3, 0.8)
        canvas.fill(body, Linear(((0, lighter(colour, 0.3)), (0.4, colour), (1, darker(colour, 0.34))), 90))
        canvas.texture(body, "weave", 0.16)
        for line in (0.36, 0.64):
            wave = curve(
                [(15, y + height * line), (30, y + height * line + 0.5), (50, y + height * line - 0.3), (65, y + height * line + 0.2)]
            )
            canvas.fill(stroke(wave, 0.35), darker(colour, 0.5), opacity=0.5, clip=body)
    top = outline(
        curve([(15, 42.6), (20, 38), (26, 37)]), curve([(26, 37), (40, 36.4), (56, 37)]), curve([(56, 37), (61, 38.6), (64.4, 42.8)])
    )
    canvas.fill(top, lighter(look.colour, 0.34))
    canvas.texture(top, "weave", 0.12)
    ribbon = box(37, 37, 4.4, 47)
    canvas.fill(ribbon, look.second)
    canvas.veil(ribbon, ((0, 0.12), (0.3, 0), (1, 0.2)), 0)
    for side in (-1, 1):
        loop = smooth((39.2, 36.6), (39.2 + side * 6, 31), (39.2 + side * 11, 32.4), (39.2 + side * 9, 36.6))
        canvas.fill(loop, Linear(((0, lighter(look.second, 0.4)), (1, darker(look.second, 0.2))), 70))
        canvas.fill(
            smooth((39.2 + side * 2, 35.8), (39.2 + side * 6, 32.8), (39.2 + side * 8.4, 33.6), (39.2 + side * 7, 35.6)),
            darker(look.second, 0.35),
            opacity=0.6,
        )
        tail = outline(
            curve([(39.2, 36.4), (39.2 + side * 4, 40), (39.2 + side * 6, 46)]),
            [(39.2 + side * 8.6, 44.6)],
            curve([(39.2 + side * 6.4, 39), (39.2 + side * 2, 36)]),
        )
        canvas.fill(tail, sheet(look.second, 0.15))
    canvas.fill(ellipse(39.2, 36.4, 2.2, 1.9), sheet(lighter(look.second, 0.2), 0.2))
    for side, tip in ((20, -24), (22, 8)):
        stem = stroke([(46, 38), (46 + side * 0.8, 34 + tip * 0.1)], 0.4)
        canvas.fill(stem, rgb("#7d8a5c"))


@kind("hot_water_bottle", lies=True, focus=(40, 58), near=1.5)
def hot_water_bottle(canvas: Canvas, look: Look) -> None:
    """A hot-water bottle in a cabled jacket."""
    with canvas.within(turn=8):
        neck = box(35, 10, 10, 12, 1.6)
        canvas.fill(neck, tube(rgb("#b9544a")))
        canvas.fill(box(33, 7.4, 14, 4.4, 1.8), tube(rgb("#b9544a")))
        canvas.fill(ellipse(40, 7.6, 2.4, 1.6), rgb("#e2d7c4"))
        whole = path(
            "M33 18 L47 18 C47.4 24 50 27 55 28.6 C60 30.6 62 34 62 40 L62 80 C62 87 58 90 50 90 L30 90"
            " C22 90 18 87 18 80 L18 40 C18 34 20 30.6 25 28.6 C30 27 32.6 24 33 18 Z"
        )
        fallen(canvas, whole, 1.8)
        canvas.fill(whole, Linear(((0, lighter(look.colour, 0.16)), (0.5, look.colour), (1, darker(look.colour, 0.16))), 30))
        canvas.texture(whole, "knit", 0.3, darker(look.colour, 0.85))
        for x in (27, 40, 53):
            cable(canvas, x, 26, 92, 5.6, look.colour, clip=whole)
        canvas.fill(box(32, 17, 16, 7), look.colour, clip=whole)
        canvas.texture(box(32, 17, 16, 7, 1), "rib", 0.5, darker(look.colour, 0.8))
        canvas.shade(whole.moved(6, 7) - whole, 0.4, 4, clip=whole.moved(0, 0))
        canvas.veil(whole, ((0, 0.3), (0.35, 0)), 40, CREAM)
        canvas.veil(whole, ((0, 0), (0.65, 0), (1, 0.3)), 40)
        dots(canvas, [(44, 84)], 1.6, rgb("#8a5f3b"))
        dots(canvas, [(43.6, 83.8), (44.4, 84.3)], 0.3, rgb("#3d2817"))


def cable(canvas: Canvas, x: float, top: float, bottom: float, width: float, colour: Colour, *, clip: Shape) -> None:
    """A knitted cable: two strands crossing over and over."""
    channel = box(x - width / 2 - 0.7, top, width + 1.4, bottom - top)
    canvas.fill(channel, darker(colour, 0.28), opacity=0.7, clip=clip)
    step = width * 1.25
    lobes = []
    y = top
    while y < bottom:
        lobes.append(
            smooth(
                (x - width / 2, y + step * 0.1),
                (x - width * 0.1, y),
                (x + width / 2, y + step * 0.72),
                (x + width * 0.42, y + step * 1.02),
                (x + width * 0.06, y + step * 0.94),
                (x - width * 0.46, y + step * 0.4),
            )
        )
        y += step * 0.55
    for lobe in lobes:
        canvas.shade(lobe.moved(0.2, 0.5), 0.35, 0.4, clip=clip)
        canvas.fill(lobe, Linear(((0, lighter(colour, 0.3)), (0.6, colour), (1, darker(colour, 0.3))), 50), clip=clip)


@kind("pouffe", size=1.1, focus=(40, 64), near=1.5)
def pouffe(canvas: Canvas, look: Look) -> None:
    """A round knitted seat."""
    contact(canvas, 50, y=82)
    body = smooth((40, 42), (56, 44), (68, 53), (70, 66), (64, 78), (52, 83), (28, 83), (16, 78), (10, 66), (12, 53), (24, 44))
    canvas.fill(
        body, Radial(((0, lighter(look.colour, 0.34)), (0.5, look.colour), (1, darker(look.colour, 0.45))), x=0.34, y=0.24, reach=1.6)
    )
    for row in range(7):
        y = 50.5 + row * 4.9
        half = 29.5 * math.sqrt(max(0.0, 1 - ((y - 64) / 25) ** 2))
        count = 13
        loops = []
        for index in range(count):
            angle = math.pi * (index + 0.5 * (row % 2)) / count
            x = 40 - half * math.cos(angle)
            squeeze = 0.3 + 0.7 * math.sin(angle)
            loops.append(
                smooth(
                    (x, y + 3.1),
                    (x - 2.6 * squeeze, y - 1.4),
                    (x - 1.2 * squeeze, y - 2.6),
                    (x, y - 0.6),
                    (x + 1.2 * squeeze, y - 2.6),
                    (x + 2.6 * squeeze, y - 1.4),
                ).moved(0, 2.4 * math.sin(angle))
            )
        shape = joined(loops)
        canvas.shade(shape.moved(0.2, 0.8), 0.42, 0.5, clip=body)
        canvas.fill(shape, Linear(((0, lighter(look.colour, 0.36)), (0.5, look.colour), (1, darker(look.colour, 0.24))), 22), clip=body)
    top = ellipse(40, 48.4, 24, 6)
    canvas.fill(top, Linear(((0, lighter(look.colour, 0.4)), (1, look.colour)), 30))
    for ring in (20, 15, 10, 5):
        canvas.fill(
            ellipse(40, 48.4, ring, ring * 0.25) - ellipse(40, 48.3, ring - 0.9, ring * 0.25 - 0.35), darker(look.colour, 0.4), opacity=0.5
        )
    canvas.texture(top, "knit", 0.2)
    canvas.fill(ellipse(40, 48.2, 1.8, 0.8), darker(look.colour, 0.35))
    canvas.veil(body, ((0, 0.0), (0.7, 0), (1, 0.25)), 0)
