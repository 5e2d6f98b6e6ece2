"""Fitting and measuring work from any folder of photos, and say what they cannot read."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from PIL import Image

from tests.pictures import ROOT, street
from webapp.domain.errors import InvalidInput
from webapp.services.duplicates_fit import TRAINING_SEEDS, Training, as_text, assumptions
from webapp.services.duplicates_photos import Gallery, read_manifest
from webapp.services.triage_policy import WEIGHTS_FILE, fitted_weights

SCENES = ROOT.parent / "shared" / "data" / "scenes"
VIEWS = ((0, 0, 1024, 768), (60, 30, 1024, 768), (0, 0, 960, 720))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five streets: four of three views each, one of a single view."""
    folder = tmp_path_factory.mktemp("scenes")
    images = []
    for scene in range(5):
        for view, box in enumerate(VIEWS if scene else VIEWS[:1]):
            name = f"s{scene}v{view}.jpg"
            taken = street(40 + scene).crop(box).resize((448, 336), Image.Resampling.LANCZOS)
            taken.save(folder / name, quality=90 - 5 * view)
            images.append({"file": name, "scene_id": f"street-{scene}"})
    write(folder / "manifest.json", {"images": images})
    return folder


@pytest.fixture(scope="module")
def training(folder: Path) -> Training:
    manifest = read_manifest(folder / "manifest.json")
    gallery = Gallery(folder, folder / "prints")
    return Training(manifest, gallery, assumptions(), seeds=TRAINING_SEEDS[:12])


def write(path: Path, data: Any) -> Path:
    path.write_text(json.dumps(data), "utf-8")
    return path


def run(app: Flask, *words: str | Path) -> Result:
    arguments = ["duplicates", *(str(word) for word in words)]
    return app.test_cli_runner().invoke(args=arguments)


def test_a_fit_separates_streets_that_look_different(training: Training) -> None:
    weights = training.fit()
    assert weights.photo.of_score(0.0) < 0 < weights.photo.of_score(200.0)
    assert 0 < weights.suggest <= weights.attach < 1
    assert weights.account["counted"]["pairs_of_one_scene"] == 12


def test_the_same_input_makes_the_same_file(training: Training) -> None:
    again = Training(training.manifest, training.gallery, assumptions(), training.seeds)
    assert as_text(again.fit()) == as_text(training.fit())


def test_what_is_left_out_is_not_fitted_on(training: Training) -> None:
    counts = training.fit({"street-1"}).account["counted"]
    assert counts["scenes"] == 4
    assert counts["pairs_of_one_scene"] == 9


def test_too_few_scenes_are_refused(training: Training) -> None:
    with pytest.raises(InvalidInput, match="photos_too_few"):
        training.fit({"street-1", "street-2", "street-3"})


def test_positions_alone_are_fitted_without_a_photo(training: Training) -> None:
    alone = Training(training.manifest, training.gallery, assumptions(), (1001, 1002), False)
    assert alone.fit().account["counted"]["decisions"] > 0


def test_evaluate_counts_every_pair(app: Flask, folder: Path) -> None:
    words = ("evaluate", folder / "manifest.json", "--prints", folder / "prints")
    told = json.loads(run(app, *words, "--json").stdout)
    assert (told["photos"], told["scenes"]) == (13, 5)
    assert (told["true_pairs"], told["false_pairs"]) == (12, 66)
    assert told["recall_at_false_share"]["0.01"] >= told["recall_at_false_share"]["0.0"]
    assert "13 ảnh, 5 cảnh; 12 cặp cùng cảnh, 66 cặp khác cảnh." in run(app, *words).output


def test_an_unreadable_photo_is_named_and_left_out(
    app: Flask, folder: Path, tmp_path: Path
) -> None:
    listed = json.loads((folder / "manifest.json").read_text("utf-8"))["images"]
    for image in listed:
        image["file"] = str(folder / image["file"])
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    strangers = [{"file": name, "scene_id": "x"} for name in ("broken.jpg", "gone.jpg")]
    manifest = write(tmp_path / "m.json", {"images": [*listed, *strangers]})
    result = run(app, "evaluate", manifest)
    assert result.exit_code == 0
    assert "Bỏ qua ảnh broken.jpg" in result.stderr
    assert "Bỏ qua ảnh gone.jpg" in result.stderr
    assert "13 ảnh" in result.stdout


@pytest.mark.parametrize(
    "text", ["", "[", "[]", "{}", '{"images": []}', '{"images": [{"file": 1}]}']
)
def test_a_bad_manifest_ends_in_a_sentence(app: Flask, tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text, "utf-8")
    for command in ("evaluate", "fit"):
        result = run(app, command, path)
        assert result.exit_code == 1
        assert "bad.json không phải danh sách ảnh" in result.output


def test_a_missing_file_ends_in_a_sentence(app: Flask, tmp_path: Path) -> None:
    assert "Không mở được tệp danh sách ảnh" in run(app, "evaluate", tmp_path / "no.json").output
    assert "Không mở được tệp dòng phản ánh" in run(app, "replay", tmp_path / "no.json").output


def test_a_stream_is_written_and_replayed(app: Flask, folder: Path) -> None:
    out = folder / "stream.json"
    made = run(app, "stream", folder / "manifest.json", "--seed", "3", "--out", out)
    assert made.exit_code == 0, made.output
    assert json.loads(out.read_text("utf-8"))["photos"] == "."
    told = json.loads(run(app, "replay", out, "--json", "--prints", folder / "prints").stdout)
    assert [each["way"] for each in told] == [
        *("model", "position_only", "perceptual_hash", "radius_250_m", "radius_25_m")
    ]
    reports = json.loads(out.read_text("utf-8"))["reports"]
    for each in told:
        assert each["places"] == len({report["place"] for report in reports})
        assert 0 <= each["precision_95"][0] <= each["precision"] <= each["precision_95"][1] <= 1
    assert "model | " in run(app, "replay", out, "--prints", folder / "prints").output


def test_a_replay_may_leave_the_scenes_of_each_stream_out(app: Flask, tmp_path: Path) -> None:
    images = []
    for scene in range(7):
        for view, box in enumerate(VIEWS[:2]):
            name = f"s{scene}v{view}.jpg"
            street(60 + scene).crop(box).resize((320, 240)).save(tmp_path / name)
            images.append({"file": name, "scene_id": f"street-{scene}"})
    manifest = write(tmp_path / "m.json", {"images": images})
    words = ("replay", "--manifest", manifest, "--seeds", "1-2", "--leave-scenes-out", "--json")
    result = run(app, *words, "--prints", tmp_path / "prints")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)[0]["way"] == "model"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Hãy nêu ít nhất một dòng phản ánh"),
        (("--seeds", "1-3"), "Cần --manifest"),
        (("--leave-scenes-out",), "Cần --manifest"),
    ],
)
def test_a_replay_says_what_it_needs(app: Flask, words: tuple[str, ...], sentence: str) -> None:
    assert sentence in run(app, "replay", *words).output


@pytest.mark.parametrize(
    "report",
    [
        {"latitude": 11.6, "longitude": 109.1, "place": "a"},
        {"latitude": "x", "longitude": 109.1, "place": "a", "time": "2026-06-01T00:00:00Z"},
        {"latitude": 0, "longitude": 0, "place": "a", "time": "2026-06-01T00:00:00Z"},
        "no report",
    ],
)
def test_a_bad_report_of_a_stream_is_named(app: Flask, tmp_path: Path, report: Any) -> None:
    good = {"latitude": 11.6, "longitude": 109.1, "place": "a", "time": "2026-06-01T00:00:00"}
    path = write(tmp_path / "s.json", {"reports": [good, report]})
    assert "reports[2]" in run(app, "replay", path).output


def test_reports_without_photos_or_accuracy_can_be_replayed(app: Flask, tmp_path: Path) -> None:
    moment = "2026-06-01T00:00:00+07:00"
    report = {"latitude": 11.6, "longitude": 109.1, "place": "a", "time": moment}
    path = write(tmp_path / "s.json", {"reports": [report, {**report, "photo": "gone.jpg"}]})
    result = run(app, "replay", path, "--json")
    assert json.loads(result.stdout)[0]["missed_joins"] == 1
    assert "Bỏ qua ảnh gone.jpg" in result.stderr


def test_the_fitting_in_use_was_fitted_on_the_development_scenes() -> None:
    if not SCENES.exists():
        print("no development scenes beside the project: their manifest was not compared")
        return
    manifest = read_manifest(SCENES / "manifest.json")
    assert fitted_weights().account["manifest_sha256"] == manifest.sha256


@pytest.mark.soak
def test_the_fitting_in_use_is_what_the_command_writes(app: Flask, tmp_path: Path) -> None:
    if not SCENES.exists():
        print("no development scenes beside the project: nothing was fitted")
        return
    out = tmp_path / "duplicates.json"
    assert run(app, "fit", SCENES / "manifest.json", "--out", out).exit_code == 0
    assert out.read_text("utf-8") == WEIGHTS_FILE.read_text("utf-8")
