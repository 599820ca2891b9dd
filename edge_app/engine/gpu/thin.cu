// Which of the cells that select.cu has listed suppression would drop whatever else it finds: most of an object's cells.
// The host suppresses what is left and finds what it would find in all of them. So no rounding decides here: overlaps
// near the threshold, and boxes of odd sizes, are left to it. Rebuilt by tools/build-ptx.
const float HIGHEST_SCORE = 1.01f;  // what is above is no probability
const float MARGIN = 0.02f;         // of an overlap: a hundred times what two ways to compute it may differ by
const float FAR = 4096.0f;          // beyond it floats are too coarse [model px]
const int SURE = 1, DROPPED = 2;    // a cell's fate, which is 0 at first
const int BOX = 4;

// As select.cu lists them.
struct Cell {
  int cell, class_id;
  float objectness, best;
  float box[BOX];
  int fate;
};
struct List {
  int count;
  int unused[8];
};

struct Thinning {
  void* lists;             // for each picture a List, and room for `room` cells behind it
  const float* iou;        // beyond which one of two boxes of a class goes
  const float* grid;       // column, row and stride of each cell if boxes are offsets and log sizes; else null
  int room;
};

struct Corners {
  float x1, y1, x2, y2;
};

__device__ __forceinline__ Cell* listed(const Thinning& thinning, int& count) {
  List* list = (List*)((char*)thinning.lists + blockIdx.y * (sizeof(List) + thinning.room * sizeof(Cell)));
  count = list->count > thinning.room ? 0 : list->count;  // of too many the whole answer comes down
  return (Cell*)(list + 1);
}

__device__ __forceinline__ Corners corners(const Thinning& thinning, const Cell& cell) {
  float x = cell.box[0], y = cell.box[1], width = cell.box[2], height = cell.box[3];
  if (thinning.grid) {
    const float* at = thinning.grid + 3 * cell.cell;
    x = (x + at[0]) * at[2];
    y = (y + at[1]) * at[2];
    width = expf(width) * at[2];
    height = expf(height) * at[2];
  }
  return {x - width / 2, y - height / 2, x + width / 2, y + height / 2};
}

// Whether the host computes the same box but for rounding that is small beside it; false of NaN.
__device__ __forceinline__ bool is_plain(const Corners& box) {
  return box.x1 >= -FAR && box.y1 >= -FAR && box.x2 <= FAR && box.y2 <= FAR && box.x2 - box.x1 >= 1 &&
         box.y2 - box.y1 >= 1;
}

// Negative where the host counts the cell as none.
__device__ __forceinline__ float score(const Cell& cell) {
  const float product = cell.objectness * cell.best;
  const bool probable = cell.objectness <= HIGHEST_SCORE && cell.best <= HIGHEST_SCORE && product <= HIGHEST_SCORE;
  return probable ? fminf(product, 1.0f) : -1.0f;
}

__device__ __forceinline__ float overlap(const Corners& a, const Corners& b) {
  const float width = fminf(a.x2, b.x2) - fmaxf(a.x1, b.x1), height = fminf(a.y2, b.y2) - fmaxf(a.y1, b.y1);
  if (width <= 0 || height <= 0) return 0;
  const float both = width * height;
  return both / ((a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1) - both);
}

// Marks the cells that survive for sure: none of their class that may come before them overlaps enough.
extern "C" __global__ void mark_sure(const Thinning thinning) {
  const int mine = blockIdx.x * blockDim.x + threadIdx.x;
  int count;
  Cell* cells = listed(thinning, count);
  if (mine >= count) return;
  const Corners box = corners(thinning, cells[mine]);
  const float own = score(cells[mine]), least = *thinning.iou - MARGIN;
  if (!(is_plain(box) && own >= 0)) return;
  for (int i = 0; i < count; i++) {
    if (i == mine || cells[i].class_id != cells[mine].class_id || !(score(cells[i]) >= own)) continue;
    const Corners other = corners(thinning, cells[i]);
    if (!is_plain(other) || overlap(box, other) > least) return;
  }
  cells[mine].fate = SURE;
}

// Marks the cells that go for sure: they overlap one that survives more than enough, so they come behind it.
extern "C" __global__ void drop_others(const Thinning thinning) {
  const int mine = blockIdx.x * blockDim.x + threadIdx.x;
  int count;
  Cell* cells = listed(thinning, count);
  if (mine >= count || cells[mine].fate == SURE) return;
  const Corners box = corners(thinning, cells[mine]);
  const float most = *thinning.iou + MARGIN;
  if (!(is_plain(box) && score(cells[mine]) >= 0)) return;
  for (int i = 0; i < count; i++) {
    if (cells[i].fate != SURE || cells[i].class_id != cells[mine].class_id) continue;
    if (overlap(box, corners(thinning, cells[i])) > most) {
      cells[mine].fate = DROPPED;
      return;
    }
  }
}
