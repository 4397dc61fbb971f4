"""What surfaces are made of, as tiles laid over the whole picture: 255 where the thread, the pore or the shadow between is darkest."""

import math
import random
from collections.abc import Callable
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 720, 900
"""Pixels of a picture."""

SCALES = (0.5, 0.62, 0.78, 1.0, 1.2, 1.5, 1.8)
_FINE = 4


def texture(name: str, scale: float) -> Image.Image:
    """The texture over a whole picture, about `scale` times its usual size."""
    return _tiled(name, min(SCALES, key=lambda step: abs(math.log(step / scale))))


@lru_cache(maxsize=48)
def _tiled(name: str, scale: float) -> Image.Image:
    tile = _TILES[name]()
    size = (max(2, round(tile.width / _FINE * scale)), max(2, round(tile.height / _FINE * scale)))
    tile = tile.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.LANCZOS)
    whole = Image.new("L", (WIDTH, HEIGHT))
    whole.paste(tile)
    done_x, done_y = size
    while done_x < WIDTH:  # what is tiled already is the next, larger tile
        whole.paste(whole.crop((0, 0, done_x, size[1])), (done_x, 0))
        done_x *= 2
    while done_y < HEIGHT:
        whole.paste(whole.crop((0, 0, WIDTH, done_y)), (0, done_y))
        done_y *= 2
    return whole


def _blank(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    tile = Image.new("L", (width * _FINE, height * _FINE))
    return tile, ImageDraw.Draw(tile)


def _knit() -> Image.Image:
    """Two columns of a plain knit: a V in each stitch, dark between them."""
    tile, draw = _blank(14, 11)
    for shift in (-44, 0, 44):
        for left in (0, 28):
            for flip in (False, True):
                points = [(2, 2), (13, 20), (13, 42), (2, 24)]
                spots = [(left + (28 - x if flip else x), y + shift) for x, y in points]
                draw.polygon(spots, fill=0, outline=255, width=3)
        draw.rectangle((26, 0, 29, 44), fill=190)
    return tile.filter(ImageFilter.GaussianBlur(2))


def _rib() -> Image.Image:
    """Vertical ribs."""
    tile, draw = _blank(15, 8)
    for x in range(60):
        draw.line((x, 0, x, 32), fill=round(255 * max(0.0, math.cos(x / 60 * math.tau)) ** 2))
    return tile


def _moss() -> Image.Image:
    """Moss stitch: bumps like a chequerboard."""
    tile, draw = _blank(12, 12)
    draw.rectangle((0, 0, 48, 48), fill=200)
    for cx, cy in ((12, 12), (36, 36), (12, 60), (60, 12), (-12, 36), (36, -12)):
        draw.ellipse((cx - 13, cy - 11, cx + 13, cy + 11), fill=0)
    return tile.filter(ImageFilter.GaussianBlur(3))


def _weave() -> Image.Image:
    """Plain linen: threads of uneven thickness crossing."""
    tile, draw = _blank(50, 50)
    dice = random.Random(11)  # noqa: S311
    for y in range(0, 200, 8):
        for x in range(0, 200, 8):
            level = dice.randrange(20, 190)
            if (x + y) % 16:
                draw.rectangle((x, y + 1, x + 7, y + 4), fill=level)
            else:
                draw.rectangle((x + 1, y, x + 4, y + 7), fill=level)
    return tile.filter(ImageFilter.GaussianBlur(1.2))


def _canvas() -> Image.Image:
    """Coarse canvas."""
    tile, draw = _blank(6, 6)
    draw.rectangle((0, 0, 12, 12), fill=170)
    draw.rectangle((12, 12, 24, 24), fill=170)
    return tile.filter(ImageFilter.GaussianBlur(2))


def _twill() -> Image.Image:
    """Diagonal ribs."""
    tile, draw = _blank(8, 8)
    for shift in range(-32, 33, 32):
        draw.line((shift - 4, 36, shift + 36, -4), fill=230, width=9)
    return tile.filter(ImageFilter.GaussianBlur(2))


def _loops() -> Image.Image:
    """Terry and bouclé: a heap of little curls."""
    return _curls(90, 5.5, 4)


def _felt() -> Image.Image:
    """Felt and wool cloth: short hairs in all directions."""
    tile, draw = _blank(100, 100)
    dice = random.Random(5)  # noqa: S311
    for _ in range(2200):
        x, y, angle = dice.uniform(0, 400), dice.uniform(0, 400), dice.uniform(0, math.tau)
        dx, dy = math.cos(angle) * 12, math.sin(angle) * 12
        for shift_x in (-400, 0, 400):
            for shift_y in (-400, 0, 400):
                draw.line((x + shift_x, y + shift_y, x + dx + shift_x, y + dy + shift_y), fill=dice.randrange(40, 220), width=2)
    return tile.filter(ImageFilter.GaussianBlur(1))


def _curls(size: int, radius: float, seed: int) -> Image.Image:
    tile, draw = _blank(size, size)
    dice = random.Random(seed)  # noqa: S311
    edge, r = size * _FINE, radius * _FINE / 2
    draw.rectangle((0, 0, edge, edge), fill=215)
    for _ in range(size * size // 12):
        x, y, level = dice.uniform(0, edge), dice.uniform(0, edge), dice.randrange(0, 120)
        for shift_x in (-edge, 0, edge):
            for shift_y in (-edge, 0, edge):
                cx, cy = x + shift_x, y + shift_y
                draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=level, outline=225, width=2)
    return tile.filter(ImageFilter.GaussianBlur(2))


def _wicker() -> Image.Image:
    """Woven willow: strands over and under upright stakes."""
    tile, draw = _blank(28, 16)
    draw.rectangle((0, 0, 112, 64), fill=235)
    for row, shift in ((0, 0), (32, 56)):
        for x in (-112, 0, 112):
            left = x + shift
            draw.rounded_rectangle((left + 3, row + 3, left + 105, row + 29), 13, fill=60)
            draw.rounded_rectangle((left + 8, row + 5, left + 100, row + 17), 6, fill=0)
    return tile.filter(ImageFilter.GaussianBlur(1.5))


def _cord() -> Image.Image:
    """Corduroy and paper cord: fine upright cords."""
    tile, draw = _blank(7, 8)
    for x in range(28):
        draw.line((x, 0, x, 32), fill=round(255 * max(0.0, math.cos(x / 28 * math.tau))))
    return tile


def _grit() -> Image.Image:
    """Stone, cork and cast iron: pores of all sizes."""
    tile, draw = _blank(120, 120)
    dice = random.Random(3)  # noqa: S311
    for _ in range(1500):
        x, y, r = dice.uniform(0, 480), dice.uniform(0, 480), dice.choice((1, 1, 2, 2, 3, 5))
        draw.ellipse((x - r, y - r, x + r, y + r), fill=dice.randrange(60, 255))
    return tile.filter(ImageFilter.GaussianBlur(1))


def _waffle() -> Image.Image:
    """Waffle cloth: square hollows."""
    tile, draw = _blank(13, 13)
    draw.rounded_rectangle((6, 6, 46, 46), 8, fill=200)
    draw.rounded_rectangle((16, 16, 46, 46), 8, fill=90)
    return tile.filter(ImageFilter.GaussianBlur(3))


_TILES: dict[str, Callable[[], Image.Image]] = {
    "canvas": _canvas,
    "cord": _cord,
    "felt": _felt,
    "grit": _grit,
    "knit": _knit,
    "loops": _loops,
    "moss": _moss,
    "rib": _rib,
    "twill": _twill,
    "waffle": _waffle,
    "weave": _weave,
    "wicker": _wicker,
}
