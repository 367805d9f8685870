"""A picture as PNG: the page of its PDF in pixels."""

from __future__ import annotations

from io import BytesIO

from pypdfium2 import PdfDocument

from netdsl.draw.pdf import write_pdf
from netdsl.draw.scene import Scene
from netdsl.draw.theme import Theme

# Programs refuse larger images, or run out of memory.
_MOST_PIXELS = 64_000_000
_POINTS_PER_INCH = 72


def write_png(scene: Scene, theme: Theme = "light", scale: float = 2.0) -> bytes:
    """The bytes of a PNG file of so many pixels a point; fewer for one of above 64 megapixels."""
    with PdfDocument(write_pdf(scene, theme)) as document:
        page = document[0]
        width, height = page.get_size()
        scale = min(scale, (_MOST_PIXELS / (width * height)) ** 0.5)
        image = page.render(scale=scale).to_pil()
    file = BytesIO()
    # What says how large the picture is on paper.
    image.save(file, "png", dpi=(scale * _POINTS_PER_INCH,) * 2)
    return file.getvalue()
