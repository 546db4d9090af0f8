// SPDX-License-Identifier: GPL-2.0-only
/* What a verification concludes from what was read in two ways, and from who complained. */
#include "context/verification.h"
#include "tests/unit/check.h"

static const struct {
	enum finding by_cpu, by_dma;
	unsigned faults;
	bool device_error;
	enum verdict wanted;
} verdicts[] = {
	{ EQUAL, EQUAL, 0, false, VERDICT_PASSED },
	{ EQUAL, NOT_TRIED, 0, false, VERDICT_PASSED },
	{ NOT_TRIED, EQUAL, 0, false, VERDICT_PASSED },
	{ EQUAL, DIFFERENT, 0, false, VERDICT_LOST },
	{ DIFFERENT, EQUAL, 0, false, VERDICT_LOST },
	{ DIFFERENT, NOT_TRIED, 0, false, VERDICT_LOST },
	{ DIFFERENT, DIFFERENT, 0, false, VERDICT_LOST },
	{ NOT_TRIED, DIFFERENT, 0, false, VERDICT_LOST },
	{ NOT_TRIED, NOT_TRIED, 0, false, VERDICT_UNKNOWN },
	{ DIFFERENT, NOT_TRIED, 1, false, VERDICT_FAULTED },
	{ DIFFERENT, NOT_TRIED, 0, true, VERDICT_FAULTED },
	{ EQUAL, DIFFERENT, 1, false, VERDICT_FAULTED },
	{ NOT_TRIED, NOT_TRIED, 1, false, VERDICT_FAULTED },
	{ NOT_TRIED, NOT_TRIED, 0, true, VERDICT_FAULTED },
	{ EQUAL, EQUAL, 1, false, VERDICT_PASSED }, /* of another's DMA */
};

int main(void)
{
	for (unsigned i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++) {
		const struct verification verification = {
			.by_cpu = verdicts[i].by_cpu,
			.by_dma = verdicts[i].by_dma,
			.faults.count = verdicts[i].faults,
			.device_error = verdicts[i].device_error,
		};
		enum verdict verdict = verification_verdict(&verification);

		check(verdict == verdicts[i].wanted, "%u: %s, wanted %s", i, verdict_name(verdict),
		      verdict_name(verdicts[i].wanted));
	}
	return check_plan();
}
