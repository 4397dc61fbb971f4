"""What a thing stands or lies on: a tinted wall and floor with one accent, in light from the upper left."""

from functools import lru_cache

import msgspec
from PIL import Image

from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial
from storefront.catalog.demo.pictures.colour import Colour, darker, lighter, mix, rgb
from storefront.catalog.demo.pictures.shapes import Shape, box, ellipse, joined, path, polygon, smooth, stroke
from storefront.catalog.demo.pictures.textures import HEIGHT, WIDTH

FLOOR = 83.0
"""Where a standing thing meets the floor."""

TINTS: dict[str, Colour] = {
    "porcelain": rgb("#e6ebf1"),
    "sky": rgb("#cbdaf2"),
    "cobalt": rgb("#8ea6dd"),
    "yolk": rgb("#f5d888"),
    "butter": rgb("#f6e9c9"),
    "sage": rgb("#cdd9c4"),
    "moss": rgb("#a9b894"),
    "clay": rgb("#e8c5ad"),
    "terracotta": rgb("#d99a7a"),
    "blush": rgb("#f1d4cd"),
    "plum": rgb("#cbb5ca"),
    "sand": rgb("#e8dac6"),
    "stone": rgb("#d4d2ce"),
    "mint": rgb("#c8e3da"),
    "night": rgb("#34406f"),
}
DEEP: dict[Colour, Colour] = {
    TINTS["porcelain"]: rgb("#bccbe0"),
    TINTS["sky"]: rgb("#9db8e6"),
    TINTS["cobalt"]: rgb("#5c7bc6"),
    TINTS["yolk"]: rgb("#e9b64b"),
    TINTS["butter"]: rgb("#ecd190"),
    TINTS["sage"]: rgb("#a3b794"),
    TINTS["moss"]: rgb("#7d9069"),
    TINTS["clay"]: rgb("#d59d7c"),
    TINTS["terracotta"]: rgb("#bd7351"),
    TINTS["blush"]: rgb("#e2ab9f"),
    TINTS["plum"]: rgb("#a285a3"),
    TINTS["sand"]: rgb("#d3b78e"),
    TINTS["stone"]: rgb("#b0aca5"),
    TINTS["mint"]: rgb("#93c4b4"),
    TINTS["night"]: rgb("#222c55"),
}
"""What is painted on the wall of each tint."""


class Scene(msgspec.Struct, frozen=True):
    """`tint` is a name of TINTS, `accent` one of: plain, arch, sun, window, leaves, halves, plinth, flat."""

    tint: str
    accent: str = "plain"


@lru_cache(maxsize=32)
def _drawn(scene: Scene) -> Image.Image:
    tint = TINTS[scene.tint]
    canvas = Canvas(Image.new("RGB", (WIDTH // 2, HEIGHT // 2), tint))  # a little out of focus, and four times as fast
    if scene.accent == "flat":
        _surface(canvas, tint)
    else:
        _room(canvas, tint)
        if scene.accent in _ACCENTS:
            _ACCENTS[scene.accent](canvas, tint)
        canvas.shade(ellipse(40, 104, 60, 12), 0.06, 8)
    return canvas.image.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)


def backdrop(scene: Scene) -> Canvas:
    """A fresh canvas with the scene on it."""
    return Canvas(_drawn(scene).copy())


def contact(canvas: Canvas, width: float, *, cx: float = 40, y: float = FLOOR, depth: float = 1) -> None:
    """The shadow of a thing of that width where it stands: dark right below it, long and light towards the right."""
    canvas.shade(ellipse(cx + width * 0.22, y + 0.6, width * 0.66, 3.4), 0.2 * depth, 3.2)
    canvas.shade(ellipse(cx + width * 0.05, y + 0.2, width * 0.5, 1.7), 0.42 * depth, 1.1)


def fallen(canvas: Canvas, shape: Shape, height: float = 1) -> None:
    """The shadow of a thing that lies flat, `height` above what it lies on."""
    canvas.shade(shape.moved(2.2 * height, 3.0 * height), 0.2, 2.6 * height)
    canvas.shade(shape.moved(0.6 * height, 0.9 * height), 0.3, 0.8)


def _room(canvas: Canvas, tint: Colour) -> None:
    everything = box(-1, -1, 82, 102)
    canvas.fill(everything, Radial(((0, lighter(tint, 0.42)), (0.55, tint), (1, darker(tint, 0.1))), x=0.24, y=0.16, reach=1.75))
    floor = box(-1, 73, 82, 30)
    canvas.veil(floor, ((0, 0), (0.16, 0.3), (1, 0.62)), 90, lighter(tint, 0.3))
    canvas.soft(box(-10, 70.5, 100, 3.5), darker(tint, 0.2), 0.22, 2.4)


def _surface(canvas: Canvas, tint: Colour) -> None:
    canvas.fill(box(-1, -1, 82, 102), Linear(((0, lighter(tint, 0.4)), (0.5, tint), (1, darker(tint, 0.1))), 58))


def _arch(canvas: Canvas, tint: Colour) -> None:
    niche = path("M17 74 V38 C17 22 27 13 40 13 S63 22 63 38 V74 Z")
    canvas.fill(niche, Linear(((0, DEEP[tint]), (1, mix(DEEP[tint], tint, 0.35))), 90))
    canvas.soft(
        path("M17 74 V38 C17 22 27 13 40 13 S63 22 63 38 L66 36 C66 18 54 8 40 8 S13 18 13 38 V74 Z"),
        darker(tint, 0.5),
        0.28,
        2.2,
        clip=niche,
    )
    canvas.shine(box(57, 30, 5, 44), 0.22, 3, clip=niche)


def _sun(canvas: Canvas, tint: Colour) -> None:
    disc = ellipse(40, 43, 27)
    canvas.fill(disc, Linear(((0, lighter(tint, 0.62)), (1, lighter(tint, 0.25))), 80))


def _dusk(canvas: Canvas, tint: Colour) -> None:
    disc = ellipse(40, 43, 27)
    canvas.fill(disc, Linear(((0, DEEP[tint]), (1, mix(DEEP[tint], tint, 0.5))), 80))


def _window(canvas: Canvas, tint: Colour) -> None:
    panes = []
    for column in range(2):
        for row in range(3):
            x, y = 12 + column * 21, 4 + row * 23 + column * 5
            panes.append(polygon((x, y), (x + 18, y + 4.3), (x + 18, y + 24.3), (x, y + 20)))
    light = joined(panes).mapped(1, 0.22, -8, 0, 1, 0)
    canvas.shine(light, 0.5, 0.9, clip=box(0, 0, 80, 73))


def _leaves(canvas: Canvas, tint: Colour) -> None:
    leaf = path("M0 0 C4 -3 11 -4 17 0 C11 4 4 3 0 0 Z")
    twig = [(72.0, -4.0), (66.0, 12.0), (62.0, 28.0), (61.0, 44.0)]
    shadow = stroke(twig, 0.9)
    for index, (x, y) in enumerate([(70, 2), (67.5, 9), (65, 16), (63, 24), (62, 32), (61, 40)]):
        shadow += leaf.turned(150 - index * 4, 0, 0).moved(x, y) + leaf.turned(18 + index * 9, 0, 0).moved(x, y + 3)
    canvas.soft(shadow, darker(tint, 0.45), 0.3, 0.9)
    canvas.soft(shadow.scaled(1.15, 1.15, 60, 0).moved(-58, -14), darker(tint, 0.45), 0.16, 1.8)


def _halves(canvas: Canvas, tint: Colour) -> None:
    side = polygon((40, -1), (82, -1), (82, 73), (40, 73))
    canvas.fill(side, Linear(((0, mix(DEEP[tint], tint, 0.15)), (1, mix(DEEP[tint], tint, 0.4))), 90))


def _plinth(canvas: Canvas, tint: Colour) -> None:
    stone = lighter(tint, 0.5)
    canvas.shade(ellipse(50, 97, 34, 5), 0.25, 3.5)
    side = smooth_cylinder(40, 83.5, 27, 20)
    canvas.fill(side, Linear(((0, darker(stone, 0.1)), (0.25, lighter(stone, 0.4)), (0.6, stone), (1, darker(stone, 0.22))), 0))
    canvas.fill(ellipse(40, 83.5, 27, 4.2), Linear(((0, lighter(stone, 0.5)), (1, stone)), 20))


def smooth_cylinder(cx: float, top: float, radius: float, height: float, tilt: float = 0.155) -> Shape:
    """A cylinder seen a little from above."""
    return (
        ellipse(cx, top, radius, radius * tilt)
        + box(cx - radius, top, 2 * radius, height)
        + ellipse(cx, top + height, radius, radius * tilt)
    )


def _hills(canvas: Canvas, tint: Colour) -> None:
    far = smooth((-20, 60), (-6, 50), (10, 56), (26, 44), (44, 54), (60, 46), (78, 56), (96, 48), (100, 80), (-20, 80))
    near = smooth((-20, 66), (0, 60), (20, 66), (44, 59), (66, 67), (90, 60), (100, 84), (-20, 84))
    wall = box(-1, -1, 82, 75)
    canvas.fill(ellipse(58, 24, 8.5), lighter(tint, 0.75))
    canvas.fill(far, Linear(((0, mix(tint, DEEP[tint], 0.55)), (1, mix(tint, DEEP[tint], 0.3))), 90), clip=wall)
    canvas.fill(near, Linear(((0, DEEP[tint]), (1, mix(tint, DEEP[tint], 0.7))), 90), clip=wall)


def _clouds(canvas: Canvas, tint: Colour) -> None:
    for x, y, size in ((18, 24, 1.0), (58, 44, 1.25), (30, 66, 0.8)):
        puffs = joined(
            ellipse(x + dx * size, y + dy * size, r * size, r * 0.72 * size) for dx, dy, r in ((-8, 1, 6), (0, -2, 8), (8, 1, 6.4))
        )
        canvas.soft(puffs + box(x - 13 * size, y + size, 26 * size, 4 * size, 2), lighter(tint, 0.9), 0.85, 0.8)


_ACCENTS = {
    "clouds": _clouds,
    "arch": _arch,
    "sun": _sun,
    "dusk": _dusk,
    "window": _window,
    "leaves": _leaves,
    "halves": _halves,
    "plinth": _plinth,
    "hills": _hills,
}
