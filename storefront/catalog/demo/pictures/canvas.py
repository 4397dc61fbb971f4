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
from storefront.catalog.demo.pictures.shapes import Shape
from storefront.catalog.demo.pictures.textures import texture

FINE, LESS_FINE, LARGE_PIXELS = 3, 2, 200_000
KEPT_MASKS = 12
STRIP_MARGIN = 8
DISTANCES = 1024
QUALITY = {"quality": 91, "subsampling": 0}  # written four times as fast as WebP, with colours as fine as the light

Box = tuple[int, int, int, int]
Matrix = tuple[float, float, float, float, float, float]
Stops = tuple[tuple[float, Colour], ...]
Levels = tuple[tuple[float, float], ...]
Placed = list[tuple[bool, ImagePath.Path]]


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
        self._matrix: Matrix = (1, 0, 0, 0, 1, 0)
        self._masks: dict[tuple[int, Matrix], tuple[Shape, tuple[Image.Image, Box, Box] | None]] = {}

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
        contours = self._placed(shape)
        spread = blur * self._pixels * math.hypot(self._matrix[0], self._matrix[3])
        whole = _bounds(contours, spread * 2.2)
        bounds = self._cut(whole)
        inside = self._sharp(clip) if clip is not None else None
        if inside is not None or clip is not None:
            bounds = _overlap(bounds, inside[1] if inside else None)
        if bounds is None:
            return
        mask = _soft_mask(contours, whole, spread).crop(_relative(bounds, whole))
        if inside is not None:
            mask = ImageChops.multiply(mask, inside[0].crop(_relative(bounds, inside[1])))
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

    def _placed(self, shape: Shape) -> Placed:
        matrix = tuple(number * self._pixels for number in self._matrix)
        placed = []
        for filled, contour in shape.parts:
            line = ImagePath.Path(contour)
            line.transform(matrix)
            placed.append((filled, line))
        return placed

    def _mask(self, shape: Shape, clip: Shape | None, opacity: float) -> tuple[Image.Image, Box, Box] | None:
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

    def _cut(self, bounds: Box) -> Box | None:
        return _overlap(bounds, (0, 0, *self.image.size))

    def _sharp(self, shape: Shape) -> tuple[Image.Image, Box, Box] | None:
        """The mask of a shape, the part of it on the canvas and the whole of it; None when it lies outside. The last few are kept,
        since what has been filled is mostly shaded, lit and clipped to next."""
        key = (id(shape), self._matrix)
        kept = self._masks.get(key)
        if kept is None:
            contours = self._placed(shape)
            whole = _bounds(contours, 1)
            bounds = self._cut(whole)
            kept = (shape, (_sharp_mask(contours, bounds), bounds, whole) if bounds else None)
            if len(self._masks) >= KEPT_MASKS:
                del self._masks[next(iter(self._masks))]
            self._masks[key] = kept
        return kept[1]


def _product(one: Matrix, other: Matrix) -> Matrix:
    a, b, c, d, e, f = one
    g, h, i, j, k, m = other
    return a * g + b * j, a * h + b * k, a * i + b * m + c, d * g + e * j, d * h + e * k, d * i + e * m + f


def _bounds(contours: Placed, margin: float) -> Box:
    boxes = [line.getbbox() for filled, line in contours if filled]
    return (
        math.floor(min(box[0] for box in boxes) - margin),
        math.floor(min(box[1] for box in boxes) - margin),
        math.ceil(max(box[2] for box in boxes) + margin),
        math.ceil(max(box[3] for box in boxes) + margin),
    )


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


def _sharp_mask(contours: Placed, bounds: Box) -> Image.Image:
    width, height = _size(bounds)
    fine = FINE if width * height < LARGE_PIXELS else LESS_FINE
    return _drawn(contours, bounds, fine, (width * fine, height * fine)).reduce(fine)


def _soft_mask(contours: Placed, bounds: Box, spread: float) -> Image.Image:
    width, height = _size(bounds)
    coarse = max(1, min(8, int(spread / 2.5)))
    small = (math.ceil(width / coarse), math.ceil(height / coarse))
    mask = _drawn(contours, bounds, 1 / coarse, small).filter(ImageFilter.GaussianBlur(spread / coarse))
    if coarse >= 4:  # soft enough for pixels of two
        half = (math.ceil(width / 2), math.ceil(height / 2))
        mask = mask.resize(half, Image.Resampling.BILINEAR, box=(0, 0, width / coarse, height / coarse))
        return mask.resize((width, height), Image.Resampling.NEAREST)
    return mask if coarse == 1 else mask.resize((width, height), Image.Resampling.BILINEAR, box=(0, 0, width / coarse, height / coarse))


def _drawn(contours: Placed, bounds: Box, fine: float, size: tuple[int, int]) -> Image.Image:
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    for filled, line in contours:
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
    per = 255 / (abs(c) * width + abs(s) * height)
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
    """256 px of ramp, its ends drawn out for what is sampled a little beyond them."""
    ramp = _ramp(stops)
    strip = Image.new("RGB", (256 + 2 * STRIP_MARGIN, 2))
    strip.putdata(([ramp[0]] * STRIP_MARGIN + ramp + [ramp[-1]] * STRIP_MARGIN) * 2)
    return strip


@lru_cache(maxsize=256)
def _level_strip(levels: Levels) -> Image.Image:
    return _strip(tuple((place, (round(level * 255),) * 3) for place, level in levels)).getchannel(0)


@lru_cache(maxsize=512)
def _palette(stops: Stops) -> bytes:
    return bytes(part for colour in _ramp(stops) for part in colour)


@lru_cache(maxsize=512)
def _ramp(stops: Stops) -> list[Colour]:
    """256 colours along the stops."""
    ramp: list[Colour] = [stops[0][1]] * round(stops[0][0] * 255)
    for (start, one), (end, other) in pairwise(stops):
        count = round(end * 255) - round(start * 255)
        steps = [(b - a) / max(count, 1) for a, b in zip(one, other, strict=True)]
        for step in range(count):
            ramp.append((round(one[0] + steps[0] * step), round(one[1] + steps[1] * step), round(one[2] + steps[2] * step)))
    return (ramp + [stops[-1][1]] * 256)[:256]
