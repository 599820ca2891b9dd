/* A webcam for LD_PRELOAD: what V4L2 answers for the path in FAKE_V4L2, after the kernel's uAPI documentation.
 *
 * It has one size, 320x240, and one format, YUYV, whatever is asked of it. Each picture is of one grey: luma 16 in
 * the first, two more in each that follows. A timer is the descriptor, so select() and poll() work as they are.
 * When the path is gone, so is the device: ENODEV. While there is a file PATH.frozen, no picture comes.
 * It can be opened once at a time; after that it is busy. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 320, HEIGHT = 240, SIZE = WIDTH * HEIGHT * 2, BUFFERS = 4, SLOT = (SIZE + 4095) & ~4095 };

static int device = -1; /* the timer */
static uint8_t *memory[BUFFERS];
static unsigned queue[BUFFERS], queued, sequence;

static int fails(int error) { errno = error; return -1; }

static int plugged(void) { return access(getenv("FAKE_V4L2"), F_OK) == 0; }

static int frozen(void) {
    char mark[4096];
    snprintf(mark, sizeof mark, "%s.frozen", getenv("FAKE_V4L2"));
    return access(mark, F_OK) == 0;
}

static int is_camera(const char *path) {
    const char *camera = getenv("FAKE_V4L2");
    return camera && strcmp(path, camera) == 0;
}

static int open_camera(void) {
    if (!plugged()) return fails(ENOENT);
    if (device >= 0) return fails(EBUSY);
    queued = sequence = 0;
    return device = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
}

static int tick(long nanoseconds) {
    struct itimerspec period = {{0, nanoseconds}, {0, nanoseconds}};
    return timerfd_settime(device, 0, &period, NULL);
}

static int capability(struct v4l2_capability *answer) {
    memset(answer, 0, sizeof *answer);
    strcpy((char *)answer->driver, "fake");
    strcpy((char *)answer->card, "Fake webcam");
    strcpy((char *)answer->bus_info, "platform:fake");
    answer->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
    answer->capabilities = answer->device_caps | V4L2_CAP_DEVICE_CAPS;
    return 0;
}

static int format(struct v4l2_format *answer) {
    if (answer->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return fails(EINVAL);
    memset(&answer->fmt, 0, sizeof answer->fmt);
    answer->fmt.pix = (struct v4l2_pix_format){.width = WIDTH, .height = HEIGHT, .pixelformat = V4L2_PIX_FMT_YUYV,
        .field = V4L2_FIELD_NONE, .bytesperline = WIDTH * 2, .sizeimage = SIZE};
    return 0;
}

static int rate(struct v4l2_streamparm *answer) {
    if (answer->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return fails(EINVAL);
    memset(&answer->parm, 0, sizeof answer->parm);
    answer->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
    answer->parm.capture.timeperframe = (struct v4l2_fract){1, 10};
    return 0;
}

static int request(struct v4l2_requestbuffers *answer) {
    if (answer->memory != V4L2_MEMORY_MMAP) return fails(EINVAL);
    if (answer->count > BUFFERS) answer->count = BUFFERS;
    return 0;
}

static int describe(struct v4l2_buffer *answer) {
    if (answer->index >= BUFFERS) return fails(EINVAL);
    answer->length = SIZE;
    answer->m.offset = answer->index * SLOT;
    return 0;
}

static int enqueue(const struct v4l2_buffer *buffer) {
    if (buffer->index >= BUFFERS || queued == BUFFERS) return fails(EINVAL);
    queue[queued++] = buffer->index;
    return 0;
}

static int dequeue(struct v4l2_buffer *answer) {
    uint64_t ticks;
    struct timespec now;
    if (frozen()) tick(0);
    if (read(device, &ticks, sizeof ticks) < 0 || !queued) return fails(EAGAIN);
    answer->index = queue[0];
    memmove(queue, queue + 1, --queued * sizeof *queue);
    for (int at = 0; at < SIZE; at += 2) { /* luma, chroma */
        memory[answer->index][at] = 16 + 2 * sequence % 220;
        memory[answer->index][at + 1] = 128;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    answer->timestamp = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    answer->flags = V4L2_BUF_FLAG_MAPPED | V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    answer->field = V4L2_FIELD_NONE;
    answer->bytesused = answer->length = SIZE;
    answer->sequence = sequence++;
    return 0;
}

static int control(unsigned long what, void *argument) {
    if (!plugged()) return fails(ENODEV);
    switch (what) {
    case VIDIOC_QUERYCAP: return capability(argument);
    case VIDIOC_G_INPUT: return *(int *)argument = 0;
    case VIDIOC_S_INPUT: return *(int *)argument ? fails(EINVAL) : 0;
    case VIDIOC_G_FMT: case VIDIOC_S_FMT: case VIDIOC_TRY_FMT: return format(argument);
    case VIDIOC_G_PARM: case VIDIOC_S_PARM: return rate(argument);
    case VIDIOC_REQBUFS: return request(argument);
    case VIDIOC_QUERYBUF: return describe(argument);
    case VIDIOC_QBUF: return enqueue(argument);
    case VIDIOC_DQBUF: return dequeue(argument);
    case VIDIOC_STREAMON: return tick(100000000);
    case VIDIOC_STREAMOFF: queued = 0; return tick(0);
    default: return fails(what == VIDIOC_QUERYCTRL || what == VIDIOC_G_CTRL ? EINVAL : ENOTTY);
    }
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPEN(name)                                                                                                    \
    int name(const char *path, int flags, ...) {                                                                      \
        va_list rest;                                                                                                 \
        va_start(rest, flags);                                                                                        \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;                                     \
        va_end(rest);                                                                                                 \
        return is_camera(path) ? open_camera() : NEXT(name)(path, flags, mode);                                       \
    }
OPEN(open)
OPEN(open64)
int __open_2(const char *path, int flags) { return open(path, flags); }
int __open64_2(const char *path, int flags) { return open64(path, flags); }

int ioctl(int fd, unsigned long what, ...) {
    va_list rest;
    va_start(rest, what);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return fd >= 0 && fd == device ? control(what, argument) : NEXT(ioctl)(fd, what, argument);
}

/* OpenCV maps what it only reads; here the pictures are written by the same process. */
static void *map_buffer(__typeof__(&mmap) map, size_t size, off_t offset) {
    return memory[offset / SLOT] = map(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

#define MMAP(name)                                                                                                    \
    void *name(void *at, size_t size, int protection, int flags, int fd, off_t offset) {                              \
        if (fd >= 0 && fd == device) return map_buffer(NEXT(name), size, offset);                                     \
        return NEXT(name)(at, size, protection, flags, fd, offset);                                                   \
    }
MMAP(mmap)
MMAP(mmap64)

int close(int fd) {
    if (fd >= 0 && fd == device) device = -1;
    return NEXT(close)(fd);
}
