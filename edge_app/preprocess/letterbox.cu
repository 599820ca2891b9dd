// The letterbox of a whole batch in one launch: pictures of any sizes and formats become rows of the model's input.
// Pixels equal cv2.resize (bilinear, bytes) bit for bit. The arithmetic is of integers only: the host makes the
// weights and the table that turns a byte into the model's number. Rebuilt by tools/build-ptx.
#include <cstdint>

enum Format { BGR, NV12, I420 };

// Two neighbours along an axis and their weights, of 2048.
struct Neighbours {
  uint16_t first, second, first_weight, second_weight;
};

// YUV to RGB, in 2^-20.
struct Matrix {
  int black, luma, red_v, green_u, green_v, blue_u;
};

struct Picture {
  const uint8_t* plane[3];
  const Neighbours* columns;  // of each column of its box in the model's input
  const Neighbours* rows;
  int pitch[3];
  int format;
  Matrix matrix;
  int left, top, width, height;  // the box
};

struct Batch {
  const Picture* pictures;
  const void* table;          // the model's number for each byte, 256 a channel
  void* out;
  long long picture_stride;   // strides in numbers
  int channel_stride, row_stride, column_stride;
  int width, height;          // of the model's input
  int pad;
  int channel[3];             // where blue, green and red are in the model's input
};

__device__ __forceinline__ int byte_of(int value) { return value < 0 ? 0 : (value > 255 ? 255 : value); }

__device__ __forceinline__ void pixel(const Picture& picture, int x, int y, int* bgr) {
  const uint8_t* row = picture.plane[0] + (long long)y * picture.pitch[0];
  if (picture.format == BGR) {
    for (int c = 0; c < 3; c++) bgr[c] = row[3 * x + c];
    return;
  }
  const uint8_t* chroma = picture.plane[1] + (long long)(y >> 1) * picture.pitch[1];
  int u, v;
  if (picture.format == NV12) {
    u = chroma[x & ~1];
    v = chroma[x | 1];
  } else {
    u = chroma[x >> 1];
    v = (picture.plane[2] + (long long)(y >> 1) * picture.pitch[2])[x >> 1];
  }
  u -= 128;
  v -= 128;
  const Matrix& m = picture.matrix;
  int luma = (row[x] > m.black ? row[x] - m.black : 0) * m.luma + (1 << 19);
  bgr[0] = byte_of((luma + m.blue_u * u) >> 20);
  bgr[1] = byte_of((luma + m.green_u * u + m.green_v * v) >> 20);
  bgr[2] = byte_of((luma + m.red_v * v) >> 20);
}

// OpenCV's own rounding: 11 bits of weight an axis, 4 dropped between the axes.
__device__ __forceinline__ void resampled(const Picture& picture, int x, int y, int* bgr) {
  const Neighbours column = picture.columns[x], row = picture.rows[y];
  int corner[4][3];
  pixel(picture, column.first, row.first, corner[0]);
  pixel(picture, column.second, row.first, corner[1]);
  pixel(picture, column.first, row.second, corner[2]);
  pixel(picture, column.second, row.second, corner[3]);
  for (int c = 0; c < 3; c++) {
    int above = corner[0][c] * column.first_weight + corner[1][c] * column.second_weight;
    int below = corner[2][c] * column.first_weight + corner[3][c] * column.second_weight;
    bgr[c] = byte_of((((row.first_weight * (above >> 4)) >> 16) + ((row.second_weight * (below >> 4)) >> 16) + 2) >> 2);
  }
}

template <typename Number> __device__ __forceinline__ void letterbox(const Batch& batch) {
  const int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
  if (x >= batch.width || y >= batch.height) return;
  const Picture& picture = batch.pictures[blockIdx.z];
  int bgr[3] = {batch.pad, batch.pad, batch.pad};
  const int inside_x = x - picture.left, inside_y = y - picture.top;
  if (inside_x >= 0 && inside_x < picture.width && inside_y >= 0 && inside_y < picture.height)
    resampled(picture, inside_x, inside_y, bgr);
  const Number* table = (const Number*)batch.table;
  Number* out = (Number*)batch.out + blockIdx.z * batch.picture_stride + (long long)y * batch.row_stride +
                (long long)x * batch.column_stride;
  for (int c = 0; c < 3; c++) {
    const int channel = batch.channel[c];
    out[(long long)channel * batch.channel_stride] = table[256 * channel + bgr[c]];
  }
}

// A number is moved, never computed: its width is all that matters.
extern "C" __global__ void letterbox_4_bytes(const Batch batch) { letterbox<uint32_t>(batch); }
extern "C" __global__ void letterbox_2_bytes(const Batch batch) { letterbox<uint16_t>(batch); }
extern "C" __global__ void letterbox_1_byte(const Batch batch) { letterbox<uint8_t>(batch); }
