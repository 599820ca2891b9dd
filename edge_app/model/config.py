"""Which model looks at the pictures: the `model` section."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from edge_app.config.section import SHA256, SIZE, ConfigPath, Section, possible, wrong


class ModelConfig(Section):
    """The model: a named one with a card, or an ONNX file; one that a server has needs neither."""

    name: Annotated[str, AfterValidator(possible)] | None = Field(default=None, min_length=1)
    """A folder with a model.yaml: beside this file, in ./models, in state_dir/models (`edge-app models pull`) or
    bundled."""
    onnx: ConfigPath | None = None
    """An ONNX file, instead of `name`; a family that is known needs nothing else."""
    labels: ConfigPath | None = None
    """Text file, one class name per line, or `coco`; null: the card's, the ONNX file's own, those of Hugging Face's
    config.json or PaddleDetection's infer_cfg.yml beside it, or COCO's where there are 80 or 91."""
    size: str | None = Field(default=None, pattern=SIZE)
    """WIDTHxHEIGHT [px] that pictures are fed in, such as 640x640, for a file that takes any size; smaller is faster
    and misses small objects. null: the file's, the card's, or that of Hugging Face's preprocessor_config.json beside
    it."""
    decoder: str | None = Field(default=None, min_length=1)
    """Family of the model, whose official preprocessing it implies: yolox, yolox_decoded, ultralytics, end2end, yolov5,
    yolov6, yolov7_flat, yolonas, efficientnms, rtdetr, rtdetr_ultralytics, rtdetr_ultralytics_old, rfdetr, ssd,
    deepstream, deepstream_centres, deepstream_detr, hf_detr_sigmoid, hf_detr_softmax, torchvision, detectron2, rtmdet,
    ppyoloe, damoyolo, yoloworld, nanodet or nanodet_first; null: recognised by names, shapes and metadata, and where
    several look alike, by what the model answers to test pictures; if that does not tell them apart either, an error
    lists them."""
    accept_unverified: str | None = Field(default=None, pattern=SHA256)
    """SHA-256 of an INT8 file, as `models inspect` shows it, that runs without the report of `edge-app calibrate`: its
    accuracy is then unknown."""

    @property
    def wh(self) -> tuple[int, int] | None:
        """Width and height that `size` gives [px]."""
        if self.size is None:
            return None
        width, height = map(int, self.size.split("x"))
        return width, height

    @model_validator(mode="after")
    def _not_both(self) -> ModelConfig:
        if self.name is not None and self.onnx is not None:
            raise wrong("want name or onnx, not both", "onnx")
        return self
