/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Failures of which a rule (rules/) says why and what helps. The format names the operation and its
 * object, as fail_with()'s does.
 */
#ifndef DMABUFCTL_CMD_SHARED_REFUSAL_H
#define DMABUFCTL_CMD_SHARED_REFUSAL_H

#include "rules/rules.h"
#include "ui/error.h"

/* The kernel refused with this errno; where no rule is known the errno's own words must do. */
enum status refuse(const struct rule *table, const struct rule_subject *subject, int error,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* By this rule. */
enum status refuse_by(const struct rule *rule, const struct rule_subject *subject,
		      const char *format, ...) __attribute__((format(printf, 3, 4)));

/* By a foreseen one, before the kernel is asked; STATUS_OK when none applies. */
enum status refuse_foreseen(const struct rule *table, const struct rule_subject *subject,
			    const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
