"""What an expert writes by hand for pictures that are on the GPU: torch letterboxes, torchvision suppresses.

The network is ONNX Runtime's, replayed as its own CUDA graph on torch's stream; one batch after the other. For models
of YOLOv8's layout and NV12 pictures of one size. Nothing of this project is in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate
from torchvision.ops import batched_nms

CONFIDENCE, IOU, GREY = 0.25, 0.7, 114 / 255


class ByHand:
    """A session with its buffers."""

    def __init__(self, model: str | bytes, batch: int, size: int) -> None:
        """Loads it and warms up; batches have `batch` pictures, the network's are `size` px wide and high."""
        self.stream = torch.cuda.Stream()
        options = onnxruntime.SessionOptions()
        provider = {"enable_cuda_graph": "1", "cudnn_conv_algo_search": "HEURISTIC", "use_tf32": "0"}
        if isinstance(model, bytes):
            provider["prefer_nhwc"] = "1"
        provider["user_compute_stream"] = str(self.stream.cuda_stream)
        self.session = onnxruntime.InferenceSession(model, options, providers=[("CUDAExecutionProvider", provider)])
        (given,), (answer,) = self.session.get_inputs(), self.session.get_outputs()
        self.input = torch.full((batch, 3, size, size), GREY, device="cuda")
        self.answer = torch.empty((batch, *answer.shape[1:]), device="cuda")
        self.binding = self.session.io_binding()
        self.binding.bind_input(given.name, "cuda", 0, np.float32, list(self.input.shape), self.input.data_ptr())
        self.binding.bind_output(answer.name, "cuda", 0, np.float32, list(self.answer.shape), self.answer.data_ptr())
        # From Y, U and V in BT.601's limited range to R, G and B between 0 and 1.
        rows = [[1.164, 0.0, 1.596], [1.164, -0.392, -0.813], [1.164, 2.017, 0.0]]
        self.matrix = torch.tensor(rows, device="cuda") / 255
        self.black = torch.tensor([16.0, 128.0, 128.0], device="cuda").view(1, 3, 1, 1)

    def fill(self, luma: Any, chroma: Any) -> None:
        """Letterboxes planes of uint8, shapes (batch, height, width) and (batch, height / 2, width / 2, 2)."""
        size = self.input.shape[2]
        scale = size / max(luma.shape[1:])
        new = round(luma.shape[1] * scale), round(luma.shape[2] * scale)
        y = interpolate(luma.unsqueeze(1).float(), new, mode="bilinear", antialias=False)
        uv = interpolate(chroma.permute(0, 3, 1, 2).float(), new, mode="bilinear", antialias=False)
        yuv = torch.cat([y, uv], dim=1) - self.black
        top, left = (size - new[0]) // 2, (size - new[1]) // 2
        rgb = torch.einsum("oc,bchw->bohw", self.matrix, yuv).clamp_(0, 1)
        self.input[:, :, top : top + new[0], left : left + new[1]] = rgb

    def boxes(self) -> NDArray[np.float32]:
        """What is found: picture, corners [model px], score and class, shape (n, 7)."""
        best, kind = self.answer[:, 4:].max(dim=1)
        picture, cell = torch.nonzero(best >= CONFIDENCE, as_tuple=True)
        centre, half = self.answer[picture, :2, cell], self.answer[picture, 2:4, cell] / 2
        corners, score, kind = (
            torch.cat([centre - half, centre + half], dim=1),
            best[picture, cell],
            kind[picture, cell],
        )
        kept = batched_nms(corners, score, picture * 1000 + kind, IOU)
        columns = [picture[kept, None], corners[kept], score[kept, None], kind[kept, None]]
        found: NDArray[np.float32] = torch.cat([column.float() for column in columns], dim=1).cpu().numpy()
        return found

    def run(self, luma: Any, chroma: Any) -> NDArray[np.float32]:
        """A batch, from its planes to its boxes on the host."""
        with torch.cuda.stream(self.stream), torch.inference_mode():
            self.fill(luma, chroma)
            self.session.run_with_iobinding(self.binding)
            return self.boxes()


def on_the_gpu(planes: Sequence[tuple[NDArray[np.uint8], NDArray[np.uint8]]]) -> tuple[Any, Any]:
    """Y and UV planes of a batch as `fill` wants them."""
    luma = np.stack([y for y, _ in planes])
    chroma = np.stack([uv.reshape(len(uv), -1, 2) for _, uv in planes])
    return torch.from_numpy(luma).cuda(), torch.from_numpy(chroma).cuda()
