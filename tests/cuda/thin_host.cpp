// The kernels that thin lists as plain C++.
#include <algorithm>
#include <cmath>
#include "host.h"
using std::fmaxf;
using std::fminf;
#include "thin.cu"

extern "C" void run_mark_sure(const Thinning* thinning, const unsigned* grid, const unsigned* block) {
  run(mark_sure, thinning, grid, block);
}
extern "C" void run_drop_others(const Thinning* thinning, const unsigned* grid, const unsigned* block) {
  run(drop_others, thinning, grid, block);
}
