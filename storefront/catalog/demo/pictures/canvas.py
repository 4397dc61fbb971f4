"""A canvas of smooth outlines filled with light: masks are drawn four times as fine and reduced, colours are laid through them."""

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

import msgspec
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from storefront.catalog.demo.pictures.colour import CREAM, INK, Colour, darker, lighter
from storefront.catalog.demo.pictures.shapes import Contour, Shape

WIDTH, HEIGHT = 800, 1000
SCALE = WIDTH / 80  # pixels for a unit
FINE, LESS_FINE, LARGE_PIXELS = 4, 3, 250_000
STRIP_MARGIN = 128
SOFT = 4  # soft light is computed this much coarser
QUALITY = {"quality": 84, "method": 1}

Box = tuple[int, int, int, int]
Matrix = tuple[float, float, float, float, float, float]
Stops = tuple[tuple[float, Colour], ...]
Levels = tuple[tuple[float, float], ...]


class Linear(msgspec.Struct, frozen=True):
    """Colours along a line through the shape; `degrees` 0 runs to the right, 90 down."""

    stops: Stops
    degrees: float = 90


class Radial(msgspec.Struct, frozen=True):
    """Colours from a point of the shape (shares of its width and height) outwards, as far as `reach` of its larger half."""

    stops: Stops
    x: float = 0.36
    y: float = 0.3
    reach: float = 1.5


Paint = Colour | Linear | Radial


def sheet(colour: Colour, depth: float = 0.1, degrees: float = 60) -> Linear:
    """A flat thing in slanting light."""
    return Linear(((0, lighter(colour, depth)), (0.5, colour), (1, darker(colour, depth))), degrees)


def ball(colour: Colour, depth: float = 0.3) -> Radial:
    """A round thing."""
    return Radial(((0, lighter(colour, depth * 0.9)), (0.45, colour), (1, darker(colour, depth))))


def tube(colour: Colour, depth: float = 0.28) -> Linear:
    """An upright round thing: light from the left, a shadow on the right, and a little light thrown back at its edge."""
    return Linear(
        (
            (0, darker(colour, depth * 0.55)),
            (0.14, colour),
            (0.3, lighter(colour, depth * 0.75)),
            (0.52, colour),
            (0.88, darker(colour, depth)),
            (1, darker(colour, depth * 0.72)),
        ),
        0,
    )


def metal(colour: Colour) -> Linear:
    """Polished metal, upright."""
    return Linear(
        (
            (0, darker(colour, 0.4)),
            (0.1, darker(colour, 0.05)),
            (0.22, lighter(colour, 0.65)),
            (0.34, lighter(colour, 0.2)),
            (0.5, darker(colour, 0.28)),
            (0.68, colour),
            (0.8, lighter(colour, 0.35)),
            (0.92, darker(colour, 0.3)),
            (1, darker(colour, 0.12)),
        ),
        0,
    )


class Canvas:
    """A picture under way. Places are in units; `within` moves, turns and scales what is drawn inside."""

    def __init__(self, image: Image.Image) -> None:
        self.image = image
        self._matrix: Matrix = (1, 0, 0, 0, 1, 0)

    @contextmanager
    def within(
        self, *, move: tuple[float, float] = (0, 0), scale: float = 1, turn: float = 0, at: tuple[float, float] = (40, 50)
    ) -> Iterator[None]:
        """Scales and turns (degrees, clockwise) round `at`, then moves."""
        before = self._matrix
        c, s = math.cos(math.radians(turn)) * scale, math.sin(math.radians(turn)) * scale
        x, y = at
        self._matrix = _product(before, (c, -s, x - c * x + s * y + move[0], s, c, y - s * x - c * y + move[1]))
        try:
            yield
        finally:
            self._matrix = before

    def fill(self, shape: Shape, paint: Paint, *, opacity: float = 1, clip: Shape | None = None) -> None:
        """Lays paint through the shape, only inside `clip` if one is given."""
        placed = self._mask(shape, clip, opacity)
        if placed is None:
            return
        mask, bounds, whole = placed
        if isinstance(paint, tuple):
            self.image.paste(paint, bounds, mask)
        else:
            self.image.paste(_painted(paint, whole, bounds, self._turned()), bounds, mask)

    def veil(self, shape: Shape, levels: Levels, degrees: float = 0, colour: Colour = INK, *, clip: Shape | None = None) -> None:
        """A colour whose opacity runs along a line through the shape."""
        placed = self._mask(shape, clip, 1)
        if placed is None:
            return
        mask, bounds, whole = placed
        stops = tuple((place, (round(level * 255),) * 3) for place, level in levels)
        strength = _painted(Linear(stops, degrees), whole, bounds, self._turned()).getchannel(0)
        self.image.paste(colour, bounds, ImageChops.multiply(mask, strength))

    def soft(self, shape: Shape, colour: Colour, opacity: float, blur: float, *, clip: Shape | None = None) -> None:
        """The shape without an edge, blurred over about `blur` units."""
        contours = self._placed(shape)
        spread = blur * SCALE * math.hypot(self._matrix[0], self._matrix[3])
        whole = _bounds(contours, spread * 2.2)
        bounds = _cut(whole)
        if clip is not None:
            bounds = _overlap(bounds, _cut(_bounds(self._placed(clip), 1)))
        if bounds is None:
            return
        mask = _soft_mask(contours, whole, round(spread, 1)).crop(_relative(bounds, whole))
        if clip is not None:
            mask = ImageChops.multiply(mask, self._exact(clip, bounds))
        self.image.paste(colour, bounds, _faded(mask, opacity))

    def shine(self, shape: Shape, opacity: float, blur: float, *, clip: Shape | None = None) -> None:
        """Soft light."""
        self.soft(shape, CREAM, opacity, blur, clip=clip)

    def shade(self, shape: Shape, opacity: float, blur: float, *, clip: Shape | None = None) -> None:
        """Soft shadow."""
        self.soft(shape, INK, opacity, blur, clip=clip)

    def rounded(self, shape: Shape, strength: float = 1) -> None:
        """Light and shadow of an upright round thing over what the shape holds already."""
        self.veil(shape, ((0, 0.16 * strength), (0.16, 0), (0.5, 0), (0.9, 0.3 * strength), (1, 0.22 * strength)))
        self.veil(shape, ((0, 0), (0.14, 0.02), (0.28, 0.3 * strength), (0.42, 0.02), (1, 0)), colour=CREAM)

    def webp(self) -> bytes:
        """The picture as a file."""
        buffer = io.BytesIO()
        self.image.save(buffer, "WEBP", **QUALITY)
        return buffer.getvalue()

    # Places

    def _turned(self) -> float:
        return round(math.degrees(math.atan2(self._matrix[3], self._matrix[0])), 1)

    def _placed(self, shape: Shape) -> tuple[tuple[bool, Contour], ...]:
        a, b, c, d, e, f = (number * SCALE for number in self._matrix)
        return tuple(
            (filled, tuple((round(a * x + b * y + c, 1), round(d * x + e * y + f, 1)) for x, y in contour))
            for filled, contour in shape.parts
        )

    def _mask(self, shape: Shape, clip: Shape | None, opacity: float) -> tuple[Image.Image, Box, Box] | None:
        contours = self._placed(shape)
        whole = _bounds(contours, 1)
        bounds = _cut(whole)
        if clip is not None:
            bounds = _overlap(bounds, _cut(_bounds(self._placed(clip), 1)))
        if bounds is None:
            return None
        mask = _sharp_mask(contours, bounds)
        if clip is not None:
            mask = ImageChops.multiply(mask, self._exact(clip, bounds))
        return _faded(mask, opacity), bounds, whole

    def _exact(self, clip: Shape, bounds: Box) -> Image.Image:
        contours = self._placed(clip)
        own = _cut(_bounds(contours, 1))
        return _sharp_mask(contours, own).crop(_relative(bounds, own)) if own else Image.new("L", _size(bounds))


def _product(one: Matrix, other: Matrix) -> Matrix:
    a, b, c, d, e, f = one
    g, h, i, j, k, m = other
    return a * g + b * j, a * h + b * k, a * i + b * m + c, d * g + e * j, d * h + e * k, d * i + e * m + f


def _bounds(contours: Sequence[tuple[bool, Contour]], margin: float) -> Box:
    xs = [x for filled, contour in contours if filled for x, _ in contour]
    ys = [y for filled, contour in contours if filled for _, y in contour]
    return (
        math.floor(min(xs) - margin),
        math.floor(min(ys) - margin),
        math.ceil(max(xs) + margin),
        math.ceil(max(ys) + margin),
    )


def _cut(bounds: Box) -> Box | None:
    return _overlap(bounds, (0, 0, WIDTH, HEIGHT))


def _overlap(one: Box | None, other: Box | None) -> Box | None:
    if one is None or other is None:
        return None
    found = max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])
    return found if found[0] < found[2] and found[1] < found[3] else None


def _relative(inner: Box, outer: Box) -> Box:
    return inner[0] - outer[0], inner[1] - outer[1], inner[2] - outer[0], inner[3] - outer[1]


def _size(bounds: Box) -> tuple[int, int]:
    return bounds[2] - bounds[0], bounds[3] - bounds[1]


def _faded(mask: Image.Image, opacity: float) -> Image.Image:
    return mask if opacity >= 1 else mask.point([round(level * opacity) for level in range(256)])


@lru_cache(maxsize=192)
def _sharp_mask(contours: tuple[tuple[bool, Contour], ...], bounds: Box) -> Image.Image:
    width, height = _size(bounds)
    fine = FINE if width * height < LARGE_PIXELS else LESS_FINE
    mask = Image.new("L", (width * fine, height * fine))
    draw = ImageDraw.Draw(mask)
    left, top = bounds[0], bounds[1]
    for filled, contour in contours:
        draw.polygon([((x - left) * fine, (y - top) * fine) for x, y in contour], fill=255 if filled else 0)
    return mask.reduce(fine)


@lru_cache(maxsize=96)
def _soft_mask(contours: tuple[tuple[bool, Contour], ...], bounds: Box, spread: float) -> Image.Image:
    width, height = _size(bounds)
    coarse = SOFT if spread >= SOFT else 1
    small = (max(1, math.ceil(width / coarse)), max(1, math.ceil(height / coarse)))
    mask = Image.new("L", small)
    draw = ImageDraw.Draw(mask)
    for filled, contour in contours:
        draw.polygon([((x - bounds[0]) / coarse, (y - bounds[1]) / coarse) for x, y in contour], fill=255 if filled else 0)
    mask = mask.filter(ImageFilter.GaussianBlur(spread / coarse))
    return mask if coarse == 1 else mask.resize((width, height), Image.Resampling.BICUBIC, box=(0, 0, width / coarse, height / coarse))


def _painted(paint: Linear | Radial, whole: Box, bounds: Box, turned: float) -> Image.Image:
    relative = _relative(bounds, whole)
    size = _size(bounds)
    if isinstance(paint, Radial):
        return _radial(paint, _size(whole), relative)
    degrees = (paint.degrees + turned) % 360
    strip = _strip(paint.stops)
    if degrees == 0:
        width = whole[2] - whole[0]
        return strip.resize(size, Image.Resampling.BILINEAR, box=(relative[0] * 256 / width, 0, relative[2] * 256 / width, 1))
    return _slanting(strip, degrees, _size(whole), relative)


@lru_cache(maxsize=512)
def _strip(stops: Stops) -> Image.Image:
    strip = Image.new("RGB", (256, 1))
    strip.putdata(_ramp(stops))
    return strip


def _ramp(stops: Stops) -> list[Colour]:
    ramp: list[Colour] = []
    for level in range(256):
        place = level / 255
        after = next((index for index, (at, _) in enumerate(stops) if at >= place), len(stops) - 1)
        before = max(after - 1, 0)
        (start, one), (end, other) = stops[before], stops[after]
        share = 0.0 if end <= start else min(max((place - start) / (end - start), 0), 1)
        red, green, blue = (round(x + (y - x) * share) for x, y in zip(one, other, strict=True))
        ramp.append((red, green, blue))
    return ramp


def _slanting(strip: Image.Image, degrees: float, whole: tuple[int, int], relative: Box) -> Image.Image:
    """A gradient at an angle: computed coarse, then stretched."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    width, height = whole
    per = 255 / (abs(c) * width + abs(s) * height)
    start = relative[0] * c + relative[1] * s - min(0, c) * width - min(0, s) * height
    size = (relative[2] - relative[0], relative[3] - relative[1])
    step, small = _coarse(size)
    matrix = (c * per * step, s * per * step, start * per + STRIP_MARGIN, 0, 0, 1.5)
    return _stretched(_long_strip(strip).transform(small, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR), size, step)


def _radial(paint: Radial, whole: tuple[int, int], relative: Box) -> Image.Image:
    width, height = whole
    scale = 128 / (max(width, height) / 2 * paint.reach)
    size = (relative[2] - relative[0], relative[3] - relative[1])
    step, small = _coarse(size)
    matrix = (
        scale * step, 0, (relative[0] - paint.x * width) * scale + 128,
        0, scale * step, (relative[1] - paint.y * height) * scale + 128,
    )  # fmt: skip
    distance = _distances().transform(small, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=255)
    distance = _stretched(distance, size, step)
    ramp = _ramp(paint.stops)
    return Image.merge("RGB", [distance.point([colour[channel] for colour in ramp]) for channel in range(3)])


def _coarse(size: tuple[int, int]) -> tuple[int, tuple[int, int]]:
    step = max(1, min(8, min(size) // 12))
    return step, (math.ceil(size[0] / step) + 1, math.ceil(size[1] / step) + 1)


def _stretched(coarse: Image.Image, size: tuple[int, int], step: int) -> Image.Image:
    return coarse.resize(size, Image.Resampling.BILINEAR, box=(0, 0, size[0] / step, size[1] / step))


def _long_strip(strip: Image.Image) -> Image.Image:
    """The ramp with its ends drawn out, for what is sampled a little beyond them."""
    long = Image.new("RGB", (256 + 2 * STRIP_MARGIN, 3))
    long.paste(strip.crop((0, 0, 1, 1)).resize((STRIP_MARGIN, 3)), (0, 0))
    long.paste(strip.resize((256, 3)), (STRIP_MARGIN, 0))
    long.paste(strip.crop((255, 0, 256, 1)).resize((STRIP_MARGIN, 3)), (256 + STRIP_MARGIN, 0))
    return long


@lru_cache(maxsize=1)
def _distances() -> Image.Image:
    """256 px square: 0 in the middle, 255 from 128 px on."""
    return Image.radial_gradient("L").point([min(255, round(level * math.sqrt(2))) for level in range(256)])
