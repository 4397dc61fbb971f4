"""Drawings of vases with flowers."""

import math

from storefront.catalog.demo.pictures.backdrop import contact
from storefront.catalog.demo.pictures.canvas import Canvas, sheet
from storefront.catalog.demo.pictures.colour import CREAM, darker, lighter, mix, rgb
from storefront.catalog.demo.pictures.kinds import Look, kind
from storefront.catalog.demo.pictures.parts import LEAF, dice_of, draw_leaf, flower, glass, leaf, sprig
from storefront.catalog.demo.pictures.shapes import (
    arc,
    band,
    curve,
    ellipse,
    joined,
    outline,
    stroke,
    turned_on_lathe,
)


@kind("bud_vases", size=1.05, focus=(40, 62), near=1.5)
def bud_vases(canvas: Canvas, look: Look) -> None:
    """Three small glass vases, one stem in each."""
    vases = (
        (24.0, 80.0, look.colour, ((3.4, 52), (2.6, 57), (7.4, 66), (8, 76), (6.4, 79.4))),
        (56.0, 80.6, look.third, ((2.6, 46), (2.4, 56), (5, 64), (7.6, 75), (6.6, 80))),
        (40.0, 84.0, look.second, ((3.8, 58), (3.2, 62), (9, 70), (9.2, 78), (7, 83.4))),
    )
    for number, (cx, foot, tint, profile) in enumerate(vases):
        top = profile[0][1]
        canvas.soft(ellipse(cx + 6, foot + 1, 8, 1.6), lighter(tint, 0.2), 0.6, 1.4)
        contact(canvas, 14, cx=cx, y=foot, depth=0.6)
        stem_top = (cx + (-3, 2, 1)[number], (22, 18, 32)[number])
        stem = curve([(cx, foot - 4), (cx + 0.6, top), ((cx + stem_top[0]) / 2, (top + stem_top[1]) / 2), stem_top])
        canvas.fill(stroke(stem, 0.6), rgb("#6d8f55"))
        if number == 0:
            draw_leaf(canvas, *stem[len(stem) // 2], 9, 3.4, 50, rgb("#6d9a55"))
            flower(canvas, *stem_top, 7, rgb("#f3efe6"), rgb("#e3b23c"), petals=11)
        elif number == 1:
            for index in range(9):
                y = stem_top[1] + index * 2.1
                for side in (-1, 1):
                    canvas.fill(
                        ellipse(cx + 2 + side * (1 + index * 0.12), y, 1.5, 1.1).turned(side * -30, cx + 2, y),
                        (rgb("#7b84cf"), rgb("#97a0e0"))[index % 2],
                    )
        else:
            draw_leaf(canvas, *stem[len(stem) // 2], 8, 3.2, -52, rgb("#6d9a55"))
            for layer, colour in ((6.6, rgb("#e08a94")), (4.8, rgb("#d9788a")), (3, rgb("#c95f78"))):
                flower(canvas, *stem_top, layer, colour, darker(colour, 0.2), petals=7, turn=layer * 20)
        body = turned_on_lathe(profile, cx=cx, tilt=0.18)
        water = turned_on_lathe([(profile[2][0] - 0.6, profile[2][1]), *((r - 0.8, y) for r, y in profile[3:])], cx=cx, tilt=0.16)
        canvas.fill(body, tint, opacity=0.42)
        canvas.fill(water, darker(tint, 0.1), opacity=0.4)
        canvas.fill(stroke(stem, 0.6), darker(rgb("#6d8f55"), 0.1), clip=body, opacity=0.8)
        glass(canvas, body, tint, strength=0.18)
        canvas.fill(
            ellipse(cx, top, profile[0][0], profile[0][0] * 0.2) - ellipse(cx, top, profile[0][0] - 0.6, profile[0][0] * 0.2 - 0.3),
            lighter(tint, 0.6),
            opacity=0.9,
        )


@kind("vase", focus=(40, 48), near=1.5)
def vase(canvas: Canvas, look: Look) -> None:
    """A vase; forms: tall (with dried grasses), round (with garden flowers)."""
    contact(canvas, 26)
    if look.form == "tall":
        dice = dice_of(7)
        for lean, length, colour in (
            (-22, 34, look.second),
            (-11, 31, mix(look.second, CREAM, 0.4)),
            (0, 28, look.second),
            (10, 32, mix(look.second, CREAM, 0.5)),
            (21, 27, look.second),
            (5, 22, mix(look.second, CREAM, 0.3)),
            (-5, 23, look.second),
        ):
            angle = math.radians(lean)
            tip = (40 + math.sin(angle) * length, 42 - math.cos(angle) * length)
            canvas.fill(stroke([(40, 44), tip], 0.5), darker(look.second, 0.35))
            plume = leaf(17, 6).moved(*tip).turned(lean, *tip).moved(-math.sin(angle) * 8, math.cos(angle) * 8)
            canvas.fill(plume, sheet(colour, 0.2))
            hairs = joined(
                stroke(
                    [
                        (tip[0] - math.sin(angle) * d, tip[1] + math.cos(angle) * d),
                        (tip[0] - math.sin(angle) * d + dice.uniform(-3.2, 3.2), tip[1] + math.cos(angle) * d - 3.4),
                    ],
                    0.25,
                )
                for d in [i * 0.8 for i in range(-9, 10)]
            )
            canvas.fill(hairs, lighter(colour, 0.4), opacity=0.8)
        body = turned_on_lathe([(5, 40), (4.6, 45), (13, 54), (15, 62), (12, 74), (8.6, 82)], tilt=0.18, front=True)
        canvas.fill(body, look.colour)
        canvas.texture(body, "grit", 0.12)
        canvas.rounded(body)
        canvas.fill(outline(arc(40, 40.2, 5, 0.9, 0, 180), arc(40, 39.8, 4.3, 0.6, 180, 0)), lighter(look.colour, 0.4))
        return
    for x, lean in ((26.0, -42), (32, -22), (48, 20), (55, 40), (40, 2)):
        sprig(canvas, 40 + (x - 40) * 0.3, 50, 26, lean, rgb("#6d9a5a"), pairs=4, size=6)
    blooms = (
        (24.0, 34.0, 6.4, look.second),
        (36, 24, 7, rgb("#f3efe6")),
        (50, 26, 6.6, look.second),
        (58, 37, 6, rgb("#f3bd2c")),
        (30, 43, 5.4, rgb("#f3bd2c")),
        (43, 37, 7.2, rgb("#e58a7a")),
        (52, 46, 5.4, rgb("#f3efe6")),
        (37, 48, 5, look.second),
    )
    for x, y, _, _ in blooms:
        canvas.fill(stroke([(40, 56), (x, y)], 0.5), darker(LEAF, 0.1))
    for index, (x, y, size, colour) in enumerate(blooms):
        flower(canvas, x, y, size, colour, rgb("#d9a336"), petals=8 + index % 3 * 2)
    body = turned_on_lathe([(12, 52), (11, 55), (18.6, 65), (17.6, 76), (11, 82)], tilt=0.17, front=True)
    canvas.fill(body, mix(look.colour, rgb("#f6f1e6"), 0.86))
    for y, thick in ((61, 2.4), (65.4, 1), (68, 3), (72.6, 1), (75, 2.2)):
        canvas.fill(band(40, (20, y), (20, y + thick), tilt=0.17), look.colour, clip=body)
    canvas.rounded(body)
    canvas.fill(outline(arc(40, 52.2, 12, 2, 0, 180), arc(40, 51.8, 11.2, 1.6, 180, 0)), lighter(look.colour, 0.5))
