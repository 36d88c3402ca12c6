"""Pictures in tests: equal or not, and golden pictures that a test keeps.

`assert_pictures_equal` compares arrays or files. With pytest installed, the fixture
`hotcold_golden` compares with pictures kept beside the test; ``pytest --hotcold-update`` keeps the
present ones.
"""

from __future__ import annotations

from hotcold.testing.golden import GoldenPictures
from hotcold.testing.pictures import assert_pictures_equal

__all__ = ["GoldenPictures", "assert_pictures_equal"]
