"""Photos to measure duplicates by: reads a manifest, takes prints once, compares pairs once."""

import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from webapp.adapters import photo_matcher
from webapp.adapters.photo_matcher import PRINT_VERSION, PhotoPrint
from webapp.adapters.photo_reader import UnreadablePhoto
from webapp.domain.errors import InvalidInput, NotFound
from webapp.domain.likeness import PhotoLikeness
from webapp.domain.streams import Copy, StreamReport

PhotoKey = tuple[str, Copy | None]


@dataclass(frozen=True)
class Manifest:
    """Photos of known scenes; ``scene_of`` holds the scene of each file name."""

    folder: Path
    scene_of: Mapping[str, str]
    sha256: str

    def scenes(self, leave_out: Iterable[str] = ()) -> dict[str, list[str]]:
        """Return the file names of each scene, without those scenes that are left out."""
        left_out, found = frozenset(leave_out), dict[str, list[str]]()
        for file, scene in sorted(self.scene_of.items()):
            if scene not in left_out:
                found.setdefault(scene, []).append(file)
        return found

    def without(self, files: Iterable[str]) -> "Manifest":
        """Return the manifest without some files."""
        gone = frozenset(files)
        kept = {file: scene for file, scene in self.scene_of.items() if file not in gone}
        return Manifest(self.folder, kept, self.sha256)


@dataclass
class Gallery:
    """The prints of photos in a folder, and how alike they are; each is worked out once.

    Attributes:
        folder: where the photos lie.
        print_folder: where prints are kept between runs, if anywhere.
    """

    folder: Path
    print_folder: Path | None = None
    _prints: dict[PhotoKey, PhotoPrint] = field(default_factory=dict)
    _likeness: dict[tuple[str, str], PhotoLikeness] = field(default_factory=dict)

    def print_of(self, photo: str, copy: Copy | None = None) -> PhotoPrint:
        """Return the print of a photo, or of a copy that is encoded anew.

        Raises:
            NotFound: ``photo_file_missing``.
            InvalidInput: ``photo_file_unreadable``.
        """
        key = (photo, copy)
        if key not in self._prints:
            self._prints[key] = self._take(photo, copy)
        return self._prints[key]

    def likeness(self, one: PhotoPrint, other: PhotoPrint) -> PhotoLikeness:
        """Return how alike two photos are."""
        key = (min(one.sha256, other.sha256), max(one.sha256, other.sha256))
        if key not in self._likeness:
            self._likeness[key] = photo_matcher.compare(one, other)
        return self._likeness[key]

    def likeness_of(self, one: StreamReport, other: StreamReport) -> PhotoLikeness | None:
        """Return how alike the photos of two reports of a stream are; None without photos."""
        if one.photo is None or other.photo is None:
            return None
        return self.likeness(
            self.print_of(one.photo, one.copy), self.print_of(other.photo, other.copy)
        )

    def compare_anew(self, one: StreamReport, other: StreamReport) -> PhotoLikeness | None:
        """Do the same without remembering it, so that its time can be taken."""
        if one.photo is None or other.photo is None:
            return None
        return photo_matcher.compare(
            self.print_of(one.photo, one.copy), self.print_of(other.photo, other.copy)
        )

    def _take(self, photo: str, copy: Copy | None) -> PhotoPrint:
        raw = self._read(photo)
        try:
            raw = raw if copy is None else encoded_anew(raw, copy)
            return self._printed(raw, hashlib.sha256(raw).hexdigest())
        except (UnreadablePhoto, OSError) as error:
            raise InvalidInput("photo_file_unreadable", file=photo, problem=str(error)) from None

    def _read(self, photo: str) -> bytes:
        try:
            return (self.folder / photo).read_bytes()
        except OSError:
            raise NotFound("photo_file_missing", file=photo) from None

    def _printed(self, raw: bytes, sha256: str) -> PhotoPrint:
        if self.print_folder is None:
            return photo_matcher.take_print(raw, sha256=sha256)
        path = self.print_folder / f"{sha256}.{PRINT_VERSION}.print"
        if path.exists():
            return PhotoPrint.from_bytes(path.read_bytes())
        taken = photo_matcher.take_print(raw, sha256=sha256)
        self.print_folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(taken.to_bytes())
        return taken


def encoded_anew(raw: bytes, copy: Copy) -> bytes:
    """Return a photo as a messenger or a screenshot makes it: smaller, JPEG once more."""
    with Image.open(io.BytesIO(raw)) as opened:
        size = tuple(max(1, round(side * copy.side)) for side in opened.size)
        made = io.BytesIO()
        resized = opened.convert("RGB").resize((size[0], size[1]), Image.Resampling.LANCZOS)
        resized.save(made, "JPEG", quality=copy.quality)
    return made.getvalue()


def read_manifest(path: Path) -> Manifest:
    """Read which photo shows which scene: JSON with ``images``, each with file and scene_id.

    Raises:
        NotFound: ``manifest_missing``.
        InvalidInput: ``manifest_malformed``.
    """
    data = read_json(path, "manifest")
    images = data.get("images") if isinstance(data, dict) else None
    if not isinstance(images, list) or not images:
        raise InvalidInput("manifest_malformed", file=path.name, problem="images")
    try:
        scene_of = {_text(image["file"]): _text(image["scene_id"]) for image in images}
    except (KeyError, TypeError):
        raise InvalidInput("manifest_malformed", file=path.name, problem="file, scene_id") from None
    return Manifest(path.parent, scene_of, hashlib.sha256(path.read_bytes()).hexdigest())


def read_json(path: Path, kind: str) -> Any:
    """Read a file of JSON.

    Raises:
        NotFound: ``<kind>_missing``.
        InvalidInput: ``<kind>_malformed``.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise NotFound(f"{kind}_missing", file=str(path)) from None
    except ValueError as error:
        problem = f"JSON: {error}"
        raise InvalidInput(f"{kind}_malformed", file=path.name, problem=problem) from None


def unreadable_in(manifest: Manifest, gallery: Gallery) -> dict[str, str]:
    """Take all prints, and return what cannot be read, with what is wrong."""
    problems: dict[str, str] = {}
    for file in sorted(manifest.scene_of):
        try:
            gallery.print_of(file)
        except (NotFound, InvalidInput) as error:
            problems[file] = str(error.details.get("problem", error.code))
    return problems


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
