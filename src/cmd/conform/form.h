/* SPDX-License-Identifier: GPL-2.0-only */
/* How conform's results are shown: a form a file or function, each told of them as they come. */
#ifndef DMABUFCTL_CMD_CONFORM_FORM_H
#define DMABUFCTL_CMD_CONFORM_FORM_H

#include <stdio.h>

#include "conform/conform.h"

struct conform_counts {
	unsigned of[CONFORM_OUTCOMES];
	unsigned all; /* that are to be tried */
	unsigned done;
};

struct form {
	void (*begin)(const struct conform_counts *counts);
	/* counts: with this result. */
	void (*result)(const struct conform_result *result, const struct conform_counts *counts);
	void (*end)(const struct conform_counts *counts);
};

/* TAP version 14 (testanything.org), with the totals that kselftest prints behind it. */
extern const struct form form_tap;
/* JUnit's XML, as CI systems read it. */
extern const struct form form_junit;

#endif
