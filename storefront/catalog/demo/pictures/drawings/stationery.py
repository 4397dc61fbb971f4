"""Drawings of what lies on a desk."""

from storefront.catalog.demo.pictures.backdrop import contact, fallen
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, ball, metal, sheet, tube
from storefront.catalog.demo.pictures.colour import CREAM, Colour, darker, lighter, mix, rgb
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import WHITE, dice_of, dots, stitches
from storefront.catalog.demo.pictures.shapes import (
    Point,
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
    turned_on_lathe,
)

PAPER = rgb("#faf4e6")


LEAD = rgb("#3a3b42")
BLUE_INK = rgb("#4a5372")


def writing(
    canvas: Canvas, x: float, y: float, width: float, rows: int, *, step: float = 3, colour: Colour = BLUE_INK, seed: int = 1
) -> None:
    """Lines that look like a hand's."""
    dice = dice_of(seed)
    for row in range(rows):
        long = width * (dice.uniform(0.55, 0.8) if row == rows - 1 else dice.uniform(0.86, 1))
        line: list[Point] = []
        at = 0.0
        while at < long:
            line.append((x + at, y + row * step + dice.uniform(-0.5, 0.5)))
            at += 0.9
        canvas.fill(stroke(curve(line), 0.28), colour, opacity=0.75)


def pencil(canvas: Canvas, x: float, y: float, length: float, degrees: float, colour: Colour, *, width: float = 3.2) -> None:
    """A sharpened pencil, its point at (x, y), its body towards `degrees` (0 is up)."""
    half = width / 2
    cone = polygon((x, y), (x + half, y - width * 2), (x - half, y - width * 2))
    body = box(x - half, y - length, width, length - width * 1.9)
    tip = polygon((x, y), (x + half * 0.34, y - width * 0.7), (x - half * 0.34, y - width * 0.7))
    ferrule = box(x - half, y - length, width, 2.4)
    turn = (degrees, x, y)
    whole = (cone + body).turned(*turn)
    canvas.shade(whole.moved(0.8, 1.2), 0.32, 0.9)
    canvas.fill(cone.turned(*turn), rgb("#e8c79a"))
    canvas.fill(
        body.turned(*turn),
        Linear(
            (
                (0, darker(colour, 0.16)),
                (0.34, lighter(colour, 0.34)),
                (0.36, colour),
                (0.66, colour),
                (0.68, darker(colour, 0.26)),
                (1, darker(colour, 0.36)),
            ),
            degrees,
        ),
    )
    scallops = joined(ellipse(x + dx, y - width * 1.95, half * 0.36, 0.7) for dx in (-half * 0.66, 0, half * 0.66))
    canvas.fill(scallops.turned(*turn), rgb("#e8c79a"))
    canvas.fill(tip.turned(*turn), LEAD)
    canvas.fill(ferrule.turned(*turn), darker(colour, 0.5))


@kind("notebook", lies=True, focus=(44, 44), near=1.5)
def notebook(canvas: Canvas, look: Look) -> None:
    """A clothbound notebook; forms: trio (three small ones), spiral (a sketchbook)."""
    if look.form == "trio":
        for turn, move, colour, motif in ((-15, (-11, 3), look.third, 0), (13, (12, 5), look.second, 1), (-1, (0, -3), look.colour, 2)):
            with canvas.within(turn=turn, move=move, at=(40, 70)):
                cover = box(24, 24, 32, 45, 1)
                fallen(canvas, cover, 0.9)
                canvas.fill(cover.moved(0.6, 0.5), PAPER)
                canvas.fill(cover, sheet(colour, 0.1))
                canvas.shade(box(24, 24, 2.4, 45), 0.2, 0.6, clip=cover)
                if motif == 0:
                    dots(
                        canvas,
                        [(30 + (i % 5) * 5 + (i // 5 % 2) * 2.5, 30 + i // 5 * 4.6) for i in range(45)],
                        0.8,
                        lighter(colour, 0.6),
                        clip=cover,
                    )
                elif motif == 1:
                    canvas.fill(
                        joined(
                            stroke(curve([(20 + k * 4, 28 + row * 5 + (1.4 if k % 2 else -1.4)) for k in range(12)]), 0.8)
                            for row in range(9)
                        ),
                        lighter(colour, 0.6),
                        clip=cover,
                    )
                else:
                    canvas.fill(joined(box(28 + k * 4.4, 22, 1.6, 50) for k in range(7)), lighter(colour, 0.5), clip=cover)
                canvas.fill(box(31, 38, 18, 11, 0.6), PAPER)
                canvas.fill(box(34, 41.4, 12, 0.8) + box(35, 44.6, 10, 0.6), darker(colour, 0.4))
                canvas.fill(joined(box(24.6, y, 0.5, 3.6) for y in (32, 57)), metal(rgb("#c8ced4")))
        return
    with canvas.within(turn=-9):
        if look.form == "spiral":
            block = box(20, 20, 42, 60, 1.4)
            fallen(canvas, block, 1.5)
            canvas.fill(block.moved(0.8, 0.9), darker(PAPER, 0.2))
            canvas.fill(block, PAPER)
            drawing = path("M28 66 L34 52 L40 60 L47 45 L56 66 Z")
            canvas.fill(stroke(drawing.rim(), 0.45), LEAD, opacity=0.8)
            canvas.fill(
                joined(stroke([(47 + i * 1.0, 46.4 + i * 2.3), (45 + i * 1.9, 52 + i * 1.9)], 0.3) for i in range(7)), LEAD, opacity=0.6
            )
            canvas.fill(stroke(arc(33, 38, 4, 4, 0, 360), 0.4), LEAD, opacity=0.8)
            canvas.fill(stroke(curve([(24, 67), (36, 66.4), (48, 68), (60, 66.6)]), 0.4), LEAD, opacity=0.7)
            cover = outline(curve([(20, 20), (34, 14), (56, 16)]), [(62, 20)])
            canvas.fill(cover, sheet(look.colour, 0.2))
            loops = joined((ellipse(23 + i * 3.3, 19.6, 1.1, 2.6) - ellipse(23 + i * 3.3, 19.6, 0.5, 1.9)) for i in range(12))
            canvas.fill(joined(ellipse(23 + i * 3.3, 21.6, 0.7) for i in range(12)), darker(PAPER, 0.6))
            canvas.fill(loops, metal(rgb("#9aa2aa")))
        else:
            pages = box(20.4, 19.4, 43, 62, 2)
            fallen(canvas, pages, 1.6)
            canvas.fill(pages.moved(0.9, 1), darker(look.colour, 0.4))
            canvas.fill(box(21, 20, 42.2, 61, 1), look.third)
            canvas.fill(joined(box(21, 79.6 + i * 0.5, 42, 0.16) for i in range(3)), darker(look.third, 0.4), opacity=0.6)
            cover = box(19, 18, 43, 61.6, 2)
            canvas.fill(cover, sheet(look.colour, 0.12, 55))
            canvas.texture(cover, "weave", 0.22, darker(look.colour, 0.9))
            canvas.shade(box(19, 18, 5.2, 62), 0.22, 0.8, clip=cover)
            canvas.shine(box(24.4, 18, 0.6, 62), 0.4, 0.4, clip=cover)
            ribbon = outline(
                [(51, 78.6), (53, 78.6)],
                curve([(53, 78.6), (53.6, 86), (55, 91)]),
                [(52.8, 89.6), (50.6, 92)],
                curve([(51.4, 86), (51, 78.6)]),
            )
            canvas.shade(ribbon.moved(0.6, 0.6), 0.3, 0.5)
            canvas.fill(ribbon, sheet(look.second, 0.2))
            label = box(32, 33, 22, 15, 0.6)
            canvas.fill(label, PAPER)
            canvas.fill(label - label.scaled(0.94, 0.92, 43, 40.5), look.second, opacity=0.9)
            canvas.fill(box(36, 38, 14, 0.9) + box(38, 41.6, 10, 0.6), darker(look.colour, 0.3))
            for y in (26, 70):
                canvas.fill(box(27, y, 32, 0.5), lighter(look.colour, 0.5), opacity=0.7)
    if look.form == "spiral":
        pencil(canvas, 52, 72, 44, 40, rgb("#f3bd2c"))


@kind("planner", lies=True, size=1.05, focus=(40, 46), near=1.5)
def planner(canvas: Canvas, look: Look) -> None:
    """An open planner with a ribbon."""
    with canvas.within(turn=-5):
        cover = box(6, 27, 68, 50, 2)
        fallen(canvas, cover, 1.3)
        canvas.fill(cover, sheet(look.colour, 0.14))
        canvas.texture(cover, "weave", 0.2, darker(look.colour, 0.9))
        for side in (-1, 1):
            page = outline(
                curve([(40, 30), (40 + side * 12, 28.4), (40 + side * 31.6, 29.4)]),
                [(40 + side * 31.6, 74.4)],
                curve([(40 + side * 31.6, 74.4), (40 + side * 12, 73.4), (40, 75)]),
            )
            canvas.fill(page.moved(side * 0.7, 0.6), darker(PAPER, 0.16))
            canvas.fill(
                page,
                Linear(
                    (
                        (0, PAPER if side < 0 else darker(PAPER, 0.16)),
                        (0.8 if side < 0 else 0.2, PAPER),
                        (1, darker(PAPER, 0.16) if side < 0 else PAPER),
                    ),
                    0,
                ),
            )
        for index, y in enumerate((34, 40, 46, 52, 58, 64, 70)):
            canvas.fill(stroke([(11, y), (36, y)], 0.2), darker(PAPER, 0.4))
            canvas.fill(ellipse(12.4, y - 2.6, 1.2), look.colour if index % 7 == 2 else lighter(look.colour, 0.55))
            if index != 5:
                writing(canvas, 15.6, y - 1.8, 16, 1, seed=index)
        canvas.fill(joined(ellipse(46 + (i % 9) * 2.8, 35 + i // 9 * 2.8, 0.18) for i in range(126)), darker(PAPER, 0.5))
        canvas.fill(box(45, 33, 16, 1.4), look.colour, opacity=0.9)
        sketch = joined([stroke(arc(56, 56, 5, 5, 0, 360), 0.4), stroke(arc(56, 56, 8, 8, 20, 160), 0.4)])
        canvas.fill(sketch, LEAD, opacity=0.7)
        writing(canvas, 46, 67, 20, 2, seed=22)
        canvas.shade(box(39.2, 28, 1.6, 48), 0.35, 1, clip=cover)
        ribbon = outline(curve([(41, 29), (44, 50), (43, 74), (45, 88)]), [(47.4, 86.4)], curve([(45.4, 74), (46.4, 50), (43, 29)]))
        canvas.shade(ribbon.moved(0.7, 0.5), 0.25, 0.6)
        canvas.fill(ribbon, sheet(look.second, 0.2))
    clip = stroke([(66, 24), (66, 33)], 0.7) + stroke([(69, 24), (69, 31)], 0.7) + stroke(arc(67.5, 24, 1.5, 1.5, 180, 360), 0.7)
    canvas.fill(clip, metal(look.second))
    pencil(canvas, 34, 88, 40, 66, look.second, width=2.6)


@kind("fountain_pen", lies=True, focus=(32, 62), near=1.7)
def fountain_pen(canvas: Canvas, look: Look) -> None:
    """A fountain pen, its cap beside it, over a line of ink."""
    page = soft_polygon([(6, 16), (70, 10), (76, 84), (12, 92)], 0.6)
    fallen(canvas, page, 0.5)
    canvas.fill(page, sheet(PAPER, 0.07))
    for index, row in enumerate((26, 34, 42)):
        writing(canvas, 17 + index, row, 44 - index * 8, 1, colour=mix(look.colour, rgb("#2a3560"), 0.5), seed=index + 3)
    with canvas.within(turn=52, at=(40, 56)):
        barrel = outline(
            [(37, 20), (43, 20)], curve([(43.6, 26), (44.4, 44), (43.2, 66)]), [(36.8, 66)], curve([(35.6, 44), (36.4, 26), (37, 20)])
        )
        section = outline([(37.6, 66), (42.4, 66)], curve([(42.4, 66), (41.6, 73), (42, 77)]), [(38, 77)], curve([(38.4, 73), (37.6, 66)]))
        nib = outline([(38.2, 77), (41.8, 77)], curve([(41.8, 77), (42.8, 82), (40.3, 92)]), curve([(39.7, 92), (37.2, 82), (38.2, 77)]))
        end = ellipse(40, 20, 3, 2)
        fallen(canvas, barrel + section + nib + end, 1.3)
        paint = Linear(
            (
                (0, darker(look.colour, 0.3)),
                (0.24, lighter(look.colour, 0.6)),
                (0.36, look.colour),
                (0.7, darker(look.colour, 0.2)),
                (1, darker(look.colour, 0.45)),
            ),
            0,
        )
        canvas.fill(end, darker(look.colour, 0.2))
        canvas.fill(barrel, paint)
        canvas.fill(box(35.8, 62.6, 8.4, 3.4, 0.5), metal(look.second))
        canvas.fill(section, tube(darker(look.colour, 0.4), 0.4))
        canvas.fill(nib, metal(look.second))
        canvas.fill(stroke([(40, 81.6), (40, 91)], 0.3), darker(look.second, 0.7))
        canvas.fill(ellipse(40, 81.2, 0.8), darker(look.second, 0.7))
    with canvas.within(turn=52, move=(14, 24), at=(40, 56)):
        cap = outline(
            [(35.6, 40), (44.4, 40)], curve([(44.6, 46), (43.6, 62), (42.4, 68)]), [(37.6, 68)], curve([(36.4, 62), (35.4, 46), (35.6, 40)])
        )
        fallen(canvas, cap, 1.2)
        canvas.fill(
            cap,
            Linear(
                (
                    (0, darker(look.colour, 0.3)),
                    (0.24, lighter(look.colour, 0.6)),
                    (0.36, look.colour),
                    (0.7, darker(look.colour, 0.2)),
                    (1, darker(look.colour, 0.45)),
                ),
                0,
            ),
        )
        canvas.fill(box(35, 40, 10, 3.4, 0.5), metal(look.second))
        canvas.fill(box(41.2, 46, 2.2, 20, 1), metal(lighter(look.second, 0.2)))
        canvas.fill(ellipse(42.3, 46, 1.5), ball(look.second))


@kind("ballpoint", lies=True, size=1.1, focus=(44, 44), near=1.7)
def ballpoint(canvas: Canvas, look: Look) -> None:
    """A six-sided brass pen on a notepad."""
    with canvas.within(turn=-7):
        pad = box(16, 24, 40, 56, 0.8)
        fallen(canvas, pad, 1.2)
        canvas.fill(pad.moved(0.5, 0.8), darker(PAPER, 0.24))
        canvas.fill(pad, sheet(PAPER, 0.08))
        canvas.fill(box(16, 24, 40, 5, 0.8), sheet(look.second, 0.2))
        canvas.fill(joined(box(20, 36 + i * 5, 32, 0.18) for i in range(8)), rgb("#8fa6cf"), opacity=0.8)
        writing(canvas, 21, 35, 27, 4, step=5, seed=31)
        for index in range(3):
            canvas.fill(box(20, 56 + index * 5 - 2.2, 2, 2, 0.3) - box(20.4, 56 + index * 5 - 1.8, 1.2, 1.2), LEAD)
    with canvas.within(turn=38, at=(46, 54)):
        body = box(43, 20, 6.4, 56, 0.6)
        tip = polygon((43.4, 76), (49, 76), (46.9, 86), (45.5, 86))
        fallen(canvas, body + tip, 1.3)
        canvas.fill(
            body,
            Linear(
                (
                    (0, darker(look.colour, 0.2)),
                    (0.3, darker(look.colour, 0.05)),
                    (0.31, lighter(look.colour, 0.62)),
                    (0.66, lighter(look.colour, 0.2)),
                    (0.67, darker(look.colour, 0.22)),
                    (1, darker(look.colour, 0.4)),
                ),
                0,
            ),
        )
        canvas.fill(tip, metal(look.colour))
        canvas.fill(box(45.7, 86, 1, 2, 0.3), metal(rgb("#9aa2aa")))
        canvas.fill(box(44.6, 16.4, 3.2, 4, 1), metal(darker(look.colour, 0.1)))
        canvas.fill(box(48, 24, 2, 18, 0.9), metal(lighter(look.colour, 0.2)))
        canvas.fill(box(42.8, 70, 6.8, 0.8), darker(look.colour, 0.5), opacity=0.6)


@kind("pencils", lies=True, focus=(40, 72), near=1.6)
def pencils(canvas: Canvas, look: Look) -> None:
    """A row of pencils and their box."""
    case = box(14, 12, 52, 24, 1.4)
    fallen(canvas, case, 1.2)
    canvas.fill(case, sheet(look.second, 0.16))
    canvas.fill(box(17, 15, 46, 18, 0.8) - box(17.6, 15.6, 44.8, 16.8, 0.6), CREAM, opacity=0.8)
    canvas.fill(box(28, 20, 24, 1.6) + box(31, 24, 18, 0.8) + box(33, 26.4, 14, 0.6), CREAM)
    for index in range(8):
        x = 17 + index * 6.6
        low = 87 + (0, 1.6, -0.8, 0.8, -1.4, 1.2, 0.2, -1)[index]
        pencil(canvas, x, low, 50, 0, look.colour if index % 4 != 2 else mix(look.colour, darker(look.colour, 0.6), 0.4), width=4.2)
    shaving = joined(stroke(arc(20 + i * 1.1, 93, 3.2, 2, 200, 340), 0.9) for i in range(3))
    canvas.shade(shaving.moved(0.4, 0.6), 0.3, 0.4)
    canvas.fill(shaving, sheet(look.third, 0.2))


@kind("pencil_roll", lies=True, size=1.05, focus=(40, 52), near=1.5)
def pencil_roll(canvas: Canvas, look: Look) -> None:
    """An open pencil roll."""
    with canvas.within(turn=-6):
        cloth = box(9, 24, 58, 56, 2)
        fallen(canvas, cloth, 1)
        canvas.fill(cloth, sheet(look.colour, 0.14))
        canvas.texture(cloth, "canvas", 0.24, darker(look.colour, 0.9))
        colours = (
            look.third,
            rgb("#d2452f"),
            rgb("#2c50b8"),
            rgb("#2f5b4c"),
            look.third,
            rgb("#d9788a"),
            rgb("#8cb4de"),
            rgb("#d2452f"),
            rgb("#6e3f5c"),
        )
        for index, colour in enumerate(colours):
            x = 15 + index * 5.9
            if index == 6:
                continue
            pencil(canvas, x, 32 - (index % 3) * 2 + 4, 44, 180, colour, width=3.4)
        brush = stroke([(50.4, 70), (50.4, 38)], 2, end_width=1.6)
        canvas.fill(brush, sheet(rgb("#c5965f"), 0.2, 0))
        canvas.fill(box(49, 32, 2.8, 7, 0.6), metal(rgb("#c8ced4")))
        canvas.fill(smooth((49, 32.6), (49.4, 27), (50.4, 23.6), (51.4, 27), (51.8, 32.6)), sheet(rgb("#5b4433"), 0.3))
        pocket = box(9, 50, 58, 30, 2)
        canvas.shade(pocket.moved(0, -0.8), 0.3, 0.8, clip=cloth)
        canvas.fill(pocket, sheet(lighter(look.colour, 0.1), 0.14))
        canvas.texture(pocket, "canvas", 0.24, darker(look.colour, 0.9))
        canvas.fill(box(9, 50, 58, 2.2), sheet(look.second, 0.16))
        for index in range(10):
            x = 12 + index * 5.9
            stitches(canvas, [(x, 53), (x, 79)], CREAM, width=0.2)
        strap = curve([(66, 62), (73, 60), (76, 68), (71, 76), (75, 86)])
        canvas.shade(stroke([(x + 0.8, y + 1) for x, y in strap], 2), 0.3, 0.7)
        canvas.fill(stroke(strap, 2), sheet(look.second, 0.2))
        canvas.fill(box(64, 58.6, 5, 7, 0.8), sheet(look.second, 0.2))
        dots(canvas, [(66.4, 62)], 0.8, rgb("#c99b45"))


@kind("ink_bottle", size=1.15, focus=(40, 64), near=1.6)
def ink_bottle(canvas: Canvas, look: Look) -> None:
    """A bottle of ink with a swatch behind it."""
    contact(canvas, 42)
    card = soft_polygon([(46, 30), (70, 34), (66, 72), (42, 68)], 0.8)
    canvas.shade(card.moved(1.2, 1.6), 0.25, 1.4)
    canvas.fill(card, sheet(PAPER, 0.08))
    swatch = smooth((50, 38), (57, 37), (65, 40), (63.6, 46), (60, 52), (54, 50), (49, 46))
    canvas.fill(swatch, Linear(((0, look.colour), (1, mix(look.colour, WHITE, 0.4))), 70), opacity=0.9)
    canvas.fill(stroke(curve([(48, 57), (52, 54), (55, 59), (59, 55), (63, 60)]), 0.8), look.colour)
    body = path(
        "M18 54 C18 50 20 48.6 24 48.6 L44 48.6 C48 48.6 50 50 50 54 L53 78 C53.6 82 52 83.6 48 83.6 L20 83.6 C16 83.6 14.4 82 15 78 Z"
    )
    canvas.fill(body, rgb("#e6eef2"), opacity=0.35)
    ink = path("M17.6 59 L50.4 59 L52.2 77 C52.6 80.6 51 82 47.6 82 L20.4 82 C17 82 15.4 80.6 15.8 77 Z")
    canvas.fill(ink, Linear(((0, lighter(look.colour, 0.2)), (0.4, look.colour), (1, darker(look.colour, 0.5))), 80))
    canvas.fill(ellipse(34, 59, 16.4, 1.6), lighter(look.colour, 0.25))
    canvas.fill(stroke(body.rim(), 0.7), rgb("#f4f8fa"), opacity=0.9)
    canvas.fill(path("M19.6 54 L24 51 L22 80 L18.4 78 Z"), WHITE, opacity=0.55)
    canvas.fill(path("M46 52 L48 54 L50.4 78 L48.6 79 Z"), WHITE, opacity=0.4)
    neck = box(26, 43.6, 16, 5.6, 1)
    canvas.fill(neck, rgb("#dfe8ec"), opacity=0.8)
    cap = turned_on_lathe([(10.6, 33), (11, 44)], cx=34, tilt=0.15, smooth_sides=False)
    canvas.fill(cap, tube(look.second, 0.4))
    canvas.fill(joined(box(23.6 + i * 1.5, 34.6, 0.5, 10) for i in range(14)), lighter(look.second, 0.3), opacity=0.4, clip=cap)
    canvas.fill(ellipse(34, 33, 10.6, 1.7), lighter(look.second, 0.24))
    label = box(22, 64, 24, 12, 0.6)
    canvas.fill(label, look.third)
    canvas.fill(label - label.scaled(0.95, 0.9, 34, 70), look.colour, opacity=0.8)
    canvas.fill(box(27, 67.4, 14, 1.5) + box(29, 71.4, 10, 0.7), darker(look.colour, 0.3))
    drop = smooth((62, 80), (66, 79.4), (69, 81.4), (67, 84), (62, 84.2), (59.6, 82.4))
    canvas.fill(drop, Radial(((0, lighter(look.colour, 0.3)), (1, darker(look.colour, 0.4)))))
    canvas.fill(ellipse(63, 81.2, 1, 0.5), WHITE, opacity=0.8)
