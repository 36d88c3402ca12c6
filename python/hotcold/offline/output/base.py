"""What takes the pictures of a job, whatever it makes of them."""

from __future__ import annotations

import abc
import errno
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotcold.request import ItemTexts, RenderRequest, Saved

Picture = NDArray[np.uint8]


class Damaged(OSError):
    """What was written does not read back."""


class ForeignFiles(FileExistsError):
    """Files that are not ours are where the job would write."""


class Writer(abc.ABC):
    """Takes the units of a job; `finish` makes them visible where that has not happened yet.

    Attributes
    ----------
    encodes : bool
        Takes encoded files; otherwise pixels.
    in_order : bool
        Takes units in their order from one thread; otherwise in any order from any thread.
    saves : bool
        Has `save`, which renders many units itself.
    output : object
        As text, what the user is told.
    kept : str
        What the user is told of a job that ends early.
    """

    encodes = True
    in_order = True
    saves = False
    output: object
    kept = "nothing is kept of a container that is not complete"

    def has(self, unit: int) -> bool:
        """Whether an earlier run finished the unit, and it is whole."""
        return False

    def settle(self, first: int, last: int) -> None:  # noqa: B027 - optional
        """Wait until units [first, last), which were written, are there."""

    def check(self, units: Sequence[int]) -> None:  # noqa: B027 - optional
        """Read units back that were written; raise `Damaged` for one that is not whole."""

    @abc.abstractmethod
    def write(self, unit: int, content: Any) -> int:
        """Take a unit and return its bytes; None stands for one that failed."""

    def save(
        self,
        request: RenderRequest,
        text: Mapping[str, str],
        items: ItemTexts | None,
        n_threads: int,
        stop_at_failure: bool,
        compression: str,
    ) -> Saved:
        """Render, encode and take consecutive units, the job's items."""
        raise NotImplementedError

    def finish(self) -> None:  # noqa: B027 - optional
        """Take no more; raise `Damaged` for what does not read back, if that is asked for."""

    def abort(self) -> None:  # noqa: B027 - optional
        """Drop what cannot be kept."""


def output_error(error: OSError, output: object, kept: str = "") -> OSError:
    """Return the same kind of error with a sentence that says what to do."""
    if isinstance(error, Damaged | BlockingIOError | ForeignFiles):
        return error
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        what = "no space left for" if error.errno != errno.EFBIG else "a limit on file sizes ends"
        msg = f"{what} {output}: free some and run the job again with resume"
        msg += f"; {kept}" if kept else ""
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        msg = f"no permission to write to {output}: {error.strerror}"
    elif error.errno in (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP):
        msg = (
            f"the file system of {output} cannot do what whole files take, a rename for instance "
            f"({error.strerror}): write to another folder and copy"
        )
    elif error.errno in (errno.ENOTDIR, errno.EEXIST):
        msg = f"`output_dir` must be a folder, got {output}: a file is in the way"
    else:
        msg = f"cannot write to {output}: {error.strerror or error}"
    return OSError(error.errno, msg)
