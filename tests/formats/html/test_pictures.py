"""Maps over pictures: what is drawn is decoded again, with a reader of PNG that is not ours."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from audit.formats.html.explainability.encoded_maps import attribution_map, png_url, samples
from audit.formats.html.explainability.saliency_maps import COLUMNS, MAP, marks, ninths
from audit.formats.html.page import render_html
from audit.result import CheckResult, Report, Scalar

from .attributions import table
from .builders import measurement
from .pages import Element, parse
from .pictured import CASES, HEIGHT, STEP, WIDTH, check, coded, image, lines, masked, pictured, steps

RAISES, LOWERS = [217, 95, 2], [59, 125, 216]


def drawn(picture: Element) -> list[np.ndarray]:
    """Return the layers of a picture as arrays."""
    found = []
    for layer in picture.all("image"):
        kind, _, data = str(layer.attributes["href"]).partition(",")
        assert kind == "data:image/png;base64"
        found.append(np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))))
    return found


def opened(url: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(url.removeprefix("data:image/png;base64,"))))


def pictures(report: Report) -> list[Element]:
    return parse(render_html(report)).all("svg", class_="picture")


def with_line(**changed: Scalar | None) -> Report:
    """A report with one telling picture, changed."""
    line = dict(zip(COLUMNS, lines(True)[0], strict=True)) | changed
    only = CheckResult(
        name="explainability",
        status="measured",
        measurements=[measurement("explainability.rank_stability", 0.9, None, 9)],
        tables=[table("pictures", [list(line.values())], *COLUMNS)],
    )
    return replace(pictured(), checks=[only])


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3, 4]), st.randoms(use_true_random=False))
def test_png_is_read_back_by_pillow(height: int, width: int, channels: int, random: Any) -> None:
    given_samples = bytes(random.randrange(256) for _ in range(height * width * channels))
    found = opened(png_url(given_samples, width, channels))
    assert found.mode == {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    assert np.asarray(found).tobytes() == given_samples


@pytest.mark.parametrize(
    ("channels", "file"),
    [
        (
            1,
            "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAAAAAC4HznGAAAAEElEQVR42mPgNghlqJp/BAAGjgJuHxiqFwAAAABJRU5ErkJggg==",
        ),
        (
            3,
            "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAHUlEQVR42mNQdMuesPXWfxVPhrzJO+4yqfsUTgMAVYkI"
            "cLfDtmgAAAAASUVORK5CYII=",
        ),
        (
            4,
            "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAYAAACddGYaAAAAI0lEQVR42mPQCSybfeApl35I5bzDDC94jcJrFh57LWAa"
            "VQ8AjrALBXE+jewAAAAASUVORK5CYII=",
        ),
    ],
)
def test_png_shows_what_a_file_written_by_hand_shows(channels: int, file: str) -> None:
    """The files are of a writer without Pillow: three columns, two rows, by ISO/IEC 15948 alone."""
    theirs = Image.open(io.BytesIO(base64.b64decode(file)))
    raw = bytes((37 * place + 11 * channels) % 256 for place in range(2 * 3 * channels))
    ours = opened(png_url(raw, 3, channels))
    assert (ours.mode, ours.size) == (theirs.mode, theirs.size)
    assert ours.tobytes() == theirs.tobytes()


def test_heat_has_the_sign_as_hue_and_the_size_as_opacity() -> None:
    for case, picture in enumerate(pictures(masked())[1:]):
        (heat,) = drawn(picture)
        values = np.array(steps(case)).reshape(HEIGHT, WIDTH)
        np.testing.assert_array_equal(heat[..., 3], np.rint(255 * np.abs(values) / 90))
        assert (heat[values > 0][:, :3] == RAISES).all() and (heat[values < 0][:, :3] == LOWERS).all()


def test_shown_images_stand_beside_and_faded_beneath() -> None:
    _, *shown = pictures(pictured())
    for case in range(len(CASES)):
        (plain,), (beneath, heat) = drawn(shown[2 * case]), drawn(shown[2 * case + 1])
        channels = 3 if case else 1
        raw = np.frombuffer(base64.b64decode(image(channels)), np.uint8).reshape(HEIGHT, WIDTH, channels)
        np.testing.assert_array_equal(plain, raw.squeeze())
        assert heat.shape == (HEIGHT, WIDTH, 4)
        grey = raw.squeeze() if channels == 1 else np.asarray(Image.fromarray(raw).convert("L"))
        np.testing.assert_allclose(beneath, 128 + grey / 2.0, atol=1.01)


def test_words_say_what_colours_do() -> None:
    article = parse(render_html(pictured()))
    said = [e.text for e in article.all("figure") if e.all("div", class_="pair")]
    values = (
        np.array(steps(0)).reshape(3, 3, 3, 4).sum((1, 3)) * STEP
    )  # by ninths: rows by rows, columns by columns
    assert values.max() == values[0, 0] and values.min() == values[2, 2]
    assert said[0].startswith("confident error row 222 Score 0.020 (pass), label look.")
    assert f"Most raised by scan (upper left): +{values.max():.2f}" in said[0]
    assert f"most lowered by scan (lower right): −{-values.min():.2f}" in said[0]
    assert "0.900 where the colour is full." in said[0]
    titled = article.all("svg", class_="picture")[2]
    assert [e.text for e in titled.all("title")] == ["Contribution of each image region"]
    assert "Most raised by scan" in titled.all("desc")[0].text


def test_the_map_names_the_ninth_with_most() -> None:
    size = np.abs(np.array(steps(0)).reshape(3, 3, 3, 4)).sum((1, 3))
    share = 100 * size.max() / size.sum()
    (said,) = [e.text for e in parse(render_html(masked())).all("div", class_="says") if "ninth" in e.text]
    expected = f"Over 899 rows, {share:.1f} % of the attributions' mean size lies in the upper left ninth"
    assert said.replace("\u00a0", " ").startswith(expected)


def test_signs_stand_where_the_output_moves_most() -> None:
    found = attribution_map(dict(zip(COLUMNS, lines(True)[0], strict=True)))
    assert found is not None
    placed = marks(found)
    assert {mark.sign for mark in placed} == {"+", "−"}
    parts: dict[tuple[int, int], float] = {}
    for place, value in enumerate(found.values):
        part = place // WIDTH * 8 // HEIGHT, place % WIDTH * 8 // WIDTH
        parts[part] = parts.get(part, 0.0) + value
    for sign, ranked in (
        ("+", sorted(parts, key=lambda p: -parts[p])),
        ("−", sorted(parts, key=lambda p: parts[p])),
    ):
        own = [m for m in placed if m.sign == sign]
        places = [(float(m.y.rstrip("%")) / 100, float(m.x.rstrip("%")) / 100) for m in own]
        assert [(int(row * 8), int(column * 8)) for row, column in places] == ranked[: len(own)]
        assert len(own) <= 3
    top = max(abs(total) for total in parts.values())
    assert min(abs(total) for total in parts.values() if abs(total) >= 0.25 * top) < top  # some are left out
    assert len(placed) < sum(abs(total) > 0 for total in parts.values())


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 5), (3, 3), (64, 7)])
def test_ninths_add_up(height: int, width: int) -> None:
    values = np.random.default_rng(0).integers(-99, 99, height * width).tolist()
    found = attribution_map({"height": height, "width": width, "step": 0.5, "cells": coded(values)})
    assert found is not None
    names = ninths(found)
    assert len(names) == min(3, height) * min(3, width)
    assert sum(total for _, total in names) == pytest.approx(sum(values) / 2)


@pytest.mark.parametrize(
    "changed",
    [
        {"cells": "no base64!"}, {"cells": "é"}, {"cells": None}, {"cells": coded([1, 2])}, {"cells": 7},
        {"height": 0}, {"height": -9}, {"height": 9.5}, {"height": 10**6}, {"height": "9"}, {"width": True},
        {"step": float("nan")}, {"step": float("inf")}, {"step": -0.1}, {"step": None},
    ],
)  # fmt: skip
def test_a_picture_that_cannot_be_read_is_left_out(changed: dict[str, Any]) -> None:
    assert pictures(with_line(**changed)) == []


@pytest.mark.parametrize(
    "changed", [{"image": "!"}, {"image": image(3)}, {"channels": 2}, {"channels": None}]
)
def test_an_image_that_cannot_be_read_leaves_its_attributions(changed: dict[str, Any]) -> None:
    (only,) = pictures(with_line(**changed))
    assert len(only.all("image")) == 1


def test_nothing_to_see_is_drawn_as_nothing() -> None:
    (_, heat) = drawn(pictures(with_line(cells=coded([0] * HEIGHT * WIDTH), step=0.0))[1])
    assert (heat[..., 3] == 0).all()
    blank = table("picture_map", [["scan", None, 1, 1, 0.0, coded([0])]], *MAP)
    (only,) = pictures(replace(pictured(), checks=[replace(check(), tables=[blank])]))
    assert (drawn(only)[0][..., 3] == 0).all()


def test_huge_steps_stay_finite() -> None:
    page = render_html(with_line(step=9e299))
    assert not re.search(r"\b(nan|inf)\b", page)


def test_text_from_outside_is_shown_as_text() -> None:
    page = render_html(with_line(why="<script>alert(1)</script>", feature='"><img src=x>', image='"/><b>'))
    root = parse(page)
    (figure,) = [f for f in root.all("figure") if f.all("svg", class_="picture")]
    assert len(root.all("script")) == 1 and not root.all("img") and not figure.all("b")
    assert "<script>alert(1)</script>" in figure.text


def test_samples_need_one_or_three_channels() -> None:
    line: dict[str, Scalar | None] = {"image": base64.b64encode(bytes(4)).decode(), "channels": 1}
    assert samples(line, 2, 2) == (bytes(4), 1)
    assert samples(line, 3, 2) is None
    assert samples({**line, "channels": 4}, 1, 1) is None


def test_every_image_lies_in_the_page() -> None:
    root = parse(render_html(pictured()))
    addresses = [str(layer.attributes["href"]) for layer in root.all("image")]
    assert addresses and all(address.startswith("data:image/png;base64,") for address in addresses)
    assert not [e for e in root.walk() if {"src", "srcset", "data"} & e.attributes.keys()]
