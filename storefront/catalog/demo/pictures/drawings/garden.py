"""Drawings of garden tools and of houses for birds."""

from storefront.catalog.demo.pictures.backdrop import contact, fallen
from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, ball, metal, sheet, tube
from storefront.catalog.demo.pictures.colour import CREAM, Colour, darker, lighter, mix, rgb
from storefront.catalog.demo.pictures.drawings.textiles import fold_shadows
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import LEAF, WHITE, dice_of, dots, draw_leaf, flower, rod, sprig, stitches, wood
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
    smooth,
    stroke,
    turned_on_lathe,
)


def _sheet_metal(colour: Colour) -> Linear:
    return Linear(
        (
            (0, darker(colour, 0.24)),
            (0.14, darker(colour, 0.04)),
            (0.28, lighter(colour, 0.5)),
            (0.42, lighter(colour, 0.08)),
            (0.7, darker(colour, 0.16)),
            (0.9, darker(colour, 0.32)),
            (1, darker(colour, 0.16)),
        ),
        0,
    )


@kind("watering_can", focus=(40, 58), near=1.5)
def watering_can(canvas: Canvas, look: Look) -> None:
    """A watering can; form indoor is slim with a long spout."""
    if look.form == "indoor":
        _indoor_can(canvas, look)
        return
    contact(canvas, 38, cx=44)
    spout = outline(curve([(30, 80), (20, 66), (11, 45)]), [(8.4, 40), (13.4, 38)], curve([(15.4, 43), (24, 60), (33, 66)]))
    canvas.fill(spout, Linear(((0, lighter(look.colour, 0.4)), (0.5, look.colour), (1, darker(look.colour, 0.3))), 30))
    rose = outline([(8.6, 42), (14, 39.6)], [(16.4, 31.6), (1.6, 38)])
    canvas.fill(rose, metal(look.second))
    face = ellipse(9, 34.8, 8.2, 2.6).turned(-23, 9, 34.8)
    canvas.fill(face, sheet(lighter(look.second, 0.3), 0.2))
    dots(
        canvas,
        [(9 + dx * 2.2 - dy * 0.7, 34.8 - dx * 0.92 + dy * 0.9) for dx in (-2, -1, 0, 1, 2) for dy in (-1, 0, 1)],
        0.36,
        darker(look.second, 0.6),
        clip=face,
    )
    rod(canvas, [(17, 50), (36, 50)], 1.2, look.colour)
    handle = curve([(34, 48), (38, 32), (52, 28), (66, 40), (66, 60), (58, 74)])
    rod(canvas, handle, 2.2, look.colour)
    body = turned_on_lathe([(15.6, 47), (16.4, 60), (16.8, 80), (16.4, 82)], cx=45, tilt=0.16)
    canvas.fill(body, _sheet_metal(look.colour))
    for y in (53.0, 76):
        canvas.fill(band(45, (16.9, y), (16.9, y + 1.8), tilt=0.16), _sheet_metal(lighter(look.colour, 0.14)))
    canvas.fill(ellipse(45, 47, 15.6, 2.6), darker(look.colour, 0.6))
    cover = outline(curve([(45, 42), (54, 43), (60.6, 47)]), arc(45, 47, 15.6, 2.6, 0, 90))
    canvas.fill(cover, _sheet_metal(look.colour))
    canvas.fill(ellipse(45, 47, 15.6, 2.6) - ellipse(45, 47, 15, 2.2), lighter(look.colour, 0.5))
    dice = dice_of(2)
    for _ in range(16):
        x, y = dice.uniform(-2, 12), dice.uniform(46, 82)
        canvas.fill(stroke([(x, y), (x - 0.5, y + 2)], 0.45), rgb("#bcd9ea"), opacity=0.8)


def _indoor_can(canvas: Canvas, look: Look) -> None:
    contact(canvas, 26, cx=48)
    spout = curve([(37, 76), (26, 68), (19, 50), (13, 34), (9, 30)])
    rod(canvas, spout, 3, look.colour, end_width=1.5)
    handle = curve([(57, 50), (68, 44), (70, 58), (66, 72), (60, 76)])
    rod(canvas, handle, 1.8, look.second)
    body = turned_on_lathe([(8, 45), (9.6, 54), (12.6, 68), (12.4, 80), (11.6, 82)], cx=48, tilt=0.16)
    canvas.fill(body, _sheet_metal(look.colour))
    canvas.fill(ellipse(48, 45, 8, 1.3), lighter(look.colour, 0.5))
    canvas.fill(ellipse(48, 45.2, 7.2, 0.9), darker(look.colour, 0.55))
    canvas.fill(band(48, (13, 79), (12.8, 80), tilt=0.16), darker(look.colour, 0.4), opacity=0.5)


@kind("trowel", lies=True, focus=(40, 40), near=1.5)
def trowel(canvas: Canvas, look: Look) -> None:
    """A hand trowel; form fork has three tines."""
    dice = dice_of(8)
    crumbs = [(dice.gauss(26, 9), dice.gauss(24, 8)) for _ in range(70)]
    for x, y in crumbs:
        canvas.fill(ellipse(x, y, dice.uniform(0.3, 1.3), dice.uniform(0.3, 0.9)), rgb("#5b4433"), opacity=0.8)
    with canvas.within(turn=-32):
        neck = stroke(curve([(40, 46), (40, 52), (40, 58)]), 2.6, end_width=3.4)
        if look.form == "fork":
            tines = joined(
                stroke(curve([(40, 44), (40 + s * 4, 40), (40 + s * 8.6, 34), (40 + s * 9, 14)]), 2.6, end_width=0.8) for s in (-1, 0, 1)
            )
            blade = tines
        else:
            blade = path("M40 8 C46 13 49.6 22 49.4 32 C49.2 38 46 42 42.4 46 L37.6 46 C34 42 30.8 38 30.6 32 C30.4 22 34 13 40 8 Z")
        handle = smooth(
            (37.2, 58), (42.8, 58), (44, 64), (43, 74), (44.6, 84), (43, 91), (40, 92.4), (37, 91), (35.4, 84), (37, 74), (36, 64)
        )
        fallen(canvas, blade + handle + neck, 1.5)
        canvas.fill(neck, metal(look.second))
        canvas.fill(
            blade,
            Linear(
                ((0, darker(look.second, 0.14)), (0.35, lighter(look.second, 0.55)), (0.5, look.second), (1, darker(look.second, 0.3))), 0
            ),
        )
        if look.form != "fork":
            canvas.shade(path("M40 14 C43 22 43 34 41.4 46 L38.6 46 C37 34 37 22 40 14 Z"), 0.35, 1.4, clip=blade)
            canvas.fill(stroke(curve([(48.6, 32), (46, 19), (40.4, 9.6)]), 0.6), WHITE, opacity=0.7, clip=blade)
        canvas.fill(handle, look.colour)
        wood(canvas, handle, look.colour, degrees=90, every=0.7)
        canvas.veil(handle, ((0, 0.4), (0.4, 0)), 0, CREAM)
        canvas.veil(handle, ((0, 0), (0.6, 0), (1, 0.36)), 0)
        canvas.fill(box(36.6, 56.4, 6.8, 5, 1), metal(look.third))
        canvas.fill(ellipse(40, 87.6, 1.1), darker(look.colour, 0.6))
        canvas.fill(stroke(curve([(40, 88), (34, 95), (44, 98), (40, 88)]), 0.6), rgb("#6d4a35"))
    draw_leaf(canvas, 24, 76, 9, 4, 52, LEAF)
    draw_leaf(canvas, 24, 76, 8, 3.6, -16, lighter(LEAF, 0.1))
    canvas.fill(stroke(curve([(24, 76), (22, 81), (23, 87)]), 0.6, end_width=0.2), rgb("#d9cfae"))


@kind("secateurs", lies=True, size=1.05, focus=(40, 34), near=1.5)
def secateurs(canvas: Canvas, look: Look) -> None:
    """A pair of secateurs."""
    with canvas.within(turn=22):
        lower = outline(
            curve([(37, 42), (32, 58), (31, 76), (34, 90)]),
            arc(36.4, 90, 2.6, 2.4, 180, 20),
            curve([(39, 88), (37.4, 74), (39, 58), (43, 44)]),
        )
        upper = outline(
            curve([(43, 42), (48, 56), (51, 74), (50, 88)]),
            arc(47.4, 88, 2.6, 2.4, 0, 160),
            curve([(44.8, 86), (45, 72), (42, 58), (37, 44)]),
        )
        hook = path("M36 44 C32 40 30 32 32 24 C33.6 19 37 15.6 41 14.6 C38 20 37.6 27 40 33 C41.4 36 43 39 43.4 42 Z")
        blade = path("M44 44 C48.6 40 51 32 50 22 C49.4 16 46.6 11 43 8.6 C42.6 18 41.4 27 38.6 34 C37.6 37 36.8 40 37 43 Z")
        fallen(canvas, lower + upper + hook + blade, 1.4)
        canvas.fill(hook, Linear(((0, lighter(look.second, 0.3)), (1, darker(look.second, 0.4))), 0))
        canvas.fill(lower, sheet(look.colour, 0.24, 0))
        canvas.fill(stroke(curve([(40.4, 50), (41.6, 54), (40, 57.6), (42, 61)]), 1.1), metal(look.second))
        canvas.fill(upper, Linear(((0, lighter(look.colour, 0.3)), (0.5, look.colour), (1, darker(look.colour, 0.3))), 0))
        for shape, sign in ((lower, -1), (upper, 1)):
            wrap = joined(stroke([(28 if sign < 0 else 42, 62 + i * 2.1), (42 if sign < 0 else 56, 61 + i * 2.1)], 1.1) for i in range(13))
            canvas.fill(wrap, darker(look.colour, 0.34), opacity=0.5, clip=shape)
        canvas.fill(blade, Linear(((0, darker(look.second, 0.1)), (0.5, lighter(look.second, 0.6)), (1, look.second)), 0))
        canvas.fill(path("M43 8.6 C42.6 18 41.4 27 38.6 34 C40.4 33 42 30 43.2 26 C44.4 20 44 13 43 8.6 Z"), WHITE, opacity=0.6)
        canvas.fill(ellipse(40.2, 43, 3.4), metal(darker(look.second, 0.1)))
        canvas.fill(ellipse(40.2, 43, 1.9), ball(rgb("#c99b45")))
        canvas.fill(box(39.3, 42.6, 1.8, 0.8), rgb("#7a5a22"))
    sprig(canvas, 60, 92, 26, -6, rgb("#5f8a55"), pairs=5, size=5.4)
    flower(canvas, 57, 63, 5.8, rgb("#d9788a"), rgb("#e9b949"), petals=9)


@kind("gauntlets", lies=True, focus=(40, 44), near=1.5)
def gauntlets(canvas: Canvas, look: Look) -> None:
    """A pair of long gardening gloves."""
    for flip, move, turn in ((False, (-11, 2), -10), (True, (13, -2), 8)):
        with canvas.within(move=move, turn=turn, at=(40, 60)):
            fingers = joined(
                stroke([(40 + dx, 42), (40 + dx * 1.35, 42 - length)], width, end_width=width * 0.86)
                for dx, length, width in ((-7.4, 16, 5.2), (-2.4, 21, 5.4), (2.8, 20, 5.4), (7.6, 14, 5))
            )
            palm = smooth((29, 40), (34, 36), (46, 36), (51, 41), (51.4, 52), (48, 58), (33, 58), (29, 52))
            thumb = stroke(curve([(49, 52), (55, 46), (58.6, 38)]), 6, end_width=4.6)
            hand = fingers + palm + thumb
            cuff = path("M31 56 C30.6 66 28 78 25.4 88 C33 91.6 47 91.6 54.6 88 C52 78 49.4 66 49 56 C44 58.6 36 58.6 31 56 Z")
            hand = hand.mirrored() if flip else hand
            fallen(canvas, hand + cuff, 1.2)
            canvas.fill(hand, sheet(look.second, 0.2, 40))
            canvas.texture(hand, "felt", 0.2)
            seams = joined(stroke([(40 + dx, 43), (40 + dx * 1.2, 34)], 0.5) for dx in (-4.8, 0.4, 5.4))
            canvas.shade(seams.mirrored() if flip else seams, 0.5, 0.5, clip=hand)
            guard = smooth((33, 42), (46, 42), (48, 50), (46, 56), (34, 56), (31.4, 50))
            canvas.fill(guard, sheet(darker(look.second, 0.18), 0.16), clip=hand)
            canvas.fill(cuff, Linear(((0, lighter(look.colour, 0.2)), (0.5, look.colour), (1, darker(look.colour, 0.26))), 0))
            canvas.texture(cuff, "canvas", 0.26, darker(look.colour, 0.9))
            fold_shadows(canvas, cuff, "M34 60 C33 70 31 80 30 88", "M46 60 C47 70 49 80 50 88", strength=0.22)
            leaves = joined(
                ellipse(x, y, 1.2, 2.6).turned(t, x, y)
                for x, y, t in ((35, 68, 30), (45, 70, -30), (39, 78, 20), (47, 82, -20), (33, 82, 30))
            )
            canvas.fill(leaves, lighter(look.colour, 0.5), opacity=0.7)
            stitches(canvas, curve([(26.4, 86), (40, 89.4), (53.6, 86)]), CREAM)
            canvas.fill(stroke(curve([(31, 57.4), (40, 59.8), (49, 57.4)]), 2.2), sheet(darker(look.second, 0.25), 0.14))


@kind("bird_house", focus=(40, 50), near=1.5)
def bird_house(canvas: Canvas, look: Look) -> None:
    """A bird house on a branch, a small bird beside its door."""
    branch = outline(curve([(-2, 84), (20, 81), (46, 83), (82, 77)]), curve([(82, 82), (46, 88), (20, 86), (-2, 90)]))
    canvas.fill(branch, Linear(((0, lighter(rgb("#8a6a4d"), 0.2)), (1, darker(rgb("#8a6a4d"), 0.4))), 90))
    for x, y, turn in ((6, 81, -30), (14, 82, 24), (68, 79, -20), (76, 77, 30), (72, 82, 120)):
        draw_leaf(canvas, x, y, 10, 5, turn, LEAF)
    wall = polygon((22, 42), (40, 26), (58, 42), (56, 82), (24, 82))
    canvas.shade(wall.moved(2, 1), 0.22, 2)
    wood(canvas, wall, look.colour, degrees=90, every=1.4)
    canvas.veil(wall, ((0, 0.14), (0.4, 0), (1, 0.24)), 0)
    planks = joined(stroke([(x, 24), (x, 83)], 0.35) for x in (30.6, 36.8, 43.2, 49.4))
    canvas.fill(planks, darker(look.colour, 0.5), opacity=0.5, clip=wall)
    canvas.shade(polygon((22, 42), (40, 26), (58, 42), (58, 47), (40, 31), (22, 47)), 0.4, 1.4, clip=wall)
    ring = ellipse(40, 52, 6.6)
    canvas.fill(ring, sheet(lighter(look.second, 0.14), 0.2))
    canvas.fill(ellipse(40, 52, 5.2), Radial(((0, rgb("#1d1613")), (1, rgb("#4a382c")))))
    rod(canvas, [(40, 63), (40, 64)], 2.2, look.second)
    for side in (-1, 1):
        roof = polygon((40, 21), (40 + side * 25, 44), (40 + side * 22.6, 48), (40, 27))
        canvas.fill(
            roof, Linear(((0, lighter(look.second, 0.24 if side < 0 else 0.0)), (1, darker(look.second, 0.05 if side < 0 else 0.35))), 90)
        )
    canvas.fill(polygon((40, 21), (43, 23.6), (40, 27), (37, 23.6)), lighter(look.second, 0.2))
    canvas.fill(
        stroke(arc(40, 18.6, 3, 3.4, 180, 360), 0.7) + stroke([(43, 18.6), (41, 22)], 0.7) + stroke([(37, 18.6), (39, 22)], 0.7),
        rgb("#6b6d75"),
    )
    bird = smooth((54, 70), (58, 65.6), (63, 66), (65, 69), (70, 73), (73, 80), (66, 80), (59, 81), (54.6, 77))
    canvas.fill(stroke([(62, 80), (62, 84)], 0.5) + stroke([(65, 80), (65.4, 83.6)], 0.5), rgb("#5b4a3a"))
    canvas.fill(bird, Linear(((0, rgb("#6f9bd0")), (1, rgb("#3f66a3"))), 70))
    canvas.fill(smooth((54.4, 73), (59, 72), (64, 76), (62, 80.6), (57, 80.6)), rgb("#f3cf5e"), clip=bird)
    canvas.fill(smooth((62, 70), (68, 73), (72, 79.4), (66, 78), (62, 75)), rgb("#33558c"))
    canvas.fill(smooth((55.4, 69), (58.6, 67.6), (60, 70), (57.6, 72), (55, 71.4)), rgb("#f6f1e6"))
    canvas.fill(polygon((54.4, 69.2), (50.8, 70.6), (54.4, 71.6)), rgb("#3a3a40"))
    canvas.fill(ellipse(57.2, 69.4, 0.65), rgb("#1d1a1a"))


@kind("feeder", focus=(40, 52), near=1.5)
def feeder(canvas: Canvas, look: Look) -> None:
    """A hanging feeder full of seed."""
    canvas.fill(stroke([(40, -120), (40, 14)], 0.5), rgb("#6b6d75"))
    bail = curve([(30, 26), (32, 16), (40, 13), (48, 16), (50, 26)])
    canvas.fill(stroke(bail, 0.8), metal(rgb("#9aa2aa")))
    seed = box(30, 40, 20, 38)
    canvas.fill(seed, tube(look.second, 0.3))
    dice = dice_of(5)
    for colour, count in ((darker(look.second, 0.35), 150), (rgb("#5b4433"), 60), (lighter(look.second, 0.5), 110)):
        canvas.fill(
            joined(
                ellipse(x := dice.uniform(29, 51), y := dice.uniform(39, 79), 0.8, 0.45, steps=10).turned(dice.uniform(0, 180), x, y)
                for _ in range(count)
            ),
            colour,
            opacity=0.7,
            clip=seed,
        )
    wall = box(29.4, 27, 21.2, 52)
    canvas.fill(wall, rgb("#e6f0f2"), opacity=0.2)
    canvas.veil(wall, ((0, 0.4), (0.1, 0.05), (0.88, 0.05), (1, 0.4)), 0, rgb("#6f8a96"))
    canvas.fill(box(32, 28, 1.8, 50), WHITE, opacity=0.55)
    lid = turned_on_lathe([(3, 20), (13.6, 26.4), (13, 29)], tilt=0.14)
    canvas.fill(lid, tube(look.colour, 0.4))
    canvas.fill(ellipse(40, 20, 3, 0.7), lighter(look.colour, 0.3))
    base = turned_on_lathe([(12.4, 77), (13, 80), (7, 84)], tilt=0.14)
    canvas.fill(base, tube(look.colour, 0.4))
    for y, side in ((50, 1), (50, -1), (68, 1), (68, -1)):
        canvas.fill(ellipse(40 + side * 9.4, y - 3, 1.9, 1.9), darker(look.colour, 0.4))
        rod(canvas, [(40 + side * 9, y), (40 + side * 17.6, y)], 1.3, look.colour)
    body = smooth((56, 62), (58.6, 57), (63, 56.6), (65.6, 59), (69, 63), (74, 71), (67, 68.6), (60, 68.4))
    canvas.fill(body, Linear(((0, rgb("#c46a48")), (1, rgb("#8a4a34"))), 60))
    canvas.fill(smooth((56.4, 62.6), (60, 62), (63, 65.6), (60.6, 68.6), (57.4, 66.6)), look.third)
    canvas.fill(smooth((58.4, 57.4), (62.6, 56.4), (64.6, 58.6), (61, 59.6)), rgb("#45505c"))
    canvas.fill(polygon((57.4, 59.4), (53.6, 60.4), (57.2, 61.6)), rgb("#3a3a40"))
    canvas.fill(ellipse(60, 60, 0.6), rgb("#1d1a1a"))
    canvas.fill(smooth((63, 62), (69, 65), (72.6, 70), (66, 68), (62.6, 66)), rgb("#5b4a44"))


@kind("seed_packets", lies=True, size=1.1, focus=(40, 44), near=1.5)
def seed_packets(canvas: Canvas, look: Look) -> None:
    """Three illustrated seed packets, fanned out."""
    for turn, move, colour, kind_of in ((-18, (-13, 5), look.third, 0), (14, (14, 6), look.second, 1), (-2, (0, -3), look.colour, 2)):
        with canvas.within(turn=turn, move=move, at=(40, 70)):
            packet = box(25, 20, 30, 44, 0.6)
            fallen(canvas, packet, 1)
            canvas.fill(packet, sheet(rgb("#f7f0df"), 0.1))
            canvas.fill(box(25, 20, 30, 4.4), sheet(mix(colour, CREAM, 0.2), 0.1), clip=packet)
            canvas.fill(stroke([(25, 24.6), (55, 24.6)], 0.25), darker(colour, 0.4), opacity=0.5)
            picture = box(27.6, 27, 24.8, 26, 0.6)
            canvas.fill(picture, mix(colour, CREAM, 0.72))
            for x, y, size in ((34, 36, 5), (44.6, 33.4, 4.4), (41, 43, 5)):
                canvas.fill(stroke(curve([(x, y), (x + 0.6, 46), (40, 53)]), 0.5), rgb("#5f8a55"), clip=picture)
                if kind_of == 0:
                    flower(canvas, x, y, size, colour, rgb("#7a4a2a"), petals=12)
                elif kind_of == 1:
                    flower(canvas, x, y, size, colour, rgb("#f3d26a"), petals=8)
                else:
                    flower(canvas, x, y, size, colour, lighter(colour, 0.5), petals=14)
            draw_leaf(canvas, 38, 53, 7, 2.6, -40, LEAF)
            draw_leaf(canvas, 42, 53, 7, 2.6, 40, LEAF)
            canvas.fill(picture - picture.scaled(0.965, 0.965, 40, 40), darker(colour, 0.2), opacity=0.8)
            for y, width, thick in ((56.4, 17, 1.4), (59.6, 12, 0.6)):
                canvas.fill(box(40 - width / 2, y, width, thick), darker(colour, 0.3))
    dice = dice_of(12)
    for _ in range(16):
        x, y = dice.uniform(26, 58), dice.uniform(76, 90)
        seed = ellipse(x, y, 1.1, 0.6).turned(dice.uniform(0, 180), x, y)
        canvas.shade(seed.moved(0.3, 0.4), 0.35, 0.3)
        canvas.fill(seed, sheet(rgb("#6b4f36"), 0.3))


@kind("twine", size=1.25, focus=(40, 62), near=1.6)
def twine(canvas: Canvas, look: Look) -> None:
    """A tin of garden twine, its end coming out of the lid."""
    contact(canvas, 34)
    thread = curve([(40, 50), (42, 38), (54, 34), (60, 46), (66, 62), (60, 78), (66, 86), (74, 85)])
    canvas.shade(stroke([(x + 1, y + 1) for x, y in thread[50:]], 1), 0.25, 0.6)
    canvas.fill(stroke(thread, 1.1), sheet(look.second, 0.2))
    twist = joined(stroke([(x - 0.4, y - 0.4), (x + 0.4, y + 0.4)], 0.22) for x, y in thread[::2])
    canvas.fill(twist, darker(look.second, 0.5), opacity=0.6)
    body = turned_on_lathe([(18, 56), (18, 82)], tilt=0.17, smooth_sides=False)
    canvas.fill(body, look.colour)
    canvas.rounded(body, 1.1)
    label = band(40, (18.1, 62), (18.1, 77), tilt=0.17)
    canvas.fill(label, look.third, clip=body)
    canvas.fill(band(40, (18.1, 63.2), (18.1, 63.9), tilt=0.17) + band(40, (18.1, 75.2), (18.1, 75.9), tilt=0.17), look.colour, clip=body)
    for y, width, thick in ((68.6, 16, 1.6), (72, 10, 0.7)):
        canvas.fill(box(40 - width / 2, y, width, thick, 0.3), darker(look.colour, 0.2))
    sprig(canvas, 27.6, 75.4, 6, -10, rgb("#5f8a55"), pairs=3, size=2.4)
    sprig(canvas, 52.4, 75.4, 6, 10, rgb("#5f8a55"), pairs=3, size=2.4)
    canvas.rounded(body, 0.5)
    lid = turned_on_lathe([(18.8, 51.4), (18.8, 57.4)], tilt=0.17, smooth_sides=False)
    canvas.fill(lid, tube(lighter(look.colour, 0.06)))
    canvas.fill(ellipse(40, 51.4, 18.8, 3.2), Linear(((0, lighter(look.colour, 0.36)), (1, look.colour)), 20))
    canvas.fill(ellipse(40, 51.4, 14, 2.3) - ellipse(40, 51.5, 13.4, 2), darker(look.colour, 0.3), opacity=0.6)
    canvas.fill(ellipse(40, 51.2, 1.8, 0.5), rgb("#1f2026"))
    canvas.fill(stroke([(40, 51), (40.4, 47)], 1.1), sheet(look.second, 0.2))


@kind("spade", focus=(40, 70), near=1.5)
def spade(canvas: Canvas, look: Look) -> None:
    """A spade standing in a little heap of earth."""
    heap = smooth((12, 88), (22, 84), (32, 82.6), (42, 83.6), (54, 83), (64, 85.4), (72, 89), (40, 92))
    rod(canvas, [(40, 18), (40, 60)], 2.6, look.colour)
    grip = outline(arc(40, 12, 8, 5, 180, 360), curve([(48, 12), (46, 18), (42, 24)]), curve([(38, 24), (34, 18), (32, 12)])) - smooth(
        (35, 12.4), (45, 12.4), (43.6, 16), (40, 19), (36.4, 16)
    )
    canvas.shade(grip.moved(1, 1.4), 0.2, 1.2)
    wood(canvas, grip, look.colour, degrees=90, every=0.8)
    socket = outline([(38.4, 50), (41.6, 50)], curve([(42, 58), (44, 64)]), curve([(36, 64), (38, 58)]))
    canvas.fill(socket, metal(look.second))
    blade = path(
        "M28 61 L52 61 C53 61 53.4 61.6 53.2 62.6 L51 82 C50 88 45 91 40 91 C35 91 30 88 29 82 L26.8 62.6 C26.6 61.6 27 61 28 61 Z"
    )
    canvas.fill(
        blade,
        Linear(((0, darker(look.second, 0.2)), (0.3, lighter(look.second, 0.5)), (0.5, look.second), (1, darker(look.second, 0.35))), 0),
    )
    canvas.shade(path("M38.6 61 L41.4 61 C42 70 41.4 78 40 84 C38.6 78 38 70 38.6 61 Z"), 0.4, 0.9, clip=blade)
    canvas.fill(box(27, 60, 26, 2.4, 1), metal(lighter(look.second, 0.1)))
    dots(canvas, [(40, 53), (40, 57)], 0.6, darker(look.second, 0.5))
    canvas.fill(heap, Linear(((0, rgb("#7a5a42")), (1, rgb("#4a3628"))), 90))
    dice = dice_of(6)
    for _ in range(60):
        x, y = dice.uniform(14, 70), dice.uniform(83.4, 90)
        canvas.fill(
            ellipse(x, y, dice.uniform(0.3, 1.2), dice.uniform(0.3, 0.8)),
            rgb("#3a2a1f") if dice.random() < 0.6 else rgb("#9a7657"),
            opacity=0.7,
            clip=heap,
        )
    for x in (18, 64):
        draw_leaf(canvas, x, 86, 8, 3.6, -34, LEAF)
        draw_leaf(canvas, x, 86, 8, 3.6, 34, lighter(LEAF, 0.1))


@kind("mister", size=1.15, focus=(40, 56), near=1.6)
def mister(canvas: Canvas, look: Look) -> None:
    """A glass mister with a brass pump."""
    contact(canvas, 26)
    canvas.soft(ellipse(51, 85, 12, 2), lighter(look.colour, 0.2), 0.5, 1.8)
    canvas.fill(turned_on_lathe([(5.6, 38), (6.2, 45)], tilt=0.14, smooth_sides=False), metal(look.second))
    canvas.fill(box(38.6, 24, 2.8, 15), metal(look.second))
    canvas.fill(box(34, 19.6, 13, 6.4, 2.4), metal(look.second))
    canvas.fill(box(29.6, 21.4, 5, 2.8, 0.8), metal(darker(look.second, 0.1)))
    canvas.fill(ellipse(40, 18, 4.4, 1.8), ball(look.second))
    wall = turned_on_lathe([(5, 45), (6, 48), (14, 57), (16, 67), (14.4, 79), (13, 82)], tilt=0.15)
    water = turned_on_lathe([(13.6, 58), (15.2, 67), (13.8, 79), (12.6, 81.4)], tilt=0.15)
    canvas.fill(wall, look.colour, opacity=0.5)
    canvas.fill(water, Linear(((0, lighter(look.colour, 0.1)), (1, darker(look.colour, 0.2))), 90), opacity=0.75)
    canvas.fill(box(39.6, 45, 0.8, 33), lighter(look.colour, 0.6), opacity=0.6)
    canvas.fill(
        wall,
        Linear(((0, darker(look.colour, 0.4)), (0.2, look.colour), (0.8, look.colour), (1, darker(look.colour, 0.5))), 0),
        opacity=0.35,
    )
    canvas.veil(wall, ((0, 0), (0.16, 0), (0.2, 0.6), (0.27, 0.5), (0.31, 0), (1, 0)), 0, WHITE)
    ribs = joined(stroke(curve([(40 + s * 5, 47), (40 + s * 15, 62), (40 + s * 13, 82)]), 0.35) for s in (-0.75, -0.4, 0, 0.4, 0.75))
    canvas.fill(ribs, lighter(look.colour, 0.6), opacity=0.45, clip=wall)
    dice = dice_of(15)
    for _ in range(90):
        reach = dice.uniform(0, 1) ** 0.8
        x, y = 28 - reach * 22, 22.6 + dice.uniform(-1, 1) * reach * 12
        canvas.fill(ellipse(x, y, dice.uniform(0.15, 0.5)), WHITE, opacity=0.75 * (1 - reach * 0.6))
    canvas.soft(polygon((28, 22), (4, 12), (4, 34)), WHITE, 0.35, 2.4)


@kind("trug", focus=(40, 62), near=1.5)
def trug(canvas: Canvas, look: Look) -> None:
    """A wooden trug full of vegetables."""
    contact(canvas, 56)
    hoop_back = curve([(14, 62), (20, 36), (40, 27), (60, 36), (66, 62)])
    canvas.fill(outline(curve([(8, 60), (40, 56), (72, 60)]), curve([(72, 64), (40, 62), (8, 64)])), darker(look.colour, 0.5))
    for x, lean in ((20.0, -24), (24, -8), (28, 8)):
        draw_leaf(canvas, x, 56, 17, 6, lean, rgb("#5d9145"), bend=lean * 0.1)
        draw_leaf(canvas, x + 2, 57, 14, 5, lean + 14, rgb("#7fae55"), bend=1)
    for x, y, turn in ((17, 58, -70), (21, 60, -58), (25.6, 61.4, -78)):
        carrot = outline(curve([(x - 2.6, y), (x - 1.4, y + 7), (x, y + 15)]), curve([(x, y + 15), (x + 1.4, y + 7), (x + 2.6, y)])).turned(
            turn, x, y
        )
        canvas.fill(carrot, sheet(rgb("#e5792c"), 0.24))
    for x, y, r in ((37.0, 54.0, 6), (47, 52, 6.4), (43, 59, 5.4)):
        canvas.fill(ellipse(x, y, r, r * 0.94), ball(look.second))
        for part in range(5):
            draw_leaf(canvas, x, y - r * 0.6, r * 0.55, r * 0.22, part * 72 - 20, LEAF, rib=False)
        canvas.fill(ellipse(x - r * 0.36, y - r * 0.36, r * 0.2, r * 0.14), WHITE, opacity=0.6)
    courgette = stroke(curve([(52, 60), (60, 54), (67, 47)]), 6.4, end_width=5)
    canvas.fill(courgette, Linear(((0, rgb("#6f9a4c")), (0.5, rgb("#3f6b35")), (1, rgb("#274a26"))), 60))
    canvas.fill(stroke([(54, 57), (65, 48)], 0.5), rgb("#a9c98a"), opacity=0.6)
    canvas.fill(stroke([(67, 47), (69, 44.6)], 2.6), rgb("#8a9a5c"))
    for x, y in ((31.0, 60), (52, 62.4)):
        canvas.fill(ellipse(x, y, 4.2, 3.2), ball(rgb("#c9a26a")))
    body = outline(
        curve([(6, 60), (24, 65), (40, 66), (56, 65), (74, 60)]),
        curve([(74, 60), (68, 75), (58, 82)]),
        [(22, 82)],
        curve([(22, 82), (12, 75), (6, 60)]),
    )
    canvas.fill(body, look.colour)
    for index in range(4):
        y = 66 + index * 4.4
        slat = outline(curve([(4, y - 6), (40, y), (76, y - 6)]), curve([(76, y - 2), (40, y + 4.2), (4, y - 2)]))
        canvas.fill(
            slat,
            Linear(
                ((0, lighter(look.colour, 0.2)), (0.8, mix(look.colour, rgb("#a5743f"), index / 5)), (1, darker(look.colour, 0.36))), 90
            ),
            clip=body,
        )
    canvas.veil(body, ((0, 0.24), (0.3, 0), (0.7, 0), (1, 0.3)), 0)
    canvas.fill(stroke(curve([(6, 60), (24, 65), (40, 66), (56, 65), (74, 60)]), 2.2), sheet(lighter(look.colour, 0.16), 0.2))
    hoop = curve([(17, 80), (14, 62), (20, 36), (40, 27), (60, 36), (66, 62), (63, 80)])
    canvas.shade(stroke([(x + 1, y + 0.6) for x, y in hoop], 2.4), 0.2, 1)
    canvas.fill(stroke(hoop, 3), sheet(lighter(look.colour, 0.1), 0.24))
    canvas.fill(stroke([(x - 0.5, y - 0.6) for x, y in hoop_back], 0.6), lighter(look.colour, 0.5), opacity=0.6)
    dots(canvas, [(15.4, 68), (64.6, 68), (16.6, 76), (63.4, 76)], 0.7, rgb("#c99b45"))
    for x in (24.0, 52):
        canvas.fill(box(x, 81, 5, 3, 0.6), darker(look.colour, 0.3))
