"""The page on experiment trackers: what TensorBoard is given is what it shows."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from helpers import optional
from PIL import Image

PAGE = Path(__file__).parents[1] / "docs" / "loggers.md"
SETUP, TENSORBOARD, *OTHERS = re.findall(
    r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S
)


def test_tensorboard_shows_the_pixels(tmp_path, monkeypatch):
    optional("torch")
    optional("tensorboard")
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(SETUP, names)
    exec(TENSORBOARD, names)
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator("runs/first", size_guidance={"images": 0}).Reload()
    assert len(events.Tags()["images"]) == len(names["pictures"]) > 1
    for i, expected in enumerate(names["pictures"]):
        (event,) = events.Images(f"attributions/{i}")
        assert event.step == 1000
        with Image.open(io.BytesIO(event.encoded_image_string)) as image:
            np.testing.assert_array_equal(np.asarray(image), expected)


@pytest.mark.parametrize("block", OTHERS)
def test_other_blocks_are_python(block):
    compile(block, "block", "exec")
