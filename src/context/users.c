// SPDX-License-Identifier: GPL-2.0-only
#include "context/users.h"

#include "context/overview.h"
#include "kernel/process.h"
#include "util/scope.h"
#include "util/text.h"

/* A holder is better known by its context. */
static const char *context_of(const struct context_summary *contexts, unsigned count, pid_t holder)
{
	for (unsigned i = 0; i < count; i++)
		if (contexts[i].holder == holder)
			return contexts[i].name;
	return NULL;
}

void describe_users(const struct pci_device *pci, char *text, size_t size)
{
	auto_free struct context_summary *contexts = NULL;
	auto_free struct process *users = NULL;
	unsigned count = 0, context_count = 0;

	*text = '\0';
	process_list_users(pci->cdev_number, &users, &count);
	if (count)
		context_list(&contexts, &context_count);
	for (unsigned i = 0; i < count; i++) {
		const char *context = context_of(contexts, context_count, users[i].pid);

		text_join(text, size, ", ", "%s%s (PID %d)", context ? "context " : "",
			  context ? context : users[i].name, users[i].pid);
	}
}

void describe_release(const struct pci_device *pci, char *text, size_t size)
{
	auto_free struct context_summary *contexts = NULL;
	auto_free struct process *users = NULL;
	unsigned count = 0, context_count = 0;

	*text = '\0';
	process_list_users(pci->cdev_number, &users, &count);
	context_list(&contexts, &context_count);
	for (unsigned i = 0; i < count; i++) {
		const char *context = context_of(contexts, context_count, users[i].pid);

		if (context)
			text_join(text, size, ", ",
				  "'dmabufctl --context %s release --all' lets it go", context);
		else
			text_join(text, size, ", ", "end PID %d", users[i].pid);
	}
}
