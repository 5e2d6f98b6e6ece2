"""Commands that fit and measure how duplicates are told."""

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from webapp.adapters.photo_store import PhotoStore
from webapp.cli.speech import speaks_plainly
from webapp.domain.errors import InvalidInput
from webapp.extensions import settings_in_use
from webapp.services import (
    duplicates_evaluate,
    duplicates_fit,
    duplicates_labels,
    duplicates_photos,
    duplicates_replay,
    duplicates_streams,
    photo_prints,
)
from webapp.services.duplicates_evaluate import Evaluation
from webapp.services.duplicates_fit import Training
from webapp.services.duplicates_photos import Gallery, Manifest
from webapp.services.duplicates_replay import Figures
from webapp.services.duplicates_streams import Stream
from webapp.services.triage_policy import WEIGHTS_FILE, fitted_weights

FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)

prints_option = click.option(
    "--prints", type=FOLDER, help="Thư mục giữ dấu ảnh giữa các lần chạy; bỏ trống: tạm thời."
)

duplicates_group = AppGroup("duplicates", help="Phản ánh trùng: khớp trọng số và đo lường.")


@duplicates_group.command("evaluate")
@click.argument("manifest", type=FILE)
@click.option("--json", "is_json", is_flag=True, help="In ra JSON.")
@prints_option
@speaks_plainly
def evaluate(manifest: Path, is_json: bool, prints: Path | None) -> None:
    """So từng cặp ảnh của MANIFEST (JSON: images, mỗi ảnh có file và scene_id)."""
    read, gallery = _readable(manifest, prints)
    found = duplicates_evaluate.evaluate(read, gallery, fitted_weights())
    if is_json:
        _print_json(found.as_json())
    else:
        _tell_evaluation(found)


def _tell_evaluation(found: Evaluation) -> None:
    click.echo(
        _(
            "%(photos)d ảnh, %(scenes)d cảnh; %(true)d cặp cùng cảnh, %(false)d cặp khác cảnh.",
            photos=found.photos,
            scenes=found.scenes,
            true=found.true_pairs,
            false=found.false_pairs,
        )
    )
    for share, recall in found.recalls.items():
        click.echo(
            _("Tìm được %(recall)s khi cho nhầm %(share)s.", recall=f"{recall:.3f}", share=share)
        )
    click.echo(
        _(
            "Ở mức đã khớp (điểm %(level)s): đúng %(found)d, nhầm %(false)d.",
            level=f"{found.level:.2f}",
            found=found.found_at_level,
            false=found.false_at_level,
        )
    )
    click.echo(_("Mỗi lần so: %(ms)s ms.", ms=f"{found.ms_per_comparison:.1f}"))
    for title, pairs in ((_("Bỏ sót"), found.missed), (_("Giống nhầm nhất"), found.mistaken)):
        for pair in pairs:
            score, points = pair.likeness.score, pair.likeness.inliers
            click.echo(f"{title}: {pair.file} · {pair.other_file}  {score:.1f} ({points})")


@duplicates_group.command("fit")
@click.argument("manifest", type=FILE)
@click.option("--out", type=FILE, help="Tệp ghi ra; bỏ trống: webapp/duplicates.json.")
@click.option("--labels", "has_labels", is_flag=True, help="Tính thêm các cặp cán bộ đã quyết.")
@prints_option
@speaks_plainly
def fit(manifest: Path, out: Path | None, has_labels: bool, prints: Path | None) -> None:
    """Khớp trọng số từ MANIFEST; cùng đầu vào thì ra cùng một tệp."""
    read, gallery = _readable(manifest, prints)
    labels = duplicates_labels.labels() if has_labels else ()
    weights = Training(read, gallery, duplicates_fit.assumptions(), labels=labels).fit()
    path = out or WEIGHTS_FILE
    _write(path, duplicates_fit.as_text(weights))
    click.echo(
        _(
            "Đã ghi %(file)s: bản %(version)s, gộp từ %(attach)s, gợi ý từ %(suggest)s.",
            file=path.name,
            version=weights.version,
            attach=f"{weights.attach:.3f}",
            suggest=f"{weights.suggest:.3f}",
        )
    )


@duplicates_group.command("stream")
@click.argument("manifest", type=FILE)
@click.option("--seed", type=int, required=True, help="Số gieo; cùng số thì cùng dòng phản ánh.")
@click.option("--out", type=FILE, required=True, help="Tệp JSON ghi ra.")
@speaks_plainly
def stream(manifest: Path, seed: int, out: Path) -> None:
    """Làm một dòng phản ánh có sẵn đáp án từ các cảnh của MANIFEST."""
    read = duplicates_photos.read_manifest(manifest)
    made = duplicates_streams.stream_of(read, seed)
    folder = str(read.folder.resolve())
    if read.folder.resolve().is_relative_to(out.resolve().parent):
        folder = str(read.folder.resolve().relative_to(out.resolve().parent))
    data = duplicates_streams.as_json(made, seed, folder)
    _write(out, json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    click.echo(_("Đã ghi %(file)s: %(n)d phản ánh.", file=out.name, n=len(made.reports)))


@duplicates_group.command("replay")
@click.argument("streams", nargs=-1, type=FILE)
@click.option("--manifest", type=FILE, help="Ảnh và cảnh để khớp lại, và để làm dòng theo --seeds.")
@click.option("--seeds", help="Làm luôn các dòng của manifest theo số gieo, ví dụ 1-20.")
@click.option(
    "--leave-scenes-out", is_flag=True, help="Khớp lại cho từng dòng, bỏ mọi cảnh có trong dòng đó."
)
@click.option("--json", "is_json", is_flag=True, help="In ra JSON.")
@prints_option
@speaks_plainly
def replay(
    streams: Sequence[Path],
    manifest: Path | None,
    seeds: str | None,
    leave_scenes_out: bool,
    is_json: bool,
    prints: Path | None,
) -> None:
    """Cho các dòng phản ánh STREAMS đi qua cách quyết định thật và các cách đơn giản để so."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = prints or Path(temporary)
        training = _training(manifest, folder) if manifest else None
        if training is None and (leave_scenes_out or seeds):
            raise InvalidInput("manifest_needed")
        read = [duplicates_streams.read_stream(path) for path in streams]
        if training is not None and seeds:
            read += [
                duplicates_streams.stream_of(training.manifest, seed) for seed in _seeds(seeds)
            ]
        if not read:
            raise InvalidInput("stream_needed")
        figures = _replayed(read, training, folder, leave_scenes_out=leave_scenes_out)
    if is_json:
        _print_json([each.as_json() for each in figures])
    else:
        _tell_figures(figures)


@duplicates_group.command("prints")
@speaks_plainly
def take_prints() -> None:
    """Lấy dấu của mọi ảnh chưa có; dừng giữa chừng thì chạy lại, máy làm tiếp phần còn lại."""
    total, seen = photo_prints.count_missing(), 0
    outcomes: Counter[photo_prints.Outcome] = Counter()
    for photos, came_of_them in photo_prints.take_all_missing(
        PhotoStore(settings_in_use().photo_folder)
    ):
        seen += photos
        outcomes += came_of_them
        click.echo(_("Đã xem %(seen)d/%(total)d ảnh.", seen=seen, total=max(seen, total)))
    click.echo(
        _(
            "Đã lấy %(taken)d dấu ảnh; %(unprintable)d ảnh không đọc được;"
            " %(away)d ảnh chưa thấy tệp.",
            taken=outcomes["taken"],
            unprintable=outcomes["unprintable"],
            away=outcomes["away"],
        )
    )


def _replayed(
    streams: Sequence[Stream], training: Training | None, prints: Path, *, leave_scenes_out: bool
) -> list[Figures]:
    scene_of = training.manifest.scene_of if training else {}
    galleries: dict[str, Gallery] = {}
    ready = []
    for each in streams:
        gallery = Gallery(each.folder, prints)
        galleries[each.name] = gallery
        problems = duplicates_streams.unreadable_in(each, gallery)
        _tell_unreadable(problems)
        mended = duplicates_streams.without_photos(each, problems)
        ready.append(duplicates_replay.with_scenes_as_places(mended, scene_of))
    return duplicates_replay.replay_all(
        ready,
        galleries,
        duplicates_replay.weights_for(training if leave_scenes_out else None),
        duplicates_replay.position_weights_for(training, leaves_out=leave_scenes_out),
    )


def _tell_figures(figures: Sequence[Figures]) -> None:
    click.echo(
        _(
            "Cách | đúng khi gộp | tìm được | kể cả gợi ý | gộp nhầm + bỏ sót | gợi ý đúng |"
            " B³ | vụ việc/điểm | ms"
        )
    )
    for each in figures:
        pairs = each.pairs
        click.echo(
            " | ".join(
                (
                    each.way,
                    _share(pairs.precision, each.precision.lower, each.precision.upper),
                    _share(pairs.recall, each.recall.lower, each.recall.upper),
                    _share(
                        pairs.recall_with_suggestions,
                        each.recall_with_suggestions.lower,
                        each.recall_with_suggestions.upper,
                    ),
                    f"{pairs.false_joins:.0f} + {pairs.missed_joins:.0f}",
                    f"{each.suggestions_right}/{each.suggestions}",
                    f"{each.b_cubed_f1:.3f}",
                    f"{each.cases_made}/{each.places}",
                    f"{each.ms_per_decision:.1f}",
                )
            )
        )


def _share(share: float, lower: float, upper: float) -> str:
    return f"{share:.3f} [{lower:.3f}; {upper:.3f}]"


def _training(manifest: Path, prints: Path) -> Training:
    read, gallery = _readable(manifest, prints)
    return Training(read, gallery, duplicates_fit.assumptions())


def _readable(manifest: Path, prints: Path | None) -> tuple[Manifest, Gallery]:
    """Read a manifest and take all prints; name what cannot be read, and leave it out."""
    read = duplicates_photos.read_manifest(manifest)
    gallery = Gallery(read.folder, prints)
    problems = duplicates_photos.unreadable_in(read, gallery)
    _tell_unreadable(problems)
    kept = read.without(problems)
    if not kept.scene_of:
        raise InvalidInput("manifest_malformed", file=manifest.name, problem="images")
    return kept, gallery


def _tell_unreadable(problems: dict[str, str]) -> None:
    for file, problem in problems.items():
        click.echo(
            _("Bỏ qua ảnh %(file)s: không đọc được (%(problem)s).", file=file, problem=problem),
            err=True,
        )


def _seeds(words: str) -> range:
    first, _dash, last = words.partition("-")
    try:
        return range(int(first), int(last or first) + 1)
    except ValueError:
        raise InvalidInput("seeds_malformed", seeds=words) from None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError:
        raise InvalidInput("weights_file_unwritable", file=path.name) from None


def _print_json(data: Any) -> None:
    click.echo(json.dumps(data, indent=1, ensure_ascii=False))
