# SPDX-License-Identifier: Apache-2.0
"""Draws what a cast shows: in the middle of its display of progress, and at its end."""

import json

import pyte
from PIL import Image, ImageDraw, ImageFont

_FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"
_SIZE, _MARGIN = 15, 14
_PAPER, _INK, _DIM = "#1d1f21", "#e0e0e0", "#8a8f94"
_COLOURS = {"red": "#ff6c60", "brown": "#e0b050", "green": "#a8d070"}
_PROGRESS = " left"


def _screens(path):
    """The screen when half of the looks at progress are over, and the last one."""
    header, *events = (json.loads(line) for line in open(path, encoding="utf-8"))
    screen = pyte.Screen(header["width"], header["height"])
    stream = pyte.Stream(screen)
    looks = [number for number, event in enumerate(events) if _PROGRESS in event[2]]
    middle = looks[len(looks) * 3 // 5] if looks else None
    for number, event in enumerate(events):
        stream.feed(event[2])
        if number == middle:
            yield _lines(screen)
    yield _lines(screen)


def _lines(screen):
    lines = [[screen.buffer[row][column] for column in range(screen.columns)] for row in range(screen.lines)]
    while lines and all(cell.data == " " for cell in lines[-1]):
        lines.pop()
    return lines


def draw(cast, path):
    font = ImageFont.truetype(_FONT, _SIZE)
    width, height = round(font.getlength("m")), _SIZE + 5
    screens = list(_screens(cast))
    columns = max(len(line) for screen in screens for line in screen)
    rows = sum(len(screen) + 1 for screen in screens) - 1
    image = Image.new("RGB", (columns * width + 2 * _MARGIN, rows * height + 2 * _MARGIN), _PAPER)
    canvas = ImageDraw.Draw(image)
    top = _MARGIN
    for number, screen in enumerate(screens):
        if number:
            canvas.line([(0, top + height // 2), (image.width, top + height // 2)], fill=_DIM)
            top += height
        for line in screen:
            for column, cell in enumerate(line):
                colour = _COLOURS.get(cell.fg, _INK)
                canvas.text((_MARGIN + column * width, top), cell.data, font=font, fill=colour)
            top += height
    image.save(path, optimize=True)
