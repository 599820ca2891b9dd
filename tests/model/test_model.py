"""A model on disk: card, signature, labels, and where it is found."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import onnx
import pytest

from edge_app.core.errors import ConfigError, DataError, InputError
from edge_app.model import Labels, find, find_labels, metadata_labels, read_signature
from edge_app.model.config import ModelConfig
from edge_app.model.installed import installed
from tests.onnx_models import channel_means, write

CARD = """
name: toy
files: {fp32: toy.onnx}
labels: [cat, dog, cow]
input: {width: 32, height: 32, color: rgb, scale: 0.0039, letterbox: centre}
decoder: {family: yolox}
thresholds: {confidence: 0.4, nms_iou: 0.6}
"""


def model(**keys):
    return ModelConfig.model_validate(keys)


@pytest.fixture
def toy(tmp_path):
    """A folder of models with one of them in it."""
    folder = tmp_path / "models" / "toy"
    folder.mkdir(parents=True)
    channel_means(folder / "toy.onnx", 1)
    (folder / "model.yaml").write_text(CARD)
    return folder


def test_a_named_model_is_found_beside_the_configuration(toy, tmp_path):
    found = find(model(name="toy"), tmp_path, tmp_path / "state")
    assert found.file("fp32") == toy / "toy.onnx"
    assert found.card.thresholds.confidence == 0.4
    assert found.card.input.color == "rgb"


def test_a_named_model_is_found_in_the_state_folder(toy, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    toy.parent.rename(state / "models")
    assert find(model(name="toy"), tmp_path, state).folder == state / "models" / "toy"


def test_an_unknown_model_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(InputError, match=f"no model nope: .*{tmp_path}"):
        find(model(name="nope"), tmp_path, tmp_path)


def test_a_missing_onnx_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.onnx: no such model file"):
        find(model(onnx=str(tmp_path / "none.onnx")), tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        pytest.param("width: 32", "width: wide", "model.yaml: input.width", id="wrong type"),
        pytest.param("labels:", "lables:", "model.yaml: lables", id="unknown key"),
        pytest.param("width: 32", "std: [1, 0, 1], width: 32", "model.yaml: input.std", id="divides by zero"),
        pytest.param("scale: 0.0039", "scale: .inf", "model.yaml: input.scale", id="infinite"),
        pytest.param("name: toy", "name: [", "model.yaml", id="not YAML"),
    ],
)
def test_a_mistake_in_the_card_names_file_and_key(toy, tmp_path, old, new, words):
    (toy / "model.yaml").write_text(CARD.replace(old, new))
    with pytest.raises(InputError, match=words):
        find(model(name="toy"), tmp_path, tmp_path)


BOMB = "a0: &a0 {k: v}\n" + "".join(f"a{i}: &a{i} {{x: *a{i - 1}, y: *a{i - 1}}}\n" for i in range(1, 40))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("name: " + "[" * 5000, "nested too deep", id="nested"),
        pytest.param("name: " + "[" * 30 + "]" * 30, "nested too deep", id="nested a little"),
        pytest.param(BOMB, "an alias", id="aliases of aliases"),
        pytest.param(BOMB.replace("x: *", "<<: *"), "an alias", id="merged aliases"),
        pytest.param("a: &a [*a]", "an alias", id="contains itself"),
        pytest.param("name: 2026-13-45", "files: Field required", id="no date"),
        pytest.param("name: !!python/object:os.system x", "tags are not supported", id="tag"),
        pytest.param("name: \0", "unexpected character", id="nul"),
        pytest.param("", "empty", id="empty"),
        pytest.param("# " + "x" * (5 << 20), "larger than 4 MB", id="large"),
        pytest.param("[1, 2]", r"model.yaml: Input should be a valid dictionary", id="a list"),
        pytest.param(
            "version https://git-lfs.github.com/spec/v1\noid sha256:1f2e\nsize 9\n",
            r"model.yaml: a Git LFS pointer: run git lfs pull$",
            id="a Git LFS pointer",
        ),
    ],
)
def test_a_card_that_is_none_is_refused_in_a_line(toy, tmp_path, content, words):
    (toy / "model.yaml").write_text(content)
    with pytest.raises(InputError, match=words) as caught:
        find(model(name="toy"), tmp_path, tmp_path)
    assert "\n" not in str(caught.value)


def test_a_pipe_in_the_place_of_a_card_is_not_waited_for(toy, tmp_path):
    (toy / "model.yaml").unlink()
    os.mkfifo(toy / "model.yaml")
    with pytest.raises(InputError, match="no model toy"):
        find(model(name="toy"), tmp_path, tmp_path)
    assert [(each.name, each.error) for each in installed(tmp_path, tmp_path / "state") if each.name == "toy"] == [
        ("toy", f"{toy.resolve()}/model.yaml: not a file")
    ]


def test_a_file_that_is_not_the_cards_is_refused(toy, tmp_path):
    digest = hashlib.sha256((toy / "toy.onnx").read_bytes()).hexdigest()
    (toy / "model.yaml").write_text(CARD + f"sha256: {{fp32: {digest}}}")
    assert find(model(name="toy"), tmp_path, tmp_path).file("fp32").is_file()
    (toy / "toy.onnx").write_bytes(b"another")
    with pytest.raises(DataError, match="sha256 is not the card's"):
        find(model(name="toy"), tmp_path, tmp_path).file("fp32")


def test_a_precision_that_the_card_does_not_have_is_refused_with_those_that_it_has(toy, tmp_path):
    with pytest.raises(ConfigError, match="toy has no int8 file; it has: fp32"):
        find(model(name="toy"), tmp_path, tmp_path).file("int8")


def test_a_graph_shows_its_inputs_outputs_and_metadata(tmp_path):
    signature = read_signature(channel_means(tmp_path / "m.onnx", "batch"))
    assert str(signature.inputs[0]) == "images float32 (?, 3, 32, 32)"
    assert signature.batch is None
    assert signature.input_wh == (32, 32)
    assert not signature.quantized


@pytest.mark.parametrize("length", [0, 10, 100])
def test_a_truncated_model_is_named(tmp_path, length):
    path = channel_means(tmp_path / "cut.onnx", 1)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DataError, match=r"cut\.onnx"):
        read_signature(path)


def test_a_model_without_a_picture_input_is_refused_with_its_inputs(tmp_path):
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 4])
    out = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 4])
    path = write(tmp_path / "m.onnx", [onnx.helper.make_node("Identity", ["x"], ["y"])], [value], [out])
    with pytest.raises(DataError, match=r"its inputs: x float32 \(1, 4\)"):
        read_signature(path)


def taking(path, batch, *others):
    """A model of pictures, so many at once, with more inputs of these dtypes."""
    helper, dtypes = onnx.helper, onnx.TensorProto
    inputs = [helper.make_tensor_value_info("x", dtypes.FLOAT, [batch, 3, 8, 8])]
    inputs += [helper.make_tensor_value_info(f"other_{dtype}", dtype, [1]) for dtype in others]
    outputs = [helper.make_tensor_value_info("y", dtypes.FLOAT, [batch, 3, 8, 8])]
    return write(path, [helper.make_node("Identity", ["x"], ["y"])], inputs, outputs)


@pytest.mark.parametrize(
    ("dtype", "word"), [(onnx.TensorProto.STRING, "string"), (onnx.TensorProto.UNDEFINED, "undefined")]
)
def test_an_input_that_is_no_number_is_refused(tmp_path, dtype, word):
    path = taking(tmp_path / "m.onnx", 1, dtype)
    with pytest.raises(DataError, match=rf"m\.onnx: its input is other_\d {word} \(1\); want numbers$"):
        read_signature(path)


def test_a_batch_beyond_reason_is_refused(tmp_path):
    assert read_signature(taking(tmp_path / "m.onnx", 1024)).batch == 1024
    with pytest.raises(DataError, match=r"m\.onnx: it takes 1025 pictures at once; want 1024 at most$"):
        read_signature(taking(tmp_path / "m.onnx", 1025))


@pytest.mark.parametrize(
    ("metadata", "card_wh", "expected"),
    [
        pytest.param({}, None, None, id="nowhere"),
        pytest.param({"imgsz": "[32, 48]"}, None, (48, 32), id="the metadata: height first"),
        pytest.param({"imgsz": "[32, 48]"}, (8, 16), (8, 16), id="the card wins"),
        pytest.param({"imgsz": "640"}, None, None, id="metadata of another form"),
        pytest.param({"imgsz": "[0, -3]"}, None, None, id="metadata that cannot be"),
        pytest.param({"imgsz": "{[]: 1}"}, None, None, id="metadata that is no value"),
        pytest.param({"imgsz": "__import__('os')"}, None, None, id="metadata is not code"),
    ],
)
def test_the_size_of_a_dynamic_input_is_found_elsewhere(tmp_path, metadata, card_wh, expected):
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.UINT8, ["n", "h", "w", 3])
    out = onnx.helper.make_tensor_value_info("y:0", onnx.TensorProto.UINT8, ["n", "h", "w", 3])
    nodes = [onnx.helper.make_node("Identity", ["x"], ["y:0"])]
    signature = read_signature(write(tmp_path / "m.onnx", nodes, [value], [out], metadata=metadata), card_wh)
    assert signature.picture.channels_last
    assert signature.input_wh == expected
    assert signature.fixed_outputs
    assert (signature.output_indices("y"), signature.output_indices("y", "z")) == ((0,), None)


@pytest.mark.parametrize(
    ("classes", "card", "metadata", "expected"),
    [
        pytest.param(2, ("a", "b"), {"names": "{0: 'x', 1: 'y'}"}, ("a", "b"), id="the card's first"),
        pytest.param(2, None, {"names": "{1: 'y', 0: 'x'}"}, ("x", "y"), id="then the metadata's, by number"),
        pytest.param(2, None, {"names": "['x', 'y']"}, ("x", "y"), id="a list will do"),
        pytest.param(2, None, {"names": "{0: 'x'}"}, ("class_0", "class_1"), id="metadata of another number"),
        pytest.param(2, None, {"names": "__import__('os')"}, ("class_0", "class_1"), id="metadata is not code"),
    ],
)
def test_labels_come_from_the_first_place_that_has_them(classes, card, metadata, expected):
    assert find_labels(classes, None, card, metadata).names == expected


def test_labels_beside_the_file_come_after_its_metadata():
    beside = Labels(("x", "y"), "config.json")
    assert find_labels(2, None, None, {"names": "['a', 'b']"}, beside=beside).names == ("a", "b")
    assert find_labels(2, None, None, {}, beside=beside) == beside
    assert find_labels(None, None, None, {}, beside=beside) == beside


def test_eighty_classes_without_names_are_cocos():
    labels = find_labels(80, None, None, {}).names
    assert (labels[0], labels[79], len(labels)) == ("person", "toothbrush", 80)


def test_a_labels_file_wins_and_must_fit(tmp_path):
    path = tmp_path / "three.txt"
    path.write_text("cat\ndog\ncow\n\n")
    assert find_labels(3, path, ("a", "b", "c"), {}).names == ("cat", "dog", "cow")
    with pytest.raises(ConfigError, match=r"three\.txt: 3 labels for a model of 80 classes"):
        find_labels(80, path, None, {})
    with pytest.raises(InputError, match=r"none\.txt"):
        find_labels(80, Path(tmp_path / "none.txt"), None, {})


def test_labels_in_a_pipe_a_device_or_far_too_large_a_file_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    for path in (tmp_path / "pipe.txt", Path("/dev/zero")):
        with pytest.raises(InputError, match="not a file"):
            find_labels(80, path, None, {})
    (tmp_path / "large.txt").write_bytes(b"cat\n" * (1 << 20) + b"c")
    with pytest.raises(InputError, match="larger than 4 MB"):
        find_labels(80, tmp_path / "large.txt", None, {})


def test_a_model_of_unknown_classes_has_the_names_that_there_are_and_numbers():
    labels = find_labels(None, None, None, {"names": "{0: 'x', 1: 'y'}"})
    assert (labels.names, labels.of_all_classes[:3]) == (("x", "y"), ("x", "y", "class_2"))
    assert find_labels(None, None, ("a",), {"names": "{0: 'x'}"}).of_all_classes[:2] == ("a", "class_1")
    assert find_labels(None, None, None, {}).of_all_classes[80] == "class_80"


def test_coco_is_a_labels_file_that_is_bundled_unless_there_is_one(tmp_path):
    assert find_labels(80, tmp_path / "coco", None, {}).names[79] == "toothbrush"
    (tmp_path / "coco").write_text("cat\n")
    assert find_labels(1, tmp_path / "coco", None, {}).names == ("cat",)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param("{1: 'person', 2: 'car'}", ("class_0", "person", "car"), id="from one"),
        pytest.param("{0: 'cat', 2: 'cow'}", ("cat", "class_1", "cow"), id="a gap"),
        pytest.param(json.dumps({str(i): f"n{i}" for i in range(12)}), tuple(f"n{i}" for i in range(12)), id="as text"),
        pytest.param("{1: 'a', 'b': 'c'}", None, id="not all numbers"),
        pytest.param("{1.5: 'a'}", None, id="not whole"),
        pytest.param("{-1: 'a', 0: 'b'}", None, id="below zero"),
        pytest.param("{0: 'a', 10**12: 'b'}", None, id="not a literal"),
        pytest.param("{0: 'a', 1000000000000: 'b'}", None, id="far away"),
        pytest.param("{[]: 1}", None, id="no dictionary at all"),
        pytest.param("{}", None, id="empty"),
        pytest.param("3", None, id="a number"),
        pytest.param("[" * 5000, None, id="too deep"),
    ],
)
def test_the_metadatas_names_stand_at_their_numbers_or_are_none(names, expected):
    assert metadata_labels({"names": names}) == expected


def test_names_of_another_number_of_classes_are_said_to_be_not_used(caplog):
    assert find_labels(80, None, None, {"names": "['cat', 'dog']"}).names[0] == "person"
    assert caplog.messages == ["metadata names: not used, because they name 2 classes, and the model has 80"]


# Of the published list of COCO's categories: the first, the last, and those beside its gaps.
COCO = {1: "person", 11: "fire hydrant", 13: "stop sign", 25: "giraffe", 27: "backpack", 28: "umbrella", 31: "handbag",
        44: "bottle", 46: "wine glass", 65: "bed", 67: "dining table", 70: "toilet", 72: "tv", 82: "refrigerator",
        84: "book", 90: "toothbrush"}  # fmt: skip


def test_ninety_one_classes_of_another_family_are_not_cocos():
    assert find_labels(91, None, None, {}).names[:2] == ("class_0", "class_1")


@pytest.mark.parametrize(
    ("classes", "file", "from_one"),
    [
        pytest.param(91, None, True, id="91 slots"),
        pytest.param(91, "coco", False, id="91 slots, asked for"),
        pytest.param(None, "coco", True, id="from one"),
    ],
)
def test_where_classes_have_cocos_own_numbers_its_names_stand_there(tmp_path, classes, file, from_one):
    labels = find_labels(classes, file and tmp_path / file, None, {}, from_one=from_one).names
    assert len(labels) == 91
    assert {number: labels[number] for number in COCO} == COCO
    assert [i for i in range(91) if labels[i] == f"class_{i}"] == [0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83]


def test_who_else_could_exchange_a_model_is_told(toy, tmp_path):
    found = find(model(name="toy"), tmp_path, tmp_path)
    assert not found.doubt()
    for path in (toy / "toy.onnx", toy):
        mode = path.stat().st_mode
        path.chmod(mode | 0o002)
        assert found.doubt() == f"{path}: everybody may write it; chmod o-w it"
        path.chmod(mode)


def test_who_could_exchange_the_folder_of_a_model_is_told(toy, tmp_path, monkeypatch):
    found, models = find(model(name="toy"), tmp_path, tmp_path), toy.parent
    models.chmod(0o777)
    assert found.doubt() == f"{models}: everybody may write it; chmod o-w it"
    models.chmod(0o1777)  # as /tmp is
    assert not found.doubt()
    models.chmod(0o755)
    toy.chmod(0o775)
    assert not found.doubt(), "the user's own group"
    monkeypatch.setattr(os, "getegid", lambda: toy.stat().st_gid + 1)
    assert (found.doubt() == f"{toy}: its group may write it; chmod g-w it") is (toy.stat().st_gid != 0)


def test_a_pipe_in_the_place_of_a_model_holds_nothing_up(tmp_path):
    folder = tmp_path / "models" / "pipe"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "model.yaml")
    with pytest.raises(InputError, match="no model pipe: no folder"):
        find(model(name="pipe"), tmp_path, tmp_path)
    (folder / "model.yaml").unlink()
    (folder / "model.yaml").write_text("name: pipe\nfiles: {fp32: pipe.onnx}\n")
    os.mkfifo(folder / "pipe.onnx")
    with pytest.raises(InputError, match="not a file"):
        read_signature(find(model(name="pipe"), tmp_path, tmp_path).file("fp32"), None)


def test_a_file_that_declares_a_billion_classes_is_refused_at_once():
    with pytest.raises(DataError, match="declares 1000000000 classes"):
        find_labels(10**9, None, None, {})
