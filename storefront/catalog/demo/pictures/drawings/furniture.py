"""Drawings of furniture."""

import math

from storefront.catalog.demo.pictures.backdrop import contact
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, ball, sheet, tube
from storefront.catalog.demo.pictures.colour import CREAM, darker, lighter, rgb
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import WHITE, draw_leaf, grain, rod, wood
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


def _feet(canvas: Canvas, *spots: Point, width: float = 5) -> None:
    for x, y in spots:
        canvas.shade(ellipse(x + 1.4, y + 0.5, width, 1.1), 0.42, 0.9)


@kind("stool", size=1.15, focus=(40, 52), near=1.5)
def stool(canvas: Canvas, look: Look) -> None:
    """A milking stool on three legs."""
    _feet(canvas, (22, 84), (58, 84), (44, 79))
    canvas.shade(ellipse(42, 84, 22, 3), 0.16, 2)
    for line in ([(42, 54), (44.6, 78.6)], [(32, 54), (22, 83.4)], [(49, 54), (58.6, 83.4)]):
        rod(canvas, line, 4, look.colour, end_width=3)
    rod(canvas, [(26.4, 72), (55, 72)], 1.7, look.colour)
    edge = outline(arc(40, 50, 23, 5, 180, 360), arc(40, 53.6, 23, 5, 0, 180))
    canvas.fill(edge, tube(look.colour))
    top = ellipse(40, 50, 23, 5)
    canvas.fill(top, Linear(((0, lighter(look.colour, 0.34)), (1, look.colour)), 20))
    grain(canvas, top, look.colour, every=1)
    canvas.shade(ellipse(41, 50.4, 15, 2.8), 0.16, 1.6, clip=top)
    for x, y in ((33, 49), (48, 49), (42.6, 52.6)):
        canvas.fill(ellipse(x, y, 1.8, 0.6), darker(look.colour, 0.3))
        canvas.fill(box(x - 1.7, y - 0.15, 3.4, 0.3), lighter(look.colour, 0.4), opacity=0.8)


@kind("chair", focus=(40, 36), near=1.5)
def chair(canvas: Canvas, look: Look) -> None:
    """A dining chair with a bent back and a woven seat."""
    _feet(canvas, (24, 85), (57, 85), (29, 79.6), (52, 79.6), width=3.6)
    canvas.shade(ellipse(44, 84.6, 22, 3), 0.16, 2)
    for x, lean in ((30.0, -0.8), (51, 0.8)):
        rod(canvas, [(x, 56), (x + lean, 79)], 2, darker(look.colour, 0.18), end_width=1.6)
    for x, top in ((25.6, 22.0), (55, 22)):
        rod(canvas, curve([(x + (40 - x) * 0.06, top), (x + 0.4, 40), (x, 56)]), 2.2, look.colour)
    back = outline(
        curve([(22, 19), (30, 22.6), (40, 23.6), (50, 22.6), (58.6, 19)]), curve([(58.6, 27), (50, 31), (40, 32), (30, 31), (22, 27)])
    )
    canvas.shade(back.moved(0.8, 1.2), 0.3, 1)
    wood(canvas, back, look.colour, every=0.9)
    canvas.veil(back, ((0, 0.4), (0.4, 0)), 90, CREAM)
    seat = soft_polygon([(25, 52), (55.4, 52), (60, 61), (20.6, 61)], 1.6)
    canvas.fill(seat.moved(0, 2.6), darker(look.colour, 0.25))
    canvas.fill(seat, look.second)
    front = polygon((20, 62), (61, 62), (40.2, 56.4))
    canvas.fill(front, darker(look.second, 0.12), clip=seat)
    canvas.fill(polygon((25, 51), (40.2, 56.4), (20, 62)), darker(look.second, 0.05), clip=seat)
    canvas.fill(polygon((55, 51), (40.2, 56.4), (61, 62)), darker(look.second, 0.2), clip=seat)
    cords = joined(stroke([(25.4 + i * 0.03, 52.4 + i), (56 - i * 0.03, 52.4 + i)], 0.18) for i in range(9))
    canvas.fill(cords, darker(look.second, 0.6), opacity=0.45, clip=seat)
    canvas.fill(
        joined(stroke([(x, 52), (40.2 + (x - 40.2) * 1.3, 61)], 0.16) for x in range(26, 56, 2)),
        darker(look.second, 0.6),
        opacity=0.35,
        clip=seat,
    )
    rail = polygon((20.4, 61), (60.2, 61), (60.2, 63.6), (20.4, 63.6))
    canvas.fill(rail, sheet(look.colour, 0.2, 90))
    for line in ([(22, 61.6), (23.4, 84)], [(58.6, 61.6), (57.2, 84)]):
        rod(canvas, line, 2.8, look.colour, end_width=2)
    rod(canvas, [(23, 74), (57.6, 74)], 1.4, look.colour)


@kind("lounge_chair", focus=(42, 54), near=1.4)
def lounge_chair(canvas: Canvas, look: Look) -> None:
    """A low sling chair, seen from the side."""
    _feet(canvas, (18, 84), (60, 84), width=5)
    canvas.shade(ellipse(42, 84.6, 26, 3), 0.2, 2)
    rod(canvas, [(62, 83), (24, 40)], 2.2, darker(look.second, 0.22))
    rod(canvas, [(15, 83), (58, 58)], 2.2, darker(look.second, 0.22))
    sling = outline(
        curve([(19.6, 26), (24, 48), (33, 66), (44, 71), (58, 65), (66.6, 58.6)]),
        curve([(69, 61.4), (58, 70), (45, 77), (31, 72), (20, 52), (15.4, 28)]),
    )
    canvas.fill(sling.moved(1, -2.4), darker(look.colour, 0.3))
    canvas.fill(
        sling, Linear(((0, lighter(look.colour, 0.28)), (0.45, look.colour), (0.72, darker(look.colour, 0.2)), (1, look.colour)), 62)
    )
    canvas.texture(sling, "canvas", 0.18, darker(look.colour, 0.9))
    cushion = smooth((15, 28), (18, 24.4), (25, 30), (28, 38), (25.6, 42), (20, 39), (16.4, 34))
    canvas.shade(cushion.moved(0.6, 1), 0.3, 0.8)
    canvas.fill(cushion, sheet(lighter(look.colour, 0.2), 0.2))
    rod(canvas, curve([(15.6, 25), (22, 46), (33, 66), (46, 83.4)]), 2.6, look.second)
    rod(canvas, curve([(69, 58), (52, 66), (34, 72), (18, 83.4)]), 2.6, look.second)
    rod(canvas, [(24, 47.4), (52, 47.8)], 2.6, look.second)
    rod(canvas, [(50, 47.8), (55, 64.6)], 2.2, look.second)
    for x, y in ((15.8, 25.4), (68.6, 58.4), (24, 47.6), (39.6, 73)):
        canvas.fill(ellipse(x, y, 1), ball(rgb("#c99b45")))


@kind("side_table", focus=(40, 48), near=1.5)
def side_table(canvas: Canvas, look: Look) -> None:
    """A round tray table with a cup and a book on it."""
    contact(canvas, 30)
    foot = turned_on_lathe([(1.5, 56), (1.6, 70), (3, 77), (15, 81.4)], tilt=0.16)
    canvas.fill(foot, look.colour)
    canvas.rounded(foot)
    canvas.fill(turned_on_lathe([(12, 49), (5, 52), (1.6, 57)], tilt=0.1), tube(darker(look.colour, 0.2)))
    rim = outline(arc(40, 46, 27, 5, 180, 360), arc(40, 49, 27, 5, 0, 180))
    canvas.fill(rim, tube(look.colour))
    canvas.fill(ellipse(40, 46, 27, 5), lighter(look.colour, 0.3))
    canvas.fill(ellipse(40, 46.3, 25.8, 4.4), Linear(((0, darker(look.colour, 0.12)), (1, lighter(look.colour, 0.18))), 20))
    book = soft_polygon([(24, 44.6), (42, 43.6), (46, 47), (27, 48.4)], 0.3)
    canvas.shade(book.moved(0.8, 1), 0.35, 0.8)
    canvas.fill(book.moved(0, 1.4), rgb("#f4ecd9"))
    canvas.fill(book, sheet(rgb("#b4552f"), 0.15, 20))
    canvas.shade(ellipse(52, 46.6, 5.6, 1.2), 0.4, 0.7)
    canvas.fill(ellipse(58, 41, 2.4, 2.4) - ellipse(58, 41, 1.4, 1.4), rgb("#e7e2d8"))
    cuppa = turned_on_lathe([(5.4, 37.4), (5.2, 42), (3.6, 46)], cx=52, tilt=0.2)
    canvas.fill(cuppa, tube(rgb("#f3efe6")))
    canvas.fill(ellipse(52, 37.4, 5.4, 1.1), rgb("#fbf8f1"))
    canvas.fill(ellipse(52, 37.6, 4.7, 0.8), rgb("#5a3826"))


@kind("bench", focus=(36, 62), near=1.5)
def bench(canvas: Canvas, look: Look) -> None:
    """An oak bench, boots on its shelf."""
    _feet(canvas, (13, 84.4), (67, 84.4), (18, 80), (62, 80))
    canvas.shade(ellipse(42, 84, 32, 2.6), 0.2, 2)
    for x in (17.4, 60.6):
        canvas.fill(box(x, 58, 2.4, 22), darker(look.colour, 0.3))
    for index, y in enumerate((72.6, 74.8, 77)):
        slat = box(10.6 - index * 0.4, y, 58.8 + index * 0.8, 1.5, 0.4)
        canvas.fill(slat, sheet(darker(look.colour, 0.14), 0.12, 90))
    for x in (29, 38):
        boot = path(f"M{x} 60 L{x + 5.4} 60 L{x + 5.4} 68 C{x + 9} 69 {x + 10} 70.6 {x + 10} 73 L{x - 0.4} 73 Z")
        canvas.fill(boot, Linear(((0, rgb("#e0ac3a")), (0.5, rgb("#d9a336")), (1, rgb("#9a6f22"))), 20))
        canvas.fill(box(x - 0.6, 72.4, 10.8, 1.2, 0.4), rgb("#3b3a40"))
        canvas.fill(box(x - 0.2, 59.4, 5.8, 1.6, 0.5), rgb("#f0cd78"))
    seat = box(8, 53, 64, 5.6, 1.2)
    canvas.fill(soft_polygon([(12, 49.6), (68, 49.6), (72, 53.6), (8, 53.6)], 0.6), sheet(lighter(look.colour, 0.24), 0.12, 10))
    grain(canvas, polygon((12, 49.6), (68, 49.6), (72, 53.6), (8, 53.6)), look.colour, every=0.8)
    wood(canvas, seat, look.colour, every=1)
    canvas.shade(box(10, 58.4, 60, 2), 0.4, 1)
    for x in (10.4, 66):
        leg = box(x, 58, 3.6, 26, 0.5)
        wood(canvas, leg, look.colour, degrees=90, every=0.8)
        canvas.veil(leg, ((0, 0.2), (0.4, 0)), 0, CREAM)
    folded = box(46, 44.6, 18, 5.6, 2.2)
    canvas.shade(folded.moved(0.4, 1), 0.3, 0.8)
    canvas.fill(folded, sheet(rgb("#8cb4de"), 0.2, 90))
    canvas.fill(box(46.4, 47, 17, 0.5), darker(rgb("#8cb4de"), 0.5), opacity=0.6)


@kind("bookshelf", focus=(42, 44), near=1.5)
def bookshelf(canvas: Canvas, look: Look) -> None:
    """A leaning shelf with books and a plant."""
    canvas.shade(polygon((22, 12), (70, 12), (76, 86), (24, 88)), 0.12, 3)
    canvas.shade(ellipse(46, 85.6, 24, 2.2), 0.3, 1.6)
    for x in (20, 57.4):
        wood(canvas, box(x, 8, 2.6, 77, 0.6), look.colour, degrees=90, every=0.7, seed=int(x))
    rows: tuple[tuple[float, tuple[tuple[str, float, float], ...]], ...] = (
        (24, (("#b4552f", 3, 10), ("#f3efe6", 2, 9), ("#2f5b4c", 3.4, 11), ("#d9a336", 2.4, 8.6))),
        (39, (("#27375c", 3.2, 10), ("#8cb4de", 2.2, 9.4), ("#d2452f", 2.8, 8.4))),
        (54, (("#e4d8bf", 2.6, 10.4), ("#76834e", 3.6, 9), ("#6e3f5c", 2.2, 10), ("#f3bd2c", 3, 8), ("#35446f", 2.6, 9.6))),
        (69, (("#a4523a", 4, 9.6), ("#f3efe6", 3.4, 10.2))),
    )
    for index, (y, books) in enumerate(rows):
        x = 25.0 if index != 1 else 42.0
        for colour, width, height in books:
            spine = box(x, y - height, width, height, 0.3)
            canvas.fill(spine, tube(rgb(colour), 0.3))
            canvas.fill(box(x + 0.5, y - height * 0.8, width - 1, 0.5) + box(x + 0.5, y - height * 0.3, width - 1, 0.4), CREAM, opacity=0.6)
            x += width + 0.25
        if index == 0:
            tilted = box(x, y - 9.4, 2.6, 9.4, 0.3).turned(14, x, y)
            canvas.fill(tilted.moved(2.4, 0), tube(rgb("#6d4a35"), 0.3))
        shelf = box(20.6, y, 38.8, 1.8, 0.3)
        canvas.shade(box(22, y + 1.6, 36, 1.6), 0.25, 0.9)
        wood(canvas, shelf, look.colour, every=0.6, seed=index)
    canvas.fill(box(20.6, 83, 38.8, 1.8, 0.3), sheet(look.colour, 0.15))
    for angle, length in ((-58, 8), (-30, 10), (0, 8), (28, 10), (56, 8.6), (84, 9), (-86, 8)):
        draw_leaf(canvas, 33, 34, length, 3.4, angle, rgb("#5f8a55"), bend=1)
    canvas.fill(turned_on_lathe([(3.8, 33), (3, 38.6)], cx=33, tilt=0.14), tube(rgb("#f3efe6")))
    vase = turned_on_lathe([(1.4, 55), (1.8, 58), (4, 63), (2.8, 68.6)], cx=48, tilt=0.14)
    canvas.fill(vase, tube(rgb("#2c50b8")))
    for x, y, lean in ((46, 45, -2), (49, 42, 1), (52, 46, 3)):
        canvas.fill(stroke([(48, 55), (x, y + 2)], 0.35), rgb("#8a7a4a"))
        canvas.fill(ellipse(x + lean * 0.1, y, 1, 2.6).turned(lean * 6, x, y), rgb("#d9b36a"))
    canvas.fill(turned_on_lathe([(8, 74.6), (8.6, 78), (7.4, 82.6)], cx=40, tilt=0.1), tube(rgb("#c5965f")))
    canvas.texture(turned_on_lathe([(8, 74.6), (8.6, 78), (7.4, 82.6)], cx=40, tilt=0.1), "wicker", 0.5)


@kind("coat_stand", focus=(40, 34), near=1.5)
def coat_stand(canvas: Canvas, look: Look) -> None:
    """A coat stand with a hat and a scarf on it."""
    contact(canvas, 26, y=84)
    base = outline(arc(40, 81.6, 13, 2.2, 180, 360), arc(40, 83.6, 13, 2.2, 0, 180))
    canvas.fill(base, tube(look.colour))
    canvas.fill(ellipse(40, 81.6, 13, 2.2), sheet(lighter(look.colour, 0.2), 0.1))
    for line in ([(40, 20), (51, 12)], [(40, 20), (29, 12)], [(40, 34), (49, 28)], [(40, 34), (31, 28)]):
        rod(canvas, line, 1.8, look.colour, end_width=1.5)
        canvas.fill(ellipse(line[1][0], line[1][1], 1.6), ball(lighter(look.colour, 0.1)))
    rod(canvas, [(40, 8), (40, 82)], 2.6, look.colour)
    canvas.fill(ellipse(40, 7.4, 2.2), ball(look.colour))
    brim = ellipse(55, 15.4, 9.6, 2.6).turned(24, 55, 15.4)
    canvas.shade(brim.moved(0.6, 1), 0.3, 0.8)
    canvas.fill(path("M48 14 C48.6 6.6 56 5 60 9 C62.6 11.6 62.6 15 62 18 Z"), sheet(look.second, 0.22, 40))
    canvas.fill(path("M47.8 13 L62.2 16.4 L61.8 19 L47.2 15.4 Z"), rgb("#6d4a35"))
    canvas.fill(brim - box(40, 0, 30, 12).turned(24, 55, 15.4), sheet(look.second, 0.2, 20))
    scarf = outline(curve([(27, 12), (24, 30), (26, 52)]), [(31, 53)], curve([(31, 40), (31, 26), (30.6, 13)]))
    other = outline(curve([(29.6, 13), (34, 26), (33, 44)]), [(37.6, 44)], curve([(37.6, 32), (36, 22), (31, 12)]))
    for shape in (other, scarf):
        canvas.shade(shape.moved(0.8, 0.8), 0.3, 0.9)
        canvas.fill(shape, Linear(((0, lighter(look.third, 0.24)), (0.5, look.third), (1, darker(look.third, 0.3))), 0))
        canvas.texture(shape, "rib", 0.3, darker(look.third, 0.8))
    for y in (44, 47, 50):
        canvas.fill(box(24, y, 8, 1.1), CREAM, clip=scarf, opacity=0.85)
    coat = outline(curve([(47, 29), (45, 34), (43.6, 46), (43, 66)]), [(56.6, 67)], curve([(56, 46), (54, 34), (51, 29)]))
    canvas.shade(coat.moved(1, 1), 0.3, 1.2)
    canvas.fill(coat, Linear(((0, lighter(rgb("#b4552f"), 0.2)), (0.4, rgb("#b4552f")), (1, darker(rgb("#b4552f"), 0.4))), 0))
    canvas.shade(stroke(curve([(49, 31), (50, 46), (49, 66)]), 1), 0.5, 0.7, clip=coat)
    canvas.fill(path("M46.6 29 L51.4 29 L52.4 36 L49 33 L45.8 36 Z"), darker(rgb("#b4552f"), 0.3))


@kind("wall_mirror", focus=(40, 44), near=1.4)
def wall_mirror(canvas: Canvas, look: Look) -> None:
    """A round mirror on a leather strap."""
    for side in (-1, 1):
        strap = polygon((40 - side * 0.4, 8.6), (40 + side * 1.6, 8), (40 + side * 19, 32), (40 + side * 16.4, 34))
        canvas.shade(strap.moved(1, 1.2), 0.3, 1)
        canvas.fill(strap, sheet(look.second, 0.2))
    frame = ellipse(40, 50, 25)
    canvas.shade(frame.moved(3, 3.6), 0.24, 3)
    canvas.fill(frame, Linear(((0, lighter(look.colour, 0.35)), (0.5, look.colour), (1, darker(look.colour, 0.3))), 50))
    canvas.fill(frame - ellipse(40, 50, 24.2), lighter(look.colour, 0.4), opacity=0.5)
    pane = ellipse(40, 50, 22.4)
    canvas.fill(pane, Linear(((0, rgb("#f4f8fa")), (0.5, rgb("#cddbe3")), (1, rgb("#a9bdca"))), 60))
    beam = joined([polygon((20, 66), (46, 25), (53, 27), (26, 73)), polygon((32, 72), (58, 31), (60.6, 33), (36, 74))])
    canvas.fill(beam, WHITE, opacity=0.4, clip=pane)
    canvas.shade(pane - ellipse(40.8, 51, 22), 0.4, 0.9, clip=pane)
    canvas.fill(pane - ellipse(40, 50, 21.4), WHITE, opacity=0.35)
    canvas.fill(ellipse(40, 8.8, 2.6), ball(look.third))


@kind("clock", focus=(40, 46), near=1.4)
def clock(canvas: Canvas, look: Look) -> None:
    """A round wall clock at ten past ten."""
    rim = ellipse(40, 46, 28)
    canvas.shade(rim.moved(3.4, 4), 0.26, 3)
    canvas.fill(rim, Linear(((0, lighter(look.colour, 0.4)), (0.5, look.colour), (1, darker(look.colour, 0.35))), 50))
    face = ellipse(40, 46, 25)
    canvas.fill(face, Radial(((0, lighter(look.second, 0.5)), (1, darker(look.second, 0.08))), x=0.4, y=0.35))
    canvas.shade(face - ellipse(41, 47.4, 24.4), 0.45, 1.1, clip=face)
    ink = rgb("#262833") if look.colour[0] > 200 else darker(look.colour, 0.3)
    for tick in range(12):
        spot = ellipse(40, 25.4, 1.5 if tick % 3 == 0 else 0.9).turned(tick * 30, 40, 46)
        canvas.fill(spot, look.third if tick % 3 == 0 else ink)
    for angle, length, width in ((-55, 12.6, 3.2), (58, 18.4, 2.6)):
        hand = smooth((40, 47.4), (40 - width / 2, 46 - length * 0.4), (40, 46 - length), (40 + width / 2, 46 - length * 0.4)).turned(
            angle, 40, 46
        )
        canvas.shade(hand.moved(0.6, 0.9), 0.35, 0.5)
        canvas.fill(hand, ink)
    second = box(39.82, 27, 0.36, 24, 0.15).turned(205, 40, 46)
    canvas.shade(second.moved(0.7, 1), 0.3, 0.5)
    canvas.fill(second, rgb("#c99b45"))
    canvas.fill(ellipse(40, 46, 1.7), ball(rgb("#c99b45")))
    canvas.fill(path("M20 38 C24 27 34 21.6 46 23 C36 26 27 34 24.6 48 C22 45 20 42 20 38 Z"), WHITE, opacity=0.22)


@kind("basket", size=1.1, focus=(40, 62), near=1.5)
def basket(canvas: Canvas, look: Look) -> None:
    """A willow basket with a blanket over its edge."""
    contact(canvas, 44)
    inside = ellipse(40, 53, 25, 4.6)
    canvas.fill(inside, darker(look.colour, 0.55))
    blanket = smooth((22, 52), (26, 44), (36, 42), (46, 43.6), (56, 42.6), (60, 50), (54, 56), (30, 56))
    canvas.fill(blanket, sheet(look.second, 0.2))
    canvas.texture(blanket, "knit", 0.24)
    body = turned_on_lathe([(26, 52), (26.6, 64), (22, 82)], tilt=0.16, front=True)
    canvas.fill(body, look.colour)
    canvas.texture(body, "wicker", 0.75, darker(look.colour, 0.9))
    canvas.rounded(body, 1.1)
    canvas.fill(outline(arc(40, 52, 26.4, 4.6, 0, 180), arc(40, 51, 25.4, 4, 180, 0)), sheet(lighter(look.colour, 0.16), 0.16))
    fold = outline(
        curve([(25, 54), (33, 54.6), (43, 56)]),
        curve([(43, 56), (45, 64), (43, 74)]),
        curve([(43, 74), (34, 75.4), (26.4, 73)]),
        curve([(26.4, 73), (24, 62), (25, 54)]),
    )
    canvas.shade(fold.moved(1, 1), 0.35, 1.2, clip=body)
    canvas.fill(fold, Linear(((0, lighter(look.second, 0.24)), (0.5, look.second), (1, darker(look.second, 0.2))), 20))
    canvas.texture(fold, "knit", 0.26)
    fringes = joined(stroke([(27 + i * 1.25, 73 + math.sin(i) * 0.4 + i * 0.05), (26.8 + i * 1.27, 77.6)], 0.5) for i in range(14))
    canvas.fill(fringes, look.second)
    for side in (-1, 1):
        rod(
            canvas,
            curve([(40 + side * 21, 55), (40 + side * 29.4, 51), (40 + side * 29.6, 60), (40 + side * 24.6, 62)]),
            1.8,
            rgb("#6d4a35"),
        )


@kind("step_stool", focus=(40, 58), near=1.5)
def step_stool(canvas: Canvas, look: Look) -> None:
    """A stool of two steps."""
    _feet(canvas, (20, 85), (60, 85))
    canvas.shade(ellipse(43, 85, 26, 3), 0.2, 2)
    for x in (21, 55.6):
        wood(
            canvas,
            polygon((x + (1.6 if x < 40 else 0), 48), (x + (4 if x < 40 else 2.4), 48), (x + 3.4, 80), (x, 80)),
            darker(look.colour, 0.28),
            degrees=90,
        )
    upper = box(20, 44, 40, 3.6, 0.6)
    canvas.fill(soft_polygon([(23, 40.6), (57, 40.6), (60, 44.4), (20, 44.4)], 0.4), sheet(lighter(look.colour, 0.26), 0.1, 10))
    canvas.fill(box(34.6, 41.9, 10.8, 1.3, 0.6), darker(look.colour, 0.6))
    wood(canvas, upper, look.colour, every=0.7)
    canvas.shade(box(21, 47.4, 38, 2.4), 0.4, 1)
    for side in (-1, 1):
        a = 40 + side * 20
        panel = polygon(
            (a, 47.6), (a - side * 3, 47.6), (a - side * 1.6, 62), (a - side * 1.2, 85), (a + side * 3.6, 85), (a + side * 2, 62)
        )
        wood(canvas, panel, look.colour, degrees=90, every=0.8, seed=5 + side)
        canvas.veil(panel, ((0, 0.2), (0.5, 0)), 0, CREAM)
    lower = box(16.4, 65.4, 47.2, 3.8, 0.6)
    canvas.fill(soft_polygon([(19.4, 60.4), (60.6, 60.4), (63.6, 65.8), (16.4, 65.8)], 0.4), sheet(lighter(look.colour, 0.26), 0.1, 10))
    grain(canvas, polygon((19.4, 60.4), (60.6, 60.4), (63.6, 65.8), (16.4, 65.8)), look.colour, every=0.9)
    wood(canvas, lower, look.colour, every=0.7)
    canvas.shade(box(19, 69, 42, 2.4), 0.4, 1)
    for colour, width, y in (("#2f5b4c", 15, 38.4), ("#d9a336", 13, 36)):
        canvas.fill(box(40 - width / 2, y, width, 2.3, 0.3), tube(rgb(colour), 0.25))
