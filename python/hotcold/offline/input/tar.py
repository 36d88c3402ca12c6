"""Tar archives of pictures and of maps, as WebDataset writes them; read in any order.

A sample is a key and its members, one a component: ``dogs/0001.jpg`` and ``dogs/0001.npy`` are the
components ``jpg`` and ``npy`` of the key ``dogs/0001``. A component begins at the first dot.
"""

from __future__ import annotations

import math
import tarfile
from collections.abc import Sequence
from typing import NamedTuple

from hotcold import _validate
from hotcold.offline.input.base import IndexedSource, ItemNames, Source
from hotcold.offline.input.boundary import opening
from hotcold.offline.input.decode import NotAPicture
from hotcold.offline.input.formats.npy import read_header
from hotcold.offline.input.many import ManyFiles
from hotcold.offline.input.pictures import SUFFIXES, PictureFolder
from hotcold.offline.input.raw import RawSource
from hotcold.offline.input.remote import AnyPath, read_range

SUFFIX = ".tar"
_PACKED = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
_IMAGES = "x"  # the argument that images come by
_END = bytes(tarfile.BLOCKSIZE)


class Member(NamedTuple):
    """A regular file of an archive.

    Parameters
    ----------
    archive : Path or RemotePath
        Which archive.
    name : str
        As the archive has it, without ``./`` at its beginning.
    offset, size : int
        Where its bytes are.
    """

    archive: AnyPath
    name: str
    offset: int
    size: int

    @property
    def key(self) -> str:
        """What it shares with the other components of its sample."""
        folder, slash, name = self.name.rpartition("/")
        return folder + slash + name.partition(".")[0]

    @property
    def component(self) -> str:
        """What is behind the key, in small letters."""
        return self.name.rpartition("/")[2].partition(".")[2].lower()

    def __str__(self) -> str:
        return f"{self.archive}:{self.name}"


class TarPicture(NamedTuple):
    """A picture file of an archive."""

    member: Member
    label: str

    @property
    def path(self) -> AnyPath:
        """The file that is read."""
        return self.member.archive

    def read(self) -> bytes:
        """Return all of it."""
        try:
            data = read_range(self.path, self.member.offset, self.member.size)
        except OSError as error:
            raise NotAPicture(error.strerror or str(error)) from error
        if len(data) != self.member.size:
            raise NotAPicture("its archive ends early")
        return data

    def __str__(self) -> str:
        return str(self.member)


def is_packed(text: str) -> bool:
    """Whether a path is that of a compressed archive, which can only be read from its beginning."""
    return text.lower().endswith(_PACKED)


def open_tars(
    name: str,
    archives: Sequence[AnyPath],
    component: str | None,
    dim_order: str,
    order: str | Sequence[str],
    origin: str,
) -> Source:
    """Open the pictures, or the arrays, of archives as one source, in the order of their members.

    Parameters
    ----------
    name : str
        The argument's name in messages. Images are pictures where there are some, other arguments
        arrays.
    archives : sequence of Path or RemotePath
        At least one; their samples stand one behind the other.
    component : str, optional
        Such as ``npy`` or ``seg.png``; needed where a sample has several that it could be.
    dim_order : {"channels_first", "channels_last"}
        Of pictures and of arrays of one map.
    order : str
        Must be "name": archives have an order.
    origin : str
        What they are together, for the job file.

    Raises
    ------
    ValueError
        An archive that is cut short or damaged, has a member twice, or one with an absolute name or
        ``..`` in it; no such component, or several.
    """
    if order != "name":
        msg = f"`order` must be 'name' for tar archives, which have an order, got {order!r}"
        raise ValueError(msg)
    members = [member for archive in archives for member in members_of(name, archive)]
    chosen = _chosen(name, members, component, origin)
    if component is not None:
        origin = f"{origin}:{component.lower()}"
    keys = [member.key for member in chosen]
    if len(set(keys)) < len(keys):  # counted anew in each archive
        keys = [f"{member.archive.stem}/{member.key}" for member in chosen]
    source: IndexedSource
    if _is_array(chosen[0]):
        source = _arrays(name, origin, chosen, keys, dim_order)
    else:
        pictures = [
            TarPicture(member, f"{key}.{member.component}")
            for member, key in zip(chosen, keys, strict=True)
        ]
        source = PictureFolder(name, origin, pictures, dim_order)
    if len(chosen) == source.n_items:  # arrays may be batches
        source.item_names = ItemNames(keys)
        source.gives_names = True
    return source


def members_of(name: str, path: AnyPath) -> list[Member]:
    """Return the regular files of an archive, hidden ones left out, in their order.

    Raises
    ------
    ValueError
        As `open_tars`.
    """
    found: dict[str, Member] = {}
    with (
        opening(name, path, "a whole tar archive"),
        path.open("rb") as file,
        tarfile.open(fileobj=file, mode="r:") as archive,
    ):
        while (info := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined]  # it would keep them all
            member = Member(path, info.name.removeprefix("./"), info.offset_data, info.size)
            if info.isdir() or member.name.rpartition("/")[2].startswith("."):
                continue
            _check(name, info, member)
            if member.name in found:
                msg = f"`{name}` must have every member once, got {member} twice"
                raise ValueError(msg)
            found[member.name] = member
        # A header that is cut short or damaged ends an archive as well, without a word.
        file.seek(archive.offset)
        if file.read(len(_END)) != _END:
            msg = (
                f"`{name}` must be a whole tar archive, got {path}, which has no end where the "
                f"members end, at byte {archive.offset:,}: it is damaged or was cut short"
            )
            raise ValueError(msg)
    return list(found.values())


def _check(name: str, info: tarfile.TarInfo, member: Member) -> None:
    parts = member.name.split("/")
    if member.name.startswith("/") or ".." in parts or "\\" in member.name:
        msg = f"`{name}` must have members with relative names and without '..', got {member}"
        raise ValueError(msg)
    if not info.isreg() or info.issparse():
        msg = f"`{name}` must have regular files as members, got {member}, which is none"
        raise ValueError(msg)


def _is_array(member: Member) -> bool:
    return member.name.lower().endswith(".npy")


def _is_picture(member: Member) -> bool:
    return member.name.lower().endswith(SUFFIXES)


def _chosen(
    name: str, members: Sequence[Member], component: str | None, origin: str
) -> list[Member]:
    """Return the members of one component, or of the only kind that there is."""
    arrays = [member for member in members if _is_array(member)]
    pictures = [member for member in members if _is_picture(member)]
    known = sorted({member.component for member in (*arrays, *pictures)})
    if not known:
        msg = f"`{name}` must hold .npy files or pictures, got none in {origin}"
        raise ValueError(msg)
    if component is not None:
        if component.lower() not in known:
            what = f"a component of {origin} ({', '.join(known)})"
            raise ValueError(_validate.unknown_name(name, component, known, what))
        return [m for m in (*arrays, *pictures) if m.component == component.lower()]
    wanted = (pictures or arrays) if name == _IMAGES else (arrays or pictures)
    if len({(member.archive, member.key) for member in wanted}) < len(wanted):
        several = sorted({member.component for member in wanted})
        msg = (
            f"`{name}` must name a component where samples have several, as {origin}:"
            f"{several[0]}; {origin} has {', '.join(several)}"
        )
        raise ValueError(msg)
    return wanted


def _arrays(
    name: str, origin: str, members: Sequence[Member], keys: Sequence[str], dim_order: str
) -> ManyFiles:
    by_name = {str(member): member for member in members}

    def open_member(text: str) -> IndexedSource:
        with opening(name, text):
            return _open_array(name, by_name[text])

    source = ManyFiles(
        name, origin, list(by_name), open_member, dim_order, sizes=[m.size for m in members]
    )
    source.paths = tuple(dict.fromkeys(member.archive for member in members))
    return source


def _open_array(name: str, member: Member) -> RawSource:
    """Open a ``.npy`` member."""
    with member.archive.open("rb") as file:
        file.seek(member.offset)
        header = read_header(file, name, str(member))
    if header.fortran and len(header.shape) > 1:
        msg = f"`{name}` must be stored in C order, got Fortran order in {member}"
        raise ValueError(msg)
    n_bytes = math.prod(header.shape) * header.dtype.itemsize
    if header.size - member.offset + n_bytes != member.size:
        msg = (
            f"`{name}` must be whole arrays, got {member} of {member.size:,} bytes, whose header "
            f"promises {header.size - member.offset + n_bytes:,}"
        )
        raise ValueError(msg)
    return RawSource(name, member.archive, header.size, header.shape, header.dtype)
