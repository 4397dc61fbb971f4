"""Drawings of what lies on a desk beside pens and paper."""

import math

from storefront.catalog.demo.pictures.backdrop import contact, fallen
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, ball, metal, sheet
from storefront.catalog.demo.pictures.colour import CREAM, darker, lighter, rgb
from storefront.catalog.demo.pictures.drawings.stationery import LEAD, PAPER, pencil, writing
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import WHITE, dice_of, dots, draw_leaf, rod, wood
from storefront.catalog.demo.pictures.shapes import (
    arc,
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
)


@kind("scissors", lies=True, focus=(40, 66), near=1.5)
def scissors(canvas: Canvas, look: Look) -> None:
    """A pair of long scissors and a snip of paper."""
    paper = polygon((44, 10), (78, 16), (74, 46), (52, 42), (40, 30))
    fallen(canvas, paper, 0.5)
    canvas.fill(paper, sheet(rgb("#8cb4de"), 0.12))
    dots(canvas, [(50 + (i % 6) * 5, 16 + i // 6 * 6 + (i % 2)) for i in range(30)], 0.9, CREAM, clip=paper)
    with canvas.within(turn=24, at=(40, 54)):
        for side in (1, -1):
            blade = path("M38.6 54 L40.6 8 C43.6 18 45.6 36 44 54 Z")
            arm = stroke(curve([(41, 52), (38, 62), (33, 68)]), 3.6)
            bow = ellipse(31, 77, 8.6, 11.4).turned(14, 31, 77) - ellipse(31, 77, 5.4, 8).turned(14, 31, 77)
            blade, arm, bow = (shape if side > 0 else shape.mirrored(41) for shape in (blade, arm, bow))
            blade = blade.turned(side * 5, 41, 53)
            canvas.shade((blade + arm + bow).moved(1.2, 1.8), 0.3, 1.3)
            canvas.fill(blade, Linear(((0, darker(look.second, 0.2)), (0.5, lighter(look.second, 0.6)), (1, look.second)), 0))
            canvas.fill(arm + bow, Linear(((0, lighter(look.colour, 0.34)), (0.5, look.colour), (1, darker(look.colour, 0.3))), 50))
        canvas.fill(ellipse(41, 53, 2.4), metal(look.second))
        canvas.fill(box(39.4, 52.6, 3.2, 0.8), darker(look.second, 0.6))


@kind("ruler", lies=True, focus=(40, 46), near=1.6)
def ruler(canvas: Canvas, look: Look) -> None:
    """A brass ruler, a drawn line and a pencil."""
    page = soft_polygon([(10, 14), (72, 20), (68, 88), (6, 82)], 0.5)
    fallen(canvas, page, 0.4)
    canvas.fill(page, sheet(PAPER, 0.07))
    canvas.fill(
        joined(stroke([(14 + i * 5.6, 19 + i * 0.5), (10.6 + i * 5.6, 82 + i * 0.5)], 0.15) for i in range(11)), rgb("#9db5dd"), opacity=0.6
    )
    canvas.fill(joined(stroke([(11, 22 + i * 6), (70, 27.6 + i * 6)], 0.15) for i in range(10)), rgb("#9db5dd"), opacity=0.6)
    with canvas.within(turn=-34):
        canvas.fill(stroke([(2, 43.4), (70, 43.4)], 0.6), LEAD, opacity=0.85)
        bar = box(2, 44.4, 76, 11, 0.7)
        fallen(canvas, bar, 1)
        canvas.fill(
            bar,
            Linear(
                (
                    (0, darker(look.colour, 0.06)),
                    (0.2, lighter(look.colour, 0.5)),
                    (0.45, look.colour),
                    (0.6, lighter(look.colour, 0.4)),
                    (1, darker(look.colour, 0.26)),
                ),
                12,
            ),
        )
        for tick in range(101):
            long = 3.4 if tick % 10 == 0 else 2.4 if tick % 5 == 0 else 1.5
            canvas.fill(box(4 + tick * 0.72, 44.4, 0.18 if tick % 10 else 0.3, long), look.second)
        for tick in range(33):
            canvas.fill(box(4 + tick * 2.25, 55.4 - (2.4 if tick % 4 == 0 else 1.4), 0.22, 2.4 if tick % 4 == 0 else 1.4), look.second)
        canvas.fill(ellipse(74, 50, 1.4), darker(look.colour, 0.6))
    pencil(canvas, 62.6, 28, 40, 148, rgb("#2f5b4c"))


@kind("tape_dispenser", focus=(36, 62), near=1.6)
def tape_dispenser(canvas: Canvas, look: Look) -> None:
    """A tape dispenser like a snail."""
    contact(canvas, 52, y=82)
    foot = path(
        "M8 78 C10 72 16 72 22 74 L58 74 C64 74 66 66 66 60 C66 55 70 53 72.6 55.6"
        " C75 58 74 66 71 73 C68.6 79 64 82.6 57 82.6 L16 82.6 C11 82.6 7.4 81.4 8 78 Z"
    )
    canvas.fill(foot, Linear(((0, lighter(look.colour, 0.3)), (0.5, look.colour), (1, darker(look.colour, 0.34))), 80))
    shell = ellipse(36, 58, 21)
    canvas.shade(shell.moved(1, 1.4), 0.3, 1.2)
    canvas.fill(shell, Radial(((0, lighter(look.second, 0.5)), (0.6, look.second), (1, darker(look.second, 0.26)))))
    spiral = [(36 + (19.4 - s * 0.135) * math.cos(s * 0.17 - 0.6), 58 + (19.4 - s * 0.135) * math.sin(s * 0.17 - 0.6)) for s in range(112)]
    canvas.fill(stroke(spiral, 2.2, end_width=1), darker(look.colour, 0.1))
    canvas.fill(stroke([(x - 0.5, y - 0.6) for x, y in spiral], 0.6, end_width=0.3), lighter(look.colour, 0.5), opacity=0.8)
    canvas.fill(ellipse(36, 58, 4.6), ball(look.colour))
    tape = outline(curve([(24, 40.8), (14, 46), (8, 58), (7, 70)]), [(10, 70.6)], curve([(11, 60), (16, 49.6), (25.4, 43.4)]))
    canvas.fill(tape, lighter(look.second, 0.5), opacity=0.8)
    teeth = polygon((5.6, 70), (12, 70), (12, 74), (5.6, 74)) + joined(
        polygon((5.6 + i * 1.3, 70), (6.9 + i * 1.3, 70), (6.2 + i * 1.3, 68.4)) for i in range(5)
    )
    canvas.fill(teeth, metal(look.third))
    for x, tip in ((69.6, 66.8), (72.6, 75)):
        rod(canvas, [(x, 56.4), (tip, 46)], 1, look.colour)
        canvas.fill(ellipse(tip, 45.4, 1.5), ball(look.colour))
    canvas.fill(ellipse(70.6, 60, 0.8), rgb("#1d1a1a"))
    canvas.fill(stroke(arc(69, 63.4, 2, 1.4, 20, 110), 0.4), darker(look.colour, 0.6))
    canvas.shine(ellipse(26, 47, 5.4, 2.4).turned(-40, 26, 47), 0.6, 1)


@kind("letters", lies=True, size=0.93, focus=(40, 50), near=1.5)
def letters(canvas: Canvas, look: Look) -> None:
    """Two envelopes, one open with a coloured lining, one sealed."""
    with canvas.within(turn=9, move=(4, -9)):
        back = box(10, 40, 58, 38, 0.8)
        flap = outline([(10, 40)], curve([(10, 40), (30, 23), (39, 18.6), (48, 23), (68, 40)]))
        fallen(canvas, back + flap, 0.9)
        canvas.fill(flap, sheet(look.second, 0.1))
        inside = outline([(12.6, 40)], curve([(12.6, 40), (31, 25), (39, 21.4), (47, 25), (65.4, 40)]))
        canvas.fill(inside, sheet(look.colour, 0.12))
        motif = joined(
            ellipse(16 + (i % 9) * 6 + (i // 9 % 2) * 3, 25 + i // 9 * 4.6, 0.9, 1.5).turned(30, 16 + (i % 9) * 6, 25 + i // 9 * 4.6)
            for i in range(36)
        )
        canvas.fill(motif, lighter(look.colour, 0.5), clip=inside)
        sheet_of_paper = box(14, 28, 50, 40, 0.5)
        canvas.shade(sheet_of_paper.moved(0, -0.5), 0.2, 0.6)
        canvas.fill(sheet_of_paper, PAPER)
        writing(canvas, 19, 33, 36, 3, step=3.4, seed=41)
        front = polygon((10, 40), (39, 60), (68, 40), (68, 78), (10, 78))
        canvas.shade(front.moved(0, -0.7), 0.25, 0.7)
        canvas.fill(front, sheet(look.second, 0.1))
        canvas.fill(stroke([(10.4, 77.6), (36, 58)], 0.25) + stroke([(67.6, 77.6), (42, 58)], 0.25), darker(look.second, 0.4), opacity=0.6)
    with canvas.within(turn=-8, move=(-4, 14)):
        back = box(12, 48, 54, 35, 0.8)
        fallen(canvas, back, 1.1)
        canvas.fill(back, sheet(look.second, 0.1))
        canvas.fill(stroke([(12.4, 82.6), (36, 66)], 0.25) + stroke([(65.6, 82.6), (42, 66)], 0.25), darker(look.second, 0.4), opacity=0.6)
        flap = outline([(12, 48)], curve([(12, 48), (31, 64.6), (39, 68.6), (47, 64.6), (66, 48)]))
        canvas.shade(flap.moved(0, 0.9), 0.3, 0.8, clip=back)
        canvas.fill(flap, sheet(lighter(look.second, 0.2), 0.08))
        wax = smooth((39, 60), (43, 61), (45, 65), (44, 69.6), (39.6, 71.4), (35, 69.6), (33.2, 65.6), (35, 61.6))
        canvas.shade(wax.moved(0.5, 0.8), 0.4, 0.8)
        canvas.fill(wax, Radial(((0, lighter(look.third, 0.34)), (0.5, look.third), (1, darker(look.third, 0.4)))))
        canvas.fill(ellipse(39.2, 65.8, 3.6) - ellipse(39.2, 65.8, 3.1), darker(look.third, 0.5), opacity=0.6)
        draw_leaf(canvas, 39.2, 68.4, 4.6, 2.2, 0, darker(look.third, 0.3), rib=False)


@kind("wrapping", lies=True, focus=(40, 50), near=1.5)
def wrapping(canvas: Canvas, look: Look) -> None:
    """Three rolls of patterned paper and a wrapped parcel."""
    for index, colour in enumerate((look.colour, look.second, look.third)):
        with canvas.within(turn=-32, move=(-10 + index * 9, -20 + index * 9)):
            roll = box(2, 44, 76, 11, 1)
            fallen(canvas, roll, 1.2)
            canvas.fill(roll, colour)
            if index == 0:
                canvas.fill(
                    joined(
                        polygon(
                            (6 + i * 6 + (r % 2) * 3, 46 + r * 3.4),
                            (7.6 + i * 6 + (r % 2) * 3, 49 + r * 3.4),
                            (4.4 + i * 6 + (r % 2) * 3, 49 + r * 3.4),
                        )
                        for i in range(12)
                        for r in range(3)
                    ),
                    lighter(colour, 0.65),
                    clip=roll,
                )
            elif index == 1:
                dots(
                    canvas,
                    [(5 + i * 4.4 + (r % 2) * 2.2, 46 + r * 3.6) for i in range(17) for r in range(3)],
                    0.9,
                    darker(colour, 0.34),
                    clip=roll,
                )
            else:
                canvas.fill(
                    joined(polygon((4 + i * 6, 43), (6.6 + i * 6, 43), (1.6 + i * 6, 56), (-1 + i * 6, 56)) for i in range(14)),
                    lighter(colour, 0.6),
                    clip=roll,
                )
            canvas.veil(roll, ((0, 0.0), (0.25, 0.45), (0.45, 0.0)), 90, WHITE)
            canvas.veil(roll, ((0, 0.12), (0.2, 0), (0.5, 0), (1, 0.5)), 90)
            end = ellipse(78, 49.5, 1.6, 5.5)
            canvas.fill(end, rgb("#f4ead6"))
            canvas.fill(ellipse(78, 49.5, 0.9, 3.4), rgb("#b39872"))
    with canvas.within(turn=10, move=(-4, 2), at=(26, 74)):
        parcel = box(10, 62, 30, 25, 0.8)
        fallen(canvas, parcel, 1.6)
        canvas.fill(parcel, sheet(rgb("#d8b98a"), 0.16))
        canvas.fill(box(23.4, 62, 3, 25) + box(10, 73, 30, 3), sheet(look.third, 0.16))
        for side in (-1, 1):
            loop = smooth((25, 74), (25 + side * 6, 68), (25 + side * 10, 70), (25 + side * 7, 75))
            canvas.shade(loop.moved(0.3, 0.7), 0.3, 0.5)
            canvas.fill(
                loop - smooth((25 + side * 2, 73.6), (25 + side * 6, 70.4), (25 + side * 8, 71.4), (25 + side * 6, 74)),
                sheet(look.third, 0.25),
            )
        canvas.fill(ellipse(25, 74.4, 1.9), ball(look.third))


@kind("desk_tray", lies=True, size=1.1, focus=(40, 50), near=1.5)
def desk_tray(canvas: Canvas, look: Look) -> None:
    """A hollowed tray with pens, clips and glasses."""
    with canvas.within(turn=-7):
        whole = box(9, 24, 62, 52, 4)
        fallen(canvas, whole, 1.8)
        canvas.fill(whole.moved(0, 1.4), darker(look.colour, 0.5))
        wood(canvas, whole, look.colour, every=1.2)
        hollows = (box(12.4, 27.4, 55.2, 12.6, 3), box(12.4, 43.6, 24, 29, 3), box(40, 43.6, 27.6, 13, 3), box(40, 60, 27.6, 12.6, 3))
        for hollow in hollows:
            canvas.fill(
                hollow, Linear(((0, darker(look.colour, 0.5)), (0.5, darker(look.colour, 0.2)), (1, lighter(look.colour, 0.06))), 60)
            )
            canvas.shade(hollow - hollow.moved(1, 1.6), 0.4, 0.9, clip=hollow)
        rod(canvas, [(16, 33.6), (60, 32.4)], 2.8, look.third)
        canvas.fill(polygon((60, 31.4), (65, 32.3), (60, 33.4)), metal(look.second))
        rod(canvas, [(20, 37), (58, 37)], 2, look.second)
        phone = box(15, 46, 18.6, 24.6, 2.2)
        canvas.shade(phone.moved(0.6, 1), 0.45, 0.8)
        canvas.fill(phone, rgb("#24262e"))
        canvas.fill(box(16, 47.2, 16.6, 22.2, 1.4), Linear(((0, rgb("#5d7fd0")), (1, rgb("#1f3576"))), 60))
        canvas.fill(polygon((17, 69), (17, 56), (27, 47.6), (32, 47.6)), WHITE, opacity=0.14)
        canvas.fill(box(20, 52, 8.6, 1.6) + box(21.4, 55.4, 6, 0.8), WHITE, opacity=0.9)
        dice = dice_of(13)
        for _ in range(11):
            x, y, turn = dice.uniform(44, 63), dice.uniform(47, 53.6), dice.uniform(0, 180)
            clip = (
                stroke([(x - 1.6, y), (x + 1.4, y)], 0.35)
                + stroke([(x - 1.2, y + 0.9), (x + 1.6, y + 0.9)], 0.35)
                + stroke(arc(x + 1.5, y + 0.45, 0.5, 0.45, -90, 90), 0.35)
            ).turned(turn, x, y)
            canvas.shade(clip.moved(0.2, 0.3), 0.4, 0.3)
            canvas.fill(clip, metal(look.second))
        ring = ellipse(48, 66, 3.4) - ellipse(48, 66, 2.8)
        canvas.fill(ring, metal(look.second))
        key = (
            ellipse(53.4, 66.4, 2.4)
            - ellipse(52.4, 66.4, 0.8)
            + box(55.4, 65.8, 8, 1.2)
            + box(60.6, 66.8, 1, 1.6)
            + box(62.4, 66.8, 1, 1.2)
        )
        canvas.shade(key.moved(0.3, 0.5), 0.4, 0.4)
        canvas.fill(key, Linear(((0, lighter(look.second, 0.5)), (1, look.second)), 60))
