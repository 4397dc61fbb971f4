"""What many drawings share: rims, grain, glass, flames, leaves."""

import math
import random
from collections.abc import Sequence
from itertools import pairwise

from storefront.catalog.demo.pictures.canvas import Canvas, Linear, Radial, ball, sheet
from storefront.catalog.demo.pictures.colour import Colour, darker, lighter, rgb
from storefront.catalog.demo.pictures.shapes import (
    Point,
    Shape,
    curve,
    ellipse,
    joined,
    outline,
    path,
    stroke,
)

TILT = 0.2
"""How far one looks into round things from above."""

WHITE: Colour = (255, 255, 255)
FLAME = rgb("#ffb53d")
GLOW = rgb("#ffe3a0")
LEAF = rgb("#5f8a55")
COFFEE = rgb("#3b2219")


def dice_of(seed: int) -> random.Random:
    """A die that always falls the same way."""
    return random.Random(seed)  # noqa: S311


def mouth(
    canvas: Canvas, radius: float, y: float, colour: Colour, inside: Colour, *, cx: float = 40, lip: float = 0.9, tilt: float = TILT
) -> None:
    """The rim and the dark inside of something open."""
    rim = ellipse(cx, y, radius, radius * tilt)
    canvas.fill(rim, Linear(((0, lighter(colour, 0.35)), (0.6, lighter(colour, 0.12)), (1, darker(colour, 0.15))), 20))
    inner = ellipse(cx, y + 0.15, radius - lip, (radius - lip) * tilt)
    canvas.fill(inner, Linear(((0, darker(inside, 0.5)), (0.55, darker(inside, 0.26)), (1, lighter(inside, 0.06))), 35))


def speckle(canvas: Canvas, body: Shape, colour: Colour, count: int, seed: int = 7) -> None:
    """Iron spots in a glaze."""
    dice = dice_of(seed)
    left, top, right, bottom = body.box()
    dots = []
    for _ in range(count):
        size = dice.uniform(0.1, 0.34)
        dots.append(ellipse(dice.uniform(left, right), dice.uniform(top, bottom), size, size * 0.85, steps=8))
    canvas.fill(joined(dots), colour, opacity=0.5, clip=body)


def grain(
    canvas: Canvas, shape: Shape, colour: Colour, *, degrees: float = 0, seed: int = 3, every: float = 1.7, opacity: float = 0.22
) -> None:
    """The lines of wood, along `degrees`."""
    dice = dice_of(seed)
    left, top, right, bottom = shape.box()
    cx, cy = (left + right) / 2, (top + bottom) / 2
    along, across = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    half = (along * (right - left) + across * (bottom - top)) / 2
    deep = (across * (right - left) + along * (bottom - top)) / 2
    strands = []
    offset = -deep + 0.3
    while offset < deep:
        bend = dice.uniform(-0.6, 0.6) * min(1.5, deep / 6)
        line = curve([(-half, offset), (-half * 0.3, offset + bend), (half * 0.35, offset - bend), (half, offset + bend / 2)])
        strands.append(stroke(line[::4], dice.uniform(0.08, 0.3), round_ends=False))
        offset += dice.uniform(0.5, 1.5) * every
    canvas.fill(joined(strands).moved(cx, cy).turned(degrees, cx, cy), darker(colour, 0.6), opacity=opacity, clip=shape)


def wood(canvas: Canvas, shape: Shape, colour: Colour, *, degrees: float = 0, seed: int = 3, every: float = 1.7) -> None:
    """A wooden thing in slanting light."""
    canvas.fill(shape, sheet(colour, 0.14, 70))
    grain(canvas, shape, colour, degrees=degrees, seed=seed, every=every)


def rod(
    canvas: Canvas, line: Sequence[Point], width: float, colour: Colour, *, end_width: float | None = None, round_ends: bool = True
) -> None:
    """A round bar, leg, cord or handle: light along its upper left, shadow along its lower right."""
    shape = stroke(line, width, end_width=end_width, round_ends=round_ends)
    (ax, ay), (bx, by) = line[0], line[-1]
    upright = abs(by - ay) > abs(bx - ax)
    shift = width * 0.3
    canvas.fill(shape, colour)
    dx, dy = (shift, 0.0) if upright else (0.0, shift)
    canvas.fill(
        stroke([(x + dx, y + dy) for x, y in line], width * 0.55, end_width=end_width and end_width * 0.55),
        darker(colour, 0.4),
        opacity=0.6,
        clip=shape,
    )
    canvas.fill(
        stroke([(x - dx * 0.8, y - dy * 0.8) for x, y in line], width * 0.25, end_width=end_width and end_width * 0.25),
        lighter(colour, 0.6),
        opacity=0.6,
        clip=shape,
    )


def glass(canvas: Canvas, shape: Shape, tint: Colour, *, strength: float = 0.3) -> None:
    """A glass wall: hardly there in the middle, tinted along its outline, with a streak of window on the left."""
    edge = stroke(shape.rim(), 2.2, round_ends=False)
    canvas.fill(shape, tint, opacity=strength)
    canvas.soft(edge, darker(tint, 0.6), 0.62, 0.7, clip=shape)
    canvas.fill(stroke(shape.rim(), 0.5, round_ends=False), WHITE, opacity=0.5, clip=shape)
    canvas.veil(shape, ((0, 0), (0.12, 0), (0.16, 0.6), (0.22, 0.5), (0.26, 0), (0.82, 0), (0.86, 0.3), (0.89, 0)), 0, WHITE)


def flame(canvas: Canvas, x: float, y: float, size: float = 1) -> None:
    """A candle's flame standing on (x, y), with its glow."""
    canvas.soft(ellipse(x, y - 3 * size, 12 * size, 13 * size), GLOW, 0.5, 7 * size)
    canvas.soft(ellipse(x, y - 3 * size, 4.5 * size, 6 * size), GLOW, 0.65, 2.5 * size)
    outer = path("M0 0 C-2.4 -1 -2.1 -3.6 0 -8 C2.1 -3.6 2.4 -1 0 0 Z").scaled(size, size, 0, 0).moved(x, y)
    inner = path("M0 0 C-1.2 -0.6 -1 -2.2 0 -4.6 C1 -2.2 1.2 -0.6 0 0 Z").scaled(size, size, 0, 0).moved(x, y)
    canvas.fill(outer, Linear(((0, rgb("#fff3c4")), (0.5, FLAME), (1, rgb("#f08a2c"))), 90))
    canvas.fill(inner, rgb("#fffbe8"))


def light_cone(canvas: Canvas, shape: Shape, opacity: float = 0.4) -> None:
    """Lamp light that falls from above and fades."""
    canvas.veil(shape, ((0, opacity), (1, 0)), 90, GLOW)


def leaf(length: float, width: float, bend: float = 0) -> Shape:
    """A leaf from (0, 0) upwards."""
    return outline(
        curve([(0, 0), (-width / 2, -length * 0.35), (-width * 0.34 + bend * 0.5, -length * 0.72), (bend, -length)]),
        curve([(bend, -length), (width * 0.34 + bend * 0.5, -length * 0.72), (width / 2, -length * 0.35), (0, 0)]),
    )


def draw_leaf(
    canvas: Canvas,
    x: float,
    y: float,
    length: float,
    width: float,
    degrees: float,
    colour: Colour = LEAF,
    *,
    bend: float = 0,
    rib: bool = True,
) -> None:
    """A leaf growing from (x, y) in the direction `degrees` (0 is up, clockwise)."""
    shape = leaf(length, width, bend).moved(x, y).turned(degrees, x, y)
    canvas.fill(shape, sheet(colour, 0.22, 40))
    half = outline(
        curve([(0, 0), (bend * 0.4, -length * 0.5), (bend, -length)]),
        curve([(bend, -length), (width * 0.4, -length * 0.6), (width / 2, -length * 0.35), (0, 0)]),
    )
    canvas.fill(half.moved(x, y).turned(degrees, x, y), darker(colour, 0.35), opacity=0.4, clip=shape)
    if rib:
        spine = stroke(curve([(0, 0), (bend * 0.4, -length * 0.5), (bend, -length * 0.94)]), width * 0.06)
        canvas.fill(spine.moved(x, y).turned(degrees, x, y), lighter(colour, 0.4), opacity=0.7)


def sprig(
    canvas: Canvas, x: float, y: float, length: float, degrees: float, colour: Colour = LEAF, *, pairs: int = 4, size: float = 4
) -> None:
    """A twig with pairs of leaves, growing from (x, y)."""
    turn = math.radians(degrees)
    ux, uy = math.sin(turn), -math.cos(turn)
    canvas.fill(stroke([(x, y), (x + ux * length, y + uy * length)], 0.5, end_width=0.25), darker(colour, 0.3))
    for pair in range(pairs):
        at = length * (pair + 0.8) / pairs
        px, py = x + ux * at, y + uy * at
        grown = size * (1 - 0.35 * pair / pairs)
        draw_leaf(canvas, px, py, grown, grown * 0.5, degrees - 52, colour, rib=False)
        draw_leaf(canvas, px, py, grown, grown * 0.5, degrees + 52, colour, rib=False)
    draw_leaf(canvas, x + ux * length, y + uy * length, size * 0.7, size * 0.35, degrees, colour, rib=False)


def flower(canvas: Canvas, x: float, y: float, size: float, colour: Colour, heart: Colour, *, petals: int = 6, turn: float = 0) -> None:
    """A blossom seen from the front."""
    for petal in range(petals):
        angle = turn + petal * 360 / petals
        shape = leaf(size, size * 0.75).moved(x, y).turned(angle, x, y)
        canvas.fill(shape, Radial(((0, darker(colour, 0.2)), (1, lighter(colour, 0.2))), x=0.5, y=0.6, reach=1.6))
    canvas.fill(ellipse(x, y, size * 0.32), ball(heart))


def stitches(
    canvas: Canvas,
    line: Sequence[Point],
    colour: Colour,
    *,
    length: float = 0.9,
    gap: float = 0.7,
    width: float = 0.22,
    opacity: float = 0.8,
) -> None:
    """A dashed seam along a line."""
    dashes = []
    left = 0.0
    for (ax, ay), (bx, by) in pairwise(line):
        span = math.hypot(bx - ax, by - ay)
        at = left
        while at < span:
            end = min(at + length, span)
            dashes.append(
                stroke(
                    [(ax + (bx - ax) * at / span, ay + (by - ay) * at / span), (ax + (bx - ax) * end / span, ay + (by - ay) * end / span)],
                    width,
                    round_ends=False,
                )
            )
            at += length + gap
        left = at - span
    if dashes:
        canvas.fill(joined(dashes), colour, opacity=opacity)


def fringe(
    canvas: Canvas, start: Point, end: Point, length: float, colour: Colour, *, count: int = 18, degrees: float = 0, seed: int = 2
) -> None:
    """Threads hanging from a line, `degrees` off the vertical."""
    dice = dice_of(seed)
    threads = []
    for index in range(count + 1):
        x = start[0] + (end[0] - start[0]) * index / count
        y = start[1] + (end[1] - start[1]) * index / count
        angle = math.radians(degrees + dice.uniform(-7, 7))
        grown = length * dice.uniform(0.85, 1.1)
        threads.append(
            stroke(
                [
                    (x, y),
                    (x + math.sin(angle) * grown * 0.5, y + math.cos(angle) * grown * 0.5),
                    (x + math.sin(angle * 1.3) * grown, y + math.cos(angle) * grown),
                ],
                0.55,
                end_width=0.3,
            )
        )
    shape = joined(threads)
    canvas.shade(shape.moved(0.4, 0.5), 0.2, 0.4)
    canvas.fill(shape, sheet(colour, 0.12))


def dots(canvas: Canvas, spots: Sequence[Point], radius: float, colour: Colour, *, clip: Shape | None = None, opacity: float = 1) -> None:
    """Round spots."""
    canvas.fill(joined(ellipse(x, y, radius, steps=20) for x, y in spots), colour, clip=clip, opacity=opacity)


def steam(canvas: Canvas, x: float, y: float, height: float = 14) -> None:
    """A wisp above something hot."""
    for shift, share in ((-2.4, 0.8), (1.8, 1.0)):
        line = curve(
            [(x + shift, y), (x + shift + 1.8, y - height * 0.3), (x + shift - 1.2, y - height * 0.62), (x + shift + 1, y - height * share)]
        )
        canvas.soft(stroke(line, 1.1, end_width=0.3), WHITE, 0.34, 0.8)
