"""Drawings of knitted clothes, laid flat."""

import math
from itertools import pairwise

from storefront.catalog.demo.pictures.backdrop import fallen
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, sheet
from storefront.catalog.demo.pictures.colour import CREAM, Colour, darker, lighter, mix, rgb
from storefront.catalog.demo.pictures.drawings.textiles import cable, fold_shadows
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import dice_of, dots, fringe
from storefront.catalog.demo.pictures.shapes import (
    Shape,
    box,
    curve,
    ellipse,
    joined,
    outline,
    path,
    polygon,
    stroke,
)

BODY = path(
    "M32 21 C29 22.6 26 24 23.6 26 C24.6 33 24.8 40 24.4 47 L23.6 78 C34 80 46 80 56.4 78 L55.6 47"
    " C55.2 40 55.4 33 56.4 26 C54 24 51 22.6 48 21 C45 25.4 35 25.4 32 21 Z"
)
SLEEVE = path("M24 25.4 C19.4 27.6 17 32 15.4 39 C13 49 10.6 59 8.6 70 L17 72.4 C20 63 22.6 55 24.8 46.6 C25.2 39 25 32 24 25.4 Z")


def _rib(canvas: Canvas, shape: Shape, colour: Colour) -> None:
    canvas.fill(shape, Linear(((0, lighter(colour, 0.1)), (1, darker(colour, 0.12))), 90))
    canvas.texture(shape, "rib", 0.45, darker(colour, 0.9))


def _knitted(canvas: Canvas, shape: Shape, colour: Colour, *, stitch: str = "knit", strength: float = 0.26) -> None:
    canvas.fill(shape, Linear(((0, lighter(colour, 0.16)), (0.5, colour), (1, darker(colour, 0.14))), 30))
    canvas.texture(shape, stitch, strength, darker(colour, 0.9))


def _garment_light(canvas: Canvas, body: Shape) -> None:
    fold_shadows(canvas, body, "M25 47 C28 51 30 58 30 66", "M55 47 C52 51 50 58 50 66", strength=0.16, width=2)
    canvas.veil(body, ((0, 0), (0.7, 0), (1, 0.2)), 20)
    canvas.veil(body, ((0, 0.2), (0.3, 0)), 30, CREAM)


def _both_sleeves(canvas: Canvas, colour: Colour, *, stitch: str = "knit") -> None:
    for sleeve in (SLEEVE, SLEEVE.mirrored()):
        _knitted(canvas, sleeve, colour, stitch=stitch)
    canvas.veil(SLEEVE, ((0, 0), (0.6, 0), (1, 0.3)), 0)
    canvas.veil(SLEEVE.mirrored(), ((0, 0.24), (0.4, 0), (0.7, 0), (1, 0.26)), 0)


def _cuffs_and_hem(canvas: Canvas, colour: Colour) -> None:
    cuff = path("M9.3 66 L8.4 71.6 L16.6 74 L18.2 68.6 Z")
    for shape in (cuff, cuff.mirrored()):
        _rib(canvas, shape, colour)
    hem = path("M23.8 73.4 C34 75.2 46 75.2 56.2 73.4 L56.2 79 C46 81 34 81 23.8 79 Z")
    canvas.shade(hem.moved(0, -0.9), 0.2, 0.7)
    _rib(canvas, hem, colour)


def _neck(canvas: Canvas, colour: Colour) -> None:
    canvas.fill(path("M32 21 C35 18.6 45 18.6 48 21 C45 25.4 35 25.4 32 21 Z"), darker(colour, 0.5))
    band = path("M31.4 20.8 C34 17 46 17 48.6 20.8 L47 21.6 C44 19 36 19 33 21.6 Z")
    _rib(canvas, band, darker(colour, 0.12))
    front = path("M31 20.4 L33.2 21 C36 24.6 44 24.6 46.8 21 L49 20.4 C47.4 27.6 32.6 27.6 31 20.4 Z")
    canvas.shade(front.moved(0, 0.6), 0.3, 0.6)
    _rib(canvas, front, colour)


@kind("sweater", lies=True, focus=(40, 34), near=1.7)
def sweater(canvas: Canvas, look: Look) -> None:
    """A sweater; forms: roll (a high neck), kids; patterns: cable, stripe, yoke, hem."""
    scale = 0.86 if look.form == "kids" else 1.0
    with canvas.within(scale=scale, at=(40, 50)):
        whole = SLEEVE.both() + BODY
        fallen(canvas, whole, 1.2)
        _both_sleeves(canvas, look.colour)
        if look.pattern == "stripe":
            _stripes(canvas, look)
        _knitted(canvas, BODY, look.colour)
        if look.pattern == "stripe":
            for y in (30.0, 35, 40, 45, 50, 55, 60, 65, 70):
                canvas.fill(
                    outline(curve([(20, y), (40, y + 1), (60, y)]), curve([(60, y + 2.3), (40, y + 3.3), (20, y + 2.3)])),
                    look.second,
                    clip=BODY,
                )
            canvas.texture(BODY, "knit", 0.2, darker(look.colour, 0.9))
        elif look.pattern == "cable":
            for x in (31.6, 40, 48.4):
                cable(canvas, x, 24, 75, 4.6, look.colour, clip=BODY)
            lattice = joined(stroke([(x, 26), (x + (24 if up else -24), 74)], 0.8) for x in range(16, 66, 6) for up in (True, False))
            sides = joined([box(24, 22, 4, 52), box(52, 22, 4, 52)])
            canvas.fill(lattice, lighter(look.colour, 0.22), clip=sides)
            for sleeve in (SLEEVE, SLEEVE.mirrored()):
                middle = [(18.6, 30), (16, 44), (12.8, 68)] if sleeve is SLEEVE else [(61.4, 30), (64, 44), (67.2, 68)]
                canvas.shade(stroke(curve(middle), 3.4), 0.3, 0.5, clip=sleeve)
                rope = curve(middle)
                canvas.fill(joined(ellipse(x, y, 1.8, 1.1).turned(32, x, y) for x, y in rope[::2]), lighter(look.colour, 0.26), clip=sleeve)
        elif look.pattern == "yoke":
            _yoke(canvas, look)
        elif look.pattern == "hem":
            for y, colour in ((62, look.second), (66.4, look.third)):
                canvas.fill(
                    outline(curve([(20, y), (40, y + 1), (60, y)]), curve([(60, y + 2.6), (40, y + 3.6), (20, y + 2.6)])), colour, clip=BODY
                )
            boat = (
                path("M33 45 L47 45 C46 49 44 50.4 42 50.4 L37 50.4 C35 50.4 34 48.6 33 45 Z")
                + polygon((39.4, 33), (39.4, 43.6), (33.6, 43.6))
                + polygon((40.6, 35), (40.6, 43.6), (45.6, 43.6))
            )
            canvas.fill(boat, look.third)
            canvas.texture(BODY, "knit", 0.14, darker(look.colour, 0.9))
        _garment_light(canvas, BODY)
        for seam in (stroke(curve([(24, 25.6), (25, 35), (24.8, 47)]), 0.4), stroke(curve([(56, 25.6), (55, 35), (55.2, 47)]), 0.4)):
            canvas.shade(seam, 0.45, 0.5)
        _cuffs_and_hem(canvas, look.colour)
        if look.form == "roll":
            tube_top = path("M31 21.6 C31.6 17 32 13 31.6 9.6 C36 7.8 44 7.8 48.4 9.6 C48 13 48.4 17 49 21.6 C45 26.4 35 26.4 31 21.6 Z")
            canvas.shade(tube_top.moved(0, 1), 0.3, 0.9)
            _rib(canvas, tube_top, look.colour)
            turned = path(
                "M30.4 17.6 C31 13.6 31.2 11.4 31 9.2 C36 7 44 7 49 9.2 C48.8 11.4 49 13.6 49.6 17.6 C45 20.6 35 20.6 30.4 17.6 Z"
            )
            canvas.shade(turned.moved(0, 0.9), 0.35, 0.8)
            _rib(canvas, turned, lighter(look.colour, 0.06))
        else:
            _neck(canvas, look.colour)
        if look.pattern == "stripe":
            dots(canvas, [(33.6, 22.6), (30.8, 23.8), (28, 25)], 0.7, rgb("#b98f5c"))


def _stripes(canvas: Canvas, look: Look) -> None:
    for sleeve, direction in ((SLEEVE, 1), (SLEEVE.mirrored(), -1)):
        for index in range(9):
            y = 30 + index * 5
            band = polygon((40 - 40, y - 2), (40 + 40, y - 2), (80, y + 0.3), (0, y + 0.3)).turned(
                14 * direction, 15 if direction > 0 else 65, y
            )
            canvas.fill(band, look.second, clip=sleeve)
        canvas.texture(sleeve, "knit", 0.16, darker(look.colour, 0.9))


def _yoke(canvas: Canvas, look: Look) -> None:
    both = BODY + SLEEVE.both()
    rings = (
        (13, look.second, "plain"),
        (16, look.third, "tooth"),
        (19.4, look.second, "dots"),
        (23, mix(look.colour, look.second, 0.45), "tooth"),
        (26.4, look.third, "plain"),
    )
    for radius, colour, style in rings:
        ring = ellipse(40, 17, radius + 1.5, (radius + 1.5) * 0.86) - ellipse(40, 17, radius, radius * 0.86)
        if style == "plain":
            canvas.fill(ring, colour, clip=both)
            continue
        count = round(radius * 3.0)
        marks = []
        for index in range(count):
            angle = math.tau * index / count
            x, y = 40 + (radius + 0.8) * math.cos(angle), 17 + (radius + 0.8) * 0.86 * math.sin(angle)
            if style == "tooth":
                marks.append(polygon((x - 0.95, y - 1.1), (x + 0.95, y - 1.1), (x, y + 1.3)).turned(math.degrees(angle) - 90, x, y))
            else:
                marks.append(polygon((x, y - 1.3), (x + 0.95, y), (x, y + 1.3), (x - 0.95, y)).turned(math.degrees(angle) - 90, x, y))
        canvas.fill(joined(marks), colour, clip=both)
    canvas.texture(both, "knit", 0.12, darker(look.colour, 0.9))


@kind("cardigan", lies=True, focus=(40, 50), near=1.6)
def cardigan(canvas: Canvas, look: Look) -> None:
    """A buttoned cardigan with two pockets."""
    whole = SLEEVE.both() + BODY
    fallen(canvas, whole, 1.2)
    _both_sleeves(canvas, look.colour, stitch="moss")
    opening = path("M32 21 C34 28 37 35 40 42 C43 35 46 28 48 21 C45 23 35 23 32 21 Z")
    canvas.fill(BODY, darker(look.colour, 0.45))
    front = BODY - opening
    _knitted(canvas, front, look.colour, stitch="moss", strength=0.3)
    canvas.fill(path("M32 20.6 C36 18 44 18 48 20.6 L46.6 24.6 C43 27 37 27 33.4 24.6 Z"), darker(look.colour, 0.34))
    _garment_light(canvas, front)
    _cuffs_and_hem(canvas, look.colour)
    for pocket in (box(26.6, 58, 10, 12, 0.8), box(43.4, 58, 10, 12, 0.8)):
        canvas.shade(pocket.moved(0.3, 0.6), 0.3, 0.6)
        _knitted(canvas, pocket, look.colour, stitch="moss", strength=0.3)
        left, top, right, _ = pocket.box()
        _rib(canvas, box(left, top - 0.4, right - left, 3), look.colour)
    for line in (
        curve([(47.4, 20.6), (46, 30), (41.4, 42), (41.6, 60), (41.6, 79.4)]),
        curve([(32.6, 20.6), (34, 30), (38.6, 42), (38.6, 60), (38.6, 79.6)]),
    ):
        placket = stroke(line, 3.4, round_ends=False)
        canvas.shade(placket.moved(0.5, 0.5), 0.3, 0.6)
        canvas.fill(placket, look.colour)
        canvas.texture(placket, "rib", 0.3, darker(look.colour, 0.9))
    for y in (44, 52, 60, 68, 76):
        canvas.shade(ellipse(39, y + 0.5, 1.5), 0.4, 0.5)
        canvas.fill(ellipse(38.7, y, 1.45), Radial(((0, lighter(look.second, 0.35)), (1, darker(look.second, 0.2)))))
        dots(canvas, [(38.3, y), (39.1, y)], 0.22, darker(look.second, 0.7))


@kind("slipover", lies=True, focus=(40, 40), near=1.6)
def slipover(canvas: Canvas, look: Look) -> None:
    """A sleeveless V-neck."""
    body = path(
        "M31 19 C29 20.6 27 22 25.4 23 C27.4 32 27 40 23.4 46 L23 79 C34 81 46 81 57 79"
        " L56.6 46 C53 40 52.6 32 54.6 23 C53 22 51 20.6 49 19 L40 37 Z"
    )
    with canvas.within(scale=1.08, at=(40, 50)):
        fallen(canvas, body, 1.2)
        canvas.fill(path("M31.6 19 C35 17.4 45 17.4 48.4 19 L40 35 Z"), darker(look.colour, 0.45))
        _knitted(canvas, body, look.colour)
        lozenges = joined(polygon((x, y - 6), (x + 4.4, y), (x, y + 6), (x - 4.4, y)) for x in (31.2, 40, 48.8) for y in (51, 63))
        canvas.fill(lozenges, look.second, opacity=0.9, clip=body)
        lines = joined(
            stroke([(x - 4.4, y - 6), (x + 4.4, y + 6)], 0.35) + stroke([(x + 4.4, y - 6), (x - 4.4, y + 6)], 0.35)
            for x in (31.2, 40, 48.8)
            for y in (51, 63)
        )
        canvas.fill(lines, darker(look.colour, 0.5), opacity=0.9, clip=body)
        canvas.texture(body, "knit", 0.16, darker(look.colour, 0.9))
        _garment_light(canvas, body)
        for edge in (curve([(31, 18.4), (35.6, 28), (40, 38)]), curve([(49, 18.4), (44.4, 28), (40, 38)])):
            trim = stroke(edge, 2.8, round_ends=False)
            canvas.fill(trim, sheet(look.colour, 0.14))
            canvas.texture(trim, "rib", 0.4, darker(look.colour, 0.9))
            canvas.fill(stroke([(x, y + 1.9) for x, y in edge], 0.7, round_ends=False), look.second, clip=body)
        for armhole in (
            curve([(25.4, 22.6), (27.2, 32), (26.6, 40), (23.2, 46.4)]),
            curve([(54.6, 22.6), (52.8, 32), (53.4, 40), (56.8, 46.4)]),
        ):
            canvas.fill(stroke(armhole, 2.2, round_ends=False), darker(look.colour, 0.08))
            canvas.texture(stroke(armhole, 2.2, round_ends=False), "rib", 0.4, darker(look.colour, 0.9))
        hem = path("M23 73.4 C34 75.4 46 75.4 57 73.4 L57 79.4 C46 81.4 34 81.4 23 79.4 Z")
        _rib(canvas, hem, look.colour)


@kind("beanie", lies=True, size=1.12, focus=(40, 50), near=1.5)
def beanie(canvas: Canvas, look: Look) -> None:
    """A knitted cap; form bobble has one on top, pattern star a row of stars."""
    with canvas.within(turn=-6, at=(40, 55)):
        crown = outline(curve([(16, 62), (17.6, 46), (25, 33), (40, 27), (55, 33), (62.4, 46), (64, 62)]), [(64, 64), (16, 64)])
        cuff = path(
            "M14 60 C14 58.6 15 58 16.4 58 C32 60.4 48 60.4 63.6 58 C65 58 66 58.6 66 60 L66.6 74"
            " C66.6 75.6 65.6 76.4 64 76.6 C48 79 32 79 16 76.6 C14.4 76.4 13.4 75.6 13.4 74 Z"
        )
        fallen(canvas, crown + cuff, 1.8)
        if look.form == "bobble":
            dice = dice_of(3)
            canvas.shade(ellipse(40.6, 25.6, 9), 0.25, 1.6)
            tufts = joined(
                stroke(
                    [(40, 22), (40 + 9.4 * math.cos(a) * dice.uniform(0.8, 1.1), 22 + 9 * math.sin(a) * dice.uniform(0.8, 1.1))],
                    1.5,
                    end_width=0.5,
                )
                for a in [i * 0.083 for i in range(76)]
            )
            canvas.fill(tufts, look.second)
            canvas.fill(ellipse(40, 22, 7.6), Radial(((0, lighter(look.second, 0.4)), (1, darker(look.second, 0.22)))))
            canvas.texture(ellipse(40, 22, 8), "loops", 0.22, darker(look.second, 0.9))
        canvas.fill(
            crown, Radial(((0, lighter(look.colour, 0.26)), (0.5, look.colour), (1, darker(look.colour, 0.36))), x=0.34, y=0.3, reach=1.5)
        )
        if look.pattern == "star":
            canvas.texture(crown, "knit", 0.3, darker(look.colour, 0.9))
            for y, bend in ((40.4, 1.2), (54.4, 1.4)):
                canvas.fill(
                    outline(curve([(12, y), (40, y + bend), (68, y)]), curve([(68, y + 1.4), (40, y + bend + 1.4), (12, y + 1.4)])),
                    look.second,
                    clip=crown,
                )
            for x in (20.4, 30.2, 40, 49.8, 59.6):
                star = joined(ellipse(x, 48.4 - abs(x - 40) * 0.03 + 0.6, 0.75, 3.6).turned(angle, x, 48.6) for angle in (0, 45, 90, 135))
                canvas.fill(star, look.second, clip=crown)
        else:
            ribs = joined(
                stroke(curve([(40 + s * 4, 27), (40 + s * 17, 40), (40 + s * 24.5, 62)]), 0.9, end_width=1.3)
                for s in [i / 9 for i in range(-9, 10)]
            )
            canvas.soft(ribs, darker(look.colour, 0.85), 0.42, 0.4, clip=crown)
            canvas.texture(crown, "knit", 0.14, darker(look.colour, 0.9))
        canvas.shade(box(12, 56.4, 56, 2.6), 0.3, 1, clip=crown)
        canvas.shade(cuff.moved(0, -0.8), 0.18, 0.8)
        trim = look.colour if look.pattern != "star" else darker(look.colour, 0.12)
        canvas.fill(cuff, Linear(((0, darker(trim, 0.1)), (0.3, lighter(trim, 0.16)), (0.6, trim), (1, darker(trim, 0.3))), 0))
        canvas.texture(cuff, "rib", 0.55, darker(trim, 0.9))
        canvas.shade(stroke(curve([(14, 76), (40, 78.4), (66, 76)]), 1.6), 0.3, 0.8, clip=cuff)
        if look.pattern != "star":
            canvas.fill(box(50, 66, 7, 4.6, 0.4), sheet(rgb("#e9dcc3"), 0.1))
            canvas.fill(box(51.4, 67.6, 4.2, 0.5) + box(51.4, 69, 2.8, 0.4), rgb("#6d4a35"))


@kind("scarf", lies=True, focus=(40, 44), near=1.5)
def scarf(canvas: Canvas, look: Look) -> None:
    """A scarf folded over itself."""
    tail = outline(curve([(22, 30), (19, 52), (21, 80)]), [(36, 82)], curve([(37, 60), (39, 40), (42, 28)]))
    other = outline(curve([(45, 24), (52, 44), (50, 72)]), [(64, 73)], curve([(66, 52), (63, 34), (58, 24)]))
    loop = outline(
        curve([(16, 34), (18, 22), (30, 16), (44, 16), (58, 19), (64, 28)]),
        curve([(64, 28), (62, 38), (52, 42), (38, 41), (24, 41), (16, 34)]),
    )
    for shape, degrees in ((other, 6), (tail, -4)):
        fallen(canvas, shape, 1)
        left, _, right, bottom = shape.box()
        fringe(
            canvas,
            (left + 2.6 if shape is tail else left + 5, bottom - 1),
            (right - 5.6 if shape is tail else right - 2, bottom - 0.4),
            6,
            look.colour,
            count=13,
            degrees=degrees,
        )
        canvas.fill(shape, Linear(((0, lighter(look.colour, 0.18)), (0.5, look.colour), (1, darker(look.colour, 0.24))), 0))
        _scarf_pattern(canvas, look, shape)
        fold_shadows(
            canvas,
            shape,
            f"M{left + 7} {bottom - 50} C{left + 6} {bottom - 30} {left + 7} {bottom - 14} {left + 8} {bottom}",
            strength=0.22,
        )
    fallen(canvas, loop, 1.2)
    canvas.fill(loop, Linear(((0, lighter(look.colour, 0.26)), (0.5, look.colour), (1, darker(look.colour, 0.26))), 70))
    _scarf_pattern(canvas, look, loop, turned=True)
    fold_shadows(canvas, loop, "M18 32 C28 24 44 22 62 26", "M22 37 C34 31 48 31 60 35", strength=0.3)


def _scarf_pattern(canvas: Canvas, look: Look, shape: Shape, *, turned: bool = False) -> None:
    if look.pattern == "check":
        squares = joined(
            box(x, y, 6.4, 6.4) for column, x in enumerate(range(8, 72, 6)) for row, y in enumerate(range(8, 92, 6)) if (column + row) % 2
        )
        canvas.fill(squares.turned(8 if turned else 2), look.second, clip=shape)
    elif not turned:
        _, _, _, bottom = shape.box()
        for up, thick in ((6, 2.2), (10.4, 1), (13, 2.2)):
            canvas.fill(box(10, bottom - up - thick, 60, thick).turned(3), look.second, clip=shape)
    canvas.texture(shape, "felt", 0.18, darker(look.colour, 0.9))
    canvas.texture(shape, "twill", 0.08, darker(look.colour, 0.9))


@kind("socks", lies=True, focus=(40, 46), near=1.5)
def socks(canvas: Canvas, look: Look) -> None:
    """A pair of socks; pattern stripe."""
    sock = path(
        "M26 14 L44 14 C44.4 30 44 42 45 50 C47 57 54 62 62 68 C68 73 66 82 57 83"
        " C50 83.6 44 80 38 75 C30 69 26.6 62 26.4 52 C26 40 26.4 28 26 14 Z"
    )
    for move, turn in (((9, -3), 10), ((-6, 3), -3)):
        with canvas.within(move=move, turn=turn, at=(40, 50)):
            fallen(canvas, sock, 1)
            canvas.fill(sock, Linear(((0, lighter(look.colour, 0.18)), (0.5, look.colour), (1, darker(look.colour, 0.26))), 20))
            toe = path("M58 64 C70 72 68 84 56 84 C52 84 48 82 46 80 C52 78 57 72 58 64 Z")
            heel = path("M26 52 C26 62 30 70 37 75 C40 70 39 60 33 56 C31 54.4 28 53 26 52 Z")
            if look.pattern == "stripe":
                middle = curve([(35, 10), (35, 30), (35, 48), (40, 60), (50, 69), (64, 79)])
                for (ax, ay), (bx, by) in list(pairwise(middle))[6::5]:
                    length = math.hypot(bx - ax, by - ay)
                    nx, ny = -(by - ay) / length * 20, (bx - ax) / length * 20
                    canvas.fill(stroke([(ax - nx, ay - ny), (ax + nx, ay + ny)], 2.5), look.second, clip=sock)
                canvas.fill(toe + heel, darker(look.colour, 0.12), clip=sock)
                canvas.texture(sock, "knit", 0.14, darker(look.colour, 0.9))
            else:
                ribs = joined(
                    stroke(
                        curve([(27 + i * 2.1, 22), (27.4 + i * 2.1, 40), (29 + i * 2.3, 54), (38 + i * 3.2, 64), (48 + i * 2.4, 72)]), 0.7
                    )
                    for i in range(9)
                )
                canvas.soft(ribs, darker(look.colour, 0.85), 0.36, 0.35, clip=sock)
                canvas.fill(toe, look.second, clip=sock, opacity=0.92)
                canvas.fill(heel, look.second, clip=sock, opacity=0.92)
                canvas.texture(sock, "knit", 0.2, darker(look.colour, 0.9))
            cuff = path("M25.4 13.4 C25.4 12.4 26 12 27 12 L43 12 C44 12 44.6 12.4 44.6 13.4 L44.8 22 L25.6 22 Z")
            _rib(canvas, cuff, look.colour if look.pattern == "stripe" else lighter(look.colour, 0.06))
            if look.pattern != "stripe":
                canvas.fill(box(24, 15, 22, 1.3) + box(24, 18, 22, 1.3), look.second, clip=cuff)
            canvas.shade(path("M44.6 22 C44.4 36 44 44 45 50 C40 50 36 48 33 44 C38 44 42 34 44.6 22 Z"), 0.14, 1.6, clip=sock)
            canvas.veil(sock, ((0, 0.18), (0.25, 0)), 0, CREAM)


@kind("mittens", lies=True, focus=(40, 48), near=1.5)
def mittens(canvas: Canvas, look: Look) -> None:
    """A pair of felted mittens on a cord."""
    mitten = path("M24 62 L24 36 C24 22 28 14 35 14 C42 14 46 22 46 34 L46 42 C49 36 53 33 56 35 C59.4 37 58 42 56 46 L47 60 L46.4 62 Z")
    cuff = path(
        "M22.6 61 C22.6 59.6 23.4 59 24.6 59 L46 59 C47.2 59 48 59.6 48 61 L48.4 77"
        " C48.4 78.4 47.6 79 46.4 79 L24.2 79 C23 79 22.2 78.4 22.2 77 Z"
    )
    cord = curve([(24, 78), (26, 90), (40, 86), (54, 91), (58, 78)])
    canvas.shade(stroke([(x + 0.6, y + 0.9) for x, y in cord], 1), 0.3, 0.6)
    canvas.fill(stroke(cord, 1), sheet(look.second, 0.2))
    for flip in (False, True):
        with canvas.within(move=(17.6, 2) if flip else (-11, 0), turn=9 if flip else -8, at=(36, 50)):
            hand, wrist = (mitten.mirrored(35), cuff.mirrored(35)) if flip else (mitten, cuff)
            fallen(canvas, hand + wrist, 1.2)
            canvas.fill(
                hand,
                Radial(((0, lighter(look.colour, 0.3)), (0.5, look.colour), (1, darker(look.colour, 0.34))), x=0.36, y=0.28, reach=1.45),
            )
            canvas.texture(hand, "felt", 0.26, darker(look.colour, 0.9))
            flake = joined(stroke([(35, 30), (35, 48)], 0.9).turned(a, 35, 39) for a in (0, 60, 120))
            tips = joined((stroke([(33.2, 31.6), (35, 33.6), (36.8, 31.6)], 0.8)).turned(a, 35, 39) for a in range(0, 360, 60))
            canvas.fill(flake + tips, look.second, clip=hand)
            canvas.shade(wrist.moved(0, -1), 0.22, 0.9)
            canvas.fill(wrist, Linear(((0, lighter(look.colour, 0.14)), (1, darker(look.colour, 0.24))), 0))
            canvas.texture(wrist, "rib", 0.5, darker(look.colour, 0.9))
            canvas.fill(box(18, 64, 34, 2) + box(18, 70, 34, 2), look.second, clip=wrist)
