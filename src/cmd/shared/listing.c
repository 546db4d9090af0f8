// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/scope.h"

static bool is_wanted(const struct listing_filter *filter, const struct inventory_dmabuf *dmabuf,
		      const struct origin *origin)
{
	bool held = !filter->holder;

	for (unsigned i = 0; i < dmabuf->holder_count && !held; i++)
		held = !strcmp(dmabuf->holders[i].name, filter->holder);
	return held && (!filter->exporter || !strcmp(dmabuf->exporter, filter->exporter)) &&
	       (!filter->device || (origin && !strcmp(origin->device, filter->device))) &&
	       (!filter->pid || inventory_is_holder(dmabuf, filter->pid));
}

static int choose(struct listing *listing, const struct listing_filter *filter)
{
	const struct inventory *inventory = &listing->inventory;

	listing->shown = calloc(inventory->count + 1, sizeof(*listing->shown));
	if (!listing->shown)
		return -ENOMEM;
	for (unsigned i = 0; i < inventory->count; i++)
		if (is_wanted(filter, &inventory->items[i], listing->origins.items[i]))
			listing->shown[listing->shown_count++] = i;
	return 0;
}

int listing_take(struct listing *listing, const struct listing_filter *filter)
{
	int rc = inventory_take(&listing->inventory);

	if (!rc)
		rc = origins_find(&listing->origins, &listing->inventory);
	return rc ? rc : choose(listing, filter);
}

void listing_free(struct listing *listing)
{
	origins_free(&listing->origins);
	inventory_free(&listing->inventory);
	free(listing->shown);
}

/* A row's position in the order, and what decides it. */
struct rank {
	unsigned index;
	struct attribute attribute; /* its text malloc'd */
};

/* What is not known comes first. */
static int compare(const void *a, const void *b)
{
	const struct attribute *left = &((const struct rank *)a)->attribute;
	const struct attribute *right = &((const struct rank *)b)->attribute;

	if (left->type != right->type)
		return left->type < right->type ? -1 : 1;
	if (left->type == ATTRIBUTE_TEXT)
		return strcmp(left->text, right->text);
	return left->number < right->number ? -1 : left->number > right->number;
}

int listing_sort(struct listing *listing, unsigned column)
{
	auto_free struct rank *ranks = calloc(listing->shown_count + 1, sizeof(*ranks));
	int rc = 0;

	if (!ranks)
		return -ENOMEM;
	for (unsigned i = 0; i < listing->shown_count; i++) {
		ranks[i].index = listing->shown[i];
		ranks[i].attribute = listing_attribute(listing, i, column);
		if (ranks[i].attribute.type == ATTRIBUTE_TEXT &&
		    !(ranks[i].attribute.text = strdup(ranks[i].attribute.text)))
			rc = -ENOMEM;
	}
	if (!rc)
		qsort(ranks, listing->shown_count, sizeof(*ranks), compare);
	for (unsigned i = 0; i < listing->shown_count; i++) {
		listing->shown[i] = ranks[i].index;
		if (ranks[i].attribute.type == ATTRIBUTE_TEXT)
			free((void *)ranks[i].attribute.text);
	}
	return rc;
}
