// Which cells of a grid's answer reach the threshold, of a whole batch in one launch: those alone come to the host.
// Finds what edge_app/postprocess/selection.py finds, bit for bit: numbers are compared and moved, and two of them are
// multiplied, rounded once as NumPy rounds. Rebuilt by tools/build-ptx.
#include <cstdint>

const float HIGHEST_SCORE = 1.01f;  // what is above is no probability
const int BOX = 4;

struct Cell {
  int cell, class_id;
  float objectness, best;
  float box[BOX];
  int fate;  // of thin.cu; 0 in a list that was cleared
};

// A picture's cells, in no order; the count goes on where there is no more room.
struct List {
  int count;
  int unused[8];
};

struct Answer {
  const void* numbers;       // the model's output
  void* lists;               // for each picture a List, and room for `room` cells behind it
  const float* confidence;
  long long picture_stride;  // strides in numbers
  int cell_stride, number_stride;
  int cells, classes;
  int objectness;            // whether there is one before the classes
  int room;
};

__device__ __forceinline__ float value(float number) { return number; }

// A half float's value, which a float holds exactly.
__device__ __forceinline__ float value(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = (half >> 10) & 31, fraction = half & 1023;
  if (exponent == 0) {
    const float small = __fmul_rn((float)fraction, 5.9604644775390625e-8f);  // 2^-24
    return sign ? -small : small;
  }
  if (exponent == 31) return __uint_as_float(sign | 0x7f800000 | fraction << 13);
  return __uint_as_float(sign | (exponent + 112) << 23 | fraction << 13);
}

template <typename Number> __device__ __forceinline__ void select_cell(const Answer& answer) {
  const int cell = blockIdx.x * blockDim.x + threadIdx.x;
  if (cell >= answer.cells) return;
  const Number* numbers = (const Number*)answer.numbers + blockIdx.y * answer.picture_stride +
                          (long long)cell * answer.cell_stride;
  const long long step = answer.number_stride;
  const float confidence = *answer.confidence;
  const float objectness = answer.objectness ? value(numbers[BOX * step]) : 1.0f;
  if (objectness < confidence && answer.objectness) return;  // NaN is less than nothing: it comes along to be counted
  const Number* scores = numbers + (BOX + answer.objectness) * step;
  float best = value(scores[0]);
  int class_id = 0;
  for (int c = 1; c < answer.classes && best == best; c++) {  // the first NaN wins, as NumPy has it
    const float score = value(scores[c * step]);
    if (score > best || score != score) {
      best = score;
      class_id = c;
    }
  }
  const bool probable = !(objectness > HIGHEST_SCORE || best > HIGHEST_SCORE);
  if (probable && __fmul_rn(objectness, best) < confidence) return;
  List* list = (List*)((char*)answer.lists + (long long)blockIdx.y * (sizeof(List) + answer.room * sizeof(Cell)));
  const int place = atomicAdd(&list->count, 1);
  if (place >= answer.room) return;
  Cell& found = ((Cell*)(list + 1))[place];
  found.cell = cell;
  found.class_id = class_id;
  found.objectness = objectness;
  found.best = best;
  for (int i = 0; i < BOX; i++) found.box[i] = value(numbers[i * step]);
}

extern "C" __global__ void select_4_bytes(const Answer answer) { select_cell<float>(answer); }
extern "C" __global__ void select_2_bytes(const Answer answer) { select_cell<uint16_t>(answer); }
