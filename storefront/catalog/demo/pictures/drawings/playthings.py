"""Drawings of soft toys, games and things to take outside."""

import math

from storefront.catalog.demo.pictures.backdrop import contact, fallen
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, ball, metal, sheet
from storefront.catalog.demo.pictures.colour import CREAM, Colour, darker, lighter, mix, rgb
from storefront.catalog.demo.pictures.drawings.toys import BEECH
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import WHITE, dots, grain, stitches, wood
from storefront.catalog.demo.pictures.shapes import (
    Shape,
    arc,
    box,
    curve,
    ellipse,
    joined,
    outline,
    path,
    polygon,
    smooth,
    stroke,
)

RAINBOW = tuple(rgb(text) for text in ("#d2452f", "#e5792c", "#f3bd2c", "#76a34e", "#3f8f8a", "#2c50b8", "#6e4a94", "#d9788a"))


def _fur(canvas: Canvas, shape: Shape, colour: Colour, texture: str = "loops", strength: float = 0.2) -> None:
    canvas.fill(shape, Radial(((0, lighter(colour, 0.34)), (0.55, colour), (1, darker(colour, 0.34))), x=0.36, y=0.28, reach=1.45))
    canvas.texture(shape, texture, strength, darker(colour, 0.9))


@kind("bear", focus=(40, 38), near=1.6)
def bear(canvas: Canvas, look: Look) -> None:
    """A teddy bear with a scarf."""
    contact(canvas, 44, y=84)
    fur = look.colour
    for x in (27.6, 52.4):
        _fur(canvas, ellipse(x, 20.6, 6.6), fur)
        canvas.fill(ellipse(x, 21.4, 3.8), sheet(mix(fur, look.second, 0.6), 0.14))
    for side in (-1, 1):
        arm = stroke(curve([(40 + side * 13, 50), (40 + side * 20, 58), (40 + side * 19, 67)]), 10, end_width=9)
        canvas.shade(arm.moved(0, 1), 0.22, 1.2)
        _fur(canvas, arm, fur)
    body = smooth((40, 44), (52, 48), (57, 60), (55, 73), (47, 80), (33, 80), (25, 73), (23, 60), (28, 48))
    _fur(canvas, body, fur)
    _fur(canvas, ellipse(40, 65, 10.4, 12), mix(fur, look.second, 0.45), strength=0.14)
    canvas.fill(stroke([(40, 54), (40, 78)], 0.3), darker(fur, 0.5), opacity=0.6)
    for side in (-1, 1):
        leg = smooth(
            (40 + side * 9, 70), (40 + side * 19, 70), (40 + side * 25, 76), (40 + side * 24, 83), (40 + side * 15, 85), (40 + side * 8, 81)
        )
        canvas.shade(leg.moved(0, -0.8), 0.28, 1)
        _fur(canvas, leg, fur)
        pad = ellipse(40 + side * 20, 78.6, 4.6, 5)
        canvas.fill(pad, sheet(mix(fur, look.second, 0.6), 0.16))
        dots(canvas, [(40 + side * 20 + dx, 75.6 + abs(dx) * 0.3) for dx in (-2.2, 0, 2.2)], 0.7, darker(fur, 0.4), opacity=0.6)
    head = smooth((40, 16), (52, 20), (57.6, 30), (55, 40), (47, 46), (33, 46), (25, 40), (22.4, 30), (28, 20))
    canvas.shade(head.moved(0, 2), 0.3, 1.4)
    _fur(canvas, head, fur)
    muzzle = ellipse(40, 37, 8.4, 6.8)
    _fur(canvas, muzzle, mix(fur, look.second, 0.6), strength=0.12)
    canvas.fill(smooth((36.4, 33), (40, 32.2), (43.6, 33), (42, 36), (40, 37), (38, 36)), rgb("#3a2820"))
    canvas.fill(ellipse(38.6, 33.4, 0.9, 0.5), WHITE, opacity=0.6)
    canvas.fill(
        stroke([(40, 37), (40, 39.4)], 0.5) + stroke(arc(37.8, 39, 2.3, 2, 10, 130), 0.5) + stroke(arc(42.2, 39, 2.3, 2, 50, 170), 0.5),
        rgb("#3a2820"),
    )
    for x in (32.4, 47.6):
        canvas.fill(ellipse(x, 28.6, 1.9), rgb("#251a16"))
        canvas.fill(ellipse(x - 0.6, 27.9, 0.6), WHITE)
    scarf = outline(curve([(25, 43), (33, 47.4), (47, 47.4), (55, 43)]), curve([(56, 48), (47, 53), (33, 53), (24, 48)]))
    canvas.shade(scarf.moved(0, 1), 0.3, 0.9)
    canvas.fill(scarf, sheet(look.third, 0.2))
    canvas.texture(scarf, "rib", 0.35, darker(look.third, 0.9))
    tail = polygon((48, 49), (55, 47.6), (58, 66), (50.6, 67.4))
    canvas.shade(tail.moved(0.5, 0.6), 0.3, 0.7)
    canvas.fill(tail, sheet(look.third, 0.2))
    canvas.texture(tail, "rib", 0.35, darker(look.third, 0.9))
    canvas.fill(joined(box(46, y, 14, 1.3).turned(-10, 53, y) for y in (59, 62.4)), CREAM, clip=tail)


@kind("rabbit", focus=(40, 46), near=1.6)
def rabbit(canvas: Canvas, look: Look) -> None:
    """A soft rabbit, sitting."""
    contact(canvas, 38, y=84)
    fur = look.colour
    for side, lean in ((-1, -9), (1, 14)):
        ear = smooth(
            (40 + side * 5, 30),
            (40 + side * 2.4, 18),
            (40 + side * 4, 6),
            (40 + side * 8, 3),
            (40 + side * 12, 8),
            (40 + side * 12, 20),
            (40 + side * 9.6, 30),
        ).turned(lean, 40 + side * 7, 30)
        canvas.shade(ear.moved(0.8, 1), 0.2, 1)
        _fur(canvas, ear, fur, "cord", 0.2)
        inner = smooth(
            (40 + side * 6, 28),
            (40 + side * 5, 18),
            (40 + side * 6, 9),
            (40 + side * 8.2, 7),
            (40 + side * 10, 11),
            (40 + side * 9.8, 20),
            (40 + side * 8.6, 28),
        ).turned(lean, 40 + side * 7, 30)
        canvas.fill(inner, sheet(rgb("#f0c4bb"), 0.14))
    body = smooth((40, 48), (50, 52), (55, 64), (54, 77), (46, 83.6), (34, 83.6), (26, 77), (25, 64), (30, 52))
    _fur(canvas, body, fur, "cord", 0.2)
    dungarees = smooth((30, 62), (50, 62), (55, 68), (54.4, 78), (46, 83.8), (34, 83.8), (25.6, 78), (25, 68))
    canvas.shade(dungarees.moved(0, -0.8), 0.25, 0.8, clip=body)
    canvas.fill(dungarees, Linear(((0, lighter(look.third, 0.2)), (0.5, look.third), (1, darker(look.third, 0.3))), 30))
    canvas.texture(dungarees, "twill", 0.2)
    bib = box(33, 54, 14, 11, 1.4)
    canvas.fill(bib, sheet(look.third, 0.16))
    canvas.texture(bib, "twill", 0.2)
    stitches(canvas, [(34, 55), (46, 55), (46, 64)], CREAM, width=0.2)
    for side in (-1, 1):
        canvas.fill(stroke([(40 + side * 6, 56), (40 + side * 9, 48)], 1.8), sheet(darker(look.third, 0.1), 0.1))
        dots(canvas, [(40 + side * 5.6, 57)], 1, rgb("#c99b45"))
    for side in (-1, 1):
        arm = stroke(curve([(40 + side * 12, 54), (40 + side * 17, 61), (40 + side * 14, 69)]), 7, end_width=6.4)
        canvas.shade(arm.moved(0, 1), 0.25, 0.9)
        _fur(canvas, arm, fur, "cord", 0.2)
        foot = smooth(
            (40 + side * 5, 78),
            (40 + side * 14, 76.4),
            (40 + side * 20, 80),
            (40 + side * 18, 85),
            (40 + side * 8, 85.4),
            (40 + side * 4, 82),
        )
        canvas.shade(foot.moved(0, -0.7), 0.3, 0.8)
        _fur(canvas, foot, fur, "cord", 0.2)
        canvas.fill(ellipse(40 + side * 14, 81.4, 3, 2.4), rgb("#f0c4bb"))
    head = smooth((40, 25), (50, 28), (55, 37), (52, 46), (45, 50.6), (35, 50.6), (28, 46), (25, 37), (30, 28))
    canvas.shade(head.moved(0, 1.6), 0.28, 1.2)
    _fur(canvas, head, fur, "cord", 0.18)
    for x in (30.6, 49.4):
        canvas.fill(ellipse(x, 43.4, 2.6, 1.8), rgb("#ef9a8a"), opacity=0.4)
    for x in (34, 46):
        canvas.fill(ellipse(x, 38.4, 1.7), rgb("#251a16"))
        canvas.fill(ellipse(x - 0.5, 37.8, 0.55), WHITE)
    canvas.fill(smooth((38.2, 42), (40, 41.5), (41.8, 42), (40, 44)), rgb("#d9788a"))
    canvas.fill(
        stroke([(40, 44), (40, 45.4)], 0.4) + stroke(arc(38.4, 45, 1.7, 1.5, 10, 140), 0.4) + stroke(arc(41.6, 45, 1.7, 1.5, 40, 170), 0.4),
        rgb("#3a2820"),
    )


@kind("kite", focus=(40, 38), near=1.5)
def kite(canvas: Canvas, look: Look) -> None:
    """A diamond kite with a tail of bows."""
    line = curve([(34, 66), (40, 74), (30, 82), (38, 92), (28, 102)])
    canvas.fill(stroke(line, 0.6), sheet(look.third, 0.3))
    points = [line[8], line[18], line[30], line[42]]
    for index, (x, y) in enumerate(points):
        colour = (look.second, look.colour)[index % 2]
        for side in (-1, 1):
            bow = polygon((x, y), (x + side * 4.4, y - 2.8), (x + side * 4.8, y + 2.2)).turned(20 - index * 14, x, y)
            canvas.fill(bow, sheet(colour, 0.25))
        canvas.fill(ellipse(x, y, 0.9), darker(colour, 0.2))
    top, left, right, bottom = (48.0, 8.0), (19.0, 25.0), (65.0, 33.0), (34.0, 66.0)
    cross = (42.7, 29.1)
    for corner, other, colour in (
        (top, left, look.colour),
        (top, right, look.second),
        (left, bottom, look.second),
        (right, bottom, look.colour),
    ):
        panel = polygon(cross, corner, other)
        canvas.fill(panel, Linear(((0, lighter(colour, 0.24)), (0.5, colour), (1, darker(colour, 0.2))), 50))
        canvas.texture(panel, "weave", 0.1)
    canvas.fill(stroke([left, right], 0.9), sheet(BEECH, 0.3))
    canvas.fill(stroke([top, bottom], 0.9), sheet(BEECH, 0.3))
    canvas.fill(stroke([top, left, bottom, right, top], 0.7), look.third)
    canvas.shine(polygon((46, 12), (44, 27), (24, 25)), 0.24, 3, clip=polygon(top, left, bottom, right))
    canvas.fill(stroke(curve([cross, (58, 62), (70, 101)]), 0.3), rgb("#6b6d75"))
    canvas.fill(ellipse(*cross, 1.2), ball(rgb("#c99b45")))


@kind("jigsaw", lies=True, size=1.1, focus=(44, 44), near=1.5)
def jigsaw(canvas: Canvas, look: Look) -> None:
    """A half-finished jigsaw of a harbour."""
    with canvas.within(turn=-5):
        board = box(11, 18, 58, 58, 1)
        picture = board - box(52, 60.4, 18, 17) - box(11, 63, 14, 14)
        fallen(canvas, picture, 0.8)
        canvas.fill(picture, Linear(((0, rgb("#bfd8f0")), (0.5, rgb("#e9f0f4")), (1, rgb("#f6e3c4"))), 90))
        canvas.fill(ellipse(56, 27, 4.6), rgb("#fbe6a6"), clip=picture)
        hills = smooth((0, 50), (16, 38), (30, 44), (44, 36), (60, 43), (84, 38), (84, 60), (0, 60))
        canvas.fill(hills, rgb("#9db58f"), clip=picture)
        for x, height, colour in ((15.0, 12, look.second), (23, 16, look.third), (31, 11, rgb("#f3efe6")), (38, 14, rgb("#d9788a"))):
            canvas.fill(box(x, 52 - height, 7.6, height), colour, clip=picture)
            canvas.fill(polygon((x - 0.8, 52 - height), (x + 8.4, 52 - height), (x + 3.8, 47 - height)), darker(colour, 0.35), clip=picture)
            canvas.fill(joined(box(x + 1.2 + i * 3.2, 54 - height, 1.8, 2.4) for i in range(2)), rgb("#4a5a72"), clip=picture)
        canvas.fill(box(8, 52, 64, 26), Linear(((0, lighter(look.colour, 0.3)), (1, darker(look.colour, 0.2))), 90), clip=picture)
        canvas.fill(
            joined(
                stroke(curve([(10 + i * 9, 57 + i % 3 * 5), (14 + i * 9, 56 + i % 3 * 5), (18 + i * 9, 57 + i % 3 * 5)]), 0.5)
                for i in range(7)
            ),
            WHITE,
            opacity=0.6,
            clip=picture,
        )
        boat = path("M40 60 L58 60 C57 65 54 67 50 67 L46 67 C43 67 41 64 40 60 Z")
        canvas.fill(boat, look.second, clip=picture)
        canvas.fill(stroke([(49, 60), (49, 44)], 0.6), rgb("#5b4433"))
        canvas.fill(polygon((49.8, 45), (49.8, 58.4), (57, 58.4)) + polygon((48.2, 47), (48.2, 58.4), (42.6, 58.4)), rgb("#fbf6ea"))
        cuts = []
        for row in range(1, 6):
            y = 18 + row * 9.7
            for column in range(6):
                x = 11 + column * 9.7
                bump = 1.9 if (row + column) % 2 else -1.9
                cuts.append(
                    stroke(curve([(x, y), (x + 3.4, y), (x + 3.6, y + bump), (x + 6.1, y + bump), (x + 6.3, y), (x + 9.7, y)]), 0.22)
                )
        for column in range(1, 6):
            x = 11 + column * 9.7
            for row in range(6):
                y = 18 + row * 9.7
                bump = 1.9 if (row + column) % 2 == 0 else -1.9
                cuts.append(
                    stroke(curve([(x, y), (x, y + 3.4), (x + bump, y + 3.6), (x + bump, y + 6.1), (x, y + 6.3), (x, y + 9.7)]), 0.22)
                )
        canvas.fill(joined(cuts), darker(look.colour, 0.6), opacity=0.5, clip=picture)
        canvas.fill(joined(cuts).moved(0.2, 0.25), WHITE, opacity=0.5, clip=picture)
    for x, y, turn, colour in (
        (64.0, 80, 20, look.colour),
        (52, 86, -30, look.third),
        (22, 84, 12, lighter(look.colour, 0.2)),
        (11, 76, -24, look.second),
        (37, 89, 44, rgb("#9db58f")),
        (72, 68, 60, lighter(look.colour, 0.3)),
    ):
        piece = (
            box(x - 3.6, y - 3.6, 7.2, 7.2, 0.6)
            + ellipse(x, y - 4.6, 1.7)
            + ellipse(x + 4.6, y, 1.7)
            - ellipse(x, y + 2.9, 1.6)
            - ellipse(x - 2.9, y, 1.6)
        ).turned(turn, x, y)
        canvas.shade(piece.moved(0.6, 0.9), 0.35, 0.6)
        canvas.fill(piece, sheet(colour, 0.16))


@kind("xylophone", lies=True, size=1.15, focus=(40, 50), near=1.5)
def xylophone(canvas: Canvas, look: Look) -> None:
    """A wooden xylophone with two mallets."""
    with canvas.within(turn=-14):
        for y1, y2 in ((36, 42), (64, 58)):
            rail = polygon((8, y1 - 2), (72, y2 - 2), (72, y2 + 2), (8, y1 + 2))
            canvas.shade(rail.moved(1.4, 2.2), 0.3, 1.4)
            wood(canvas, rail, look.colour, every=0.8)
        for index, colour in enumerate(RAINBOW):
            x = 10.4 + index * 7.6
            half = 22 - index * 1.55
            bar = box(x, 50 - half, 6.2, half * 2, 1.4)
            canvas.shade(bar.moved(1, 1.8), 0.36, 1)
            canvas.fill(bar, Linear(((0, lighter(colour, 0.1)), (0.3, lighter(colour, 0.45)), (0.5, colour), (1, darker(colour, 0.26))), 0))
            reach = 15.4 - index * 0.85
            for y in (50 - reach, 50 + reach):
                canvas.fill(ellipse(x + 3.1, y, 1.15), metal(rgb("#c8ced4")))
    for x, y, turn, colour in ((30, 74, 60, look.second), (36, 84, 72, look.third)):
        with canvas.within(turn=turn, at=(x, y)):
            stick = stroke([(x, y + 12), (x, y - 26)], 1.4)
            canvas.shade((stick + ellipse(x, y - 27, 3.6)).moved(-1, 1.6), 0.35, 1)
            canvas.fill(stick, sheet(lighter(look.colour, 0.2), 0.2, 0))
            canvas.fill(ellipse(x, y - 27, 3.6), ball(colour))


@kind("yoyo", lies=True, size=1.1, focus=(38, 52), near=1.5)
def yoyo(canvas: Canvas, look: Look) -> None:
    """A wooden yo-yo and its string."""
    cord = curve([(46, 34), (58, 22), (50, 12), (62, 10), (70, 22), (66, 40), (72, 56), (66, 66)])
    canvas.shade(stroke([(x + 0.8, y + 1.2) for x, y in cord], 0.9), 0.3, 0.6)
    canvas.fill(stroke(cord, 0.9), sheet(look.second, 0.2))
    ring = ellipse(65.4, 69.4, 3.8) - ellipse(65.4, 69.4, 2.9)
    canvas.shade(ring.moved(0.5, 0.8), 0.3, 0.5)
    canvas.fill(ring, sheet(look.second, 0.2))
    whole = ellipse(36, 54, 22)
    fallen(canvas, whole, 2.4)
    canvas.fill(whole.moved(1.4, 1.8), darker(look.colour, 0.5))
    canvas.fill(whole, Linear(((0, lighter(look.colour, 0.4)), (0.5, look.colour), (1, darker(look.colour, 0.34))), 55))
    grain(canvas, whole, look.colour, degrees=20, every=1.8, opacity=0.12)
    canvas.fill(ellipse(36, 54, 17.4) - ellipse(36, 54, 16.2), look.second)
    canvas.fill(ellipse(36, 54, 14), Linear(((0, darker(look.colour, 0.2)), (1, lighter(look.colour, 0.24))), 55))
    star = polygon(
        *[
            (36 + (9.6 if i % 2 == 0 else 4.2) * math.sin(math.pi * i / 5), 54 - (9.6 if i % 2 == 0 else 4.2) * math.cos(math.pi * i / 5))
            for i in range(10)
        ]
    )
    canvas.fill(star, look.second)
    canvas.fill(ellipse(36, 54, 1.8), ball(rgb("#c99b45")))
    canvas.fill(path("M18 48 C21 39 28 34 37 33.6 C30 37 24 43 22 53 C19.6 52 18 50 18 48 Z"), WHITE, opacity=0.3)


@kind("skipping_rope", lies=True, focus=(44, 44), near=1.5)
def skipping_rope(canvas: Canvas, look: Look) -> None:
    """A coiled rope with wooden handles."""
    coil = [
        (40 + (20 + 2.6 * math.sin(s * 0.13)) * math.cos(s * 0.05), 50 + (18.6 + 2.4 * math.cos(s * 0.09)) * math.sin(s * 0.05))
        for s in range(300)
    ]
    ends = [(coil[0], [(63, 42), (64, 30), (58, 20)], (58, 20), 30), (coil[-1], [(24, 70), (30, 78), (22, 84)], (22, 84), 236)]
    rope = stroke(coil, 2.2)
    tails = [stroke(curve([start, *via]), 2.2) for start, via, _, _ in ends]
    for shape in (rope, *tails):
        canvas.shade(shape.moved(1, 1.6), 0.32, 1)
        canvas.fill(shape, sheet(look.second, 0.2))
    for line in (coil, *[list(curve([start, *via])) for start, via, _, _ in ends]):
        marks = joined(stroke([(x - 0.9, y - 0.7), (x + 0.7, y + 0.9)], 0.7) for x, y in line[::3])
        canvas.fill(marks, look.colour, clip=joined([rope, *tails]))
    for _, _, (x, y), turn in ends:
        handle = smooth(
            (x - 2.4, y),
            (x + 2.4, y),
            (x + 3.4, y - 7),
            (x + 2.8, y - 14),
            (x + 3.2, y - 19),
            (x, y - 21),
            (x - 3.2, y - 19),
            (x - 2.8, y - 14),
            (x - 3.4, y - 7),
        ).turned(turn, x, y)
        canvas.shade(handle.moved(1, 1.6), 0.36, 1)
        wood(canvas, handle, look.third, degrees=turn + 90, every=0.7)
        rings = joined(box(x - 4, y - at, 8, 1.3) for at in (5, 16.6)).turned(turn, x, y)
        canvas.fill(rings, look.colour, clip=handle)
