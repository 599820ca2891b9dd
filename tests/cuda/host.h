// CUDA's words as plain C++: one thread after another in place of the GPU's.
#pragma once
#include <cstdint>
#include <cstring>
#define __global__
#define __device__
#define __forceinline__ inline
struct Index {
  unsigned x, y, z;
};
static thread_local Index blockIdx, blockDim, threadIdx;

template <typename Argument>
static void run(void (*kernel)(Argument), const Argument* argument, const unsigned* grid, const unsigned* block) {
  blockDim = {block[0], block[1], block[2]};
  for (blockIdx.z = 0; blockIdx.z < grid[2]; blockIdx.z++)
    for (blockIdx.y = 0; blockIdx.y < grid[1]; blockIdx.y++)
      for (blockIdx.x = 0; blockIdx.x < grid[0]; blockIdx.x++)
        for (threadIdx.y = 0; threadIdx.y < blockDim.y; threadIdx.y++)
          for (threadIdx.x = 0; threadIdx.x < blockDim.x; threadIdx.x++) kernel(*argument);
}
