"""The directive ``show``: code on a page that runs when the site is built, and what it makes.

The code of a page's blocks shares its names from top to bottom, as in a notebook. The value of a
block's last line is shown under it:

- pixels, ``(N, H, W, 3 or 4)`` or ``(H, W, 3 or 4)`` of uint8: pictures;
- a dict of such: pictures with the keys as captions;
- a matplotlib figure: a picture;
- None: nothing; anything else: its repr.

Code that raises is a warning at its line, and with ``sphinx-build -W`` the end of the build.

````md
```{show}
:alt: What somebody who cannot see the picture should know.
hotcold.HeatmapVisualizer().render(attributions, images)
```
````
"""

from __future__ import annotations

import hashlib
import traceback
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from running import elsewhere, evaluate, named_pictures
from sphinx.util.docutils import SphinxDirective

FOLDER = "_generated/pictures"  # within the source folder; ignored by git


class Show(SphinxDirective):
    """Runs its content, shows it, and shows what it made."""

    has_content = True
    option_spec = {  # noqa: RUF012 - docutils looks for a dict
        "alt": directives.unchanged_required,
        "hide-code": directives.flag,
    }

    def run(self):
        code = "\n".join(self.content)
        # Of this page, for as long as it is read.
        names = self.env.temp_data.setdefault("names that show has made", {})
        try:
            with elsewhere():
                value = evaluate(code, names)
        except Exception:
            raise self.error(f"the code on the page failed:\n{traceback.format_exc()}") from None
        shown = []
        if "hide-code" not in self.options:
            block = nodes.literal_block(code, code, language="python")
            self.set_source_info(block)
            shown.append(block)
        return shown + self.result(value)

    def result(self, value):
        if value is None:
            return []
        pictures = named_pictures(value)
        if pictures is None and not hasattr(value, "savefig"):
            text = repr(value)
            return [nodes.literal_block(text, text, language="none", classes=["show-text"])]
        if "alt" not in self.options:
            raise self.error("pictures need `:alt:`, which says what there is to see")
        if pictures is None:
            return [self.grid([("", self.saved_figure(value))], wide=True)]
        saved = [(caption, self.saved_pixels(pixels)) for caption, pixels in pictures]
        return [self.grid(saved, wide=len(pictures) == 1 and pictures[0][1].shape[1] > 300)]

    def grid(self, pictures, wide):
        grid = nodes.container(classes=["show-pictures", *(["show-wide"] if wide else [])])
        for caption, uri in pictures:
            alt = self.options["alt"] + (f" ({caption})" if caption else "")
            figure = nodes.figure("", nodes.image(uri=uri, alt=alt))
            if caption:
                figure += nodes.caption(caption, caption)
            grid += figure
        return grid

    def saved_pixels(self, pixels):
        from hotcold.files import save_picture

        path = self.path(pixels.tobytes() + str(pixels.shape).encode())
        save_picture(path, pixels)
        return f"/{FOLDER}/{path.name}"

    def saved_figure(self, figure):
        path = self.path("\n".join(self.content).encode())
        figure.savefig(path, dpi=100, facecolor="white")
        return f"/{FOLDER}/{path.name}"

    def path(self, content):
        """Return where a picture goes: by its content, so that equal pictures are one file."""
        folder = Path(self.env.srcdir, FOLDER)
        folder.mkdir(parents=True, exist_ok=True)
        page = self.env.docname.replace("/", "-")
        return folder / f"{page}-{hashlib.sha256(content).hexdigest()[:12]}.png"


def setup(app):
    app.add_directive("show", Show)
    return {"parallel_read_safe": True}
