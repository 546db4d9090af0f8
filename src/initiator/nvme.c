// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any NVMe controller, through its admin queue alone: no namespace is touched. It writes by
 * Identify Controller, whose data it is told to put at the IOVA (NVM Express Base Specification,
 * 5.17), so the pattern is that data. It reads by fetching commands: the IOVA is its submission
 * queue, and each completion says which command was there.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "initiator/initiator.h"
#include "kernel/vfio.h"
#include "util/clock.h"

#define BAR 0

enum nvme_register {
	NVME_CAP = 0x00,
	NVME_CC = 0x14,
	NVME_CSTS = 0x1c,
	NVME_AQA = 0x24,
	NVME_ASQ = 0x28,
	NVME_ACQ = 0x30,
	NVME_DOORBELLS = 0x1000,
};

#define NVME_CC_ENABLE (1 << 0 | 6 << 16 | 4 << 20) /* 64-byte commands, 16-byte completions */
#define NVME_READY (1 << 0)
#define NVME_IDENTIFY 0x06
#define NVME_CNS_CTRL 0x01
#define NVME_GET_FEATURES 0x0a
#define NVME_FEAT_NUM_QUEUES 0x07

/* How the bounce buffer is used, a page each. */
enum page { PAGE_PATTERN, PAGE_SUBMISSION, PAGE_COMPLETION };

struct nvme_command {
	uint8_t opcode;
	uint8_t flags;
	uint16_t id;
	uint32_t namespace;
	uint64_t reserved;
	uint64_t metadata;
	uint64_t prp1;
	uint64_t prp2;
	uint32_t dword10_15[6];
};

struct nvme_completion {
	uint32_t result;
	uint32_t reserved;
	uint16_t head;
	uint16_t queue;
	uint16_t id;
	uint16_t status; /* bit 0 is the phase */
};

_Static_assert(sizeof(struct nvme_command) == 64, "NVMe says 64");
_Static_assert(sizeof(struct nvme_completion) == 16, "NVMe says 16");

/*
 * Queues of a block of commands, used once: the controller is disabled and enabled before each
 * use, so that no state need be kept and a command that was stopped half-way is forgotten. A
 * queue is full with one entry left free.
 */
#define QUEUE_ENTRIES (INITIATOR_BLOCK / sizeof(struct nvme_command))
#define QUEUE_FULL (QUEUE_ENTRIES - 1)

static bool matches(const struct pci_device *pci)
{
	return pci->class_code == 0x010802;
}

static int put32(struct initiator *initiator, uint64_t reg, uint32_t value)
{
	value = htole32(value);
	return vfio_write_region(initiator->device, BAR, reg, &value, sizeof(value));
}

static int put64(struct initiator *initiator, uint64_t reg, uint64_t value)
{
	int rc = put32(initiator, reg, value);

	return rc ? rc : put32(initiator, reg + 4, value >> 32);
}

static int get32(struct initiator *initiator, uint64_t reg, uint32_t *value)
{
	int rc = vfio_read_region(initiator->device, BAR, reg, value, sizeof(*value));

	*value = le32toh(*value);
	return rc;
}

static int is_ready(struct initiator *initiator)
{
	uint32_t status;
	int rc = get32(initiator, NVME_CSTS, &status);

	return rc ? rc : !!(status & NVME_READY);
}

static int is_disabled(struct initiator *initiator)
{
	int rc = is_ready(initiator);

	return rc < 0 ? rc : !rc;
}

static void *page_of(struct initiator *initiator, enum page page)
{
	return initiator->bounce + page * INITIATOR_BLOCK;
}

static uint64_t iova_of(struct initiator *initiator, enum page page)
{
	return initiator->iova + page * INITIATOR_BLOCK;
}

static int disable(struct initiator *initiator)
{
	int rc = put32(initiator, NVME_CC, 0);

	return rc ? rc : initiator_await(initiator, is_disabled);
}

static int enable(struct initiator *initiator, uint64_t submission)
{
	int rc = disable(initiator);

	memset(page_of(initiator, PAGE_SUBMISSION), 0, INITIATOR_BLOCK);
	memset(page_of(initiator, PAGE_COMPLETION), 0, INITIATOR_BLOCK);
	if (!rc)
		rc = put32(initiator, NVME_AQA, (QUEUE_ENTRIES - 1) << 16 | (QUEUE_ENTRIES - 1));
	if (!rc)
		rc = put64(initiator, NVME_ASQ, submission);
	if (!rc)
		rc = put64(initiator, NVME_ACQ, iova_of(initiator, PAGE_COMPLETION));
	if (!rc)
		rc = put32(initiator, NVME_CC, NVME_CC_ENABLE);
	return rc ? rc : initiator_await(initiator, is_ready);
}

static const volatile struct nvme_completion *completion(struct initiator *initiator,
							 unsigned entry)
{
	return (struct nvme_completion *)page_of(initiator, PAGE_COMPLETION) + entry;
}

static bool is_complete(struct initiator *initiator, unsigned entry)
{
	return le16toh(completion(initiator, entry)->status) & 1;
}

static int is_first_complete(struct initiator *initiator)
{
	return is_complete(initiator, 0);
}

static int is_last_complete(struct initiator *initiator)
{
	return is_complete(initiator, QUEUE_FULL - 1);
}

/* The commands of the queue up to the tail. */
static int run(struct initiator *initiator, unsigned tail, int (*done)(struct initiator *initiator))
{
	const uint64_t began = clock_now();
	int rc = put32(initiator, NVME_DOORBELLS, tail);

	if (!rc)
		rc = initiator_await(initiator, done);
	initiator->busy_ns += clock_now() - began;
	return rc;
}

static int outcome(struct initiator *initiator)
{
	return le16toh(completion(initiator, 0)->status) >> 1 ? -EREMOTEIO : 0;
}

static int identify(struct initiator *initiator, uint64_t iova)
{
	struct nvme_command *command = page_of(initiator, PAGE_SUBMISSION);
	int rc = enable(initiator, iova_of(initiator, PAGE_SUBMISSION));

	if (rc)
		return rc;
	*command = (struct nvme_command){
		.opcode = NVME_IDENTIFY,
		.prp1 = htole64(iova),
		.dword10_15[0] = htole32(NVME_CNS_CTRL),
	};
	rc = run(initiator, 1, is_first_complete);
	return rc ? rc : outcome(initiator);
}

/* Identifiers that differ from one another, and from one process to the next. */
static uint16_t id_of(unsigned entry)
{
	return getpid() + 257 * entry;
}

/* A command without data or effect. */
static struct nvme_command question(unsigned entry)
{
	return (struct nvme_command){
		.opcode = NVME_GET_FEATURES,
		.id = htole16(id_of(entry)),
		.dword10_15[0] = htole32(NVME_FEAT_NUM_QUEUES),
	};
}

/* Into a block, which need not be aligned for it. */
static void put_question(void *bytes, unsigned entry)
{
	const struct nvme_command command = question(entry);

	memcpy((uint8_t *)bytes + entry * sizeof(command), &command, sizeof(command));
}

static void fill_questions(void *bytes)
{
	memset(bytes, 0, INITIATOR_BLOCK);
	for (unsigned i = 0; i < QUEUE_FULL; i++)
		put_question(bytes, i);
}

static bool is_answered(struct initiator *initiator, unsigned entry)
{
	for (unsigned i = 0; i < QUEUE_FULL; i++)
		if (is_complete(initiator, i) &&
		    le16toh(completion(initiator, i)->id) == id_of(entry))
			return true;
	return false;
}

/* What the controller must have fetched, by what it has completed, in whatever order. */
static void retrace(struct initiator *initiator, void *bytes)
{
	memset(bytes, 0, INITIATOR_BLOCK);
	for (unsigned i = 0; i < QUEUE_FULL; i++)
		if (is_answered(initiator, i))
			put_question(bytes, i);
}

/* A controller whose fetch is stopped does not answer, which is no answer to hand on. */
static int fetch(struct initiator *initiator, uint64_t iova, void *bytes)
{
	int rc = enable(initiator, iova);

	if (!rc)
		rc = run(initiator, QUEUE_FULL, is_last_complete);
	retrace(initiator, bytes);
	return rc == -ETIMEDOUT ? 0 : rc;
}

static void stop(struct initiator *initiator)
{
	disable(initiator);
}

static int pattern(struct initiator *initiator, void *bytes)
{
	int rc = identify(initiator, iova_of(initiator, PAGE_PATTERN));

	memcpy(bytes, page_of(initiator, PAGE_PATTERN), INITIATOR_BLOCK);
	return rc;
}

const struct initiator_driver initiator_nvme = {
	.name = "nvme",
	.drives = "any NVMe controller, class 010802",
	.matches = matches,
	.stop = stop,
	.pattern = pattern,
	.write = identify,
	.readable = fill_questions,
	.read = fetch,
};
