/* SPDX-License-Identifier: GPL-2.0-only */
/* What came of pulling a trigger, or stands in its way: the exit status, and the words for it. */
#ifndef DMABUFCTL_CMD_SHARED_JUDGEMENT_H
#define DMABUFCTL_CMD_SHARED_JUDGEMENT_H

#include "context/revocation.h"
#include "ui/error.h"

struct judgement {
	enum status status;
	int error;	  /* errno, 0: none */
	char why[400];	  /* "" with STATUS_OK */
	char remedy[400]; /* "": none */
};

/* Of a trigger that was pulled, error being revocation_pull()'s result, or could not be. */
void judge_revocation(const struct revocation *revocation, int error, struct judgement *judgement);

/* Whether all devices that it would hit may be hit; tool: how dmabufctl is called for this context.
 */
void judge_owners(const struct revocation *revocation, const char *tool,
		  struct judgement *judgement);

/* Notes the failure, if it is one, and returns the status. */
enum status fail_judgement(const struct revocation *revocation, const struct judgement *judgement);

#endif
