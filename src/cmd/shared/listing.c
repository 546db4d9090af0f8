// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/shared/listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_wanted(const struct listing_filter *filter, const struct census_dmabuf *dmabuf,
		      const struct origin *origin)
{
	bool held = !filter->holder;

	for (unsigned i = 0; i < dmabuf->holder_count && !held; i++)
		held = !strcmp(dmabuf->holders[i].name, filter->holder);
	return held && (!filter->exporter || !strcmp(dmabuf->exporter, filter->exporter)) &&
	       (!filter->device || (origin && !strcmp(origin->device, filter->device))) &&
	       (!filter->pid || census_is_holder(dmabuf, filter->pid));
}

static int choose(struct listing *listing, const struct listing_filter *filter)
{
	const struct census *census = &listing->census;

	listing->shown = calloc(census->count + 1, sizeof(*listing->shown));
	if (!listing->shown)
		return -ENOMEM;
	for (unsigned i = 0; i < census->count; i++)
		if (is_wanted(filter, &census->items[i], listing->origins.items[i]))
			listing->shown[listing->shown_count++] = i;
	return 0;
}

int listing_take(struct listing *listing, const struct listing_filter *filter)
{
	int rc = census_take(&listing->census);

	if (!rc)
		rc = origins_find(&listing->origins, &listing->census);
	return rc ? rc : choose(listing, filter);
}

void listing_free(struct listing *listing)
{
	origins_free(&listing->origins);
	census_free(&listing->census);
	free(listing->shown);
}

/* A row's place in the order, and what decides it. */
struct rank {
	unsigned index;
	struct fact fact; /* its text malloc'd */
};

/* What is not known comes first. */
static int compare(const void *a, const void *b)
{
	const struct fact *left = &((const struct rank *)a)->fact;
	const struct fact *right = &((const struct rank *)b)->fact;

	if (left->type != right->type)
		return left->type < right->type ? -1 : 1;
	if (left->type == FACT_TEXT)
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
		ranks[i].fact = listing_fact(listing, i, column);
		if (ranks[i].fact.type == FACT_TEXT &&
		    !(ranks[i].fact.text = strdup(ranks[i].fact.text)))
			rc = -ENOMEM;
	}
	if (!rc)
		qsort(ranks, listing->shown_count, sizeof(*ranks), compare);
	for (unsigned i = 0; i < listing->shown_count; i++) {
		listing->shown[i] = ranks[i].index;
		if (ranks[i].fact.type == FACT_TEXT)
			free((void *)ranks[i].fact.text);
	}
	return rc;
}
