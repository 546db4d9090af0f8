// SPDX-License-Identifier: GPL-2.0-only
/* How each kind of event is printed. */
#include "cmd/monitor/print.h"

/* False when nobody wants to see it; else the event is begun. */
static bool begin(struct printer *printer, enum event_kind kind, uint64_t time,
		  const struct subject *subject)
{
	if (kind != KIND_LOST && !filter_passes(printer->filter, printer->naming, subject))
		return false;
	if (printer->filter->until & KIND_BIT(kind))
		printer->met = true;
	if (!(printer->filter->wanted & KIND_BIT(kind)))
		return false;
	printer->events++;
	event_begin(&printer->event, time, kind_name(kind));
	return true;
}

static void add_window(struct event *event, const struct named_window *window, struct range iova)
{
	event_text(event, "mapping", window ? window->mapping : "");
	event_text(event, "context", window ? window->context : "");
	event_address(event, "iova", iova.offset);
	event_number(event, "length", iova.length);
}

static struct subject subject_of(const struct named_window *window, const char *device)
{
	return (struct subject){
		.context = window ? window->context : NULL,
		.devices = { device, window ? window->exporter.bdf : NULL },
	};
}

/* Whose memory it is, as far as that was seen, or a context knows. */
static void add_exporter(struct event *event, const struct named_window *window,
			 const struct bar_place *place)
{
	bool known = window && *window->exporter.bdf;

	event_text(event, "device", place ? place->device.bdf : known ? window->exporter.bdf : "");
	if (place || known)
		event_number(event, "bar", place ? place->bar : window->bar);
	if (place)
		event_number(event, "offset", place->offset);
}

/* Without the kernel's word for it. */
static void print_inferred(struct printer *printer, const struct record *record, uint64_t inode,
			   const struct named_window *window, const struct bar_place *place,
			   const struct subject *subject)
{
	struct event *event = &printer->event;

	if (!begin(printer, KIND_REVOKED, record->time, subject))
		return;
	add_window(event, window, record->iova);
	event_number(event, "inode", inode);
	add_exporter(event, window, place);
	event_number(event, "pid", record->pid);
	event_text(event, "source", "inferred");
	event_null(event, "kept");
	event_text(event, "inferred_from", "unmapped while the exporter called the dma-buf back");
	event_end(event);
}

static void print_window(struct printer *printer, const struct record *record,
			 const struct inferred *inferred, const struct bar_place *place)
{
	const struct named_window *window =
		naming_find(printer->naming, record->time, record->iova, inferred->inode);
	struct subject subject = subject_of(window, place ? place->device.bdf : NULL);
	struct event *event = &printer->event;

	if (begin(printer, (enum event_kind)record->kind, record->time, &subject)) {
		add_window(event, window, record->iova);
		add_exporter(event, window, place);
		event_number(event, "pid", record->pid);
		event_end(event);
	}
	if (inferred->revoked && !printer->told)
		print_inferred(printer, record, inferred->inode, window, place, &subject);
}

/* The mapping that it was taken from. */
static void add_loss(struct event *event, const struct named_window *window,
		     const struct record *record)
{
	if (record->ioas) {
		add_window(event, window, record->iova);
		event_number(event, "ioas", record->ioas);
	}
	if (record->mapped_by) {
		event_number(event, "mapped_by", record->mapped_by);
		event_number(event, "took_ns", record->took);
	}
}

static void add_kept(struct event *event, enum record_kept kept)
{
	if (kept == KEPT_UNKNOWN)
		event_null(event, "kept");
	else
		event_bool(event, "kept", kept == KEPT);
}

static void print_revocation(struct printer *printer, const struct record *record)
{
	const struct named_window *window =
		record->ioas ?
			naming_find(printer->naming, record->time, record->iova, record->inode) :
			NULL;
	struct subject subject = subject_of(window, record->device);
	struct event *event = &printer->event;

	subject.inode = record->inode;
	if (!begin(printer, (enum event_kind)record->kind, record->time, &subject))
		return;
	add_loss(event, window, record);
	event_number(event, "inode", record->inode);
	event_text(event, "device", record->device);
	if (record->bar >= 0)
		event_number(event, "bar", record->bar);
	event_number(event, "pid", record->pid);
	event_text(event, "source", "kernel");
	if (record->kind == RECORD_REVOKED)
		add_kept(event, record->kept);
	event_end(event);
}

static void print_domain(struct printer *printer, const struct record *record)
{
	struct subject subject = { .devices = { record->device } };
	struct event *event = &printer->event;

	if (!begin(printer, KIND_DOMAIN, record->time, &subject))
		return;
	event_text(event, "device", record->device);
	event_number(event, "pid", record->pid);
	event_end(event);
}

static const char *promise_name(enum inferred_promise promise)
{
	static const char *const names[] = {
		[INFERRED_DYNAMIC] = "dynamic",
		[INFERRED_REVOCABLE] = "revocable",
		[INFERRED_PINNED] = "pinned",
		[INFERRED_PLAIN] = "plain",
	};

	return names[promise];
}

/* The device of an attachment is the importer, of all else the exporter. */
static void print_buffer(struct printer *printer, const struct record *record,
			 const struct inferred *inferred, const struct bar_place *place)
{
	const char *exporter = place ? place->device.bdf : NULL;
	struct subject subject = { .devices = { record->device, exporter },
				   .inode = record->inode };
	struct event *event = &printer->event;

	if (!begin(printer, (enum event_kind)record->kind, record->time, &subject))
		return;
	event_number(event, "inode", record->inode);
	event_number(event, "size", record->size);
	event_text(event, "exporter", record->exporter);
	if (record->kind == RECORD_ATTACH || record->kind == RECORD_DETACH) {
		event_text(event, "device", record->device);
		event_text(event, "exporter_device", exporter);
		if (record->kind == RECORD_ATTACH)
			event_text(event, "promise", promise_name(inferred->promise));
	} else {
		event_text(event, "device", exporter);
	}
	if (place) {
		event_number(event, "bar", place->bar);
		event_number(event, "offset", place->offset);
	}
	event_number(event, "pid", record->pid);
	event_end(event);
}

void print_lost(struct printer *printer, uint64_t time, uint64_t count, const char *of)
{
	printer->lost += count;
	if (!begin(printer, KIND_LOST, time, NULL))
		return;
	event_number(&printer->event, "count", count);
	event_text(&printer->event, "detail", of);
	event_end(&printer->event);
}

void print_record(struct printer *printer, const struct record *record,
		  const struct inferred *inferred, const struct bar_place *place)
{
	switch (record->kind) {
	case RECORD_MAP:
	case RECORD_UNMAP:
		print_window(printer, record, inferred, place);
		break;
	case RECORD_REVOKED:
	case RECORD_RESTORED:
		print_revocation(printer, record);
		break;
	case RECORD_LOST:
		print_lost(printer, record->time, record->size, "trace");
		break;
	case RECORD_UNTOLD:
		print_lost(printer, record->time, record->size, "revocations and exports");
		break;
	case RECORD_INVALIDATE:
	case RECORD_INVALIDATED:
	case RECORD_PROMISE:
	case RECORD_PIN:
		break;
	case RECORD_DOMAIN:
		print_domain(printer, record);
		break;
	default:
		print_buffer(printer, record, inferred, place);
	}
}

void print_uevent(struct printer *printer, uint64_t time, const struct uevent *event)
{
	struct subject subject = { .devices = { event->device } };
	enum event_kind kind = kind_of_action(event->action);

	if (strcmp(event->subsystem, "pci") != 0 || kind == KINDS ||
	    !begin(printer, kind, time, &subject))
		return;
	event_text(&printer->event, "device", event->device);
	event_text(&printer->event, "driver", event->driver);
	event_end(&printer->event);
}

void print_fault(struct printer *printer, uint64_t time, const struct fault *fault)
{
	const struct named_window *window = naming_find_address(printer->naming, fault->address);
	struct pci_name device = { 0 };
	struct subject subject;

	pci_parse_name(fault->device, &device);
	subject = subject_of(window, device.bdf);
	if (!begin(printer, KIND_FAULT, time, &subject))
		return;
	event_address(&printer->event, "address", fault->address);
	event_text(&printer->event, "mapping", window ? window->mapping : "");
	event_text(&printer->event, "device", device.bdf);
	event_text(&printer->event, "message", fault->line);
	event_end(&printer->event);
}

void print_context(struct printer *printer, uint64_t time, const char *name, bool started)
{
	struct subject subject = { .context = name };

	if (!begin(printer, started ? KIND_CONTEXT_START : KIND_CONTEXT_STOP, time, &subject))
		return;
	event_text(&printer->event, "context", name);
	event_end(&printer->event);
}

void print_begin(struct printer *printer, uint64_t time)
{
	printer->events++;
	event_begin(&printer->event, time, "begin");
	event_end(&printer->event);
	event_flush(&printer->event);
}

void print_end(struct printer *printer, uint64_t time)
{
	struct event *event = &printer->event;

	event_begin(event, time, "end");
	event_number(event, "events", printer->events);
	event_number(event, "hidden", printer->hidden);
	event_number(event, "lost", printer->lost);
	event_end(event);
	event_flush(event);
}
