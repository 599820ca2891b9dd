// The letterbox kernel as plain C++.
#include "host.h"
#include "letterbox.cu"

extern "C" void run_letterbox_4_bytes(const Batch* batch, const unsigned* grid, const unsigned* block) {
  run<const Batch>(letterbox_4_bytes, batch, grid, block);
}
extern "C" void run_letterbox_2_bytes(const Batch* batch, const unsigned* grid, const unsigned* block) {
  run<const Batch>(letterbox_2_bytes, batch, grid, block);
}
extern "C" void run_letterbox_1_byte(const Batch* batch, const unsigned* grid, const unsigned* block) {
  run<const Batch>(letterbox_1_byte, batch, grid, block);
}
