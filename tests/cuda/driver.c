// A CUDA driver in software, for PyCUDA without a GPU: memory of the host, every call done at once, the letterbox kernel
// compiled as C++. It says on stderr what a real driver would not take.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK, OUT_OF_MEMORY = 2, NO_DEVICE = 101, NO_CONTEXT = 201, NOT_FOUND = 500, ILLEGAL_ADDRESS = 700, ACTIVE = 708 };
enum { SLEEPING_WAIT = 4, NON_BLOCKING = 1, BLOCKING_SYNC = 1 };
typedef unsigned long long Address;

static __thread void* contexts[16];
static __thread int depth;
static int retained, flags, broken, recording;
static long live;  // memory, streams, events, modules and graphs that were made and not freed
static void* kernels;

static int wrong(const char* what) { return fprintf(stderr, "DRIVER: %s\n", what), 1; }
static int state(void) { return depth == 0 && wrong("no context") ? NO_CONTEXT : broken ? ILLEGAL_ADDRESS : OK; }
static int make(void** part, size_t size) {
  if (state() != OK) return state();
  *part = aligned_alloc(256, (size + 511) / 256 * 256);
  memset(*part, 0xCD, size);
  live++;
  return OK;
}
static int unmake(void* part) {
  if (depth == 0) return wrong("freed without a context"), NO_CONTEXT;
  free(part);
  live--;
  return OK;
}

void driver_break(void) { broken = 1; }
long driver_live(void) { return live; }
int driver_retained(void) { return retained; }

int cuInit(unsigned f) { return (kernels = dlopen(getenv("KERNELS"), RTLD_NOW)) ? (int)(f * 0) : NO_DEVICE; }
int cuDeviceGet(int* device, int ordinal) { return *device = ordinal, ordinal ? NO_DEVICE : OK; }
int cuDeviceGetName(char* name, int size, int device) { return snprintf(name, size, "software %d", device), OK; }
int cuDeviceComputeCapability(int* major, int* minor, int device) { return *major = 8, *minor = 6 + device, OK; }
int cuDevicePrimaryCtxSetFlags_v2(int device, unsigned f) { return flags = f, retained + device ? ACTIVE : OK; }
int cuDevicePrimaryCtxRetain(void** context, int device) {
  if (flags != SLEEPING_WAIT) wrong("retained without the flags that FFmpeg wants");
  return *context = &retained + device, retained++, OK;
}
int cuDevicePrimaryCtxRelease_v2(int device) { return retained--, device; }
int cuCtxPushCurrent_v2(void* context) { return contexts[depth++] = context, OK; }
int cuCtxPopCurrent_v2(void** context) {
  if (depth == 0) return wrong("popped what was not pushed"), NO_CONTEXT;
  return *context = contexts[--depth], OK;
}
int cuCtxSynchronize(void) { return state(); }
int cuMemAlloc_v2(Address* address, size_t size) { return size >> 32 ? OUT_OF_MEMORY : make((void**)address, size); }
int cuMemFree_v2(Address address) { return unmake((void*)address); }
int cuMemHostAlloc(void** address, size_t size, unsigned f) { return f ? NO_DEVICE : make(address, size); }
int cuMemFreeHost(void* address) { return unmake(address); }
int cuMemGetInfo_v2(size_t* left, size_t* total) { return *left = 3 << 20, *total = 1 << 30, state(); }
int cuStreamCreate(void** stream, unsigned f) {
  if (f != NON_BLOCKING) wrong("a stream that waits for the default one");
  return make(stream, 1);
}
int cuStreamDestroy_v2(void* stream) { return unmake(stream); }
int cuStreamSynchronize(void* stream) { return stream ? state() : NO_CONTEXT; }
int cuStreamWaitEvent(void* stream, void* event, unsigned f) { return stream && event && !f ? state() : NO_CONTEXT; }
int cuEventCreate(void** event, unsigned f) {
  if (f != BLOCKING_SYNC) wrong("an event whose waiters spin, or that has no time");
  return make(event, 1);
}
int cuEventDestroy_v2(void* event) { return unmake(event); }
int cuEventRecord(void* event, void* stream) { return (void)stream, event ? state() : NO_CONTEXT; }
int cuEventSynchronize(void* event) { return event ? state() : NO_CONTEXT; }
int cuEventElapsedTime_v2(float* ms, void* from, void* to) { return *ms = 1.5f, from != to ? state() : NO_CONTEXT; }
int cuEventElapsedTime(float* ms, void* from, void* to) { return cuEventElapsedTime_v2(ms, from, to); }
int cuMemcpyHtoDAsync_v2(Address to, const void* from, size_t size, void* stream) {
  return (void)stream, memcpy((void*)to, from, size), state();
}
int cuMemsetD8Async(Address to, unsigned char value, size_t size, void* stream) {
  return (void)stream, memset((void*)to, value, size), state();
}
int cuMemcpyDtoHAsync_v2(void* to, Address from, size_t size, void* stream) {
  return (void)stream, memcpy(to, (void*)from, size), state();
}
int cuModuleLoadDataEx(void** module, const void* ptx, unsigned n, int* options, void** values) {
  if (strstr(ptx, ".version 6.5") == NULL || (n && !(options && values))) wrong("not the PTX of the package");
  return make(module, 1);
}
int cuModuleUnload(void* module) { return unmake(module); }
int cuModuleGetFunction(void** function, void* module, const char* name) {
  char symbol[99];
  snprintf(symbol, sizeof symbol, "run_%s", name);
  return (*function = dlsym(kernels, symbol)) && module ? state() : NOT_FOUND;
}
int cuFuncSetBlockShape(void* function, int x, int y, int z) { return function && x && y && z ? OK : NOT_FOUND; }
int cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void* stream, void** arguments, void** extra) {
  unsigned grid[] = {gx, gy, gz}, block[] = {bx, by, bz};
  void* argument = NULL;
  for (int i = 0; extra && extra[i]; i += 2)
    if (extra[i] == (void*)1) argument = extra[i + 1];  // CU_LAUNCH_PARAM_BUFFER_POINTER
  if (shared || arguments || !stream || !argument) return wrong("a launch unlike ours"), NOT_FOUND;
  if (state() == OK) ((void (*)(void*, unsigned*, unsigned*))function)(argument, grid, block);
  return state();
}
int cuStreamBeginCapture_v2(void* stream, int mode) { return recording = mode, stream ? state() : NO_CONTEXT; }
int cuStreamEndCapture(void* stream, void** graph) {
  if (!recording || !stream) return NO_CONTEXT;
  return recording = 0, make(graph, 1);
}
int cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long f) {
  return graph && !f ? make(executable, 1) : NOT_FOUND;
}
int cuGraphGetNodes(void* graph, void** nodes, size_t* count) {
  (void)nodes;
  *count = 0;
  return graph ? state() : NO_CONTEXT;
}
int cuGraphDestroy(void* graph) { return unmake(graph); }
int cuGraphExecDestroy(void* executable) { return unmake(executable); }
int cuGraphLaunch(void* executable, void* stream) { return executable && stream ? state() : NO_CONTEXT; }
int cuDriverGetVersion(int* version) { return *version = 13000, OK; }
int cuGetErrorString(int error, const char** text) {
  *text = error == ILLEGAL_ADDRESS ? "an illegal memory access" : error == OUT_OF_MEMORY ? "out of memory" : "refused";
  return OK;
}
