/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel refuses, and why: each rule said once, as data. Commands take their reasons from
 * here, explain and doctor read the same tables. A file has the rules of one operation; tables.c
 * lists them all.
 */
#ifndef DMABUFCTL_RULES_RULES_H
#define DMABUFCTL_RULES_RULES_H

#include "context/context.h"
#include "context/trigger.h"
#include "kernel/pci.h"

/* Whether a rule stands against an object here and now. */
enum applies { APPLIES_UNKNOWN, APPLIES_NO, APPLIES_YES };

/* What a refusal means to whoever asked; by the errno when it is not said. */
enum refusal { REFUSAL_BY_ERRNO, REFUSAL_FAILED, REFUSAL_UNSUPPORTED, REFUSAL_REVOKED };

/* The part of a BAR that is to be exported. */
struct bar_request {
	unsigned bar;
	uint64_t size; /* of the BAR */
	const struct range *ranges;
	unsigned count;
};

/* The objects at hand: what is NULL is not known, or has no part in the operation. */
struct rule_subject {
	const char *tool;	 /* how dmabufctl is called for the context, for remedies */
	struct context *context; /* where dma-bufs and mappings are looked for */
	const struct pci_device *pci;
	struct object *dmabuf;
	const struct object *mapping, *ioas, *released;
	const struct importer *importer;
	const char *promise;	    /* of the importer */
	const char *target;	    /* of the importer, by its name */
	const struct range *source; /* in the dma-buf */
	const struct range *iova;
	const struct bar_request *request;
	const struct trigger *trigger;
	const char *driver; /* that is to have the device */
	const char *heap;   /* for memory; "": udmabuf's */
	const char *file; /* what is at hand has no object yet: "fd 3 of PID 12", a path */
};

/* What a rule met. */
struct rule_finding {
	char object[NAME_SIZE]; /* its name; "": none */
	char detail[400];     /* what about it, to stand behind the rule's sentence; "": nothing */
	char remedy[400];     /* in place of the rule's; "": that one */
	enum refusal refusal; /* in place of the rule's; 0: that one */
};

/* The objects of the context that a rule is about, when the subject names none. */
enum each { EACH_NONE, EACH_DMABUF, EACH_MAPPING };

struct rule {
	const char *id;	      /* operation, dash, what stands in the way */
	int error;	      /* errno, positive */
	const char *during;   /* commands, or calls of others, that can get it, by blanks */
	const char *sentence; /* what is found wrong */
	const char *function; /* where in Linux 7.2 it is checked; NULL: in no one function */
	const char *file;
	const char
		*since; /* which Linux refuses this; ANY: all that have VFIO device nodes (6.6) */
	const char *remedy;
	/* Optional. */
	const char *trigger; /* of revoke; NULL: any */
	const char *importer; /* of import, the kind; NULL: any */
	enum refusal refusal;
	bool certain;  /* nothing else gives this errno: so it was, if it is not now */
	bool foreseen; /* dmabufctl refuses by itself: the kernel would fail later, or wait */
	enum each each;
	/* Looks at the subject; NULL: only the request itself could tell. */
	enum applies (*applies)(const struct rule_subject *subject, struct rule_finding *finding);
};

/* The rules of an operation; each table ends with a rule without id. */
extern const struct rule attach_rules[], bind_rules[], exec_rules[], export_rules[], import_rules[],
	map_rules[], memory_rules[], monitor_rules[], open_rules[], pass_rules[], release_rules[],
	revoke_rules[], verify_rules[];

/* All of these, NULL at the end. */
extern const struct rule *const rule_tables[];

#define for_each_rule(each, table) for (const struct rule *each = table; each->id; each++)

/* There must be one. */
const struct rule *rule_find(const char *id);

/* Whether a rule is known that gives this errno (positive) to the command. */
bool rule_is_known(int error, const char *command);

/* Whether the command is one that can get it; NULL: any. */
bool rule_is_during(const struct rule *rule, const char *command);

/* Whether the rule can be about the subject's importer; any, when none is named. */
bool rule_is_of_importer(const struct rule *rule, const struct rule_subject *subject);

/*
 * Looks at the subject, or at each object of the context that it leaves open: yes when one is met,
 * no when all are known not to be. What the first one met goes into the finding.
 */
enum applies rule_look(const struct rule *rule, const struct rule_subject *subject,
		       struct rule_finding *finding);

/*
 * The rule by which the kernel refused with this errno, of either sign: the first that applies,
 * else one that is certain, else the only one that may have applied. NULL: none is known.
 */
const struct rule *rule_of_error(const struct rule *table, int error,
				 const struct rule_subject *subject, struct rule_finding *finding);

/* The first foreseen one that applies; NULL: none. */
const struct rule *rule_foreseen(const struct rule *table, const struct rule_subject *subject,
				 struct rule_finding *finding);

/* The sentence with what was found. */
#define RULE_WHY_SIZE 600
void rule_why(const struct rule *rule, const struct rule_finding *finding, char why[RULE_WHY_SIZE]);

/* What helps. */
const char *rule_remedy(const struct rule *rule, const struct rule_finding *finding);

#endif
