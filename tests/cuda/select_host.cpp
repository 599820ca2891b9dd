// The selection kernel as plain C++; the last block goes first, as a GPU's may, so that cells come in another order.
#include "host.h"
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __uint_as_float(uint32_t bits) {
  float number;
  std::memcpy(&number, &bits, sizeof number);
  return number;
}
static inline int atomicAdd(int* number, int more) { return (*number += more) - more; }
#include "select.cu"

static void backwards(void (*kernel)(const Answer), const Answer* answer, const unsigned* grid, const unsigned* block) {
  blockDim = {block[0], block[1], block[2]};
  for (blockIdx.y = 0; blockIdx.y < grid[1]; blockIdx.y++)
    for (unsigned x = grid[0]; x-- > 0;)
      for (unsigned thread = blockDim.x; thread-- > 0;) {
        blockIdx.x = x;
        threadIdx.x = thread;
        kernel(*answer);
      }
}

extern "C" void run_select_4_bytes(const Answer* answer, const unsigned* grid, const unsigned* block) {
  backwards(select_4_bytes, answer, grid, block);
}
extern "C" void run_select_2_bytes(const Answer* answer, const unsigned* grid, const unsigned* block) {
  backwards(select_2_bytes, answer, grid, block);
}
