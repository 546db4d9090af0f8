// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tracefs.h>
#include <unistd.h>

#include "kernel/trace.h"

#define PREFIX "dmabufctl.monitor-"
#define BUFFER_SIZE 65536
#define RING_KIB 16384 /* over all CPUs */

static int set_up(struct stream *stream, struct tracefs_instance *handle)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	char size[16];

	snprintf(size, sizeof(size), "%ld", cpus > 64 ? 256 : RING_KIB / cpus);
	if (tracefs_instance_file_write(handle, "trace_clock", "mono") < 0 ||
	    tracefs_instance_file_write(handle, "buffer_size_kb", size) < 0 ||
	    tracefs_event_enable(handle, "iommu", "map") ||
	    tracefs_event_enable(handle, "iommu", "unmap") ||
	    tracefs_event_enable(handle, "iommu", "attach_device_to_domain"))
		return errno ? -errno : -EIO;
	stream->dma_buf = !tracefs_event_enable(handle, "dma_buf", "dma_buf_export") &&
			  !tracefs_event_enable(handle, "dma_buf", "dma_buf_dynamic_attach") &&
			  !tracefs_event_enable(handle, "dma_buf", "dma_buf_detach") &&
			  !tracefs_event_enable(handle, "dma_buf", "dma_buf_put");
	stream->pipe = tracefs_instance_file_open(handle, "trace_pipe", O_RDONLY);
	if (stream->pipe < 0)
		return -errno;
	return fcntl(stream->pipe, F_SETFL, O_NONBLOCK) ? -errno : 0;
}

int stream_open(struct stream *stream)
{
	struct tracefs_instance *handle;
	int rc = trace_available();

	*stream = (struct stream){ .pipe = -1 };
	if (rc)
		return rc;
	trace_sweep(PREFIX);
	snprintf(stream->instance, sizeof(stream->instance), PREFIX "%d", getpid());
	stream->buffer = malloc(BUFFER_SIZE);
	handle = stream->buffer ? tracefs_instance_create(stream->instance) : NULL;
	if (!handle) {
		free(stream->buffer);
		return errno ? -errno : -ENOMEM;
	}
	rc = set_up(stream, handle);
	tracefs_instance_free(handle);
	if (rc)
		stream_close(stream);
	return rc;
}

void stream_close(struct stream *stream)
{
	if (stream->pipe >= 0)
		close(stream->pipe);
	free(stream->buffer);
	trace_stop(stream->instance);
}

static bool parse_window(const char *body, struct stream_event *event)
{
	unsigned long long first, end;

	if (sscanf(body, "IOMMU: iova=%llx - %llx", &first, &end) != 2)
		return false;
	event->iova = (struct range){ first, end - first };
	return true;
}

static bool parse_domain(const char *body, struct stream_event *event)
{
	return sscanf(body, "IOMMU: device=%31s", event->device) == 1;
}

static bool parse_dma_buf(const char *body, struct stream_event *event)
{
	const char *device = strstr(body, " dev_name=");
	unsigned long long size, inode;

	if (sscanf(body, "exp_name=%63s size=%llu ino=%llu", event->text, &size, &inode) != 3)
		return false;
	event->size = size;
	event->inode = inode;
	if (device)
		sscanf(device, " dev_name=%31s", event->device);
	return true;
}

static const struct {
	const char *name;
	enum stream_kind kind;
	bool (*parse)(const char *body, struct stream_event *event);
} kinds[] = {
	{ "map: ", STREAM_MAP, parse_window },
	{ "unmap: ", STREAM_UNMAP, parse_window },
	{ "attach_device_to_domain: ", STREAM_DOMAIN, parse_domain },
	{ "dma_buf_export: ", STREAM_EXPORT, parse_dma_buf },
	{ "dma_buf_dynamic_attach: ", STREAM_ATTACH, parse_dma_buf },
	{ "dma_buf_detach: ", STREAM_DETACH, parse_dma_buf },
	{ "dma_buf_put: ", STREAM_PUT, parse_dma_buf },
};

/* " [000] ..... 12.345678: ": longer than a task's name, which comes before it, can be. */
static const char *find_header(const char *line, unsigned long long *seconds,
			       unsigned long long *micro)
{
	for (const char *at = line; (at = strstr(at, " [")); at++) {
		int end = 0;

		if (sscanf(at, " [%*u] %*5c %llu.%6llu: %n", seconds, micro, &end) == 2 && end)
			return at + end;
	}
	return NULL;
}

static pid_t pid_before(const char *line, const char *header)
{
	const char *dash = memrchr(line, '-', header - line);

	return dash ? strtol(dash + 1, NULL, 10) : 0;
}

static bool parse(const char *line, struct stream_event *event)
{
	unsigned long long seconds, micro, lost;
	const char *body = find_header(line, &seconds, &micro);

	*event = (struct stream_event){ .kind = STREAM_LOST };
	if (!body) {
		if (sscanf(line, "CPU:%*u [LOST %llu EVENTS]", &lost) != 1)
			return false;
		event->count = lost;
		return true;
	}
	event->time = seconds * 1000000000ull + micro * 1000;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t length = strlen(kinds[i].name);

		if (strncmp(body, kinds[i].name, length))
			continue;
		event->kind = kinds[i].kind;
		event->pid = pid_before(line, strstr(line, " ["));
		return kinds[i].parse(body + length, event);
	}
	return false;
}

int stream_read(struct stream *stream, void (*visit)(const struct stream_event *event, void *data),
		void *data)
{
	for (;;) {
		ssize_t got = read(stream->pipe, stream->buffer + stream->used,
				   BUFFER_SIZE - stream->used - 1);
		char *line = stream->buffer, *end;
		struct stream_event event;

		if (got <= 0)
			return got < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
		stream->used += got;
		stream->buffer[stream->used] = '\0';
		while ((end = strchr(line, '\n'))) {
			*end = '\0';
			if (parse(line, &event))
				visit(&event, data);
			line = end + 1;
		}
		stream->used -= line - stream->buffer;
		memmove(stream->buffer, line, stream->used);
		if (stream->used == BUFFER_SIZE - 1) /* no line is that long */
			stream->used = 0;
	}
}
