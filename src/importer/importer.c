// SPDX-License-Identifier: GPL-2.0-only
#include "importer/importer.h"

#include <string.h>

extern const struct importer importer_iommufd, importer_device, importer_rdma, importer_kvm;

const struct importer *const importers[] = { &importer_iommufd, &importer_device, &importer_rdma,
					     &importer_kvm, NULL };

const char *importer_name(unsigned index)
{
	return importers[index] ? importers[index]->name : NULL;
}

static const struct importer *find(const char *name, size_t length)
{
	for (const struct importer *const *importer = importers; *importer; importer++)
		if (strlen((*importer)->name) == length &&
		    !strncasecmp((*importer)->name, name, length))
			return *importer;
	return NULL;
}

const struct importer *importer_find(const char *name)
{
	return find(name, strlen(name));
}

const struct importer *importer_parse(const char *text, const char **target)
{
	size_t length = strcspn(text, ":");

	*target = text[length] ? text + length + 1 : NULL;
	return find(text, length);
}
