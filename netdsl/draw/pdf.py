"""A picture as a PDF of one page, with the letters that it uses."""

from __future__ import annotations

from io import BytesIO
from typing import assert_never

from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from netdsl.draw import fonts
from netdsl.draw.plain import plain
from netdsl.draw.scene import Path, Point, Rectangle, Scene, Text, shapes
from netdsl.draw.theme import Theme, colors

# No page may be longer (ISO 32000-1, annex C.2).
_LONGEST = 14_400.0
_DASHES = [3, 2]
_ROUND_JOIN = 1


def write_pdf(scene: Scene, theme: Theme = "light") -> bytes:
    """The bytes of a PDF file, whose page is as large as the picture, at most 14,400 points."""
    drawn = plain(scene, _LONGEST)
    file = BytesIO()
    canvas = Canvas(
        file,
        (drawn.width, drawn.height),
        pageCompression=1,
        invariant=1,
        lang="en",
        # The usual one is named in the file without being part of it.
        initialFontName=_font(bold=False),
    )
    canvas.setTitle(drawn.title)
    canvas.setSubject(drawn.description)
    canvas.setAuthor("")
    canvas.setCreator("netdsl")
    canvas.setLineJoin(_ROUND_JOIN)
    pen = _Pen(canvas, drawn.height, theme)
    for shape in shapes(drawn.items):
        pen.draw(shape)
    canvas.showPage()
    canvas.save()
    return file.getvalue()


class _Pen:
    """Draws shapes, whose lengths go down from the top, on a page whose lengths go up."""

    def __init__(self, canvas: Canvas, height: float, theme: Theme) -> None:
        self._canvas = canvas
        self._height = height
        self._colors: dict[str, Color] = {
            role: HexColor(color) for role, color in colors(theme).items()
        }
        # The font objects know which letters of a document were used.
        self._fonts = {bold: _font(bold) for bold in (False, True)}

    def draw(self, shape: Rectangle | Path | Text) -> None:
        match shape:
            case Rectangle():
                self._rectangle(shape)
            case Path():
                self._path(shape)
            case Text():
                self._text(shape)
            case _:
                assert_never(shape)

    def _rectangle(self, box: Rectangle) -> None:
        outlined, filled = self._paint(box)
        corner = box.x, self._height - box.y - box.height
        if box.radius:
            self._canvas.roundRect(*corner, box.width, box.height, box.radius, outlined, filled)
        else:
            self._canvas.rect(*corner, box.width, box.height, outlined, filled)

    def _path(self, path: Path) -> None:
        outlined, filled = self._paint(path)
        line = self._canvas.beginPath()
        line.moveTo(*self._up(path.start))
        for piece in path.pieces:
            points = [length for point in piece for length in self._up(point)]
            if len(piece) == 1:
                line.lineTo(*points)
            else:
                line.curveTo(*points)
        if path.closed:
            line.close()
        self._canvas.drawPath(line, outlined, filled)

    def _text(self, text: Text) -> None:
        before = {"start": 0.0, "middle": text.width / 2, "end": text.width}[text.anchor]
        canvas = self._canvas
        canvas.setFillColor(self._colors[text.color])
        canvas.setFont(self._fonts[text.bold], text.size)
        if text.rotated:
            canvas.saveState()
            canvas.translate(*self._up((text.x, text.y)))
            canvas.rotate(90)
            canvas.drawString(-before, 0, text.text)
            canvas.restoreState()
        else:
            canvas.drawString(text.x - before, self._height - text.y, text.text)

    def _paint(self, shape: Rectangle | Path) -> tuple[bool, bool]:
        """Takes up the colours of a shape. Whether it is outlined and whether it is filled."""
        if shape.fill is not None:
            self._canvas.setFillColor(self._colors[shape.fill])
        if shape.stroke is not None:
            self._canvas.setStrokeColor(self._colors[shape.stroke])
            self._canvas.setLineWidth(shape.line)
            self._canvas.setDash(_DASHES if shape.dashed else [])
        return shape.stroke is not None, shape.fill is not None

    def _up(self, point: Point) -> Point:
        return point[0], self._height - point[1]


def _font(bold: bool) -> str:
    """The name under which reportlab knows the picture's font."""
    name = f"netdsl-{'bold' if bold else 'regular'}"
    if name not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(name, fonts.file(bold), asciiReadable=False))
    return name
