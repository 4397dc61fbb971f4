"""A canvas of smooth outlines filled with light: masks are drawn two or three times as fine and reduced, colours are laid through them."""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise

import msgspec
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImagePath

from storefront.catalog.demo.pictures.colour import CREAM, INK, Colour, darker, lighter
from storefront.catalog.demo.pictures.shapes import SAME, Matrix, Shape, product
from storefront.catalog.demo.pictures.textures import texture

FINE, LESS_FINE, LARGE_PIXELS = 3, 2, 40_000
STEPS = 160  # of a gradient
STRIP_MARGIN = 8
DISTANCES = 1024
QUALITY = {"quality": 90, "subsampling": 0}  # written four times as fast as WebP, with colours as fine as the light

Box = tuple[int, int, int, int]
Stops = tuple[tuple[float, Colour], ...]
Levels = tuple[tuple[float, float], ...]
Placed = list[tuple[bool, ImagePath.Path]]
Mask = tuple[Image.Image, Box, Box]


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
        self._pixels = image.width / 80  # for a unit
        self._matrix: Matrix = SAME

    @contextmanager
    def within(
        self, *, move: tuple[float, float] = (0, 0), scale: float = 1, turn: float = 0, at: tuple[float, float] = (40, 50)
    ) -> Iterator[None]:
        """Scales and turns (degrees, clockwise) round `at`, then moves."""
        before = self._matrix
        c, s = math.cos(math.radians(turn)) * scale, math.sin(math.radians(turn)) * scale
        x, y = at
        self._matrix = product(before, (c, -s, x - c * x + s * y + move[0], s, c, y - s * x - c * y + move[1]))
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
            self._lay(paint, bounds, mask)
        else:
            self.image.paste(_painted(paint, whole, bounds, self._turned()), bounds, mask)

    def veil(self, shape: Shape, levels: Levels, degrees: float = 0, colour: Colour = INK, *, clip: Shape | None = None) -> None:
        """A colour whose opacity runs along a line through the shape."""
        placed = self._mask(shape, clip, 1)
        if placed is None:
            return
        mask, bounds, whole = placed
        strength = _along(_level_strip(levels), degrees + self._turned(), whole, bounds)
        self._lay(colour, bounds, ImageChops.multiply(mask, strength))

    def soft(self, shape: Shape, colour: Colour, opacity: float, blur: float, *, clip: Shape | None = None) -> None:
        """The shape without an edge, blurred over about `blur` units."""
        pixels = self._in_pixels()
        placed = _soft_mask(shape, pixels, self.image.size, blur * math.hypot(pixels[0], pixels[3]))
        inside = self._sharp(clip) if clip is not None else None
        if placed is None or (clip is not None and inside is None):
            return
        mask, bounds = placed
        if inside is not None:
            shared = _overlap(bounds, inside[1])
            if shared is None:
                return
            mask = ImageChops.multiply(mask.crop(_relative(shared, bounds)), inside[0].crop(_relative(shared, inside[1])))
            bounds = shared
        self._lay(colour, bounds, _faded(mask, opacity))

    def shine(self, shape: Shape, opacity: float, blur: float, *, clip: Shape | None = None) -> None:
        """Soft light."""
        self.soft(shape, CREAM, opacity, blur, clip=clip)

    def shade(self, shape: Shape, opacity: float, blur: float, *, clip: Shape | None = None) -> None:
        """Soft shadow."""
        self.soft(shape, INK, opacity, blur, clip=clip)

    def texture(self, shape: Shape, name: str, opacity: float, colour: Colour = INK) -> None:
        """What a surface is made of, from `textures`; it grows with what is drawn."""
        placed = self._mask(shape, None, opacity)
        if placed is None:
            return
        mask, bounds, _ = placed
        pattern = texture(name, math.hypot(self._matrix[0], self._matrix[3]))
        self._lay(colour, bounds, ImageChops.multiply(mask, pattern.crop(bounds)))

    def rounded(self, shape: Shape, strength: float = 1) -> None:
        """Light and shadow of an upright round thing over what the shape holds already."""
        self.veil(shape, ((0, 0.16 * strength), (0.16, 0), (0.5, 0), (0.9, 0.3 * strength), (1, 0.22 * strength)))
        self.veil(shape, ((0, 0), (0.14, 0.02), (0.28, 0.3 * strength), (0.42, 0.02), (1, 0)), colour=CREAM)

    def jpeg(self) -> bytes:
        """The picture as a file, good enough to make the smaller ones from."""
        buffer = io.BytesIO()
        self.image.save(buffer, "JPEG", **QUALITY)
        return buffer.getvalue()

    def _lay(self, colour: Colour, bounds: Box, mask: Image.Image) -> None:
        self.image.paste(Image.new("RGB", mask.size, colour), bounds, mask)  # twice as fast as pasting a colour

    # Places

    def _turned(self) -> float:
        return round(math.degrees(math.atan2(self._matrix[3], self._matrix[0])), 1)

    def _in_pixels(self) -> Matrix:
        a, b, c, d, e, f = (number * self._pixels for number in self._matrix)
        return a, b, c, d, e, f

    def _mask(self, shape: Shape, clip: Shape | None, opacity: float) -> Mask | None:
        own = self._sharp(shape)
        if own is None:
            return None
        mask, bounds, whole = own
        if clip is not None:
            other = self._sharp(clip)
            inside = _overlap(bounds, other[1]) if other else None
            if other is None or inside is None:
                return None
            mask = ImageChops.multiply(mask.crop(_relative(inside, bounds)), other[0].crop(_relative(inside, other[1])))
            bounds = inside
        return _faded(mask, opacity), bounds, whole

    def _sharp(self, shape: Shape) -> Mask | None:
        return _sharp_mask(shape, self._in_pixels(), self.image.size)


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
    return mask if opacity >= 1 else ImageChops.multiply(mask, Image.new("L", mask.size, round(opacity * 255)))


# The last masks are kept: what has been filled is mostly shaded, lit and clipped to next, and then drawn again in other colours.


@lru_cache(maxsize=192)
def _sharp_mask(shape: Shape, pixels: Matrix, canvas: tuple[int, int]) -> Mask | None:
    """The mask of a shape, the part of it on the canvas and the whole of it; None when it lies outside."""
    lines = _placed(shape, pixels)
    whole = _bounds(lines, 1)
    bounds = _overlap(whole, (0, 0, *canvas))
    if bounds is None:
        return None
    width, height = _size(bounds)
    fine = FINE if width * height < LARGE_PIXELS else LESS_FINE
    return _drawn(lines, bounds, fine, (width * fine, height * fine)).reduce(fine), bounds, whole


@lru_cache(maxsize=96)
def _soft_mask(shape: Shape, pixels: Matrix, canvas: tuple[int, int], spread: float) -> tuple[Image.Image, Box] | None:
    """The mask of a shape blurred over `spread` pixels, and the part of it on the canvas."""
    lines = _placed(shape, pixels)
    whole = _bounds(lines, spread * 2.2)
    bounds = _overlap(whole, (0, 0, *canvas))
    if bounds is None:
        return None
    width, height = _size(whole)
    coarse = max(1, min(8, int(spread / 2.5)))
    small = (math.ceil(width / coarse), math.ceil(height / coarse))
    mask = _drawn(lines, whole, 1 / coarse, small).filter(ImageFilter.GaussianBlur(spread / coarse))
    if coarse >= 4:  # soft enough for pixels of two
        half = (math.ceil(width / 2), math.ceil(height / 2))
        mask = mask.resize(half, Image.Resampling.BILINEAR, box=(0, 0, width / coarse, height / coarse))
        mask = mask.resize((width, height), Image.Resampling.NEAREST)
    elif coarse > 1:
        mask = mask.resize((width, height), Image.Resampling.BILINEAR, box=(0, 0, width / coarse, height / coarse))
    return mask.crop(_relative(bounds, whole)), bounds


def _placed(shape: Shape, pixels: Matrix) -> Placed:
    placed = []
    matrix = product(pixels, shape.matrix)
    for filled, contour in shape.parts:
        line = ImagePath.Path(contour)
        line.transform(matrix)
        placed.append((filled, line))
    return placed


def _bounds(lines: Placed, margin: float) -> Box:
    boxes = [line.getbbox() for filled, line in lines if filled]
    return (
        math.floor(min(box[0] for box in boxes) - margin),
        math.floor(min(box[1] for box in boxes) - margin),
        math.ceil(max(box[2] for box in boxes) + margin),
        math.ceil(max(box[3] for box in boxes) + margin),
    )


def _drawn(lines: Placed, bounds: Box, fine: float, size: tuple[int, int]) -> Image.Image:
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    for filled, line in lines:
        outline = ImagePath.Path(line)
        outline.transform((fine, 0, -bounds[0] * fine, 0, fine, -bounds[1] * fine))
        draw.polygon(outline, fill=255 if filled else 0)
    return mask


def _painted(paint: Linear | Radial, whole: Box, bounds: Box, turned: float) -> Image.Image:
    if isinstance(paint, Radial):
        distance = _distance(paint, whole, bounds)
        distance.putpalette(_palette(paint.stops))
        return distance.convert("RGB")
    return _along(_strip(paint.stops), paint.degrees + turned, whole, bounds)


def _along(strip: Image.Image, degrees: float, whole: Box, bounds: Box) -> Image.Image:
    """A ramp laid at an angle over `whole`, as far as `bounds` shows it."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    c, s = (0.0 if abs(part) < 1e-6 else part for part in (c, s))
    width, height = _size(whole)
    per = (STEPS - 1) / (abs(c) * width + abs(s) * height)
    left, top, _, _ = _relative(bounds, whole)
    start = left * c + top * s - min(0, c) * width - min(0, s) * height
    matrix = (c * per, s * per, start * per + STRIP_MARGIN, 0, 0, 1)
    return strip.transform(_size(bounds), Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST)


def _distance(paint: Radial, whole: Box, bounds: Box) -> Image.Image:
    width, height = _size(whole)
    half = DISTANCES // 2
    scale = half / (max(width, height) / 2 * paint.reach)
    left, top, _, _ = _relative(bounds, whole)
    matrix = (scale, 0, (left - paint.x * width) * scale + half, 0, scale, (top - paint.y * height) * scale + half)
    return _distances().transform(_size(bounds), Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST, fillcolor=255)


@lru_cache(maxsize=1)
def _distances() -> Image.Image:
    """0 in the middle, 255 from the middle of the sides on."""
    small = Image.radial_gradient("L").point([min(255, round(level * math.sqrt(2))) for level in range(256)])
    return small.resize((DISTANCES, DISTANCES), Image.Resampling.BICUBIC)


@lru_cache(maxsize=512)
def _strip(stops: Stops) -> Image.Image:
    """The ramp as pixels, its ends drawn out for what is sampled a little beyond them."""
    ramp = _ramp(stops, STEPS)
    strip = Image.new("RGB", (STEPS + 2 * STRIP_MARGIN, 2))
    strip.putdata(([ramp[0]] * STRIP_MARGIN + ramp + [ramp[-1]] * STRIP_MARGIN) * 2)
    return strip


@lru_cache(maxsize=256)
def _level_strip(levels: Levels) -> Image.Image:
    return _strip(tuple((place, (round(level * 255),) * 3) for place, level in levels)).getchannel(0)


@lru_cache(maxsize=512)
def _palette(stops: Stops) -> bytes:
    return bytes(part for colour in _ramp(stops, 256) for part in colour)


def _ramp(stops: Stops, count: int) -> list[Colour]:
    """`count` colours along the stops."""
    last = count - 1
    ramp: list[Colour] = [stops[0][1]] * round(stops[0][0] * last)
    for (start, one), (end, other) in pairwise(stops):
        steps = round(end * last) - round(start * last)
        red, green, blue = ((b - a) / max(steps, 1) for a, b in zip(one, other, strict=True))
        ramp += [
            (int(one[0] + red * step + 0.5), int(one[1] + green * step + 0.5), int(one[2] + blue * step + 0.5)) for step in range(steps)
        ]
    return (ramp + [stops[-1][1]] * count)[:count]
