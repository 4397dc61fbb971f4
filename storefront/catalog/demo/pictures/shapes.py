"""Outlines, in units of the pictures (80 wide, 100 high, y downwards). A shape is contours filled or cut out one after another."""

import math
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

Point = tuple[float, float]
Contour = tuple[Point, ...]
Parts = tuple[tuple[bool, Contour], ...]
Matrix = tuple[float, float, float, float, float, float]

SAME: Matrix = (1, 0, 0, 0, 1, 0)

CURVE_STEPS = 14
_NUMBERS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "Z": 0}
_TOKEN = re.compile(r"[A-Za-z]|-?\d*\.?\d+")


class Shape(msgspec.Struct, frozen=True):
    """`parts`: (whether it is filled rather than cut out, contour), all of them seen through `matrix`."""

    parts: Parts
    matrix: Matrix = SAME

    def __add__(self, other: "Shape") -> "Shape":
        return Shape(self.placed() + other.placed())

    def __sub__(self, other: "Shape") -> "Shape":
        return Shape(self.placed() + tuple((not filled, contour) for filled, contour in other.placed()))

    def moved(self, dx: float, dy: float) -> "Shape":
        return self.mapped(1, 0, dx, 0, 1, dy)

    def scaled(self, sx: float, sy: float, cx: float = 40, cy: float = 50) -> "Shape":
        return self.mapped(sx, 0, cx - sx * cx, 0, sy, cy - sy * cy)

    def turned(self, degrees: float, cx: float = 40, cy: float = 50) -> "Shape":
        """Turned clockwise round (cx, cy)."""
        c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        return self.mapped(c, -s, cx - c * cx + s * cy, s, c, cy - s * cx - c * cy)

    def mirrored(self, axis: float = 40) -> "Shape":
        """Mirrored at the vertical line x = axis."""
        return self.mapped(-1, 0, 2 * axis, 0, 1, 0)

    def both(self, axis: float = 40) -> "Shape":
        """The shape and its mirror image."""
        return self + self.mirrored(axis)

    def mapped(self, a: float, b: float, c: float, d: float, e: float, f: float) -> "Shape":
        """(x, y) → (a·x + b·y + c, d·x + e·y + f)."""
        return Shape(self.parts, product((a, b, c, d, e, f), self.matrix))

    def placed(self) -> Parts:
        """The parts where they are seen."""
        if self.matrix == SAME:
            return self.parts
        a, b, c, d, e, f = self.matrix
        return tuple((filled, tuple([(a * x + b * y + c, d * x + e * y + f) for x, y in contour])) for filled, contour in self.parts)

    def rim(self) -> Contour:
        """The first contour as a closed line, for `stroke`."""
        _, contour = self.placed()[0]
        return (*contour, contour[0])

    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        parts = self.placed()
        xs = [x for filled, contour in parts if filled for x, _ in contour]
        ys = [y for filled, contour in parts if filled for _, y in contour]
        return min(xs), min(ys), max(xs), max(ys)


def product(one: Matrix, other: Matrix) -> Matrix:
    """First `other`, then `one`."""
    a, b, c, d, e, f = one
    g, h, i, j, k, m = other
    return a * g + b * j, a * h + b * k, a * i + b * m + c, d * g + e * j, d * h + e * k, d * i + e * m + f


def polygon(*points: Point) -> Shape:
    """Straight lines from point to point."""
    return Shape(((True, points),))


def outline(*lines: Sequence[Point]) -> Shape:
    """One closed outline along the lines, one after another."""
    return Shape(((True, tuple(point for line in lines for point in line)),))


def joined(shapes: Iterable[Shape]) -> Shape:
    """All of them as one."""
    return Shape(tuple(part for shape in shapes for part in shape.placed()))


@lru_cache(maxsize=8192)
def ellipse(cx: float, cy: float, rx: float, ry: float | None = None, *, steps: int = 72) -> Shape:
    """An ellipse; a circle without `ry`."""
    return Shape(((True, arc(cx, cy, rx, rx if ry is None else ry, 0, 360, steps=steps)[:-1]),))


@lru_cache(maxsize=4096)
def arc(cx: float, cy: float, rx: float, ry: float, start: float, end: float, *, steps: int = 36) -> Contour:
    """Points from `start` to `end` degrees: 0 is right, 90 is down."""
    angles = (math.radians(start + (end - start) * step / steps) for step in range(steps + 1))
    return tuple((cx + rx * math.cos(angle), cy + ry * math.sin(angle)) for angle in angles)


def box(x: float, y: float, width: float, height: float, radius: float = 0) -> Shape:
    """A rectangle, its corners rounded by `radius`."""
    right, bottom = x + width, y + height
    if radius <= 0:
        return polygon((x, y), (right, y), (right, bottom), (x, bottom))
    r = min(radius, width / 2, height / 2)
    return Shape(
        (
            (
                True,
                arc(right - r, y + r, r, r, -90, 0, steps=10)
                + arc(right - r, bottom - r, r, r, 0, 90, steps=10)
                + arc(x + r, bottom - r, r, r, 90, 180, steps=10)
                + arc(x + r, y + r, r, r, 180, 270, steps=10),
            ),
        )
    )


def soft_polygon(points: Sequence[Point], radius: float) -> Shape:
    """A polygon with rounded corners."""
    contour: list[Point] = []
    for index, (x, y) in enumerate(points):
        (px, py), (nx, ny) = points[index - 1], points[(index + 1) % len(points)]
        before, after = math.hypot(px - x, py - y), math.hypot(nx - x, ny - y)
        cut = min(radius, before / 2, after / 2)
        start = (x + (px - x) / before * cut, y + (py - y) / before * cut)
        end = (x + (nx - x) / after * cut, y + (ny - y) / after * cut)
        contour += _quadratic(start, (x, y), end)
    return Shape(((True, tuple(contour)),))


def curve(points: Sequence[Point], *, closed: bool = False) -> Contour:
    """A smooth line through the points (Catmull and Rom's)."""
    return _curve(tuple(points), closed)


@lru_cache(maxsize=4096)  # a product is drawn in each of its colours
def _curve(points: Contour, closed: bool) -> Contour:
    count = len(points)
    line: list[Point] = []
    last = count if closed else count - 1
    for i in range(last):
        before = points[(i - 1) % count] if closed or i > 0 else points[i]
        start, end = points[i], points[(i + 1) % count]
        after = points[(i + 2) % count] if closed or i + 2 < count else end
        reach = math.dist(start, end) / 3  # of the stretch itself, so that a long one beside a short one does not bulge
        first, second = reach / (math.dist(before, end) or 1), reach / (math.dist(start, after) or 1)
        one = (start[0] + (end[0] - before[0]) * first, start[1] + (end[1] - before[1]) * first)
        two = (end[0] - (after[0] - start[0]) * second, end[1] - (after[1] - start[1]) * second)
        line += _cubic(start, one, two, end)
    line.append(points[0] if closed else points[-1])
    return tuple(line)


def smooth(*points: Point) -> Shape:
    """A closed smooth outline through the points."""
    return Shape(((True, curve(points, closed=True)),))


@lru_cache(maxsize=2048)
def path(text: str) -> Shape:
    """An outline in the language of SVG's `d`: M, L, H, V, C, S, Q and Z, large for places and small for steps. Lines are closed."""
    return Shape(tuple((True, contour) for contour in trace(text)))


def trace(text: str) -> tuple[Contour, ...]:
    """The lines of an SVG path; also open ones, for `stroke`."""
    tokens = _TOKEN.findall(text)
    lines: list[tuple[Point, ...]] = []
    line: list[Point] = []
    x = y = 0.0
    handle: Point = (0.0, 0.0)
    command = "M"
    at = 0
    while at < len(tokens):
        if tokens[at].isalpha():
            command = tokens[at]
            at += 1
        kind, relative = command.upper(), command.islower()
        given = [float(token) for token in tokens[at : at + _NUMBERS[kind]]]
        at += _NUMBERS[kind]
        if kind == "Z":
            x, y = line[0]
            continue
        if kind in "HV":
            dx, dy = (x, y) if relative else (0.0, 0.0)
            given = [given[0] + dx, y] if kind == "H" else [x, given[0] + dy]
        elif relative:
            given = [number + (y if index % 2 else x) for index, number in enumerate(given)]
        spots = list(zip(given[::2], given[1::2], strict=True))
        if kind == "M":
            if line:
                lines.append(tuple(line))
            line = [spots[0]]
            command = "l" if relative else "L"
        elif kind in "LHV":
            line.append(spots[0])
        elif kind == "Q":
            line += [*_quadratic((x, y), spots[0], spots[1]), spots[1]]
        else:
            first = spots[0] if kind == "C" else (2 * x - handle[0], 2 * y - handle[1])
            second, end = spots[-2], spots[-1]
            line += [*_cubic((x, y), first, second, end), end]
            handle = second
        x, y = line[-1]
        if kind not in "CS":
            handle = (x, y)
    if line:
        lines.append(tuple(line))
    return tuple(lines)


def stroke(line: Sequence[Point], width: float, *, end_width: float | None = None, round_ends: bool = True) -> Shape:
    """A line of some width, or one that grows from `width` to `end_width`."""
    return _stroke(tuple(line), width, width if end_width is None else end_width, round_ends)


@lru_cache(maxsize=8192)
def _stroke(line: Contour, width: float, end_width: float, round_ends: bool) -> Shape:
    last = len(line) - 1
    radii = [(width + (end_width - width) * index / max(last, 1)) / 2 for index in range(last + 1)]
    left: list[Point] = []
    right: list[Point] = []
    for index, (x, y) in enumerate(line):
        (ax, ay), (bx, by) = line[max(index - 1, 0)], line[min(index + 1, last)]
        length = math.hypot(bx - ax, by - ay) or 1.0
        nx, ny = -(by - ay) / length * radii[index], (bx - ax) / length * radii[index]
        left.append((x + nx, y + ny))
        right.append((x - nx, y - ny))
    shape = Shape(((True, (*left, *reversed(right))),))
    if round_ends:
        shape += ellipse(*line[0], radii[0], steps=16) + ellipse(*line[-1], radii[-1], steps=16)
    return shape


def lines(text: str, width: float) -> Shape:
    """An SVG path as strokes."""
    return joined(stroke(line, width) for line in trace(text))


def turned_on_lathe(
    profile: Sequence[tuple[float, float]], *, cx: float = 40, tilt: float = 0.16, smooth_sides: bool = True, front: bool = False
) -> Shape:
    """The outline of something round: `profile` is (radius, y) from top to bottom, `tilt` how far one looks into it from above.

    `front`: only what stands before the things that it holds.
    """
    side = curve(profile) if smooth_sides else tuple(profile)
    (top, top_y), (bottom, bottom_y) = profile[0], profile[-1]
    return outline(
        arc(cx, top_y, top, top * tilt, 180, 0 if front else 360),
        [(cx + radius, y) for radius, y in side],
        arc(cx, bottom_y, bottom, bottom * tilt, 0, 180),
        [(cx - radius, y) for radius, y in reversed(side)],
    )


def band(cx: float, upper: tuple[float, float], lower: tuple[float, float], *, tilt: float = 0.16) -> Shape:
    """A stripe round something round, between two (radius, y)."""
    (r1, y1), (r2, y2) = upper, lower
    return Shape(((True, arc(cx, y1, r1, r1 * tilt, 180, 0) + arc(cx, y2, r2, r2 * tilt, 0, 180)),))


def _cubic(a: Point, b: Point, c: Point, d: Point) -> list[Point]:
    points = []
    for step in range(CURVE_STEPS):
        t = step / CURVE_STEPS
        u = 1 - t
        k0, k1, k2, k3 = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
        points.append((k0 * a[0] + k1 * b[0] + k2 * c[0] + k3 * d[0], k0 * a[1] + k1 * b[1] + k2 * c[1] + k3 * d[1]))
    return points


def _quadratic(a: Point, b: Point, c: Point) -> list[Point]:
    return _cubic(
        a,
        (a[0] + (b[0] - a[0]) * 2 / 3, a[1] + (b[1] - a[1]) * 2 / 3),
        (c[0] + (b[0] - c[0]) * 2 / 3, c[1] + (b[1] - c[1]) * 2 / 3),
        c,
    )
