/* What TensorRT's Python bindings want of its libraries to be imported: names, nothing behind them. */
#include <stdbool.h>
#include <stddef.h>

void *createInferBuilder_INTERNAL(void) { return NULL; }
void *createInferRefitter_INTERNAL(void) { return NULL; }
void *createInferRuntime_INTERNAL(void) { return NULL; }
void *createNvOnnxParserRefitter_INTERNAL(void) { return NULL; }
void *createNvOnnxParser_INTERNAL(void) { return NULL; }
void *getBuilderPluginRegistry(void) { return NULL; }
void *getPluginRegistry(void) { return NULL; }
int getNvOnnxParserVersion(void) { return 0; }
bool initLibNvInferPlugins(void *logger, const char *space) { return true; }
